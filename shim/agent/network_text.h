/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as the protocol has them, in text. */
#ifndef KBM_AGENT_NETWORK_TEXT_H
#define KBM_AGENT_NETWORK_TEXT_H

#include <stdint.h>

/* Return 0 or -EINVAL. "a:b:c:d:e:f" in hexadecimal. */
int text_to_mac(const char *text, uint8_t mac[6]);

/* Either family; ret_family: AF_INET or AF_INET6. */
int text_to_address(const char *text, uint8_t *ret_family, uint8_t address[16]);

/* "24"; "" is all of the address. */
int text_to_prefix(const char *text, uint8_t family, uint8_t *ret_prefix);

/* "10.0.0.0/8"; "10.0.0.1" is all of the address. */
int text_to_network(const char *text, uint8_t *ret_family, uint8_t address[16],
		    uint8_t *ret_prefix);

#endif
