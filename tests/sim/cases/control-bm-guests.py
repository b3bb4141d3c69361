# SPDX-License-Identifier: GPL-2.0-or-later
# about: guests of both modes started from the control BM: no exit of guest and control BM, all given back
# limit: 420
# server: own
# options: --init systemd --cpus 6 --memory 12G --lendable 2G@0,1G@1
"""Guests whose VMM runs in the control BM."""

from pathlib import Path

from kbmsim import control, guest, measure

ONLINE = "cat /sys/devices/system/cpu/online"
SECONDS = 6
EVENTS = Path(__file__).resolve().parents[3] / "build/tools/kbm-proxy-events"
ROUNDS = 200
VMMS = "ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c /qemu-system-x86_64$"


def no_exits(before, after, what):
    """Neither counter has counted anything."""
    figures = measure.window(before, after)
    assert figures["exits_host"]["total"] == 0, f"{what}: {figures}"
    assert not figures["exits_machine"] or figures["exits_machine"]["total"] == 0, \
        f"{what}: {figures}"


def run_redis(machine, manager, isolation):
    """One guest; returns what redis did."""
    control_before = measure.Moment(machine, manager)
    with guest.Guest(manager, isolation, isolation=isolation, cpus="4-5", node=1) as vm:
        assert machine.run(VMMS, 60).text().strip() == "1", "a VMM beside the control BM's"
        sessions = manager.run("kbm-sessions --json", 60).text()
        assert '"served"' in sessions, f"kbm-sessions: {sessions}"
        vm.run("redis-window start", 120)
        vm.go_live()
        before = measure.Moment(machine, vm)
        report = vm.run(f"redis-window run {SECONDS}", SECONDS + 120).text()
        no_exits(before, measure.Moment(machine, vm), isolation)
        assert vm.power_off() == 0, vm.last_words()
    no_exits(control_before, measure.Moment(machine, manager), "control BM")
    manager.wait_given_back()
    online = machine.run(ONLINE, 60).text().strip()
    assert online == "0,3-5", f"CPUs online after {isolation}: {online}"
    requests = int(measure.seconds_of(report, "requests"))
    assert requests > 100, f"{isolation}: only {requests} requests"
    return f"{isolation}: {requests} requests\n"


def run_events(manager):
    """An ordinary guest's eventfds: doorbells and interrupts in both directions."""
    manager.run("cat >/tmp/events; chmod +x /tmp/events", 60, stdin=EVENTS.read_bytes())
    said = manager.run(f"/tmp/events kbm:{control.DEVICE} {ROUNDS}", 180).text()
    manager.wait_given_back()
    return said


def run(machine):
    """Both modes, one after the other."""
    with control.ControlBm(machine, append=control.WITHOUT_CONTAINERD) as manager:
        return run_events(manager) + "".join(run_redis(machine, manager, isolation)
                                             for isolation in ("walled", "direct"))
