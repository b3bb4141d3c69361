// SPDX-License-Identifier: GPL-2.0
/* Kata BM: the control BM's end of the channel. */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/mm.h>

#include "../kbm.h"
#include "channel.h"

struct kbm_channel_state kbm_channel = {
	.lock = __MUTEX_INITIALIZER(kbm_channel.lock),
	.changed = __WAIT_QUEUE_HEAD_INITIALIZER(kbm_channel.changed),
};

/* The host has changed the state of some session. */
static irqreturn_t changed_handle(int irq, void *argument)
{
	wake_up_all(&kbm_channel.changed);
	return IRQ_HANDLED;
}

/*
 * Sessions that are odd now are an earlier control BM's: their clients are
 * gone, their guests may run.
 */
static unsigned int count_orphans(void)
{
	unsigned int nr = 0;

	for (u32 i = 0; i < kbm_channel.geometry.nr_sessions; i++)
		nr += READ_ONCE(kbm_channel.shared->client[i].sequence) & 1;
	return nr;
}

static int announce(void)
{
	struct kbm_channel *shared = kbm_channel.shared;
	int irq = kbm_doorbell_request(&shared->client_doorbell, changed_handle, "kata-bm-channel",
				       &kbm_channel);

	if (irq < 0)
		return irq;
	WRITE_ONCE(shared->generation, READ_ONCE(shared->generation) + 1);
	kbm_channel.ready = true;
	pr_info("channel of %llu MiB at 0x%llx: %u sessions of %llu KiB, %u left by earlier control BMs, generation %llu\n",
		kbm_channel.bytes >> 20, kbm_channel.start, kbm_channel.geometry.nr_sessions,
		kbm_channel.geometry.session_bytes >> 10, count_orphans(), shared->generation);
	return 0;
}

static void copy_geometry(struct kbm_geometry *ret_geometry)
{
	const struct kbm_channel *shared = kbm_channel.shared;

	/* Written last: pairs with the host's release. */
	ret_geometry->magic = smp_load_acquire(&shared->magic);
	ret_geometry->version = READ_ONCE(shared->version);
	ret_geometry->bytes = READ_ONCE(shared->bytes);
	ret_geometry->nr_sessions = READ_ONCE(shared->nr_sessions);
	ret_geometry->session_bytes = READ_ONCE(shared->session_bytes);
	ret_geometry->first_session = READ_ONCE(shared->first_session);
}

/**
 * kbm_channel_ready() - look whether the host has set the channel up
 * @error: whose call it is.
 *
 * Under kbm_channel.lock.
 *
 * Return: 0, -ENXIO, or that no interrupt is left.
 */
int kbm_channel_ready(struct kbm_error *error)
{
	const char *wrong;
	int ret;

	if (kbm_channel.ready)
		return 0;
	copy_geometry(&kbm_channel.geometry);
	wrong = kbm_geometry_check(&kbm_channel.geometry, kbm_channel.bytes);
	if (wrong) {
		kbm_error_set(error,
			      "the channel at 0x%llx cannot be used: %s; is kbm-proxyd of this release running on the host?",
			      kbm_channel.start, wrong);
		return -ENXIO;
	}
	ret = announce();
	if (ret)
		kbm_error_set(error, "no interrupt for the channel's doorbell (error %d)", ret);
	return ret;
}

/**
 * kbm_channel_set_sequence() - begin or end a session
 * @index:	its number.
 * @sequence:	odd: begun, even: ended. All that was done before is visible
 *		to the host when it sees this.
 */
void kbm_channel_set_sequence(u32 index, u32 sequence)
{
	/* Pairs with the acquire of the host. */
	smp_store_release(&kbm_channel.shared->client[index].sequence, sequence);
	kbm_doorbell_ring(&kbm_channel.shared->host_doorbell);
}

const struct kbm_session_host *kbm_channel_host_page(u32 index)
{
	return (void *)kbm_channel.shared + kbm_channel.geometry.first_session +
	       index * kbm_channel.geometry.session_bytes + KBM_SESSION_HOST;
}

/* Base pages: so that a session is seen to be in use page by page. */
static int __init map_channel(void)
{
	struct kbm_memory *memory =
		kbm_memory_add(kbm_info->channel, kbm_info->channel_bytes, /* base_pages= */ true);

	if (IS_ERR(memory)) {
		pr_err("no struct pages for the channel, 0x%llx bytes at 0x%llx (error %ld)\n",
		       kbm_info->channel_bytes, kbm_info->channel, PTR_ERR(memory));
		return PTR_ERR(memory);
	}
	kbm_channel.start = kbm_info->channel;
	kbm_channel.bytes = kbm_info->channel_bytes;
	kbm_channel.shared = __va(kbm_info->channel);
	return 0;
}

static int __init channel_init(void)
{
	struct kbm_error error;
	int ret;

	if (!kbm_guest() || !kbm_info->channel)
		return 0;
	if (kbm_info->channel_bytes < sizeof(struct kbm_channel) ||
	    !IS_ALIGNED(kbm_info->channel | kbm_info->channel_bytes, KBM_EXTENT_ALIGN)) {
		pr_err("the channel, 0x%llx bytes at 0x%llx, is not made of units of 2 MiB\n",
		       kbm_info->channel_bytes, kbm_info->channel);
		return -EINVAL;
	}
	ret = kbm_doorbell_init();
	if (!ret)
		ret = map_channel();
	if (ret)
		return ret;
	kbm_error_init(&error);
	mutex_lock(&kbm_channel.lock);
	if (kbm_channel_ready(&error))
		pr_info("%s\n", error.text);
	mutex_unlock(&kbm_channel.lock);
	return kbm_channel_device_init();
}
device_initcall(channel_init);
