# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/shim/containerd-shim-kata-bm-v2. Static: it needs nothing of the machine it
# is copied to, and takes less memory.

TASK_SOURCES := $(wildcard shim/task/*.c)
TASK_OBJECTS := $(TASK_SOURCES:shim/%.c=$(SHIM_OBJ)/%.o)
SHIM_OBJECTS := $(TASK_OBJECTS) $(VM_OBJECTS) $(CONFIG_OBJECTS) $(ROOTFS_OBJECTS) $(NETWORK_OBJECTS) $(HOOKS_OBJECTS) $(CGROUP_OBJECTS) \
	$(OCI_OBJECTS) $(STREAM_OBJECTS) $(EVENTS_OBJECTS) $(STATS_OBJECTS) $(TTRPC_OBJECTS)

.PHONY: shim
shim: build/shim/containerd-shim-kata-bm-v2

build/shim/containerd-shim-kata-bm-v2: $(SHIM_OBJECTS) $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) -static $(SHIM_LDFLAGS) -o $@ $^ $(SHIM_LIBS)

# Tests.
TASK_TESTS := build/unit/shim_command build/unit/shim_address build/unit/shim_stdio build/unit/shim_spec \
	build/unit/shim_sandbox
UNIT_TESTS += $(TASK_TESTS)
TASK_TEST_OBJ := $(SHIM_TEST_OBJ)/task

build/unit/shim_command: $(addprefix $(TASK_TEST_OBJ)/,options.o pod.o bootstrap.o) \
	$(SHIM_TEST_OBJ)/config/problem.o
build/unit/shim_address: $(addprefix $(TASK_TEST_OBJ)/,address.o sha256.o state.o) \
	$(SHIM_TEST_OBJ)/config/problem.o
build/unit/shim_stdio: $(addprefix $(TASK_TEST_OBJ)/,process_stdio.o stdio_uri.o logger.o logger_ready.o) \
	$(SHIM_TEST_OBJ)/config/problem.o $(STREAM_OBJECTS:$(SHIM_OBJ)/%=$(SHIM_TEST_OBJ)/%)
build/unit/shim_spec: $(addprefix $(TASK_TEST_OBJ)/,spec.o shim_log.o) \
	$(SHIM_TEST_OBJ)/config/problem.o $(OCI_OBJECTS:$(SHIM_OBJ)/%=$(SHIM_TEST_OBJ)/%)
build/unit/shim_sandbox: $(addprefix $(TASK_TEST_OBJ)/,sandbox_spec.o pod_files.o spec.o shim_log.o) \
	$(SHIM_TEST_OBJ)/config/problem.o $(OCI_OBJECTS:$(SHIM_OBJ)/%=$(SHIM_TEST_OBJ)/%)
$(TASK_TESTS): build/unit/%: tests/unit/%.c $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/$*.d -o $@ $(filter %.c %.o,$^) $(filter %.a,$^) \
		$(SHIM_LIBS) -lcmocka
