/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What process 1 of a guest has to set up before anything else. */
#ifndef KBM_AGENT_BOOT_H
#define KBM_AGENT_BOOT_H

/*
 * Makes a root that crun's pivot_root(2) can leave, mounts the kernel's file
 * systems, brings loopback up. What fails is logged; the return is a negative
 * errno if the guest is of no use without it.
 */
int boot_set_up(void);

/*
 * Opens the virtio-console port of that name, waiting until it is there and the
 * host listens. Returns a descriptor or a negative errno (-ETIMEDOUT).
 */
int boot_open_port(const char *name);

/* Tells the host that exits count from now on, if this is a direct guest. */
void boot_go_live(void);

/* Ends the guest. */
void boot_power_off(void) __attribute__((noreturn));

#endif
