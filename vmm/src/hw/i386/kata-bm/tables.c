/*
 * Kata BM: page tables, descriptor tables and code that CPUs start with
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "ap-stub.h"
#include "layout.h"

#define PTE_PRESENT         (1ull << 0)
#define PTE_WRITE           (1ull << 1)
#define PTE_ACCESSED        (1ull << 5)
#define PTE_DIRTY           (1ull << 6)
#define PTE_LARGE           (1ull << 7)
#define PTE_TABLE           (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define PTE_LEAF            (PTE_TABLE | PTE_DIRTY | PTE_LARGE)
#define PTE_ADDRESS         0x000ffffffffff000ull

#define TABLE_BYTES         4096
#define TABLE_ENTRIES       512
#define PML4_SHIFT          39
#define PDPT_SHIFT          30
#define PD_SHIFT            21

#define GDT_CODE_64         0x00af9b000000ffffull
#define GDT_DATA            0x00cf93000000ffffull

#define IDT_ENTRIES         256
#define IDT_EXCEPTIONS      32
#define IDT_SPURIOUS        255
#define IDT_INTERRUPT_GATE  0x8e00

/* Tables of one level for all extents: those of @shift bits each cover. */
static uint64_t kbm_count_tables(const KBMLease *lease, int shift)
{
    uint64_t nr = 0;
    unsigned i;

    /* Two extents under one table count twice: a page or two too many. */
    for (i = 0; i < lease->nr_extents; i++) {
        const KBMExtent *extent = &lease->extents[i];
        hwaddr last = extent->start + extent->bytes - 1;

        nr += (last >> shift) - (extent->start >> shift) + 1;
    }
    return nr;
}

uint64_t kbm_page_tables_bytes(const KBMLease *lease)
{
    return TABLE_BYTES * (1 + kbm_count_tables(lease, PML4_SHIFT) +
                          kbm_count_tables(lease, PDPT_SHIFT));
}

typedef struct KBMTableWriter {
    const KBMLease *lease;
    hwaddr next;                /* the next free table */
} KBMTableWriter;

static uint64_t *kbm_table(KBMTableWriter *writer, hwaddr address)
{
    return kbm_lease_host(writer->lease, address, TABLE_BYTES);
}

/* The table below @entry; made if there is none. Lent memory is zero. */
static uint64_t *kbm_subtable(KBMTableWriter *writer, uint64_t *entry)
{
    if (!*entry) {
        *entry = cpu_to_le64(writer->next | PTE_TABLE);
        writer->next += TABLE_BYTES;
    }
    return kbm_table(writer, le64_to_cpu(*entry) & PTE_ADDRESS);
}

static unsigned kbm_index(hwaddr address, int shift)
{
    return (address >> shift) % TABLE_ENTRIES;
}

/*
 * Identity, and of the extents alone: in direct mode nothing else would keep
 * an early stray access of the guest from another's memory.
 */
void kbm_write_page_tables(const KBMLayout *layout, const KBMLease *lease)
{
    KBMTableWriter writer = {
        .lease = lease,
        .next = layout->page_tables + TABLE_BYTES,
    };
    uint64_t *pml4 = kbm_table(&writer, layout->page_tables);
    unsigned i;

    for (i = 0; i < lease->nr_extents; i++) {
        hwaddr address = lease->extents[i].start;
        hwaddr end = address + lease->extents[i].bytes;

        for (; address < end; address += 1ull << PD_SHIFT) {
            uint64_t *pdpt, *pd;

            pdpt = kbm_subtable(&writer, &pml4[kbm_index(address, PML4_SHIFT)]);
            pd = kbm_subtable(&writer, &pdpt[kbm_index(address, PDPT_SHIFT)]);
            pd[kbm_index(address, PD_SHIFT)] = cpu_to_le64(address | PTE_LEAF);
        }
    }
    assert(writer.next <= layout->page_tables + layout->page_tables_bytes);
}

static void kbm_write_gate(uint64_t gate[2], hwaddr handler)
{
    gate[0] = cpu_to_le64((handler & 0xffff) | KBM_SELECTOR_CODE << 16 |
                          (uint64_t)IDT_INTERRUPT_GATE << 32 |
                          (handler & 0xffff0000) << 32);
    gate[1] = cpu_to_le64(handler >> 32);
}

static hwaddr kbm_gate_handler(const KBMLayout *layout, int vector)
{
    const uint8_t *handler = kbm_ap_interrupt;

    if (vector < IDT_EXCEPTIONS) {
        handler = kbm_ap_exception;
    } else if (vector == IDT_SPURIOUS) {
        handler = kbm_ap_spurious;
    }
    return layout->stub + (handler - kbm_ap_stub);
}

void kbm_write_stub(const KBMLayout *layout, const KBMLease *lease)
{
    uint64_t *gdt = kbm_lease_host(lease, layout->gdt, TABLE_BYTES);
    uint64_t *idt = kbm_lease_host(lease, layout->idt, TABLE_BYTES);
    size_t bytes = kbm_ap_stub_end - kbm_ap_stub;
    int vector;

    memcpy(kbm_lease_host(lease, layout->stub, bytes), kbm_ap_stub, bytes);
    gdt[KBM_SELECTOR_CODE / 8] = cpu_to_le64(GDT_CODE_64);
    gdt[KBM_SELECTOR_DATA / 8] = cpu_to_le64(GDT_DATA);
    for (vector = 0; vector < IDT_ENTRIES; vector++) {
        kbm_write_gate(&idt[2 * vector], kbm_gate_handler(layout, vector));
    }
}
