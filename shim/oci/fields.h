/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of oci/: what descriptors do not say of JSON. */
#ifndef KBM_OCI_FIELDS_H
#define KBM_OCI_FIELDS_H

#include <stdbool.h>

#include "oci/oci.h"

/* A proto3 map is a repeated message of key and value; in JSON an object. */
bool oci_field_is_map(const ProtobufCFieldDescriptor *field);

/* JSON without the key means this number: -1 for "any device". */
bool oci_field_has_absent(const ProtobufCMessageDescriptor *descriptor,
			  const ProtobufCFieldDescriptor *field,
			  int64_t *ret_absent);

/*
 * Whether 0 and false are written, too: OCI requires the key, or a program
 * would take another default for it.
 */
bool oci_message_is_complete(const ProtobufCMessageDescriptor *descriptor);

/* Where the field's value lies, and what says whether or how often it is there. */
void *oci_field_value(const ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field);
void *oci_field_quantifier(const ProtobufCMessage *message,
			   const ProtobufCFieldDescriptor *field);

/* Bytes of an element of a repeated field. */
size_t oci_field_size(const ProtobufCFieldDescriptor *field);

#endif
