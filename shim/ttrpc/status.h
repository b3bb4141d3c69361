/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a call ended: gRPC's codes, which ttrpc shares. */
#ifndef SHIM_TTRPC_STATUS_H
#define SHIM_TTRPC_STATUS_H

enum ttrpc_code {
	TTRPC_OK = 0,
	TTRPC_CANCELED = 1,
	TTRPC_UNKNOWN = 2,
	TTRPC_INVALID_ARGUMENT = 3,
	TTRPC_DEADLINE_EXCEEDED = 4,
	TTRPC_NOT_FOUND = 5,
	TTRPC_ALREADY_EXISTS = 6,
	TTRPC_PERMISSION_DENIED = 7,
	TTRPC_RESOURCE_EXHAUSTED = 8,
	TTRPC_FAILED_PRECONDITION = 9,
	TTRPC_ABORTED = 10,
	TTRPC_OUT_OF_RANGE = 11,
	TTRPC_UNIMPLEMENTED = 12,
	TTRPC_INTERNAL = 13,
	TTRPC_UNAVAILABLE = 14,
	TTRPC_DATA_LOSS = 15,
	TTRPC_UNAUTHENTICATED = 16,
};

/* @error: 0 or an errno of either sign. One without a code of its own: TTRPC_UNKNOWN. */
enum ttrpc_code ttrpc_code_from_errno(int error);

/* 0 or a negative errno; the reverse. -EIO: @code is none of the above. */
int ttrpc_code_to_errno(int code);

/* "not found" and so on; never NULL. */
const char *ttrpc_code_name(int code);

#endif
