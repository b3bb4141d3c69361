# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/guest-kernel/bzImage: the kernel of a guest, direct or under stock KVM.

GUEST_KERNEL := build/guest-kernel/bzImage
GUEST_KERNEL_TREE := build/src/linux-guest
GUEST_KERNEL_OBJ := build/obj/guest-kernel
# The contract with host and VMM has one copy, the host's.
GUEST_KERNEL_HEADER := arch/x86/include/uapi/asm/kbm_guest.h
GUEST_KERNEL_INPUT := $(shell find guest-kernel-config/src guest-kernel-config/patches -type f) \
	host-kernel-patches/src/$(GUEST_KERNEL_HEADER)
GUEST_KERNEL_CC ?= $(if $(shell command -v ccache),ccache )gcc
GUEST_KERNEL_MAKE = +nice $(MAKE) -s -C $(GUEST_KERNEL_TREE) O=$(CURDIR)/$(GUEST_KERNEL_OBJ) \
	CC="$(GUEST_KERNEL_CC)" HOSTCC="$(GUEST_KERNEL_CC)" \
	KBUILD_BUILD_USER=kata-bm KBUILD_BUILD_HOST=build KBUILD_BUILD_TIMESTAMP='1970-01-01'

.PHONY: guest-kernel
guest-kernel: $(GUEST_KERNEL)

# Stamps lie beside what they stand for: a touched tree or .config would be
# rebuilt.
GUEST_KERNEL_PREPARED := build/src/.linux-guest.prepared
GUEST_KERNEL_CONFIGURED := build/obj/.guest-kernel.configured

$(GUEST_KERNEL_PREPARED): $(GUEST_KERNEL_INPUT)
	scripts/prepare-tree linux $(GUEST_KERNEL_TREE) guest-kernel-config/src \
		host-kernel-patches/src/$(GUEST_KERNEL_HEADER):$(GUEST_KERNEL_HEADER) \
		-- guest-kernel-config/patches
	@mkdir -p $(@D)
	@touch $@

$(GUEST_KERNEL_CONFIGURED): $(GUEST_KERNEL_PREPARED) guest-kernel-config/config host-kernel-patches/configure-kernel
	KERNEL_CC="$(GUEST_KERNEL_CC)" host-kernel-patches/configure-kernel \
		$(GUEST_KERNEL_TREE) $(GUEST_KERNEL_OBJ) guest-kernel-config/config
	@mkdir -p $(@D)
	@touch $@

$(GUEST_KERNEL): $(GUEST_KERNEL_CONFIGURED)
	$(GUEST_KERNEL_MAKE) bzImage
	@mkdir -p $(@D)
	cp $(GUEST_KERNEL_OBJ)/System.map $(@D)/
	cp $(GUEST_KERNEL_OBJ)/arch/x86/boot/bzImage $@.new
	mv $@.new $@

# Code of the guest kernel that runs without one. UNIT_TESTS are programs that
# exit 0 when they passed.
UNIT_INFO_CHECK := build/unit/info_check
UNIT_TESTS += $(UNIT_INFO_CHECK)

$(UNIT_INFO_CHECK): tests/unit/info_check.c $(wildcard guest-kernel-config/src/arch/x86/kernel/kbm/info_check.*) \
		host-kernel-patches/src/$(GUEST_KERNEL_HEADER)
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
		-Wall -Wextra -Werror -Wshadow -Wmissing-prototypes \
		-Iguest-kernel-config/src/arch/x86/kernel/kbm -Ihost-kernel-patches/src/arch/x86/include/uapi \
		-o $@ $(filter %.c,$^) -lcmocka
