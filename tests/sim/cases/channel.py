# SPDX-License-Identifier: GPL-2.0-or-later
# about: the channel between host and control BM: 100,000 rings, I/O in lent memory, deaths; no exit
# limit: 420
"""The control BM's driver against a host's end of the test's own: no proxy."""

import re
import time

from kbmsim import guest, measure

RINGS = 100000
EXTENT = 32
CLIENT = "/opt/kata-bm/bin/kbm-channel"
SESSIONS = "cat /sys/class/misc/kata-bm/sessions"
DISK = "/run/channel-disk"
TOOLS = "/dev/disk/by-name/tools"


def wait_for(what, condition, timeout=30):
    """Until it holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.2)


class Host:
    """The host's end: its job, and where the channel is."""

    def __init__(self, machine, extent):
        self.job = machine.agent.start(f"exec kbm-channel host {extent}")
        wait_for("a channel", lambda: b"\n" in self.job.text().encode() or self.job.over)
        found = re.match(r"channel (0x\w+) (0x\w+)\n", self.job.text())
        assert found, f"kbm-channel host says: {self.job.text()}"
        self.place = f"{found[1]}:{int(found[2], 16)}"

    def count(self, words):
        """How often it has said that."""
        return self.job.text().count(words)

    def end(self):
        """Its memory goes back."""
        self.job.signal(15)


def control_bm(machine, place):
    """A direct guest that has the grant and the channel, and our programs."""
    drives = []
    for name, path, options in (("tools", TOOLS, ",read-only=on"), ("disk", DISK, "")):
        drives += ["-drive", f"id={name},file={path},format=raw,if=none,cache=none{options}",
                   "-device", f"virtio-blk-bm,drive={name},serial={name}"]
    return guest.Guest(machine, "channel", isolation=f"walled,grant=all,channel={place}",
                       arguments=drives)


def prepare(manager):
    """Our programs are where they are on the server."""
    manager.run("mkdir -p /run/tools; mount -o ro /dev/vdb /run/tools; "
                "test -x /run/tools/bin/kbm-channel", 60)
    manager.run("ln -s /run/tools/bin/kbm-channel /run/kbm-channel", 60)
    manager.go_live()


def check_work(manager, host):
    """All of it with no session left behind."""
    said = []
    for words, limit in (("requests", 60), (f"rings {RINGS}", 200), ("io /dev/vdc", 120)):
        begun = host.count("begins")
        said.append(manager.run(f"/run/kbm-channel {words} 2>&1", limit).text())
        assert host.count("begins") == begun + 1, host.job.text()
        wait_for("the session's end", lambda: host.count("has ended") == host.count("begins"))
        assert manager.run(SESSIONS, 60).text() == "", "a session is left"
    return "".join(said)


def hold(manager, timeout=30):
    """A client that keeps its session; its job and the session's line."""
    job = manager.agent.start("exec /run/kbm-channel hold")
    wait_for("a session", lambda: "session" in job.text() or job.over, timeout)
    return job, manager.run(SESSIONS, 60).text()


def check_client_death(manager, host):
    """kill -9 of a client ends its session."""
    job, line = hold(manager)
    assert re.match(r"0 \d+ served open channel_test - 0x\w+\+0x2000000\n$", line), line
    ended = host.count("has ended")
    job.signal(9)
    wait_for("the host sees the end", lambda: host.count("has ended") == ended + 1)
    assert manager.run(SESSIONS, 60).text() == ""


def run(machine):
    """One control BM, its death, and the next one."""
    machine.run(f"truncate -s 64M {DISK}", 60)
    host = Host(machine, EXTENT)
    with control_bm(machine, host.place) as manager:
        prepare(manager)
        before = measure.Moment(machine, manager)
        said = check_work(manager, host)
        check_client_death(manager, host)
        figures = measure.window(before, measure.Moment(machine, manager))
        assert figures["exits_host"]["total"] == 0, figures
        assert not figures["exits_machine"] or figures["exits_machine"]["total"] == 0, figures
        memory = manager.run("grep MemTotal /proc/meminfo", 60).text()
        hold(manager)
        ended = host.count("has ended")
        manager.vmm.signal(9)
        manager.vmm.wait(60)
    assert host.count("has ended") == ended, "a dead control BM has ended its session"
    with control_bm(machine, host.place) as manager:
        prepare(manager)
        assert manager.run("cat /sys/class/misc/kata-bm/generation", 60).text() == "2\n"
        line = manager.run(SESSIONS, 60).text()
        assert re.match(r"0 \d+ served orphan ", line), line
        manager.run("/run/kbm-channel end 0", 60)
        wait_for("the orphan's end", lambda: host.count("has ended") == ended + 1)
        manager.run("/run/kbm-channel rings 100", 60)
        manager.power_off()
    host.end()
    wait_for("all memory is back", lambda: "lent" not in machine.run(
        "cat /sys/class/misc/kata-bm/memory", 60).text())
    return f"{said}{memory}{figures}\n"
