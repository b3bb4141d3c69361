// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-bm: a virtio transport without exits.
 *
 * Device and driver share one page a device for control messages and doorbell
 * words, and the rings; they notify each other by IPIs (see kbm_guest.h).
 */
#define pr_fmt(fmt) "virtio-bm: " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/virtio_ring.h>

#include "virtio_bm.h"

static void report(struct virtio_bm *bm, const char *what, int error)
{
	if (error)
		dev_err(bm->vdev.dev.parent, "%s: error %d\n", what, error);
}

static u64 virtio_bm_features(struct virtio_device *vdev)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	u64 features = 0;

	report(bm, "cannot read features",
	       virtio_bm_get_features(bm, &features));
	return features;
}

static int virtio_bm_finalize_features(struct virtio_device *vdev)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);

	vring_transport_features(vdev);
	/* A doorbell says which queue, nothing more. */
	__virtio_clear_bit(vdev, VIRTIO_F_NOTIFICATION_DATA);
	if (!__virtio_test_bit(vdev, VIRTIO_F_VERSION_1)) {
		dev_err(&vdev->dev, "device lacks VIRTIO_F_VERSION_1\n");
		return -EINVAL;
	}
	return virtio_bm_set_features(bm, vdev->features);
}

static void virtio_bm_get(struct virtio_device *vdev, unsigned int offset,
			  void *to, unsigned int size)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	u32 generation;

	memset(to, 0, size);
	report(bm, "cannot read config space",
	       virtio_bm_get_config(bm, offset, to, size, &generation));
}

static void virtio_bm_set(struct virtio_device *vdev, unsigned int offset,
			  const void *from, unsigned int size)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);

	report(bm, "cannot write config space",
	       virtio_bm_set_config(bm, offset, from, size));
}

static u32 virtio_bm_generation(struct virtio_device *vdev)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	u32 generation = 0;
	u8 first;

	if (bm->config_size)
		report(bm, "cannot read config space",
		       virtio_bm_get_config(bm, 0, &first, sizeof(first),
					    &generation));
	return generation;
}

static u8 virtio_bm_status(struct virtio_device *vdev)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);
	u8 status = VIRTIO_CONFIG_S_NEEDS_RESET;

	report(bm, "cannot read status", virtio_bm_get_status(bm, &status));
	return status;
}

static void virtio_bm_write_status(struct virtio_device *vdev, u8 status)
{
	struct virtio_bm *bm = to_virtio_bm(vdev);

	report(bm, "cannot write status", virtio_bm_set_status(bm, status));
}

static void virtio_bm_reset(struct virtio_device *vdev)
{
	virtio_bm_write_status(vdev, 0);
	/* No callback runs any more once the device knows. */
	virtio_bm_synchronize_cbs(vdev);
}

static const char *virtio_bm_bus_name(struct virtio_device *vdev)
{
	return dev_name(vdev->dev.parent);
}

static const struct virtio_config_ops virtio_bm_config_ops = {
	.get			= virtio_bm_get,
	.set			= virtio_bm_set,
	.generation		= virtio_bm_generation,
	.get_status		= virtio_bm_status,
	.set_status		= virtio_bm_write_status,
	.reset			= virtio_bm_reset,
	.find_vqs		= virtio_bm_find_vqs,
	.del_vqs		= virtio_bm_del_vqs,
	.synchronize_cbs	= virtio_bm_synchronize_cbs,
	.get_features		= virtio_bm_features,
	.finalize_features	= virtio_bm_finalize_features,
	.bus_name		= virtio_bm_bus_name,
	.set_vq_affinity	= virtio_bm_set_vq_affinity,
	.get_vq_affinity	= virtio_bm_get_vq_affinity,
};

static irqreturn_t virtio_bm_event(int irq, void *data)
{
	struct virtio_bm *bm = data;

	virtio_config_changed(&bm->vdev);
	return IRQ_HANDLED;
}

static int request_event_irq(struct virtio_bm *bm, struct device *dev)
{
	u64 *word = &bm->page->event_doorbell;
	int irq, ret;

	irq = virtio_bm_irqs_alloc(dev, &word, 1, NULL);
	if (irq < 0)
		return irq;
	snprintf(bm->event_name, sizeof(bm->event_name), "%s-events",
		 dev_name(dev));
	ret = request_irq(irq, virtio_bm_event, 0, bm->event_name, bm);
	if (ret) {
		virtio_bm_irqs_free(irq, 1);
		return ret;
	}
	bm->event_irq = irq;
	return 0;
}

static void free_event_irq(struct virtio_bm *bm)
{
	if (!bm->event_irq)
		return;
	free_irq(bm->event_irq, bm);
	virtio_bm_irqs_free(bm->event_irq, 1);
}

static int check_page(struct virtio_bm *bm, struct device *dev)
{
	u32 magic = READ_ONCE(bm->page->magic);
	u32 version = READ_ONCE(bm->page->version);

	if (magic != KBM_VIRTIO_MAGIC) {
		dev_err(dev, "wrong magic %#x, expected %#x\n", magic,
			KBM_VIRTIO_MAGIC);
		return -ENODEV;
	}
	if (version != KBM_VIRTIO_VERSION) {
		dev_err(dev, "version %u, this kernel knows %u\n", version,
			KBM_VIRTIO_VERSION);
		return -ENODEV;
	}
	bm->sequence = READ_ONCE(bm->page->request_sequence);
	return 0;
}

static int read_device_info(struct virtio_bm *bm, struct device *dev)
{
	struct kbm_virtio_device_info info;
	int ret = virtio_bm_device_info(bm, &info);

	if (ret)
		return ret;
	bm->vdev.id.device = le32_to_cpu(info.device_id);
	bm->vdev.id.vendor = le32_to_cpu(info.vendor_id);
	bm->config_size = le32_to_cpu(info.config_size);
	bm->nr_queues = min_t(u32, le32_to_cpu(info.nr_queues),
			      KBM_VIRTIO_MAX_QUEUES);
	bm->queues = kcalloc(bm->nr_queues, sizeof(*bm->queues), GFP_KERNEL);
	if (!bm->queues)
		return -ENOMEM;
	/* An empty slot of the bus. */
	return bm->vdev.id.device ? 0 : -ENODEV;
}

static void virtio_bm_release(struct device *dev)
{
	struct virtio_bm *bm = to_virtio_bm(dev_to_virtio(dev));

	kfree(bm->queues);
	kfree(bm);
}

static struct virtio_bm *virtio_bm_new(struct platform_device *pdev)
{
	struct resource *page = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	struct virtio_bm *bm;

	if (!page)
		return NULL;
	bm = kzalloc(sizeof(*bm), GFP_KERNEL);
	if (!bm)
		return NULL;
	mutex_init(&bm->lock);
	bm->number = pdev->id;
	bm->page = kbm_shared(page->start);
	bm->vdev.dev.parent = &pdev->dev;
	bm->vdev.dev.release = virtio_bm_release;
	bm->vdev.config = &virtio_bm_config_ops;
	return bm;
}

static int virtio_bm_start(struct virtio_bm *bm, struct device *dev)
{
	int ret;

	ret = check_page(bm, dev);
	if (!ret)
		ret = read_device_info(bm, dev);
	if (!ret)
		ret = request_event_irq(bm, dev);
	return ret;
}

static int virtio_bm_probe(struct platform_device *pdev)
{
	struct virtio_bm *bm = virtio_bm_new(pdev);
	int ret;

	if (!bm)
		return -ENOMEM;
	ret = virtio_bm_start(bm, &pdev->dev);
	if (ret) {
		kfree(bm->queues);
		kfree(bm);
		return ret;
	}
	platform_set_drvdata(pdev, bm);
	ret = register_virtio_device(&bm->vdev);
	if (ret) {
		free_event_irq(bm);
		put_device(&bm->vdev.dev);
	}
	return ret;
}

static void virtio_bm_remove(struct platform_device *pdev)
{
	struct virtio_bm *bm = platform_get_drvdata(pdev);

	/* The release function frees bm with the last reference. */
	get_device(&bm->vdev.dev);
	unregister_virtio_device(&bm->vdev);
	free_event_irq(bm);
	put_device(&bm->vdev.dev);
}

static struct platform_driver virtio_bm_driver = {
	.probe	= virtio_bm_probe,
	.remove	= virtio_bm_remove,
	.driver	= {
		.name	= "virtio-bm",
	},
};
module_platform_driver(virtio_bm_driver);

MODULE_DESCRIPTION("virtio over shared memory and inter-processor interrupts");
MODULE_LICENSE("GPL");
