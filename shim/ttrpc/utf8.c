// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a character by its first; 0: none starts so. */
static size_t length_by(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* RFC 3629, 4: no longer forms than needed, no surrogates, none above U+10FFFF. */
static bool is_second(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return (second & 0xc0) == 0x80;
	}
}

/* Bytes of the character that starts here; 0: none does. */
static size_t character(const uint8_t *text)
{
	size_t length = length_by(text[0]);

	if (length > 1 && !is_second(text[0], text[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

void utf8_repair(char *text)
{
	while (*text) {
		size_t length = character((const uint8_t *)text);

		if (!length)
			*text = '?';
		text += length ? length : 1;
	}
}
