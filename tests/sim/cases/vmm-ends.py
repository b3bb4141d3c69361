# SPDX-License-Identifier: GPL-2.0-or-later
# about: the VMM tells each end of a guest apart, by exit status, event and message
# limit: 240
"""Guests of a few instructions that end in each way there is."""

import struct

from kbmsim import qmp
from kbmsim.guest import VMM

SETUP = 1024
KERNEL = 8192
ENTRY = 0x200       # where 64-bit loaders enter
SCRATCH = 0x1000    # a page that is the image's own

END_SHUTDOWN, END_REBOOT, END_PANIC, END_REFUSED = range(4)


def image_of(code):
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

# name: (code, exit status, reason, detail, words of the message)
ENDS = {
    "shutdown": (end(END_SHUTDOWN), 0, "shutdown", 0, ""),
    "reboot": (end(END_REBOOT), 3, "reboot", 0, ""),
    "panic": (end(END_PANIC, 0x77), 4, "panic", 0x77, "panicked (detail 0x77)"),
    "triple": (triple_fault(), 5, "triple-fault", 0, "triple fault"),
    "refused": (end(END_REFUSED, 2), 6, "refused", 2, "version"),
    "fault": (touch(0x1000), 7, "memory-fault", 0x1000, "touched 0x1000"),
}
# Nothing stops this in direct mode, and reading harms nobody.
ENDS_DIRECT = dict(ENDS, fault=(touch(0x1000), 0, "shutdown", 0, ""))


def put_image(machine, name, instructions):
    """Writes an image to the server; returns its path there."""
    path = f"/run/{name}.bzImage"
    machine.run(f"cat >{path}", 60, stdin=image_of(instructions))
    return path


def start(machine, image, isolation):
    """Starts a guest that has not run yet; returns its VMM and QMP session."""
    vmm = machine.agent.start(
        f"exec {VMM} -machine kata-bm,isolation={isolation},cpus=2-3 -m 64M -nodefaults "
        f"-display none -kernel {image} -qmp stdio -S")
    return vmm, qmp.over_job(vmm)


def check(what, found, wanted):
    """One comparison."""
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def end_once(machine, name, isolation, case):
    """One guest from its start to its end."""
    instructions, status, reason, detail, words = case
    vmm, session = start(machine, put_image(machine, name, instructions), isolation)
    info = session.command("query-kata-bm")
    check("state", info["state"], "loaded")
    check("isolation", info["isolation"], isolation)
    check("CPUs", [cpu["cpu"] for cpu in info["cpus"]], [2, 3])
    check("memory", sum(extent["bytes"] for extent in info["extents"]), 64 << 20)
    session.command("cont")
    event = session.wait_event(["KATA_BM_ENDED"], 60)["data"]
    check(f"{isolation} {name}", event, {"reason": reason, "detail": detail})
    check(f"{isolation} {name}: exit status", vmm.wait(60), status)
    said = vmm.text(130)
    if words not in said:
        raise AssertionError(f"{isolation} {name}: no '{words}' in '{said}'")


def stays(machine):
    """With -no-shutdown the end can be asked for."""
    image = put_image(machine, "stay", end(END_PANIC, 5))
    vmm = machine.agent.start(
        f"exec {VMM} -machine kata-bm,cpus=2 -m 64M -nodefaults -display none "
        f"-kernel {image} -qmp stdio -no-shutdown")
    session = qmp.over_job(vmm)
    session.wait_event(["GUEST_PANICKED"], 60)
    info = session.command("query-kata-bm")
    check("state", info["state"], "ended")
    check("end", info["end"], {"reason": "panic", "detail": 5})
    session.command("quit")
    vmm.wait(60)


def paused(machine):
    """A guest that spins with interrupts off can be stopped and goes on."""
    vmm, session = start(machine, put_image(machine, "spin", spin()), "walled")
    for state in ("running", "paused", "running"):
        session.command("cont" if state == "running" else "stop")
        check("state", session.command("query-kata-bm")["state"], state)
    session.command("quit")
    check("exit status of a VMM that was told to quit", vmm.wait(60), 0)


def run(machine):
    """All of them; afterwards the server has its CPUs again."""
    for isolation, ends in (("walled", ENDS), ("direct", ENDS_DIRECT)):
        for name, case in ends.items():
            end_once(machine, name, isolation, case)
    stays(machine)
    paused(machine)
    online = machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()
    check("CPUs online at the end", online, "0-3")
    return f"{len(ENDS) + len(ENDS_DIRECT) + 2} guests"
