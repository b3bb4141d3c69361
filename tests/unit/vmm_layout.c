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
#include "system/kvm.h"

#include <cmocka.h>

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
static KBMLease lease = {
	.fd = -1,
	.info = { .tsc_khz = 2000000, .lapic_timer_hz = 1000000000 },
	.cpus = cpus, .nr_cpus = NR_CPUS,
	.extents = extents, .nr_extents = NR_EXTENTS,
};

/* What KVM was asked to send, and what the guest does to its word meanwhile. */
static struct kvm_msi sent[64];
static unsigned int nr_sent;
static uint64_t *moving_word;

KVMState *kvm_state;

int kvm_vm_ioctl(KVMState *s, unsigned long type, ...)
{
	va_list arguments;

	assert_int_equal(type, KVM_SIGNAL_MSI);
	va_start(arguments, type);
	sent[nr_sent++ % ARRAY_SIZE(sent)] = *va_arg(arguments, struct kvm_msi *);
	va_end(arguments);
	if (moving_word)
		*moving_word += 1;
	return 1;
}

/* Of what opens a lease; no test does. */
int qemu_open_old(const char *name, int flags, ...)
{
	fail_msg("%s was opened", name);
	return -1;
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
	nr_sent = 0;
	moving_word = NULL;
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
}

static void ring_sends(void **state)
{
	uint64_t word = KBM_DOORBELL_WORD(0x12345678, 0x41);

	kbm_lease_ring(&lease, &word);
	assert_int_equal(nr_sent, 1);
	assert_int_equal(sent[0].data, 0x41);
	assert_int_equal(sent[0].address_lo, 0xfee78000);
	assert_int_equal(sent[0].address_hi, 0x12345600);
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
	assert_int_equal(sent[0].address_lo, 0xfee02000);
	assert_int_equal(sent[1].address_lo, 0xfee03000);
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
		cmocka_unit_test_setup(ring_sends, setup),
		cmocka_unit_test_setup(ring_nobody, setup),
		cmocka_unit_test_setup(ring_moving, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
