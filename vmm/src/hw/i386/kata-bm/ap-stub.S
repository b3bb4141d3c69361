/*
 * Kata BM: where application processors wait until the guest wakes them
 *
 * Position-independent; copied to the device area. Entered in 64-bit mode with
 * RDI = this CPU's mailbox, RSP = a stack of its own. What is promised to the
 * guest stands in asm/kbm_guest.h, at KBM_MAILBOX_VECTOR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define MSR_X2APIC_EOI      0x80b
#define MSR_X2APIC_SVR      0x80f
/* The APIC on, spurious interrupts to 0xff. */
#define SVR_VALUE           0x1ff

    .section .rodata
    .code64
    .balign 16
    .globl kbm_ap_stub, kbm_ap_interrupt, kbm_ap_exception, kbm_ap_spurious
    .globl kbm_ap_stub_end

kbm_ap_stub:
    movl    $MSR_X2APIC_SVR, %ecx
    movl    $SVR_VALUE, %eax
    xorl    %edx, %edx
    wrmsr
1:  cli
    movq    (%rdi), %rax
    testq   %rax, %rax
    jnz     2f
    /* STI takes effect after HLT has begun: no wake-up is lost between. */
    sti
    hlt
    jmp     1b
2:  movq    8(%rdi), %rdi
    jmp     *%rax

    .balign 16
kbm_ap_interrupt:
    pushq   %rax
    pushq   %rcx
    pushq   %rdx
    movl    $MSR_X2APIC_EOI, %ecx
    xorl    %eax, %eax
    xorl    %edx, %edx
    wrmsr
    popq    %rdx
    popq    %rcx
    popq    %rax
    iretq

    .balign 16
kbm_ap_spurious:
    iretq

    /* Nothing can be said from here: stay, visible by its RIP. */
    .balign 16
kbm_ap_exception:
    cli
    hlt
    jmp     kbm_ap_exception
kbm_ap_stub_end:

    .section .note.GNU-stack, "", @progbits
