# SPDX-License-Identifier: GPL-2.0-or-later
#
# Streams: objects for shim and agent.

STREAM_OBJECTS := $(patsubst shim/%.c,$(SHIM_OBJ)/%.o,$(wildcard shim/stream/*.c))

UNIT_TESTS += build/unit/stream_mux build/unit/stream_pump
build/unit/stream_mux: tests/unit/stream_mux.c $(addprefix shim/stream/,input.c kept.c out.c stream.c table.c)
build/unit/stream_pump: tests/unit/stream_pump.c $(wildcard shim/stream/*.c)
build/unit/stream_mux build/unit/stream_pump: $(wildcard shim/stream/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -lcmocka -lev
