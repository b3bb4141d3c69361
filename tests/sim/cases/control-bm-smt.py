# SPDX-License-Identifier: GPL-2.0-or-later
# about: in a control BM, which cannot see which CPUs share a core, containers get whole cores; one refusal tells
# limit: 300
# server: own
# options: --init systemd --cpus 8 --threads 2 --memory 12G --lendable 2G@0,1G@1
"""The first shim is refused half a core, and knows better then; the second learns from the first."""

import json

from kbmsim import container, control

DISK = "redis-container"
REFUSAL = " shares its core with CPU "


def box(machine, manager, name):
    """A container with a guest of its own, for one CPU."""
    return container.Container(machine, manager, name, DISK, cpus=1, memory=256)


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
        with box(machine, manager, "one"):
            heard = refusals(manager)
            assert len(heard) == 1, heard
            with box(machine, manager, "two"):
                assert refusals(manager) == heard, refusals(manager)
                cpus = guests_cpus(machine)
                assert cpus == [[4, 5], [6, 7]], cpus
        manager.wait_given_back()
    return heard[0]
