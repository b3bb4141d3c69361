# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/tools/kbm-payload: one static binary with all payloads in it.

PAYLOAD_VMM := build/tools/kbm-payload
PAYLOAD_OBJ := build/obj/payload
PAYLOAD_UAPI := host-kernel-patches/src/arch/x86/include/uapi
PAYLOAD_SOURCES := $(wildcard tests/payload/*.c tests/payload/payloads/*.S)
PAYLOAD_OBJECTS := $(PAYLOAD_SOURCES:tests/payload/%=$(PAYLOAD_OBJ)/%.o)
PAYLOAD_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow \
	-Wmissing-prototypes -Wvla -I$(PAYLOAD_UAPI) -MMD -MP

.PHONY: payload
payload: $(PAYLOAD_VMM)

$(PAYLOAD_VMM): $(PAYLOAD_OBJECTS)
	@mkdir -p $(@D)
	$(CC) -static -pthread -o $@ $^

$(PAYLOAD_OBJ)/%.o: tests/payload/%
	@mkdir -p $(@D)
	$(CC) $(PAYLOAD_CFLAGS) -pthread -c -o $@ $<

-include $(PAYLOAD_OBJECTS:.o=.d)
