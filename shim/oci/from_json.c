// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON to a message. What is half made stays a message that can be freed. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "report.h"

static int fill_message(ProtobufCMessage *message, struct json_object *object,
			struct oci_report *report,
			const struct oci_place *place);

static int wrong_type(struct json_object *value, const char *wanted,
		      struct oci_report *report, const struct oci_place *place)
{
	return oci_report_error(report, place, -EINVAL, "must be %s, is %.30s",
				wanted, json_object_to_json_string(value));
}

static int read_string(struct json_object *value, char **ret_string,
		       struct oci_report *report, const struct oci_place *place)
{
	const char *text;
	char *copy;

	if (!json_object_is_type(value, json_type_string))
		return wrong_type(value, "a string", report, place);
	text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return oci_report_error(report, place, -EINVAL,
					"must not contain a zero byte");
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret_string = copy;
	return 0;
}

static bool fits(int64_t number, struct json_object *value, ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
		return number >= INT32_MIN && number <= INT32_MAX;
	case PROTOBUF_C_TYPE_UINT32:
		return number >= 0 && number <= UINT32_MAX;
	case PROTOBUF_C_TYPE_UINT64:
		return number >= 0;
	default:
		return number != INT64_MAX ||
		       json_object_get_uint64(value) == INT64_MAX;
	}
}

static int read_number(struct json_object *value, ProtobufCType type, void *to,
		       struct oci_report *report, const struct oci_place *place)
{
	uint64_t wide;
	uint32_t narrow;
	int64_t number;

	if (!json_object_is_type(value, json_type_int))
		return wrong_type(value, "a whole number", report, place);
	number = json_object_get_int64(value);
	if (!fits(number, value, type))
		return oci_report_error(report, place, -ERANGE,
					"%s is out of range",
					json_object_to_json_string(value));
	wide = number < 0 ? (uint64_t)number : json_object_get_uint64(value);
	narrow = (uint32_t)wide;
	if (type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_UINT32)
		memcpy(to, &narrow, sizeof(narrow));
	else
		memcpy(to, &wide, sizeof(wide));
	return 0;
}

static int new_message(const ProtobufCMessageDescriptor *descriptor,
		       ProtobufCMessage **ret_message)
{
	ProtobufCMessage *message = malloc(descriptor->sizeof_message);

	if (!message)
		return -ENOMEM;
	descriptor->message_init(message);
	*ret_message = message;
	return 0;
}

/* The message is stored at once, so that its parent frees it. */
static int read_message(struct json_object *value,
			const ProtobufCMessageDescriptor *descriptor,
			ProtobufCMessage **to, struct oci_report *report,
			const struct oci_place *place)
{
	int r;

	if (!json_object_is_type(value, json_type_object))
		return wrong_type(value, "an object", report, place);
	r = new_message(descriptor, to);
	return r < 0 ? r : fill_message(*to, value, report, place);
}

static int read_value(const ProtobufCFieldDescriptor *field,
		      struct json_object *value, void *to,
		      struct oci_report *report, const struct oci_place *place)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return read_string(value, to, report, place);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(value, field->descriptor, to, report,
				    place);
	case PROTOBUF_C_TYPE_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return wrong_type(value, "true or false", report,
					  place);
		*(protobuf_c_boolean *)to = json_object_get_boolean(value);
		return 0;
	default:
		return read_number(value, field->type, to, report, place);
	}
}

/* An array of count elements; those not yet read must be nothing to free. */
static int new_elements(const ProtobufCMessage *message,
			const ProtobufCFieldDescriptor *field, size_t count,
			char **ret_elements)
{
	char **array = oci_field_value(message, field);

	*array = calloc(count, oci_field_size(field));
	*ret_elements = *array;
	return *array ? 0 : -ENOMEM;
}

static int read_array(const ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field,
		      struct json_object *value, struct oci_report *report,
		      const struct oci_place *place)
{
	size_t *count = oci_field_quantifier(message, field);
	size_t length;
	char *elements;
	int r;

	if (!json_object_is_type(value, json_type_array))
		return wrong_type(value, "an array", report, place);
	length = json_object_array_length(value);
	if (!length)
		return 0;
	r = new_elements(message, field, length, &elements);
	for (size_t i = 0; r >= 0 && i < length; i++) {
		struct oci_place element = { .parent = place, .index = i };

		(*count)++;
		r = read_value(field, json_object_array_get_idx(value, i),
			       elements + i * oci_field_size(field), report,
			       &element);
	}
	return r;
}

static int read_entry(const ProtobufCFieldDescriptor *field, const char *key,
		      struct json_object *value, ProtobufCMessage **to,
		      struct oci_report *report, const struct oci_place *place)
{
	const ProtobufCMessageDescriptor *descriptor = field->descriptor;
	char **key_to;
	int r;

	r = new_message(descriptor, to);
	if (r < 0)
		return r;
	key_to = oci_field_value(*to, &descriptor->fields[0]);
	*key_to = strdup(key);
	if (!*key_to)
		return -ENOMEM;
	return read_value(&descriptor->fields[1], value,
			  oci_field_value(*to, &descriptor->fields[1]), report,
			  place);
}

static int read_map(const ProtobufCMessage *message,
		    const ProtobufCFieldDescriptor *field,
		    struct json_object *value, struct oci_report *report,
		    const struct oci_place *place)
{
	size_t *count = oci_field_quantifier(message, field);
	ProtobufCMessage **entries;
	char *elements;
	int r;

	if (!json_object_is_type(value, json_type_object))
		return wrong_type(value, "an object", report, place);
	if (!json_object_object_length(value))
		return 0;
	r = new_elements(message, field, json_object_object_length(value),
			 &elements);
	if (r < 0)
		return r;
	entries = (ProtobufCMessage **)elements;
	json_object_object_foreach(value, key, entry)
	{
		struct oci_place at = { .parent = place, .name = key };

		(*count)++;
		r = read_entry(field, key, entry, &entries[*count - 1], report,
			       &at);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_field(ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field,
		      struct json_object *value, struct oci_report *report,
		      const struct oci_place *place)
{
	uint32_t *which;
	int r;

	if (oci_field_is_map(field))
		return read_map(message, field, value, report, place);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_array(message, field, value, report, place);
	r = read_value(field, value, oci_field_value(message, field), report,
		       place);
	if (r >= 0 && field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		which = oci_field_quantifier(message, field);
		*which = field->id;
	}
	return r;
}

static void set_absent(ProtobufCMessage *message, struct json_object *object)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	int64_t absent;

	for (unsigned int i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];

		if (oci_field_has_absent(descriptor, field, &absent) &&
		    !json_object_object_get(object, field->name))
			*(int64_t *)oci_field_value(message, field) = absent;
	}
}

static int fill_message(ProtobufCMessage *message, struct json_object *object,
			struct oci_report *report,
			const struct oci_place *place)
{
	const ProtobufCFieldDescriptor *field;
	int r = 0;

	set_absent(message, object);
	json_object_object_foreach(object, key, value)
	{
		struct oci_place at = { .parent = place, .name = key };

		/* Go writes null for what is not there. */
		if (!value)
			continue;
		field = protobuf_c_message_descriptor_get_field_by_name(
			message->descriptor, key);
		r = field ? read_field(message, field, value, report, &at) :
			    oci_report_left_out(report, &at);
		if (r < 0)
			return r;
	}
	return 0;
}

int oci_message_from_object(const ProtobufCMessageDescriptor *descriptor,
			    struct json_object *object,
			    struct oci_report *report,
			    ProtobufCMessage **ret_message)
{
	ProtobufCMessage *message = NULL;
	int r;

	memset(report, 0, sizeof(*report));
	r = read_message(object, descriptor, &message, report, NULL);
	if (r == -ENOMEM)
		oci_report_error(report, NULL, r, "out of memory");
	if (r < 0) {
		if (message)
			protobuf_c_message_free_unpacked(message, NULL);
		return r;
	}
	*ret_message = message;
	return 0;
}
