/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "request.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <asm/kbm.h>
#include <asm/kbm_guest.h>

#include "cleanup.h"

static int lend_cpu(int fd, unsigned int cpu, unsigned int reserved)
{
	struct kbm_lend_cpu request = { .cpu = cpu, .reserved = reserved };

	return call(fd, KBM_LEND_CPU, &request);
}

static int cpu_0(const struct setting *setting)
{
	return lend_cpu(setting->lease_fd, 0, 0);
}

static int cpu_absent(const struct setting *setting)
{
	return lend_cpu(setting->lease_fd, 4000, 0);
}

static int cpu_huge(const struct setting *setting)
{
	return lend_cpu(setting->lease_fd, 0xffffffff, 0);
}

static int cpu_lent_here(const struct setting *setting)
{
	return lend_cpu(setting->lease_fd, setting->lent_cpu, 0);
}

static int cpu_lent_elsewhere(const struct setting *setting)
{
	return lend_cpu(setting->other_lease_fd, setting->lent_cpu, 0);
}

static int cpu_reserved(const struct setting *setting)
{
	return lend_cpu(setting->lease_fd, setting->free_cpu, 1);
}

static int cpu_no_address(const struct setting *setting)
{
	return call(setting->lease_fd, KBM_LEND_CPU, NULL);
}

static int info_no_address(const struct setting *setting)
{
	return call(setting->lease_fd, KBM_GET_HOST_INFO, (void *)-4096L);
}

static int unknown_ioctl(const struct setting *setting)
{
	return call(setting->lease_fd, _IO(KBM_IOCTL, 0x7f), NULL);
}

static int wrong_size_ioctl(const struct setting *setting)
{
	uint64_t argument[8] = {};

	return call(setting->lease_fd, _IOWR(KBM_IOCTL, 0x01, argument), argument);
}

const struct request lease_requests[] = {
	{ "lend CPU 0", cpu_0, { EINVAL }, "0" },
	{ "lend an absent CPU", cpu_absent, { ENODEV }, "4000" },
	{ "lend CPU 2^32 - 1", cpu_huge, { ENODEV }, "4294967295" },
	{ "lend a CPU twice", cpu_lent_here, { EBUSY }, "lent" },
	{ "lend another lease's CPU", cpu_lent_elsewhere, { EBUSY }, "lent" },
	{ "lend a CPU, reserved field set", cpu_reserved, { EINVAL }, "reserved" },
	{ "lend a CPU, null pointer", cpu_no_address, { EFAULT }, NULL },
	{ "host info, bad pointer", info_no_address, { EFAULT }, NULL },
	{ "unknown ioctl", unknown_ioctl, { ENOTTY }, NULL },
	{ "ioctl of another size", wrong_size_ioctl, { ENOTTY }, NULL },
	{}
};

static int lend_memory(int fd, uint64_t bytes, uint64_t start, uint32_t node, uint32_t flags)
{
	struct kbm_lend_memory request = {
		.bytes = bytes, .start = start, .node = node, .flags = flags,
	};

	return call(fd, KBM_LEND_MEMORY, &request);
}

static int memory_none(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 0, 0, 0, KBM_MEMORY_ANY_NODE);
}

static int memory_unaligned_size(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, (4 << 20) + 4096, 0, 0, KBM_MEMORY_ANY_NODE);
}

static int memory_unaligned_start(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 2 << 20, setting->extent_start + 4096, 0,
			   KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE);
}

static int memory_of_the_host(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 2 << 20, 16 << 20, 0,
			   KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE);
}

static int memory_absent(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 2 << 20, 1ULL << 45, 0,
			   KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE);
}

static int memory_wraps(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 4 << 20, ~0ULL << 21, 0,
			   KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE);
}

static int memory_too_large(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 1ULL << 45, 0, 0, KBM_MEMORY_ANY_NODE);
}

static int memory_largest(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, ~0ULL << 21, 0, 0, KBM_MEMORY_ANY_NODE);
}

static int memory_lent_here(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, setting->extent_bytes, setting->extent_start, 0,
			   KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE);
}

static int memory_lent_elsewhere(const struct setting *setting)
{
	return lend_memory(setting->other_lease_fd, 2 << 20, setting->extent_start, 0,
			   KBM_MEMORY_FIXED | KBM_MEMORY_ANY_NODE);
}

static int memory_absent_node(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 2 << 20, 0, 99, 0);
}

static int memory_unknown_flag(const struct setting *setting)
{
	return lend_memory(setting->lease_fd, 2 << 20, 0, 0, KBM_MEMORY_ANY_NODE | 1U << 31);
}

static int memory_no_address(const struct setting *setting)
{
	return call(setting->lease_fd, KBM_LEND_MEMORY, (void *)-1L);
}

static int map(int fd, uint64_t start, uint64_t bytes, int flags)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, (off_t)start);

	if (memory == MAP_FAILED)
		return -errno;
	munmap(memory, bytes);
	return 0;
}

static int map_before(const struct setting *setting)
{
	return map(setting->lease_fd, setting->extent_start - 4096, 8192, MAP_SHARED);
}

static int map_behind(const struct setting *setting)
{
	return map(setting->lease_fd, setting->extent_start + setting->extent_bytes - 4096, 8192,
		   MAP_SHARED);
}

static int map_of_another(const struct setting *setting)
{
	return map(setting->other_lease_fd, setting->extent_start, 4096, MAP_SHARED);
}

static int map_low(const struct setting *setting)
{
	return map(setting->lease_fd, 0, 4096, MAP_SHARED);
}

static int map_private(const struct setting *setting)
{
	return map(setting->lease_fd, setting->extent_start, 4096, MAP_PRIVATE);
}

const struct request memory_requests[] = {
	{ "lend no memory", memory_none, { EINVAL }, "" },
	{ "lend memory, unaligned size", memory_unaligned_size, { EINVAL }, "multiple" },
	{ "lend memory, unaligned start", memory_unaligned_start, { EINVAL }, "multiple" },
	{ "lend the host's memory", memory_of_the_host, { ENXIO }, "kbm.memory" },
	{ "lend absent memory", memory_absent, { ENXIO }, "kbm.memory" },
	{ "lend memory that wraps", memory_wraps, { EINVAL, ENXIO }, "" },
	{ "lend 32 TiB", memory_too_large, { ENOMEM }, "" },
	{ "lend nearly 2^64 bytes", memory_largest, { ENOMEM, EINVAL }, "" },
	{ "lend memory twice", memory_lent_here, { EBUSY }, "lent" },
	{ "lend another lease's memory", memory_lent_elsewhere, { EBUSY }, "lent" },
	{ "lend memory of an absent node", memory_absent_node, { EINVAL, ENXIO, ENOMEM }, "99" },
	{ "lend memory, unknown flag", memory_unknown_flag, { EINVAL }, "flag" },
	{ "lend memory, bad pointer", memory_no_address, { EFAULT }, NULL },
	{ "map before an extent", map_before, { ENXIO, EINVAL }, NULL },
	{ "map behind an extent", map_behind, { ENXIO, EINVAL }, NULL },
	{ "map another lease's extent", map_of_another, { ENXIO, EINVAL }, NULL },
	{ "map address 0", map_low, { ENXIO, EINVAL }, NULL },
	{ "map privately", map_private, { EINVAL }, NULL },
	{}
};

static int doorbell(const struct setting *setting, uint64_t offset, int eventfd_fd, uint32_t flags)
{
	struct kbm_doorbell request = {
		.word = setting->extent_start + offset, .eventfd = eventfd_fd, .flags = flags,
	};

	return call(setting->lease_fd, KBM_DOORBELL, &request);
}

static int doorbell_with_event(const struct setting *setting, uint64_t offset, uint32_t flags)
{
	cleanup_close int event = eventfd(0, EFD_CLOEXEC);

	return doorbell(setting, offset, event, flags);
}

static int doorbell_outside(const struct setting *setting)
{
	return doorbell_with_event(setting, setting->extent_bytes, 0);
}

static int doorbell_unaligned(const struct setting *setting)
{
	return doorbell_with_event(setting, 12, 0);
}

static int doorbell_wraps(const struct setting *setting)
{
	return doorbell_with_event(setting, -8ULL - setting->extent_start, 0);
}

static int doorbell_flag(const struct setting *setting)
{
	return doorbell_with_event(setting, 0, 1U << 30);
}

static int doorbell_no_event(const struct setting *setting)
{
	return doorbell(setting, 0, -1, 0);
}

static int doorbell_other_file(const struct setting *setting)
{
	return doorbell(setting, 0, setting->lease_fd, 0);
}

static int doorbell_none(const struct setting *setting)
{
	return doorbell_with_event(setting, 0, KBM_DOORBELL_DEASSIGN);
}

/* The second of the same word; the first is taken back. */
static int doorbell_twice(const struct setting *setting)
{
	cleanup_close int event = eventfd(0, EFD_CLOEXEC);
	int r = doorbell(setting, 8, event, 0);
	int second;

	if (r)
		return r;
	second = doorbell(setting, 8, event, 0);
	r = doorbell(setting, 8, event, KBM_DOORBELL_DEASSIGN);
	return r ? r : second;
}

static int send_to(const struct setting *setting, uint64_t word)
{
	return call(setting->lease_fd, KBM_SEND_DOORBELL, &word);
}

static int send_to_nobody(const struct setting *setting)
{
	return send_to(setting, 0);
}

static int send_to_the_host(const struct setting *setting)
{
	return send_to(setting, KBM_DOORBELL_WORD(0, 0xf8));
}

static int send_to_all(const struct setting *setting)
{
	return send_to(setting, KBM_DOORBELL_WORD(0xffffffff, 0x40));
}

static int send_exception(const struct setting *setting)
{
	return send_to(setting, KBM_DOORBELL_WORD(setting->lent_apic_id, 8));
}

static int send_other_bits(const struct setting *setting)
{
	return send_to(setting, KBM_DOORBELL_WORD(setting->lent_apic_id, 0x40) | 1ULL << 40);
}

/* A CPU of another lease, which is no control BM's. */
static int send_to_another_lease(const struct setting *setting)
{
	uint64_t word = KBM_DOORBELL_WORD(setting->lent_apic_id, 0x40);

	return call(setting->other_lease_fd, KBM_SEND_DOORBELL, &word);
}

static int send_no_address(const struct setting *setting)
{
	return call(setting->lease_fd, KBM_SEND_DOORBELL, NULL);
}

static int regions_no_address(const struct setting *setting)
{
	return call(setting->lease_fd, KBM_GET_REGIONS, NULL);
}

static int session_on_the_host(const struct setting *setting)
{
	struct kbm_channel_session session;

	return call(setting->lease_fd, KBM_OPEN_SESSION, &session);
}

static int send_to_our_guest(const struct setting *setting)
{
	return send_to(setting, KBM_DOORBELL_WORD(setting->lent_apic_id, 0x40));
}

static int regions_hold_the_extent(const struct setting *setting)
{
	struct kbm_regions regions;
	int r = call(setting->lease_fd, KBM_GET_REGIONS, &regions);

	for (unsigned int i = 0; !r && i < regions.nr; i++) {
		struct kbm_region_info *region = &regions.regions[i];

		if (setting->extent_start - region->start < region->bytes)
			return 0;
	}
	return r ? r : -ENXIO;
}

const struct request good_requests[] = {
	{ "ring our own guest's CPU", send_to_our_guest, { 0 }, NULL },
	{ "regions hold our extent", regions_hold_the_extent, { 0 }, NULL },
	{}
};

const struct request doorbell_requests[] = {
	{ "doorbell outside the lease", doorbell_outside, { EINVAL, ENXIO }, "" },
	{ "doorbell, unaligned", doorbell_unaligned, { EINVAL }, "" },
	{ "doorbell that wraps", doorbell_wraps, { EINVAL, ENXIO }, "" },
	{ "doorbell, unknown flag", doorbell_flag, { EINVAL }, "flag" },
	{ "doorbell with no eventfd", doorbell_no_event, { EBADF }, NULL },
	{ "doorbell with another file", doorbell_other_file, { EINVAL }, NULL },
	{ "take back no doorbell", doorbell_none, { ENOENT }, "" },
	{ "doorbell twice", doorbell_twice, { EEXIST }, NULL },
	{ "ring nobody", send_to_nobody, { EINVAL }, "not a doorbell" },
	{ "ring the host's reboot vector", send_to_the_host, { ENOENT }, "APIC ID 0 " },
	{ "ring all", send_to_all, { ENOENT }, "4294967295" },
	{ "ring an exception", send_exception, { EINVAL }, "vector" },
	{ "ring with bits to spare", send_other_bits, { EINVAL }, "not a doorbell" },
	{ "ring another lease's CPU", send_to_another_lease, { ENOENT }, NULL },
	{ "ring, null pointer", send_no_address, { EFAULT }, NULL },
	{ "regions, null pointer", regions_no_address, { EFAULT }, NULL },
	{ "a session of the channel", session_on_the_host, { ENOTTY }, NULL },
	{}
};
