# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/tools/kbm-requests: bad requests to /dev/kata-bm and KVM.

REQUESTS := build/tools/kbm-requests
REQUESTS_OBJ := build/obj/requests
REQUESTS_OBJECTS := $(patsubst tests/requests/%.c,$(REQUESTS_OBJ)/%.o,$(wildcard tests/requests/*.c)) \
	build/obj/payload/lease.c.o build/obj/payload/message.c.o
TOOLS += $(REQUESTS):bin/kbm-requests

.PHONY: requests
requests: $(REQUESTS)

$(REQUESTS): $(REQUESTS_OBJECTS)
	@mkdir -p $(@D)
	$(CC) -static -pthread -o $@ $^

$(REQUESTS_OBJ)/%.o: tests/requests/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -pthread -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wvla \
		-Ihost-kernel-patches/src/arch/x86/include/uapi -Itests/payload -MMD -MP -c -o $@ $<

-include $(REQUESTS_OBJECTS:.o=.d)

# The cases run on the server.
TOOLS += $(foreach case,$(wildcard tests/sim/cases/*.sh),$(case):tests/$(notdir $(case)))
