/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the machines that a guest may be. */
#ifndef KBM_SHIM_VM_MACHINE_H
#define KBM_SHIM_VM_MACHINE_H

#include <stdbool.h>

#include "command.h"
#include "vm.h"

struct machine {
	/* Ends the names of virtio devices: virtio-blk-SUFFIX. */
	const char *suffix;
	/* Most virtio devices; of the kernel's or the machine's. */
	unsigned int max_devices;
	/* It takes CPUs and memory of the host for itself. */
	bool is_direct;
	/*
	 * Adds -machine, -accel, -cpu and such. -ENODEV: not on this machine.
	 * @ret_note: a sentence for the log, static; or NULL.
	 */
	int (*add)(struct command *command, const struct config *config, const char **ret_note,
		   struct problem *problem);
	/* The QEMU to use where the configuration has none. */
	const char *path;
	/* What the kernel's command line begins with. */
	const char *append;
};

extern const struct machine machine_kata_bm;
extern const struct machine machine_microvm;

const struct machine *machine_of(const struct config *config);

/* Descriptors of QEMU; those of taps follow. */
enum vm_fd {
	VM_FD_QMP = 3,
	VM_FD_AGENT,
	VM_FD_STREAMS,
	VM_FD_CONSOLE,
	/* Holds the claim on the CPUs as long as QEMU lives; nobody reads it. */
	VM_FD_CLAIM,
	VM_FD_TAPS,
};

/* Index of -machine's value. Of a direct machine it ends in "cpus=", for the list to follow. */
#define MACHINE_WORD	4

/**
 * machine_command - QEMU's whole command line, but for the CPUs
 *
 * -E2BIG: too many devices. -EINVAL: a name that cannot be.
 */
int machine_command(const struct machine *machine, const struct vm_options *options,
		    struct command *command, const char **ret_note, struct problem *problem);

#endif
