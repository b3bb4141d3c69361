# SPDX-License-Identifier: GPL-2.0-or-later
#
# build/tools/kbm-channel: both ends of a channel, without the proxy.

CHANNEL := build/tools/kbm-channel
CHANNEL_OBJ := build/obj/channel
CHANNEL_OBJECTS := $(patsubst tests/channel/%.c,$(CHANNEL_OBJ)/%.o,$(wildcard tests/channel/*.c)) \
	build/obj/payload/lease.c.o build/obj/payload/message.c.o
TOOLS += $(CHANNEL):bin/kbm-channel

$(CHANNEL): $(CHANNEL_OBJECTS)
	@mkdir -p $(@D)
	$(CC) -static -o $@ $^ -luring

$(CHANNEL_OBJ)/%.o: tests/channel/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wvla \
		-Ihost-kernel-patches/src/arch/x86/include/uapi -Itests/payload -MMD -MP -c -o $@ $<

-include $(CHANNEL_OBJECTS:.o=.d)

# The driver's check of the channel, without a kernel.
CHANNEL_CHECK := build/unit/channel_check
CHANNEL_DRIVER := control-bm/src/arch/x86/kernel/kbm/channel
UNIT_TESTS += $(CHANNEL_CHECK)

$(CHANNEL_CHECK): tests/unit/channel_check.c $(CHANNEL_DRIVER)/channel_check.c $(CHANNEL_DRIVER)/channel_check.h
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
		-Wall -Wextra -Werror -Wshadow -Wmissing-prototypes \
		-I$(CHANNEL_DRIVER) -Ihost-kernel-patches/src/arch/x86/include/uapi \
		-o $@ $(filter %.c,$^) -lcmocka
