# SPDX-License-Identifier: GPL-2.0-or-later
#
# OCI hooks.

HOOKS_OBJ := hook_process.o hooks.o run.o
HOOKS_OBJECTS := $(addprefix $(SHIM_OBJ)/hooks/,$(HOOKS_OBJ))

# Tests.
UNIT_TESTS += build/unit/hooks_run
build/unit/hooks_run: tests/unit/hooks_run.c $(HOOKS_OBJ:%.o=shim/hooks/%.c) shim/config/problem.c \
	$(wildcard shim/hooks/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -lev -ljson-c -lcmocka
