# SPDX-License-Identifier: GPL-2.0-or-later

STATS_SOURCES := $(wildcard shim/stats/*.c)
STATS_OBJECTS := $(STATS_SOURCES:shim/%.c=$(SHIM_OBJ)/%.o)

# Tests.
UNIT_TESTS += build/unit/stats_forms

build/unit/stats_forms: tests/unit/stats_forms.c $(STATS_SOURCES:shim/%.c=$(SHIM_TEST_OBJ)/%.o) \
		$(SHIM_TEST_OBJ)/protocols/any.o $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/stats_forms.d -o $@ \
		$(filter %.c %.o %.a,$^) $(SHIM_LIBS) -lcmocka
