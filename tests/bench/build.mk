# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/bench/files: what `make bench` shares with the simulated server: the
# programs, the module for the host, and an initramfs with both for guests.

BENCH_FILES := build/bench/files
BENCH_OBJ := build/obj/bench
BENCH_MODULE_SOURCES := $(wildcard tests/bench/module/*)
BENCH_USER_SOURCES := $(wildcard tests/bench/user/*.c)

.PHONY: bench-files
bench-files: $(BENCH_FILES)/kbm-bench $(BENCH_FILES)/kbm_bench.ko $(BENCH_FILES)/initrd.cpio \
	$(BENCH_FILES)/run-guest

$(BENCH_FILES)/kbm-bench: $(BENCH_USER_SOURCES) tests/bench/user/bench.h
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes \
		-Wvla -static -o $@ $(BENCH_USER_SOURCES)

$(BENCH_FILES)/run-guest: tests/bench/run-guest
	@mkdir -p $(@D)
	cp $< $@

# The same source once for each kernel. Symbols: of the kernel itself, since
# neither has to have been built with modules.
$(BENCH_OBJ)/host/kbm_bench.ko: $(HOST_KERNEL) $(BENCH_MODULE_SOURCES)
	tests/bench/build-module $(HOST_KERNEL_TREE) $(HOST_KERNEL_OBJ) $(@D) "$(HOST_KERNEL_CC)"

$(BENCH_OBJ)/guest/kbm_bench.ko: $(GUEST_KERNEL) $(BENCH_MODULE_SOURCES)
	tests/bench/build-module $(GUEST_KERNEL_TREE) $(GUEST_KERNEL_OBJ) $(@D) "$(GUEST_KERNEL_CC)"

$(BENCH_FILES)/kbm_bench.ko: $(BENCH_OBJ)/host/kbm_bench.ko
	@mkdir -p $(@D)
	cp $< $@

$(BENCH_FILES)/initrd.cpio: $(BENCH_FILES)/kbm-bench $(BENCH_OBJ)/guest/kbm_bench.ko
	{ echo 'dir /dev 755 0 0'; echo 'nod /dev/console 600 0 0 c 5 1'; \
	  echo 'file /init $(BENCH_FILES)/kbm-bench 755 0 0'; \
	  echo 'file /kbm_bench.ko $(BENCH_OBJ)/guest/kbm_bench.ko 644 0 0'; } >$(BENCH_OBJ)/initrd.list
	$(HOST_KERNEL_OBJ)/usr/gen_init_cpio $(BENCH_OBJ)/initrd.list >$@

# Round trips over the proxy.
ROUND_TRIPS := build/tools/kbm-round-trips

$(ROUND_TRIPS): tests/bench/proxy/round_trips.c $(addprefix $(PROXY_OBJ)/,$(PROXY_CLIENT))
	@mkdir -p $(@D) $(BENCH_OBJ)
	$(CC) $(PROXY_CFLAGS) -Iproxy -MF $(BENCH_OBJ)/round_trips.d -static -o $@ $(filter %.c %.o,$^)

# Starts of a VMM and its guest, by a program that is also the guest's first process.
START_TIMES := build/tools/kbm-start-times

$(START_TIMES): tests/bench/proxy/start_times.c
	@mkdir -p $(@D) $(BENCH_OBJ)
	$(CC) $(PROXY_CFLAGS) -MF $(BENCH_OBJ)/start_times.d -static -o $@ $<

build/bench/starts/start.cpio: $(START_TIMES) $(HOST_KERNEL)
	@mkdir -p $(@D)
	{ echo 'dir /dev 755 0 0'; echo 'nod /dev/console 600 0 0 c 5 1'; \
	  echo 'file /init $(START_TIMES) 755 0 0'; } >$(BENCH_OBJ)/start.list
	$(HOST_KERNEL_OBJ)/usr/gen_init_cpio $(BENCH_OBJ)/start.list >$@
	cp $(START_TIMES) $(@D)

bench-files: $(ROUND_TRIPS) build/bench/starts/start.cpio

.PHONY: bench-proxy
bench-proxy: setup ## KVM's calls and the start of guests: direct, over unix, over kbm
	@$(MAKE) -j$(JOBS) server-parts step-bench-files
	@tests/bench/proxy/bench-proxy --emulator '$(EMULATOR)'
