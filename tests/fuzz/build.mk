# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzing with clang's libFuzzer: make fuzz FUZZ_SECONDS=60. What it finds is in
# build/fuzz/NAME.found; inputs that reach new code are kept in build/fuzz/NAME.corpus.

FUZZ_SECONDS ?= 60
FUZZ_SHIM_TARGETS := build/fuzz/ttrpc_server build/fuzz/ttrpc_client build/fuzz/oci_config \
	build/fuzz/stream_mux
FUZZ_TARGETS := build/fuzz/proxy_decode build/fuzz/proxy_twin build/fuzz/proxy_link $(FUZZ_SHIM_TARGETS)
FUZZ_CC ?= clang
FUZZ_CFLAGS := -std=gnu17 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror \
	-Wno-gnu-variable-sized-type-not-at-end -Iproxy -Itests/fuzz \
	-Ihost-kernel-patches/src/arch/x86/include/uapi \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_TWIN := tests/fuzz/proxy_twin.c tests/fuzz/kernel.c $(addprefix proxy/,$(PROXY_TWIN:.o=.c))

.PHONY: fuzz
fuzz: ## Fuzz all decoders, FUZZ_SECONDS each (Debian package: clang)
	@command -v $(FUZZ_CC) >/dev/null || \
		{ echo "fuzz: no $(FUZZ_CC) here; install the Debian package clang"; exit 1; }
	@$(MAKE) $(FUZZ_TARGETS)
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

build/fuzz/proxy_decode: tests/fuzz/proxy_decode.c $(addprefix proxy/,codec.c slots.c ioctl_table.c) \
		$(wildcard proxy/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $(filter %.c,$^)

build/fuzz/proxy_twin: $(FUZZ_TWIN) $(wildcard proxy/*.h tests/fuzz/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -pthread -Wl,--wrap=ioctl -Wl,--wrap=mmap -o $@ $(filter %.c,$^)

build/fuzz/proxy_link: tests/fuzz/proxy_link.c $(addprefix proxy/,$(PROXY_TWIN:.o=.c)) $(wildcard proxy/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -pthread -o $@ $(filter %.c,$^)

# The sources of the shim that a target is linked with.
build/fuzz/ttrpc_server build/fuzz/ttrpc_client: $(TTRPC_SOURCES) $(wildcard shim/ttrpc/*.h)
build/fuzz/oci_config: $(wildcard shim/oci/*.[ch])
build/fuzz/stream_mux: $(addprefix shim/stream/,input.c kept.c out.c stream.c table.c) \
	$(wildcard shim/stream/*.h)

$(FUZZ_SHIM_TARGETS): build/fuzz/%: tests/fuzz/%.c $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(filter-out -I%,$(FUZZ_CFLAGS)) -Ulinux -Ishim -I$(PROTOCOLS_OUT) -o $@ \
		$(filter %.c,$^) $(filter %.a,$^) $(SHIM_LIBS)
