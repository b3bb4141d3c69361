# SPDX-License-Identifier: GPL-2.0-or-later
"""The same many times: E2E_ROUNDS (8), E2E_CONTAINERS (5), E2E_PARALLEL (4); see run --full."""

import os
import random
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import harness
from case_basic import equal
from harness import IMAGE

ROUNDS = int(os.environ.get("E2E_ROUNDS", "8"))
CONTAINERS = int(os.environ.get("E2E_CONTAINERS", "5"))
PARALLEL = int(os.environ.get("E2E_PARALLEL", "4"))
SEED = int(os.environ.get("E2E_SEED", random.randrange(1 << 30)))
VICTIMS = ("shim", "qemu", "containerd", "agent")


def strike(c, victim):
    """kill -9 of one of them, if it is there."""
    if victim == "containerd":
        c.kill()
        return True
    for pid, name in harness.processes().items():
        if name == victim:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
    return False


def live(c, name, command=""):
    """A container's life, until something goes wrong."""
    with suppress(harness.CommandError, subprocess.TimeoutExpired):
        c.start_container(name, "/bin/sh", "-c", f"{command} sleep 1000",
                          options=("--privileged",))
        c.execute(name, "/bin/echo", "x", timeout=60)
        c.run("task", "kill", "-s", "SIGKILL", name, timeout=30)
        c.wait_status(name, "STOPPED")
        c.run("task", "delete", name, timeout=30)
        c.run("container", "delete", name, timeout=30)


def one_round(c, number, length, dice):
    """Its life, with a blow at some moment of it; nothing may be left."""
    victim, moment = dice.choice(VICTIMS), dice.uniform(0, length)
    name, size = f"round-{number}", c.log.stat().st_size
    words = f"round {number} of seed {SEED}: {victim} after {moment:.2f} s"
    # No signal kills process 1 of a guest; its end would be what this is: a panic. Most
    # of a life is the guest's boot.
    command = f"sleep {moment / 8:.2f}; echo c >/proc/sysrq-trigger;" if victim == "agent" else ""
    thread = threading.Thread(target=live, args=(c, name, command))
    thread.start()
    time.sleep(moment)
    struck = strike(c, victim)
    if victim == "containerd":
        time.sleep(dice.uniform(0, 1))
        c.start()
    thread.join(150 * harness.PATIENCE)
    assert not thread.is_alive(), f"{words}: something hangs"
    struck |= b"guest ended: panic" in c.log.read_bytes()[size:]
    end = time.monotonic() + 30 * harness.PATIENCE
    while c.run("container", "ls", "-q").stdout.strip():
        assert time.monotonic() < end, f"{words}: {c.run('task', 'ls').stdout}"
        c.end_container(name)
    equal(c.run("task", "ls", "-q").stdout, "")
    left = harness.left_over()
    assert not left, f"{words}: {left}"
    return struck


def test_rounds(c):
    """kill -9 of shim, QEMU or containerd, or a guest's panic, at any moment."""
    start = time.monotonic()
    live(c, "measure")
    length = time.monotonic() - start
    dice, struck = random.Random(SEED), 0
    for number in range(ROUNDS):
        struck += one_round(c, number, length, dice)
    assert struck >= ROUNDS // 3, f"only {struck} of {ROUNDS} met somebody"
    c.run_container("after", "/bin/true")


def test_loop(c):
    """One after another; containerd does not grow."""
    def descriptors():
        return len(os.listdir(f"/proc/{c.process.pid}/fd"))

    c.run_container("first", "/bin/true")
    before = descriptors()
    for number in range(CONTAINERS):
        equal(c.run_container(f"loop-{number}", "/bin/echo", number).stdout, f"{number}\n")
    time.sleep(1)
    assert descriptors() <= before + 3, (before, descriptors())


def test_parallel(c):
    """Several guests at once."""

    def one(number):
        return c.run(*c.run_words("--rm"), IMAGE, f"par-{number}", "/bin/echo", number,
                     timeout=60 + 20 * PARALLEL).stdout

    with ThreadPoolExecutor(PARALLEL) as pool:
        outputs = list(pool.map(one, range(PARALLEL)))
    equal(outputs, [f"{number}\n" for number in range(PARALLEL)])
