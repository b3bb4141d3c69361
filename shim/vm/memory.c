// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/config.h"
#include "config/problem.h"

#define REMEDY "end another sandbox, or lower the memory limit or default_memory"
/* A page is all that sysfs shows; a longer list is not seen to its end. */
#define TEXT_SIZE 4096

/* Bytes. */
struct lendable {
	uint64_t free;
	uint64_t longest;
	uint64_t all;
};

static int read_text(const char *path, char text[TEXT_SIZE])
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT_SIZE - 1);

	if (n < 0)
		return -errno;
	text[n] = 0;
	return n >= TEXT_SIZE - 64 ? -E2BIG : 0;
}

/* A line a run: node, first address, bytes, "free" or "lent". */
static void count(struct lendable *lendable, const char *text, int node)
{
	uint64_t bytes;
	char state[8];
	int on;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%d 0x%*x 0x%" SCNx64 " %7s", &on, &bytes, state) != 3 ||
		    (node >= 0 && on != node))
			continue;
		lendable->all += bytes;
		if (strcmp(state, "free"))
			continue;
		lendable->free += bytes;
		if (bytes > lendable->longest)
			lendable->longest = bytes;
	}
}

static int check_lendable(const struct config *config, const char *path, struct problem *problem)
{
	struct lendable lendable = { 0 };
	char text[TEXT_SIZE] = "", where[32] = "";

	if (read_text(path, text) < 0)
		return 0;
	count(&lendable, text, config->node);
	if (lendable.longest >> 20 >= config->memory)
		return 0;
	if (config->node >= 0)
		snprintf(where, sizeof(where), " on node %d", config->node);
	return problem_set(problem, -EBUSY,
			   "%u MiB of memory asked for, free in one piece are %" PRIu64
			   " MiB (%" PRIu64 " in all of the %" PRIu64
			   " MiB that guests may have%s): " REMEDY
			   ", or set more aside by kbm.memory= of the host",
			   config->memory, lendable.longest >> 20, lendable.free >> 20,
			   lendable.all >> 20, where);
}

static int check_available(const struct config *config, const char *path, struct problem *problem)
{
	char text[TEXT_SIZE] = "";
	const char *at;
	uint64_t kib;

	if (read_text(path, text) < 0)
		return 0;
	at = strstr(text, "MemAvailable:");
	if (!at || sscanf(at, "MemAvailable: %" SCNu64 " kB", &kib) != 1 ||
	    kib >> 10 >= config->memory)
		return 0;
	return problem_set(problem, -EBUSY,
			   "%u MiB of memory asked for, available on this machine are %" PRIu64
			   " MiB: " REMEDY,
			   config->memory, kib >> 10);
}

int memory_check(const struct config *config, bool is_direct, const char *lendable,
		 const char *info, struct problem *problem)
{
	return is_direct ? check_lendable(config, lendable, problem) :
			   check_available(config, info, problem);
}

const char *memory_remedy(const char *words)
{
	const char *at = strstr(words, "cannot lend ");
	unsigned int mib;
	int end = 0;

	if (!at || sscanf(at, "cannot lend %u MiB of memory: %n", &mib, &end) != 1 || !end)
		return "";
	return ": " REMEDY;
}
