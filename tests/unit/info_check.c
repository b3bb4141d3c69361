// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's check of the info page: it takes a good one, and finds each
 * single fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "info_check.h"

#define GIB		(1ULL << 30)
#define MIB		(1ULL << 20)
#define PAGE		4096ULL

#define EXTENT		(5 * GIB)
#define AREA		(EXTENT + 508 * MIB)
#define AREA_BYTES	(4 * MIB)
#define CONSOLE		(AREA + 16 * PAGE)
#define VIRTIO		(AREA + 64 * PAGE)

#define NR_CPUS		3
#define NR_EXTENTS	2
#define NR_GRANTS	2

#define CHANNEL		(16 * GIB + 32 * MIB)

/* Of any alignment the page may have: it is a copy. */
struct page {
	struct kbm_info info;
	struct kbm_info_cpu cpus[NR_CPUS];
	struct kbm_info_extent extents[NR_EXTENTS];
	struct kbm_info_extent grants[NR_GRANTS];
};

static void fill_tables(struct page *page)
{
	page->cpus[0] = (struct kbm_info_cpu){ .apic_id = 4 };
	for (uint32_t i = 1; i < NR_CPUS; i++) {
		page->cpus[i] = (struct kbm_info_cpu){
			.apic_id = 4 + 2 * i,
			.node = 1,
			.mailbox = AREA + PAGE + i * sizeof(struct kbm_mailbox),
		};
	}
	page->extents[0] = (struct kbm_info_extent){
		.start = EXTENT, .bytes = 512 * MIB,
	};
	page->extents[1] = (struct kbm_info_extent){
		.start = 9 * GIB, .bytes = GIB, .node = 1,
	};
	page->grants[0] = (struct kbm_info_extent){
		.start = 16 * GIB, .bytes = 3 * GIB,
	};
	page->grants[1] = (struct kbm_info_extent){
		.start = 20 * GIB, .bytes = 2 * GIB, .node = 1,
	};
}

static struct page good(void)
{
	struct page page = {
		.info = {
			.magic = KBM_INFO_MAGIC,
			.version = KBM_INFO_VERSION,
			.size = sizeof(page),
			.mode = KBM_MODE_WALLED,
			.tsc_khz = 2400000,
			.lapic_timer_hz = 100000000,
			.cpus = offsetof(struct page, cpus),
			.nr_cpus = NR_CPUS,
			.extents = offsetof(struct page, extents),
			.nr_extents = NR_EXTENTS,
			.console = CONSOLE,
			.console_bytes = sizeof(struct kbm_console) + 16 * PAGE,
			.device_area = AREA,
			.device_area_bytes = AREA_BYTES,
			.virtio = VIRTIO,
			.nr_virtio = 5,
			.flags = KBM_INFO_TSC_DEADLINE,
			.grants = offsetof(struct page, grants),
			.nr_grants = NR_GRANTS,
			.channel = CHANNEL,
			.channel_bytes = 64 * MIB,
		},
	};

	fill_tables(&page);
	return page;
}

static int check(const struct page *page)
{
	int refused = kbm_info_check_header(&page->info);

	return refused ? refused : kbm_info_check(&page->info, AREA);
}

/* One fault a test: FAULT(field, value, what the check should say). */
#define FAULT(field, value, refusal) do {			\
	struct page page = good();				\
	page.field = (value);					\
	assert_int_equal(check(&page), refusal);		\
} while (0)

#define BAD(field, value)	FAULT(field, value, KBM_REFUSED_INFO_CONTENT)
#define FINE(field, value)	FAULT(field, value, 0)

static void test_good(void **state)
{
	(void)state;
	struct page page = good();

	assert_int_equal(check(&page), 0);
}

static void test_header(void **state)
{
	(void)state;
	FAULT(info.magic, 0, KBM_REFUSED_INFO_MAGIC);
	FAULT(info.magic, KBM_INFO_MAGIC + 1, KBM_REFUSED_INFO_MAGIC);
	FAULT(info.version, 0, KBM_REFUSED_INFO_VERSION);
	FAULT(info.version, KBM_INFO_VERSION + 1, KBM_REFUSED_INFO_VERSION);
	FAULT(info.size, sizeof(struct kbm_info) - 1, KBM_REFUSED_INFO_SIZE);
	FAULT(info.size, KBM_INFO_MAX_SIZE + 1, KBM_REFUSED_INFO_SIZE);
	FAULT(info.size, UINT32_MAX, KBM_REFUSED_INFO_SIZE);
}

static void test_numbers(void **state)
{
	(void)state;
	FINE(info.mode, KBM_MODE_DIRECT);
	BAD(info.mode, KBM_MODE_WALLED + 1);
	BAD(info.tsc_khz, 0);
	BAD(info.tsc_khz, UINT64_MAX);
	BAD(info.lapic_timer_hz, 0);
	BAD(info.lapic_timer_hz, UINT64_MAX);
	FINE(info.flags, 0);
	BAD(info.flags, KBM_INFO_TSC_DEADLINE << 1);
	BAD(info.flags, 1U << 31);
}

static void test_tables(void **state)
{
	(void)state;
	/* Truncated: the tables end after the page does. */
	BAD(info.size, sizeof(struct page) - 1);
	BAD(info.size, sizeof(struct kbm_info));
	BAD(info.cpus, 0);
	BAD(info.cpus, offsetof(struct page, cpus) + 4);
	BAD(info.cpus, UINT32_MAX - 7);
	BAD(info.nr_cpus, 0);
	BAD(info.nr_cpus, UINT32_MAX);
	BAD(info.nr_cpus, 0x10000001);
	BAD(info.extents, sizeof(struct page));
	BAD(info.extents, offsetof(struct page, extents) + 8);
	BAD(info.nr_extents, 0);
	BAD(info.nr_extents, NR_EXTENTS + 1);
	BAD(info.nr_extents, UINT32_MAX);
}

static void test_extents(void **state)
{
	(void)state;
	BAD(extents[1].start, 9 * GIB + 1);
	BAD(extents[1].bytes, 0);
	BAD(extents[1].bytes, PAGE + 1);
	BAD(extents[1].bytes, UINT64_MAX - PAGE + 1);
	BAD(extents[1].start, UINT64_MAX - PAGE + 1);
	BAD(extents[1].node, 64);
	/* Overlap: the same, from below, from above, around. */
	BAD(extents[1].start, EXTENT);
	BAD(extents[1].start, EXTENT - GIB + PAGE);
	BAD(extents[1].start, EXTENT + 512 * MIB - PAGE);
	FINE(extents[1].start, EXTENT - GIB);
	FINE(extents[1].start, EXTENT + 512 * MIB);
}

static void test_ordinary_guest(void **state)
{
	(void)state;
	struct page page = good();

	page.info.grants = page.info.nr_grants = 0;
	page.info.channel = page.info.channel_bytes = 0;
	assert_int_equal(check(&page), 0);
}

static void test_grants(void **state)
{
	(void)state;
	BAD(info.grants, 0);
	BAD(info.grants, offsetof(struct page, grants) + 4);
	BAD(info.grants, sizeof(struct page));
	BAD(info.nr_grants, NR_GRANTS + 1);
	BAD(info.nr_grants, UINT32_MAX);
	BAD(grants[0].start, 16 * GIB + 1);
	BAD(grants[0].bytes, 0);
	BAD(grants[0].bytes, UINT64_MAX - PAGE + 1);
	BAD(grants[0].node, 64);
	/* Overlap: each other, and our own memory. */
	BAD(grants[1].start, 19 * GIB - PAGE);
	FINE(grants[1].start, 19 * GIB);
	BAD(grants[0].bytes, 4 * GIB + PAGE);
	BAD(grants[1].start, 9 * GIB);
	BAD(grants[0].start, EXTENT);
	BAD(grants[0].start, EXTENT + 512 * MIB - PAGE);
	FINE(grants[1].bytes, PAGE);
}

static void test_channel(void **state)
{
	(void)state;
	FINE(info.channel, 0);
	BAD(info.nr_grants, 0);			/* a channel in no grant */
	BAD(info.channel, CHANNEL + 1);
	BAD(info.channel, EXTENT);		/* our own memory */
	BAD(info.channel, 19 * GIB - 64 * MIB + PAGE);
	FINE(info.channel, 19 * GIB - 64 * MIB);
	BAD(info.channel_bytes, 0);
	BAD(info.channel_bytes, PAGE + 1);
	BAD(info.channel_bytes, 3 * GIB);
	BAD(info.channel_bytes, UINT64_MAX - PAGE + 1);
}

static void test_device_area(void **state)
{
	(void)state;
	BAD(info.device_area, 0);
	BAD(info.device_area, AREA + 1);
	BAD(info.device_area, EXTENT - PAGE);
	BAD(info.device_area, AREA + PAGE);	/* ends outside the extent */
	BAD(info.device_area, EXTENT);		/* the page is outside */
	BAD(info.device_area_bytes, 0);
	BAD(info.device_area_bytes, AREA_BYTES + PAGE);
	BAD(info.device_area_bytes, UINT64_MAX);
}

static void test_cpus(void **state)
{
	(void)state;
	BAD(cpus[0].mailbox, AREA + PAGE);
	BAD(cpus[1].mailbox, 0);
	BAD(cpus[1].mailbox, AREA - 64);
	BAD(cpus[1].mailbox, AREA + PAGE + 4);
	BAD(cpus[1].mailbox, AREA + AREA_BYTES - 8);
	BAD(cpus[1].mailbox, UINT64_MAX - 63);
	BAD(cpus[2].mailbox, AREA + PAGE + sizeof(struct kbm_mailbox));
	BAD(cpus[2].apic_id, 4);
	BAD(cpus[2].apic_id, 32768);
	BAD(cpus[2].node, 64);
}

static void test_console(void **state)
{
	(void)state;
	FINE(info.console, 0);
	BAD(info.console, AREA - PAGE);
	BAD(info.console, CONSOLE + 4);
	BAD(info.console_bytes, sizeof(struct kbm_console));
	BAD(info.console_bytes, AREA_BYTES);
	BAD(info.console_bytes, UINT64_MAX);
}

static void test_virtio(void **state)
{
	(void)state;
	FINE(info.nr_virtio, 0);
	BAD(info.virtio, 0);
	BAD(info.virtio, VIRTIO + 64);
	BAD(info.virtio, AREA + AREA_BYTES - 4 * PAGE);
	BAD(info.nr_virtio, AREA_BYTES / PAGE);
	BAD(info.nr_virtio, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_extents),
		cmocka_unit_test(test_ordinary_guest),
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_channel),
		cmocka_unit_test(test_device_area),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_console),
		cmocka_unit_test(test_virtio),
	};

	return cmocka_run_group_tests_name("info_check", tests, NULL, NULL);
}
