// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "ioctl_table.h"

#define RUN_BYTES	(3 * 4096)
#define MAX_GIVEN	8192

int __real_ioctl(int fd, unsigned long request, unsigned long argument);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);

static uint64_t state;
static int real;
static int given[MAX_GIVEN];
static unsigned int nr_given;

int kernel_open(void)
{
	const char *path = getenv("KBM_FUZZ_KVM");
	int fd;

	real = path && *path;
	fd = real ? open(path, O_RDWR | O_CLOEXEC) : memfd_create("kvm", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void kernel_seed(const uint8_t *data, size_t size)
{
	state = 0x9e3779b97f4a7c15ull;
	for (size_t i = 0; i < size; i++)
		state = (state ^ data[i]) * 0x100000001b3ull;
	state |= 1;
	nr_given = 0;
}

unsigned int kernel_descriptors(void)
{
	unsigned int open_ones = 0;

	for (unsigned int i = 0; i < nr_given; i++)
		open_ones += fcntl(given[i], F_GETFD) >= 0;
	return open_ones;
}

static int note(int fd)
{
	if (fd >= 0 && nr_given < MAX_GIVEN)
		given[nr_given++] = fd;
	return fd;
}

/* As large as a vCPU's run page, whatever it is. */
static int give_descriptor(void)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, RUN_BYTES) < 0)
		abort();
	return note(fd);
}

static void fill(void *memory, size_t bytes)
{
	uint64_t value;

	for (size_t i = 0; i + sizeof(value) <= bytes; i += sizeof(value)) {
		value = next();
		memcpy((uint8_t *)memory + i, &value, sizeof(value));
	}
}

/* An exit with any reason; ports and coalesced accesses most often. */
static int run(int vcpu)
{
	struct kvm_run *page = __real_mmap(NULL, RUN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
					   vcpu, 0);

	if (page == MAP_FAILED) {
		errno = EBADF;
		return -1;
	}
	fill(page, RUN_BYTES);
	page->exit_reason = next() % 4 ? KVM_EXIT_IO : (uint32_t)next() % 64;
	if (next() % 2) {
		page->io.data_offset = 4096 + next() % 4096;
		page->io.count = (uint32_t)next() % 4096;
		page->io.size = (uint8_t)(1u << next() % 3);
	}
	page->kvm_valid_regs = next() % 2;
	munmap(page, RUN_BYTES);
	return 0;
}

/* Writes as a kernel may: what the structure has room for. */
static int answer(const struct ioctl_row *row, unsigned long argument)
{
	static const int errors[] = { EINVAL, ENOMEM, E2BIG, EFAULT, EBADF, EINTR };

	if (next() % 4 == 0) {
		errno = errors[next() % (sizeof(errors) / sizeof(errors[0]))];
		return -1;
	}
	if (row->flags & ROW_OUT && row->size && !row->element && next() % 2)
		fill((void *)argument, row->size);
	return row->returns ? give_descriptor() : (int)(next() % 3);
}

static int unkind_ioctl(int fd, unsigned long request, unsigned long argument)
{
	const struct ioctl_row *row = ioctl_row(request);

	if (request == KVM_GET_VCPU_MMAP_SIZE)
		return RUN_BYTES;
	if (request == KVM_RUN)
		return run(fd);
	/* Not in the table: the twin's own. */
	return row ? answer(row, argument) : 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	const struct ioctl_row *row = ioctl_row(request);
	unsigned long argument;
	va_list list;
	int r;

	va_start(list, request);
	argument = va_arg(list, unsigned long);
	va_end(list);
	if (!real)
		return unkind_ioctl(fd, request, argument);
	if (request == KVM_RUN) {
		errno = EINTR;
		return -1;
	}
	r = __real_ioctl(fd, request, argument);
	return row && row->returns ? note(r) : r;
}

/*
 * The twin keeps the addresses of memory that it has let go of; the process of
 * the fuzzer is there for millions of sessions, and gives them back.
 */
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (flags & MAP_FIXED && protection == PROT_NONE) {
		munmap(address, bytes);
		return address;
	}
	/* A ring of dirtied pages, of which the file has nothing. */
	if (!real && offset == (off_t)KVM_DIRTY_LOG_PAGE_OFFSET * 4096) {
		address = __real_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (address != MAP_FAILED)
			fill(address, bytes);
		return address;
	}
	return __real_mmap(address, bytes, protection, flags, fd, offset);
}
