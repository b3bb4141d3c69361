# SPDX-License-Identifier: GPL-2.0-or-later
#
# Root file systems and volumes.

ROOTFS_OBJ := container.o mount_options.o mount_table.o mounts.o overlay.o root.o sandbox.o storage.o \
	volumes.o
ROOTFS_OBJECTS := $(addprefix $(SHIM_OBJ)/rootfs/,$(ROOTFS_OBJ))


# Tests.
UNIT_TESTS += build/unit/rootfs_mounts
build/unit/rootfs_mounts: tests/unit/rootfs_mounts.c $(ROOTFS_OBJ:%.o=shim/rootfs/%.c) \
	$(CONFIG_OBJ:%.o=shim/config/%.c) $(wildcard shim/rootfs/*.h shim/config/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -ljson-c -lcmocka
