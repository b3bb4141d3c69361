/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A string of protobuf must be UTF-8: Go refuses the whole message otherwise. */
#ifndef SHIM_TTRPC_UTF8_H
#define SHIM_TTRPC_UTF8_H

/* Each byte that is not part of a character (RFC 3629) becomes '?'. */
void utf8_repair(char *text);

#endif
