// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The VMM's parsers: lists of CPUs and of memory, and kernel images.
 */
#include "qemu/osdep.h"
#include <setjmp.h>
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "qapi/error.h"

#include <cmocka.h>

#include "linux-image.h"
#include "options.h"

#define SETUP_SECTS	3
#define SETUP_BYTES	((SETUP_SECTS + 1) * 512)
#define KERNEL_BYTES	8192
#define IMAGE_BYTES	(SETUP_BYTES + KERNEL_BYTES)

/* The error must say what is wrong, and never what is right. */
static void expect_error(Error *err, const char *word)
{
	assert_non_null(err);
	if (!strstr(error_get_pretty(err), word))
		fail_msg("'%s' does not say '%s'", error_get_pretty(err), word);
	error_free(err);
}

static void cpus_good(void **state)
{
	uint32_t cpus[KBM_MAX_CPUS];

	assert_int_equal(kbm_parse_cpus("2", cpus, &error_abort), 1);
	assert_int_equal(cpus[0], 2);
	assert_int_equal(kbm_parse_cpus("5+2-4", cpus, &error_abort), 4);
	assert_int_equal(cpus[0], 5);
	assert_int_equal(cpus[3], 4);
	assert_int_equal(kbm_parse_cpus("7,9", cpus, &error_abort), 2);
	assert_int_equal(kbm_parse_cpus("1-240", cpus, &error_abort), 240);
}

static void cpus_bad(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {
		{ "", "empty" }, { "a", "'a'" }, { "2-", "'2-'" }, { "-2", "'-2'" },
		{ "3-2", "'3-2'" }, { "2+", "''" }, { "2-3-4", "'2-3-4'" }, { "+", "''" },
		{ " 2", "' 2'" }, { "2 ", "'2 '" }, { "0x2", "'0x2'" }, { "2+2", "twice" },
		{ "2-5+4", "twice" }, { "1-241", "more than" },
		{ "4294967296", "'4294967296'" }, { "1-4294967295", "more than" },
		{ "2-+3", "'2-'" },
	};
	uint32_t cpus[KBM_MAX_CPUS];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Error *err = NULL;

		assert_int_equal(kbm_parse_cpus(cases[i].text, cpus, &err), 0);
		expect_error(err, cases[i].word);
	}
}

static void memory_good(void **state)
{
	KBMMemoryOption memory[KBM_MAX_EXTENTS];

	assert_int_equal(kbm_parse_memory("0:256M+1:1G", memory, &error_abort), 2);
	assert_int_equal(memory[0].node, 0);
	assert_int_equal(memory[0].bytes, 256 * MiB);
	assert_int_equal(memory[1].node, 1);
	assert_int_equal(memory[1].bytes, GiB);
	assert_int_equal(kbm_parse_memory("3:64", memory, &error_abort), 1);
	assert_int_equal(memory[0].bytes, 64 * MiB);
}

static void memory_bad(void **state)
{
	static const char *const cases[] = {
		"", "0", "0:", ":1G", "0:0", "0:1X", "0-256M", "0:256M+", "x:1G", "-1:1G",
		"1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M+1:1M",
	};
	KBMMemoryOption memory[KBM_MAX_EXTENTS];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Error *err = NULL;

		assert_int_equal(kbm_parse_memory(cases[i], memory, &err), 0);
		expect_error(err, "nodes=");
	}
}

static void image_make(uint8_t *data)
{
	memset(data, 0, IMAGE_BYTES);
	data[0x1f1] = SETUP_SECTS;
	stl_le_p(data + 0x1f4, KERNEL_BYTES / 16);
	stw_le_p(data + 0x1fe, 0xaa55);
	data[0x201] = 0x6a;
	memcpy(data + 0x202, "HdrS", 4);
	stw_le_p(data + 0x206, 0x020f);
	data[0x211] = 1;
	stl_le_p(data + 0x230, 2 * MiB);
	data[0x234] = 1;
	stw_le_p(data + 0x236, 3);
	stl_le_p(data + 0x238, 2047);
	stl_le_p(data + 0x260, 16 * MiB);
}

static void image_good(void **state)
{
	uint8_t data[IMAGE_BYTES];
	KBMLinuxImage image = {};

	image_make(data);
	assert_true(kbm_linux_image_parse(&image, "k", data, sizeof(data), &error_abort));
	assert_ptr_equal(image.kernel, data + SETUP_BYTES);
	assert_int_equal(image.kernel_bytes, KERNEL_BYTES);
	assert_int_equal(image.kernel_memory, 16 * MiB);
	assert_int_equal(image.alignment, 2 * MiB);
	assert_int_equal(image.cmdline_max, 2047);
	assert_ptr_equal(image.header, data + 0x1f1);
	assert_int_equal(image.header_bytes, 0x26c - 0x1f1);
}

static void image_truncated(void **state)
{
	uint8_t data[IMAGE_BYTES];
	KBMLinuxImage image;

	image_make(data);
	for (size_t size = 0; size < sizeof(data); size += 97) {
		/* Exactly that much, so that reading on is found. */
		g_autofree uint8_t *copy = g_memdup2(data, size);
		Error *err = NULL;

		assert_false(kbm_linux_image_parse(&image, "name", copy, size, &err));
		expect_error(err, "name is truncated");
	}
}

static void image_wrong(void **state)
{
	static const struct {
		int offset;
		uint8_t value;
		const char *word;
	} cases[] = {
		{ 0x1fe, 0x00, "not a Linux bzImage" }, { 0x202, 'X', "not a Linux bzImage" },
		{ 0x206, 0x0b, "boot protocol" }, { 0x236, 2, "64-bit entry" },
		{ 0x236, 1, "above 4 GiB" }, { 0x234, 0, "above 4 GiB" },
		{ 0x211, 0, "zImage" }, { 0x230, 3, "damaged" }, { 0x233, 0x80, "damaged" },
		{ 0x201, 0x20, "damaged" }, { 0x263, 0xff, NULL }, { 0x1f7, 0xff, "truncated" },
		{ 0x1f1, 0xff, "truncated" }, { 0x262, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t data[IMAGE_BYTES];
		KBMLinuxImage image;
		Error *err = NULL;

		image_make(data);
		data[cases[i].offset] = cases[i].value;
		if (cases[i].offset == 0x262)
			stl_le_p(data + 0x260, KERNEL_BYTES - 1);
		if (cases[i].offset == 0x263) {
			assert_true(kbm_linux_image_parse(&image, "k", data, sizeof(data), &err));
			continue;
		}
		assert_false(kbm_linux_image_parse(&image, "k", data, sizeof(data), &err));
		expect_error(err, cases[i].word ?: "damaged");
	}
}

static void channel_good(void **state)
{
	KBMChannelOption channel;

	assert_true(kbm_parse_channel("0x1c0000000:64M", &channel, &error_abort));
	assert_int_equal(channel.start, 7 * GiB);
	assert_int_equal(channel.bytes, 64 * MiB);
	assert_true(kbm_parse_channel("4096:8192", &channel, &error_abort));
	assert_int_equal(channel.start, 4096);
	assert_int_equal(channel.bytes, 8192);
}

static void channel_bad(void **state)
{
	static const char *const shape[] = {
		"", ":", "0x1000", "0x1000:", ":64M", "x:64M", "-4096:4096", "4096:-4096",
		"4096:64M:1", "4096:64Q", " 4096:4096",
	};
	static const char *const pages[] = {
		"0:0", "4097:4096", "4096:4097", "0xfffffffffffff000:8192",
	};
	KBMChannelOption channel;

	for (size_t i = 0; i < ARRAY_SIZE(shape) + ARRAY_SIZE(pages); i++) {
		bool is_shape = i < ARRAY_SIZE(shape);
		Error *err = NULL;

		assert_false(kbm_parse_channel(is_shape ? shape[i] : pages[i - ARRAY_SIZE(shape)],
					       &channel, &err));
		expect_error(err, is_shape ? "START:BYTES" : "whole pages");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_good), cmocka_unit_test(cpus_bad),
		cmocka_unit_test(memory_good), cmocka_unit_test(memory_bad),
		cmocka_unit_test(image_good), cmocka_unit_test(image_truncated),
		cmocka_unit_test(image_wrong),
		cmocka_unit_test(channel_good), cmocka_unit_test(channel_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
