/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image.h"

#include <errno.h>
#include <string.h>

#include "message.h"

#define PAGE_BYTES	0x1000ULL
#define LARGE_BYTES	(1ULL << 21)
#define ENTRIES		512

#define PTE_TABLE	0x3ULL		/* present, writable */
#define PTE_LARGE	0xe3ULL		/* and accessed, dirty, a page */

/* Page tables are taken one after the other from PAYLOAD_PAGE_TABLES on. */
struct tables {
	const struct extent *extent;
	uint64_t next;
	uint64_t end;
};

static void *at(const struct extent *extent, uint64_t offset)
{
	return (char *)extent->memory + offset;
}

static void put(const struct extent *extent, uint64_t offset, uint64_t value)
{
	memcpy(at(extent, offset), &value, sizeof(value));
}

static uint64_t *table_at(const struct tables *tables, uint64_t address)
{
	return at(tables->extent, address - tables->extent->start);
}

static uint64_t table_new(struct tables *tables)
{
	uint64_t address = tables->extent->start + tables->next;

	if (tables->next == tables->end)
		return 0;
	tables->next += PAGE_BYTES;
	memset(table_at(tables, address), 0, PAGE_BYTES);
	return address;
}

/* The table below one entry, made if it is not there; NULL: no room. */
static uint64_t *table_below(struct tables *tables, uint64_t *table, uint64_t index)
{
	if (!table[index]) {
		uint64_t address = table_new(tables);

		if (!address)
			return NULL;
		table[index] = address | PTE_TABLE;
	}
	return table_at(tables, table[index] & ~(PAGE_BYTES - 1));
}

static int map_large(struct tables *tables, uint64_t *root, uint64_t address)
{
	uint64_t *upper = table_below(tables, root, address >> 39 & (ENTRIES - 1));
	uint64_t *directory;

	if (!upper)
		return -ENOSPC;
	directory = table_below(tables, upper, address >> 30 & (ENTRIES - 1));
	if (!directory)
		return -ENOSPC;
	directory[address >> 21 & (ENTRIES - 1)] = (address & ~(LARGE_BYTES - 1)) | PTE_LARGE;
	return 0;
}

static int build_tables(const struct extent *extent, const struct payload *payload,
			const struct image_numbers *numbers)
{
	struct tables tables = {
		.extent = extent,
		.next = PAYLOAD_PAGE_TABLES,
		.end = PAYLOAD_FREE,
	};
	uint64_t *root = table_at(&tables, table_new(&tables));
	int r = 0;

	for (uint64_t done = 0; !r && done < extent->bytes; done += LARGE_BYTES)
		r = map_large(&tables, root, extent->start + done);
	if (!r && payload->flags & PAYLOAD_MAPS_ARGUMENT)
		r = map_large(&tables, root, numbers->argument);
	return r ? fail(r, "page tables of %llu MiB", (unsigned long long)(extent->bytes >> 20)) : 0;
}

static void build_gdt(const struct extent *extent)
{
	put(extent, PAYLOAD_GDT + IMAGE_CODE_SELECTOR, 0x00af9b000000ffffULL);
	put(extent, PAYLOAD_GDT + IMAGE_DATA_SELECTOR, 0x00cf93000000ffffULL);
}

/* 64-bit interrupt gates to the runtime's stubs. */
static void build_idt(const struct extent *extent)
{
	for (uint64_t vector = 0; vector < 256; vector++) {
		uint64_t stub = extent->start + PAYLOAD_RUNTIME + vector * PAYLOAD_STUB_BYTES;
		uint64_t gate = PAYLOAD_IDT + vector * 16;

		put(extent, gate, (stub & 0xffff) | (uint64_t)IMAGE_CODE_SELECTOR << 16 |
		    0x8eULL << 40 | (stub >> 16 & 0xffff) << 48);
		put(extent, gate + 8, stub >> 32);
	}
}

static void build_info(const struct extent *extent, const struct image_numbers *numbers)
{
	put(extent, PAYLOAD_INFO_BASE, extent->start);
	put(extent, PAYLOAD_INFO_BYTES, extent->bytes);
	put(extent, PAYLOAD_INFO_CPUS, numbers->nr_cpus);
	put(extent, PAYLOAD_INFO_COUNT, numbers->count);
	put(extent, PAYLOAD_INFO_TICKS, numbers->ticks);
	put(extent, PAYLOAD_INFO_PERIOD, numbers->period);
	put(extent, PAYLOAD_INFO_ARGUMENT, numbers->argument);
	for (unsigned int i = 0; i < numbers->nr_cpus; i++) {
		put(extent, PAYLOAD_INFO_APIC_IDS + 8 * i, numbers->apic_ids[i]);
		put(extent, PAYLOAD_RESULTS + i * PAGE_BYTES + PAYLOAD_RESULT_VMCALL,
		    numbers->vmcall);
	}
}

int image_build(const struct extent *extent, const struct payload *payload,
		const struct image_numbers *numbers)
{
	size_t runtime = (size_t)(payload_runtime_end - payload_runtime);

	if (extent->bytes < PAYLOAD_FREE + LARGE_BYTES || extent->bytes % LARGE_BYTES)
		return fail(0, "memory of %llu bytes: at least 4 MiB, in steps of 2 MiB",
			    (unsigned long long)extent->bytes);
	if (payload->size > PAYLOAD_CODE_MAX || runtime > PAYLOAD_CODE - PAYLOAD_RUNTIME)
		return fail(0, "%s: at most %d bytes of code", payload->name, PAYLOAD_CODE_MAX);
	memcpy(at(extent, PAYLOAD_RUNTIME), payload_runtime, runtime);
	memcpy(at(extent, PAYLOAD_CODE), payload->code, payload->size);
	build_gdt(extent);
	build_idt(extent);
	build_info(extent, numbers);
	return build_tables(extent, payload, numbers);
}

uint64_t image_result(const struct extent *extent, unsigned int vcpu, unsigned int field)
{
	const volatile uint64_t *value =
		at(extent, PAYLOAD_RESULTS + vcpu * PAGE_BYTES + field);

	return *value;
}
