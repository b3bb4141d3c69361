# SPDX-License-Identifier: GPL-2.0-or-later
#
# Network of a sandbox. The routing socket is the agent's, too.

NETWORK_OBJ := hold.o links.o namespace.o network.o redirect.o remove.o routes.o tap.o
NETWORK_OBJECTS := $(addprefix $(SHIM_OBJ)/network/,$(NETWORK_OBJ)) $(SHIM_OBJ)/agent/netlink.o

# Tests.
UNIT_TESTS += build/unit/network_links
build/unit/network_links: tests/unit/network_links.c $(NETWORK_OBJ:%.o=shim/network/%.c) \
	shim/agent/netlink.c shim/config/problem.c $(wildcard shim/network/*.h)
	@mkdir -p $(@D)
	$(CC) $(SHIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -ljson-c -lcmocka
