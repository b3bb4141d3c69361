# SPDX-License-Identifier: GPL-2.0-or-later
#
# Network of a sandbox. The routing socket is the agent's, too.

NETWORK_OBJ := links.o namespace.o network.o redirect.o remove.o routes.o tap.o
NETWORK_OBJECTS := $(addprefix $(SHIM_OBJ)/network/,$(NETWORK_OBJ)) $(SHIM_OBJ)/agent/netlink.o
