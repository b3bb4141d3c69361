# SPDX-License-Identifier: GPL-2.0-or-later
#
# Configuration of the shim.

TOML_OBJ := problem.o toml.o toml_string.o toml_value.o
CONFIG_OBJ := $(TOML_OBJ) annotations.o config.o config_check.o config_keys.o cpu_list.o \
	kata_keys.o sizing.o
CONFIG_OBJECTS := $(addprefix $(SHIM_OBJ)/config/,$(CONFIG_OBJ))

# Tests.
UNIT_TESTS += build/unit/toml_text build/unit/config_text
build/unit/toml_text: tests/unit/toml_text.c $(TOML_OBJ:%.o=shim/config/%.c)
build/unit/config_text: tests/unit/config_text.c $(CONFIG_OBJ:%.o=shim/config/%.c)
build/unit/toml_text build/unit/config_text: $(wildcard shim/config/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -ljson-c -lcmocka
