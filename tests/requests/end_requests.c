/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KBM_END_LEASE: refused while the lease is in use; then nothing of it is left, nor can be. */
#include "request.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asm/kbm.h>
#include <asm/kbm_guest.h>
#include <linux/kvm.h>

#include "cleanup.h"
#include "lease.h"

#define EXTENT		(2UL << 20)
#define PAGE		4096UL
#define RACES		10

static int open_lease(void)
{
	int fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int end_lease(int fd)
{
	return call(fd, KBM_END_LEASE, NULL);
}

static int lend_extent(int fd, uint64_t start, uint32_t flags, uint64_t *ret_start)
{
	struct kbm_lend_memory request = {
		.bytes = EXTENT, .start = start, .flags = flags | KBM_MEMORY_ANY_NODE,
	};
	int r = call(fd, KBM_LEND_MEMORY, &request);

	if (!r)
		*ret_start = request.start;
	return r;
}

static int lend_cpu(int fd, unsigned int cpu)
{
	struct kbm_lend_cpu request = { .cpu = cpu };

	return call(fd, KBM_LEND_CPU, &request);
}

static uint8_t *map_extent(int fd, uint64_t start)
{
	return mmap(NULL, EXTENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)start);
}

/* The error, if the file says that word of it; else another one. */
static int with_reason(int fd, int error, const char *word)
{
	char reason[256];

	lease_reason(fd, reason, sizeof(reason));
	if (strstr(reason, word))
		return error;
	printf("     \"%s\" does not say \"%s\"\n", reason, word);
	return -EBADMSG;
}

static int end_of_a_vm(const struct setting *setting)
{
	return with_reason(setting->lease_fd, end_lease(setting->lease_fd), "a VM uses");
}

/* A part of a mapping is one, too; and another process may have it. */
static int end_of_a_mapping(const struct setting *setting)
{
	cleanup_close int fd = open_lease(), copy = dup(fd);
	uint64_t start;
	int r = lend_extent(fd, 0, 0, &start);
	uint8_t *memory = r ? MAP_FAILED : map_extent(fd, start);

	(void)setting;
	if (memory == MAP_FAILED)
		return r ? r : -errno;
	munmap(memory + EXTENT / 2, PAGE);
	munmap(memory, EXTENT / 2);
	r = with_reason(copy, end_lease(copy), "1 mappings");
	munmap(memory + EXTENT / 2 + PAGE, EXTENT / 2 - PAGE);
	return end_lease(fd) ? -EBADE : r;
}

static int end_without_right(const struct setting *setting)
{
	return call_without_right(setting->other_lease_fd, KBM_END_LEASE);
}

static int tie(const struct setting *setting, int fd)
{
	cleanup_close int vm = call(setting->kvm_fd, KVM_CREATE_VM, (void *)KVM_X86_DIRECT_VM);
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_DIRECT, .args = { (uint64_t)fd, KBM_MODE_WALLED },
	};

	return vm < 0 ? vm : call(vm, KVM_ENABLE_CAP, &cap);
}

/* A lease that has been ended, with a CPU and memory of its own before. */
static int ended_lease(const struct setting *setting, uint64_t *ret_start)
{
	cleanup_close int fd = open_lease();
	int r = lend_cpu(fd, setting->free_cpu);

	if (!r)
		r = lend_extent(fd, 0, 0, ret_start);
	if (!r)
		r = end_lease(fd);
	return r ? r : dup(fd);
}

static bool is_gone(int fd, int result, const char *what)
{
	if (with_reason(fd, result, "ended") == -ENODEV)
		return true;
	printf("     %s: %d\n", what, result);
	return false;
}

/* -ENODEV if all calls are. */
static int use_after_end(const struct setting *setting)
{
	struct kbm_doorbell bell = { .eventfd = -1 };
	struct kbm_host_info info;
	struct kbm_regions regions;
	uint64_t start = 0, word = 0;
	cleanup_close int fd = ended_lease(setting, &start);
	bool gone;

	if (fd < 0)
		return fd;
	gone = is_gone(fd, call(fd, KBM_GET_HOST_INFO, &info), "host info");
	gone &= is_gone(fd, lend_cpu(fd, setting->free_cpu), "lend a CPU");
	gone &= is_gone(fd, lend_extent(fd, 0, 0, &start), "lend memory");
	bell.word = start;
	gone &= is_gone(fd, call(fd, KBM_DOORBELL, &bell), "doorbell");
	gone &= is_gone(fd, call(fd, KBM_SEND_DOORBELL, &word), "ring");
	gone &= is_gone(fd, call(fd, KBM_GET_REGIONS, &regions), "regions");
	gone &= is_gone(fd, call(fd, KBM_GRANT_ALL, NULL), "grant all");
	gone &= is_gone(fd, map_extent(fd, start) == MAP_FAILED ? -errno : 0, "map");
	gone &= is_gone(fd, tie(setting, fd), "tie a VM");
	gone &= is_gone(fd, end_lease(fd), "end");
	return gone ? -ENODEV : -EBADE;
}

/* Interrupts of the host that are doorbells. */
static int count_doorbells(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[4096];
	int nr = 0;

	while (file && fgets(line, sizeof(line), file))
		nr += strstr(line, "KBM-DOORBELL") != NULL;
	if (file)
		fclose(file);
	return nr;
}

static bool is_zero(const uint8_t *memory)
{
	return !memory[0] && !memcmp(memory, memory + 1, EXTENT - 1);
}

/* A CPU, memory that is written to, and a doorbell in it. */
static int lend_all(const struct setting *setting, int fd, uint64_t *ret_start)
{
	cleanup_close int event = eventfd(0, EFD_CLOEXEC);
	int r = lend_cpu(fd, setting->free_cpu);
	struct kbm_doorbell bell = { .eventfd = event };
	uint8_t *memory;

	if (!r)
		r = lend_extent(fd, 0, 0, ret_start);
	memory = r ? MAP_FAILED : map_extent(fd, *ret_start);
	if (memory == MAP_FAILED)
		return r ? r : -errno;
	memset(memory, 0x5a, EXTENT);
	munmap(memory, EXTENT);
	bell.word = *ret_start;
	return call(fd, KBM_DOORBELL, &bell);
}

/* Takes the same; it must be free, and clean. */
static int lend_again(const struct setting *setting, int fd, uint64_t start)
{
	int r = lend_cpu(fd, setting->free_cpu);
	uint8_t *memory;

	if (!r)
		r = lend_extent(fd, start, KBM_MEMORY_FIXED, &start);
	memory = r ? MAP_FAILED : map_extent(fd, start);
	if (memory == MAP_FAILED)
		return r ? r : -errno;
	r = is_zero(memory) ? 0 : -EUCLEAN;
	munmap(memory, EXTENT);
	return r;
}

/* The descriptor and a copy of it stay open, in this process and in another. */
static int end_frees_at_once(const struct setting *setting)
{
	int doorbells = count_doorbells();
	cleanup_close int fd = open_lease(), copy = dup(fd), next = open_lease();
	uint64_t start = 0;
	int r = lend_all(setting, fd, &start);
	pid_t holder = r ? -1 : fork();

	if (!holder) {
		pause();
		_exit(0);
	}
	if (!r)
		r = end_lease(copy);
	if (!r && count_doorbells() != doorbells)
		r = -EBADE;
	if (!r)
		r = lend_again(setting, next, start);
	if (!r)
		r = end_lease(next);
	if (holder > 0) {
		kill(holder, SIGKILL);
		waitpid(holder, NULL, 0);
	}
	return r;
}

struct racer {
	const struct setting *setting;
	int fd;
	uint64_t start;
	atomic_int error;	/* of the use that failed */
};

/* Writes to the memory, and ties VMs to the lease, until either fails. */
static void *use_until_end(void *argument)
{
	struct racer *racer = argument;
	int r = 0;

	while (!r) {
		uint8_t *memory = map_extent(racer->fd, racer->start);

		if (memory == MAP_FAILED) {
			r = -errno;
			break;
		}
		memset(memory, 0x5a, PAGE);
		munmap(memory, EXTENT);
		r = tie(racer->setting, racer->fd);
	}
	racer->error = r;
	return NULL;
}

static int end_when_unused(int fd)
{
	int r;

	do
		r = end_lease(fd);
	while (r == -EBUSY);
	return r;
}

/* While a thread uses it: what it gets after the end is no memory of the next lease. */
static int race_once(const struct setting *setting, useconds_t delay)
{
	cleanup_close int fd = open_lease(), next = open_lease();
	struct racer racer = { .setting = setting, .fd = fd };
	uint8_t *memory = MAP_FAILED;
	pthread_t thread;
	uint64_t start;
	int r = lend_extent(fd, 0, 0, &racer.start);

	if (r || pthread_create(&thread, NULL, use_until_end, &racer))
		return r ? r : -EAGAIN;
	usleep(delay);
	r = end_when_unused(fd);
	if (!r)
		r = lend_extent(next, racer.start, KBM_MEMORY_FIXED, &start);
	if (!r)
		memory = map_extent(next, start);
	pthread_join(thread, NULL);
	if (memory == MAP_FAILED)
		return r ? r : -errno;
	r = !is_zero(memory) ? -EUCLEAN : racer.error == -ENODEV ? 0 : racer.error;
	munmap(memory, EXTENT);
	return r;
}

static int end_against_use(const struct setting *setting)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < RACES; i++)
		r = race_once(setting, i * 2000);
	return r;
}

const struct request end_requests[] = {
	{ "end a VM's lease", end_of_a_vm, { EBUSY }, NULL },
	{ "end a lease that is mapped", end_of_a_mapping, { EBUSY }, NULL },
	{ "end a lease without the right", end_without_right, { EPERM }, NULL },
	{ "use a lease that has ended", use_after_end, { ENODEV }, NULL },
	{ "end a lease of which there are copies", end_frees_at_once, { 0 }, NULL },
	{ "end a lease while a thread uses it", end_against_use, { 0 }, NULL },
	{}
};
