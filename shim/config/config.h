/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * configuration.toml: what a sandbox may have, and where its parts are.
 *
 *	config_read() or config_parse()		the file, over the defaults
 *	config_annotate()			io.katacontainers.config.* of a pod
 *	config_size()				vCPUs and memory of this sandbox
 *
 * Keys have Kata's names where they mean the same; see configuration.toml(5).
 * The fields below are read by all of the shim and changed by nobody else.
 */
#ifndef KBM_SHIM_CONFIG_H
#define KBM_SHIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct problem;

#define CONFIG_PATH	"/etc/kata-bm/configuration.toml"

enum config_isolation {
	/* A direct guest behind nested page tables. */
	CONFIG_WALLED,
	/* A direct guest without. */
	CONFIG_DIRECT,
	/* An ordinary VM, by stock KVM or by emulation. */
	CONFIG_NONE,
};

enum config_network {
	/* Tap and redirect of the interfaces in the network namespace. */
	CONFIG_TCFILTER,
	/* The guest has a loopback interface only. */
	CONFIG_NO_NETWORK,
};

/* How QEMU reads and writes disks. */
enum config_aio {
	CONFIG_AIO_THREADS,
	CONFIG_AIO_NATIVE,
};

/* Who runs the CPUs of a guest of isolation none. */
enum config_accel {
	/* KVM where it can be used, else emulation. */
	CONFIG_ACCEL_AUTO,
	CONFIG_ACCEL_KVM,
	CONFIG_ACCEL_TCG,
};

#define CONFIG_MAX_VCPUS	512
/* MiB. */
#define CONFIG_MIN_MEMORY	64
#define CONFIG_MAX_MEMORY	(64 << 20)

/* A list of strings. */
struct config_list {
	char **items;
	size_t nr;
};

/* Strings are never NULL; one without a value is empty. */
struct config {
	/* [hypervisor.qemu] */
	char *path;
	char *kernel;
	char *initrd;
	char *kernel_params;
	char *seccompsandbox;
	struct config_list enable_annotations;
	unsigned int default_vcpus;
	/* Most that a sandbox may ask for; 0: no limit. */
	unsigned int default_maxvcpus;
	/* MiB. */
	unsigned int default_memory;
	unsigned int default_maxmemory;
	bool disable_block_device_use;
	enum config_aio block_device_aio;
	bool block_device_cache_set;
	bool block_device_cache_direct;
	bool block_device_cache_noflush;
	bool enable_iothreads;
	/* Bytes of one 9p message. */
	unsigned int msize_9p;
	bool hypervisor_debug;
	/* Ours. */
	enum config_isolation isolation;
	enum config_accel accel;
	/* The host's CPUs that guests may have; empty: any but CPU 0. */
	char *cpus;
	/* NUMA node to take CPUs and memory from; -1: any. */
	int node;
	/* Value of -accel kvm,proxy=; "auto": as this machine has it. */
	char *proxy;

	/* [agent.kata], seconds */
	unsigned int dial_timeout;
	unsigned int create_container_timeout;
	bool agent_debug;

	/* [runtime] */
	enum config_network internetworking_model;
	/* The guest runs containers without "linux.seccomp" of config.json. */
	bool disable_guest_seccomp;
	/* Shim and QEMU are in the sandbox's cgroup on this machine. */
	bool sandbox_cgroup_only;
	bool runtime_debug;

	/* Of this sandbox, by config_size(). */
	unsigned int vcpus;
	unsigned int memory;
};

/**
 * config_read - the configuration of a file
 * @path:	the file, which has to be there; NULL: CONFIG_PATH, or all
 *		defaults where there is no such file.
 *
 * -ENOENT, -EACCES, ...: it cannot be read. -EINVAL: it is wrong; @problem
 * names file and line. The caller frees @ret.
 */
int config_read(const char *path, struct config **ret, struct problem *problem);

/**
 * config_parse - the configuration in a text, such as a ConfigBody
 * @name:	what messages call the text.
 * @text:	@size bytes; may be empty.
 */
int config_parse(const char *name, const char *text, size_t size, struct config **ret,
		 struct problem *problem);

struct config *config_free(struct config *config);

static inline void cleanup_config(struct config **config)
{
	config_free(*config);
}

/**
 * config_annotate - apply io.katacontainers.config.* of config.json
 * @spec:	config.json; only its "annotations" are looked at.
 *
 * -EPERM: enable_annotations does not allow one. -EINVAL: no such key, or a
 * bad value. @config is good for nothing but config_free() then.
 */
int config_annotate(struct config *config, struct json_object *spec, struct problem *problem);

/**
 * config_size - vCPUs and memory of the sandbox: max(default, limit)
 * @spec:	config.json of the sandbox's first container: a pod's
 *		annotations io.kubernetes.cri.sandbox-{cpu-quota,cpu-period,memory},
 *		else the limits in linux.resources.
 *
 * -ERANGE: more than default_maxvcpus or default_maxmemory. -EINVAL: not a
 * number.
 */
int config_size(struct config *config, struct json_object *spec, struct problem *problem);

const char *config_isolation_name(enum config_isolation isolation);

#endif
