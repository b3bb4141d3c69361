// SPDX-License-Identifier: GPL-2.0-or-later
#include "sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MIB	(UINT64_C(1) << 20)

/* One number that ends at @end; moves @text behind it. */
static int take_number(char **text, int base, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t value;

	if (**text == '-' || **text == '+' || !**text)
		return -EINVAL;
	errno = 0;
	value = strtoull(*text, &end, base);
	if (end == *text || errno || value > max)
		return -EINVAL;
	*text = end;
	*ret = value;
	return 0;
}

static int take_u32(char *word, uint32_t *ret)
{
	uint64_t value;

	if (!word || take_number(&word, 10, UINT32_MAX, &value) < 0 || *word)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static int take_word(const char *word, char *to, size_t size)
{
	if (!word || strlen(word) >= size)
		return -EINVAL;
	memcpy(to, word, strlen(word) + 1);
	return 0;
}

/* "4,6", or "-" for none. */
static int take_cpus(char *word, struct session *session)
{
	uint64_t id;

	if (!word || !strcmp(word, "-"))
		return word ? 0 : -EINVAL;
	for (;; word++) {
		if (session->nr_cpus == SESSION_MAX_CPUS ||
		    take_number(&word, 10, UINT32_MAX, &id) < 0)
			return -EINVAL;
		session->apic_ids[session->nr_cpus++] = (uint32_t)id;
		if (*word != ',')
			return *word ? -EINVAL : 0;
	}
}

/* "0xSTART+0xBYTES,...", or "-" for none. */
static int take_extents(char *word, struct session *session)
{
	struct extent *extent;

	if (!word || !strcmp(word, "-"))
		return word ? 0 : -EINVAL;
	for (;; word++) {
		if (session->nr_extents == SESSION_MAX_EXTENTS)
			return -EINVAL;
		extent = &session->extents[session->nr_extents++];
		if (take_number(&word, 16, UINT64_MAX, &extent->start) < 0 || *word++ != '+' ||
		    take_number(&word, 16, UINT64_MAX, &extent->bytes) < 0)
			return -EINVAL;
		if (*word != ',')
			return *word ? -EINVAL : 0;
	}
}

static char *next_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \n");
	while (word && !*word);
	return word;
}

int session_parse(char *line, struct session *session)
{
	memset(session, 0, sizeof(*session));
	if (take_u32(next_word(&line), &session->index) < 0 || session->index >= SESSIONS_MAX ||
	    take_u32(next_word(&line), &session->sequence) < 0 ||
	    take_word(next_word(&line), session->state, sizeof(session->state)) < 0 ||
	    take_word(next_word(&line), session->owner, sizeof(session->owner)) < 0 ||
	    take_word(next_word(&line), session->name, sizeof(session->name)) < 0 ||
	    take_cpus(next_word(&line), session) < 0 ||
	    take_extents(next_word(&line), session) < 0 || next_word(&line))
		return -EINVAL;
	return 0;
}

bool session_is_orphan(const struct session *session)
{
	return !strcmp(session->owner, "orphan");
}

static uint64_t memory_of(const struct session *session)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < session->nr_extents; i++)
		bytes += session->extents[i].bytes;
	return bytes;
}

void session_print(FILE *file, const struct session *session)
{
	if (!session) {
		fprintf(file, "%7s  %-6s  %-6s  %10s  %-24s  %s\n", "session", "twin", "owner",
			"memory MiB", "name", "CPUs (APIC IDs)");
		return;
	}
	fprintf(file, "%7" PRIu32 "  %-6s  %-6s  %10" PRIu64 "  %-24s  ", session->index,
		session->state, session->owner, memory_of(session) / MIB, session->name);
	for (size_t i = 0; i < session->nr_cpus; i++)
		fprintf(file, "%s%" PRIu32, i ? "," : "", session->apic_ids[i]);
	fprintf(file, "%s\n", session->nr_cpus ? "" : "-");
}
