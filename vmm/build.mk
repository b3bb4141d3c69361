# SPDX-License-Identifier: GPL-2.0-or-later
#
# The QEMU fork, built twice from one tree. Both rules always run: ninja knows
# best what has to be compiled, and the outputs change only if it was.

QEMU_TREE := build/src/qemu

.PHONY: qemu-tree
qemu-tree:
	@scripts/prepare-tree qemu $(QEMU_TREE) vmm/src \
		host-kernel-patches/src/arch/x86/include/uapi/asm/kbm.h:linux-headers/asm-x86/kbm.h \
		host-kernel-patches/src/arch/x86/include/uapi/asm/kbm_guest.h:linux-headers/asm-x86/kbm_guest.h \
		-- vmm/patches

build/emulator/qemu-system-x86_64: qemu-tree
	vmm/build-qemu emulator $(QEMU_TREE) build/obj/emulator $@

build/vmm/qemu-system-x86_64: qemu-tree
	vmm/build-qemu vmm $(QEMU_TREE) build/obj/vmm $@
