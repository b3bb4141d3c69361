// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "files.h"

#define NS_PER_US 1000

/* "max", which is none, is UINT64_MAX; a file that is not there is absent. */
static uint64_t read_number(const char *path, const char *file, uint64_t absent)
{
	char at[PATH_MAX], text[64];

	snprintf(at, sizeof(at), "%s/%s", path, file);
	if (file_read(at, text, sizeof(text)) < 0)
		return absent;
	return strcmp(text, "max") ? strtoull(text, NULL, 10) : UINT64_MAX;
}

/* An allocation that failed leaves the message without that part. */
static void *new_part(const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *part = malloc(descriptor->sizeof_message);

	if (part)
		descriptor->message_init(part);
	return part;
}

/* A further element of a repeated field of messages. */
static void *append_part(void ***array, size_t *count,
			 const ProtobufCMessageDescriptor *descriptor)
{
	void **grown = realloc(*array, (*count + 1) * sizeof(void *));
	void *part;

	if (!grown)
		return NULL;
	*array = grown;
	part = new_part(descriptor);
	if (part)
		grown[(*count)++] = part;
	return part;
}

static Grpc__CpuStats *cpu_stats(const char *path)
{
	Grpc__CpuStats *stats = new_part(&grpc__cpu_stats__descriptor);

	if (!stats)
		return NULL;
	stats->cpu_usage = new_part(&grpc__cpu_usage__descriptor);
	stats->throttling_data = new_part(&grpc__throttling_data__descriptor);
	if (stats->cpu_usage) {
		stats->cpu_usage->total_usage =
			cgroup_value(path, "cpu.stat", "usage_usec") *
			NS_PER_US;
		stats->cpu_usage->usage_in_usermode =
			cgroup_value(path, "cpu.stat", "user_usec") * NS_PER_US;
		stats->cpu_usage->usage_in_kernelmode =
			cgroup_value(path, "cpu.stat", "system_usec") *
			NS_PER_US;
	}
	if (stats->throttling_data) {
		stats->throttling_data->periods =
			cgroup_value(path, "cpu.stat", "nr_periods");
		stats->throttling_data->throttled_periods =
			cgroup_value(path, "cpu.stat", "nr_throttled");
		stats->throttling_data->throttled_time =
			cgroup_value(path, "cpu.stat", "throttled_usec") *
			NS_PER_US;
	}
	return stats;
}

static Grpc__MemoryData *memory_data(const char *path, const char *prefix)
{
	Grpc__MemoryData *data = new_part(&grpc__memory_data__descriptor);
	char file[64];

	if (!data)
		return NULL;
	snprintf(file, sizeof(file), "%s.current", prefix);
	data->usage = read_number(path, file, 0);
	snprintf(file, sizeof(file), "%s.peak", prefix);
	data->max_usage = read_number(path, file, 0);
	snprintf(file, sizeof(file), "%s.max", prefix);
	data->limit = read_number(path, file, UINT64_MAX);
	snprintf(file, sizeof(file), "%s.events", prefix);
	data->failcnt = cgroup_value(path, file, "max");
	return data;
}

/* The lines "name number" of a file, as entries of the map. */
static void add_lines(Grpc__MemoryStats *stats, const char *path,
		      const char *file, const char *prefix)
{
	char at[PATH_MAX], text[16384], name[128], *rest = text, *line, *space;
	Grpc__MemoryStats__StatsEntry *entry;

	snprintf(at, sizeof(at), "%s/%s", path, file);
	if (file_read(at, text, sizeof(text)) < 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		space = strchr(line, ' ');
		if (!space)
			continue;
		*space = '\0';
		snprintf(name, sizeof(name), "%s%s", prefix, line);
		entry = append_part(
			(void ***)&stats->stats, &stats->n_stats,
			&grpc__memory_stats__stats_entry__descriptor);
		if (!entry)
			return;
		entry->key = strdup(name);
		entry->value = strtoull(space + 1, NULL, 10);
	}
}

static Grpc__MemoryStats *memory_stats(const char *path)
{
	Grpc__MemoryStats *stats = new_part(&grpc__memory_stats__descriptor);

	if (!stats)
		return NULL;
	stats->use_hierarchy = true;
	stats->cache = cgroup_value(path, "memory.stat", "file");
	stats->usage = memory_data(path, "memory");
	stats->swap_usage = memory_data(path, "memory.swap");
	add_lines(stats, path, "memory.stat", "");
	add_lines(stats, path, "memory.events", "events.");
	return stats;
}

static Grpc__PidsStats *pids_stats(const char *path)
{
	Grpc__PidsStats *stats = new_part(&grpc__pids_stats__descriptor);

	if (!stats)
		return NULL;
	stats->current = read_number(path, "pids.current", 0);
	stats->limit = read_number(path, "pids.max", 0);
	if (stats->limit == UINT64_MAX)
		stats->limit = 0;
	return stats;
}

static void add_io(void ***array, size_t *count, const unsigned int device[2],
		   const char *op, unsigned long long value)
{
	Grpc__BlkioStatsEntry *entry =
		append_part(array, count, &grpc__blkio_stats_entry__descriptor);

	if (!entry)
		return;
	entry->major = device[0];
	entry->minor = device[1];
	entry->op = strdup(op);
	entry->value = value;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static Grpc__BlkioStats *io_stats(const char *path)
{
	Grpc__BlkioStats *stats = new_part(&grpc__blkio_stats__descriptor);
	char at[PATH_MAX], text[8192], *rest = text, *line;
	unsigned long long bytes[2], operations[2];
	unsigned int device[2];

	snprintf(at, sizeof(at), "%s/io.stat", path);
	if (!stats || file_read(at, text, sizeof(text)) < 0)
		return stats;
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line,
			   "%u:%u rbytes=%llu wbytes=%llu rios=%llu wios=%llu",
			   &device[0], &device[1], &bytes[0], &bytes[1],
			   &operations[0], &operations[1]) != 6)
			continue;
		for (int i = 0; i < 2; i++) {
			add_io((void ***)&stats->io_service_bytes_recursive,
			       &stats->n_io_service_bytes_recursive, device,
			       i ? "Write" : "Read", bytes[i]);
			add_io((void ***)&stats->io_serviced_recursive,
			       &stats->n_io_serviced_recursive, device,
			       i ? "Write" : "Read", operations[i]);
		}
	}
	return stats;
}

/* hugetlb.2MB.current and so on. */
static void add_hugetlb(Grpc__CgroupStats *stats, const char *path)
{
	Grpc__CgroupStats__HugetlbStatsEntry *entry;
	DIR *directory = opendir(path);
	struct dirent *at;
	char size[16], end, file[64];

	if (!directory)
		return;
	while ((at = readdir(directory))) {
		if (sscanf(at->d_name, "hugetlb.%15[0-9KMGB].curren%c", size,
			   &end) != 2)
			continue;
		entry = append_part(
			(void ***)&stats->hugetlb_stats,
			&stats->n_hugetlb_stats,
			&grpc__cgroup_stats__hugetlb_stats_entry__descriptor);
		if (!entry)
			break;
		entry->key = strdup(size);
		entry->value = new_part(&grpc__hugetlb_stats__descriptor);
		if (!entry->value)
			break;
		entry->value->usage = read_number(path, at->d_name, 0);
		snprintf(file, sizeof(file), "hugetlb.%s.events", size);
		entry->value->failcnt = cgroup_value(path, file, "max");
	}
	closedir(directory);
}

int cgroup_stats(const char *path, Grpc__CgroupStats **ret_stats)
{
	Grpc__CgroupStats *stats = new_part(&grpc__cgroup_stats__descriptor);

	if (!stats)
		return -ENOMEM;
	stats->cpu_stats = cpu_stats(path);
	stats->memory_stats = memory_stats(path);
	stats->pids_stats = pids_stats(path);
	stats->blkio_stats = io_stats(path);
	add_hugetlb(stats, path);
	*ret_stats = stats;
	return 0;
}
