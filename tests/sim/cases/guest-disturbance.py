# SPDX-License-Identifier: GPL-2.0-or-later
# about: redis in a guest has no exit while the host does all that reaches its CPUs
# limit: 420
"""The host's work neither hangs on a guest with redis nor disturbs it."""

import re

from kbmsim import guest, measure

# One window of redis after the other, until the host has done all.
WORK = "while [ ! -e /run/enough ]; do redis-window run 10; done"
DISTURB = "set -eu; . /opt/kata-bm/tests/lib.sh; disturb"


def check(machine, isolation):
    """One guest of one mode."""
    with guest.Guest(machine, f"disturbed-{isolation}", isolation=isolation) as vm:
        vm.run("redis-window start", 120)
        vm.go_live()
        before = measure.Moment(machine, vm)
        work = vm.agent.start(WORK)
        machine.run(f"bash -c '{DISTURB}'", 180)
        vm.run("touch /run/enough", 60)
        assert work.wait(120) == 0, f"redis failed: {work.text()}"
        after = measure.Moment(machine, vm)
        messages = vm.run("dmesg", 60).text()
        errors = measure.parse_interrupts(vm.run("cat /proc/interrupts", 60).text()).get("ERR", 0)
        vm.power_off()
    figures = measure.window(before, after)
    assert figures["exits_host"]["total"] == 0, f"{isolation}: {figures}"
    assert not figures["exits_machine"] or figures["exits_machine"]["total"] == 0, \
        f"{isolation}: {figures}"
    assert "No irq handler" not in messages and not errors, f"{isolation}: foreign vectors\n{messages}"
    requests = sum(map(int, re.findall(r"^requests=(\d+)$", work.text(), re.M)))
    assert requests > 100, f"{isolation}: only {requests} requests"
    return f"{isolation}: {requests} requests, {figures}\n"


def run(machine):
    """Both modes."""
    return "".join(check(machine, isolation) for isolation in ("walled", "direct"))
