/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * google.protobuf.Any as containerd uses it: a type is named by its bare name;
 * what comes in may have "type.googleapis.com/" or the like before it.
 */
#ifndef SHIM_PROTOCOLS_ANY_H
#define SHIM_PROTOCOLS_ANY_H

#include <stdbool.h>
#include <stddef.h>

#include "google/protobuf/any.pb-c.h"

/*
 * Packs @message under its descriptor's name. *ret_any is for any_free().
 * 0 or -ENOMEM.
 */
int any_pack(const ProtobufCMessage *message, Google__Protobuf__Any **ret_any);

/* The same of any bytes, which are copied; JSON under a types.containerd.io/ URL, say. */
int any_from_bytes(const char *type_url, const void *bytes, size_t size,
		   Google__Protobuf__Any **ret_any);

/* Whether @any (NULL: no) is of @type, such as "containerd.runc.v1.Options". */
bool any_is(const Google__Protobuf__Any *any, const char *type);

/*
 * -ENOMSG: it is of another type; -EBADMSG: not that message's encoding. *ret_message
 * is for protobuf_c_message_free_unpacked(message, NULL).
 */
int any_unpack(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *descriptor,
	       ProtobufCMessage **ret_message);

/* NULL is fine. */
void any_free(Google__Protobuf__Any *any);

#endif
