// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "fields.h"

static bool is_in(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

bool oci_field_is_map(const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *entry = field->descriptor;
	size_t length;

	if (field->label != PROTOBUF_C_LABEL_REPEATED ||
	    field->type != PROTOBUF_C_TYPE_MESSAGE)
		return false;
	length = strlen(entry->name);
	return length > 5 && !strcmp(entry->name + length - 5, "Entry") &&
	       entry->n_fields == 2 && !strcmp(entry->fields[0].name, "key") &&
	       !strcmp(entry->fields[1].name, "value");
}

bool oci_field_has_absent(const ProtobufCMessageDescriptor *descriptor,
			  const ProtobufCFieldDescriptor *field,
			  int64_t *ret_absent)
{
	static const char *const any[] = { "major", "minor", NULL };

	if (descriptor != &grpc__linux_device_cgroup__descriptor ||
	    !is_in(field->name, any))
		return false;
	*ret_absent = -1;
	return true;
}

bool oci_message_is_complete(const ProtobufCMessageDescriptor *descriptor)
{
	static const char *const complete[] = {
		"Box",
		"LinuxDeviceCgroup",
		"LinuxHugepageLimit",
		"LinuxIDMapping",
		"LinuxInterfacePriority",
		"LinuxSeccompArg",
		"LinuxThrottleDevice",
		"LinuxTimeOffset",
		"LinuxWeightDevice",
		"POSIXRlimit",
		"User",
		NULL,
	};

	return is_in(descriptor->short_name, complete);
}

void *oci_field_value(const ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field)
{
	return (char *)message + field->offset;
}

void *oci_field_quantifier(const ProtobufCMessage *message,
			   const ProtobufCFieldDescriptor *field)
{
	return (char *)message + field->quantifier_offset;
}

size_t oci_field_size(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_UINT32:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	default:
		return 0; /* no OCI message has such a field */
	}
}
