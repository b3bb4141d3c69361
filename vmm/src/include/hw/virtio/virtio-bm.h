/*
 * virtio-bm: virtio over shared memory and IPIs, without an exit
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_VIRTIO_VIRTIO_BM_H
#define HW_VIRTIO_VIRTIO_BM_H

#include <asm/kbm_guest.h>
#include "hw/i386/kata-bm-lease.h"
#include "hw/virtio/virtio-bus.h"

/* The bus that transports sit on: one page of the guest's memory for each. */
#define TYPE_KBM_BUS "kata-bm-bus"
OBJECT_DECLARE_SIMPLE_TYPE(KBMBus, KBM_BUS)

struct KBMBus {
    BusState parent_obj;

    KBMLease *lease;
    hwaddr pages;               /* guest address of the first */
    unsigned nr_used;
    unsigned nr_pages;
    AddressSpace *dma;          /* NULL: the system's memory */
};

KBMBus *kbm_bus_new(KBMLease *lease, hwaddr pages, unsigned nr_pages);

/* One transport with the device behind it. */
#define TYPE_VIRTIO_BM "virtio-bm"
OBJECT_DECLARE_TYPE(VirtIOBM, VirtIOBMClass, VIRTIO_BM)

#define TYPE_VIRTIO_BM_BUS "virtio-bm-bus"

struct VirtIOBMClass {
    DeviceClass parent_class;

    const char *backend;        /* type of the device behind */
    void (*set_defaults)(DeviceState *backend);
};

struct VirtIOBM {
    DeviceState parent_obj;

    VirtioBusState bus;
    DeviceState *backend;
    unsigned index;
    hwaddr page_addr;
    struct kbm_virtio *page;    /* the guest writes to it at any time */
    EventNotifier control;
    uint32_t handled;           /* last request_sequence that was answered */
    uint32_t events;
    uint64_t features;          /* what the guest has set so far */
    /* Bit n: queue n has a host notifier, and its doorbell is tied to it. */
    uint64_t notified_queues;
    uint64_t tied_queues;
};

/* virtio-bm-control.c: answers one request, which is a private copy. */
void virtio_bm_handle_request(VirtIOBM *proxy,
                              const struct kbm_virtio_msg *request,
                              struct kbm_virtio_msg *response);

/* virtio-bm.c, for the above. */
VirtIODevice *virtio_bm_device(VirtIOBM *proxy);
int virtio_bm_queue_enabled(VirtIOBM *proxy, unsigned n);
void virtio_bm_queue_reset(VirtIOBM *proxy, unsigned n);
void virtio_bm_reset_device(VirtIOBM *proxy);

#endif /* HW_VIRTIO_VIRTIO_BM_H */
