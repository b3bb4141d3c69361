// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client may rewrite its copy at any time. What it puts there KVM checks, as
 * it does for any user; nothing is used here but what the kernel's page says.
 */
#include "run_page.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/kvm.h>

#define PAGE		4096u
#define PORT_DATA	((size_t)KVM_PIO_PAGE_OFFSET * PAGE)
#define COALESCED	((size_t)KVM_COALESCED_MMIO_PAGE_OFFSET * PAGE)
#define COALESCED_MAX \
	((PAGE - sizeof(struct kvm_coalesced_mmio_ring)) / sizeof(struct kvm_coalesced_mmio))

/* The client's own bytes, then what an exit says, then the registers. */
#define EXIT_AT		offsetof(struct kvm_run, exit_reason)
#define REGISTERS_AT	offsetof(struct kvm_run, s)
#define VALID_AT	offsetof(struct kvm_run, kvm_valid_regs)
#define DIRTY_AT	offsetof(struct kvm_run, kvm_dirty_regs)

/**
 * struct run_vm
 * @refs:	of the VM and its vCPUs.
 * @nr_shared:	pages with a copy.
 * @memory:	the first one's copy, which gets the coalesced accesses; it stays
 *		while there are such pages.
 * @page_bytes:	what KVM has to map of each vCPU.
 * @dirty:	rings of dirtied pages of its vCPUs.
 */
struct run_vm {
	pthread_mutex_t lock;
	unsigned int refs;
	unsigned int nr_shared;
	struct transport *transport;
	uint8_t *memory;
	uint64_t bytes;
	uint64_t page_bytes;
	struct dirty_rings dirty;
};

/**
 * struct run_page
 * @kernel:	the mapping of the vCPU, @bytes.
 * @copy:	the client's; NULL until there is one.
 * @port_in:	bytes of port data, at @port_at, that the next KVM_RUN takes.
 * @lock:	held while the vCPU runs.
 */
struct run_page {
	struct run_vm *vm;
	struct dirty_ring *dirty;
	struct kvm_run *kernel;
	uint64_t bytes;
	struct transport *transport;
	uint8_t *copy;
	uint32_t port_in;
	uint32_t port_at;
	pthread_mutex_t lock;
};

struct run_vm *run_vm_new(int kvm)
{
	struct run_vm *vm = calloc(1, sizeof(*vm));
	int bytes = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (!vm)
		return NULL;
	vm->page_bytes = bytes > 0 ? (uint64_t)bytes : 0;
	vm->refs = 1;
	pthread_mutex_init(&vm->lock, NULL);
	dirty_rings_init(&vm->dirty);
	return vm;
}

struct dirty_rings *run_vm_dirty_rings(struct run_vm *vm)
{
	return &vm->dirty;
}

void run_vm_put(void *argument)
{
	struct run_vm *vm = argument;
	unsigned int left;

	if (!vm)
		return;
	pthread_mutex_lock(&vm->lock);
	left = --vm->refs;
	pthread_mutex_unlock(&vm->lock);
	if (left)
		return;
	dirty_rings_done(&vm->dirty);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

static void run_vm_get(struct run_vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->refs++;
	pthread_mutex_unlock(&vm->lock);
}

int run_page_new(struct run_vm *vm, int fd, struct run_page **ret_page)
{
	struct run_page *page = calloc(1, sizeof(*page));
	uint64_t bytes = vm->page_bytes;
	int r;

	if (!page)
		return -ENOMEM;
	page->kernel = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page->kernel == MAP_FAILED) {
		r = -errno;
		free(page);
		return r;
	}
	r = dirty_ring_new(&vm->dirty, fd, &page->dirty);
	if (r) {
		munmap(page->kernel, bytes);
		free(page);
		return r;
	}
	run_vm_get(vm);
	page->vm = vm;
	page->bytes = bytes;
	pthread_mutex_init(&page->lock, NULL);
	*ret_page = page;
	return 0;
}

/* The first copy outlives its page: the other vCPUs' clients map it, too. */
static void drop_copy(struct run_page *page)
{
	struct run_vm *vm = page->vm;

	pthread_mutex_lock(&vm->lock);
	if (page->copy != vm->memory)
		page->transport->ops->drop(page->transport, page->copy, page->bytes);
	if (!--vm->nr_shared) {
		vm->transport->ops->drop(vm->transport, vm->memory, vm->bytes);
		vm->memory = NULL;
	}
	pthread_mutex_unlock(&vm->lock);
}

void run_page_free(void *argument)
{
	struct run_page *page = argument;

	if (page->copy)
		drop_copy(page);
	dirty_ring_free(page->dirty);
	munmap(page->kernel, page->bytes);
	run_vm_put(page->vm);
	pthread_mutex_destroy(&page->lock);
	free(page);
}

static void set_first(struct run_vm *vm, const struct run_page *page)
{
	pthread_mutex_lock(&vm->lock);
	if (!vm->nr_shared++) {
		vm->transport = page->transport;
		vm->memory = page->copy;
		vm->bytes = page->bytes;
	}
	pthread_mutex_unlock(&vm->lock);
}

static int share_locked(struct run_page *page, struct transport *transport,
			const struct kbm_message *message, int fd)
{
	void *copy;
	int r;

	if (page->copy)
		return -EEXIST;
	if (message->size != page->bytes)
		return -EINVAL;
	r = transport->ops->take(transport, message, fd, &copy);
	if (r)
		return r;
	memcpy(copy, page->kernel, COALESCED);
	page->transport = transport;
	page->copy = copy;
	set_first(page->vm, page);
	return 0;
}

int run_page_share(struct run_page *page, struct transport *transport,
		   const struct kbm_message *message, int fd)
{
	int r;

	/* A vCPU that runs has its lock for as long: it may get no copy then. */
	if (pthread_mutex_trylock(&page->lock))
		return -EBUSY;
	r = share_locked(page, transport, message, fd);
	pthread_mutex_unlock(&page->lock);
	return r;
}

int run_page_share_dirty(struct run_page *page, struct transport *transport,
			 const struct kbm_message *message, int fd)
{
	return dirty_ring_share(page->dirty, transport, message, fd);
}

static void copy_in(struct run_page *page)
{
	uint8_t *kernel = (uint8_t *)page->kernel;

	memcpy(kernel, page->copy, REGISTERS_AT);
	if (page->kernel->kvm_dirty_regs)
		memcpy(kernel + REGISTERS_AT, page->copy + REGISTERS_AT,
		       sizeof(*page->kernel) - REGISTERS_AT);
	if (page->port_in)
		memcpy(kernel + page->port_at, page->copy + page->port_at, page->port_in);
	page->port_in = 0;
}

static void copy_port_data(struct run_page *page)
{
	const struct kvm_run *kernel = page->kernel;
	uint64_t bytes = (uint64_t)kernel->io.size * kernel->io.count, at = kernel->io.data_offset;

	if (at < PORT_DATA || at > COALESCED || bytes > COALESCED - at)
		return;
	if (kernel->io.direction == KVM_EXIT_IO_OUT) {
		memcpy(page->copy + at, (const uint8_t *)kernel + at, bytes);
		return;
	}
	page->port_at = (uint32_t)at;
	page->port_in = (uint32_t)bytes;
}

/* The client's own two bytes come before EXIT_AT. */
static void copy_out(struct run_page *page)
{
	const uint8_t *kernel = (const uint8_t *)page->kernel;

	memcpy(page->copy + EXIT_AT, kernel + EXIT_AT, VALID_AT - EXIT_AT);
	memcpy(page->copy + DIRTY_AT, kernel + DIRTY_AT, REGISTERS_AT - DIRTY_AT);
	if (page->kernel->kvm_valid_regs)
		memcpy(page->copy + REGISTERS_AT, kernel + REGISTERS_AT,
		       sizeof(*page->kernel) - REGISTERS_AT);
	if (page->kernel->exit_reason == KVM_EXIT_IO)
		copy_port_data(page);
}

static struct kvm_coalesced_mmio_ring *coalesced_ring(void *page)
{
	return (struct kvm_coalesced_mmio_ring *)((uint8_t *)page + COALESCED);
}

/*
 * What does not fit stays in the kernel's ring, in order. Both of the client's
 * indices count: between calls it may set them anew.
 */
static void move_coalesced(struct kvm_coalesced_mmio_ring *from,
			   struct kvm_coalesced_mmio_ring *to)
{
	const uint32_t size = COALESCED_MAX;
	uint32_t first = __atomic_load_n(&to->first, __ATOMIC_ACQUIRE) % size;
	uint32_t last = __atomic_load_n(&to->last, __ATOMIC_RELAXED) % size;
	uint32_t end = __atomic_load_n(&from->last, __ATOMIC_ACQUIRE) % size;
	uint32_t at = from->first % size;

	while (at != end && (last + 1) % size != first) {
		to->coalesced_mmio[last] = from->coalesced_mmio[at];
		at = (at + 1) % size;
		last = (last + 1) % size;
	}
	__atomic_store_n(&to->last, last, __ATOMIC_RELEASE);
	__atomic_store_n(&from->first, at, __ATOMIC_RELEASE);
}

static void drain_coalesced(const struct run_page *page)
{
	struct run_vm *vm = page->vm;
	struct kvm_coalesced_mmio_ring *from = coalesced_ring(page->kernel);

	if (page->bytes < COALESCED + PAGE || from->first == from->last)
		return;
	pthread_mutex_lock(&vm->lock);
	if (vm->memory)
		move_coalesced(from, coalesced_ring(vm->memory));
	pthread_mutex_unlock(&vm->lock);
}

void run_page_begin(struct run_page *page)
{
	pthread_mutex_lock(&page->lock);
	page->kernel->immediate_exit = 0;
	if (!page->copy)
		return;
	drain_coalesced(page);
	copy_in(page);
}

void run_page_exit_at_once(struct run_page *page)
{
	page->kernel->immediate_exit = 1;
}

void run_page_end(struct run_page *page)
{
	if (page->copy) {
		drain_coalesced(page);
		copy_out(page);
	}
	dirty_ring_publish(page->dirty);
	pthread_mutex_unlock(&page->lock);
}
