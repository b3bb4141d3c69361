# SPDX-License-Identifier: GPL-2.0-or-later

EVENTS_SOURCES := $(wildcard shim/events/*.c)
EVENTS_OBJECTS := $(EVENTS_SOURCES:shim/%.c=$(SHIM_OBJ)/%.o)

# Tests; time runs faster in them.
UNIT_TESTS += build/unit/events_publisher

build/unit/events_publisher: tests/unit/events_publisher.c tests/unit/ttrpc_raw.h $(EVENTS_SOURCES) \
		$(wildcard shim/events/*.h) $(SHIM_TEST_OBJ)/protocols/any.o $(TTRPC_TEST_OBJECTS) \
		$(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(SHIM_TEST_CFLAGS)) -DEVENTS_FORWARD_SECONDS=2.0 \
		-DEVENTS_BACKOFF_SECONDS=0.02 -Itests/unit -o $@ $(filter %.c %.o %.a,$^) \
		$(SHIM_LIBS) -lcmocka
