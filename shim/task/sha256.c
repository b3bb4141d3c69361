// SPDX-License-Identifier: GPL-2.0-or-later
#include "sha256.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 64
#define WORDS 8

/* FIPS 180-4, 4.2.2 */
static const uint32_t constants[BLOCK] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* 5.3.3 */
static const uint32_t initial[WORDS] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate(uint32_t word, unsigned int bits)
{
	return word >> bits | word << (32 - bits);
}

/* 6.2.2, step 1 */
static void expand(const uint8_t *block, uint32_t words[BLOCK])
{
	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < BLOCK; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
			   (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* 6.2.2, steps 2 to 4 */
static void add_block(uint32_t state[WORDS], const uint8_t *block)
{
	uint32_t words[BLOCK], s[WORDS], first, second;

	expand(block, words);
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < BLOCK; i++) {
		first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
			((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + words[i];
		second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
			 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, sizeof(s) - sizeof(s[0]));
		s[4] += first;
		s[0] = first + second;
	}
	for (int i = 0; i < WORDS; i++)
		state[i] += s[i];
}

/* 5.1.1: a one bit, zeroes, and the length in bits. */
static void add_tail(uint32_t state[WORDS], const uint8_t *rest, size_t bytes, uint32_t all)
{
	uint8_t tail[2 * BLOCK] = { 0 };
	size_t size = bytes < BLOCK - 8 ? BLOCK : 2 * BLOCK;

	memcpy(tail, rest, bytes);
	tail[bytes] = 0x80;
	for (size_t i = 0; i < 4; i++)
		tail[size - 1 - i] = (uint8_t)(all * 8 >> 8 * i);
	for (size_t i = 0; i < size; i += BLOCK)
		add_block(state, tail + i);
}

void sha256_hex(const void *data, size_t bytes, char ret_hex[SHA256_HEX_SIZE])
{
	const uint8_t *at = data;
	uint32_t state[WORDS];
	size_t left;

	memcpy(state, initial, sizeof(state));
	for (left = bytes; left >= BLOCK; left -= BLOCK, at += BLOCK)
		add_block(state, at);
	add_tail(state, at, left, (uint32_t)bytes);
	for (int i = 0; i < WORDS; i++)
		snprintf(ret_hex + 8 * i, 9, "%08x", state[i]);
}
