// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: what a session's file may map. That is the session's own memory,
 * its first two pages read-only, and the extents that the host has lent to the
 * session: it names them in the session's second page.
 */

#include <linux/mm.h>
#include <linux/pfn_t.h>

#include "channel.h"

static bool inside(u64 outer, u64 outer_bytes, u64 start, u64 bytes)
{
	return start >= outer && bytes <= outer_bytes && start - outer <= outer_bytes - bytes;
}

static pfn_t fault_pfn(const struct vm_fault *fault)
{
	return __pfn_to_pfn_t(fault->pgoff, PFN_DEV | PFN_MAP);
}

/* Pages of the session that user space only reads: words and addresses in
 * them are what the driver vouches for.
 */
static bool is_guarded(const struct vm_fault *fault)
{
	struct kbm_session *session = fault->vma->vm_private_data;

	return ((u64)fault->pgoff << PAGE_SHIFT) - session->start < KBM_SESSION_DATA;
}

static vm_fault_t session_fault(struct vm_fault *fault)
{
	if (!(fault->flags & FAULT_FLAG_WRITE))
		return vmf_insert_mixed(fault->vma, fault->address, fault_pfn(fault));
	if (is_guarded(fault))
		return VM_FAULT_SIGBUS;
	return vmf_insert_mixed_mkwrite(fault->vma, fault->address, fault_pfn(fault));
}

/* That it exists makes each page be mapped read-only until it is written to. */
static vm_fault_t session_write(struct vm_fault *fault)
{
	return is_guarded(fault) ? VM_FAULT_SIGBUS : 0;
}

static const struct vm_operations_struct session_operations = {
	.fault = session_fault,
	.pfn_mkwrite = session_write,
};

static vm_fault_t extent_fault(struct vm_fault *fault)
{
	return vmf_insert_mixed(fault->vma, fault->address, fault_pfn(fault));
}

static vm_fault_t extent_huge_fault(struct vm_fault *fault, unsigned int order)
{
	struct vm_area_struct *vma = fault->vma;
	unsigned long address = fault->address & PMD_MASK;
	unsigned long pfn = fault->pgoff - ((fault->address - address) >> PAGE_SHIFT);

	if (order != PMD_ORDER || address < vma->vm_start || address + PMD_SIZE > vma->vm_end ||
	    !IS_ALIGNED(pfn, PTRS_PER_PMD))
		return VM_FAULT_FALLBACK;
	return vmf_insert_pfn_pmd(fault, __pfn_to_pfn_t(pfn, PFN_DEV | PFN_MAP),
				  vma->vm_flags & VM_WRITE);
}

static const struct vm_operations_struct extent_operations = {
	.fault = extent_fault,
	.huge_fault = extent_huge_fault,
};

static bool find_extent(const struct kbm_session *session, u64 start, u64 bytes,
			struct kbm_session_extent *ret_extent)
{
	/* Pairs with the host's release: entries come before their count. */
	u32 nr = min_t(u32, smp_load_acquire(&session->host->nr_extents), KBM_SESSION_EXTENTS);

	for (u32 i = 0; i < nr; i++) {
		struct kbm_session_extent extent = {
			.start = READ_ONCE(session->host->extents[i].start),
			.bytes = READ_ONCE(session->host->extents[i].bytes),
		};

		if (inside(extent.start, extent.bytes, start, bytes)) {
			*ret_extent = extent;
			return true;
		}
	}
	return false;
}

static bool has_pages(struct kbm_session *session, u64 start, u64 bytes)
{
	struct kbm_memory *memory;

	list_for_each_entry(memory, &session->memories, list) {
		if (inside(memory->start, memory->bytes, start, bytes))
			return true;
	}
	return false;
}

static int extent_add(struct kbm_session *session, const struct kbm_session_extent *extent)
{
	struct kbm_memory *memory =
		kbm_memory_add(extent->start, extent->bytes, /* base_pages= */ false);

	if (IS_ERR(memory)) {
		kbm_error_set(session->error,
			      "the 0x%llx bytes at 0x%llx, which the host names, cannot be used (error %ld): not granted, in use by another session, or no memory for their page structures",
			      extent->bytes, extent->start, PTR_ERR(memory));
		return PTR_ERR(memory);
	}
	list_add(&memory->list, &session->memories);
	return 0;
}

/**
 * kbm_session_reach() - see to it that some memory has struct pages
 * @session:	whose extent it must lie in.
 * @start:	physical address.
 * @bytes:	size.
 *
 * Return: 0; -ENXIO if it is not in one extent of the session; other errors of
 * kbm_memory_add().
 */
int kbm_session_reach(struct kbm_session *session, u64 start, u64 bytes)
{
	struct kbm_session_extent extent;

	guard(mutex)(&session->lock);
	/* What has pages stays ours until the session's end. */
	if (has_pages(session, start, bytes))
		return 0;
	if (!find_extent(session, start, bytes, &extent)) {
		kbm_error_set(session->error,
			      "0x%llx bytes at 0x%llx are not in one extent lent to this session",
			      bytes, start);
		return -ENXIO;
	}
	return extent_add(session, &extent);
}

/**
 * kbm_session_map() - mmap() of a session's file
 * @session:	the session.
 * @vma:	its offset is a physical address.
 *
 * Return: 0 or a negative errno; the file knows the reason.
 */
int kbm_session_map(struct kbm_session *session, struct vm_area_struct *vma)
{
	u64 start = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 bytes = vma->vm_end - vma->vm_start;
	int ret;

	if (!(vma->vm_flags & VM_SHARED)) {
		kbm_error_set(session->error,
			      "memory at 0x%llx can only be mapped with MAP_SHARED", start);
		return -EINVAL;
	}
	if (inside(session->start, session->bytes, start, bytes)) {
		vma->vm_ops = &session_operations;
		vma->vm_private_data = session;
	} else {
		ret = kbm_session_reach(session, start, bytes);
		if (ret)
			return ret;
		vma->vm_ops = &extent_operations;
	}
	vm_flags_set(vma, VM_MIXEDMAP | VM_HUGEPAGE | VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	return 0;
}
