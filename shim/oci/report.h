/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of oci/: where in the JSON text a conversion is. */
#ifndef KBM_OCI_REPORT_H
#define KBM_OCI_REPORT_H

#include "oci/oci.h"

/* A key of an object, or (name NULL) an index of an array; kept on the stack. */
struct oci_place {
	const struct oci_place *parent;
	const char *name;
	size_t index;
};

/* Sets the error, "<place>: <text>", and returns error. */
int oci_report_error(struct oci_report *report, const struct oci_place *place,
		     int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Returns 0 or -ENOMEM. */
int oci_report_left_out(struct oci_report *report,
			const struct oci_place *place);

#endif
