# SPDX-License-Identifier: GPL-2.0-or-later
#
# OCI's JSON to messages and back: objects for shim and agent.

OCI_OBJECTS := $(patsubst shim/%.c,$(SHIM_OBJ)/%.o,$(wildcard shim/oci/*.c))

UNIT_TESTS += build/unit/oci_json
build/unit/oci_json: tests/unit/oci_json.c $(wildcard shim/oci/*.c shim/oci/*.h) $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c %.a,$^) -lcmocka -ljson-c -lprotobuf-c
