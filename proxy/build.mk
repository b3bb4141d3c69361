# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/proxy/kbm-proxyd, and libkbm-preload.so for unmodified VMMs.

PROXY_OBJ := build/obj/proxy
PROXY_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow \
	-Wmissing-prototypes -Wvla -fPIC -fvisibility=hidden -pthread -MMD -MP
PROXY_COMMON := ring.o codec.o slots.o ioctl_table.o capability.o channel.o
PROXY_TWIN := $(PROXY_COMMON) handles.o twin_call.o twin.o
PROXY_CLIENT := $(PROXY_COMMON) client.o client_ring.o client_memory.o

.PHONY: proxy
proxy: build/proxy/kbm-proxyd build/proxy/libkbm-preload.so

build/proxy/kbm-proxyd: $(addprefix $(PROXY_OBJ)/,$(PROXY_TWIN) kbm-proxyd.o)
	@mkdir -p $(@D)
	$(CC) -pthread -o $@ $^

build/proxy/libkbm-preload.so: $(addprefix $(PROXY_OBJ)/,$(PROXY_CLIENT) preload.o)
	@mkdir -p $(@D)
	$(CC) -shared -pthread -Wl,-z,nodelete -o $@ $^

$(PROXY_OBJ)/%.o: proxy/%.c
	@mkdir -p $(@D)
	$(CC) $(PROXY_CFLAGS) -c -o $@ $<

-include $(wildcard $(PROXY_OBJ)/*.d)

# Tests.
UNIT_TESTS += build/unit/proxy_codec build/unit/proxy_twin
PROXY_TEST_CFLAGS = $(UNIT_CFLAGS) -pthread -Iproxy

build/unit/proxy_codec: tests/unit/proxy_codec.c $(addprefix proxy/,codec.c slots.c ioctl_table.c)
build/unit/proxy_twin: tests/unit/proxy_twin.c $(addprefix proxy/,$(PROXY_TWIN:.o=.c))
build/unit/proxy_codec build/unit/proxy_twin: $(wildcard proxy/*.h)
	@mkdir -p $(@D)
	$(CC) $(PROXY_TEST_CFLAGS) -o $@ $(filter %.c,$^) -lcmocka

# A small VMM, and one with threads; linked dynamically, to be preloaded.
unit-tests: proxy build/tools/kbm-proxy-guest build/tools/kbm-payload-dynamic

# kbm-payload is made by one step only.
step-unit-tests: step-tools

build/tools/kbm-proxy-guest: tests/proxy/guest.c
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIC -MMD -MP,$(PROXY_CFLAGS)) -o $@ $<

build/tools/kbm-payload-dynamic: build/tools/kbm-payload
	$(CC) -pthread -o $@ $(PAYLOAD_OBJECTS)

# Fuzzing, with clang: build/fuzz/proxy_decode -max_total_time=60
FUZZ_TARGETS += build/fuzz/proxy_decode

build/fuzz/proxy_decode: tests/fuzz/proxy_decode.c $(addprefix proxy/,codec.c slots.c ioctl_table.c)
	@mkdir -p $(@D)
	clang -std=gnu17 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror -Iproxy \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $(filter %.c,$^)
