// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/status.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct row {
	int error;
	enum ttrpc_code code;
};

/* The first row of a code is its errno in the other direction. */
static const struct row rows[] = {
	{ ECANCELED, TTRPC_CANCELED },
	{ EINVAL, TTRPC_INVALID_ARGUMENT },
	{ EBADMSG, TTRPC_INVALID_ARGUMENT },
	{ ENAMETOOLONG, TTRPC_INVALID_ARGUMENT },
	{ ENOTDIR, TTRPC_INVALID_ARGUMENT },
	{ ENOEXEC, TTRPC_INVALID_ARGUMENT },
	{ ETIMEDOUT, TTRPC_DEADLINE_EXCEEDED },
	{ ETIME, TTRPC_DEADLINE_EXCEEDED },
	{ ENOENT, TTRPC_NOT_FOUND },
	{ ESRCH, TTRPC_NOT_FOUND },
	{ ENODEV, TTRPC_NOT_FOUND },
	{ ENXIO, TTRPC_NOT_FOUND },
	{ EEXIST, TTRPC_ALREADY_EXISTS },
	{ EALREADY, TTRPC_ALREADY_EXISTS },
	{ EACCES, TTRPC_PERMISSION_DENIED },
	{ EPERM, TTRPC_PERMISSION_DENIED },
	{ EROFS, TTRPC_PERMISSION_DENIED },
	{ ENOBUFS, TTRPC_RESOURCE_EXHAUSTED },
	{ ENOMEM, TTRPC_RESOURCE_EXHAUSTED },
	{ ENOSPC, TTRPC_RESOURCE_EXHAUSTED },
	{ EMFILE, TTRPC_RESOURCE_EXHAUSTED },
	{ ENFILE, TTRPC_RESOURCE_EXHAUSTED },
	{ EDQUOT, TTRPC_RESOURCE_EXHAUSTED },
	{ EMSGSIZE, TTRPC_RESOURCE_EXHAUSTED },
	{ E2BIG, TTRPC_RESOURCE_EXHAUSTED },
	{ EBUSY, TTRPC_FAILED_PRECONDITION },
	{ ENOTEMPTY, TTRPC_FAILED_PRECONDITION },
	{ ECHILD, TTRPC_FAILED_PRECONDITION },
	{ EAGAIN, TTRPC_ABORTED },
	{ EDEADLK, TTRPC_ABORTED },
	{ ERANGE, TTRPC_OUT_OF_RANGE },
	{ EOVERFLOW, TTRPC_OUT_OF_RANGE },
	{ EOPNOTSUPP, TTRPC_UNIMPLEMENTED },
	{ ENOSYS, TTRPC_UNIMPLEMENTED },
	{ EPROTO, TTRPC_INTERNAL },
	{ EFAULT, TTRPC_INTERNAL },
	{ ENOTCONN, TTRPC_UNAVAILABLE },
	{ ECONNREFUSED, TTRPC_UNAVAILABLE },
	{ ECONNRESET, TTRPC_UNAVAILABLE },
	{ ECONNABORTED, TTRPC_UNAVAILABLE },
	{ EPIPE, TTRPC_UNAVAILABLE },
	{ ESHUTDOWN, TTRPC_UNAVAILABLE },
	{ EUCLEAN, TTRPC_DATA_LOSS },
	{ EKEYREJECTED, TTRPC_UNAUTHENTICATED },
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

static const char *const names[] = {
	[TTRPC_OK] = "ok",
	[TTRPC_CANCELED] = "canceled",
	[TTRPC_UNKNOWN] = "unknown",
	[TTRPC_INVALID_ARGUMENT] = "invalid argument",
	[TTRPC_DEADLINE_EXCEEDED] = "deadline exceeded",
	[TTRPC_NOT_FOUND] = "not found",
	[TTRPC_ALREADY_EXISTS] = "already exists",
	[TTRPC_PERMISSION_DENIED] = "permission denied",
	[TTRPC_RESOURCE_EXHAUSTED] = "resource exhausted",
	[TTRPC_FAILED_PRECONDITION] = "failed precondition",
	[TTRPC_ABORTED] = "aborted",
	[TTRPC_OUT_OF_RANGE] = "out of range",
	[TTRPC_UNIMPLEMENTED] = "not implemented",
	[TTRPC_INTERNAL] = "internal",
	[TTRPC_UNAVAILABLE] = "unavailable",
	[TTRPC_DATA_LOSS] = "data loss",
	[TTRPC_UNAUTHENTICATED] = "unauthenticated",
};

enum ttrpc_code ttrpc_code_from_errno(int error)
{
	error = abs(error);
	if (!error)
		return TTRPC_OK;
	for (size_t i = 0; i < NR_ROWS; i++)
		if (rows[i].error == error)
			return rows[i].code;
	return TTRPC_UNKNOWN;
}

int ttrpc_code_to_errno(int code)
{
	if (code == TTRPC_OK)
		return 0;
	for (size_t i = 0; i < NR_ROWS; i++)
		if ((int)rows[i].code == code)
			return -rows[i].error;
	return -EIO;
}

const char *ttrpc_code_name(int code)
{
	if (code < 0 || (size_t)code >= sizeof(names) / sizeof(names[0]))
		code = TTRPC_UNKNOWN;
	return names[code];
}
