/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kbm-bench: the micro-benchmarks, the same on a bare CPU and in a guest.
 *
 *   kbm-bench --cpu=N [--peer=N] [--module=FILE] [--samples=N]
 *
 * prints one line "KBM_BENCH {...}". As the first process of a guest it takes
 * CPUs 0 and 1 and the module /kbm_bench.ko, and powers off at the end.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

struct options {
	int cpu;
	int peer;
	const char *module;
	unsigned int samples;
};

static const struct bench {
	const char *name;
	int (*run)(struct samples *samples, int cpu, int peer);
	unsigned int share;	/* of the samples that were asked for */
} benches[] = {
	{ "null_syscall", bench_syscall, 10 },
	{ "pipe_ping_pong", bench_pipe, 20 },
	{ "pipe_ping_pong_2_cpus", bench_pipe_cross, 40 },
	{ "fork_64_mib", bench_fork, 100 },
};

static int measure(const struct bench *bench, const struct options *options)
{
	unsigned int size = options->samples / bench->share;
	struct samples samples;
	int r = samples_init(&samples, size ? size : 1);

	if (!r)
		r = bench->run(&samples, options->cpu, options->peer);
	if (r)
		fprintf(stderr, "kbm-bench: %s: %s\n", bench->name, strerror(-r));
	else
		samples_print(&samples, bench->name);
	samples_done(&samples);
	return r;
}

static int measure_all(const struct options *options)
{
	int r = 0;

	printf("KBM_BENCH {");
	if (options->module)
		r = module_measure(options->module, options->cpu, options->peer, options->samples);
	if (r)
		fprintf(stderr, "kbm-bench: %s: %s\n", options->module, strerror(-r));
	for (size_t i = 0; !r && i < sizeof(benches) / sizeof(benches[0]); i++)
		r = measure(&benches[i], options);
	printf("\"cpu\": %d, \"complete\": %s}\n", options->cpu, r ? "false" : "true");
	fflush(stdout);
	return r;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "cpu", required_argument, NULL, 'c' },
		{ "peer", required_argument, NULL, 'p' },
		{ "module", required_argument, NULL, 'm' },
		{ "samples", required_argument, NULL, 's' },
		{}
	};
	int id;

	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (id == 'c')
			options->cpu = atoi(optarg);
		else if (id == 'p')
			options->peer = atoi(optarg);
		else if (id == 'm')
			options->module = optarg;
		else if (id == 's')
			options->samples = (unsigned int)atoi(optarg);
		else
			return -EINVAL;
	}
	return 0;
}

static _Noreturn void main_of_guest(void)
{
	struct options options = {
		.peer = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : -1,
		.module = "/kbm_bench.ko",
		.samples = 2000,
	};
	const char *samples = getenv("KBM_SAMPLES");

	if (samples)
		options.samples = (unsigned int)atoi(samples);
	init_mount();
	init_report();
	measure_all(&options);
	init_power_off();
}

int main(int argc, char **argv)
{
	struct options options = { .peer = -1, .samples = 2000 };

	if (getpid() == 1)
		main_of_guest();
	if (parse(argc, argv, &options))
		return 2;
	return measure_all(&options) ? 1 : 0;
}
