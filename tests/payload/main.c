/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kbm-payload: the smallest VMM of a direct guest. It speaks kbm.h and KVM
 * and nothing else, so that a fault of the host shows without a guest kernel
 * and QEMU in between.
 */
#include <signal.h>
#include <stdio.h>

#include "kicks.h"
#include "machine.h"
#include "options.h"
#include "report.h"

static struct machine machine;

/* To be told to stop ends a guest as its time limit does. */
static void on_stop_signal(int signal)
{
	(void)signal;
	sem_post(&machine.guest_ended);
}

static enum vcpu_end guest_end(void)
{
	for (unsigned int i = 0; i < machine.nr_vcpus; i++) {
		enum vcpu_end end = (enum vcpu_end)atomic_load(&machine.vcpus[i].end);

		if (end != VCPU_STOPPED && end != VCPU_RUNS)
			return end;
	}
	return VCPU_STOPPED;
}

static bool has_passed(const struct report *report)
{
	const struct kicks *kicks = report->kicks;

	if (kicks && (kicks->arrived < kicks->wanted || kicks->late))
		return false;
	if (report->machine->payload.flags & PAYLOAD_ENDLESS)
		return report->end == VCPU_STOPPED;
	return report->end == VCPU_SHUTDOWN;
}

static int run_machine(const struct options *options, struct kicks *kicks)
{
	/* The limit is for the test, and live runs for all of --seconds. */
	double seconds = options->seconds + 5;
	int r = machine_start(&machine);

	if (!r && options->kicks)
		r = kicks_measure(&machine, options->kicks, kicks);
	else if (!r && machine.payload.flags & PAYLOAD_ENDLESS)
		machine_wait(&machine, options->seconds);
	else if (!r)
		machine_wait(&machine, seconds);
	machine_stop(&machine);
	return r;
}

static int run_once(const struct options *options, unsigned int run, bool *ret_passed)
{
	uint64_t start = now_ns();
	struct kicks kicks = {};
	struct report report = {
		.options = options,
		.machine = &machine,
		.kicks = options->kicks ? &kicks : NULL,
		.runs = run,
	};
	int r = machine_init(options, &machine);

	if (r)
		return r;
	r = run_machine(options, &kicks);
	report.seconds = (double)(now_ns() - start) / 1e9;
	report.end = guest_end();
	report.passed = !r && has_passed(&report);
	if (!r && (run == options->runs || !report.passed))
		r = report_print(&report);
	machine_done(&machine);
	*ret_passed = report.passed;
	return r;
}

int main(int argc, char **argv)
{
	struct options options;
	bool passed = true;
	int r = options_parse(argc, argv, &options);

	if (r)
		return r < 0 ? 2 : 0;
	signal(SIGTERM, on_stop_signal);
	for (unsigned int run = 1; !r && passed && run <= options.runs; run++)
		r = run_once(&options, run, &passed);
	return r || !passed ? 1 : 0;
}
