/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions of the channel, as the control BM's kernel lists them. */
#ifndef KBM_SESSIONS_H
#define KBM_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SESSIONS_MAX		512
#define SESSION_MAX_CPUS	512
#define SESSION_MAX_EXTENTS	64
#define SESSION_WORD		16	/* bytes of a word of state or owner */
#define SESSION_NAME		65	/* with its end */

struct extent {
	uint64_t start;
	uint64_t bytes;
};

/**
 * struct session - one that is not free
 * @index:	its number.
 * @sequence:	odd while it is somebody's.
 * @state:	idle, served, ended: whether it has a twin.
 * @owner:	open (a process here), orphan (of an earlier control BM),
 *		ending (the host is not done with it).
 * @name:	as its client has called it, "-" for none.
 * @nr_cpus:	entries of @apic_ids: CPUs lent to it.
 * @nr_extents:	entries of @extents: memory lent to it.
 */
struct session {
	uint32_t index;
	uint32_t sequence;
	char state[SESSION_WORD];
	char owner[SESSION_WORD];
	char name[SESSION_NAME];
	size_t nr_cpus;
	size_t nr_extents;
	uint32_t apic_ids[SESSION_MAX_CPUS];
	struct extent extents[SESSION_MAX_EXTENTS];
};

/**
 * session_parse - read a line of the kernel's list
 * @line:	INDEX SEQUENCE STATE OWNER NAME APIC_IDS EXTENTS; is changed.
 * @session:	filled.
 *
 * Return: 0, or -EINVAL if it does not look like that.
 */
int session_parse(char *line, struct session *session);

/* Whether the session is left of an earlier control BM. */
bool session_is_orphan(const struct session *session);

/* Prints one line of a table; with @session NULL its head. */
void session_print(FILE *file, const struct session *session);

#endif
