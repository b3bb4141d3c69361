// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON text: bounded before anything is made of it. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "report.h"

/* A few bytes of text are a hundred times as much once parsed. */
static bool has_too_many_parts(const char *text, size_t size)
{
	size_t parts = 0;

	for (size_t i = 0; i < size; i++)
		parts += text[i] == '{' || text[i] == '[';
	return parts > OCI_PARTS_MAX;
}

static bool is_blank(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!text[i] || !strchr(" \t\r\n", text[i]))
			return false;
	return true;
}

static int parse_error(struct json_tokener *tokener, struct oci_report *report)
{
	enum json_tokener_error error = json_tokener_get_error(tokener);
	size_t at = json_tokener_get_parse_end(tokener);

	if (error == json_tokener_error_depth)
		return oci_report_error(report, NULL, -E2BIG,
					"more than %d levels deep at byte %zu",
					OCI_DEPTH_MAX, at);
	return oci_report_error(report, NULL, -EINVAL,
				"is not JSON: %s at byte %zu",
				error == json_tokener_continue ?
					"it ends" :
					json_tokener_error_desc(error),
				at);
}

static int parse(const char *text, size_t size, struct oci_report *report,
		 struct json_object **ret_object)
{
	struct json_tokener *tokener = json_tokener_new_ex(OCI_DEPTH_MAX);
	struct json_object *object;
	size_t end;
	int r = 0;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)size);
	end = json_tokener_get_parse_end(tokener);
	if (!object)
		r = parse_error(tokener, report);
	else if (!is_blank(text + end, size - end))
		r = oci_report_error(report, NULL, -EINVAL,
				     "is not JSON: more text at byte %zu", end);
	json_tokener_free(tokener);
	if (r < 0) {
		json_object_put(object);
		return r;
	}
	*ret_object = object;
	return 0;
}

int oci_message_from_json(const ProtobufCMessageDescriptor *descriptor,
			  const char *text, size_t size,
			  struct oci_report *report,
			  ProtobufCMessage **ret_message)
{
	struct json_object *object;
	int r;

	memset(report, 0, sizeof(*report));
	if (size > OCI_TEXT_MAX)
		return oci_report_error(report, NULL, -E2BIG,
					"%zu bytes of JSON, more than %d", size,
					OCI_TEXT_MAX);
	if (has_too_many_parts(text, size))
		return oci_report_error(report, NULL, -E2BIG,
					"more than %d objects and arrays",
					OCI_PARTS_MAX);
	r = parse(text, size, report, &object);
	if (r < 0)
		return r;
	r = oci_message_from_object(descriptor, object, report, ret_message);
	json_object_put(object);
	return r;
}

int oci_spec_from_json(const char *text, size_t size, struct oci_report *report,
		       Grpc__Spec **ret_spec)
{
	return oci_message_from_json(&grpc__spec__descriptor, text, size,
				     report, (ProtobufCMessage **)ret_spec);
}

int oci_process_from_json(const char *text, size_t size,
			  struct oci_report *report,
			  Grpc__Process **ret_process)
{
	return oci_message_from_json(&grpc__process__descriptor, text, size,
				     report, (ProtobufCMessage **)ret_process);
}

int oci_resources_from_json(const char *text, size_t size,
			    struct oci_report *report,
			    Grpc__LinuxResources **ret_resources)
{
	return oci_message_from_json(&grpc__linux_resources__descriptor, text,
				     size, report,
				     (ProtobufCMessage **)ret_resources);
}
