/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host has told a shim about its cores, for the shims after it: they need not
 * be refused to learn it. Lines "A B" in the file of the locks, to which only the
 * numbers of its bytes matter. It is gone with this kernel, which does not outlive the
 * host's: what it says stays true.
 */
#ifndef KBM_SHIM_VM_CORE_FACTS_H
#define KBM_SHIM_VM_CORE_FACTS_H

struct cores;

/* In their order, since guesses depend on it. What is no such line is passed over. */
void core_facts_read(int fd, struct cores *cores);

/* @fd appends. If it fails, other shims learn it as this one has. */
void core_facts_add(int fd, unsigned int a, unsigned int b);

#endif
