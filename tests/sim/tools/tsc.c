// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the time stamp counter. */
#include <stdio.h>
#include <x86intrin.h>

int main(void)
{
	return printf("%llu\n", __rdtsc()) < 0;
}
