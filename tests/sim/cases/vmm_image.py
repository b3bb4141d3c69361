# SPDX-License-Identifier: GPL-2.0-or-later
"""Tiny kernel images for the VMM: a valid bzImage around a few instructions."""

import struct

SETUP = 1024
KERNEL = 8192
ENTRY = 0x200       # where 64-bit loaders enter
SCRATCH = 0x1000    # a page that is the image's own

END_SHUTDOWN, END_REBOOT, END_PANIC, END_REFUSED = range(4)


def image(code):
    """A bzImage that runs @code at its 64-bit entry, RSI = boot parameters."""
    data = bytearray(SETUP + KERNEL)
    data[0x1f1] = SETUP // 512 - 1
    struct.pack_into("<I", data, 0x1f4, KERNEL // 16)
    struct.pack_into("<H", data, 0x1fe, 0xaa55)
    data[0x201] = 0x6a
    data[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", data, 0x206, 0x020f)
    data[0x211] = 1                                 # LOADED_HIGH
    struct.pack_into("<I", data, 0x230, 1 << 21)    # alignment
    data[0x234] = 1                                 # relocatable
    struct.pack_into("<H", data, 0x236, 3)          # 64-bit, above 4 GiB
    struct.pack_into("<I", data, 0x238, 2047)       # command line
    struct.pack_into("<I", data, 0x260, 1 << 20)    # memory it needs
    start = SETUP + ENTRY
    data[start:start + len(code)] = code
    return bytes(data)


def end(reason, detail=0):
    """The hypercall that ends the guest."""
    return (b"\xb8" + struct.pack("<I", 0x4b424d02) +   # mov eax, number
            b"\xbb" + struct.pack("<I", reason) +       # mov ebx, reason
            b"\xb9" + struct.pack("<I", detail) +       # mov ecx, detail
            b"\x0f\x01\xd9")                            # vmmcall


def triple_fault():
    """An exception; there is no stack to handle it on."""
    return b"\x0f\x0b"                                  # ud2


def spin():
    """For ever, and interrupts are off."""
    return b"\xeb\xfe"                                  # jmp .


def touch(address):
    """Reads a physical address below 1 GiB, which is none of the guest's."""
    return (b"\x48\x8d\x1d" + struct.pack("<i", SCRATCH - ENTRY - 7) +  # lea rbx, [scratch]
            b"\x48\xc7\x03\x83\x00\x00\x00" +           # mov qword [rbx], 1 GiB page at 0
            b"\x0f\x20\xd8" +                           # mov rax, cr3
            b"\x48\x8d\x4b\x03" +                       # lea rcx, [rbx + present, write]
            b"\x48\x89\x48\x08" +                       # mov [rax + 8], rcx
            b"\x48\xba" + struct.pack("<Q", (1 << 39) + address) +  # mov rdx, address
            b"\x48\x8b\x02" +                           # mov rax, [rdx]
            end(END_SHUTDOWN))
