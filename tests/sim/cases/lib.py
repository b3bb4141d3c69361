# SPDX-License-Identifier: GPL-2.0-or-later
"""What cases in Python share."""

import re
import time

KERNEL_TEXT = 0xffffffff80000000
LENT_CPU = 2


def registers(machine, cpu):
    """Instruction pointer of a CPU of the emulated machine, and whether it sleeps in HLT."""
    text = machine.qmp.command("human-monitor-command", command_line="info registers -a")
    part = text.replace("\r", "").split(f"CPU#{cpu}\n", 1)[1].split("\nCPU#", 1)[0]
    return (int(re.search(r"RIP=([0-9a-f]+)", part)[1], 16),
            re.search(r"HLT=(\d)", part)[1] == "1")


def start_spinning_guest(machine):
    """A guest on LENT_CPU that spins with interrupts off, seen to be inside."""
    machine.agent.start(f"exec kbm-payload --payload=spin --cpus={LENT_CPU} --seconds=600")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pointer, sleeps = registers(machine, LENT_CPU)
        if pointer < KERNEL_TEXT and not sleeps:
            return pointer
        time.sleep(0.2)
    raise AssertionError(f"CPU {LENT_CPU} does not run a guest: RIP {pointer:#x}")


def assert_guest_stopped(machine, timeout=30):
    """The lent CPU has left the guest for good: it sleeps in the host's kernel."""
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        now = registers(machine, LENT_CPU)
        if now == last and now[0] >= KERNEL_TEXT and now[1]:
            return f"CPU {LENT_CPU} is halted at {now[0]:#x}"
        last = now
        time.sleep(0.5)
    raise AssertionError(f"CPU {LENT_CPU} was not stopped: RIP {last[0]:#x}, "
                         f"{'halted' if last[1] else 'running'}")
