/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest kernel that a microvm boots: it writes a line to the serial port,
 * and then resets the machine, or with -DSTAYS never ends. It has the header of
 * Linux's x86 boot protocol, and all its code in the 16-bit part.
 */
#define PORT	0x3f8

	.code16
	.globl _start
_start:
	.org 0x1f1
	.byte 1				/* setup_sects */
	.word 0
	.long 1				/* syssize */
	.word 0, 0, 0
	.word 0xaa55
	jmp main			/* where the loader enters */
	.org 0x202
	.ascii "HdrS"
	.word 0x020c
	.long 0
	.word 0, 0
	.byte 0
	.byte 1				/* loadflags: LOADED_HIGH */
	.word 0
	.long 0x100000
	.org 0x22c
	.long 0x7fffffff		/* initrd_addr_max */
	.org 0x280
main:
	cli
	mov $text - _start - 0x200, %si
	mov $PORT, %dx
1:	mov %cs:(%si), %al
	test %al, %al
	jz 2f
	out %al, %dx
	inc %si
	jmp 1b
2:
#ifdef STAYS
	hlt
	jmp 2b
#endif
	/* No descriptors, no handlers: nothing is left but to reset. */
	lidt %cs:empty - _start - 0x200
	lgdt %cs:empty - _start - 0x200
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmp $8, $0
empty:
	.word 0
	.long 0
text:
	.asciz MESSAGE "\r\n"
	.org 0x410
