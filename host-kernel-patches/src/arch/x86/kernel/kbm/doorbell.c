// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts from other partitions. A doorbell is an ordinary interrupt of this
 * kernel: the vector domain allots it a CPU and a vector, and its chip publishes
 * both in a 64-bit word that the sender reads. So affinity, CPU hotplug and
 * /proc/interrupts work as for any device.
 *
 * The host's kernel and the control BM's have this file in common. Whose a word
 * is, the caller has checked; it lies in the direct map.
 */

#include <linux/eventfd.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/slab.h>

#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <asm/kbm_guest.h>
#include <asm/smp.h>

#include "doorbell.h"

/**
 * struct kbm_doorbell_irq - a doorbell of an open file
 * @list:	in its struct kbm_doorbells.
 * @address:	physical address of the word.
 * @eventfd:	what it signals.
 * @irq:	Linux' number of it.
 */
struct kbm_doorbell_irq {
	struct list_head list;
	u64 address;
	struct eventfd_ctx *eventfd;
	int irq;
};

static struct irq_domain *doorbell_domain;

/*
 * chip_data is the word. The configuration's dest_apicid may be a logical one;
 * senders use physical ones, which mean the same to every partition.
 */
static void doorbell_publish(struct irq_data *data)
{
	unsigned int cpu = cpumask_first(irq_data_get_effective_affinity_mask(data));
	u32 apic_id = per_cpu(x86_cpu_to_apicid, cpu);

	WRITE_ONCE(*(u64 *)data->chip_data, KBM_DOORBELL_WORD(apic_id, irqd_cfg(data)->vector));
}

static void doorbell_hide(struct irq_data *data)
{
	WRITE_ONCE(*(u64 *)data->chip_data, 0);
}

static int doorbell_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	struct irq_data *parent = data->parent_data;
	int ret;

	ret = parent->chip->irq_set_affinity(parent, mask, force);
	if (ret < 0 || ret == IRQ_SET_MASK_OK_DONE)
		return ret;
	/* The old vector stays valid until the new one has been used once. */
	if (!irqd_irq_masked(data))
		doorbell_publish(data);
	return ret;
}

static struct irq_chip doorbell_chip = {
	.name = "KBM-DOORBELL",
	.irq_unmask = doorbell_publish,
	.irq_mask = doorbell_hide,
	.irq_ack = irq_chip_ack_parent,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.irq_set_affinity = doorbell_set_affinity,
	.flags = IRQCHIP_SKIP_SET_WAKE | IRQCHIP_MASK_ON_SUSPEND,
};

static int doorbell_domain_alloc(struct irq_domain *domain, unsigned int irq, unsigned int nr,
				 void *argument)
{
	struct irq_alloc_info *info = argument;
	struct irq_data *data;
	int ret;

	ret = irq_domain_alloc_irqs_parent(domain, irq, nr, argument);
	if (ret < 0)
		return ret;
	data = irq_domain_get_irq_data(domain, irq);
	data->chip = &doorbell_chip;
	data->chip_data = info->data;
	data->hwirq = irq;
	irqd_set_single_target(data);
	/* It moves without being masked: a sender that finds 0 does not send. */
	irq_set_status_flags(irq, IRQ_MOVE_PCNTXT);
	__irq_set_handler(irq, handle_edge_irq, 0, "edge");
	return 0;
}

static const struct irq_domain_ops doorbell_domain_ops = {
	.alloc = doorbell_domain_alloc,
	.free = irq_domain_free_irqs_common,
};

/**
 * kbm_doorbell_request() - an interrupt for a doorbell word
 * @word:	in the direct map; published from now on, 0 after free_irq().
 * @handler:	called for each ring, or for several at once.
 * @name:	for /proc/interrupts.
 * @argument:	of the handler.
 *
 * Return: Linux' number of the interrupt, or a negative errno.
 */
int kbm_doorbell_request(u64 *word, irq_handler_t handler, const char *name, void *argument)
{
	struct irq_alloc_info info;
	int irq, ret;

	init_irq_alloc_info(&info, NULL);
	info.data = word;
	irq = irq_domain_alloc_irqs(doorbell_domain, 1, NUMA_NO_NODE, &info);
	if (irq < 0)
		return irq;
	ret = request_irq(irq, handler, IRQF_NO_SUSPEND, name, argument);
	if (ret) {
		irq_domain_free_irqs(irq, 1);
		return ret;
	}
	return irq;
}

static void doorbell_release(int irq, void *argument)
{
	free_irq(irq, argument);
	irq_domain_free_irqs(irq, 1);
}

static irqreturn_t doorbell_handle(int irq, void *argument)
{
	struct kbm_doorbell_irq *doorbell = argument;

	eventfd_signal(doorbell->eventfd);
	return IRQ_HANDLED;
}

static struct kbm_doorbell_irq *doorbell_find(struct kbm_doorbells *set, u64 address)
{
	struct kbm_doorbell_irq *doorbell;

	list_for_each_entry(doorbell, &set->list, list) {
		if (doorbell->address == address)
			return doorbell;
	}
	return NULL;
}

static void doorbell_free(struct kbm_doorbell_irq *doorbell)
{
	list_del(&doorbell->list);
	doorbell_release(doorbell->irq, doorbell);
	WRITE_ONCE(*(u64 *)__va(doorbell->address), 0);
	eventfd_ctx_put(doorbell->eventfd);
	kfree(doorbell);
}

static int doorbell_add(struct kbm_doorbells *set, struct kbm_doorbell_irq *doorbell)
{
	guard(mutex)(&set->lock);
	if (doorbell_find(set, doorbell->address)) {
		kbm_error_set(set->error, "the word at 0x%llx has a doorbell", doorbell->address);
		return -EEXIST;
	}
	doorbell->irq = kbm_doorbell_request(__va(doorbell->address), doorbell_handle, "kata-bm",
					     doorbell);
	if (doorbell->irq < 0) {
		kbm_error_set(set->error,
			      "no interrupt vector is left for the doorbell at 0x%llx (error %d)",
			      doorbell->address, doorbell->irq);
		return doorbell->irq;
	}
	list_add(&doorbell->list, &set->list);
	return 0;
}

void kbm_doorbells_init(struct kbm_doorbells *set, struct kbm_error *error)
{
	mutex_init(&set->lock);
	INIT_LIST_HEAD(&set->list);
	set->error = error;
}

/**
 * kbm_doorbell_assign() - tie a word to an eventfd
 * @set:	whose it becomes.
 * @request:	see struct kbm_doorbell; the word is aligned, and the file's.
 *
 * Return: 0 or a negative errno; the file knows the reason.
 */
int kbm_doorbell_assign(struct kbm_doorbells *set, const struct kbm_doorbell *request)
{
	struct kbm_doorbell_irq *doorbell = kzalloc(sizeof(*doorbell), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!doorbell)
		return -ENOMEM;
	doorbell->address = request->word;
	doorbell->eventfd = eventfd_ctx_fdget(request->eventfd);
	if (IS_ERR(doorbell->eventfd)) {
		ret = PTR_ERR(doorbell->eventfd);
		kbm_error_set(set->error,
			      "descriptor %d of the doorbell at 0x%llx is not an eventfd",
			      request->eventfd, request->word);
		goto err_free;
	}
	ret = doorbell_add(set, doorbell);
	if (ret)
		goto err_put;
	return 0;

err_put:
	eventfd_ctx_put(doorbell->eventfd);
err_free:
	kfree(doorbell);
	return ret;
}

/* Return: 0, or -ENOENT if the word has no doorbell of this set. */
int kbm_doorbell_deassign(struct kbm_doorbells *set, const struct kbm_doorbell *request)
{
	struct kbm_doorbell_irq *doorbell;

	guard(mutex)(&set->lock);
	doorbell = doorbell_find(set, request->word);
	if (!doorbell) {
		kbm_error_set(set->error, "the word at 0x%llx has no doorbell", request->word);
		return -ENOENT;
	}
	doorbell_free(doorbell);
	return 0;
}

void kbm_doorbell_deassign_all(struct kbm_doorbells *set)
{
	struct kbm_doorbell_irq *doorbell, *next;

	guard(mutex)(&set->lock);
	list_for_each_entry_safe(doorbell, next, &set->list, list)
		doorbell_free(doorbell);
}

/* Before any other function here. */
int __init kbm_doorbell_init(void)
{
	struct fwnode_handle *node = irq_domain_alloc_named_fwnode("KBM-DOORBELL");

	if (!node)
		return -ENOMEM;
	doorbell_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0, node,
						      &doorbell_domain_ops, NULL);
	if (!doorbell_domain) {
		irq_domain_free_fwnode(node);
		return -ENOMEM;
	}
	return 0;
}
