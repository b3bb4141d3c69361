// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's command line, as far as it is the same for all machines. */
#include "machine.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "config/problem.h"

#define NAME_BYTES	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
#define SERIAL_MAX	20

const struct machine *machine_of(const struct config *config)
{
	return config->isolation == CONFIG_NONE ? &machine_microvm : &machine_kata_bm;
}

static void add_kernel(struct command *command, const struct machine *machine,
		       const struct config *config)
{
	command_option(command, "-kernel", "%s", config->kernel);
	command_option(command, "-initrd", "%s", config->initrd);
	command_option(command, "-append", "%s%s%s%s%s", machine->append,
		       config->hypervisor_debug ? "" : " quiet",
		       config->agent_debug ? " agent.log=debug" : "",
		       *config->kernel_params ? " " : "", config->kernel_params);
}

static void add_socket(struct command *command, const char *id, int fd)
{
	command_option(command, "-chardev", "socket,id=%s,fd=%d", id, fd);
}

static void add_ports(struct command *command, const struct machine *machine)
{
	add_socket(command, "console", VM_FD_CONSOLE);
	command_option(command, "-serial", "chardev:console");
	add_socket(command, "qmp", VM_FD_QMP);
	command_option(command, "-mon", "chardev=qmp,mode=control");
	command_option(command, "-device", "virtio-serial-%s,max_ports=4", machine->suffix);
	add_socket(command, "agent", VM_FD_AGENT);
	command_option(command, "-device", "virtserialport,chardev=agent,name=" VM_AGENT_PORT);
	add_socket(command, "streams", VM_FD_STREAMS);
	command_option(command, "-device", "virtserialport,chardev=streams,name=" VM_STREAM_PORT);
}

static void add_random(struct command *command, const struct machine *machine)
{
	command_option(command, "-object", "rng-random,id=random,filename=/dev/urandom");
	command_option(command, "-device", "virtio-rng-%s,rng=random", machine->suffix);
}

static void add_disk(struct command *command, const struct machine *machine,
		     const struct config *config, const struct vm_disk *disk, size_t index)
{
	const char *direct = config->block_device_cache_direct ? "on" : "off";
	const char *flush = config->block_device_cache_noflush ? "on" : "off";
	bool is_set = config->block_device_cache_set;

	command_path(command, "-drive", disk->source,
		     "id=disk-%zu,if=none,format=raw,read-only=%s,aio=%s,cache.direct=%s,"
		     "cache.no-flush=%s,file=", index, disk->read_only ? "on" : "off",
		     config->block_device_aio == CONFIG_AIO_NATIVE ? "native" : "threads",
		     is_set ? direct : "off", is_set ? flush : "off");
	command_option(command, "-device", "virtio-blk-%s,drive=disk-%zu,serial=%s%s",
		       machine->suffix, index, disk->serial,
		       config->enable_iothreads ? ",iothread=disks" : "");
}

static void add_disks(struct command *command, const struct machine *machine,
		      const struct vm_options *options)
{
	if (options->nr_disks && options->config->enable_iothreads)
		command_option(command, "-object", "iothread,id=disks");
	for (size_t i = 0; i < options->nr_disks; i++)
		add_disk(command, machine, options->config, &options->disks[i], i);
}

static void add_share(struct command *command, const struct machine *machine,
		      const struct vm_share *share, size_t index)
{
	/* Each mount below the directory has inode numbers of its own. */
	command_path(command, "-fsdev", share->path,
		     "local,id=share-%zu,security_model=passthrough,multidevs=remap,path=", index);
	command_option(command, "-device", "virtio-9p-%s,fsdev=share-%zu,mount_tag=%s",
		       machine->suffix, index, share->tag);
}

static void add_nic(struct command *command, const struct machine *machine,
		    const struct vm_nic *nic, size_t index)
{
	const uint8_t *mac = nic->mac;

	command_option(command, "-netdev", "tap,id=net-%zu,fd=%zu", index, VM_FD_TAPS + index);
	command_option(command, "-device",
		       "virtio-net-%s,netdev=net-%zu,mac=%02x:%02x:%02x:%02x:%02x:%02x,host_mtu=%u",
		       machine->suffix, index, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
		       nic->mtu);
}

static bool is_name(const char *name, size_t max)
{
	size_t length = strlen(name);

	return length && length <= max && strspn(name, NAME_BYTES) == length;
}

static int check_names(const struct vm_options *options, struct problem *problem)
{
	if (!is_name(options->id, 128))
		return problem_set(problem, -EINVAL, "the sandbox '%.140s' has no usable name",
				   options->id);
	for (size_t i = 0; i < options->nr_disks; i++)
		if (!is_name(options->disks[i].serial, SERIAL_MAX))
			return problem_set(problem, -EINVAL, "disk %zu has no usable serial", i);
	for (size_t i = 0; i < options->nr_shares; i++)
		if (!is_name(options->shares[i].tag, 31))
			return problem_set(problem, -EINVAL, "share %zu has no usable tag", i);
	return 0;
}

/* Besides disks, shares and interfaces: ports and random numbers. */
static int check_devices(const struct machine *machine, const struct vm_options *options,
			 struct problem *problem)
{
	size_t nr = options->nr_disks + options->nr_shares + options->nr_nics + 2;

	if (nr <= machine->max_devices)
		return 0;
	return problem_set(problem, -E2BIG,
			   "%zu disks, %zu shares and %zu network interfaces: a guest of isolation "
			   "%s has room for %u; use fewer volumes on block devices, or "
			   "disable_block_device_use in configuration.toml", options->nr_disks,
			   options->nr_shares, options->nr_nics,
			   config_isolation_name(options->config->isolation),
			   machine->max_devices - 2);
}

static void add_devices(struct command *command, const struct machine *machine,
			const struct vm_options *options)
{
	add_ports(command, machine);
	add_random(command, machine);
	add_disks(command, machine, options);
	for (size_t i = 0; i < options->nr_shares; i++)
		add_share(command, machine, &options->shares[i], i);
	for (size_t i = 0; i < options->nr_nics; i++)
		add_nic(command, machine, &options->nics[i], i);
}

int machine_command(const struct machine *machine, const struct vm_options *options,
		    struct command *command, const char **ret_note, struct problem *problem)
{
	const struct config *config = options->config;
	int r;

	r = check_names(options, problem);
	if (r == 0)
		r = check_devices(machine, options, problem);
	if (r < 0)
		return r;
	command_add(command, "%s", *config->path ? config->path : machine->path);
	command_option(command, "-name", "%s", options->id);
	r = machine->add(command, config, ret_note, problem);
	if (r < 0)
		return r;
	command_option(command, "-m", "%uM", config->memory);
	command_add(command, "-nodefaults");
	command_add(command, "-no-user-config");
	command_add(command, "-no-reboot");
	command_option(command, "-display", "none");
	if (*config->seccompsandbox)
		command_option(command, "-sandbox", "%s", config->seccompsandbox);
	add_kernel(command, machine, config);
	add_devices(command, machine, options);
	if (command->error)
		return problem_set(problem, command->error, "QEMU's command line: %s",
				   strerror(-command->error));
	return 0;
}
