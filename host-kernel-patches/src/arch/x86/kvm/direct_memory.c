// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of direct guests: which slots they may have, and nested tables
 * that map these slots, each page at its own address.
 */

#include <linux/kvm_host.h>
#include <linux/mm.h>

#include <asm/kbm.h>

#include "direct.h"

/* Whether a slot's host addresses map the physical addresses of the guest. */
static bool slot_is_identity(struct kbm_lease *lease, const struct kvm_memory_slot *slot)
{
	unsigned long start = slot->userspace_addr;
	unsigned long end = start + (slot->npages << PAGE_SHIFT);
	unsigned long address = start;
	bool same = true;

	mmap_read_lock(current->mm);
	while (same && address < end) {
		struct vm_area_struct *vma = vma_lookup(current->mm, address);
		unsigned long gfn = slot->base_gfn + ((address - start) >> PAGE_SHIFT);

		same = vma && kbm_lease_maps(lease, vma) && (vma->vm_flags & VM_WRITE) &&
		       vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT) == gfn;
		if (same)
			address = vma->vm_end;
	}
	mmap_read_unlock(current->mm);
	return same;
}

/**
 * kvm_direct_check_slot() - refuse memory that is not the guest's own
 * @kvm:	the VM.
 * @slot:	the slot as it would become.
 * @change:	what happens to it.
 *
 * Called under slots_lock.
 */
int kvm_direct_check_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
			  enum kvm_mr_change change)
{
	struct kvm_direct *direct = kvm->arch.direct;
	u64 start, bytes;

	if (!kvm_is_direct(kvm))
		return 0;
	if (!direct)
		return -EINVAL;
	if (change == KVM_MR_DELETE)
		return direct->ran ? -EBUSY : 0;

	start = slot->base_gfn << PAGE_SHIFT;
	bytes = slot->npages << PAGE_SHIFT;
	if (direct->ran) {
		kbm_lease_error(
			direct->lease,
			"memory slots of a guest that has run cannot change (0x%llx bytes at 0x%llx)",
			bytes, start);
		return -EBUSY;
	}
	if (slot->flags) {
		kbm_lease_error(
			direct->lease,
			"memory slot at 0x%llx has flags 0x%x; a direct guest's memory can be neither logged nor read-only",
			start, slot->flags);
		return -EINVAL;
	}
	if (!kbm_lease_owns(direct->lease, start, bytes) ||
	    !slot_is_identity(direct->lease, slot)) {
		kbm_lease_error(
			direct->lease,
			"memory slot of 0x%llx bytes at 0x%llx is not lent memory mapped at its own address",
			bytes, start);
		return -EINVAL;
	}
	return 0;
}

/* One page of identity tables, empty. */
static u64 *table_new(struct kvm_direct *direct)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!page)
		return NULL;
	list_add(&page->lru, &direct->tables);
	return page_address(page);
}

static u64 *table_below(struct kvm_direct *direct, u64 *entry, u64 flags)
{
	u64 *table;

	if (*entry)
		return __va(*entry & PHYSICAL_PAGE_MASK);
	table = table_new(direct);
	if (table)
		*entry = __pa(table) | flags;
	return table;
}

/*
 * Maps the largest page that fits at an address; level 1 is 4 KiB, 3 is 1 GiB.
 * Returns its size or a negative errno.
 */
static s64 map_one(struct kvm_direct *direct, u64 address, u64 bytes, u64 table_flags,
		   u64 leaf_flags)
{
	u64 *table = __va(direct->nested_root);

	for (int level = pgtable_l5_enabled() ? 5 : 4; table; level--) {
		unsigned int shift = PAGE_SHIFT + 9 * (level - 1);
		u64 size = BIT_ULL(shift);
		u64 *entry = &table[(address >> shift) & 511];

		if (level == 1 ||
		    (level <= 3 && !*entry && IS_ALIGNED(address, size) && bytes >= size &&
		     (level == 2 || boot_cpu_has(X86_FEATURE_GBPAGES)))) {
			*entry = address | leaf_flags | (level > 1 ? _PAGE_PSE : 0);
			return size;
		}
		table = table_below(direct, entry, table_flags);
	}
	return -ENOMEM;
}

/* The flags of the entries: see kvm_direct_map_identity(). */
struct entry_flags {
	u64 table;
	u64 leaf;
};

static int map_range(struct kvm_direct *direct, u64 start, u64 bytes,
		     const struct entry_flags *flags)
{
	u64 end = start + bytes;

	while (start < end) {
		s64 size = map_one(direct, start, end - start, flags->table, flags->leaf);

		if (size < 0)
			return size;
		start += size;
	}
	return 0;
}

static int map_slots(struct kvm *kvm, const struct entry_flags *flags)
{
	struct kvm_memory_slot *slot;
	int bucket, ret;

	kvm_for_each_memslot(slot, bucket, kvm_memslots(kvm)) {
		ret = map_range(kvm->arch.direct, slot->base_gfn << PAGE_SHIFT,
				slot->npages << PAGE_SHIFT, flags);
		if (ret)
			return ret;
	}
	return 0;
}

/* All that is set aside for lending: the slots are part of it. */
static int map_regions(struct kvm_direct *direct, const struct entry_flags *flags)
{
	struct kbm_region_info region;
	int ret;

	for (unsigned int i = 0; kbm_memory_region(i, &region); i++) {
		ret = map_range(direct, region.start, region.bytes, flags);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * kvm_direct_map_identity() - build nested tables of what the guest may reach
 * @kvm:		the VM; under slots_lock.
 * @table_flags:	bits of each entry that points to a table.
 * @leaf_flags:		bits of each entry that maps memory.
 *
 * That is its slots; for the control BM, all memory that is set aside.
 *
 * Return: 0 or -ENOMEM; the root is in struct kvm_direct.
 */
int kvm_direct_map_identity(struct kvm *kvm, u64 table_flags, u64 leaf_flags)
{
	const struct entry_flags flags = { .table = table_flags, .leaf = leaf_flags };
	struct kvm_direct *direct = kvm->arch.direct;
	u64 *root = table_new(direct);

	if (!root)
		return -ENOMEM;
	direct->nested_root = __pa(root);
	if (kbm_lease_granted(direct->lease))
		return map_regions(direct, &flags);
	return map_slots(kvm, &flags);
}
EXPORT_SYMBOL_GPL(kvm_direct_map_identity);

/* Also after a failure in the middle. */
void kvm_direct_free_tables(struct kvm_direct *direct)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &direct->tables, lru)
		__free_page(page);
	INIT_LIST_HEAD(&direct->tables);
	direct->nested_root = 0;
}
