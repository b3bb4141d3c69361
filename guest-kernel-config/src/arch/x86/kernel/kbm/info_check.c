// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: checks of the info page.
 *
 * A guest that trusted a wrong table would write to memory that is not its
 * own; so nothing of the page is used before all of it has been checked.
 */
#include "info_check.h"

#define PAGE_BYTES	4096ULL
#define ADDRESS_LIMIT	(1ULL << 52)
#define MAX_APIC_ID	32767		/* the kernel's own limit less one */
#define MAX_NODES	64
#define MAX_CPUS	4096
#define MAX_VIRTIO	65536
#define MAX_TSC_KHZ	100000000ULL
#define MAX_TIMER_HZ	100000000000ULL

struct range {
	__u64 start;
	__u64 end;
};

static int range_make(struct range *range, __u64 start, __u64 bytes)
{
	range->start = start;
	range->end = start + bytes;
	return bytes && start < ADDRESS_LIMIT && bytes <= ADDRESS_LIMIT - start;
}

static int range_inside(const struct range *outer, __u64 start, __u64 bytes)
{
	struct range inner;

	return range_make(&inner, start, bytes) &&
	       outer->start <= inner.start && inner.end <= outer->end;
}

static int aligned(__u64 value, __u64 to)
{
	return !(value & (to - 1));
}

static const struct kbm_info_cpu *cpus_of(const struct kbm_info *info)
{
	return (const void *)((const char *)info + info->cpus);
}

static const struct kbm_info_extent *extents_of(const struct kbm_info *info)
{
	return (const void *)((const char *)info + info->extents);
}

static const struct kbm_info_extent *grants_of(const struct kbm_info *info)
{
	return (const void *)((const char *)info + info->grants);
}

static int table_ok(const struct kbm_info *info, __u32 offset, __u32 count,
		    __u32 entry_bytes)
{
	return count && aligned(offset, sizeof(__u64)) &&
	       offset >= sizeof(*info) && offset <= info->size &&
	       count <= (info->size - offset) / entry_bytes;
}

static int extent_ok(const struct kbm_info_extent *extent)
{
	struct range range;

	return range_make(&range, extent->start, extent->bytes) &&
	       aligned(extent->start | extent->bytes, PAGE_BYTES) &&
	       extent->node < MAX_NODES;
}

static int extents_overlap(const struct kbm_info_extent *a,
			   const struct kbm_info_extent *b)
{
	return a->start < b->start + b->bytes && b->start < a->start + a->bytes;
}

/* Each in order, and no two have a byte in common. */
static int list_ok(const struct kbm_info_extent *extents, __u32 nr)
{
	__u32 i, k;

	for (i = 0; i < nr; i++) {
		if (!extent_ok(&extents[i]))
			return 0;
		for (k = 0; k < i; k++)
			if (extents_overlap(&extents[i], &extents[k]))
				return 0;
	}
	return 1;
}

static int inside_one(const struct kbm_info_extent *extents, __u32 nr,
		      __u64 start, __u64 bytes)
{
	struct range range;
	__u32 i;

	for (i = 0; i < nr; i++) {
		range_make(&range, extents[i].start, extents[i].bytes);
		if (range_inside(&range, start, bytes))
			return 1;
	}
	return 0;
}

/* What is granted is somebody else's: never our own memory. */
static int grants_ok(const struct kbm_info *info)
{
	const struct kbm_info_extent *extents = extents_of(info);
	const struct kbm_info_extent *grants = grants_of(info);
	__u32 i, k;

	if (!info->nr_grants)
		return 1;
	if (!table_ok(info, info->grants, info->nr_grants, sizeof(*grants)) ||
	    !list_ok(grants, info->nr_grants))
		return 0;
	for (i = 0; i < info->nr_grants; i++)
		for (k = 0; k < info->nr_extents; k++)
			if (extents_overlap(&grants[i], &extents[k]))
				return 0;
	return 1;
}

static int channel_ok(const struct kbm_info *info)
{
	if (!info->channel)
		return 1;
	return aligned(info->channel | info->channel_bytes, PAGE_BYTES) &&
	       inside_one(grants_of(info), info->nr_grants, info->channel,
			  info->channel_bytes);
}

static int mailbox_ok(const struct range *area, const struct kbm_info_cpu *cpu)
{
	return aligned(cpu->mailbox, sizeof(__u64)) &&
	       range_inside(area, cpu->mailbox, sizeof(struct kbm_mailbox));
}

/* The same APIC ID or mailbox twice would start one CPU as two. */
static int cpu_is_new(const struct kbm_info_cpu *cpus, __u32 nr)
{
	__u32 i;

	for (i = 0; i < nr; i++)
		if (cpus[i].apic_id == cpus[nr].apic_id ||
		    cpus[i].mailbox == cpus[nr].mailbox)
			return 0;
	return 1;
}

static int cpus_ok(const struct kbm_info *info, const struct range *area)
{
	const struct kbm_info_cpu *cpus = cpus_of(info);
	__u32 i;

	if (info->nr_cpus > MAX_CPUS || cpus[0].mailbox)
		return 0;
	for (i = 0; i < info->nr_cpus; i++) {
		if (cpus[i].apic_id > MAX_APIC_ID || cpus[i].node >= MAX_NODES)
			return 0;
		if (i && !mailbox_ok(area, &cpus[i]))
			return 0;
		if (!cpu_is_new(cpus, i))
			return 0;
	}
	return 1;
}

static int console_ok(const struct kbm_info *info, const struct range *area)
{
	if (!info->console)
		return 1;
	return aligned(info->console, sizeof(__u64)) &&
	       info->console_bytes > sizeof(struct kbm_console) &&
	       range_inside(area, info->console, info->console_bytes);
}

static int virtio_ok(const struct kbm_info *info, const struct range *area)
{
	if (!info->nr_virtio)
		return 1;
	return aligned(info->virtio, KBM_VIRTIO_PAGE_SIZE) &&
	       info->nr_virtio <= MAX_VIRTIO &&
	       range_inside(area, info->virtio,
			    (__u64)info->nr_virtio * KBM_VIRTIO_PAGE_SIZE);
}

static int numbers_ok(const struct kbm_info *info)
{
	return info->mode <= KBM_MODE_WALLED &&
	       !(info->flags & ~KBM_INFO_TSC_DEADLINE) &&
	       info->tsc_khz && info->tsc_khz <= MAX_TSC_KHZ &&
	       info->lapic_timer_hz && info->lapic_timer_hz <= MAX_TIMER_HZ;
}

static int device_area_ok(const struct kbm_info *info, struct range *ret_area,
			  __u64 address)
{
	return range_make(ret_area, info->device_area,
			  info->device_area_bytes) &&
	       aligned(info->device_area | info->device_area_bytes,
		       PAGE_BYTES) &&
	       inside_one(extents_of(info), info->nr_extents,
			  info->device_area, info->device_area_bytes) &&
	       range_inside(ret_area, address, info->size);
}

/**
 * kbm_info_check_header - is this an info page, and one of ours?
 * @info:	its first sizeof(*info) bytes.
 */
int kbm_info_check_header(const struct kbm_info *info)
{
	if (info->magic != KBM_INFO_MAGIC)
		return KBM_REFUSED_INFO_MAGIC;
	if (info->version != KBM_INFO_VERSION)
		return KBM_REFUSED_INFO_VERSION;
	if (info->size < sizeof(*info) || info->size > KBM_INFO_MAX_SIZE)
		return KBM_REFUSED_INFO_SIZE;
	return 0;
}

/**
 * kbm_info_check - is all of it in order?
 * @info:	a private copy of the whole page, info->size bytes, whose header
 *		has been checked.
 * @address:	where the page lies.
 */
int kbm_info_check(const struct kbm_info *info, __u64 address)
{
	struct range area;

	if (!numbers_ok(info) ||
	    !table_ok(info, info->cpus, info->nr_cpus,
		      sizeof(struct kbm_info_cpu)) ||
	    !table_ok(info, info->extents, info->nr_extents,
		      sizeof(struct kbm_info_extent)) ||
	    !list_ok(extents_of(info), info->nr_extents) ||
	    !grants_ok(info) ||
	    !channel_ok(info) ||
	    !device_area_ok(info, &area, address) ||
	    !cpus_ok(info, &area) ||
	    !console_ok(info, &area) ||
	    !virtio_ok(info, &area))
		return KBM_REFUSED_INFO_CONTENT;
	return 0;
}
