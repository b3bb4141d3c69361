/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The twin's side of a vCPU's run page: the kernel's own stays here, the client
 * has a copy. See wire.h for what is copied when.
 */
#ifndef KBM_PROXY_RUN_PAGE_H
#define KBM_PROXY_RUN_PAGE_H

#include <stdint.h>

#include "dirty_ring.h"
#include "transport.h"

struct run_vm;
struct run_page;

/*
 * What the vCPUs of a VM have in common. @kvm: /dev/kvm, for now. One reference;
 * NULL: no memory.
 */
struct run_vm *run_vm_new(int kvm);
void run_vm_put(void *vm);

/* Those of its vCPUs. */
struct dirty_rings *run_vm_dirty_rings(struct run_vm *vm);

/* Maps the pages of the vCPU @fd. With the last reference to it the page goes. */
int run_page_new(struct run_vm *vm, int fd, struct run_page **ret_page);
void run_page_free(void *page);

/*
 * Gives it the client's copy: the memory of @message, or of @fd. -EEXIST: it has
 * one. -EINVAL: not as large as the page.
 */
int run_page_share(struct run_page *page, struct transport *transport,
		   const struct kbm_message *message, int fd);

/* The same for its ring of dirtied pages; see there. */
int run_page_share_dirty(struct run_page *page, struct transport *transport,
			 const struct kbm_message *message, int fd);

/*
 * Around KVM_RUN: from the copy, and to it. Nobody else runs the vCPU between
 * the two.
 */
void run_page_begin(struct run_page *page);
/* Between them: KVM_RUN completes what is under way, and returns -EINTR. */
void run_page_exit_at_once(struct run_page *page);
void run_page_end(struct run_page *page);

#endif
