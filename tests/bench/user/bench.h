/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user part of the micro-benchmarks. */
#ifndef KBM_BENCH_H
#define KBM_BENCH_H

#include <stddef.h>
#include <stdint.h>

struct samples {
	unsigned int count;
	unsigned int size;
	uint64_t *ns;
};

int samples_init(struct samples *samples, unsigned int size);
void samples_done(struct samples *samples);
void samples_add(struct samples *samples, uint64_t ns);
/* Sorts, and prints one member of a JSON object with a comma behind. */
void samples_print(struct samples *samples, const char *name);

uint64_t now_ns(void);
/* Run on this CPU alone from now on. */
int pin(int cpu);

/* Each fills in all samples; 0 or a negative errno. @peer may be -1. */
int bench_syscall(struct samples *samples, int cpu, int peer);
int bench_pipe(struct samples *samples, int cpu, int peer);
int bench_pipe_cross(struct samples *samples, int cpu, int peer);
int bench_fork(struct samples *samples, int cpu, int peer);

/*
 * The kernel part: load the module, print the inside of its JSON object,
 * unload it.
 */
int module_measure(const char *path, int cpu, int peer, unsigned int count);

/* What to do as the first process of a guest: mount; report; power off. */
int init_mount(void);
void init_report(void);
void init_power_off(void) __attribute__((noreturn));

#endif
