// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of Kata's that have no meaning here, and why: so that who moves finds out. */
#include <fnmatch.h>
#include <stddef.h>

#include "config_keys.h"

static const struct {
	const char *pattern;
	const char *why;
} kata_keys[] = {
	{ "hypervisor.qemu.image", "the guest's root is initrd" },
	{ "hypervisor.qemu.rootfs_type", "the guest's root is initrd" },
	{ "hypervisor.qemu.machine_*", "isolation chooses the machine" },
	{ "hypervisor.qemu.firmware*", "guests boot without firmware" },
	{ "hypervisor.qemu.cpu_features", "a direct guest sees the hardware's own CPUID" },
	{ "hypervisor.qemu.rootless", "lent CPUs and memory need root" },
	{ "hypervisor.qemu.valid_*_paths", "annotations cannot name paths" },
	{ "hypervisor.qemu.virtio_fs_*", "directories are shared by 9p" },
	{ "hypervisor.qemu.*huge*", "lent memory is contiguous" },
	{ "hypervisor.qemu.enable_mem_prealloc", "lent memory is always there" },
	{ "hypervisor.qemu.reclaim_guest_freed_memory", "lent memory stays lent until the end" },
	{ "hypervisor.qemu.enable_virtio_mem", "a partition keeps its size" },
	{ "hypervisor.qemu.memory_*", "a partition keeps its size" },
	{ "hypervisor.qemu.overhead_*", "a partition has what it was lent, all in all" },
	{ "hypervisor.qemu.*numa*", "node= chooses the NUMA node" },
	{ "hypervisor.qemu.*_plug_vfio", "devices cannot be passed through yet" },
	{ "hypervisor.qemu.pcie_root_port", "there is no PCI bus" },
	{ "hypervisor.qemu.default_bridges", "there is no PCI bus" },
	{ "hypervisor.qemu.enable_iommu*", "there is no PCI bus" },
	{ "hypervisor.[!q]*", "the only hypervisor is [hypervisor.qemu]" },
	{ "factory*", "guests are not made from templates" },
	{ "runtime.enable_vcpus_pinning", "a vCPU always has a CPU of its own" },
	{ "runtime.vfio_mode", "devices cannot be passed through yet" },
	{ "image*", "images are pulled by containerd" },
};

const char *config_key_why_not(const char *path)
{
	for (size_t i = 0; i < sizeof(kata_keys) / sizeof(kata_keys[0]); i++)
		if (!fnmatch(kata_keys[i].pattern, path, 0))
			return kata_keys[i].why;
	return NULL;
}
