# SPDX-License-Identifier: GPL-2.0-or-later
# about: in a control BM, which cannot see which CPUs share a core, containers get whole cores; one refusal tells
# limit: 300
# server: own
# options: --init systemd --cpus 8 --threads 2 --memory 12G --lendable 2G@0,1G@1
"""The first shim is refused half a core, and knows better then; the second learns from the first."""

import json

from kbmsim import control
from kbmsim.container import RUNTIME, START_TIMEOUT

DISK = "redis-container"
IMAGE = "localhost/redis:latest"
REFUSAL = " shares its core with CPU "


def start(manager, name):
    """A container with a guest of its own, for one CPU."""
    manager.run(f"ctr run -d --runtime {RUNTIME} --cpus 1 --memory-limit {256 << 20} {IMAGE} "
                f"{name} sleep infinity", START_TIMEOUT)


def refusals(manager):
    """What shims have heard."""
    log = manager.run("journalctl --no-pager -u containerd", 60).text()
    return [line for line in log.splitlines() if REFUSAL in line]


def guests_cpus(machine):
    """The server's CPUs of each guest."""
    status = json.loads(machine.run("kbm-proxyd --status --json", 60).text())
    return sorted(session["cpus"] for session in status["sessions"])


def run(machine):
    """Two containers at a time beside a control BM of one core."""
    with control.ControlBm(machine, cpus="2-3", disks=(DISK,)) as manager:
        manager.run("systemctl start containerd", 120)
        manager.run(f"ctr image import /dev/disk/by-name/{DISK}", 180)
        start(manager, "one")
        heard = refusals(manager)
        assert len(heard) == 1, heard
        start(manager, "two")
        assert refusals(manager) == heard, refusals(manager)
        cpus = guests_cpus(machine)
        assert cpus == [[4, 5], [6, 7]], cpus
        for name in "one", "two":
            manager.run(f"ctr task kill -s SIGKILL {name}; until ctr task delete {name}; "
                        f"do sleep 0.5; done; ctr container delete {name}", 90)
        manager.wait_given_back()
    return heard[0]
