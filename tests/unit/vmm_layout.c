// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the VMM writes into a guest's memory before its start, and how it rings
 * the guest's doorbells.
 */
#include "qemu/osdep.h"
#include <setjmp.h>
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"

#include <cmocka.h>

#include "grants.h"
#include "layout.h"

#define NR_EXTENTS	2
#define NR_CPUS		3
#define CMDLINE		"console=ttyKBM0 quiet"

/* The second crosses the border of a page directory. */
static KBMExtent extents[NR_EXTENTS] = {
	{ .start = 5 * GiB, .bytes = 32 * MiB, .node = 0 },
	{ .start = 7 * GiB - 2 * MiB, .bytes = 4 * MiB, .node = 1 },
};
static KBMLentCpu cpus[NR_CPUS] = {
	{ .cpu = 2, .apic_id = 4 }, { .cpu = 3, .apic_id = 6 }, { .cpu = 9, .apic_id = 300, .node = 1 },
};
static int lease_ioctl(const KBMLease *of, unsigned long request, void *argument);
static int lease_reason(const KBMLease *of, char *text, size_t size);

static const KBMLeaseOps ops = { .ioctl = lease_ioctl, .reason = lease_reason };

#define LOCAL	12345

static KBMLease lease = {
	.ops = &ops, .name = -1, .local = LOCAL,
	.info = { .flags = KBM_HOST_TSC_DEADLINE, .tsc_khz = 2000000,
		  .lapic_timer_hz = 1000000000 },
	.cpus = cpus, .nr_cpus = NR_CPUS,
	.extents = extents, .nr_extents = NR_EXTENTS,
};

/* What the kernel was asked to send, and what the guest does to its word meanwhile. */
static uint64_t sent[64];
static unsigned int nr_sent;
static uint64_t *moving_word;

/* libc's: the only calls of a lease that do not go through its table. */
int ioctl(int fd, unsigned long type, ...)
{
	va_list arguments;

	assert_int_equal(fd, LOCAL);
	assert_int_equal(type, KBM_SEND_DOORBELL);
	va_start(arguments, type);
	sent[nr_sent++ % ARRAY_SIZE(sent)] = *va_arg(arguments, uint64_t *);
	va_end(arguments);
	if (moving_word)
		*moving_word += 1;
	return 0;
}

/* What the host has set aside, whether it grants it, and whether it was asked. */
static struct kbm_regions host_regions;
static int grant_error;
static unsigned int nr_granted;

static int lease_ioctl(const KBMLease *of, unsigned long request, void *argument)
{
	if (request == KBM_GET_REGIONS) {
		*(struct kbm_regions *)argument = host_regions;
		return 0;
	}
	assert_int_equal(request, KBM_GRANT_ALL);
	nr_granted += !grant_error;
	return grant_error;
}

static int lease_reason(const KBMLease *of, char *text, size_t size)
{
	return snprintf(text, size, "the reason");
}

int event_notifier_get_fd(const EventNotifier *notifier)
{
	return -1;
}

static const uint8_t kernel[4096] = { 0xee };
static uint8_t header[0x7b];

static KBMLinuxImage image = {
	.header = header, .header_bytes = sizeof(header),
	.kernel = kernel, .kernel_bytes = sizeof(kernel),
	.kernel_memory = 8 * MiB, .alignment = 2 * MiB, .cmdline_max = 2047,
};

static int setup(void **state)
{
	for (int i = 0; i < NR_EXTENTS; i++) {
		g_free(extents[i].host);
		extents[i].host = g_malloc0(extents[i].bytes);
	}
	nr_sent = nr_granted = 0;
	moving_word = NULL;
	grant_error = 0;
	g_clear_pointer(&lease.grants, g_free);
	lease.nr_grants = 0;
	host_regions = (struct kbm_regions){
		.nr = 3,
		.regions = {
			{ .start = 4 * GiB, .bytes = 2 * GiB, .node = 0 },
			{ .start = 7 * GiB - 2 * MiB, .bytes = GiB, .node = 1 },
			{ .start = 16 * GiB, .bytes = GiB, .node = 2 },
		},
	};
	return 0;
}

static void *at(hwaddr address, uint64_t bytes)
{
	void *host = kbm_lease_host(&lease, address, bytes);

	assert_non_null(host);
	return host;
}

static void contains(void **state)
{
	static const struct {
		hwaddr start;
		uint64_t bytes;
		bool inside;
	} cases[] = {
		{ 5 * GiB, 32 * MiB, true }, { 5 * GiB, 32 * MiB + 1, false },
		{ 5 * GiB - 1, 1, false }, { 5 * GiB + 32 * MiB - 1, 1, true },
		{ 5 * GiB + 32 * MiB - 1, 2, false }, { 5 * GiB + 1, UINT64_MAX, false },
		{ UINT64_MAX, 1, false }, { UINT64_MAX - 3, 8, false }, { 0, 8, false },
		{ 7 * GiB, 2 * MiB, true }, { 6 * GiB, 1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(kbm_lease_contains(&lease, cases[i].start, cases[i].bytes),
				 cases[i].inside);
}

static void plan_fits(void **state)
{
	KBMLayout layout = {};

	assert_true(kbm_layout_plan(&layout, &lease, &image, strlen(CMDLINE), 5000, &error_abort));
	assert_int_equal(layout.device_area + layout.device_area_bytes, 5 * GiB + 32 * MiB);
	assert_int_equal(layout.kernel, 5 * GiB);
	assert_true(layout.initrd >= layout.kernel + image.kernel_memory);
	assert_true(layout.initrd + 5000 <= layout.device_area);
	assert_true(layout.virtio + KBM_MAX_VIRTIO * 4096 <= 5 * GiB + 32 * MiB);
	for (int i = 0; i < NR_CPUS; i++)
		assert_true(kbm_layout_stack(&layout, i) < layout.page_tables);
}

static void plan_too_big(void **state)
{
	KBMLayout layout = {};
	Error *err = NULL;

	assert_false(kbm_layout_plan(&layout, &lease, &image, 10, 24 * MiB, &err));
	assert_non_null(strstr(error_get_pretty(err), "-m"));
	error_free(err);
	err = NULL;
	assert_false(kbm_layout_plan(&layout, &lease, &image, 2048, 0, &err));
	assert_non_null(strstr(error_get_pretty(err), "command line"));
	error_free(err);
}

/* The address that the tables at @root give for @address; 0 for none. */
static uint64_t walk(hwaddr root, hwaddr address)
{
	for (int shift = 39; shift >= 21; shift -= 9) {
		uint64_t *table = at(root, 4096);
		uint64_t entry = le64_to_cpu(table[(address >> shift) % 512]);

		if (!(entry & 1))
			return 0;
		root = entry & 0x000ffffffffff000ull;
		if (entry & 0x80)
			return root | (address & ((1ull << shift) - 1));
	}
	return 0;
}

static void tables_are_identity(void **state)
{
	KBMLayout layout = {};

	kbm_layout_plan(&layout, &lease, &image, 10, 0, &error_abort);
	kbm_write_page_tables(&layout, &lease);
	for (int i = 0; i < NR_EXTENTS; i++) {
		for (uint64_t offset = 0; offset < extents[i].bytes; offset += 123 * KiB)
			assert_int_equal(walk(layout.page_tables, extents[i].start + offset),
					 extents[i].start + offset);
		assert_int_equal(walk(layout.page_tables, extents[i].start - 1), 0);
		assert_int_equal(walk(layout.page_tables, extents[i].start + extents[i].bytes), 0);
	}
	assert_int_equal(walk(layout.page_tables, 0), 0);
}

static hwaddr gate(const KBMLayout *layout, int vector)
{
	uint64_t *entry = (uint64_t *)at(layout->idt, 4096) + 2 * vector;
	uint64_t low = le64_to_cpu(entry[0]);

	assert_int_equal(low >> 32 & 0xffff, 0x8e00);
	assert_int_equal(low >> 16 & 0xffff, KBM_SELECTOR_CODE);
	return (low & 0xffff) | (low >> 48) << 16 | le64_to_cpu(entry[1]) << 32;
}

static void gates_lead_to_the_stub(void **state)
{
	KBMLayout layout = {};

	kbm_layout_plan(&layout, &lease, &image, 10, 0, &error_abort);
	kbm_write_stub(&layout, &lease);
	for (int vector = 0; vector < 256; vector++)
		assert_true(gate(&layout, vector) > layout.stub &&
			    gate(&layout, vector) < layout.stub + 4096);
	assert_int_equal(gate(&layout, KBM_MAILBOX_VECTOR), gate(&layout, 200));
	assert_int_not_equal(gate(&layout, KBM_MAILBOX_VECTOR), gate(&layout, 13));
	assert_int_not_equal(gate(&layout, KBM_MAILBOX_VECTOR), gate(&layout, 255));
}

static void boot_params(void **state)
{
	KBMLayout layout = {};
	uint8_t *params, *data;

	kbm_layout_plan(&layout, &lease, &image, strlen(CMDLINE), 5000, &error_abort);
	kbm_write_kernel(&layout, &lease, &image, CMDLINE);
	params = at(layout.boot_params, 4096);
	assert_string_equal(at(ldl_le_p(params + 0x228) | (uint64_t)ldl_le_p(params + 0xc8) << 32,
			       sizeof(CMDLINE)), CMDLINE);
	assert_int_equal(ldl_le_p(params + 0x218) | (uint64_t)ldl_le_p(params + 0xc0) << 32,
			 layout.initrd);
	assert_int_equal(ldl_le_p(params + 0x21c), 5000);
	assert_int_equal(params[0x1e8], 3);
	assert_int_equal(ldq_le_p(params + 0x2d0), 5 * GiB);
	assert_int_equal(ldq_le_p(params + 0x2d0 + 20), layout.device_area);
	assert_int_equal(ldl_le_p(params + 0x2d0 + 36), 2);
	assert_int_equal(ldq_le_p(params + 0x2d0 + 40), 7 * GiB - 2 * MiB);
	data = at(ldq_le_p(params + 0x250), 24);
	assert_int_equal(ldl_le_p(data + 8), KBM_SETUP_DATA_TYPE);
	assert_int_equal(ldl_le_p(data + 12), 8);
	assert_int_equal(ldq_le_p(data + 16), layout.info);
	assert_memory_equal(at(layout.kernel, sizeof(kernel)), kernel, sizeof(kernel));
}

static void info_page(void **state)
{
	const KBMInfoOptions options = { .version = 1, .mode = KBM_MODE_WALLED, .nr_virtio = 2 };
	const struct kbm_info_cpu *cpu;
	const struct kbm_info *info;
	KBMLayout layout = {};

	kbm_layout_plan(&layout, &lease, &image, 0, 0, &error_abort);
	kbm_write_info(&layout, &lease, &options);
	info = at(layout.info, kbm_info_bytes(&lease));
	assert_int_equal(info->magic, KBM_INFO_MAGIC);
	assert_int_equal(info->size, kbm_info_bytes(&lease));
	assert_int_equal(info->nr_cpus, NR_CPUS);
	assert_int_equal(info->virtio, layout.virtio);
	cpu = (const void *)((const uint8_t *)info + info->cpus);
	assert_int_equal(cpu[0].mailbox, 0);
	assert_int_equal(cpu[2].apic_id, 300);
	assert_int_equal(cpu[2].mailbox - cpu[1].mailbox, sizeof(struct kbm_mailbox));
	assert_int_equal(info->flags, KBM_INFO_TSC_DEADLINE);
	assert_int_equal(info->grants | info->nr_grants | info->channel | info->channel_bytes, 0);
}

static void expect_grant(int i, hwaddr start, hwaddr end, uint32_t node)
{
	assert_true(i < (int)lease.nr_grants);
	assert_int_equal(lease.grants[i].start, start);
	assert_int_equal(lease.grants[i].start + lease.grants[i].bytes, end);
	assert_int_equal(lease.grants[i].node, node);
}

/* All that is lent less the own extents: one inside of a region, one at a border. */
static void grants_are_cut(void **state)
{
	const KBMChannelOption channel = { 5 * GiB + 32 * MiB, 64 * MiB };
	const KBMInfoOptions options = { .channel = channel.start, .channel_bytes = channel.bytes };
	const struct kbm_info_extent *grant;
	const struct kbm_info *info;
	struct kbm_regions regions;
	KBMLayout layout = {};

	assert_true(kbm_grants_take(&lease, &channel, &regions, &error_abort));
	assert_int_equal(nr_granted, 1);
	assert_true(kbm_grants_cut(&lease, &regions, &channel, &error_abort));
	assert_int_equal(lease.nr_grants, 4);
	expect_grant(0, 4 * GiB, 5 * GiB, 0);
	expect_grant(1, 5 * GiB + 32 * MiB, 6 * GiB, 0);
	expect_grant(2, 7 * GiB + 2 * MiB, 8 * GiB - 2 * MiB, 1);
	expect_grant(3, 16 * GiB, 17 * GiB, 2);

	kbm_layout_plan(&layout, &lease, &image, 0, 0, &error_abort);
	kbm_write_info(&layout, &lease, &options);
	info = at(layout.info, kbm_info_bytes(&lease));
	assert_int_equal(info->nr_grants, 4);
	assert_int_equal(info->grants + 4 * sizeof(*grant), info->size);
	assert_int_equal(info->channel, channel.start);
	assert_int_equal(info->channel_bytes, channel.bytes);
	grant = (const void *)((const uint8_t *)info + info->grants);
	assert_int_equal(grant[1].start, 5 * GiB + 32 * MiB);
	assert_int_equal(grant[3].node, 2);
}

/* All of a region is the own memory: there is no empty grant. */
static void grants_of_nothing(void **state)
{
	const KBMChannelOption none = {};
	struct kbm_regions regions = {
		.nr = 1, .regions = { { .start = 5 * GiB, .bytes = 32 * MiB } },
	};

	assert_true(kbm_grants_cut(&lease, &regions, &none, &error_abort));
	assert_int_equal(lease.nr_grants, 0);
}

static void grants_refused(void **state)
{
	static const KBMChannelOption outside[] = {
		{ 3 * GiB, 4096 }, { 6 * GiB - 4096, 8192 }, { 17 * GiB, 4096 },
		{ 16 * GiB, GiB + 4096 }, { UINT64_MAX - 4095, 4096 },
	};
	const KBMChannelOption own = { 5 * GiB + 32 * MiB - 4096, 8192 };
	struct kbm_regions regions;
	Error *err = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
		assert_false(kbm_grants_take(&lease, &outside[i], &regions, &err));
		assert_non_null(strstr(error_get_pretty(err), "set aside"));
		g_clear_pointer(&err, error_free);
	}
	assert_int_equal(nr_granted, 0);
	assert_true(kbm_grants_take(&lease, &own, &regions, &error_abort));
	assert_false(kbm_grants_cut(&lease, &regions, &own, &err));
	assert_non_null(strstr(error_get_pretty(err), "kbm-proxyd"));
	g_clear_pointer(&err, error_free);
	grant_error = -EPERM;
	assert_false(kbm_grants_take(&lease, &own, &regions, &err));
	assert_non_null(strstr(error_get_pretty(err), "the reason"));
	error_free(err);
}

static void ring_sends(void **state)
{
	uint64_t word = KBM_DOORBELL_WORD(0x12345678, 0x41);

	kbm_lease_ring(&lease, &word);
	assert_int_equal(nr_sent, 1);
	assert_int_equal(sent[0], word);
}

static void ring_nobody(void **state)
{
	uint64_t word = KBM_DOORBELL_WORD(2, 0x41) & ~KBM_DOORBELL_VALID;

	kbm_lease_ring(&lease, &word);
	assert_int_equal(nr_sent, 0);
}

/* A word that moves is followed, but not for ever. */
static void ring_moving(void **state)
{
	uint64_t word = KBM_DOORBELL_WORD(2, 0x41);

	moving_word = &word;
	kbm_lease_ring(&lease, &word);
	assert_in_range(nr_sent, 2, 16);
	assert_int_equal(sent[0], KBM_DOORBELL_WORD(2, 0x41));
	assert_int_equal(sent[1], KBM_DOORBELL_WORD(3, 0x41));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(contains, setup),
		cmocka_unit_test_setup(plan_fits, setup),
		cmocka_unit_test_setup(plan_too_big, setup),
		cmocka_unit_test_setup(tables_are_identity, setup),
		cmocka_unit_test_setup(gates_lead_to_the_stub, setup),
		cmocka_unit_test_setup(boot_params, setup),
		cmocka_unit_test_setup(info_page, setup),
		cmocka_unit_test_setup(grants_are_cut, setup),
		cmocka_unit_test_setup(grants_of_nothing, setup),
		cmocka_unit_test_setup(grants_refused, setup),
		cmocka_unit_test_setup(ring_sends, setup),
		cmocka_unit_test_setup(ring_nobody, setup),
		cmocka_unit_test_setup(ring_moving, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
