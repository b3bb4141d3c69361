# SPDX-License-Identifier: GPL-2.0-or-later
# about: the control BM starts as a service, runs with no exit, comes back after a panic and a reboot
# limit: 420
# server: own
# options: --init systemd --cpus 6 --memory 12G --lendable 2G@0,1G@1
"""The control BM by itself, without guests."""

import time

from kbmsim import control, measure

ONLINE = "cat /sys/devices/system/cpu/online"
IDLE_S = 5
# Processes, the disk, all services' manager, devices.
WORK = ("md5sum /usr/bin/* >/dev/null; systemctl daemon-reload; "
        "udevadm trigger && udevadm settle; "
        "dd if=/dev/zero of=/var/tmp/file bs=1M count=32 oflag=direct status=none; sync")


def check_no_exits(machine, manager, what, work):
    """Nothing that it does leaves the guest."""
    before = measure.Moment(machine, manager)
    work()
    figures = measure.window(before, measure.Moment(machine, manager))
    assert figures["exits_host"]["total"] == 0, f"{what}: {figures}"
    assert not figures["exits_machine"] or figures["exits_machine"]["total"] == 0, \
        f"{what}: {figures}"
    assert figures["guest_residency"] == 1, f"{what}: {figures}"


def check_system(manager):
    """All units have started."""
    state = manager.run("systemctl is-system-running", 60, check=False).text().strip()
    assert state == "running", \
        f"{state}: {manager.run('systemctl --no-pager --failed', 60, check=False).text()}"


def check_console(machine):
    """A terminal in it, reached from the host."""
    said = machine.run(f"(sleep 1; echo 'echo over $((6 * 7))'; sleep 3) | "
                       f"socat - UNIX-CONNECT:{control.RUN}/console.socket", 60).text()
    assert "over 42" in said, f"the console says: {said}"


def comes_back(machine, manager, what, command):
    """It ends by itself; its service starts it again."""
    pid = manager.main_pid()
    manager.agent.start(f"sync; {command}")
    deadline = time.monotonic() + 60
    while manager.main_pid() in (0, pid):
        assert time.monotonic() < deadline, f"{what}: not started again\n{manager.last_words()}"
        time.sleep(0.5)
    manager.connect()
    log = machine.run(f"cat {control.RUN}/kernel.log", 60).text()
    return log.count("Linux version")


def run(machine):
    """Its life."""
    with control.ControlBm(machine, channel=False) as manager:
        check_system(manager)
        check_console(machine)
        check_no_exits(machine, manager, "idle", lambda: time.sleep(IDLE_S))
        check_no_exits(machine, manager, "busy", lambda: manager.run(WORK, 120))
        for number, (what, command) in enumerate(
                (("panic", "echo c >/proc/sysrq-trigger"), ("reboot", "systemctl reboot")), 2):
            assert comes_back(machine, manager, what, command) == number
        check_no_exits(machine, manager, "after it came back", lambda: time.sleep(1))
        manager.agent.start("systemctl poweroff")
        manager.wait_ended()
    online = machine.run(ONLINE, 60).text().strip()
    assert online == "0-5", f"CPUs online at the end: {online}"
