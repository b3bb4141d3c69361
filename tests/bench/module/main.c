// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel part of the micro-benchmarks. The same source is built for the
 * host and for the guest. It measures when it is loaded; the result is the
 * module's parameter "result": a JSON object.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/tsc.h>

#include "bench.h"

#define RESULT_SIZE	2048

static int cpu;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU to measure on");

static int peer = -1;
module_param(peer, int, 0444);
MODULE_PARM_DESC(peer, "the other CPU, for IPIs");

static int count = 2000;
module_param(count, int, 0444);
MODULE_PARM_DESC(count, "samples of each measurement");

static char result_text[RESULT_SIZE];
static char *result = result_text;
module_param(result, charp, 0444);

static const struct bench {
	const char *name;
	void (*run)(struct samples *samples, int peer);
} benches[] = {
	{ "self_ipi", bench_self_ipi },
	{ "ipi", bench_ipi },
	{ "timer", bench_timer },
	{ "hlt_wakeup", bench_hlt },
	{ "cpuid", bench_cpuid },
	{ "cr3_write", bench_cr3 },
};

static DECLARE_COMPLETION(measured);

static int run_bench(const struct bench *bench, int at)
{
	struct samples *samples = samples_new(count);
	int length = 0;

	if (samples) {
		bench->run(samples, peer);
		length = samples_print(samples, bench->name, result + at, RESULT_SIZE - at);
	}
	kvfree(samples);
	return length;
}

static int measure_main(void *unused)
{
	int length = scnprintf(result, RESULT_SIZE, "{");

	for (unsigned int i = 0; i < ARRAY_SIZE(benches); i++)
		length += run_bench(&benches[i], length);
	scnprintf(result + length, RESULT_SIZE - length, "\"tsc_khz\": %u}", tsc_khz);
	complete(&measured);
	return 0;
}

static int __init kbm_bench_init(void)
{
	struct task_struct *task;

	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu) || count < 1 || count > 1000000 ||
	    peer == cpu || (peer >= 0 && (peer >= nr_cpu_ids || !cpu_online(peer))))
		return -EINVAL;
	task = kthread_create(measure_main, NULL, "kbm-bench");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	wake_up_process(task);
	wait_for_completion(&measured);
	return 0;
}

static void __exit kbm_bench_exit(void)
{
}

module_init(kbm_bench_init);
module_exit(kbm_bench_exit);
MODULE_DESCRIPTION("Kata BM micro-benchmarks");
MODULE_LICENSE("GPL");
