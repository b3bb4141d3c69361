/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the operator says of the control BM: /etc/kata-bm/control-bm.conf. */
#ifndef CONTROL_BM_CONFIG_H
#define CONTROL_BM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_DEFAULT_PATH	"/etc/kata-bm/control-bm.conf"
#define CONFIG_MAX_DISKS	8
#define CONFIG_MAX_PORTS	8

/**
 * struct disk - a disk of the control BM beside its root
 * @name:	the disk's serial number; /dev/disk/by-id/virtio-NAME there.
 * @path:	file or block device of the host.
 * @writable:	whether the control BM may write to it.
 */
struct disk {
	char *name;
	char *path;
	bool writable;
};

/**
 * struct port - a virtio-serial port that ends in a socket of the host
 * @name:	/dev/virtio-ports/NAME there.
 * @path:	the socket.
 */
struct port {
	char *name;
	char *path;
};

/**
 * struct config - the control BM; strings are its own
 * @cpus:	CPUs of the host to lend, such as "2-3+5".
 * @memory:	its memory, such as "1G".
 * @isolation:	"walled" or "direct".
 * @node:	NUMA node to take the memory from; NULL: that of its CPUs.
 * @vmm:	the VMM, a path.
 * @kernel:	its kernel, a path.
 * @append:	more words for the kernel's command line.
 * @root:	file or block device with its root file system.
 * @tap:	network interface of the host (tap) to connect it to; NULL: none.
 * @run:	folder for sockets and the kernel's log.
 * @proxyd:	program that is asked for the channel; NULL: no channel, and so
 *		no guests.
 * @disks:	@nr_disks more disks.
 * @ports:	@nr_ports ports.
 */
struct config {
	char *cpus;
	char *memory;
	char *isolation;
	char *node;
	char *vmm;
	char *kernel;
	char *append;
	char *root;
	char *tap;
	char *run;
	char *proxyd;
	struct disk disks[CONFIG_MAX_DISKS];
	size_t nr_disks;
	struct port ports[CONFIG_MAX_PORTS];
	size_t nr_ports;
};

/**
 * config_read - read a file, or take the defaults if it is missing
 * @path:	the file.
 * @must_exist:	a missing file is an error.
 * @config:	zeroed; filled. For config_free(), also after an error.
 *
 * Prints each thing that is wrong, with file and line.
 *
 * Return: 0, or -EINVAL, or another negative errno of reading.
 */
int config_read(const char *path, bool must_exist, struct config *config);

void config_free(struct config *config);

#endif
