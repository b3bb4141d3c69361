# SPDX-License-Identifier: GPL-2.0-or-later
# about: a Linux guest that panics, reboots, powers off or loses its VMM gives everything back
# limit: 420
"""Deaths of Linux guests."""

from kbmsim import guest

# name: what to do in the guest, the VMM's exit status. The words of its
# messages are the VMM's own case.
DEATHS = {
    "poweroff": ("echo o >/proc/sysrq-trigger", 0),
    "reboot": ("echo b >/proc/sysrq-trigger", 3),
    "panic": ("echo c >/proc/sysrq-trigger", 4),
}


def assert_back(machine, what):
    """All CPUs are online, and all memory can be lent again."""
    online = machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()
    assert online == "0-3", f"{what}: CPUs online afterwards: {online}"
    machine.run("kbm-payload --payload=hello --cpus=2,3 --memory=1G --node=1", 120)


def die(machine, name, command, status):
    """One guest that ends itself."""
    with guest.Guest(machine, name, isolation="walled") as vm:
        vm.agent.start(command)
        ended = vm.vmm.wait(60)
    assert ended == status, f"{name}: the VMM's exit status is {ended}, not {status}"
    assert_back(machine, name)


def kill(machine):
    """The VMM is gone at once."""
    with guest.Guest(machine, "killed", isolation="walled") as vm:
        vm.agent.start("while :; do :; done")
        vm.vmm.signal(9)
        vm.vmm.wait(60)
    assert_back(machine, "kill -9")


def run(machine):
    """Each death once."""
    for name, (command, status) in DEATHS.items():
        die(machine, name, command, status)
    kill(machine)
    return "ends: " + ", ".join(DEATHS) + ", kill -9"
