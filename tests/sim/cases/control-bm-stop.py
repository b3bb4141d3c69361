# SPDX-License-Identifier: GPL-2.0-or-later
# about: a control BM in direct mode is stopped by systemctl: in order, and by force where it does not answer
# limit: 480
# server: own
# options: --init systemd --cpus 6 --memory 12G --lendable 2G@0,1G@1
"""Its ends that somebody wants; control-bm has those by itself."""

import time

from kbmsim import control, measure

ONLINE = "cat /sys/devices/system/cpu/online"
MARKER = "/var/tmp/marker"
# control-bm-stop waits for so long; where it will be in vain, not its whole minute.
PATIENCE_S = 20
DROP_IN = f"/run/systemd/system/{control.SERVICE}.service.d/patience.conf"
PATIENCE = ("[Service]\nExecStop=\n"
            f"ExecStop=-/opt/kata-bm/bin/control-bm-stop ${{MAINPID}} {PATIENCE_S}\n")
STOP_LIMIT_S = 120
IDLE_S = 3


def check_ended(machine, manager, downs):
    """The service is over, as it should be, and the host has its CPUs."""
    state = machine.run(f"systemctl show -p ActiveState -p Result {control.SERVICE}", 60).text()
    assert sorted(state.split()) == ["ActiveState=inactive", "Result=success"], \
        f"{state}{manager.last_words()}"
    online = machine.run(ONLINE, 60).text().strip()
    assert online == "0-5", f"CPUs online: {online}"
    log = machine.run(f"cat {control.RUN}/kernel.log", 60).text()
    assert log.count("reboot: Power down") == downs, f"powered down in order: {log[-2000:]}"


def stop(machine, manager):
    """systemctl stop; the seconds that it took."""
    start = time.monotonic()
    manager.disconnect()
    machine.run(f"systemctl stop {control.SERVICE}", STOP_LIMIT_S)
    return time.monotonic() - start


def check_direct(machine, manager):
    """Direct, with the channel, and without exits."""
    isolation = manager.qmp.command("query-kata-bm")["isolation"]
    assert isolation == "direct", isolation
    assert manager.run("kbm-sessions --json", 60).text().split() == ["[", "]"]
    before = measure.Moment(machine, manager)
    time.sleep(IDLE_S)
    figures = measure.window(before, measure.Moment(machine, manager))
    assert figures["exits_host"]["total"] == 0, figures
    assert not figures["exits_machine"] or figures["exits_machine"]["total"] == 0, figures


def check_journal(machine):
    """Nothing was called in a wrong way."""
    said = machine.run(f"journalctl --no-pager -u {control.SERVICE}", 60).text()
    wrong = [line for line in said.splitlines() if "control-bm-stop" in line]
    assert not wrong, wrong


def run(machine):
    """Started three times; each time it ends in another way."""
    manager = control.ControlBm(machine, isolation="direct", append=control.WITHOUT_CONTAINERD)
    with manager:
        check_direct(machine, manager)
        # Not synced: an end in order does that.
        manager.run(f"echo kept >{MARKER}", 60)
        ordered = stop(machine, manager)
        check_ended(machine, manager, 1)
        manager.start()
        assert manager.run(f"cat {MARKER}", 60).text().strip() == "kept"
        manager.run("systemctl stop kbm-host-requests", 60)
        machine.run(f"mkdir -p $(dirname {DROP_IN}); cat >{DROP_IN}; systemctl daemon-reload", 60,
                    stdin=PATIENCE.encode())
        forced = stop(machine, manager)
        check_ended(machine, manager, 1)
        assert forced >= PATIENCE_S, f"power was cut after {forced:.0f} s"
        manager.start()
        manager.agent.start("systemctl poweroff")
        manager.wait_ended()
        check_ended(machine, manager, 2)
        check_journal(machine)
    return f"stopped in {ordered:.0f} s, by force in {forced:.0f} s"
