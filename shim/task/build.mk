# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/shim/containerd-shim-kata-bm-v2. Static: it needs nothing of the machine it
# is copied to, and takes less memory.

TASK_SOURCES := $(wildcard shim/task/*.c)
TASK_OBJECTS := $(TASK_SOURCES:shim/%.c=$(SHIM_OBJ)/%.o)
SHIM_OBJECTS := $(TASK_OBJECTS) $(VM_OBJECTS) $(CONFIG_OBJECTS) $(ROOTFS_OBJECTS) $(NETWORK_OBJECTS) \
	$(OCI_OBJECTS) $(STREAM_OBJECTS) $(EVENTS_OBJECTS) $(STATS_OBJECTS) $(TTRPC_OBJECTS)

.PHONY: shim
shim: build/shim/containerd-shim-kata-bm-v2

build/shim/containerd-shim-kata-bm-v2: $(SHIM_OBJECTS) $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) -static $(SHIM_LDFLAGS) -o $@ $^ $(SHIM_LIBS)
