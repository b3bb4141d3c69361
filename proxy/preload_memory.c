// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mappings of the VMM. Memory that the twin has, too, is shared memory, whatever
 * the VMM made it: calls that mean private memory have to do the same to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "client.h"
#include "preload.h"
#include "preload_areas.h"

#define PAGE	4096ul

void preload_piece_of(uint64_t *start, uint64_t *bytes)
{
	areas_widen(start, bytes);
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) & ~(PAGE - 1);
}

static bool is_zero_device(int fd)
{
	struct stat status;

	return !fstat(fd, &status) && S_ISCHR(status.st_mode) &&
	       status.st_rdev == makedev(1, 5);
}

/* New zero pages in place of some that the twin has: it gets them, too. */
static bool renew(void *address, size_t bytes, int protection, int flags, int fd)
{
	struct client *client = preload_client();

	if (!client || !(flags & MAP_FIXED) || !(flags & MAP_PRIVATE) ||
	    !(flags & MAP_ANONYMOUS || is_zero_device(fd)) ||
	    !client_owns_memory(client, address, whole_pages(bytes)))
		return false;
	client_discard_memory(client, address, whole_pages(bytes));
	return !mprotect(address, whole_pages(bytes), protection);
}

static void forget(const void *address, size_t bytes)
{
	if (preload_client())
		client_forget_memory(preload_client(), address, bytes);
	areas_remove((uintptr_t)address, whole_pages(bytes));
}

static void *map_vcpu(uint32_t handle, void *address, size_t bytes, int protection, int flags,
		      off_t offset)
{
	void *mapped;
	int r;

	if (handle == HANDLE_STALE)
		return (void *)preload_result(-EIO);
	r = client_mmap(preload_client(), handle, address, bytes, protection, flags, offset,
			&mapped);
	return r ? (void *)preload_result(r) : mapped;
}

EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	uint32_t handle = flags & MAP_ANONYMOUS ? 0 : preload_handle_of(fd);
	void *mapped;

	if (renew(address, bytes, protection, flags, fd))
		return address;
	if (flags & MAP_FIXED)
		forget(address, bytes);
	if (handle)
		return map_vcpu(handle, address, bytes, protection, flags, offset);
	mapped = (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
	if (mapped != MAP_FAILED && flags & MAP_PRIVATE && flags & MAP_ANONYMOUS)
		areas_add((uintptr_t)mapped, whole_pages(bytes));
	return mapped;
}

EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

EXPORT int munmap(void *address, size_t bytes)
{
	if (bytes && !((uintptr_t)address % PAGE)) {
		if (preload_client())
			client_discard_memory(preload_client(), address, whole_pages(bytes));
		forget(address, bytes);
	}
	return (int)syscall(SYS_munmap, address, bytes);
}

EXPORT int madvise(void *address, size_t bytes, int advice)
{
	bool drops = advice == MADV_DONTNEED || advice == MADV_FREE;

	/* To drop pages of shared memory is no more than to unmap them. */
	if (drops && !((uintptr_t)address % PAGE) && preload_client() &&
	    client_discard_memory(preload_client(), address, whole_pages(bytes)))
		advice = MADV_DONTNEED;
	return (int)syscall(SYS_madvise, address, bytes, advice);
}

/* The twin's memory cannot grow or move: what replaces it is private again. */
static void *move_owned(void *address, size_t bytes, size_t wanted, int flags, void *where)
{
	int fixed = flags & MREMAP_FIXED ? MAP_FIXED : 0;
	void *moved;

	if (!(flags & MREMAP_MAYMOVE))
		return (void *)preload_result(-ENOMEM);
	moved = mmap(fixed ? where : NULL, wanted, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
	if (moved == MAP_FAILED)
		return moved;
	memcpy(moved, address, bytes < wanted ? bytes : wanted);
	munmap(address, bytes);
	return moved;
}

EXPORT void *mremap(void *address, size_t bytes, size_t wanted, int flags, ...)
{
	struct client *client = preload_client();
	void *where, *moved;
	va_list list;

	va_start(list, flags);
	where = va_arg(list, void *);
	va_end(list);
	if (client && bytes && client_owns_memory(client, address, bytes) &&
	    (wanted > bytes || flags & MREMAP_FIXED))
		return move_owned(address, bytes, wanted, flags, where);
	if (wanted < bytes && !(flags & MREMAP_FIXED))
		forget((uint8_t *)address + whole_pages(wanted), bytes - whole_pages(wanted));
	if (flags & MREMAP_FIXED)
		forget(where, wanted);
	moved = (void *)syscall(SYS_mremap, address, bytes, wanted, flags, where);
	if (moved != MAP_FAILED && moved != address)
		forget(address, bytes);
	return moved;
}
