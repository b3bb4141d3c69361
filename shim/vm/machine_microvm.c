// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ordinary VM: to try containers on any machine. By stock KVM where it can be
 * used, else emulated.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../../proxy/cleanup.h"
#include "config/config.h"
#include "machine.h"

/* A file that can be opened is not enough: the kernel may have no SVM or VMX. */
static bool is_kvm_usable(void)
{
	cleanup_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	cleanup_close int vm = -1;

	if (kvm < 0 || ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return false;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	return vm >= 0;
}

/* What is tried, one after the other. */
static const struct {
	const char *accel;
	const char *cpu;
	const char *note;
} ways[] = {
	{ "kvm", "host",
	  "isolation = \"none\": an ordinary VM by stock KVM, on shared CPUs, with exits" },
	/* A KVM in a VM may offer this MSR and then not take its value. */
	{ "kvm", "host,-arch-capabilities",
	  "isolation = \"none\": KVM does not take its own ARCH_CAPABILITIES; trying without" },
	{ "tcg", "max",
	  "isolation = \"none\": an emulated VM (TCG), slow, since KVM cannot be used here" },
};

#define NR_WAYS	(sizeof(ways) / sizeof(ways[0]))

static int add(struct command *command, const struct config *config, const char **ret_note,
	       struct problem *problem)
{
	size_t way = is_kvm_usable() ? 0 : NR_WAYS - 1;

	(void)problem;
	*ret_note = ways[way].note;
	command_option(command, "-machine", "microvm,acpi=off,rtc=off,auto-kernel-cmdline=on");
	command_option(command, "-accel", "%s", ways[way].accel);
	command_option(command, "-cpu", "%s", ways[way].cpu);
	command_option(command, "-smp", "%u", config->vcpus);
	command_option(command, "-global", "virtio-mmio.force-legacy=false");
	return 0;
}

static bool amend(struct command *command, const char *words, const char **ret_note)
{
	size_t way = 0;

	while (way < NR_WAYS && strcmp(command->words[CPU_WORD], ways[way].cpu))
		way++;
	if (++way >= NR_WAYS || !strcasestr(words, "kvm"))
		return false;
	command_replace(command, ACCEL_WORD, ways[way].accel);
	command_replace(command, CPU_WORD, ways[way].cpu);
	*ret_note = ways[way].note;
	return !command->error;
}

/* It has no power switch: it ends where it would reboot, hence reboot=t. */
const struct machine machine_microvm = {
	.suffix = "device",
	.max_devices = 8,
	.is_direct = false,
	.add = add,
	.amend = amend,
	.path = "qemu-system-x86_64",
	.append = "console=ttyS0 reboot=t panic=-1",
};
