/*
 * Kata BM: the bus of a guest's devices
 *
 * It is no hardware: it gives -device a place, and devices their pages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/sysbus.h"
#include "hw/virtio/virtio-bm.h"

#define TYPE_KBM_BRIDGE "kata-bm-bridge"

KBMBus *kbm_bus_new(KBMLease *lease, hwaddr pages, unsigned nr_pages)
{
    DeviceState *bridge = qdev_new(TYPE_KBM_BRIDGE);
    KBMBus *bus;

    sysbus_realize_and_unref(SYS_BUS_DEVICE(bridge), &error_fatal);
    bus = KBM_BUS(qbus_new(TYPE_KBM_BUS, bridge, "kata-bm"));
    bus->lease = lease;
    bus->pages = pages;
    bus->nr_pages = nr_pages;
    return bus;
}

static const TypeInfo kbm_bus_types[] = {
    {
        .name = TYPE_KBM_BUS,
        .parent = TYPE_BUS,
        .instance_size = sizeof(KBMBus),
    }, {
        .name = TYPE_KBM_BRIDGE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(SysBusDevice),
    },
};

DEFINE_TYPES(kbm_bus_types)
