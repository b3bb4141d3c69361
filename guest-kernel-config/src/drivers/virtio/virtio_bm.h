/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-bm: virtio over shared memory and inter-processor interrupts.
 */
#ifndef _DRIVERS_VIRTIO_BM_H
#define _DRIVERS_VIRTIO_BM_H

#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

#include <asm/kbm_platform.h>

/**
 * struct virtio_bm_queue - what a queue has beside its ring
 * @irq:	Linux interrupt number; 0 for a queue without callback.
 * @name:	of the interrupt, as /proc/interrupts has it.
 * @affinity:	where the driver would like it.
 */
struct virtio_bm_queue {
	unsigned int irq;
	char name[48];
	struct cpumask affinity;
};

/**
 * struct virtio_bm - one device
 * @page:	shared with the device.
 * @number:	of the device on the bus.
 * @lock:	one control message at a time.
 * @token:	of the last message.
 * @nr_queues:	the device has these many.
 * @queues:	one a queue of the device.
 * @irq_base:	first of @nr_irqs queue interrupts.
 * @event_irq:	interrupt for changes of config space and status.
 */
struct virtio_bm {
	struct virtio_device vdev;
	struct kbm_virtio *page;
	u16 number;

	struct mutex lock;	/* of the messages in @page */
	u32 sequence;
	u16 token;

	u32 nr_queues;
	u32 config_size;
	struct virtio_bm_queue *queues;
	unsigned int irq_base;
	unsigned int nr_irqs;
	unsigned int event_irq;
	char event_name[48];
};

static inline struct virtio_bm *to_virtio_bm(struct virtio_device *vdev)
{
	return container_of(vdev, struct virtio_bm, vdev);
}

/* virtio_bm_msg.c */
int virtio_bm_device_info(struct virtio_bm *bm,
			  struct kbm_virtio_device_info *ret_info);
int virtio_bm_get_features(struct virtio_bm *bm, u64 *ret_features);
int virtio_bm_set_features(struct virtio_bm *bm, u64 features);
int virtio_bm_get_status(struct virtio_bm *bm, u8 *ret_status);
int virtio_bm_set_status(struct virtio_bm *bm, u8 status);
int virtio_bm_get_config(struct virtio_bm *bm, u32 offset, void *to, u32 size,
			 u32 *ret_generation);
int virtio_bm_set_config(struct virtio_bm *bm, u32 offset, const void *from,
			 u32 size);
int virtio_bm_get_vqueue(struct virtio_bm *bm, u32 index, u32 *ret_max_size);
int virtio_bm_set_vqueue(struct virtio_bm *bm,
			 const struct kbm_virtio_vqueue *queue);
int virtio_bm_reset_vqueue(struct virtio_bm *bm, u32 index);

/* virtio_bm_irq.c: interrupts @nr, published in the doorbell words @words */
int virtio_bm_irqs_alloc(struct device *dev, u64 **words, unsigned int nr,
			 struct irq_affinity *spread);
void virtio_bm_irqs_free(unsigned int base, unsigned int nr);

/* virtio_bm_queue.c */
int virtio_bm_find_vqs(struct virtio_device *vdev, unsigned int nvqs,
		       struct virtqueue *vqs[],
		       struct virtqueue_info vqs_info[],
		       struct irq_affinity *desc);
void virtio_bm_del_vqs(struct virtio_device *vdev);
void virtio_bm_synchronize_cbs(struct virtio_device *vdev);
int virtio_bm_set_vq_affinity(struct virtqueue *vq, const struct cpumask *mask);
const struct cpumask *virtio_bm_get_vq_affinity(struct virtio_device *vdev,
						int index);

#endif /* _DRIVERS_VIRTIO_BM_H */
