// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: /sys/class/misc/kata-bm/ of the control BM.
 *
 * channel	start and bytes
 * generation	how many control BMs this channel has seen, with this one
 * sessions	those that are not free, one a line: index, sequence, state
 *		(idle, served, ended: as the host says), owner (open: a process
 *		of this control BM; orphan: an earlier control BM; ending),
 *		name, APIC IDs, extents. "-" is an empty field. Written anew for
 *		each read(): a reader that needs several reads until two
 *		readings of the whole are alike.
 */

#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "channel.h"

/* Most bytes of a line: numbers and words, and each list at its longest. */
#define LINE_SIZE \
	(128 + KBM_SESSION_NAME + KBM_SESSION_CPUS * 11 + KBM_SESSION_EXTENTS * 38)

struct text {
	char *bytes;
	size_t size;
	size_t length;
};

static __printf(2, 3) void text_add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->length += vscnprintf(text->bytes + text->length, text->size - text->length, format,
				   args);
	va_end(args);
}

static void add_name(struct text *text, const struct kbm_session_host *host)
{
	char name[KBM_SESSION_NAME];

	memcpy(name, host->name, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (char *c = name; *c; c++) {
		if (!isalnum(*c) && !strchr("._-", *c))
			*c = '_';
	}
	text_add(text, " %s", *name ? name : "-");
}

static void add_cpus(struct text *text, const struct kbm_session_host *host)
{
	/* Pairs with the host's release: entries come before their count. */
	u32 nr = min_t(u32, smp_load_acquire(&host->nr_cpus), KBM_SESSION_CPUS);

	text_add(text, " %s", nr ? "" : "-");
	for (u32 i = 0; i < nr; i++)
		text_add(text, "%s%u", i ? "," : "", READ_ONCE(host->apic_ids[i]));
}

static void add_extents(struct text *text, const struct kbm_session_host *host)
{
	/* Pairs with the host's release: entries come before their count. */
	u32 nr = min_t(u32, smp_load_acquire(&host->nr_extents), KBM_SESSION_EXTENTS);

	text_add(text, " %s", nr ? "" : "-");
	for (u32 i = 0; i < nr; i++)
		text_add(text, "%s0x%llx+0x%llx", i ? "," : "", READ_ONCE(host->extents[i].start),
			 READ_ONCE(host->extents[i].bytes));
}

static const char *state_name(u32 state)
{
	switch (state) {
	case KBM_SESSION_IDLE:
		return "idle";
	case KBM_SESSION_SERVED:
		return "served";
	case KBM_SESSION_ENDED:
		return "ended";
	default:
		return "unknown";
	}
}

static const char *owner_name(u32 index, u32 sequence)
{
	if (!(sequence & 1))
		return "ending";
	return kbm_channel.sessions[index] ? "open" : "orphan";
}

static void add_session(struct text *text, u32 index)
{
	u32 sequence = READ_ONCE(kbm_channel.shared->client[index].sequence);
	const struct kbm_channel_host *said = &kbm_channel.shared->host[index];
	const struct kbm_session_host *host = kbm_channel_host_page(index);

	if (!(sequence & 1) && sequence == READ_ONCE(said->done))
		return;
	text_add(text, "%u %u %s %s", index, sequence, state_name(READ_ONCE(said->state)),
		 owner_name(index, sequence));
	add_name(text, host);
	add_cpus(text, host);
	add_extents(text, host);
	text_add(text, "\n");
}

static int list_sessions(struct text *text)
{
	guard(mutex)(&kbm_channel.lock);
	if (!kbm_channel.ready)
		return 0;
	text->size = (size_t)kbm_channel.geometry.nr_sessions * LINE_SIZE;
	text->bytes = kvmalloc(text->size, GFP_KERNEL);
	if (!text->bytes)
		return -ENOMEM;
	for (u32 i = 0; i < kbm_channel.geometry.nr_sessions; i++)
		add_session(text, i);
	return 0;
}

static ssize_t sessions_read(struct file *file, struct kobject *kobj, struct bin_attribute *attr,
			     char *buf, loff_t offset, size_t count)
{
	struct text text = {};
	ssize_t ret = list_sessions(&text);

	if (!ret)
		ret = memory_read_from_buffer(buf, count, &offset, text.bytes, text.length);
	kvfree(text.bytes);
	return ret;
}

static ssize_t channel_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "0x%llx 0x%llx\n", kbm_channel.start, kbm_channel.bytes);
}

/* 0 as long as the host has not set the channel up. */
static ssize_t generation_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	guard(mutex)(&kbm_channel.lock);
	return sysfs_emit(buf, "%llu\n",
			  kbm_channel.ready ? READ_ONCE(kbm_channel.shared->generation) : 0);
}

static DEVICE_ATTR_RO(channel);
static DEVICE_ATTR_RO(generation);
static BIN_ATTR_RO(sessions, 0);

static struct attribute *channel_attrs[] = {
	&dev_attr_channel.attr,
	&dev_attr_generation.attr,
	NULL,
};

static struct bin_attribute *channel_bin_attrs[] = {
	&bin_attr_sessions,
	NULL,
};

static const struct attribute_group channel_group = {
	.attrs = channel_attrs,
	.bin_attrs = channel_bin_attrs,
};

const struct attribute_group *kbm_channel_groups[] = {
	&channel_group,
	NULL,
};
