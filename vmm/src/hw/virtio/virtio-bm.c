/*
 * virtio-bm: virtio over shared memory and IPIs, without an exit
 *
 * Each device has a page in the guest's memory (struct kbm_virtio). The guest
 * rings doorbells whose other end is an eventfd here; we ring the guest's by
 * KBM_SEND_DOORBELL, an IPI. Everything in the page can change at any time and
 * in any way: it is read once, and our own state is not kept there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "hw/virtio/virtio.h"
#include "hw/virtio/virtio-bm.h"

QEMU_BUILD_BUG_ON(sizeof(struct kbm_virtio_msg) != 64);
QEMU_BUILD_BUG_ON(offsetof(struct kbm_virtio, response_sequence) != 0x100);
QEMU_BUILD_BUG_ON(offsetof(struct kbm_virtio, queue) != 0x400);
QEMU_BUILD_BUG_ON(sizeof(struct kbm_virtio) != KBM_VIRTIO_PAGE_SIZE);

/* Vectors of VirtIODevice: below are queues. */
#define VIRTIO_BM_VECTOR_CONFIG     KBM_VIRTIO_MAX_QUEUES

static KBMLease *virtio_bm_lease(VirtIOBM *proxy)
{
    return KBM_BUS(qdev_get_parent_bus(DEVICE(proxy)))->lease;
}

VirtIODevice *virtio_bm_device(VirtIOBM *proxy)
{
    return virtio_bus_get_device(&proxy->bus);
}

/* Doorbells of the guest: the way to the device. */

static hwaddr virtio_bm_queue_doorbell(VirtIOBM *proxy, unsigned n)
{
    return proxy->page_addr + offsetof(struct kbm_virtio, queue) +
           n * sizeof(struct kbm_virtio_queue) +
           offsetof(struct kbm_virtio_queue, avail_doorbell);
}

static int virtio_bm_tie(VirtIOBM *proxy, unsigned n, EventNotifier *notifier,
                         bool assign)
{
    bool tied = proxy->tied_queues & BIT_ULL(n);
    int ret;

    if (tied == assign) {
        return 0;
    }
    ret = kbm_lease_doorbell(virtio_bm_lease(proxy),
                             virtio_bm_queue_doorbell(proxy, n), notifier,
                             assign);
    if (ret < 0) {
        error_report("kata-bm: virtio device %u: cannot %s the doorbell of "
                     "queue %u: %s", proxy->index, assign ? "make" : "remove",
                     n, strerror(-ret));
        return ret;
    }
    proxy->tied_queues ^= BIT_ULL(n);
    return 0;
}

/*
 * A doorbell costs the host an interrupt vector: queues that the guest does not
 * use get none. One that it sets up later gets its own then.
 */
static int virtio_bm_ioeventfd_assign(DeviceState *d, EventNotifier *notifier,
                                      int n, bool assign)
{
    VirtIOBM *proxy = VIRTIO_BM(d);

    proxy->notified_queues = deposit64(proxy->notified_queues, n, 1, assign);
    if (assign && !virtio_queue_get_desc_addr(virtio_bm_device(proxy), n)) {
        return 0;
    }
    return virtio_bm_tie(proxy, n, notifier, assign);
}

static bool virtio_bm_ioeventfd_enabled(DeviceState *d)
{
    return true;
}

int virtio_bm_queue_enabled(VirtIOBM *proxy, unsigned n)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    VirtQueue *vq = virtio_get_queue(vdev, n);

    virtio_queue_set_vector(vdev, n, n);
    virtio_queue_enable(vdev, n);
    if (!(proxy->notified_queues & BIT_ULL(n))) {
        return 0;
    }
    return virtio_bm_tie(proxy, n, virtio_queue_get_host_notifier(vq), true);
}

void virtio_bm_queue_reset(VirtIOBM *proxy, unsigned n)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    VirtQueue *vq = virtio_get_queue(vdev, n);

    virtio_bm_tie(proxy, n, virtio_queue_get_host_notifier(vq), false);
    virtio_queue_reset(vdev, n);
}

static void virtio_bm_control(EventNotifier *notifier)
{
    VirtIOBM *proxy = container_of(notifier, VirtIOBM, control);
    struct kbm_virtio *page = proxy->page;
    struct kbm_virtio_msg request QEMU_ALIGNED(8);
    struct kbm_virtio_msg response QEMU_ALIGNED(8);
    uint32_t sequence;

    if (!event_notifier_test_and_clear(notifier)) {
        return;
    }
    sequence = qatomic_load_acquire(&page->request_sequence);
    if (sequence == proxy->handled) {
        return;
    }
    memcpy(&request, &page->request, sizeof(request));
    virtio_bm_handle_request(proxy, &request, &response);
    proxy->handled = sequence;
    memcpy(&page->response, &response, sizeof(response));
    qatomic_store_release(&page->response_sequence, sequence);
}

/* Doorbells of ours: the way to the guest. */

static void virtio_bm_notify(DeviceState *d, uint16_t vector)
{
    VirtIOBM *proxy = VIRTIO_BM(d);
    KBMLease *lease = virtio_bm_lease(proxy);

    if (vector < KBM_VIRTIO_MAX_QUEUES) {
        kbm_lease_ring(lease, (uint64_t *)
                       &proxy->page->queue[vector].used_doorbell);
    } else if (vector == VIRTIO_BM_VECTOR_CONFIG) {
        qatomic_store_release(&proxy->page->event_sequence, ++proxy->events);
        kbm_lease_ring(lease, (uint64_t *)&proxy->page->event_doorbell);
    }
}

static int virtio_bm_set_guest_notifier(VirtIOBM *proxy, VirtQueue *vq,
                                        int n, bool assign)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    EventNotifier *notifier = virtio_queue_get_guest_notifier(vq);
    int ret = assign ? event_notifier_init(notifier, 0) : 0;

    if (ret < 0) {
        return ret;
    }
    virtio_queue_set_guest_notifier_fd_handler(vq, assign, false);
    if (!assign) {
        event_notifier_cleanup(notifier);
    }
    if (vdc->guest_notifier_mask && vdev->use_guest_notifier_mask) {
        vdc->guest_notifier_mask(vdev, n, !assign);
    }
    return 0;
}

static int virtio_bm_set_config_notifier(VirtIOBM *proxy, bool assign)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    EventNotifier *notifier = virtio_config_get_guest_notifier(vdev);
    int ret = assign ? event_notifier_init(notifier, 0) : 0;

    if (ret < 0) {
        return ret;
    }
    virtio_config_set_guest_notifier_fd_handler(vdev, assign, false);
    if (!assign) {
        event_notifier_cleanup(notifier);
    }
    if (vdc->guest_notifier_mask && vdev->use_guest_notifier_mask) {
        vdc->guest_notifier_mask(vdev, VIRTIO_CONFIG_IRQ_IDX, !assign);
    }
    return 0;
}

/*
 * For a back end that signals an eventfd when it has used buffers. No kernel
 * follows a doorbell word for an eventfd, so these go through our main loop;
 * what the guest rings goes to the back end's eventfd directly.
 */
static int virtio_bm_set_guest_notifiers(DeviceState *d, int nvqs, bool assign)
{
    VirtIOBM *proxy = VIRTIO_BM(d);
    VirtIODevice *vdev = virtio_bm_device(proxy);
    int n, ret = 0;

    nvqs = MIN(nvqs, KBM_VIRTIO_MAX_QUEUES);
    for (n = 0; n < nvqs && virtio_queue_get_num(vdev, n); n++) {
        ret = virtio_bm_set_guest_notifier(proxy, virtio_get_queue(vdev, n), n,
                                           assign);
        if (ret < 0) {
            goto undo;
        }
    }
    ret = virtio_bm_set_config_notifier(proxy, assign);
    if (ret == 0) {
        return 0;
    }

undo:
    while (n-- > 0) {
        virtio_bm_set_guest_notifier(proxy, virtio_get_queue(vdev, n), n,
                                     !assign);
    }
    return ret;
}

/* Life of a device. */

void virtio_bm_reset_device(VirtIOBM *proxy)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);

    virtio_bus_reset(&proxy->bus);
    vdev->config_vector = VIRTIO_BM_VECTOR_CONFIG;
    proxy->features = 0;
}

static void virtio_bm_vmstate_change(DeviceState *d, bool running)
{
    VirtIOBM *proxy = VIRTIO_BM(d);

    if (running) {
        virtio_bus_start_ioeventfd(&proxy->bus);
    } else {
        virtio_bus_stop_ioeventfd(&proxy->bus);
    }
}

/* Guest addresses are the machine's: nothing translates them. */
static void virtio_bm_pre_plugged(DeviceState *d, Error **errp)
{
    VirtIODevice *vdev = virtio_bm_device(VIRTIO_BM(d));

    virtio_add_feature(&vdev->host_features, VIRTIO_F_VERSION_1);
    virtio_clear_feature(&vdev->host_features, VIRTIO_F_IOMMU_PLATFORM);
}

static void virtio_bm_device_plugged(DeviceState *d, Error **errp)
{
    VirtIOBM *proxy = VIRTIO_BM(d);
    int nr = virtio_get_num_queues(virtio_bm_device(proxy));

    if (nr > KBM_VIRTIO_MAX_QUEUES) {
        error_setg(errp, "kata-bm: a virtio device can have %d queues, this "
                   "one has %d: give it fewer queues or ports",
                   KBM_VIRTIO_MAX_QUEUES, nr);
    }
}

static bool virtio_bm_open_control(VirtIOBM *proxy, Error **errp)
{
    int ret = event_notifier_init(&proxy->control, 0);

    if (ret >= 0) {
        ret = kbm_lease_doorbell(virtio_bm_lease(proxy), proxy->page_addr +
                                 offsetof(struct kbm_virtio, control_doorbell),
                                 &proxy->control, true);
    }
    if (ret < 0) {
        error_setg_errno(errp, -ret, "kata-bm: no control doorbell for virtio "
                         "device %u", proxy->index);
        return false;
    }
    event_notifier_set_handler(&proxy->control, virtio_bm_control);
    return true;
}

static bool virtio_bm_take_page(VirtIOBM *proxy, Error **errp)
{
    KBMBus *bus = KBM_BUS(qdev_get_parent_bus(DEVICE(proxy)));

    if (bus->nr_used == bus->nr_pages) {
        error_setg(errp, "kata-bm: a guest can have %u virtio devices",
                   bus->nr_pages);
        return false;
    }
    proxy->index = bus->nr_used;
    proxy->page_addr = bus->pages + proxy->index * KBM_VIRTIO_PAGE_SIZE;
    proxy->page = kbm_lease_host(bus->lease, proxy->page_addr,
                                 KBM_VIRTIO_PAGE_SIZE);
    proxy->page->magic = KBM_VIRTIO_MAGIC;
    proxy->page->version = KBM_VIRTIO_VERSION;
    return true;
}

static void virtio_bm_realize(DeviceState *d, Error **errp)
{
    VirtIOBM *proxy = VIRTIO_BM(d);
    KBMBus *bus = KBM_BUS(qdev_get_parent_bus(d));

    if (!virtio_bm_take_page(proxy, errp)) {
        return;
    }
    qbus_init(&proxy->bus, sizeof(proxy->bus), TYPE_VIRTIO_BM_BUS, d, NULL);
    if (!qdev_realize(proxy->backend, BUS(&proxy->bus), errp)) {
        return;
    }
    if (bus->dma) {
        virtio_bm_device(proxy)->dma_as = bus->dma;
    }
    if (virtio_bm_open_control(proxy, errp)) {
        bus->nr_used++;
    }
}

static void virtio_bm_reset_hold(Object *obj, ResetType type)
{
    VirtIOBM *proxy = VIRTIO_BM(obj);

    virtio_bus_stop_ioeventfd(&proxy->bus);
    virtio_bm_reset_device(proxy);
}

static void virtio_bm_instance_init(Object *obj)
{
    VirtIOBM *proxy = VIRTIO_BM(obj);
    VirtIOBMClass *vbc = VIRTIO_BM_GET_CLASS(proxy);
    Object *backend = object_new(vbc->backend);

    object_property_add_child(obj, "virtio-backend", backend);
    object_unref(backend);
    proxy->backend = DEVICE(backend);
    if (vbc->set_defaults) {
        vbc->set_defaults(proxy->backend);
    }
    qdev_alias_all_properties(proxy->backend, obj);
}

static void virtio_bm_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->bus_type = TYPE_KBM_BUS;
    dc->realize = virtio_bm_realize;
    /* The guest looks at its devices once, at its boot. */
    dc->hotpluggable = false;
    rc->phases.hold = virtio_bm_reset_hold;
}

static void virtio_bm_bus_class_init(ObjectClass *klass, void *data)
{
    BusClass *bc = BUS_CLASS(klass);
    VirtioBusClass *k = VIRTIO_BUS_CLASS(klass);

    bc->max_dev = 1;
    k->notify = virtio_bm_notify;
    k->notify_any_thread = true;
    k->set_guest_notifiers = virtio_bm_set_guest_notifiers;
    k->ioeventfd_enabled = virtio_bm_ioeventfd_enabled;
    k->ioeventfd_assign = virtio_bm_ioeventfd_assign;
    k->pre_plugged = virtio_bm_pre_plugged;
    k->device_plugged = virtio_bm_device_plugged;
    k->vmstate_change = virtio_bm_vmstate_change;
}

static const TypeInfo virtio_bm_types[] = {
    {
        .name = TYPE_VIRTIO_BM_BUS,
        .parent = TYPE_VIRTIO_BUS,
        .instance_size = sizeof(VirtioBusState),
        .class_init = virtio_bm_bus_class_init,
    }, {
        .name = TYPE_VIRTIO_BM,
        .parent = TYPE_DEVICE,
        .abstract = true,
        .instance_size = sizeof(VirtIOBM),
        .instance_init = virtio_bm_instance_init,
        .class_size = sizeof(VirtIOBMClass),
        .class_init = virtio_bm_class_init,
    },
};

DEFINE_TYPES(virtio_bm_types)
