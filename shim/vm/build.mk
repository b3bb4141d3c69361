# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VM of a sandbox.

VM_OBJ := command.o end.o kill.o lines.o machine.o machine_kata_bm.o machine_microvm.o placement.o \
	process.o qmp.o record.o vm.o
VM_OBJECTS := $(addprefix $(SHIM_OBJ)/vm/,$(VM_OBJ))
