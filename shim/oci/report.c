// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* Keys are whatever the text's author liked: only so much of each is shown. */
#define SHOWN_MAX 60

static size_t append(char *path, size_t size, size_t used, const char *text)
{
	int length =
		snprintf(path + used, size - used, "%.*s", SHOWN_MAX, text);

	used += length > 0 ? (size_t)length : 0;
	return used < size ? used : size - 1;
}

static size_t path_of(const struct oci_place *place, char *path, size_t size)
{
	char index[32];
	size_t used;

	if (!place)
		return 0;
	used = path_of(place->parent, path, size);
	if (!place->name) {
		snprintf(index, sizeof(index), "[%zu]", place->index);
		return append(path, size, used, index);
	}
	if (used)
		used = append(path, size, used, ".");
	return append(path, size, used, place->name);
}

static void hide_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int oci_report_error(struct oci_report *report, const struct oci_place *place,
		     int error, const char *format, ...)
{
	char path[128] = "";
	char text[120];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	path_of(place, path, sizeof(path));
	snprintf(report->error, sizeof(report->error), "%s%s%s", path,
		 *path ? ": " : "", text);
	hide_controls(report->error);
	return error;
}

int oci_report_left_out(struct oci_report *report,
			const struct oci_place *place)
{
	char path[256] = "";

	if (report->left_out_count < OCI_LEFT_OUT_MAX) {
		path_of(place, path, sizeof(path));
		hide_controls(path);
		report->left_out[report->left_out_count] = strdup(path);
		if (!report->left_out[report->left_out_count])
			return -ENOMEM;
	}
	report->left_out_count++;
	return 0;
}

void oci_report_done(struct oci_report *report)
{
	for (size_t i = 0; i < OCI_LEFT_OUT_MAX; i++) {
		free(report->left_out[i]);
		report->left_out[i] = NULL;
	}
	report->left_out_count = 0;
}
