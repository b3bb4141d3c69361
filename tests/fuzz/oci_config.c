// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as config.json. What is taken goes back to JSON, and that is
 * taken, too, and the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/oci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Grpc__Spec *parse(const char *text, size_t size)
{
	struct oci_report report;
	Grpc__Spec *spec = NULL;
	int r = oci_spec_from_json(text, size, &report, &spec);

	/* Each failure has a text, and only those. */
	if ((r < 0) != (report.error[0] != 0) || memchr(report.error, '\n', strlen(report.error)))
		abort();
	oci_report_done(&report);
	return r < 0 ? NULL : spec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly that size, for the sanitizer to see what is beyond. */
	char *copy = malloc(size ? size : 1), *text, *again;
	Grpc__Spec *spec, *same;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	spec = parse(copy, size);
	free(copy);
	if (!spec)
		return 0;
	if (oci_message_to_json(&spec->base, &text) < 0)
		abort();
	same = parse(text, strlen(text));
	if (!same || oci_message_to_json(&same->base, &again) < 0 || strcmp(text, again))
		abort();
	grpc__spec__free_unpacked(spec, NULL);
	grpc__spec__free_unpacked(same, NULL);
	free(text);
	free(again);
	return 0;
}
