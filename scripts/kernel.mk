# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules of one kernel, from upstream's tree to build/NAME-kernel/bzImage:
#
#   $(eval $(call kernel_rules,PREFIX,NAME,FOLDER))
#
# FOLDER holds patches/ and config. The caller has set
#   PREFIX_KERNEL_OVERLAYS  what scripts/prepare-tree lays over upstream's tree
#   PREFIX_KERNEL_INPUT     the files in it, and their folders: one may go
#   PREFIX_KERNEL_MODULES   modules to keep, by their place in the tree; may be empty
# and finds PREFIX_KERNEL (the image), _TREE, _OBJ and _CC set afterwards.

# Upstream's tree, patched; and the objects' folder with a .config. Stamps lie
# beside what they stand for: a touched tree or .config would be rebuilt.
define kernel_rules
$(1)_KERNEL := build/$(2)-kernel/bzImage
$(1)_KERNEL_TREE := build/src/linux-$(2)
$(1)_KERNEL_OBJ := build/obj/$(2)-kernel
$(1)_KERNEL_CC ?= $$(CURDIR)/scripts/cc
$(1)_KERNEL_PREPARED := build/src/.linux-$(2).prepared
$(1)_KERNEL_CONFIGURED := build/obj/.$(2)-kernel.configured

.PHONY: $(2)-kernel
$(2)-kernel: $$($(1)_KERNEL)

$$($(1)_KERNEL_PREPARED): $$($(1)_KERNEL_INPUT) $(3)/patches $$(wildcard $(3)/patches/*)
	scripts/prepare-tree linux $$($(1)_KERNEL_TREE) $$($(1)_KERNEL_OVERLAYS) -- $(3)/patches
	@mkdir -p $$(@D)
	@touch $$@

$$($(1)_KERNEL_CONFIGURED): $$($(1)_KERNEL_PREPARED) $(3)/config scripts/configure-kernel
	KERNEL_CC="$$($(1)_KERNEL_CC)" scripts/configure-kernel \
		$$($(1)_KERNEL_TREE) $$($(1)_KERNEL_OBJ) $(3)/config
	@mkdir -p $$(@D)
	@touch $$@

# Less nice than QEMU's build: a kernel ends with one thread that links, and
# QEMU's compilations fill the other cores meanwhile.
$$($(1)_KERNEL): $$($(1)_KERNEL_CONFIGURED)
	+nice -n 5 $$(MAKE) -s -C $$($(1)_KERNEL_TREE) O=$$(CURDIR)/$$($(1)_KERNEL_OBJ) \
		CC="$$($(1)_KERNEL_CC)" HOSTCC="$$($(1)_KERNEL_CC)" \
		KBUILD_BUILD_USER=kata-bm KBUILD_BUILD_HOST=build KBUILD_BUILD_TIMESTAMP='1970-01-01' \
		bzImage $$(if $$($(1)_KERNEL_MODULES),modules)
	@mkdir -p $$(@D)/modules
	$$(if $$($(1)_KERNEL_MODULES),cp $$(addprefix $$($(1)_KERNEL_OBJ)/,$$($(1)_KERNEL_MODULES)) $$(@D)/modules/)
	cp $$($(1)_KERNEL_OBJ)/System.map $$(@D)/
	cp $$($(1)_KERNEL_OBJ)/arch/x86/boot/bzImage $$@.new
	mv $$@.new $$@
endef
