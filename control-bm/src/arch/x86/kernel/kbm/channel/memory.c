// SPDX-License-Identifier: GPL-2.0
/*
 * Granted memory gets struct pages while a session uses it, and no longer: so
 * direct I/O, vhost and registered buffers work on it. Pages are as large as
 * the extent allows, and the struct pages of one large page share their
 * memory: 8 KiB for each 2 MiB or, in an extent of whole GiB, for each GiB.
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#include "../kbm.h"
#include "channel.h"

#define PIECE_ORDER_1G	(PUD_SHIFT - PAGE_SHIFT)
#define PIECE_ORDER_2M	(PMD_SHIFT - PAGE_SHIFT)

static LIST_HEAD(memories);
static DEFINE_MUTEX(memories_lock);

static const struct kbm_info_extent *grant_of(u64 start, u64 bytes)
{
	const struct kbm_info_extent *grants = kbm_info_grants();

	for (u32 i = 0; i < kbm_info->nr_grants; i++) {
		const struct kbm_info_extent *grant = &grants[i];

		if (start >= grant->start && bytes <= grant->bytes &&
		    start - grant->start <= grant->bytes - bytes)
			return grant;
	}
	return NULL;
}

static bool memory_taken(u64 start, u64 bytes)
{
	struct kbm_memory *memory;

	list_for_each_entry(memory, &memories, all) {
		if (start < memory->start + memory->bytes && memory->start < start + bytes)
			return true;
	}
	return false;
}

/* The first piece of a range: up to where larger pages begin, or end. */
static u64 piece_bytes(u64 start, u64 end, unsigned int *ret_order)
{
	u64 next = ALIGN(start + 1, SZ_1G);

	if (IS_ALIGNED(start, SZ_1G) && end - start >= SZ_1G) {
		*ret_order = PIECE_ORDER_1G;
		return ALIGN_DOWN(end, SZ_1G) - start;
	}
	*ret_order = PIECE_ORDER_2M;
	return next + SZ_1G <= end ? next - start : end - start;
}

static int piece_add(struct kbm_memory *memory, u64 start, u64 bytes, unsigned int order, u32 node)
{
	struct dev_pagemap *map = &memory->maps[memory->nr_maps];
	void *address;

	map->type = MEMORY_DEVICE_GENERIC;
	map->vmemmap_shift = order;
	map->nr_range = 1;
	map->range.start = start;
	map->range.end = start + bytes - 1;
	address = memremap_pages(map, node_online(node) ? node : NUMA_NO_NODE);
	if (IS_ERR(address))
		return PTR_ERR(address);
	memory->nr_maps++;
	return 0;
}

static int pieces_add(struct kbm_memory *memory, u32 node, bool base_pages)
{
	u64 start = memory->start;
	u64 end = start + memory->bytes;

	while (start < end) {
		unsigned int order = 0;
		u64 bytes = base_pages ? end - start : piece_bytes(start, end, &order);
		int ret = piece_add(memory, start, bytes, order, node);

		if (ret)
			return ret;
		start += bytes;
	}
	return 0;
}

static void pieces_remove(struct kbm_memory *memory)
{
	while (memory->nr_maps)
		memunmap_pages(&memory->maps[--memory->nr_maps]);
}

static struct kbm_memory *memory_add_locked(u64 start, u64 bytes, bool base_pages)
{
	const struct kbm_info_extent *grant = grant_of(start, bytes);
	struct kbm_memory *memory;
	int ret;

	if (!bytes || !IS_ALIGNED(start | bytes, KBM_EXTENT_ALIGN) || !grant)
		return ERR_PTR(-ENXIO);
	if (memory_taken(start, bytes))
		return ERR_PTR(-EBUSY);
	memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	memory->start = start;
	memory->bytes = bytes;
	ret = pieces_add(memory, grant->node, base_pages);
	if (ret) {
		pieces_remove(memory);
		kfree(memory);
		return ERR_PTR(ret);
	}
	list_add(&memory->all, &memories);
	return memory;
}

/**
 * kbm_memory_add() - give granted memory struct pages and a place in the
 * direct map
 * @start:	physical address, a multiple of KBM_EXTENT_ALIGN.
 * @bytes:	size, likewise.
 * @base_pages:	no compound pages.
 *
 * Return: the memory, to be given to kbm_memory_remove(); or an ERR_PTR:
 * -ENXIO if it is not granted, -EBUSY if part of it is another's, -ENOMEM.
 */
struct kbm_memory *kbm_memory_add(u64 start, u64 bytes, bool base_pages)
{
	guard(mutex)(&memories_lock);
	return memory_add_locked(start, bytes, base_pages);
}

/* Nobody uses it any more: see kbm_memory_in_use(). */
void kbm_memory_remove(struct kbm_memory *memory)
{
	guard(mutex)(&memories_lock);
	list_del(&memory->all);
	pieces_remove(memory);
	kfree(memory);
}

/**
 * kbm_memory_in_use() - does a page of this memory have a user?
 * @start:	of memory that was added.
 * @bytes:	of it.
 *
 * A page that is pinned, say by direct I/O, outlives its mapping.
 */
bool kbm_memory_in_use(u64 start, u64 bytes)
{
	unsigned long pfn = PHYS_PFN(start);
	unsigned long end = PHYS_PFN(start + bytes);

	while (pfn < end) {
		struct folio *folio = pfn_folio(pfn);

		if (folio_ref_count(folio) != 1)
			return true;
		pfn = folio_pfn(folio) + folio_nr_pages(folio);
	}
	return false;
}
