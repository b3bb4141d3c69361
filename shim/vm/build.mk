# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VM of a sandbox.

VM_OBJ := attempt.o budget.o command.o core_facts.o cores.o end.o kill.o lines.o machine.o \
	machine_kata_bm.o machine_microvm.o memory.o pairs.o placement.o process.o qmp.o record.o vm.o
VM_OBJECTS := $(addprefix $(SHIM_OBJ)/vm/,$(VM_OBJ))

# Tests.
UNIT_TESTS += build/unit/vm_parts build/unit/vm_life
VM_TEST_SOURCES := $(VM_OBJ:%.o=shim/vm/%.c) $(CONFIG_OBJ:%.o=shim/config/%.c)
build/unit/vm_parts: tests/unit/vm_parts.c $(wildcard tests/unit/vm_parts/*.[ch])
build/unit/vm_life: tests/unit/vm_life.c | build/tools/vm_guest_stays.img build/tools/vm_guest_ends.img
build/unit/vm_parts build/unit/vm_life: $(VM_TEST_SOURCES) $(wildcard shim/vm/*.h shim/config/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) '-DPLACEMENT_FILE="/tmp/kbm-unit/cpus.lock"' -o $@ \
		$(filter %.c,$^) -lev -ljson-c -lcmocka

build/tools/vm_guest_%.img: tests/unit/vm_guest.S
	@mkdir -p $(@D)
	$(CC) -m32 -c -DMESSAGE='"guest here"' $(if $(filter stays,$*),-DSTAYS) -o $(@:.img=.o) $<
	$(LD) -m elf_i386 -Ttext 0 --oformat binary -o $@ $(@:.img=.o)
