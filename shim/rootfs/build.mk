# SPDX-License-Identifier: GPL-2.0-or-later
#
# Root file systems and volumes.

ROOTFS_OBJ := container.o mount_options.o mount_table.o mounts.o overlay.o root.o sandbox.o storage.o \
	volumes.o
ROOTFS_OBJECTS := $(addprefix $(SHIM_OBJ)/rootfs/,$(ROOTFS_OBJ))

