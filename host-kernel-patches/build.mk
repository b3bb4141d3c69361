# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/host-kernel/bzImage: the server's kernel, and its test modules beside.

HOST_KERNEL_OVERLAYS := host-kernel-patches/src
HOST_KERNEL_INPUT := $(shell find host-kernel-patches/src)
# Small modules of the kernel's own that tests load and unload.
HOST_KERNEL_MODULES := lib/test_module.ko lib/test_static_keys.ko lib/test_static_key_base.ko

$(eval $(call kernel_rules,HOST,host,host-kernel-patches))
