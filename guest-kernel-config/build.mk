# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/guest-kernel/bzImage: the kernel of a guest, direct or under stock KVM.

# The contract with host and VMM has one copy, the host's; and what the control
# BM's driver has in common with the host is the host's file.
GUEST_KERNEL_UAPI := arch/x86/include/uapi/asm
GUEST_KERNEL_CHANNEL := arch/x86/kernel/kbm/channel
GUEST_KERNEL_SHARED := $(foreach header,kbm.h kbm_guest.h kbm_channel.h,$(GUEST_KERNEL_UAPI)/$(header):$(GUEST_KERNEL_UAPI)/$(header)) \
	$(foreach file,doorbell.c doorbell.h error.c error.h,arch/x86/kernel/kbm/$(file):$(GUEST_KERNEL_CHANNEL)/$(file))
GUEST_KERNEL_OVERLAYS := guest-kernel-config/src control-bm/src $(addprefix host-kernel-patches/src/,$(GUEST_KERNEL_SHARED))
GUEST_KERNEL_INPUT := $(shell find guest-kernel-config/src control-bm/src) \
	$(foreach file,$(GUEST_KERNEL_SHARED),host-kernel-patches/src/$(firstword $(subst :, ,$(file))))

$(eval $(call kernel_rules,GUEST,guest,guest-kernel-config))

# Code of the guest kernel that runs without one. UNIT_TESTS are programs that
# exit 0 when they passed.
UNIT_INFO_CHECK := build/unit/info_check
UNIT_TESTS += $(UNIT_INFO_CHECK)

$(UNIT_INFO_CHECK): tests/unit/info_check.c $(wildcard guest-kernel-config/src/arch/x86/kernel/kbm/info_check.*) \
		host-kernel-patches/src/$(GUEST_KERNEL_UAPI)/kbm_guest.h
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
		-Wall -Wextra -Werror -Wshadow -Wmissing-prototypes \
		-Iguest-kernel-config/src/arch/x86/kernel/kbm -Ihost-kernel-patches/src/arch/x86/include/uapi \
		-o $@ $(filter %.c,$^) -lcmocka

# The guest's file system: agent and crun.
GUEST_INITRD := build/images/kata-bm-initrd.img

$(GUEST_INITRD): build/shim/kbm-agent $(addprefix guest-kernel-config/image/,make-initrd make-stub)
	guest-kernel-config/image/make-initrd $< $@
