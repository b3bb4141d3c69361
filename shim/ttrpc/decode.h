/* SPDX-License-Identifier: GPL-2.0-or-later */
/* protobuf from a peer that is not trusted. */
#ifndef SHIM_TTRPC_DECODE_H
#define SHIM_TTRPC_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

/*
 * A message for protobuf_c_message_free_unpacked(message, NULL). NULL: not that
 * message's encoding, or it would take more than TTRPC_MAX_DECODED bytes of memory.
 */
ProtobufCMessage *message_decode(const ProtobufCMessageDescriptor *descriptor,
				 const uint8_t *data, size_t size);

#endif
