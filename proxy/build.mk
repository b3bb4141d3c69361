# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/proxy/kbm-proxyd, and libkbm-preload.so for unmodified VMMs.

PROXY_OBJ := build/obj/proxy
PROXY_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow \
	-Wmissing-prototypes -Wvla -fPIC -fvisibility=hidden -pthread -MMD -MP
PROXY_CFLAGS += -Ihost-kernel-patches/src/arch/x86/include/uapi
PROXY_COMMON := ring.o spin.o codec.o slots.o ioctl_table.o capability.o message.o packet.o link.o \
	events.o \
	transport_unix.o transport_kbm.o
PROXY_TWIN := $(PROXY_COMMON) transport_kbm_twin.o dirty_ring.o handles.o lease.o run_page.o status_page.o \
	twin.o twin_call.o twin_events.o twin_messages.o twin_open.o twin_rings.o
PROXY_CLIENT := $(PROXY_COMMON) transport_kbm_client.o session_device.o client.o client_backing.o client_dirty.o \
	client_events.o \
	client_ioctl.o client_lease.o client_memory.o client_ring.o client_run.o client_slots.o
PROXY_DAEMON := daemon_accept.o daemon_channel.o daemon_config.o daemon_listen.o daemon_loop.o \
	daemon_session.o daemon_status.o daemon_twin.o fd_store.o huge_pages.o ini_file.o isolation.o isolation_syscalls.o log.o \
	session_file.o status_print.o twin_order.o
PROXY_DAEMON_LIBS := -linih -ljson-c -lseccomp -lsystemd -luring
PROXY_CHANNEL := channel.o channel_return.o channel_session.o channel_words.o channel_device.o
PROXY_PRELOAD := preload.o preload_areas.o preload_descriptors.o preload_memory.o

.PHONY: proxy
proxy: build/proxy/kbm-proxyd build/proxy/libkbm-preload.so

build/proxy/kbm-proxyd: $(addprefix $(PROXY_OBJ)/,$(PROXY_TWIN) $(PROXY_CHANNEL) $(PROXY_DAEMON) kbm-proxyd.o)
	@mkdir -p $(@D)
	$(CC) -pthread -o $@ $^ $(PROXY_DAEMON_LIBS)

build/proxy/libkbm-preload.so: $(addprefix $(PROXY_OBJ)/,$(PROXY_CLIENT) $(PROXY_PRELOAD))
	@mkdir -p $(@D)
	$(CC) -shared -pthread -Wl,-z,nodelete -o $@ $^

$(PROXY_OBJ)/%.o: proxy/%.c
	@mkdir -p $(@D)
	$(CC) $(PROXY_CFLAGS) -c -o $@ $<

-include $(wildcard $(PROXY_OBJ)/*.d)

# Tests.
UNIT_TESTS += $(addprefix build/unit/proxy_,codec twin kbm spin)
PROXY_TEST_CFLAGS = $(UNIT_CFLAGS) -pthread -Iproxy \
	-Ihost-kernel-patches/src/arch/x86/include/uapi

build/unit/proxy_codec: tests/unit/proxy_codec.c $(addprefix proxy/,codec.c slots.c ioctl_table.c capability.c)
build/unit/proxy_twin: tests/unit/proxy_twin.c $(addprefix proxy/,$(PROXY_TWIN:.o=.c))
build/unit/proxy_kbm: tests/unit/proxy_kbm.c $(wildcard tests/unit/proxy_kbm/*.[ch]) $(patsubst %.o,proxy/%.c,$(sort $(PROXY_TWIN) \
	$(PROXY_CLIENT) $(PROXY_CHANNEL)))
build/unit/proxy_spin: tests/unit/proxy_spin.c proxy/spin.c
$(addprefix build/unit/proxy_,codec twin kbm spin): $(wildcard proxy/*.h)
	@mkdir -p $(@D)
	$(CC) $(PROXY_TEST_CFLAGS) -o $@ $(filter %.c,$^) -lcmocka

# A small VMM, one for memory, and one with threads; linked dynamically, to be preloaded.
unit-tests: proxy build/tools/kbm-proxy-guest build/tools/kbm-proxy-memory build/tools/kbm-proxy-events \
	build/tools/kbm-payload-dynamic

# kbm-payload is made by one step only.
step-unit-tests: step-tools

# Static: it also runs in the control BM.
build/tools/kbm-proxy-events: tests/proxy/events.c $(addprefix $(PROXY_OBJ)/,$(PROXY_CLIENT))
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(PROXY_CFLAGS)) -Iproxy -static -o $@ $^

build/tools/kbm-proxy-%: tests/proxy/%.c
	@mkdir -p $(@D)
	$(CC) $(filter-out -fPIC -MMD -MP,$(PROXY_CFLAGS)) -o $@ $<

build/tools/kbm-payload-dynamic: build/tools/kbm-payload
	$(CC) -pthread -o $@ $(PAYLOAD_OBJECTS)
