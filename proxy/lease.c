// SPDX-License-Identifier: GPL-2.0-or-later
#include "lease.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <asm/kbm.h>
#include <asm/kbm_channel.h>

#include "status_page.h"

struct extent {
	uint64_t start;
	uint64_t bytes;
	uint8_t *address;
};

struct lease {
	int fd;
	struct kbm_session_host *page;
	pthread_mutex_t lock;
	unsigned int nr_extents;
	unsigned int nr_cpus;
	struct extent extents[KBM_SESSION_EXTENTS];
};

struct lease *lease_new(int fd, struct kbm_session_host *page)
{
	struct lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->fd = fd;
	lease->page = page;
	pthread_mutex_init(&lease->lock, NULL);
	return lease;
}

/* Addresses stay taken: a slot of a VM may still be there. See handles.c. */
static void unmap(const struct extent *extent)
{
	if (mmap(extent->address, extent->bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
		return;
}

void lease_free(void *argument)
{
	struct lease *lease = argument;

	for (unsigned int i = 0; i < lease->nr_extents; i++)
		unmap(&lease->extents[i]);
	pthread_mutex_destroy(&lease->lock);
	free(lease);
}

/* Entries first, then how many: the control BM's driver reads while this writes. */
static void tell_extent(struct lease *lease, const struct extent *extent)
{
	struct kbm_session_host *page = lease->page;

	if (!page)
		return;
	page->extents[lease->nr_extents - 1] = (struct kbm_session_extent){
		.start = extent->start, .bytes = extent->bytes,
	};
	__atomic_store_n(&page->nr_extents, lease->nr_extents, __ATOMIC_RELEASE);
}

static int lend_memory(struct lease *lease, struct kbm_lend_memory *memory)
{
	struct extent *extent = &lease->extents[lease->nr_extents];
	void *address;

	if (lease->nr_extents == KBM_SESSION_EXTENTS)
		return -ENOSPC;
	if (ioctl(lease->fd, KBM_LEND_MEMORY, memory) < 0)
		return -errno;
	address = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, lease->fd,
		       (off_t)memory->start);
	/* It stays lent, of no use, until the session ends. */
	if (address == MAP_FAILED)
		return -errno;
	*extent = (struct extent){ memory->start, memory->bytes, address };
	lease->nr_extents++;
	status_add_lent_memory(memory->bytes);
	tell_extent(lease, extent);
	return 0;
}

static int lend_cpu(struct lease *lease, struct kbm_lend_cpu *cpu)
{
	if (lease->nr_cpus == KBM_SESSION_CPUS)
		return -ENOSPC;
	if (ioctl(lease->fd, KBM_LEND_CPU, cpu) < 0)
		return -errno;
	lease->nr_cpus++;
	status_add_cpu(cpu->apic_id);
	if (lease->page) {
		lease->page->apic_ids[lease->nr_cpus - 1] = cpu->apic_id;
		__atomic_store_n(&lease->page->nr_cpus, lease->nr_cpus, __ATOMIC_RELEASE);
	}
	return 0;
}

int lease_ioctl(struct lease *lease, unsigned long request, void *argument)
{
	int r;

	pthread_mutex_lock(&lease->lock);
	if (request == KBM_LEND_MEMORY)
		r = lend_memory(lease, argument);
	else if (request == KBM_LEND_CPU)
		r = lend_cpu(lease, argument);
	else
		r = ioctl(lease->fd, request, argument) < 0 ? -errno : 0;
	pthread_mutex_unlock(&lease->lock);
	return r;
}

void *lease_address(struct lease *lease, uint64_t start, uint64_t bytes)
{
	void *address = NULL;

	pthread_mutex_lock(&lease->lock);
	for (unsigned int i = 0; !address && i < lease->nr_extents; i++) {
		const struct extent *extent = &lease->extents[i];

		if (start >= extent->start && bytes <= extent->bytes &&
		    start - extent->start <= extent->bytes - bytes)
			address = extent->address + (start - extent->start);
	}
	pthread_mutex_unlock(&lease->lock);
	return address;
}
