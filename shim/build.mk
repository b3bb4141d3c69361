# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shim and the agent: what their folders share. Each folder has rules of its
# own; a later one may use what an earlier one defines.

SHIM_OBJ := build/obj/shim
# config.json has a member "linux", which gnu17 defines.
SHIM_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow \
	-Wmissing-prototypes -Wvla -ffunction-sections -fdata-sections -MMD -MP \
	-Ulinux -Ishim -Ibuild/obj/shim/protocols
SHIM_LDFLAGS := -Wl,--gc-sections
# Static but for libc; -static as well makes a program that needs nothing.
SHIM_LIBS := -l:libev.a -l:libprotobuf-c.a -l:libjson-c.a -lm
# Of the unit tests: $(SHIM_TEST_OBJ)/folder/x.o is shim/folder/x.c with sanitizers;
# the generated code is linked from $(PROTOCOLS_LIB) without.
SHIM_TEST_OBJ := build/obj/shim-test
SHIM_TEST_CFLAGS = $(UNIT_CFLAGS) -Wmissing-prototypes -Ulinux -MMD -MP -Ishim \
	-Ibuild/obj/shim/protocols

include $(foreach folder,protocols ttrpc stream oci config rootfs network hooks cgroup vm stats events agent task, \
	$(wildcard shim/$(folder)/build.mk))

$(SHIM_OBJ)/%.o: shim/%.c | $(PROTOCOLS_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -c -o $@ $<

$(SHIM_TEST_OBJ)/%.o: shim/%.c | $(PROTOCOLS_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -c -o $@ $<

-include $(shell find $(SHIM_OBJ) $(SHIM_TEST_OBJ) -name '*.d' 2>/dev/null)
