/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KBM_DOORBELL_H
#define _KBM_DOORBELL_H

/* Doorbells of this kernel; the same code on the host and in the control BM. */

#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <asm/kbm.h>

#include "error.h"

/**
 * struct kbm_doorbells - the doorbells of one open file
 * @lock:	guards @list.
 * @list:	struct kbm_doorbell_irq.
 * @error:	where failures are explained.
 */
struct kbm_doorbells {
	struct mutex lock;
	struct list_head list;
	struct kbm_error *error;
};

int __init kbm_doorbell_init(void);
int kbm_doorbell_request(u64 *word, irq_handler_t handler, const char *name, void *argument);

void kbm_doorbells_init(struct kbm_doorbells *set, struct kbm_error *error);
int kbm_doorbell_assign(struct kbm_doorbells *set, const struct kbm_doorbell *request);
int kbm_doorbell_deassign(struct kbm_doorbells *set, const struct kbm_doorbell *request);
void kbm_doorbell_deassign_all(struct kbm_doorbells *set);

#endif /* _KBM_DOORBELL_H */
