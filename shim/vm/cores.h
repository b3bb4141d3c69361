/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs are hardware threads of one core. The host lends whole cores to a
 * guest: what one thread does, the other can see.
 */
#ifndef KBM_SHIM_VM_CORES_H
#define KBM_SHIM_VM_CORES_H

#include <stdbool.h>
#include <stdint.h>

#define CORES_FOLDER "/sys/devices/system/cpu"
#define CORES_MAX_FACTS 16

/* All zero: each CPU is a core. */
struct cores {
	/* Of each CPU the next one of its core, in a ring; NULL: all have one alone. */
	uint16_t *next;
	/* Pairs that somebody has told; what else is joined was guessed from them. */
	struct {
		uint16_t a, b;
	} facts[CORES_MAX_FACTS];
	unsigned int nr_facts;
	bool is_guessed;
};

/**
 * cores_read - as this kernel knows them
 * @folder:	CORES_FOLDER; tests have others.
 *
 * Those of CPUs that are offline, as lent ones are, are not known.
 */
int cores_read(struct cores *cores, const char *folder);

/**
 * cores_learn - the host said that two CPUs are of one core
 *
 * The others are guessed from that: machines number the threads of all their cores
 * in one way. Return: whether it is news.
 */
bool cores_learn(struct cores *cores, unsigned int a, unsigned int b);

/* The next CPU of its core, in a ring; itself if it is alone. */
unsigned int cores_next(const struct cores *cores, unsigned int cpu);

void cores_done(struct cores *cores);

#endif
