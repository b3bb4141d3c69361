// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/decode.h"

#include <stdlib.h>

#include "ttrpc/ttrpc.h"

/* What malloc() takes for itself. */
#define OVERHEAD	16

static void *allocate(void *data, size_t size)
{
	size_t *left = data;

	if (size > TTRPC_MAX_DECODED || size + OVERHEAD > *left)
		return NULL;
	*left -= size + OVERHEAD;
	return malloc(size);
}

static void release(void *data, void *pointer)
{
	(void)data;
	free(pointer);
}

ProtobufCMessage *message_decode(const ProtobufCMessageDescriptor *descriptor,
				 const uint8_t *data, size_t size)
{
	size_t left = TTRPC_MAX_DECODED;
	/* Pairs with free(), so the message needs no allocator later. */
	ProtobufCAllocator allocator = { allocate, release, &left };

	return protobuf_c_message_unpack(descriptor, &allocator, size, data);
}
