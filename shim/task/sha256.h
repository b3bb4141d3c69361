/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4), for names of sockets: nothing here is secret. */
#ifndef KBM_SHIM_SHA256_H
#define KBM_SHIM_SHA256_H

#include <stddef.h>

#define SHA256_HEX_SIZE 65

/* @bytes less than 512 MiB. @ret_hex: 64 digits and a zero byte. */
void sha256_hex(const void *data, size_t bytes, char ret_hex[SHA256_HEX_SIZE]);

#endif
