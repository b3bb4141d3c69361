/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_PROXY_TRANSPORT_UNIX_H
#define KBM_PROXY_TRANSPORT_UNIX_H

#include "transport.h"

/* Both sides: over a connected SOCK_SEQPACKET @socket, taken if this succeeds. */
int transport_unix_new(int socket, struct transport **ret_transport);

#endif
