/*
 * virtio-bm: control messages
 *
 * Requests come from the guest as private copies: what was checked here cannot
 * change any more. A bad request is answered by an errno and changes nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "hw/virtio/virtio.h"
#include "hw/virtio/virtio-bm.h"

#define HEADER_BYTES        offsetof(struct kbm_virtio_msg, payload)
#define VIRTIO_BM_VENDOR    0x554d4551      /* "QEMU" */
#define FEATURE_WORDS       2               /* of VirtIODevice */
#define FEATURE_WORDS_MAX   12              /* of a message */
#define DEVICE_STATUS_MASK  0xff

/* Returns the payload's size of the response, or a negative errno. */
typedef int VirtIOBMHandler(VirtIOBM *proxy, const void *request,
                            void *response);

static int virtio_bm_get_device_info(VirtIOBM *proxy, const void *request,
                                     void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    struct kbm_virtio_device_info info = {
        .device_id = cpu_to_le32(vdev->device_id),
        .vendor_id = cpu_to_le32(VIRTIO_BM_VENDOR),
        .nr_feature_bits = cpu_to_le32(FEATURE_WORDS * 32),
        .config_size = cpu_to_le32(vdev->config_len),
        .nr_queues = cpu_to_le32(virtio_get_num_queues(vdev)),
    };

    memcpy(response, &info, sizeof(info));
    return sizeof(info);
}

/* The words that @features names; those that nobody has are zero. */
static int virtio_bm_get_features(VirtIOBM *proxy, const void *request,
                                  void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    uint64_t offered = vdev->host_features & ~vdc->legacy_features;
    const struct kbm_virtio_features *asked = request;
    struct kbm_virtio_features *answer = response;
    uint32_t index = le32_to_cpu(asked->index);
    uint32_t count = le32_to_cpu(asked->count);
    uint32_t i;

    if (!count || count > FEATURE_WORDS_MAX) {
        return -EINVAL;
    }
    answer->index = asked->index;
    answer->count = asked->count;
    for (i = 0; i < count; i++) {
        uint64_t word = (uint64_t)index + i;

        if (word < FEATURE_WORDS) {
            answer->data[i] = cpu_to_le32(offered >> (32 * word));
        }
    }
    return sizeof(*answer);
}

static int virtio_bm_set_features(VirtIOBM *proxy, const void *request,
                                  void *response)
{
    const struct kbm_virtio_features *wanted = request;
    uint32_t index = le32_to_cpu(wanted->index);
    uint32_t count = le32_to_cpu(wanted->count);
    uint64_t features = proxy->features;
    uint32_t i;

    if (!count || count > FEATURE_WORDS_MAX) {
        return -EINVAL;
    }
    for (i = 0; i < count; i++) {
        uint64_t word = (uint64_t)index + i;
        uint32_t bits = le32_to_cpu(wanted->data[i]);

        if (word < FEATURE_WORDS) {
            features = deposit64(features, 32 * word, 32, bits);
        } else if (bits) {
            return -EINVAL;
        }
    }
    if (features & ~virtio_bm_device(proxy)->host_features ||
        virtio_set_features(virtio_bm_device(proxy), features) < 0) {
        return -EINVAL;
    }
    proxy->features = features;
    return 0;
}

/* Whether @config names a piece of the device's config space. */
static bool virtio_bm_config_ok(VirtIODevice *vdev,
                                const struct kbm_virtio_config *config)
{
    uint32_t offset = le32_to_cpu(config->offset);
    uint32_t size = le32_to_cpu(config->size);

    return size && size <= KBM_VIRTIO_CONFIG_CHUNK &&
           (uint64_t)offset + size <= vdev->config_len;
}

static void virtio_bm_fill_config(VirtIODevice *vdev,
                                  const struct kbm_virtio_config *asked,
                                  struct kbm_virtio_config *answer)
{
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);

    if (vdc->get_config) {
        vdc->get_config(vdev, vdev->config);
    }
    answer->offset = asked->offset;
    answer->size = asked->size;
    answer->generation = cpu_to_le32(vdev->generation);
    memcpy(answer->data, (uint8_t *)vdev->config + le32_to_cpu(asked->offset),
           le32_to_cpu(asked->size));
}

static int virtio_bm_get_config(VirtIOBM *proxy, const void *request,
                                void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);

    if (!virtio_bm_config_ok(vdev, request)) {
        return -EINVAL;
    }
    virtio_bm_fill_config(vdev, request, response);
    return sizeof(struct kbm_virtio_config);
}

static int virtio_bm_set_config(VirtIOBM *proxy, const void *request,
                                void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    VirtioDeviceClass *vdc = VIRTIO_DEVICE_GET_CLASS(vdev);
    const struct kbm_virtio_config *config = request;

    if (!virtio_bm_config_ok(vdev, config)) {
        return -EINVAL;
    }
    if (vdc->get_config) {
        vdc->get_config(vdev, vdev->config);
    }
    memcpy((uint8_t *)vdev->config + le32_to_cpu(config->offset), config->data,
           le32_to_cpu(config->size));
    if (vdc->set_config) {
        vdc->set_config(vdev, vdev->config);
    }
    virtio_bm_fill_config(vdev, config, response);
    return sizeof(*config);
}

static int virtio_bm_get_status(VirtIOBM *proxy, const void *request,
                                void *response)
{
    struct kbm_virtio_status *answer = response;

    answer->status = cpu_to_le32(virtio_bm_device(proxy)->status);
    return sizeof(*answer);
}

/* A status that the device does not accept shows in the answer. */
static int virtio_bm_set_status(VirtIOBM *proxy, const void *request,
                                void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    const struct kbm_virtio_status *wanted = request;
    uint32_t status = le32_to_cpu(wanted->status);

    if (status & ~DEVICE_STATUS_MASK) {
        return -EINVAL;
    }
    if (!(status & VIRTIO_CONFIG_S_DRIVER_OK)) {
        virtio_bus_stop_ioeventfd(&proxy->bus);
    }
    if (!status) {
        virtio_bm_reset_device(proxy);
    } else if (virtio_set_status(vdev, status) == 0 &&
               status & VIRTIO_CONFIG_S_DRIVER_OK &&
               virtio_bus_start_ioeventfd(&proxy->bus) < 0) {
        /* There is no slower way: the guest has to know. */
        virtio_error(vdev, "kata-bm: virtio device %u has no doorbells",
                     proxy->index);
    }
    return virtio_bm_get_status(proxy, request, response);
}

/* The queue that a message names, or -1. */
static int virtio_bm_queue(VirtIOBM *proxy, const struct kbm_virtio_vqueue *msg)
{
    uint32_t n = le32_to_cpu(msg->index);

    if (n >= KBM_VIRTIO_MAX_QUEUES ||
        !virtio_queue_get_num(virtio_bm_device(proxy), n)) {
        return -1;
    }
    return n;
}

static int virtio_bm_get_vqueue(VirtIOBM *proxy, const void *request,
                                void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    struct kbm_virtio_vqueue *answer = response;
    int n = virtio_bm_queue(proxy, request);

    if (n < 0) {
        return -ENOENT;
    }
    answer->index = cpu_to_le32(n);
    answer->max_size = cpu_to_le32(virtio_queue_get_max_num(vdev, n));
    if (virtio_queue_get_desc_addr(vdev, n)) {
        answer->size = cpu_to_le32(virtio_queue_get_num(vdev, n));
        answer->desc = cpu_to_le64(virtio_queue_get_desc_addr(vdev, n));
        answer->driver = cpu_to_le64(virtio_queue_get_avail_addr(vdev, n));
        answer->device = cpu_to_le64(virtio_queue_get_used_addr(vdev, n));
    }
    return sizeof(*answer);
}

/* Whether [addr, addr + bytes) is the guest's, and aligned. */
static bool virtio_bm_ring_ok(VirtIOBM *proxy, uint64_t addr, uint64_t bytes,
                              uint64_t align)
{
    KBMBus *bus = KBM_BUS(qdev_get_parent_bus(DEVICE(proxy)));

    return addr && !(addr % align) &&
           kbm_lease_contains(bus->lease, addr, bytes);
}

/* Split rings as in virtio 1.2, 2.7; packed ones as in 2.8. */
static bool virtio_bm_rings_ok(VirtIOBM *proxy, uint32_t size, uint64_t desc,
                               uint64_t driver, uint64_t device)
{
    if (virtio_vdev_has_feature(virtio_bm_device(proxy),
                                VIRTIO_F_RING_PACKED)) {
        return virtio_bm_ring_ok(proxy, desc, 16ull * size, 16) &&
               virtio_bm_ring_ok(proxy, driver, 4, 4) &&
               virtio_bm_ring_ok(proxy, device, 4, 4);
    }
    return is_power_of_2(size) &&
           virtio_bm_ring_ok(proxy, desc, 16ull * size, 16) &&
           virtio_bm_ring_ok(proxy, driver, 6 + 2ull * size, 2) &&
           virtio_bm_ring_ok(proxy, device, 6 + 8ull * size, 4);
}

static int virtio_bm_set_vqueue(VirtIOBM *proxy, const void *request,
                                void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    const struct kbm_virtio_vqueue *msg = request;
    uint32_t size = le32_to_cpu(msg->size);
    uint64_t desc = le64_to_cpu(msg->desc);
    uint64_t driver = le64_to_cpu(msg->driver);
    uint64_t device = le64_to_cpu(msg->device);
    int n = virtio_bm_queue(proxy, msg);

    if (n < 0) {
        return -ENOENT;
    }
    if (!(vdev->status & VIRTIO_CONFIG_S_FEATURES_OK) ||
        !size || size > virtio_queue_get_max_num(vdev, n) ||
        !virtio_bm_rings_ok(proxy, size, desc, driver, device)) {
        return -EINVAL;
    }
    if (virtio_queue_get_desc_addr(vdev, n)) {
        return -EBUSY;
    }
    virtio_queue_set_num(vdev, n, size);
    virtio_queue_set_rings(vdev, n, desc, driver, device);
    return virtio_bm_queue_enabled(proxy, n);
}

static int virtio_bm_reset_vqueue(VirtIOBM *proxy, const void *request,
                                  void *response)
{
    VirtIODevice *vdev = virtio_bm_device(proxy);
    int n = virtio_bm_queue(proxy, request);

    if (n < 0) {
        return -ENOENT;
    }
    if (!virtio_vdev_has_feature(vdev, VIRTIO_F_RING_RESET)) {
        return -EOPNOTSUPP;
    }
    virtio_bm_queue_reset(proxy, n);
    return 0;
}

static const struct {
    VirtIOBMHandler *handle;
    size_t bytes;               /* the payload that a request must have */
} virtio_bm_handlers[] = {
    [KBM_VIRTIO_GET_DEVICE_INFO] = {
        virtio_bm_get_device_info, 0
    },
    [KBM_VIRTIO_GET_FEATURES] = {
        /* The words are the answer's. */
        virtio_bm_get_features, offsetof(struct kbm_virtio_features, data)
    },
    [KBM_VIRTIO_SET_FEATURES] = {
        virtio_bm_set_features, offsetof(struct kbm_virtio_features, data)
    },
    [KBM_VIRTIO_GET_CONFIG] = {
        virtio_bm_get_config, offsetof(struct kbm_virtio_config, generation)
    },
    [KBM_VIRTIO_SET_CONFIG] = {
        virtio_bm_set_config, offsetof(struct kbm_virtio_config, data)
    },
    [KBM_VIRTIO_GET_DEVICE_STATUS] = {
        virtio_bm_get_status, 0
    },
    [KBM_VIRTIO_SET_DEVICE_STATUS] = {
        virtio_bm_set_status, sizeof(struct kbm_virtio_status)
    },
    [KBM_VIRTIO_GET_VQUEUE] = {
        virtio_bm_get_vqueue, sizeof(uint32_t)
    },
    [KBM_VIRTIO_SET_VQUEUE] = {
        virtio_bm_set_vqueue, sizeof(struct kbm_virtio_vqueue)
    },
    [KBM_VIRTIO_RESET_VQUEUE] = {
        virtio_bm_reset_vqueue, sizeof(uint32_t)
    },
};

static int virtio_bm_dispatch(VirtIOBM *proxy,
                              const struct kbm_virtio_msg *request,
                              struct kbm_virtio_msg *response)
{
    size_t size = le16_to_cpu(request->size);

    if (request->type != 0 || le16_to_cpu(request->device) != proxy->index ||
        size < HEADER_BYTES || size > sizeof(*request)) {
        return -EINVAL;
    }
    if (request->id >= ARRAY_SIZE(virtio_bm_handlers) ||
        !virtio_bm_handlers[request->id].handle) {
        return -EOPNOTSUPP;
    }
    if (size - HEADER_BYTES < virtio_bm_handlers[request->id].bytes) {
        return -EINVAL;
    }
    return virtio_bm_handlers[request->id].handle(proxy, request->payload,
                                                  response->payload);
}

void virtio_bm_handle_request(VirtIOBM *proxy,
                              const struct kbm_virtio_msg *request,
                              struct kbm_virtio_msg *response)
{
    int ret;

    *response = (struct kbm_virtio_msg) {
        .type = KBM_VIRTIO_MSG_RESPONSE,
        .id = request->id,
        .device = request->device,
        .token = request->token,
    };
    ret = virtio_bm_dispatch(proxy, request, response);
    if (ret < 0) {
        struct kbm_virtio_status status = { .status = cpu_to_le32(-ret) };

        response->id = KBM_VIRTIO_ERROR;
        memcpy(response->payload, &status, sizeof(status));
        ret = sizeof(status);
    }
    response->size = cpu_to_le16(HEADER_BYTES + ret);
}
