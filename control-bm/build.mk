# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/images/control-bm.img: the control BM's root.
# build/control-bm/control-bm-start: what starts it, on the host.
# build/control-bm/kbm-sessions: lists its sessions, in it.

CONTROL_BM_IMAGE := build/images/control-bm.img
CONTROL_BM_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes
CONTROL_BM_LAUNCH := control-bm/launch
CONTROL_BM_START := build/control-bm/control-bm-start

# Our own programs in it, at /opt/kata-bm, as FILE:PLACE.
CONTROL_BM_PROGRAMS := build/vmm/qemu-system-x86_64:bin/qemu-system-x86_64
CONTROL_BM_PROGRAMS += build/guest-kernel/bzImage:boot/bzImage
CONTROL_BM_PROGRAMS += build/control-bm/kbm-sessions:bin/kbm-sessions
CONTROL_BM_PROGRAMS += build/images/kata-bm-initrd.img:boot/kata-bm-initrd.img
CONTROL_BM_PROGRAMS += build/shim/containerd-shim-kata-bm-v2:bin/containerd-shim-kata-bm-v2
CONTROL_BM_STAGE := build/obj/control-bm/programs

$(CONTROL_BM_STAGE): $(foreach program,$(CONTROL_BM_PROGRAMS),$(firstword $(subst :, ,$(program)))) \
		scripts/install-programs
	rm -rf $@.new $@
	scripts/install-programs $@.new $(CONTROL_BM_PROGRAMS)
	mv $@.new $@
	@touch $@

# Long before our programs are there, and while other things are compiled.
.PHONY: control-bm-packages
control-bm-packages:
	@scripts/make-image --configure control-bm/control-bm.packages

# For another machine than the simulated server: make ... CONTROL_BM_EXTRA=
$(CONTROL_BM_IMAGE): control-bm/control-bm.packages $(shell find -L control-bm/root ! -type d ! -type l) \
		$(CONTROL_BM_STAGE) scripts/make-image
	scripts/make-image --configure $< $@ control-bm/root:. \
		$(CONTROL_BM_STAGE):opt/kata-bm $(CONTROL_BM_EXTRA)

# It runs on the host.
$(CONTROL_BM_START): $(wildcard $(CONTROL_BM_LAUNCH)/*.c $(CONTROL_BM_LAUNCH)/*.h) \
		proxy/ini_file.c proxy/ini_file.h
	@mkdir -p $(@D)
	$(CC) $(CONTROL_BM_CFLAGS) -Iproxy -o $@ $(filter %.c,$^) $$(pkg-config --cflags --libs inih json-c)

build/control-bm/kbm-sessions: $(wildcard control-bm/sessions/*.c control-bm/sessions/*.h) \
		host-kernel-patches/src/arch/x86/include/uapi/asm/kbm.h
	@mkdir -p $(@D)
	$(CC) $(CONTROL_BM_CFLAGS) -idirafter host-kernel-patches/src/arch/x86/include/uapi \
		-o $@ $(filter %.c,$^) $$(pkg-config --cflags --libs json-c)

TOOLS += $(CONTROL_BM_START):bin/control-bm-start
TOOLS += $(CONTROL_BM_LAUNCH)/control-bm-stop:bin/control-bm-stop

# Tests.
UNIT_TESTS += build/unit/control_bm_config build/unit/control_bm_sessions

build/unit/control_bm_sessions: tests/unit/control_bm_sessions.c \
		$(wildcard control-bm/sessions/sessions.[ch] control-bm/sessions/list.[ch])
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -Icontrol-bm/sessions -o $@ $(filter %.c,$^) -lcmocka

build/unit/control_bm_config: tests/unit/control_bm_config.c \
		$(addprefix $(CONTROL_BM_LAUNCH)/,config.c check.c command.c) \
		$(wildcard $(CONTROL_BM_LAUNCH)/*.h) proxy/ini_file.c proxy/ini_file.h
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -I$(CONTROL_BM_LAUNCH) -Iproxy -o $@ $(filter %.c,$^) \
		$$(pkg-config --cflags --libs inih) -lcmocka

unit-tests: $(CONTROL_BM_START) build/control-bm/kbm-sessions
