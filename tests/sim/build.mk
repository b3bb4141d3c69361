# SPDX-License-Identifier: GPL-2.0-or-later
#
# The simulated server's images: two Debian roots, and one with our programs.

SIM_AGENT := build/obj/sim/sim-agent
SIM_AGENT_SOURCES := $(wildcard tests/sim/agent/*.c)
SIM_CFLAGS := -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes

SERVER_FILES := tests/sim/images/server-init:usr/sbin/kata-bm-init
REDIS_FILES := tests/sim/agent/init:usr/sbin/kata-bm-init $(SIM_AGENT):usr/sbin/sim-agent \
	tests/sim/tools/redis-window:usr/bin/redis-window

build/images/server.img: tests/sim/images/server.packages tests/sim/images/server-init tests/sim/make-image
	tests/sim/make-image $< $@ $(SERVER_FILES)

build/images/redis.img: tests/sim/images/redis.packages tests/sim/agent/init $(SIM_AGENT) tests/sim/tools/redis-window tests/sim/make-image
	tests/sim/make-image $< $@ $(REDIS_FILES)

$(SIM_AGENT): $(SIM_AGENT_SOURCES) $(wildcard tests/sim/agent/*.h)
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -static -o $@ $(SIM_AGENT_SOURCES) -lutil

build/obj/sim/tsc: tests/sim/tools/tsc.c
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -static -o $@ $<

# What else belongs there; a component adds its own as FILE:PLACE.
TOOLS += $(SIM_AGENT):sbin/sim-agent
TOOLS += tests/sim/agent/init:sbin/init
TOOLS += build/obj/sim/tsc:bin/tsc
TOOLS += build/tools/kbm-payload:bin/kbm-payload
TOOLS += build/vmm/qemu-system-x86_64:bin/qemu-system-x86_64
TOOLS += build/guest-kernel/bzImage:boot/bzImage
TOOLS += $(foreach module,$(notdir $(HOST_KERNEL_MODULES)),build/host-kernel/modules/$(module):modules/$(module))

# Modules come with the kernel.
build/host-kernel/modules/%.ko: build/host-kernel/bzImage ;
