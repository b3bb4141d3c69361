# SPDX-License-Identifier: GPL-2.0-or-later
# about: QEMU over kbm-proxyd on one Linux: stock and direct guests, and their ends
# limit: 480
"""The transport unix, with the fork's own client."""

import json
import time

from kbmsim import guest
from kbmsim.agent import AgentError

FOLDER = "/run/proxy-case"
SOCKET = f"{FOLDER}/proxyd.socket"
PROXY = f"unix:{SOCKET}"
STATUS_LOST = 8
DAEMON = "/opt/kata-bm/bin/kbm-proxyd"


class Proxied:
    """The server as guest.Guest takes it; VMMs on it use the proxy."""

    vmm_arguments = ("-accel", f"kvm,proxy={PROXY}")

    def __init__(self, machine):
        self.agent = machine.agent
        self.run = machine.run


def sessions(machine):
    """What the daemon says of each session."""
    text = machine.run(f"{DAEMON} --run-directory {FOLDER} --status --json", 60).text()
    return json.loads(text)["sessions"]


def online(machine):
    """The host's CPUs."""
    return machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()


def wait_for(what, condition, timeout=30):
    """Until @condition() holds."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"after {timeout} s: {what}"
        time.sleep(0.2)


def everything_is_back(machine):
    """No twin, which first wipes what was lent to it, and all CPUs."""
    wait_for("a twin is still there", lambda: not sessions(machine), 90)
    wait_for("CPUs are still lent", lambda: online(machine) == "0-3")


def boot(machine, name, **options):
    """A guest, and how long it took from the VMM's start to its agent."""
    start = time.monotonic()
    vm = guest.Guest(machine, name, **options)
    vm.start()
    return vm, time.monotonic() - start


def stock(machine):
    """An upstream machine type, whose devices all exit to QEMU."""
    # Each character on its console costs exits, which are slow here.
    vm, seconds = boot(machine, "stock-proxied", memory="128M", append="quiet")
    try:
        assert len(sessions(machine)) == 1
        assert vm.run("nproc", 60).text().strip() == "2"
        exits = vm.stats()["exits"]
        assert len(exits) == 2 and min(exits) > 0, exits
        assert vm.power_off() == 0
    finally:
        vm.end()
    return seconds


def direct(machine, isolation, proxied):
    """A direct guest to its end; no exit when it is live."""
    name = f"{isolation}-{'proxied' if proxied else 'local'}"
    vm, seconds = boot(machine, name, isolation=isolation, memory="128M")
    try:
        info = vm.qmp.command("query-kata-bm")
        assert info.get("proxy") == (PROXY if proxied else None), info
        vm.go_live()
        before = sum(vm.stats()["exits"])
        vm.run("dd if=/dev/vda of=/dev/null bs=1M count=4", 60)
        assert sum(vm.stats()["exits"]) == before
        assert vm.power_off() == 0
    finally:
        vm.end()
    return seconds


def lost_twin(machine):
    """The VMM says that its twin is gone, and ends; so does the guest."""
    vm, _ = boot(machine, "lost", isolation="walled", memory="128M")
    try:
        session, = sessions(machine)
        machine.run(f"kill -9 {session['twin']}", 60)
        event = vm.qmp.wait_event(["KATA_BM_ENDED"], 30)
        assert event["data"]["reason"] == "proxy-lost", event
        status = vm.vmm.wait(30)
        assert status == STATUS_LOST, f"status {status}: {vm.vmm.text(130)}"
        assert "has ended this session" in vm.vmm.text(130), vm.vmm.text(130)
    finally:
        vm.end()


def killed_vmm(machine):
    """All that the VMM had is given back."""
    vm, _ = boot(machine, "killed", isolation="walled", memory="128M")
    try:
        vm.vmm.signal(9)
        vm.vmm.wait(30)
    except AgentError:
        pass
    finally:
        vm.end()


def run(machine):
    """All of them over one daemon."""
    machine.run("grep -q ^nobody: /etc/passwd || "
                "echo nobody:x:65534:65534::/nonexistent:/bin/false >>/etc/passwd", 60)
    daemon = machine.agent.start(f"exec {DAEMON} --run-directory {FOLDER}")
    job = machine.run(f"timeout 30 sh -c 'until [ -S {SOCKET} ]; do sleep 0.1; done'", 60,
                      check=False)
    assert job.status == 0, f"kbm-proxyd does not come up: {daemon.text(130)}"
    proxied = Proxied(machine)
    text = f"stock {stock(proxied):.1f} s"
    everything_is_back(machine)
    for isolation in "walled", "direct":
        local = direct(machine, isolation, False)
        over = direct(proxied, isolation, True)
        text += f", {isolation} {local:.1f} s and over the proxy {over:.1f} s"
    everything_is_back(machine)
    for fault in lost_twin, killed_vmm:
        fault(proxied)
        everything_is_back(machine)
    daemon.signal(15)
    return f"from the VMM's start to the guest's agent: {text}"
