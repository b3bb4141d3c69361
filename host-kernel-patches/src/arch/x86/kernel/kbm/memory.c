// SPDX-License-Identifier: GPL-2.0
/*
 * Memory to lend: set aside when the host boots, handed out in contiguous
 * extents, wiped before anybody sees it again.
 */

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/io.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include <asm/kbm.h>

#include "kbm.h"

/**
 * struct kbm_region - one contiguous run that was set aside
 * @start:	physical address, aligned to KBM_EXTENT_ALIGN.
 * @bytes:	size, likewise.
 * @node:	its NUMA node.
 * @lent:	a bit for each KBM_EXTENT_ALIGN of it that is lent.
 * @dirty:	likewise for what may hold old data.
 */
struct kbm_region {
	u64 start;
	u64 bytes;
	u32 node;
	unsigned long *lent;
	unsigned long *dirty;
};

static struct kbm_region regions[KBM_REGIONS_MAX];
static unsigned int nr_regions;
static DEFINE_MUTEX(kbm_memory_lock);

/* kbm.memory=SIZE[@NODE][,...] */
static int __init parse_memory(char *text)
{
	while (text && *text) {
		struct kbm_region *region = &regions[nr_regions];
		char *end;

		if (nr_regions == KBM_REGIONS_MAX) {
			pr_err("kata-bm: kbm.memory has more than %d entries\n", KBM_REGIONS_MAX);
			return -EINVAL;
		}
		region->bytes = memparse(text, &end);
		region->node = *end == '@' ? memparse(end + 1, &end) : 0;
		if (!region->bytes || region->bytes % KBM_EXTENT_ALIGN || (*end && *end != ',')) {
			pr_err("kata-bm: kbm.memory: cannot use \"%s\"; want SIZE@NODE,..., sizes in multiples of 2M\n",
			       text);
			return -EINVAL;
		}
		nr_regions++;
		text = *end ? end + 1 : end;
	}
	return 0;
}
early_param("kbm.memory", parse_memory);

static u64 __init region_allocate(const struct kbm_region *region)
{
	u64 align = region->bytes >= SZ_1G ? SZ_1G : KBM_EXTENT_ALIGN;

	/* Memory below 4 GiB is what old devices need: leave it to the host. */
	for (; align >= KBM_EXTENT_ALIGN; align = align == SZ_1G ? KBM_EXTENT_ALIGN : 0) {
		u64 start = memblock_alloc_range_nid(region->bytes, align, SZ_4G,
						     MEMBLOCK_ALLOC_ACCESSIBLE, region->node, true);

		if (start)
			return start;
	}
	return 0;
}

/*
 * Called when NUMA nodes are known and the page allocator has not started.
 * What cannot be had is reported and left out.
 */
void __init kbm_memory_reserve(void)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region region = regions[i];

		region.start = region_allocate(&region);
		if (!region.start) {
			pr_err("kata-bm: no run of %llu MiB above 4 GiB on node %u to set aside\n",
			       region.bytes >> 20, region.node);
			continue;
		}
		pr_info("kata-bm: %llu MiB at 0x%llx on node %u set aside\n", region.bytes >> 20,
			region.start, region.node);
		regions[kept++] = region;
	}
	nr_regions = kept;
}

static unsigned int region_units(const struct kbm_region *region)
{
	return region->bytes / KBM_EXTENT_ALIGN;
}

static int __init memory_init(void)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region *region = &regions[i];
		unsigned int units = region_units(region);

		region->lent = bitmap_zalloc(units, GFP_KERNEL);
		region->dirty = bitmap_alloc(units, GFP_KERNEL);
		if (!region->lent || !region->dirty) {
			nr_regions = i;
			return -ENOMEM;
		}
		/* The firmware and the boot loader were here. */
		bitmap_fill(region->dirty, units);
	}
	return 0;
}
subsys_initcall(memory_init);

/*
 * What memblock has set aside is marked as reserved. For ordinary VMs KVM takes
 * references to such pages but never gives them back (kvm_pfn_to_refcounted_page()),
 * and the memory would be in use for ever.
 */
static void count_references(u64 start)
{
	for (u64 offset = 0; offset < KBM_EXTENT_ALIGN; offset += PAGE_SIZE)
		ClearPageReserved(pfn_to_page((start + offset) >> PAGE_SHIFT));
}

static void wipe(struct kbm_region *region, unsigned int unit, unsigned int nr)
{
	for (unsigned int i = unit; i < unit + nr; i++) {
		u64 start = region->start + (u64)i * KBM_EXTENT_ALIGN;

		if (!test_bit(i, region->dirty))
			continue;
		count_references(start);
		for (u64 offset = 0; offset < KBM_EXTENT_ALIGN; offset += PAGE_SIZE)
			clear_page(__va(start + offset));
		clear_bit(i, region->dirty);
		cond_resched();
	}
}

static unsigned long find_free(struct kbm_region *region, unsigned int nr, u64 align)
{
	unsigned int units = region_units(region);
	unsigned long mask = align / KBM_EXTENT_ALIGN - 1;
	unsigned long first = region->start / KBM_EXTENT_ALIGN;
	unsigned long unit =
		bitmap_find_next_zero_area_off(region->lent, units, 0, nr, mask, first & mask);

	return unit + nr <= units ? unit : ULONG_MAX;
}

static struct kbm_region *find_region(struct kbm_lend_memory *request, bool on_node, u64 align,
				      unsigned long *ret_unit)
{
	unsigned int nr = request->bytes / KBM_EXTENT_ALIGN;

	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region *region = &regions[i];

		if (on_node != (region->node == request->node) || request->bytes > region->bytes)
			continue;
		*ret_unit = find_free(region, nr, align);
		if (*ret_unit != ULONG_MAX)
			return region;
	}
	return NULL;
}

/* 1 GiB pages in the guest's tables want 1 GiB alignment; take what there is. */
static struct kbm_region *choose(struct kbm_lend_memory *request, unsigned long *ret_unit)
{
	struct kbm_region *region = NULL;

	if (request->bytes >= SZ_1G)
		region = find_region(request, true, SZ_1G, ret_unit);
	if (!region)
		region = find_region(request, true, KBM_EXTENT_ALIGN, ret_unit);
	if (!region && (request->flags & KBM_MEMORY_ANY_NODE))
		region = find_region(request, false, KBM_EXTENT_ALIGN, ret_unit);
	return region;
}

static int choose_fixed(struct kbm_lease *lease, struct kbm_lend_memory *request,
			struct kbm_region **ret_region, unsigned long *ret_unit)
{
	unsigned int nr = request->bytes / KBM_EXTENT_ALIGN;

	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region *region = &regions[i];
		unsigned long unit;

		if (request->start < region->start || request->bytes > region->bytes ||
		    request->start - region->start > region->bytes - request->bytes)
			continue;
		unit = (request->start - region->start) / KBM_EXTENT_ALIGN;
		if (find_next_bit(region->lent, unit + nr, unit) < unit + nr) {
			kbm_lease_error(lease, "part of the 0x%llx bytes at 0x%llx is lent already",
					request->bytes, request->start);
			return -EBUSY;
		}
		*ret_region = region;
		*ret_unit = unit;
		return 0;
	}
	kbm_lease_error(
		lease,
		"the 0x%llx bytes at 0x%llx are not set aside for lending; see kbm.memory= of the host",
		request->bytes, request->start);
	return -ENXIO;
}

static int check(struct kbm_lease *lease, const struct kbm_lend_memory *request)
{
	if (request->flags & ~(KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE)) {
		kbm_lease_error(lease, "unknown memory flags 0x%x", request->flags);
		return -EINVAL;
	}
	if (!request->bytes || request->bytes % KBM_EXTENT_ALIGN) {
		kbm_lease_error(lease, "size 0x%llx is not a multiple of 0x%x", request->bytes,
				KBM_EXTENT_ALIGN);
		return -EINVAL;
	}
	if ((request->flags & KBM_MEMORY_FIXED) && request->start % KBM_EXTENT_ALIGN) {
		kbm_lease_error(lease, "address 0x%llx is not a multiple of 0x%x", request->start,
				KBM_EXTENT_ALIGN);
		return -EINVAL;
	}
	return 0;
}

static int refuse(struct kbm_lease *lease, const struct kbm_lend_memory *request)
{
	bool any = request->flags & KBM_MEMORY_ANY_NODE;
	unsigned long bits = 0, longest = 0, start, end;
	char where[sizeof("node 4294967295")];

	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region *region = &regions[i];

		if (!any && region->node != request->node)
			continue;
		for_each_clear_bitrange(start, end, region->lent, region_units(region)) {
			bits += end - start;
			longest = max(longest, end - start);
		}
	}
	snprintf(where, sizeof(where), any ? "any node" : "node %u", request->node);
	kbm_lease_error(
		lease,
		"no free run of %llu MiB on %s (%llu MiB are free there, the longest run has %llu MiB); see kbm.memory= of the host",
		request->bytes >> 20, where, bits * (u64)KBM_EXTENT_ALIGN >> 20,
		longest * (u64)KBM_EXTENT_ALIGN >> 20);
	return -ENOMEM;
}

static int lend_locked(struct kbm_lease *lease, struct kbm_lend_memory *request,
		       struct kbm_extent *extent)
{
	struct kbm_region *region = NULL;
	unsigned long unit = 0;
	int ret;

	if (request->flags & KBM_MEMORY_FIXED) {
		ret = choose_fixed(lease, request, &region, &unit);
		if (ret)
			return ret;
	} else {
		region = choose(request, &unit);
		if (!region)
			return refuse(lease, request);
	}
	bitmap_set(region->lent, unit, request->bytes / KBM_EXTENT_ALIGN);
	wipe(region, unit, request->bytes / KBM_EXTENT_ALIGN);

	extent->start = region->start + unit * (u64)KBM_EXTENT_ALIGN;
	extent->bytes = request->bytes;
	extent->node = region->node;
	return 0;
}

/**
 * kbm_memory_lend() - take an extent for a lease
 * @lease:	the lease.
 * @request:	see struct kbm_lend_memory.
 *
 * Return: 0 or a negative errno; the lease knows the reason.
 */
int kbm_memory_lend(struct kbm_lease *lease, struct kbm_lend_memory *request)
{
	struct kbm_extent *extent;
	int ret;

	ret = check(lease, request);
	if (ret)
		return ret;
	extent = kzalloc(sizeof(*extent), GFP_KERNEL_ACCOUNT);
	if (!extent)
		return -ENOMEM;

	mutex_lock(&kbm_memory_lock);
	ret = lend_locked(lease, request, extent);
	mutex_unlock(&kbm_memory_lock);
	if (ret) {
		kfree(extent);
		return ret;
	}
	request->start = extent->start;
	request->node = extent->node;
	mutex_lock(&lease->lock);
	list_add_tail(&extent->list, &lease->extents);
	mutex_unlock(&lease->lock);
	return 0;
}

static struct kbm_region *region_of(u64 start, u64 bytes)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region *region = &regions[i];

		if (start >= region->start && bytes <= region->bytes &&
		    start - region->start <= region->bytes - bytes)
			return region;
	}
	return NULL;
}

/* Whether a range lies in one run that was set aside. */
bool kbm_memory_set_aside(u64 start, u64 bytes)
{
	return region_of(start, bytes);
}

/* Whether somebody has it; may have changed when this returns. */
bool kbm_memory_is_lent(u64 address)
{
	struct kbm_region *region = region_of(address, 1);

	return region && test_bit((address - region->start) / KBM_EXTENT_ALIGN, region->lent);
}

/* A page that is pinned for direct I/O outlives the mapping. */
static bool unit_pinned(const struct kbm_region *region, unsigned int unit)
{
	unsigned long pfn = (region->start + (u64)unit * KBM_EXTENT_ALIGN) >> PAGE_SHIFT;

	for (unsigned int i = 0; i < KBM_EXTENT_ALIGN / PAGE_SIZE; i++) {
		if (page_ref_count(pfn_to_page(pfn + i)) != 1)
			return true;
	}
	return false;
}

static void units_return(struct kbm_region *region, unsigned int unit, unsigned int nr)
{
	unsigned long end = jiffies + HZ;

	for (unsigned int i = unit; i < unit + nr; i++) {
		while (unit_pinned(region, i) && time_before(jiffies, end)) {
			/* What the control BM's VMM has mapped in the meantime, too. */
			kbm_lease_unmap(region->start + (u64)i * KBM_EXTENT_ALIGN,
					KBM_EXTENT_ALIGN);
			usleep_range(1000, 2000);
		}
		if (unit_pinned(region, i)) {
			pr_err("kata-bm: memory at 0x%llx is still in use by a device; it stays lent until a reboot\n",
			       region->start + (u64)i * KBM_EXTENT_ALIGN);
			continue;
		}
		set_bit(i, region->dirty);
		wipe(region, i, 1);
		clear_bit(i, region->lent);
	}
}

static void extent_return(const struct kbm_extent *extent)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		struct kbm_region *region = &regions[i];
		unsigned int unit = (extent->start - region->start) / KBM_EXTENT_ALIGN;
		unsigned int nr = extent->bytes / KBM_EXTENT_ALIGN;

		if (extent->start < region->start || extent->start >= region->start + region->bytes)
			continue;
		kbm_lease_unmap(extent->start, extent->bytes);
		units_return(region, unit, nr);
		return;
	}
}

/* Wipes a lease's memory and makes it free. Nobody can reach it any more. */
void kbm_memory_return_all(struct kbm_lease *lease)
{
	struct kbm_extent *extent, *next;

	mutex_lock(&kbm_memory_lock);
	list_for_each_entry_safe(extent, next, &lease->extents, list) {
		extent_return(extent);
		list_del(&extent->list);
		kfree(extent);
	}
	mutex_unlock(&kbm_memory_lock);
}

/**
 * kbm_memory_region() - what was set aside for lending
 * @index:	which run, from 0 on; at most KBM_REGIONS_MAX are there.
 * @ret_region:	the run; left alone if there is none such.
 *
 * Return: is there one?
 */
bool kbm_memory_region(unsigned int index, struct kbm_region_info *ret_region)
{
	if (index >= nr_regions)
		return false;
	*ret_region = (struct kbm_region_info){
		.start = regions[index].start,
		.bytes = regions[index].bytes,
		.node = regions[index].node,
	};
	return true;
}
EXPORT_SYMBOL_GPL(kbm_memory_region);

static ssize_t region_show(const struct kbm_region *region, char *buf, ssize_t length)
{
	unsigned int units = region_units(region);

	for (unsigned int unit = 0, end; unit < units; unit = end) {
		bool lent = test_bit(unit, region->lent);

		end = lent ? find_next_zero_bit(region->lent, units, unit) :
			     find_next_bit(region->lent, units, unit);
		length += sysfs_emit_at(buf, length, "%u 0x%llx 0x%llx %s\n", region->node,
					region->start + unit * (u64)KBM_EXTENT_ALIGN,
					(end - unit) * (u64)KBM_EXTENT_ALIGN,
					lent ? "lent" : "free");
	}
	return length;
}

ssize_t kbm_memory_show(char *buf)
{
	ssize_t length = 0;

	mutex_lock(&kbm_memory_lock);
	for (unsigned int i = 0; i < nr_regions; i++)
		length = region_show(&regions[i], buf, length);
	mutex_unlock(&kbm_memory_lock);
	return length;
}
