/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OCI's JSON (config.json, process, resources) to the agent's messages and back.
 *
 * Works by protobuf-c's descriptors: a field's name in protocols/oci.proto is
 * its key in JSON. Sizes and depth are bounded; JSON may come from anywhere.
 */
#ifndef KBM_OCI_H
#define KBM_OCI_H

#include <stddef.h>

#include <json-c/json.h>
#include <protobuf-c/protobuf-c.h>

#include "oci.pb-c.h"

#define OCI_TEXT_MAX (4 * 1024 * 1024) /* bytes of JSON */
#define OCI_DEPTH_MAX 32
#define OCI_PARTS_MAX 100000 /* objects and arrays */
#define OCI_LEFT_OUT_MAX 32

/*
 * What happened besides the result. error: one line naming the place in the
 * text, the value and the remedy, "" when there was none. left_out: paths such
 * as "linux.intelRdt.closID" of keys that have no place in the message; OCI
 * forbids to fail for them, so the caller should say them in its log. A key
 * that stands for something of the host (hooks) is in left_out, too.
 */
struct oci_report {
	char error[256];
	char *left_out[OCI_LEFT_OUT_MAX];
	size_t left_out_count; /* more than OCI_LEFT_OUT_MAX: that many in all */
};

/* Frees what the report holds, not the report. */
void oci_report_done(struct oci_report *report);

/*
 * Parses size bytes of JSON into a new message of type descriptor (any of
 * oci.pb-c.h's). Free it with protobuf_c_message_free_unpacked(message, NULL)
 * or the type's own _free_unpacked().
 *
 * Returns 0, or with report->error set: -EINVAL (no JSON, or a value of the
 * wrong type), -ERANGE (a number that does not fit), -E2BIG (too large or too
 * deep), -ENOMEM. The report is set up by this function and is the caller's to
 * free, also after an error.
 */
int oci_message_from_json(const ProtobufCMessageDescriptor *descriptor,
			  const char *text, size_t size,
			  struct oci_report *report,
			  ProtobufCMessage **ret_message);

/* The same for JSON that is parsed already; it stays the caller's. */
int oci_message_from_object(const ProtobufCMessageDescriptor *descriptor,
			    struct json_object *object,
			    struct oci_report *report,
			    ProtobufCMessage **ret_message);

/* The three that are needed most. */
int oci_spec_from_json(const char *text, size_t size, struct oci_report *report,
		       Grpc__Spec **ret_spec);
int oci_process_from_json(const char *text, size_t size,
			  struct oci_report *report,
			  Grpc__Process **ret_process);
int oci_resources_from_json(const char *text, size_t size,
			    struct oci_report *report,
			    Grpc__LinuxResources **ret_resources);

/*
 * JSON of a message, for a runtime to read; *ret_text is to be freed. Returns 0
 * or -ENOMEM.
 */
int oci_message_to_json(const ProtobufCMessage *message, char **ret_text);

#endif
