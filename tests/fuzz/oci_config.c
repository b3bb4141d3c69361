// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as config.json, as the process of an exec, and as the resources
 * of an update. What is taken goes back to JSON, and that is taken, too, and the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/oci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
	&grpc__spec__descriptor,
	&grpc__process__descriptor,
	&grpc__linux_resources__descriptor,
};

/* NULL: refused, with a text that is one line. */
static ProtobufCMessage *parse(const ProtobufCMessageDescriptor *type, const char *text,
			       size_t size)
{
	struct oci_report report;
	ProtobufCMessage *message = NULL;
	int r = oci_message_from_json(type, text, size, &report, &message);

	if ((r < 0) != (report.error[0] != 0) || strchr(report.error, '\n'))
		abort();
	oci_report_done(&report);
	return r < 0 ? NULL : message;
}

static char *to_json(const ProtobufCMessage *message)
{
	char *text;

	if (oci_message_to_json(message, &text) < 0)
		abort();
	return text;
}

static void there_and_back(const ProtobufCMessageDescriptor *type, const char *text, size_t size)
{
	ProtobufCMessage *message = parse(type, text, size), *same;
	char *once, *twice;

	if (!message)
		return;
	once = to_json(message);
	same = parse(type, once, strlen(once));
	if (!same)
		abort();
	twice = to_json(same);
	if (strcmp(once, twice))
		abort();
	protobuf_c_message_free_unpacked(message, NULL);
	protobuf_c_message_free_unpacked(same, NULL);
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, for the sanitizer to see what is beyond. */
	char *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		there_and_back(types[i], copy, size);
	free(copy);
	return 0;
}
