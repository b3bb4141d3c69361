// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-bm: queues. Rings lie in ordinary memory of the guest: the device
 * sees the same addresses.
 */
#include <linux/err.h>
#include <linux/irq.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>

#include "virtio_bm.h"

static struct virtio_bm_queue *queue_of(struct virtqueue *vq)
{
	return &to_virtio_bm(vq->vdev)->queues[vq->index];
}

static bool notify(struct virtqueue *vq)
{
	struct virtio_bm *bm = to_virtio_bm(vq->vdev);

	kbm_doorbell_ring(&bm->page->queue[vq->index].avail_doorbell);
	return true;
}

static int enable_queue(struct virtio_bm *bm, struct virtqueue *vq)
{
	struct kbm_virtio_vqueue message = {
		.index	= cpu_to_le32(vq->index),
		.size	= cpu_to_le32(virtqueue_get_vring_size(vq)),
		.desc	= cpu_to_le64(virtqueue_get_desc_addr(vq)),
		.driver	= cpu_to_le64(virtqueue_get_avail_addr(vq)),
		.device	= cpu_to_le64(virtqueue_get_used_addr(vq)),
	};

	return virtio_bm_set_vqueue(bm, &message);
}

static int request_queue_irq(struct virtio_bm *bm, struct virtqueue *vq,
			     unsigned int irq)
{
	struct virtio_bm_queue *queue = queue_of(vq);
	int ret;

	snprintf(queue->name, sizeof(queue->name), "%s-%s",
		 dev_name(&bm->vdev.dev), vq->name);
	ret = request_irq(irq, vring_interrupt, 0, queue->name, vq);
	if (!ret)
		queue->irq = irq;
	return ret;
}

static void free_queue_irq(struct virtqueue *vq)
{
	struct virtio_bm_queue *queue = queue_of(vq);

	if (!queue->irq)
		return;
	irq_update_affinity_hint(queue->irq, NULL);
	free_irq(queue->irq, vq);
	queue->irq = 0;
}

/* @irq: 0 for a queue without callback. */
static struct virtqueue *create_queue(struct virtio_bm *bm, u32 index,
				      const struct virtqueue_info *info,
				      unsigned int irq)
{
	struct virtqueue *vq;
	u32 max_size;
	int ret;

	if (index >= bm->nr_queues)
		return ERR_PTR(-ENOENT);
	ret = virtio_bm_get_vqueue(bm, index, &max_size);
	if (ret)
		return ERR_PTR(ret);
	if (!max_size)
		return ERR_PTR(-ENOENT);

	vq = vring_create_virtqueue(index, max_size, SMP_CACHE_BYTES,
				    &bm->vdev, true, true, info->ctx, notify,
				    info->callback, info->name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->num_max = max_size;

	if (irq)
		ret = request_queue_irq(bm, vq, irq);
	if (!ret)
		ret = enable_queue(bm, vq);
	if (ret) {
		free_queue_irq(vq);
		vring_del_virtqueue(vq);
		return ERR_PTR(ret);
	}
	return vq;
}

static bool wants_irq(const struct virtqueue_info *info)
{
	return info->name && info->callback;
}

/* Interrupts for those queues of @infos that have a callback. */
static int alloc_queue_irqs(struct virtio_bm *bm, unsigned int nvqs,
			    const struct virtqueue_info *infos,
			    struct irq_affinity *spread)
{
	u64 *words[KBM_VIRTIO_MAX_QUEUES];
	unsigned int i, index = 0, nr = 0;
	int base;

	for (i = 0; i < nvqs; i++) {
		if (!infos[i].name)
			continue;
		if (index >= bm->nr_queues)
			return -ENOENT;
		if (wants_irq(&infos[i]))
			words[nr++] = &bm->page->queue[index].used_doorbell;
		index++;
	}
	if (!nr)
		return 0;
	base = virtio_bm_irqs_alloc(&bm->vdev.dev, words, nr, spread);
	if (base < 0)
		return base;
	bm->irq_base = base;
	bm->nr_irqs = nr;
	return 0;
}

int virtio_bm_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
		       struct virtqueue *vqs[],
		       struct virtqueue_info vqs_info[],
		       struct irq_affinity *desc)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	unsigned int i, irq, index = 0;
	int ret;

	ret = alloc_queue_irqs(bm, nvqs, vqs_info, desc);
	if (ret)
		return ret;
	irq = bm->irq_base;
	for (i = 0; i < nvqs; i++) {
		if (!vqs_info[i].name) {
			vqs[i] = NULL;
			continue;
		}
		vqs[i] = create_queue(bm, index++, &vqs_info[i],
				      wants_irq(&vqs_info[i]) ? irq++ : 0);
		if (IS_ERR(vqs[i])) {
			ret = PTR_ERR(vqs[i]);
			dev_err(&vdev->dev, "queue %u (%s): error %d\n",
				index - 1, vqs_info[i].name, ret);
			virtio_bm_del_vqs(vdev);
			return ret;
		}
	}
	return 0;
}

/* The device has been reset, or is told now: it no longer uses the queue. */
static void delete_queue(struct virtio_bm *bm, struct virtqueue *vq)
{
	virtio_bm_reset_vqueue(bm, vq->index);
	free_queue_irq(vq);
	vring_del_virtqueue(vq);
}

void virtio_bm_del_vqs(struct virtio_device *vdev)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	struct virtqueue *vq, *next;

	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		delete_queue(bm, vq);
	if (bm->nr_irqs)
		virtio_bm_irqs_free(bm->irq_base, bm->nr_irqs);
	bm->nr_irqs = 0;
}

void virtio_bm_synchronize_cbs(struct virtio_device *vdev)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	unsigned int i;

	for (i = 0; i < bm->nr_irqs; i++)
		synchronize_irq(bm->irq_base + i);
	synchronize_irq(bm->event_irq);
}

int virtio_bm_set_vq_affinity(struct virtqueue *vq, const struct cpumask *mask)
{
	struct virtio_bm_queue *queue = queue_of(vq);

	if (!queue->irq)
		return -EINVAL;
	if (!mask)
		return irq_update_affinity_hint(queue->irq, NULL);
	/* The hint is kept by reference. */
	cpumask_copy(&queue->affinity, mask);
	return irq_set_affinity_and_hint(queue->irq, &queue->affinity);
}

const struct cpumask *virtio_bm_get_vq_affinity(struct virtio_device *vdev,
						int index)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	unsigned int irq = bm->queues[index].irq;

	return irq ? irq_get_affinity_mask(irq) : NULL;
}
