// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ordinary VM: to try containers on any machine. By stock KVM where it can be
 * used, else emulated.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/config.h"
#include "machine.h"

/* Without these two, KVM takes only kernels that are made for it, as kvm_pvm does. */
static bool has_hardware(void)
{
	return !access("/sys/module/kvm_amd", F_OK) || !access("/sys/module/kvm_intel", F_OK);
}

static bool is_kvm_usable(void)
{
	cleanup_close int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	cleanup_close int vm = -1;

	if (kvm < 0 || !has_hardware() ||
	    ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return false;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	return vm >= 0;
}

/*
 * A kernel or a C library that finds ERMS, FSRM or FSRS copies and clears with REP MOVSB and
 * STOSB, which TCG does byte by byte. QEMU does not start when it is given the name of a feature
 * that it does not know, as 7.2 is by -fsrs: the subleaf of leaf 7 that has FSRS is left out.
 */
#define TCG_CPU "max,-erms,-fsrm,level-func7=0"

static const struct {
	const char *accel;
	const char *cpu;
	const char *note;
} ways[] = {
	[CONFIG_ACCEL_KVM] = { "kvm", "host",
			       "isolation = \"none\": an ordinary VM by stock KVM, "
			       "on shared CPUs, with exits" },
	[CONFIG_ACCEL_TCG] = { "tcg", TCG_CPU,
			       "isolation = \"none\": an emulated VM (TCG), slow: for "
			       "trying things out" },
};

static enum config_accel choose(const struct config *config)
{
	if (config->accel != CONFIG_ACCEL_AUTO)
		return config->accel;
	return is_kvm_usable() ? CONFIG_ACCEL_KVM : CONFIG_ACCEL_TCG;
}

static int add(struct command *command, const struct config *config, const char **ret_note,
	       struct problem *problem)
{
	enum config_accel way = choose(config);

	(void)problem;
	*ret_note = ways[way].note;
	command_option(command, "-machine", "microvm,acpi=off,rtc=off,auto-kernel-cmdline=on");
	command_option(command, "-accel", "%s", ways[way].accel);
	command_option(command, "-cpu", "%s", ways[way].cpu);
	command_option(command, "-smp", "%u", config->vcpus);
	command_option(command, "-global", "virtio-mmio.force-legacy=false");
	return 0;
}

/*
 * It has no power switch: it ends where it would reboot, hence reboot=t. An emulated
 * timer may be late when the host is busy; the kernel's check of it would panic then.
 */
const struct machine machine_microvm = {
	.suffix = "device",
	.max_devices = 8,
	.is_direct = false,
	.add = add,
	.path = "qemu-system-x86_64",
	.append = "console=ttyS0 reboot=t panic=-1 no_timer_check",
};
