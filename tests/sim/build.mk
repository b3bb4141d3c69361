# SPDX-License-Identifier: GPL-2.0-or-later
#
# The simulated server's images: two Debian roots, and one with our programs.
# The control BM's is in control-bm/build.mk.

SIM_AGENT := build/obj/sim/sim-agent
SIM_AGENT_SOURCES := $(wildcard tests/sim/agent/*.c)
SIM_CFLAGS := -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes

# Start of the agent in an image that boots systemd.
SIM_SYSTEMD := tests/sim/images/systemd
SIM_AGENT_FILES := $(SIM_AGENT):usr/sbin/sim-agent tests/sim/agent/start-agent:usr/sbin/start-agent
# What of a list FILE:PLACE... is here, the files in its folders, too.
files_of = $(foreach item,$(1),$(shell find -L $(firstword $(subst :, ,$(item))) ! -type d ! -type l 2>/dev/null || true))

SERVER_FILES := tests/sim/images/server-init:usr/sbin/kata-bm-init $(SIM_SYSTEMD):. \
	tests/sim/images/server-root:. control-bm/control-bm.service:etc/systemd/system/control-bm.service \
	$(patsubst %,%:etc/systemd/system/kbm-proxyd.service,$(wildcard proxy/kbm-proxyd.service))
REDIS_FILES := tests/sim/agent/init:usr/sbin/kata-bm-init $(SIM_AGENT_FILES) \
	tests/sim/tools/redis-window:usr/bin/redis-window
# The control BM's image is a product; this is what the simulation adds.
CONTROL_BM_EXTRA += $(SIM_SYSTEMD):. $(SIM_AGENT_FILES)

build/images/server.img: tests/sim/images/server.packages $(call files_of,$(SERVER_FILES)) scripts/make-image
	scripts/make-image $< $@ $(SERVER_FILES)

build/images/control-bm.img: $(call files_of,$(CONTROL_BM_EXTRA)) $(SIM_AGENT)

build/images/redis.img: tests/sim/images/redis.packages $(call files_of,$(REDIS_FILES)) $(SIM_AGENT) scripts/make-image
	scripts/make-image $< $@ $(REDIS_FILES)

# The same for containerd, without a first process of ours.
REDIS_CONTAINER_FILES := tests/sim/tools/redis-window:usr/bin/redis-window

build/images/redis-container.tar: tests/sim/images/redis.packages $(call files_of,$(REDIS_CONTAINER_FILES)) \
		scripts/make-image scripts/pack-container
	scripts/make-image $< $@ $(REDIS_CONTAINER_FILES)

# tests/e2e in the control BM: kbmsim/e2e.py.
E2E_FILES := $(wildcard tests/e2e/run tests/e2e/*.py)

build/images/e2e.img: tests/sim/images/e2e.packages $(E2E_FILES) scripts/make-image
	scripts/make-image $< $@ $(foreach file,$(E2E_FILES),$(file):e2e/$(notdir $(file)))

unit-tests: build/images/e2e.img

# Others whose containerd is tried, too.
DEBIANS ?= trixie sid

.PHONY: check-e2e
check-e2e: setup-tests ## All of tests/e2e: here, in other Debians (DEBIANS), in the control BM
	@$(MAKE) -j$(JOBS) server-parts step-unit-tests
	@tests/e2e/run --rounds $(ROUNDS)
	@set -e; for suite in $(DEBIANS); do echo "Debian $$suite:"; tests/e2e/in-debian $$suite; done
	@echo 'The control BM:'; tests/sim/e2e --emulator '$(EMULATOR)' -- --rounds $(ROUNDS)

$(SIM_AGENT): $(SIM_AGENT_SOURCES) $(wildcard tests/sim/agent/*.h)
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -static -o $@ $(SIM_AGENT_SOURCES) -lutil

build/obj/sim/tsc: tests/sim/tools/tsc.c
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -static -o $@ $<

# What else belongs there; a component adds its own as FILE:PLACE.
TOOLS += $(SIM_AGENT):sbin/sim-agent
TOOLS += tests/sim/agent/init:sbin/init
TOOLS += tests/sim/agent/start-agent:sbin/start-agent
TOOLS += build/obj/sim/tsc:bin/tsc
TOOLS += build/tools/kbm-payload:bin/kbm-payload
TOOLS += build/vmm/qemu-system-x86_64:bin/qemu-system-x86_64
TOOLS += build/proxy/kbm-proxyd:bin/kbm-proxyd
TOOLS += build/guest-kernel/bzImage:boot/bzImage
TOOLS += $(foreach module,$(notdir $(HOST_KERNEL_MODULES)),build/host-kernel/modules/$(module):modules/$(module))

# Modules come with the kernel.
build/host-kernel/modules/%.ko: build/host-kernel/bzImage ;
