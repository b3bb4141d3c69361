/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the payload VMM and its payloads agree on; read by C and by assembler.
 *
 * A payload is flat, position-independent 64-bit code. It is entered on every
 * vCPU with interrupts off, a GDT, an IDT and a stack in place, identity page
 * tables of its own memory, and
 *
 *	RDI	address of the info page (PAYLOAD_INFO_*)
 *	RSI	number of the vCPU, from 0
 *	GS	base of the vCPU's own result page (PAYLOAD_RESULT_*)
 *
 * The runtime (payloads/runtime.S) owns the IDT: it counts each vector in the
 * result page and ends interrupts; an exception continues at
 * PAYLOAD_RESULT_FIXUP if that is not 0, else it ends the guest.
 */
#ifndef KBM_PAYLOAD_ABI_H
#define KBM_PAYLOAD_ABI_H

#define PAYLOAD_MAX_CPUS	64

/* Offsets from the start of the payload's memory. */
#define PAYLOAD_INFO		0x000000
#define PAYLOAD_GDT		0x001000
#define PAYLOAD_IDT		0x002000
#define PAYLOAD_RUNTIME		0x003000	/* 16 bytes a vector, then shared code */
#define PAYLOAD_CODE		0x008000
#define PAYLOAD_CODE_MAX	0x008000
#define PAYLOAD_RESULTS		0x010000	/* one page a vCPU */
#define PAYLOAD_STACKS		0x050000	/* one page a vCPU, grows down */
#define PAYLOAD_PAGE_TABLES	0x0a0000
#define PAYLOAD_FREE		0x200000	/* from here on the payload's own */

#define PAYLOAD_STUB_BYTES	16

/* Info page: 64-bit fields. */
#define PAYLOAD_INFO_BASE	0x00	/* start of memory */
#define PAYLOAD_INFO_BYTES	0x08
#define PAYLOAD_INFO_CPUS	0x10
#define PAYLOAD_INFO_COUNT	0x18	/* how often to do the thing */
#define PAYLOAD_INFO_TICKS	0x20	/* TSC ticks to run for */
#define PAYLOAD_INFO_PERIOD	0x28	/* APIC timer count of one period */
#define PAYLOAD_INFO_ARGUMENT	0x30
#define PAYLOAD_INFO_ARRIVED	0x38	/* vCPUs that have come to a barrier */
#define PAYLOAD_INFO_APIC_IDS	0x80	/* PAYLOAD_MAX_CPUS 64-bit fields */

/* Result page: 64-bit fields. */
#define PAYLOAD_RESULT_STATE	0x00	/* PAYLOAD_STATE_* */
#define PAYLOAD_RESULT_VMCALL	0x08	/* 1: VMCALL, 0: VMMCALL */
#define PAYLOAD_RESULT_FIXUP	0x10
#define PAYLOAD_RESULT_VALUE	0x18	/* of the payload, printed */
#define PAYLOAD_RESULT_DONE	0x20	/* how often the thing was done */
#define PAYLOAD_RESULT_CYCLES	0x28	/* TSC ticks that it took altogether */
#define PAYLOAD_RESULT_FAULT	0x30	/* 1 + exception, 0 for none */
#define PAYLOAD_RESULT_ERROR	0x38	/* its error code */
#define PAYLOAD_RESULT_RIP	0x40
#define PAYLOAD_RESULT_CR2	0x48
#define PAYLOAD_RESULT_VECTORS	0x800	/* 256 counters */

#define PAYLOAD_STATE_NONE	0
#define PAYLOAD_STATE_RUNS	1
#define PAYLOAD_STATE_DONE	2

/* kbm_guest.h in the assembler's terms; vcpu.c checks that they are equal. */
#define PAYLOAD_HYPERCALL_LIVE	0x4b424d01
#define PAYLOAD_HYPERCALL_END	0x4b424d02
#define PAYLOAD_END_SHUTDOWN	0
#define PAYLOAD_END_PANIC	2

/* Where stock KVM, which has no END hypercall, sees the end of a payload. */
#define PAYLOAD_END_PORT	0xf4

#define PAYLOAD_VECTOR_TIMER	0x41
#define PAYLOAD_VECTOR_SELF	0x42
#define PAYLOAD_VECTOR_PING	0x43
#define PAYLOAD_VECTOR_PONG	0x44

/* Flags of a payload. */
#define PAYLOAD_MAPS_ARGUMENT	1	/* its argument is an address to map */
#define PAYLOAD_ENDLESS		2	/* right is to be stopped, not to end */

#endif
