# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kata BM. `make` alone lists the targets. Everything made goes to build/.
# Each component's own rules are in its build.mk.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

JOBS ?= $(shell nproc)

# The emulator that runs the simulated server: ours (it counts exits) or any
# other qemu-system-x86_64, given as EMULATOR=path.
EMULATOR ?= build/emulator/qemu-system-x86_64
# Time limit of one run of the demo, in seconds.
DEMO_TIMEOUT ?= 900

include scripts/kernel.mk $(wildcard */build.mk tests/*/build.mk)

# The image with our programs, once all components have said what they add.
build/images/tools.img: $(foreach tool,$(TOOLS),$(firstword $(subst :, ,$(tool)))) tests/sim/make-tools
	tests/sim/make-tools $@ $(TOOLS)

# What the simulated server needs; the emulator only if it is ours. The first
# two fetch different sources, and the host's kernel is the longest of all.
SERVER_STEPS := host-kernel $(if $(filter build/%,$(EMULATOR)),emulator) guest-kernel vmm shim images tools
STEPS := host-kernel emulator guest-kernel vmm shim images tools unit-tests bench-files

STEP_host-kernel  := build/host-kernel/bzImage
STEP_guest-kernel := build/guest-kernel/bzImage
STEP_emulator     := build/emulator/qemu-system-x86_64
STEP_vmm          := build/vmm/qemu-system-x86_64
STEP_shim         := build/shim/containerd-shim-kata-bm-v2 build/images/kata-bm-initrd.img
STEP_images       := build/images/server.img build/images/redis.img \
	build/images/redis-container.tar control-bm-packages
STEP_tools        := build/images/tools.img build/images/control-bm.img
STEP_unit-tests   := unit-tests
STEP_bench-files  := bench-files

##@ Start here

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@printf '\nVariables: EMULATOR=%s JOBS=%s\n' '$(EMULATOR)' '$(JOBS)'

.PHONY: demo
demo: setup ## Boot a simulated server, run redis in guests with no exits, print the table
	@$(MAKE) -j$(JOBS) server-parts
	@tests/sim/demo --emulator '$(EMULATOR)' --timeout $(DEMO_TIMEOUT) --out build/demo

.PHONY: check
check: setup-tests ## Run all tests: unit tests, then those on the simulated server
	@$(MAKE) -j$(JOBS) server-parts step-unit-tests
	@tests/run --emulator '$(EMULATOR)'

.PHONY: sim
sim: setup ## A shell on the simulated server (leave it with exit)
	@$(MAKE) -j$(JOBS) server-parts
	@tests/sim/sim --emulator '$(EMULATOR)' --shell

.PHONY: bench
bench: setup ## Micro-benchmarks: bare CPU, direct and walled guest, stock KVM
	@$(MAKE) -j$(JOBS) server-parts step-bench-files
	@tests/bench/bench --emulator '$(EMULATOR)'
	@tests/bench/proxy/bench-proxy --emulator '$(EMULATOR)'
	@tests/bench/stdio/bench-stdio --emulator '$(EMULATOR)'

##@ Parts

.PHONY: all
all: setup-tests ## Build everything, run nothing
	@$(MAKE) -j$(JOBS) $(STEPS:%=step-%)

.PHONY: install-shim
install-shim: setup ## What containerd needs, on this machine or below DESTDIR
	@$(MAKE) -j$(JOBS) step-guest-kernel step-shim
	@scripts/install-shim '$(DESTDIR)'

.PHONY: setup
setup: ## Install the Debian packages that the build needs (as root)
	@scripts/setup

.PHONY: setup-tests
setup-tests: ## The same, and those that only the tests need
	@scripts/setup tests

.PHONY: clean
clean: ## Remove objects and artifacts, keep what was downloaded and unpacked
	rm -rf build/obj build/log build/demo build/check build/bench build/tools \
		build/host-kernel build/guest-kernel build/emulator build/vmm build/images

.PHONY: distclean
distclean: ## Remove build/
	rm -rf build

.PHONY: server-parts
server-parts: $(SERVER_STEPS:%=step-%)

# One line of progress a step, its output in build/log.
.PHONY: $(STEPS:%=step-%)
$(STEPS:%=step-%): step-%:
	+@scripts/step $* $(MAKE) -s $(STEP_$*)

# tools.img carries what these make; each is made by one step only.
step-tools: step-vmm step-guest-kernel step-host-kernel step-shim step-images
step-unit-tests: step-vmm step-shim
step-bench-files: step-host-kernel step-guest-kernel
# Two compilations at once are enough.
step-vmm: | $(filter step-emulator,$(SERVER_STEPS:%=step-%))
