# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/host-kernel/bzImage: the server's kernel, and its test modules beside.

HOST_KERNEL := build/host-kernel/bzImage
HOST_KERNEL_TREE := build/src/linux-host
HOST_KERNEL_OBJ := build/obj/host-kernel
HOST_KERNEL_INPUT := $(shell find host-kernel-patches -type f ! -name '*.md' ! -name build.mk)
HOST_KERNEL_CC ?= $(if $(shell command -v ccache),ccache )gcc
HOST_KERNEL_MAKE = +nice $(MAKE) -s -C $(HOST_KERNEL_TREE) O=$(CURDIR)/$(HOST_KERNEL_OBJ) \
	CC="$(HOST_KERNEL_CC)" HOSTCC="$(HOST_KERNEL_CC)" \
	KBUILD_BUILD_USER=kata-bm KBUILD_BUILD_HOST=build KBUILD_BUILD_TIMESTAMP='1970-01-01'

# Small modules of the kernel's own that tests load and unload.
HOST_KERNEL_MODULES := lib/test_module.ko lib/test_static_keys.ko lib/test_static_key_base.ko

.PHONY: host-kernel
host-kernel: $(HOST_KERNEL)

# Stamps lie beside what they stand for: a touched tree or .config would be
# rebuilt.
HOST_KERNEL_PREPARED := build/src/.linux-host.prepared
HOST_KERNEL_CONFIGURED := build/obj/.host-kernel.configured

$(HOST_KERNEL_PREPARED): $(HOST_KERNEL_INPUT)
	scripts/prepare-tree linux $(HOST_KERNEL_TREE) host-kernel-patches/src -- host-kernel-patches/patches
	@mkdir -p $(@D)
	@touch $@

$(HOST_KERNEL_CONFIGURED): $(HOST_KERNEL_PREPARED) host-kernel-patches/config host-kernel-patches/configure-kernel
	KERNEL_CC="$(HOST_KERNEL_CC)" host-kernel-patches/configure-kernel \
		$(HOST_KERNEL_TREE) $(HOST_KERNEL_OBJ) host-kernel-patches/config
	@mkdir -p $(@D)
	@touch $@

$(HOST_KERNEL): $(HOST_KERNEL_CONFIGURED)
	$(HOST_KERNEL_MAKE) bzImage modules
	@mkdir -p $(@D)/modules
	cp $(addprefix $(HOST_KERNEL_OBJ)/,$(HOST_KERNEL_MODULES)) $(@D)/modules/
	cp $(HOST_KERNEL_OBJ)/System.map $(@D)/
	cp $(HOST_KERNEL_OBJ)/arch/x86/boot/bzImage $@.new
	mv $@.new $@
