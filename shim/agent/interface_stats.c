// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interface_stats.h"

/* Columns of /proc/net/dev after the name. */
enum {
	RX_BYTES = 0,
	RX_PACKETS = 1,
	RX_ERRORS = 2,
	RX_DROPPED = 3,
	TX_BYTES = 8,
	TX_PACKETS = 9,
	TX_ERRORS = 10,
	TX_DROPPED = 11,
	COLUMNS = 12,
};

static int read_columns(const char *text, unsigned long long columns[COLUMNS])
{
	char *end;

	for (int i = 0; i < COLUMNS; i++) {
		columns[i] = strtoull(text, &end, 10);
		if (end == text)
			return -EINVAL;
		text = end;
	}
	return 0;
}

static Grpc__NetworkStats *new_stats(const char *name,
				     const unsigned long long columns[COLUMNS])
{
	Grpc__NetworkStats *stats = malloc(sizeof(*stats));

	if (!stats)
		return NULL;
	grpc__network_stats__init(stats);
	stats->name = strdup(name);
	stats->rx_bytes = columns[RX_BYTES];
	stats->rx_packets = columns[RX_PACKETS];
	stats->rx_errors = columns[RX_ERRORS];
	stats->rx_dropped = columns[RX_DROPPED];
	stats->tx_bytes = columns[TX_BYTES];
	stats->tx_packets = columns[TX_PACKETS];
	stats->tx_errors = columns[TX_ERRORS];
	stats->tx_dropped = columns[TX_DROPPED];
	return stats;
}

static int add(Grpc__NetworkStats ***stats, size_t *count,
	       Grpc__NetworkStats *one)
{
	Grpc__NetworkStats **grown;

	if (!one)
		return -ENOMEM;
	grown = realloc(*stats, (*count + 1) * sizeof(void *));
	if (!grown) {
		grpc__network_stats__free_unpacked(one, NULL);
		return -ENOMEM;
	}
	grown[(*count)++] = one;
	*stats = grown;
	return 0;
}

/* "  eth0: 1 2 ..." */
static int add_line(char *line, Grpc__NetworkStats ***stats, size_t *count)
{
	unsigned long long columns[COLUMNS];
	char *colon = strchr(line, ':');

	if (!colon)
		return 0;
	*colon = '\0';
	line += strspn(line, " ");
	if (!strcmp(line, "lo") || read_columns(colon + 1, columns) < 0)
		return 0;
	return add(stats, count, new_stats(line, columns));
}

int interface_stats(Grpc__NetworkStats ***ret_stats, size_t *ret_count)
{
	FILE *file = fopen("/proc/net/dev", "re");
	char line[512];
	int r = 0;

	if (!file)
		return -errno;
	*ret_stats = NULL;
	*ret_count = 0;
	while (r >= 0 && fgets(line, sizeof(line), file))
		r = add_line(line, ret_stats, ret_count);
	fclose(file);
	return r;
}
