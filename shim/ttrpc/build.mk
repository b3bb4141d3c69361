# SPDX-License-Identifier: GPL-2.0-or-later

TTRPC_SOURCES := $(wildcard shim/ttrpc/*.c)
TTRPC_OBJECTS := $(TTRPC_SOURCES:shim/%.c=$(SHIM_OBJ)/%.o)

# Tests.
TTRPC_TEST_OBJECTS := $(TTRPC_SOURCES:shim/%.c=$(SHIM_TEST_OBJ)/%.o)
TTRPC_TESTS := $(addprefix build/unit/ttrpc_,frame server limits client recorded)
UNIT_TESTS += $(TTRPC_TESTS)

$(TTRPC_TESTS): build/unit/%: tests/unit/%.c $(wildcard tests/unit/ttrpc_*.h) $(TTRPC_TEST_OBJECTS) \
		$(SHIM_TEST_OBJ)/protocols/any.o $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -MF $(SHIM_TEST_OBJ)/$*.d -Itests/unit -o $@ $(filter %.c %.o %.a,$^) \
		$(SHIM_LIBS) -lcmocka
