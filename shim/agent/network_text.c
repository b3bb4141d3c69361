// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network_text.h"

int text_to_mac(const char *text, uint8_t mac[6])
{
	char rest;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0],
		   &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &rest) != 6)
		return -EINVAL;
	return 0;
}

int text_to_address(const char *text, uint8_t *ret_family, uint8_t address[16])
{
	uint8_t family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, address) != 1)
		return -EINVAL;
	*ret_family = family;
	return 0;
}

int text_to_prefix(const char *text, uint8_t family, uint8_t *ret_prefix)
{
	unsigned long max = family == AF_INET ? 32 : 128, prefix;
	char *end;

	prefix = strtoul(text, &end, 10);
	if (*end || strspn(text, "0123456789") != strlen(text) || prefix > max)
		return -EINVAL;
	*ret_prefix = *text ? prefix : max;
	return 0;
}

int text_to_network(const char *text, uint8_t *ret_family, uint8_t address[16],
		    uint8_t *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char part[INET6_ADDRSTRLEN];
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	int r;

	if (length >= sizeof(part) || (slash && !slash[1]))
		return -EINVAL;
	memcpy(part, text, length);
	part[length] = '\0';
	r = text_to_address(part, ret_family, address);
	return r < 0 ? r :
		       text_to_prefix(slash ? slash + 1 : "", *ret_family,
				      ret_prefix);
}
