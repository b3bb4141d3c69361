# SPDX-License-Identifier: GPL-2.0-or-later
#
# The QEMU fork, built twice from one tree. Both rules always run: ninja knows
# best what has to be compiled, and the outputs change only if it was.

QEMU_TREE := build/src/qemu
KBM_UAPI := host-kernel-patches/src/arch/x86/include/uapi/asm

# The client of the proxy, and the list of its sources for meson. The two builds
# may run at once.
QEMU_PROXY := accel/kvm/proxy
QEMU_PROXY_LIST := build/obj/qemu-proxy-sources

.PHONY: qemu-tree
qemu-tree:
	@mkdir -p $(dir $(QEMU_PROXY_LIST))
	@echo $(PROXY_CLIENT:.o=.c) >$(QEMU_PROXY_LIST).$$$$ && \
		mv $(QEMU_PROXY_LIST).$$$$ $(QEMU_PROXY_LIST)
	@scripts/prepare-tree qemu $(QEMU_TREE) vmm/src \
		$(foreach f,kbm.h kbm_guest.h kbm_channel.h,$(KBM_UAPI)/$f:linux-headers/asm-x86/$f) \
		$(foreach f,$(PROXY_CLIENT:.o=.c) $(notdir $(wildcard proxy/*.h)),proxy/$f:$(QEMU_PROXY)/$f) \
		$(QEMU_PROXY_LIST):$(QEMU_PROXY)/sources \
		-- vmm/patches

build/emulator/qemu-system-x86_64: qemu-tree
	vmm/build-qemu emulator $(QEMU_TREE) build/obj/emulator $@

build/vmm/qemu-system-x86_64: qemu-tree
	vmm/build-qemu vmm $(QEMU_TREE) build/obj/vmm $@

# Unit tests use the headers and the utility library of the VMM's build.
VMM_UNIT := vmm/src/hw/i386/kata-bm
VMM_UNIT_TESTS := build/unit/vmm_options build/unit/vmm_layout
UNIT_TESTS += $(VMM_UNIT_TESTS)

build/unit/vmm_options: tests/unit/vmm_options.c \
	$(addprefix $(VMM_UNIT)/,options.c linux-image.c)
build/unit/vmm_layout: tests/unit/vmm_layout.c \
	$(addprefix $(VMM_UNIT)/,layout.c tables.c boot-params.c info-page.c lease.c grants.c ap-stub.S)

$(VMM_UNIT_TESTS): | build/vmm/qemu-system-x86_64
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Werror -fsanitize=undefined \
		-fno-sanitize-recover=all -fwrapv -DCOMPILING_PER_TARGET \
		'-DCONFIG_TARGET="x86_64-softmmu-config-target.h"' \
		'-DCONFIG_DEVICES="x86_64-softmmu-config-devices.h"' \
		-I$(VMM_UNIT) -Ibuild/obj/vmm -Ibuild/obj/vmm/qapi -I$(QEMU_TREE)/target/i386 \
		-iquote $(QEMU_TREE) -iquote $(QEMU_TREE)/include \
		-iquote $(QEMU_TREE)/host/include/x86_64 -iquote $(QEMU_TREE)/host/include/generic \
		-isystem $(QEMU_TREE)/linux-headers -isystem build/obj/vmm/linux-headers \
		$$(pkg-config --cflags glib-2.0) -o $@ $(filter %.c %.S,$^) \
		build/obj/vmm/libqemuutil.a $$(pkg-config --libs glib-2.0) -lcmocka -lm -lpthread
