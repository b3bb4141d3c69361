# SPDX-License-Identifier: GPL-2.0-or-later
# about: the VMM tells each end of a guest apart, by exit status, event and message
# limit: 240
"""Guests of a few instructions that end in each way there is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import vmm_image as code  # noqa: E402
from kbmsim import qmp  # noqa: E402
from kbmsim.guest import VMM  # noqa: E402

# name: (code, exit status, reason, detail, words of the message)
ENDS = {
    "shutdown": (code.end(code.END_SHUTDOWN), 0, "shutdown", 0, ""),
    "reboot": (code.end(code.END_REBOOT), 3, "reboot", 0, ""),
    "panic": (code.end(code.END_PANIC, 0x77), 4, "panic", 0x77, "panicked (detail 0x77)"),
    "triple": (code.triple_fault(), 5, "triple-fault", 0, "triple fault"),
    "refused": (code.end(code.END_REFUSED, 2), 6, "refused", 2, "version"),
    "fault": (code.touch(0x1000), 7, "memory-fault", 0x1000, "touched 0x1000"),
}
# Nothing stops this in direct mode, and reading harms nobody.
ENDS_DIRECT = dict(ENDS, fault=(code.touch(0x1000), 0, "shutdown", 0, ""))


def put_image(machine, name, instructions):
    """Writes an image to the server; returns its path there."""
    path = f"/run/{name}.bzImage"
    machine.run(f"cat >{path}", 60, stdin=code.image(instructions))
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
    image = put_image(machine, "stay", code.end(code.END_PANIC, 5))
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
    vmm, session = start(machine, put_image(machine, "spin", code.spin()), "walled")
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
