# SPDX-License-Identifier: GPL-2.0-or-later
#
# The cgroup of a sandbox on this machine.

CGROUP_OBJ := cgroup.o hierarchies.o path.o
CGROUP_OBJECTS := $(addprefix $(SHIM_OBJ)/cgroup/,$(CGROUP_OBJ))

# Tests.
UNIT_TESTS += build/unit/cgroup_path
build/unit/cgroup_path: tests/unit/cgroup_path.c $(CGROUP_OBJ:%.o=shim/cgroup/%.c) \
	shim/config/problem.c $(wildcard shim/cgroup/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -ljson-c -lcmocka
