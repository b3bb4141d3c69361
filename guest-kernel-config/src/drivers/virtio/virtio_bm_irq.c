// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-bm: interrupts that the other partition sends.
 *
 * An interrupt is a vector of some CPU, allotted by Linux's vector domain as
 * for any device. Where a PCI device has an MSI-X entry we have a doorbell
 * word in shared memory: (APIC ID, vector) in one 64-bit store, 0 while
 * masked. The sender reads the word again after each send, so an interrupt
 * that moves is not lost.
 */
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/slab.h>

#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "virtio_bm.h"

static void publish(struct irq_data *data)
{
	struct irq_cfg *cfg = irqd_cfg(data);
	u64 *word = irq_data_get_irq_chip_data(data);

	WRITE_ONCE(*word, KBM_DOORBELL_WORD(cfg->dest_apicid, cfg->vector));
}

static void virtio_bm_irq_mask(struct irq_data *data)
{
	u64 *word = irq_data_get_irq_chip_data(data);

	WRITE_ONCE(*word, 0);
}

static int virtio_bm_irq_set_affinity(struct irq_data *data,
				      const struct cpumask *mask, bool force)
{
	struct irq_data *parent = data->parent_data;
	int ret = parent->chip->irq_set_affinity(parent, mask, force);

	if (ret < 0 || ret == IRQ_SET_MASK_OK_DONE)
		return ret;
	/* The old vector stays valid until the first one on the new. */
	if (irqd_is_started(data) && !irqd_irq_masked(data))
		publish(data);
	return ret;
}

static struct irq_chip virtio_bm_irq_chip = {
	.name			= "KBM",
	.irq_unmask		= publish,
	.irq_mask		= virtio_bm_irq_mask,
	.irq_ack		= irq_chip_ack_parent,
	.irq_retrigger		= irq_chip_retrigger_hierarchy,
	.irq_set_affinity	= virtio_bm_irq_set_affinity,
	.flags			= IRQCHIP_SKIP_SET_WAKE |
				  IRQCHIP_AFFINITY_PRE_STARTUP,
};

static int virtio_bm_domain_alloc(struct irq_domain *domain, unsigned int virq,
				  unsigned int nr_irqs, void *arg)
{
	struct irq_alloc_info *info = arg;
	u64 **words = info->data;
	unsigned int i;
	int ret;

	ret = irq_domain_alloc_irqs_parent(domain, virq, nr_irqs, arg);
	if (ret < 0)
		return ret;
	for (i = 0; i < nr_irqs; i++) {
		irq_domain_set_info(domain, virq + i, virq + i,
				    &virtio_bm_irq_chip, words[i],
				    handle_edge_irq, NULL, "edge");
		irq_set_status_flags(virq + i, IRQ_MOVE_PCNTXT);
	}
	return 0;
}

static const struct irq_domain_ops virtio_bm_domain_ops = {
	.alloc	= virtio_bm_domain_alloc,
	.free	= irq_domain_free_irqs_common,
};

static struct irq_domain *virtio_bm_domain;

/* Before the devices, and as often as there are none: once. */
static int __init virtio_bm_domain_init(void)
{
	struct fwnode_handle *node;

	if (!kbm_guest())
		return 0;
	node = irq_domain_alloc_named_fwnode("KBM");
	if (!node)
		return -ENOMEM;
	virtio_bm_domain = irq_domain_create_hierarchy(x86_vector_domain, 0, 0,
						       node,
						       &virtio_bm_domain_ops,
						       NULL);
	if (!virtio_bm_domain) {
		irq_domain_free_fwnode(node);
		return -ENOMEM;
	}
	return 0;
}
subsys_initcall(virtio_bm_domain_init);

/**
 * virtio_bm_irqs_alloc - interrupts for one device
 * @dev:	the device.
 * @words:	a doorbell word for each.
 * @nr:		number of them, at least 1.
 * @spread:	how to spread them over the CPUs, or NULL: the driver tells.
 *
 * Return: the first of @nr interrupt numbers, or a negative errno.
 */
int virtio_bm_irqs_alloc(struct device *dev, u64 **words, unsigned int nr,
			 struct irq_affinity *spread)
{
	struct irq_affinity_desc *masks = NULL;
	struct irq_alloc_info info;
	int base;

	if (!virtio_bm_domain)
		return -ENODEV;
	if (spread)
		masks = irq_create_affinity_masks(nr, spread);
	init_irq_alloc_info(&info, NULL);
	info.data = words;
	base = __irq_domain_alloc_irqs(virtio_bm_domain, -1, nr,
				       dev_to_node(dev), &info, false, masks);
	kfree(masks);
	return base;
}

void virtio_bm_irqs_free(unsigned int base, unsigned int nr)
{
	irq_domain_free_irqs(base, nr);
}
