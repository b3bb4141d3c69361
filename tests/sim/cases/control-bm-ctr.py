# SPDX-License-Identifier: GPL-2.0-or-later
# about: what ctr can ask of a container in the control BM: each call of the Task service
# limit: 300
# server: own
# options: --init systemd --cpus 6 --memory 12G --lendable 2G@0,1G@1
"""Calls that neither the demo nor a pod by CRI makes, too."""

import re

from kbmsim import container, control

DISK = "redis-container"
NAME = "calls"


def states(manager):
    """{container: state} by `ctr task ls`."""
    return dict(re.findall(r"^(\S+)\s+\d+\s+(\S+)$", manager.run("ctr task ls", 60).text(), re.M))


def check_processes(manager):
    """Pids: QEMU's; State by the list."""
    assert states(manager) == {NAME: "RUNNING"}, states(manager)
    pids = manager.run(f"ctr task ps {NAME} | tail -n +2 | cut -d ' ' -f 1", 60).text().split()
    names = manager.run(f"cat {' '.join(f'/proc/{pid}/comm' for pid in pids)}", 60).text().split()
    assert names == ["qemu-system-x86"], (pids, names)


def check_freezer(manager, box):
    """Pause, Resume: a shell that counts stands still, and goes on."""
    def count():
        return int(box.run("stat -c %s /tmp/beats", 60).text())

    manager.run(f"ctr task pause {NAME}", 60)
    assert states(manager) == {NAME: "PAUSED"}, states(manager)
    refused = manager.run(f"ctr task exec --exec-id no {NAME} true", 60, check=False)
    assert refused.status, "an exec in a paused container"
    manager.run(f"ctr task resume {NAME}", 60)
    assert states(manager) == {NAME: "RUNNING"}, states(manager)
    first = count()
    manager.run("sleep 2", 60)
    assert count() > first, first


def check_streams(manager):
    """CloseIO ends what reads; a terminal has the size that is told."""
    job = manager.run(f"printf 'one\\ntwo\\n' | ctr task exec --exec-id input {NAME} wc -l", 60)
    assert job.text().strip() == "2", job.text()
    words = f"ctr task exec --tty --exec-id tty {NAME} stty size"
    text = manager.run(f"script -qec \"stty rows 31 cols 97; {words}\" /dev/null </dev/null", 60).text()
    assert "31 97" in text, text


def check_refusals(manager):
    """What cannot be, and says so."""
    job = manager.run(f"ctr task exec --exec-id none {NAME} /no/such", 60, check=False)
    assert job.status and "no such file" in job.text(130).lower(), job.text(130)
    job = manager.run(f"ctr task checkpoint {NAME}", 60, check=False)
    assert job.status and "checkpoint" in job.text(130).lower(), job.text(130)


def run(machine):
    """One container, from its creation to its deletion."""
    with control.ControlBm(machine, disks=(DISK,)) as manager:
        with container.Container(machine, manager, NAME, DISK) as box:
            box.run("while sleep 0.1; do printf . >>/tmp/beats; done >/dev/null 2>&1 &", 60)
            check_processes(manager)
            check_freezer(manager, box)
            check_streams(manager)
            check_refusals(manager)
            assert box.metrics()
            box.kill()
            assert not states(manager), states(manager)
        manager.wait_given_back()
