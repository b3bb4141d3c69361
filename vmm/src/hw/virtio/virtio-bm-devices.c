/*
 * virtio-bm: the devices that can sit behind it
 *
 * Their models are QEMU's own, unchanged; only the names are made here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/qdev-properties.h"
#include "hw/virtio/virtio-bm.h"

typedef struct VirtIOBMKind {
    const char *name;
    const char *backend;
    DeviceCategory category;
    void (*set_defaults)(DeviceState *backend);
} VirtIOBMKind;

/* Each port has two queues, and each queue in use a vector at the host. */
static void virtio_bm_serial_defaults(DeviceState *backend)
{
    qdev_prop_set_uint32(backend, "max_ports", 4);
}

static const VirtIOBMKind virtio_bm_kinds[] = {
    { "virtio-blk-bm", "virtio-blk-device", DEVICE_CATEGORY_STORAGE },
    { "virtio-net-bm", "virtio-net-device", DEVICE_CATEGORY_NETWORK },
    { "virtio-9p-bm", "virtio-9p-device", DEVICE_CATEGORY_STORAGE },
    { "virtio-serial-bm", "virtio-serial-device", DEVICE_CATEGORY_INPUT,
      virtio_bm_serial_defaults },
    { "virtio-rng-bm", "virtio-rng-device", DEVICE_CATEGORY_MISC },
    { "vhost-vsock-bm", "vhost-vsock-device", DEVICE_CATEGORY_MISC },
};

static void virtio_bm_kind_class_init(ObjectClass *klass, void *data)
{
    const VirtIOBMKind *kind = data;
    VirtIOBMClass *vbc = VIRTIO_BM_CLASS(klass);

    vbc->backend = kind->backend;
    vbc->set_defaults = kind->set_defaults;
    set_bit(kind->category, DEVICE_CLASS(klass)->categories);
}

static void virtio_bm_register_kinds(void)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(virtio_bm_kinds); i++) {
        const TypeInfo info = {
            .name = virtio_bm_kinds[i].name,
            .parent = TYPE_VIRTIO_BM,
            .class_init = virtio_bm_kind_class_init,
            .class_data = (void *)&virtio_bm_kinds[i],
        };

        type_register_static(&info);
    }
}

type_init(virtio_bm_register_kinds)
