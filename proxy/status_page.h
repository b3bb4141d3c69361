/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a twin tells of its session, for reports only: it can write here what it
 * likes. A part of the session's file, see session_file.h.
 */
#ifndef KBM_PROXY_STATUS_PAGE_H
#define KBM_PROXY_STATUS_PAGE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "ioctl_table.h"

#define STATUS_LANES	32u
#define STATUS_KINDS	16u
#define STATUS_CPUS	256u
#define STATUS_NAME	32u

enum status_counter { STATUS_CALLS, STATUS_RUNS, STATUS_WAKEUPS, STATUS_ERRORS, STATUS_COUNTERS };

/* Counters of some of the rings; a cache line, so that threads do not meet. */
struct status_lane {
	_Alignas(64) _Atomic uint64_t counters[STATUS_COUNTERS];
};

/**
 * struct status_page - the twin's part of the file
 * @failure:	errno of what kept the twin from its service, or 0.
 * @greeted:	the client has said hello.
 * @objects:	open handles, by enum handle_kind.
 * @rings:	in use.
 * @memory:	bytes of the client's memory that the twin has mapped.
 * @lent_memory: bytes lent to the session.
 * @nr_cpus:	valid entries of @cpus.
 * @cpus:	APIC IDs of the CPUs lent to the session.
 * @name:	the client's for the session; not terminated if it fills.
 */
struct status_page {
	_Atomic uint32_t failure;
	_Atomic uint32_t greeted;
	_Atomic uint32_t rings;
	_Atomic uint32_t objects[STATUS_KINDS];
	_Atomic uint64_t memory;
	_Atomic uint64_t lent_memory;
	_Atomic uint32_t nr_cpus;
	uint32_t cpus[STATUS_CPUS];
	char name[STATUS_NAME];
	struct status_lane lanes[STATUS_LANES];
};

static_assert(sizeof(struct status_page) <= 8192, "size");

/* Of this process; before a session has one, a page that nobody reads. */
extern struct status_page *status_page;

/* @lane: any number, the same for one thread. */
static inline void status_count(enum status_counter counter, unsigned int lane)
{
	atomic_fetch_add_explicit(&status_page->lanes[lane % STATUS_LANES].counters[counter], 1,
				  memory_order_relaxed);
}

/* A handle of this kind is there (@change 1), or is no more (-1). */
static inline void status_object(unsigned int kind, int change)
{
	atomic_fetch_add_explicit(&status_page->objects[kind % STATUS_KINDS], (uint32_t)change,
				  memory_order_relaxed);
}

static inline void status_memory(int64_t bytes)
{
	atomic_fetch_add_explicit(&status_page->memory, (uint64_t)bytes, memory_order_relaxed);
}

/* @change: 1 or -1. */
static inline void status_ring(int change)
{
	atomic_fetch_add_explicit(&status_page->rings, (uint32_t)change, memory_order_relaxed);
}

/* The session has got this CPU, or memory, by a lease. */
void status_add_cpu(uint32_t apic_id);
void status_add_lent_memory(uint64_t bytes);
void status_greeted(void);
/* Odd characters become '_'. */
void status_set_name(const char *name);

#endif
