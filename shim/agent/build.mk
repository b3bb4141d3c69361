# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/shim/kbm-agent: static, the first process of a guest.

AGENT_OBJECTS := $(patsubst shim/%.c,$(SHIM_OBJ)/%.o,$(wildcard shim/agent/*.c))

.PHONY: agent
agent: build/shim/kbm-agent

build/shim/kbm-agent: $(AGENT_OBJECTS) $(STREAM_OBJECTS) $(OCI_OBJECTS) $(TTRPC_OBJECTS) \
		$(SHIM_OBJ)/config/problem.o $(PROTOCOLS_LIB)
	@mkdir -p $(@D)
	$(CC) -static $(SHIM_LDFLAGS) -o $@ $^ $(SHIM_LIBS)
