// SPDX-License-Identifier: GPL-2.0-or-later
/* A message to JSON; keys without a value are left out. */
#include <errno.h>
#include <string.h>

#include "fields.h"

static int add_message(const ProtobufCMessage *message,
		       struct json_object **ret_json);

static int64_t integer_at(const ProtobufCFieldDescriptor *field,
			  const void *from)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
		return *(const int32_t *)from;
	case PROTOBUF_C_TYPE_UINT32:
		return *(const uint32_t *)from;
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)from;
	default:
		return *(const int64_t *)from;
	}
}

static struct json_object *scalar_at(const ProtobufCFieldDescriptor *field,
				     const void *from)
{
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return json_object_new_string(*(char *const *)from);
	if (field->type == PROTOBUF_C_TYPE_BOOL)
		return json_object_new_boolean(integer_at(field, from) != 0);
	if (field->type == PROTOBUF_C_TYPE_UINT64)
		return json_object_new_uint64(*(const uint64_t *)from);
	return json_object_new_int64(integer_at(field, from));
}

static int value_at(const ProtobufCFieldDescriptor *field, const void *from,
		    struct json_object **ret_json)
{
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return add_message(*(ProtobufCMessage *const *)from, ret_json);
	*ret_json = scalar_at(field, from);
	return *ret_json ? 0 : -ENOMEM;
}

static int array_at(const ProtobufCFieldDescriptor *field, const char *elements,
		    size_t count, struct json_object **ret_json)
{
	struct json_object *array = json_object_new_array();
	struct json_object *value;
	int r = array ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = value_at(field, elements + i * oci_field_size(field),
			     &value);
		if (r >= 0 && json_object_array_add(array, value) < 0) {
			json_object_put(value);
			r = -ENOMEM;
		}
	}
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	*ret_json = array;
	return 0;
}

static int map_at(const ProtobufCFieldDescriptor *field,
		  ProtobufCMessage *const *entries, size_t count,
		  struct json_object **ret_json)
{
	const ProtobufCFieldDescriptor *parts =
		((const ProtobufCMessageDescriptor *)field->descriptor)->fields;
	struct json_object *object = json_object_new_object();
	struct json_object *value;
	int r = object ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		const char *key =
			*(char **)oci_field_value(entries[i], &parts[0]);

		r = value_at(&parts[1], oci_field_value(entries[i], &parts[1]),
			     &value);
		if (r >= 0 && json_object_object_add(object, key, value) < 0) {
			json_object_put(value);
			r = -ENOMEM;
		}
	}
	if (r < 0) {
		json_object_put(object);
		return r;
	}
	*ret_json = object;
	return 0;
}

static bool is_set(const ProtobufCMessage *message,
		   const ProtobufCFieldDescriptor *field)
{
	const void *value = oci_field_value(message, field);
	int64_t absent;

	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(uint32_t *)oci_field_quantifier(message, field) ==
		       field->id;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(size_t *)oci_field_quantifier(message, field);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)value;
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return **(char *const *)value;
	if (oci_field_has_absent(message->descriptor, field, &absent))
		return integer_at(field, value) != absent;
	return oci_message_is_complete(message->descriptor) ||
	       integer_at(field, value);
}

static int field_of(const ProtobufCMessage *message,
		    const ProtobufCFieldDescriptor *field,
		    struct json_object **ret_json)
{
	void *value = oci_field_value(message, field);
	size_t count;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return value_at(field, value, ret_json);
	count = *(size_t *)oci_field_quantifier(message, field);
	if (oci_field_is_map(field))
		return map_at(field, *(ProtobufCMessage *const **)value, count,
			      ret_json);
	return array_at(field, *(char *const *)value, count, ret_json);
}

static int add_message(const ProtobufCMessage *message,
		       struct json_object **ret_json)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	struct json_object *object = json_object_new_object();
	struct json_object *value;
	int r = object ? 0 : -ENOMEM;

	for (unsigned int i = 0; r >= 0 && i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (!is_set(message, field))
			continue;
		r = field_of(message, field, &value);
		if (r >= 0 &&
		    json_object_object_add(object, field->name, value) < 0) {
			json_object_put(value);
			r = -ENOMEM;
		}
	}
	if (r < 0) {
		json_object_put(object);
		return r;
	}
	*ret_json = object;
	return 0;
}

int oci_message_to_json(const ProtobufCMessage *message, char **ret_text)
{
	struct json_object *object;
	const char *text;
	int r;

	r = add_message(message, &object);
	if (r < 0)
		return r;
	text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	*ret_text = text ? strdup(text) : NULL;
	json_object_put(object);
	return *ret_text ? 0 : -ENOMEM;
}
