# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong beside a running guest, and what must come of it.

One server with a control BM that has started two guests: the victim, and the
witness that nothing may disturb. Each fault is a function of a Scene.
"""

import json
import re
import time

from . import guest, server
from .agent import AgentError

VICTIM_CPU, WITNESS_CPU = 4, 5
# VMM whose twin has gone; see vmm/README.md.
STATUS_PROXY_LOST = 8
# Computes, and waits for its own timer; a load that never waits would take the processor
# time of the machine that emulates this one from the control BM that boots.
LOAD = "while :; do i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; sleep 0.5; done"
JIFFIES = re.compile(r"^([0-9a-f]{16}) \w jiffies_64$", re.M)


class FaultError(AssertionError):
    """It did not come as it must."""


def wait_until(condition, what, timeout=60):
    """Polls for something that must become true."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise FaultError(f"not within {timeout} s: {what}")
        time.sleep(0.3)


class Scene:
    """A server, its control BM, and two guests."""

    def __init__(self, machine, manager):
        self.machine = machine
        self.manager = manager
        self.victim = None
        self.witness = None
        text = (server.BUILD / "guest-kernel/System.map").read_text(encoding="ascii")
        self._jiffies = int(JIFFIES.search(text)[1], 16)

    def start_guests(self):
        """Starts what is not there."""
        self.witness = self.witness or self._start("witness", WITNESS_CPU)
        self.victim = self.victim or self._start("victim", VICTIM_CPU)

    def _start(self, name, cpu):
        vm = guest.Guest(self.manager, name, isolation="walled", cpus=str(cpu), node=1,
                         memory="128M")
        vm.start()
        vm.go_live()
        vm.agent.start(LOAD)
        return vm

    def forget_guests(self):
        """They are gone, or nobody can reach them any more."""
        self.victim = self.witness = None

    def end(self):
        """Ends the guests that are there."""
        for vm in (self.victim, self.witness):
            if vm:
                vm.end()
        self.forget_guests()

    def ticks(self, cpu):
        """The guest's own clock, read from its memory by the emulated machine."""
        text = self.machine.qmp.command(
            "human-monitor-command", command_line=f"x /1gx {self._jiffies:#x}", cpu_index=cpu)
        return int(text.split(":")[1], 16)

    def assert_computes(self, cpu, what):
        """The guest on this CPU takes its timer interrupts."""
        before = self.ticks(cpu)
        wait_until(lambda: self.ticks(cpu) > before + 10, f"{what}: the guest on CPU {cpu} goes on")

    def sessions(self):
        """The sessions that kbm-proxyd has."""
        return json.loads(self.machine.run("kbm-proxyd --status --json", 60).text())["sessions"]

    def session_of(self, name):
        """One of them, by the name of its guest."""
        return next(one for one in self.sessions() if one.get("name") == name)

    def online(self):
        """The host's CPUs."""
        return self.machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()

    def assert_given_back(self, online, sessions, what):
        """The host has the CPUs, and no more sessions than these."""
        wait_until(lambda: self.online() == online, f"{what}: CPUs online are {online}")
        wait_until(lambda: len(self.sessions()) == sessions, f"{what}: {sessions} sessions left")

    def assert_witness_well(self, what):
        """It answers, and it goes on."""
        self.assert_computes(WITNESS_CPU, what)
        if self.witness.run("echo well", 60).text().strip() != "well":
            raise FaultError(f"{what}: the witness does not answer")


def kill_vmm(scene):
    """kill -9 of QEMU in the control BM: its guest is gone."""
    scene.victim.vmm.signal(9)
    scene.victim.vmm.wait(60)
    scene.assert_given_back("0,3-4", 1, "VMM killed")
    scene.assert_witness_well("VMM killed")
    scene.victim = None


def kill_twin(scene):
    """kill -9 of a twin: its VMM says so and ends."""
    pid = scene.session_of("victim")["twin"]
    scene.machine.run(f"kill -9 {pid}", 60)
    status = scene.victim.vmm.wait(60)
    if status != STATUS_PROXY_LOST:
        raise FaultError(f"twin killed: exit status of its VMM is {status}")
    scene.assert_given_back("0,3-4", 1, "twin killed")
    scene.assert_witness_well("twin killed")
    scene.victim = None


def kill_daemon(scene):
    """kill -9 of kbm-proxyd: guests go on, and the next one serves again."""
    show = "systemctl show -p MainPID --value kbm-proxyd"
    pid = scene.machine.run(show, 60).text().strip()
    scene.machine.run(f"kill -9 {pid}", 60)
    wait_until(lambda: scene.machine.run(show, 60).text().strip() not in ("0", pid),
               "kbm-proxyd is started again")
    scene.assert_witness_well("kbm-proxyd killed")
    scene.victim.run("true", 60)
    # Starts, and ends, a guest by the new one.
    scene.victim.end()
    scene.assert_given_back("0,3-4", 1, "kbm-proxyd killed")
    scene.victim = None


def lose_control_bm(scene, command):
    """The control BM goes: guests compute; the next one lists and ends them."""
    pid = scene.manager.main_pid()
    scene.manager.agent.start(command)
    wait_until(lambda: scene.manager.main_pid() not in (0, pid), f"{command}: comes back", 120)
    for cpu in (VICTIM_CPU, WITNESS_CPU):
        scene.assert_computes(cpu, command)
    scene.manager.connect()
    for cpu in (VICTIM_CPU, WITNESS_CPU):
        scene.assert_computes(cpu, command)
    listed = json.loads(scene.manager.run("kbm-sessions --json --orphans", 60).text())
    if {one["name"] for one in listed} != {"victim", "witness"}:
        raise FaultError(f"{command}: orphans are {listed}")
    scene.manager.run("kbm-sessions --end-orphans", 60)
    scene.assert_given_back("0,3-5", 0, command)
    scene.forget_guests()


def panic(scene):
    """The control BM panics."""
    lose_control_bm(scene, "echo c >/proc/sysrq-trigger")


def reboot(scene):
    """The control BM is rebooted, at once."""
    lose_control_bm(scene, "echo b >/proc/sysrq-trigger")


FAULTS = {"vmm": kill_vmm, "twin": kill_twin, "daemon": kill_daemon, "panic": panic,
          "reboot": reboot}


def resources(scene):
    """What must not grow: descriptors of the daemon, VMs, processes."""
    pid = scene.machine.run("systemctl show -p MainPID --value kbm-proxyd", 60).text().strip()
    text = scene.machine.run(f"ls /proc/{pid}/fd | wc -l; ls -d /sys/kernel/debug/kvm/*-* | wc -l; "
                             "ls -d /proc/[0-9]* | wc -l", 60).text()
    return dict(zip(("descriptors", "VMs", "processes"), map(int, text.split())))


def run_rounds(scene, names, rounds, report=print):
    """Each fault so many times; then nothing is left."""
    first = None
    for number in range(rounds):
        for name in names:
            start = time.monotonic()
            scene.start_guests()
            try:
                FAULTS[name](scene)
            except AgentError as error:
                raise FaultError(f"{name}: {error}\n{scene.manager.last_words()}") from None
            report(f"round {number + 1}: {name}, {time.monotonic() - start:.0f} s")
        scene.end()
        scene.assert_given_back("0,3-5", 0, "round over")
        now = resources(scene)
        first = first or now
        for what, count in now.items():
            # Kernel threads come and go.
            if count > first[what] + (10 if what == "processes" else 0):
                raise FaultError(f"{what} grew from {first[what]} to {count}")
    return first
