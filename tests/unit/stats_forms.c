// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics in the two forms: each number in its place and unit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cgroups_v2.pb-c.h"
#include "containerd/cgroups_v1.pb-c.h"
#include "protocols/any.h"
#include "stats/stats.h"
#include "stats/sum.h"

static const uint64_t per_cpu[] = { 71000, 72000, 73000 };
static const struct stats_io io[] = { { 8, 16, 801, 802, 803, 804 }, { 253, 1, 811, 812, 813, 814 } };
static const struct stats_network network[] = {
	{ "eth0", 901, 902, 903, 904, 905, 906, 907, 908 },
	{ "eth1", 911, 912, 913, 914, 915, 916, 917, 918 },
};
static const struct stats_hugetlb hugetlb[] = { { "2MB", 951, 952, 953 } };

static const struct stats full = {
	.cpu = { 101000, 102000, 103000, 104, 105, 106000, per_cpu, 3 },
	.memory = { 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216,
		    217, 218, 219, 220, 221, 222, 223, 224, 225, 226 },
	.events = { 301, 302, 303, 304, 305 },
	.pids = 401,
	.pids_limit = 402,
	.io = io,
	.nr_io = 2,
	.network = network,
	.nr_network = 2,
	.hugetlb = hugetlb,
	.nr_hugetlb = 1,
};

static void *pack(const struct stats *stats, enum stats_form form,
		  const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message;
	Google__Protobuf__Any *any;

	assert_int_equal(stats_pack(stats, form, &any), 0);
	assert_string_equal(any->type_url, descriptor->name);
	assert_int_equal(any_unpack(any, descriptor, &message), 0);
	any_free(any);
	return message;
}

static Io__Containerd__Cgroups__V2__Metrics *pack_v2(const struct stats *stats)
{
	return pack(stats, STATS_CGROUPS_V2, &io__containerd__cgroups__v2__metrics__descriptor);
}

static Io__Containerd__Cgroups__V1__Metrics *pack_v1(const struct stats *stats)
{
	return pack(stats, STATS_CGROUPS_V1, &io__containerd__cgroups__v1__metrics__descriptor);
}

/* A number of the wire format at a path of field numbers; what a Go client would read. */
static uint64_t number_at(const uint8_t *data, size_t size, const unsigned int *path)
{
	size_t at = 0;

	while (at < size) {
		uint64_t key = 0, value = 0;

		for (unsigned int shift = 0;; shift += 7) {
			key |= (uint64_t)(data[at] & 0x7f) << shift;
			if (!(data[at++] & 0x80))
				break;
		}
		for (unsigned int shift = 0;; shift += 7) {
			value |= (uint64_t)(data[at] & 0x7f) << shift;
			if (!(data[at++] & 0x80))
				break;
		}
		if (key >> 3 == *path)
			return (key & 7) == 2 ? number_at(data + at, value, path + 1) : value;
		at += (key & 7) == 2 ? value : 0;
	}
	return 0;
}

/*
 * The numbers of containerd/cgroups' metrics.proto, written down once more: what
 * Kubernetes reads from them must not depend on our own file alone.
 */
static void v2_has_containerds_numbers(void **state)
{
	static const struct {
		unsigned int path[3];
		uint64_t value;
	} fields[] = {
		{ { 1, 1 }, 401 },  { { 1, 2 }, 402 },	{ { 2, 1 }, 101 }, { { 2, 2 }, 102 },
		{ { 2, 3 }, 103 },  { { 2, 4 }, 104 },	{ { 2, 5 }, 105 }, { { 2, 6 }, 106 },
		{ { 4, 1 }, 208 },  { { 4, 2 }, 210 },	{ { 4, 13 }, 222 }, { { 4, 32 }, 201 },
		{ { 4, 33 }, 202 }, { { 4, 34 }, 205 }, { { 4, 35 }, 206 }, { { 4, 36 }, 203 },
		{ { 6, 1, 3 }, 801 }, { { 6, 1, 6 }, 804 }, { { 7, 1 }, 951 }, { { 7, 2 }, 952 },
		{ { 8, 4 }, 304 }, { { 8, 5 }, 305 }, { { 9, 2 }, 901 }, { { 9, 9 }, 908 },
	};
	Google__Protobuf__Any *any;

	(void)state;
	assert_int_equal(stats_pack(&full, STATS_CGROUPS_V2, &any), 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_int_equal(number_at(any->value.data, any->value.len, fields[i].path),
				 fields[i].value);
	any_free(any);
}

static void v2_is_complete(void **state)
{
	Io__Containerd__Cgroups__V2__Metrics *metrics = pack_v2(&full);
	const Io__Containerd__Cgroups__V2__MemoryStat *memory = metrics->memory;

	(void)state;
	assert_int_equal(memory->anon_thp, 209);
	assert_int_equal(memory->file_mapped, 211);
	assert_int_equal(memory->file_dirty, 212);
	assert_int_equal(memory->file_writeback, 213);
	assert_int_equal(memory->shmem, 214);
	assert_int_equal(memory->kernel_stack, 215);
	assert_int_equal(memory->slab, 216);
	assert_int_equal(memory->slab_reclaimable, 217);
	assert_int_equal(memory->slab_unreclaimable, 218);
	assert_int_equal(memory->sock, 219);
	assert_int_equal(memory->inactive_anon, 220);
	assert_int_equal(memory->active_anon, 221);
	assert_int_equal(memory->active_file, 223);
	assert_int_equal(memory->unevictable, 224);
	assert_int_equal(memory->pgfault, 225);
	assert_int_equal(memory->pgmajfault, 226);
	assert_int_equal(metrics->memory_events->low, 301);
	assert_int_equal(metrics->memory_events->high, 302);
	assert_int_equal(metrics->memory_events->max, 303);
	assert_int_equal(metrics->io->n_usage, 2);
	assert_int_equal(metrics->io->usage[1]->major, 253);
	assert_int_equal(metrics->io->usage[1]->minor, 1);
	assert_int_equal(metrics->io->usage[1]->wbytes, 812);
	assert_int_equal(metrics->io->usage[1]->rios, 813);
	assert_int_equal(metrics->n_network, 2);
	assert_string_equal(metrics->network[1]->name, "eth1");
	assert_int_equal(metrics->network[1]->tx_bytes, 915);
	assert_string_equal(metrics->hugetlb[0]->pagesize, "2MB");
	io__containerd__cgroups__v2__metrics__free_unpacked(metrics, NULL);
}

static void v1_is_complete(void **state)
{
	Io__Containerd__Cgroups__V1__Metrics *metrics = pack_v1(&full);
	const Io__Containerd__Cgroups__V1__MemoryStat *memory = metrics->memory;
	const Io__Containerd__Cgroups__V1__NetworkStat *link;

	(void)state;
	assert_int_equal(metrics->cpu->usage->total, 101000);
	assert_int_equal(metrics->cpu->usage->user, 102000);
	assert_int_equal(metrics->cpu->usage->kernel, 103000);
	assert_int_equal(metrics->cpu->usage->n_per_cpu, 3);
	assert_int_equal(metrics->cpu->usage->per_cpu[2], 73000);
	assert_int_equal(metrics->cpu->throttling->periods, 104);
	assert_int_equal(metrics->cpu->throttling->throttled_periods, 105);
	assert_int_equal(metrics->cpu->throttling->throttled_time, 106000);
	assert_int_equal(memory->usage->usage, 201);
	assert_int_equal(memory->usage->limit, 202);
	assert_int_equal(memory->usage->max, 203);
	assert_int_equal(memory->usage->failcnt, 204);
	assert_int_equal(memory->swap->usage, 201 + 205);
	assert_int_equal(memory->swap->limit, 202 + 206);
	assert_int_equal(memory->kernel->usage, 207);
	assert_int_equal(memory->rss, 208);
	assert_int_equal(memory->rss_huge, 209);
	assert_int_equal(memory->cache, 210);
	assert_int_equal(memory->mapped_file, 211);
	assert_int_equal(memory->dirty, 212);
	assert_int_equal(memory->writeback, 213);
	assert_int_equal(memory->inactive_anon, 220);
	assert_int_equal(memory->active_anon, 221);
	assert_int_equal(memory->total_inactive_file, 222);
	assert_int_equal(memory->active_file, 223);
	assert_int_equal(memory->unevictable, 224);
	assert_int_equal(memory->pg_fault, 225);
	assert_int_equal(memory->pg_maj_fault, 226);
	assert_int_equal(memory->hierarchical_memory_limit, 202);
	assert_int_equal(metrics->memory_oom_control->oom_kill, 305);
	assert_int_equal(metrics->pids->current, 401);
	assert_int_equal(metrics->pids->limit, 402);
	assert_int_equal(metrics->blkio->n_io_service_bytes_recursive, 4);
	assert_string_equal(metrics->blkio->io_service_bytes_recursive[3]->op, "Write");
	assert_int_equal(metrics->blkio->io_service_bytes_recursive[3]->value, 812);
	assert_int_equal(metrics->blkio->io_service_bytes_recursive[3]->major, 253);
	assert_string_equal(metrics->blkio->io_serviced_recursive[0]->op, "Read");
	assert_int_equal(metrics->blkio->io_serviced_recursive[0]->value, 803);
	link = metrics->network[0];
	assert_string_equal(link->name, "eth0");
	assert_int_equal(link->rx_dropped, 904);
	assert_int_equal(link->tx_dropped, 908);
	assert_int_equal(metrics->hugetlb[0]->usage, 951);
	assert_int_equal(metrics->hugetlb[0]->max, 952);
	assert_int_equal(metrics->hugetlb[0]->failcnt, 953);
	io__containerd__cgroups__v1__metrics__free_unpacked(metrics, NULL);
}

/* containerd reads these parts without asking whether they are there. */
static void nothing_known_is_whole(void **state)
{
	static const struct stats empty;
	Io__Containerd__Cgroups__V1__Metrics *v1 = pack_v1(&empty);
	Io__Containerd__Cgroups__V2__Metrics *v2 = pack_v2(&empty);

	(void)state;
	assert_non_null(v1->cpu->usage);
	assert_non_null(v1->memory->usage);
	assert_non_null(v1->pids);
	assert_non_null(v2->cpu);
	assert_non_null(v2->memory);
	assert_non_null(v2->pids);
	io__containerd__cgroups__v1__metrics__free_unpacked(v1, NULL);
	io__containerd__cgroups__v2__metrics__free_unpacked(v2, NULL);
}

static void no_limit_is_the_kernels(void **state)
{
	struct stats stats = { .pids_limit = STATS_NO_LIMIT };
	Io__Containerd__Cgroups__V1__Metrics *v1;
	Io__Containerd__Cgroups__V2__Metrics *v2;

	(void)state;
	stats.memory.limit = STATS_NO_LIMIT;
	stats.memory.swap_limit = STATS_NO_LIMIT;
	v1 = pack_v1(&stats);
	v2 = pack_v2(&stats);
	assert_int_equal(v1->memory->usage->limit, 0x7ffffffffffff000);
	assert_int_equal(v1->memory->swap->limit, 0x7ffffffffffff000);
	assert_int_equal(v1->pids->limit, 0);
	assert_int_equal(v2->memory->usage_limit, UINT64_MAX);
	assert_int_equal(v2->pids->limit, UINT64_MAX);
	io__containerd__cgroups__v1__metrics__free_unpacked(v1, NULL);
	io__containerd__cgroups__v2__metrics__free_unpacked(v2, NULL);
}

static void types_are_known_by_their_bare_name(void **state)
{
	Google__Protobuf__Any *any;
	ProtobufCMessage *message;

	(void)state;
	assert_false(any_is(NULL, "x"));
	assert_int_equal(any_from_bytes("type.googleapis.com/a.b.C", "\xff", 1, &any), 0);
	assert_true(any_is(any, "a.b.C"));
	assert_true(any_is(any, "type.googleapis.com/a.b.C"));
	assert_false(any_is(any, "b.C"));
	assert_false(any_is(any, "a.b.D"));
	assert_int_equal(any_unpack(any, &io__containerd__cgroups__v2__metrics__descriptor,
				    &message),
			 -ENOMSG);
	any_free(any);
	assert_int_equal(any_from_bytes("io.containerd.cgroups.v2.Metrics", "\xff", 1, &any), 0);
	assert_int_equal(any_unpack(any, &io__containerd__cgroups__v2__metrics__descriptor,
				    &message),
			 -EBADMSG);
	any_free(any);
	assert_int_equal(any_from_bytes("", NULL, 0, &any), 0);
	any_free(any);
	any_free(NULL);
}

/* Every number of a part without pointers is twice the other's. */
static void is_twice(const void *sums, const void *numbers, size_t size)
{
	const uint64_t *a = sums, *b = numbers;

	for (size_t i = 0; i < size / sizeof(*a); i++)
		assert_int_equal(a[i], 2 * b[i]);
}

static void two_containers_are_added(void **state)
{
	struct stats_sum sum = { 0 };

	(void)state;
	assert_int_equal(stats_sum_add(&sum, &full), 0);
	assert_int_equal(stats_sum_add(&sum, &full), 0);
	is_twice(&sum.stats.cpu, &full.cpu, offsetof(struct stats_cpu, per_cpu));
	is_twice(&sum.stats.memory, &full.memory, sizeof(full.memory));
	is_twice(&sum.stats.events, &full.events, sizeof(full.events));
	is_twice(sum.stats.cpu.per_cpu, per_cpu, sizeof(per_cpu));
	assert_int_equal(sum.stats.cpu.nr_per_cpu, 3);
	assert_int_equal(sum.stats.pids, 802);
	assert_int_equal(sum.stats.pids_limit, 804);
	/* By device. */
	assert_int_equal(sum.stats.nr_io, 2);
	assert_int_equal(sum.stats.io[1].major, 253);
	is_twice(&sum.stats.io[1].read_bytes, &io[1].read_bytes, 4 * sizeof(uint64_t));
	/* Both have the same interfaces. */
	assert_int_equal(sum.stats.nr_network, 2);
	assert_string_equal(sum.stats.network[1].name, "eth1");
	assert_int_equal(sum.stats.network[1].tx_dropped, 918);
	stats_sum_done(&sum);
}

static void no_limit_stays_none_in_a_sum(void **state)
{
	struct stats other = { .memory.limit = STATS_NO_LIMIT };
	struct stats_sum sum = { 0 };

	(void)state;
	assert_int_equal(stats_sum_add(&sum, &full), 0);
	assert_int_equal(sum.stats.pids_limit, 402);
	assert_int_equal(stats_sum_add(&sum, &other), 0);
	assert_true(sum.stats.memory.limit == STATS_NO_LIMIT);
	assert_int_equal(sum.stats.pids_limit, 0);
	assert_int_equal(stats_sum_add(&sum, &full), 0);
	assert_true(sum.stats.memory.limit == STATS_NO_LIMIT);
	assert_int_equal(sum.stats.pids_limit, 0);
	stats_sum_done(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_has_containerds_numbers),
		cmocka_unit_test(v2_is_complete),
		cmocka_unit_test(v1_is_complete),
		cmocka_unit_test(nothing_known_is_whole),
		cmocka_unit_test(no_limit_is_the_kernels),
		cmocka_unit_test(two_containers_are_added),
		cmocka_unit_test(no_limit_stays_none_in_a_sum),
		cmocka_unit_test(types_are_known_by_their_bare_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
