/*
 * A guest that sends the VMM nothing but nonsense through its virtio pages, and
 * ends when each of ROUNDS messages was answered. Put into an image by
 * vmm-hostile.py; entered as a kernel: 64-bit, RSI = boot parameters.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define SETUP_DATA		0x250	/* in boot parameters */
#define INFO			16	/* in setup data */
#define INFO_VIRTIO		104
#define INFO_NR_VIRTIO		112

#define REQUEST			0x040
#define REQUEST_SEQUENCE	0x0c0
#define RESPONSE_SEQUENCE	0x100
#define CONTROL_DOORBELL	0x108
#define QUEUES			0x400
#define QUEUE_BYTES		32

#define GARBAGE_BYTES		(4 << 20)
#define PATIENCE		(1 << 26)

	.code64
	.globl	_start
_start:	movq	SETUP_DATA(%rsi), %rax
	movq	INFO(%rax), %rax
	movq	INFO_VIRTIO(%rax), %r8
	movl	INFO_NR_VIRTIO(%rax), %r9d
	movabsq	$SEED, %r10
	movl	$ROUNDS, %r12d
	leaq	stack(%rip), %rsp

	/* Rings will lie in garbage: 4 MiB of it, 2 MiB behind this code. */
	leaq	_start(%rip), %r15
	andq	$-(2 << 20), %r15
	addq	$(2 << 20), %r15
	movq	%r15, %rdi
	movl	$(GARBAGE_BYTES / 8), %ebx
1:	call	random
	movq	%rax, (%rdi)
	addq	$8, %rdi
	decl	%ebx
	jnz	1b

round:	call	random
	xorl	%edx, %edx
	movl	%eax, %eax
	divl	%r9d
	movl	%edx, %r13d		/* the device */
	movl	%edx, %ebp
	shll	$12, %ebp
	addq	%r8, %rbp		/* its page */

	/* All random, then likely values over it. */
	movl	$8, %ebx
	leaq	REQUEST(%rbp), %rdi
2:	call	random
	movq	%rax, (%rdi)
	addq	$8, %rdi
	decl	%ebx
	jnz	2b
	call	random
	testb	$15, %al
	jz	send
	shrq	$8, %rax
	movl	%eax, %ecx
	andl	$15, %ecx
	movl	%ecx, %ebx		/* the kind of message */
	shll	$8, %ecx
	movl	%r13d, %edx
	shll	$16, %edx
	orl	%edx, %ecx
	movl	%ecx, REQUEST(%rbp)
	movw	$64, REQUEST + 6(%rbp)
	leaq	REQUEST + 8(%rbp), %rdi
	cmpl	$0x4, %ebx
	je	features
	cmpl	$0x8, %ebx
	je	status
	cmpl	$0x9, %ebx
	jae	queue
	/* Small numbers: offsets, sizes, indices. */
	call	random
	andl	$63, %eax
	movl	%eax, (%rdi)
	call	random
	andl	$63, %eax
	movl	%eax, 4(%rdi)
	jmp	send
features:
	movl	$0, (%rdi)
	movl	$2, 4(%rdi)
	call	random
	andl	$0x30000000, %eax	/* indirect, event index */
	movl	%eax, 8(%rdi)
	movl	$1, 12(%rdi)		/* version 1 */
	jmp	send
status:
	call	random
	leaq	stages(%rip), %rdx
	andl	$7, %eax
	movzbl	(%rdx, %rax), %eax
	movl	%eax, (%rdi)
	jmp	send
queue:
	call	random
	andl	$3, %eax
	movl	%eax, (%rdi)
	call	random
	movl	%eax, %ecx
	andl	$7, %ecx
	movl	$1, %eax
	shll	%cl, %eax
	movl	%eax, 8(%rdi)
	movl	$3, %ebx
	addq	$16, %rdi
3:	call	random
	andl	$(GARBAGE_BYTES - 1) & ~15, %eax
	addq	%r15, %rax
	movq	%rax, (%rdi)
	addq	$8, %rdi
	decl	%ebx
	jnz	3b
	/* Few buffers, so that the device looks at the first descriptors... */
	movq	REQUEST + 8 + 24(%rbp), %rdi
	call	random
	andl	$3, %eax
	movw	%ax, 2(%rdi)
	movl	$0x00010000, 4(%rdi)
	movl	$0x00020000, 8(%rdi)
	/* ...of which every other one is nearly right. */
	movq	REQUEST + 8 + 16(%rbp), %rdi
	movl	$8, %ebx
7:	call	random
	testb	$1, %al
	jz	8f
	shrl	$1, %eax
	movl	%eax, %ecx
	andl	$(GARBAGE_BYTES - 1), %eax
	addq	%r15, %rax
	movq	%rax, (%rdi)
	shrl	$19, %ecx
	movl	%ecx, 8(%rdi)
	call	random
	andl	$0x00070007, %eax	/* next, and flags */
	movl	%eax, 12(%rdi)
8:	addq	$16, %rdi
	decl	%ebx
	jnz	7b

send:	movl	REQUEST_SEQUENCE(%rbp), %r14d
	incl	%r14d
	movl	%r14d, REQUEST_SEQUENCE(%rbp)
	movq	CONTROL_DOORBELL(%rbp), %rax
	call	ring
	/* Kick a queue as well; most have no doorbell now. */
	call	random
	andl	$3, %eax
	imull	$QUEUE_BYTES, %eax, %eax
	movq	QUEUES(%rbp, %rax), %rax
	call	ring

	movl	$PATIENCE, %ebx
4:	cmpl	RESPONSE_SEQUENCE(%rbp), %r14d
	je	5f
	pause
	decl	%ebx
	jnz	4b
	movl	$2, %ebx		/* panic: no answer */
	jmp	end
5:	decl	%r12d
	jnz	round
	xorl	%ebx, %ebx		/* shutdown: all went well */
end:	movl	%r12d, %ecx
	movl	$0x4b424d02, %eax
	vmmcall

/* Doorbell word in RAX; 0 if nobody listens. */
ring:	btq	$63, %rax
	jnc	6f
	mfence
	movl	%eax, %edx		/* APIC ID */
	shrq	$32, %rax
	andl	$0xff, %eax		/* vector */
	movl	$0x830, %ecx
	wrmsr
6:	ret

/* xorshift64 to RAX; changes RDX. */
random:	movq	%r10, %rax
	movq	%rax, %rdx
	shlq	$13, %rdx
	xorq	%rdx, %rax
	movq	%rax, %rdx
	shrq	$7, %rdx
	xorq	%rdx, %rax
	movq	%rax, %rdx
	shlq	$17, %rdx
	xorq	%rdx, %rax
	movq	%rax, %r10
	ret

	/* Mostly on the way to a running device. */
stages:	.byte	0x00, 0x01, 0x03, 0x0b, 0x0b, 0x0f, 0x0f, 0x8f

	.balign	16
	.skip	128
stack:
