// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-bm: control messages, one at a time, in virtio-msg's layout.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/sched/clock.h>

#include "virtio_bm.h"

#define HEADER_BYTES	offsetof(struct kbm_virtio_msg, payload)
#define TIMEOUT_MS	5000
/* Devices answer in a few microseconds, unless their thread sleeps. */
#define SPIN_NS		(50 * NSEC_PER_USEC)

static bool answered(struct virtio_bm *bm)
{
	/* The response is read only after the number that announces it. */
	return smp_load_acquire(&bm->page->response_sequence) == bm->sequence;
}

static int wait_for_response(struct virtio_bm *bm, u8 id)
{
	unsigned long end = jiffies + msecs_to_jiffies(TIMEOUT_MS);
	u64 spin_end = local_clock() + SPIN_NS;

	while (local_clock() < spin_end) {
		if (answered(bm))
			return 0;
		cpu_relax();
	}
	while (!answered(bm)) {
		if (time_after(jiffies, end)) {
			dev_err(bm->vdev.dev.parent,
				"no answer to message %#x in %u ms; is the VMM alive?\n",
				id, TIMEOUT_MS);
			return -ETIMEDOUT;
		}
		usleep_range(20, 50);
	}
	return 0;
}

static int device_errno(const struct kbm_virtio_msg *response)
{
	struct kbm_virtio_status error;
	u32 code;

	memcpy(&error, response->payload, sizeof(error));
	code = le32_to_cpu(error.status);
	/* The VMM may have sent it negated or not at all. */
	if ((s32)code < 0)
		code = -code;
	return code && code < MAX_ERRNO ? -(int)code : -EIO;
}

static int check_response(struct virtio_bm *bm,
			  const struct kbm_virtio_msg *request,
			  const struct kbm_virtio_msg *response)
{
	if (!(response->type & KBM_VIRTIO_MSG_RESPONSE) ||
	    response->token != request->token)
		goto mismatch;
	if (response->id == KBM_VIRTIO_ERROR)
		return device_errno(response);
	if (response->id == request->id)
		return 0;
mismatch:
	dev_err(bm->vdev.dev.parent,
		"answer %#x (type %#x, token %u) to message %#x (token %u)\n",
		response->id, response->type, le16_to_cpu(response->token),
		request->id, le16_to_cpu(request->token));
	return -EPROTO;
}

static int exchange_locked(struct virtio_bm *bm,
			   const struct kbm_virtio_msg *request,
			   struct kbm_virtio_msg *response)
{
	struct kbm_virtio *page = bm->page;
	int ret;

	memcpy(&page->request, request, sizeof(*request));
	bm->sequence++;
	/* The message before the number that announces it. */
	smp_store_release(&page->request_sequence, bm->sequence);
	kbm_doorbell_ring(&page->control_doorbell);

	ret = wait_for_response(bm, request->id);
	if (ret)
		return ret;
	memcpy(response, &page->response, sizeof(*response));
	return check_response(bm, request, response);
}

/**
 * exchange - send one request, wait for its answer
 * @bm:		the device.
 * @id:		KBM_VIRTIO_*.
 * @payload:	@sent bytes of the request; the answer's @received bytes.
 *
 * Return: 0; the device's error; -ETIMEDOUT; -EPROTO for a wrong answer.
 */
static int exchange(struct virtio_bm *bm, u8 id, void *payload, size_t sent,
		    size_t received)
{
	struct kbm_virtio_msg request = {
		.id	= id,
		.device	= cpu_to_le16(bm->number),
		.size	= cpu_to_le16(HEADER_BYTES + sent),
	};
	struct kbm_virtio_msg response;
	int ret;

	memcpy(request.payload, payload, sent);
	mutex_lock(&bm->lock);
	request.token = cpu_to_le16(++bm->token);
	ret = exchange_locked(bm, &request, &response);
	mutex_unlock(&bm->lock);
	if (!ret)
		memcpy(payload, response.payload, received);
	return ret;
}

int virtio_bm_device_info(struct virtio_bm *bm,
			  struct kbm_virtio_device_info *ret_info)
{
	return exchange(bm, KBM_VIRTIO_GET_DEVICE_INFO, ret_info, 0,
			sizeof(*ret_info));
}

int virtio_bm_get_features(struct virtio_bm *bm, u64 *ret_features)
{
	struct kbm_virtio_features message = { .count = cpu_to_le32(2) };
	int ret = exchange(bm, KBM_VIRTIO_GET_FEATURES, &message,
			   sizeof(message), sizeof(message));

	if (!ret)
		*ret_features = le32_to_cpu(message.data[0]) |
				(u64)le32_to_cpu(message.data[1]) << 32;
	return ret;
}

int virtio_bm_set_features(struct virtio_bm *bm, u64 features)
{
	struct kbm_virtio_features message = {
		.count	= cpu_to_le32(2),
		.data	= {
			cpu_to_le32(lower_32_bits(features)),
			cpu_to_le32(upper_32_bits(features)),
		},
	};

	return exchange(bm, KBM_VIRTIO_SET_FEATURES, &message,
			sizeof(message), 0);
}

int virtio_bm_get_status(struct virtio_bm *bm, u8 *ret_status)
{
	struct kbm_virtio_status message = {};
	int ret = exchange(bm, KBM_VIRTIO_GET_DEVICE_STATUS, &message, 0,
			   sizeof(message));

	if (!ret)
		*ret_status = le32_to_cpu(message.status);
	return ret;
}

int virtio_bm_set_status(struct virtio_bm *bm, u8 status)
{
	struct kbm_virtio_status message = { .status = cpu_to_le32(status) };

	return exchange(bm, KBM_VIRTIO_SET_DEVICE_STATUS, &message,
			sizeof(message), sizeof(message));
}

static int get_chunk(struct virtio_bm *bm, u32 offset, void *to, u32 size,
		     u32 *ret_generation)
{
	struct kbm_virtio_config message = {
		.offset	= cpu_to_le32(offset),
		.size	= cpu_to_le32(size),
	};
	int ret = exchange(bm, KBM_VIRTIO_GET_CONFIG, &message,
			   sizeof(message), sizeof(message));

	if (ret)
		return ret;
	memcpy(to, message.data, size);
	*ret_generation = le32_to_cpu(message.generation);
	return 0;
}

/* Longer reads may be torn; the caller compares generations around them. */
int virtio_bm_get_config(struct virtio_bm *bm, u32 offset, void *to, u32 size,
			 u32 *ret_generation)
{
	while (size) {
		u32 chunk = min_t(u32, size, KBM_VIRTIO_CONFIG_CHUNK);
		int ret = get_chunk(bm, offset, to, chunk, ret_generation);

		if (ret)
			return ret;
		offset += chunk;
		to += chunk;
		size -= chunk;
	}
	return 0;
}

int virtio_bm_set_config(struct virtio_bm *bm, u32 offset, const void *from,
			 u32 size)
{
	while (size) {
		u32 chunk = min_t(u32, size, KBM_VIRTIO_CONFIG_CHUNK);
		struct kbm_virtio_config message = {
			.offset	= cpu_to_le32(offset),
			.size	= cpu_to_le32(chunk),
		};
		int ret;

		memcpy(message.data, from, chunk);
		ret = exchange(bm, KBM_VIRTIO_SET_CONFIG, &message,
			       sizeof(message), 0);
		if (ret)
			return ret;
		offset += chunk;
		from += chunk;
		size -= chunk;
	}
	return 0;
}

int virtio_bm_get_vqueue(struct virtio_bm *bm, u32 index, u32 *ret_max_size)
{
	struct kbm_virtio_vqueue message = { .index = cpu_to_le32(index) };
	int ret = exchange(bm, KBM_VIRTIO_GET_VQUEUE, &message,
			   sizeof(message), sizeof(message));

	if (!ret)
		*ret_max_size = le32_to_cpu(message.max_size);
	return ret;
}

int virtio_bm_set_vqueue(struct virtio_bm *bm,
			 const struct kbm_virtio_vqueue *queue)
{
	struct kbm_virtio_vqueue message = *queue;

	return exchange(bm, KBM_VIRTIO_SET_VQUEUE, &message, sizeof(message),
			0);
}

int virtio_bm_reset_vqueue(struct virtio_bm *bm, u32 index)
{
	struct kbm_virtio_vqueue message = { .index = cpu_to_le32(index) };

	return exchange(bm, KBM_VIRTIO_RESET_VQUEUE, &message,
			sizeof(message), 0);
}
