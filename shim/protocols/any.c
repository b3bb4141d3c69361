// SPDX-License-Identifier: GPL-2.0-or-later
#include "any.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int any_new(const char *type_url, size_t size, Google__Protobuf__Any **ret_any)
{
	Google__Protobuf__Any *any = malloc(sizeof(*any));

	if (!any)
		return -ENOMEM;
	google__protobuf__any__init(any);
	any->type_url = strdup(type_url);
	any->value.data = size ? malloc(size) : NULL;
	any->value.len = size;
	if (!any->type_url || (size && !any->value.data)) {
		any_free(any);
		return -ENOMEM;
	}
	*ret_any = any;
	return 0;
}

int any_pack(const ProtobufCMessage *message, Google__Protobuf__Any **ret_any)
{
	int r = any_new(message->descriptor->name, protobuf_c_message_get_packed_size(message),
			ret_any);

	if (r < 0)
		return r;
	protobuf_c_message_pack(message, (*ret_any)->value.data);
	return 0;
}

int any_from_bytes(const char *type_url, const void *bytes, size_t size,
		   Google__Protobuf__Any **ret_any)
{
	int r = any_new(type_url, size, ret_any);

	if (r < 0)
		return r;
	if (size)
		memcpy((*ret_any)->value.data, bytes, size);
	return 0;
}

bool any_is(const Google__Protobuf__Any *any, const char *type)
{
	size_t length = strlen(type), has;

	if (!any)
		return false;
	has = strlen(any->type_url);
	return has >= length && !strcmp(any->type_url + has - length, type) &&
	       (has == length || any->type_url[has - length - 1] == '/');
}

int any_unpack(const Google__Protobuf__Any *any, const ProtobufCMessageDescriptor *descriptor,
	       ProtobufCMessage **ret_message)
{
	ProtobufCMessage *message;

	if (!any_is(any, descriptor->name))
		return -ENOMSG;
	message = protobuf_c_message_unpack(descriptor, NULL, any->value.len, any->value.data);
	if (!message)
		return -EBADMSG;
	*ret_message = message;
	return 0;
}

void any_free(Google__Protobuf__Any *any)
{
	google__protobuf__any__free_unpacked(any, NULL);
}
