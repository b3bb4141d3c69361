# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/shim/kbm-agent: static, the first process of a guest.

AGENT_OBJECTS := $(patsubst shim/%.c,$(SHIM_OBJ)/%.o,$(wildcard shim/agent/*.c))

.PHONY: agent
agent: build/shim/kbm-agent

build/shim/kbm-agent: $(AGENT_OBJECTS) $(STREAM_OBJECTS) $(OCI_OBJECTS) $(TTRPC_OBJECTS) \
		$(SHIM_OBJ)/config/problem.o $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) -static $(SHIM_LDFLAGS) -o $@ $^ $(SHIM_LIBS)

# Tests.
UNIT_TESTS += build/unit/agent_reaper build/unit/agent_parts build/unit/agent_protocol
build/unit/agent_reaper: tests/unit/agent_reaper.c $(addprefix shim/agent/,reaper.c command.c)
build/unit/agent_parts: tests/unit/agent_parts.c \
	$(addprefix shim/agent/,console.c files.c kernel_options.c mount_options.c network_text.c \
	runtime_log.c)
build/unit/agent_reaper build/unit/agent_parts: $(wildcard shim/agent/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/$(@F).d -o $@ $(filter %.c,$^) -lcmocka -lev -ljson-c

build/unit/agent_protocol: tests/unit/agent_protocol.c $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/$(@F).d -o $@ $(filter %.c %.a,$^) -lcmocka -l:libprotobuf-c.a

# tests/unit/agent_guest.sh runs this one, with a time limit of its own.
unit-tests: build/tools/agent-guest
AGENT_TEST_OBJECTS := $(patsubst shim/%.c,$(SHIM_TEST_OBJ)/%.o,$(wildcard shim/stream/*.c shim/oci/*.c)) \
	$(TTRPC_TEST_OBJECTS)

build/tools/agent-guest: $(wildcard tests/agent/*.c tests/agent/*.h) $(AGENT_TEST_OBJECTS) \
		$(PROTOCOLS_LIB) | build/images/kata-bm-initrd.img
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/agent-guest.d -Itests/agent -o $@ $(filter %.c %.o %.a,$^) \
		$(SHIM_LIBS) -lcmocka

# For tests/e2e/measure.
unit-tests: build/tools/agent-start
build/tools/agent-start: tests/agent/start/agent_start.c tests/agent/guest.c tests/agent/process.c \
		$(AGENT_TEST_OBJECTS) $(PROTOCOLS_LIB) $(wildcard tests/agent/*.h) | build/images/kata-bm-initrd.img
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/agent-start.d -Itests/agent -o $@ $(filter %.c %.o %.a,$^) \
		$(SHIM_LIBS) -lcmocka
