# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests on the simulated server, direct ones and stock KVM's."""

import queue

from . import qmp
from .agent import STDOUT, Agent, AgentError
from .lifetime import Lifetime

TOOLS = "/opt/kata-bm"
VMM = f"{TOOLS}/bin/qemu-system-x86_64"
KERNEL = f"{TOOLS}/boot/bzImage"
IMAGE = "/dev/disk/by-name/redis"

# From the start of the VMM to the guest's agent, on an emulated machine.
BOOT_TIMEOUT = 180
LIVE = "/sys/kernel/kata_bm/live"


class GuestError(Exception):
    """A guest does not come up, or has ended."""


class JobStream:
    """A command's stdin and stdout in the server, as a socket for an Agent."""

    def __init__(self, machine, command):
        self._data = queue.Queue()
        self._rest = b""
        self._job = machine.agent.start(command, on_output=self._received)

    def _received(self, kind, data):
        if kind == STDOUT:
            self._data.put(data)

    def sendall(self, data):
        """As a socket's."""
        self._job.write(data)

    def recv(self, size):
        """As a socket's; the empty string at the end."""
        while not self._rest:
            if self._job.over and self._data.empty():
                return b""
            try:
                self._rest = self._data.get(timeout=0.5)
            except queue.Empty:
                continue
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self):
        """Ends the command."""
        self._job.signal(15)


def direct_arguments(isolation, cpus, node, memory, devices="bm"):
    """The VMM's arguments for a direct guest."""
    return ["-machine", f"kata-bm,isolation={isolation},cpus={cpus},node={node}",
            "-m", memory], devices, ""


def stock_arguments(smp, memory, devices="device"):
    """The same for a guest of stock KVM."""
    return ["-machine", "microvm,acpi=off,rtc=off,auto-kernel-cmdline=on",
            "-cpu", "host", "-smp", str(smp), "-m", memory,
            "-L", f"{TOOLS}/share/qemu", "-global", "virtio-mmio.force-legacy=false"], devices, "console=ttyS0 reboot=t"


def vcpu_stats(session):
    """KVM's binary stats by a VMM's QMP; a list for each name, an entry a CPU."""
    counts = {}
    for cpu in session.command("query-stats", target="vcpu"):
        for stat in cpu["stats"]:
            if isinstance(stat["value"], int):
                counts.setdefault(stat["name"], []).append(stat["value"])
    return counts


class Guest(Lifetime):
    """One guest, from start() to end().

    @machine is what it is started from: a Server, or its ControlBm.
    """

    def __init__(self, machine, name, isolation=None, cpus="2-3", node=1, smp=2,
                 memory="512M", append="", arguments=()):
        self.machine = machine
        self.name = name
        self.agent = None
        self.qmp = None
        self.vmm = None
        self.console = f"/run/{name}.console"
        self._pipe = f"/run/{name}.agent"
        self._stream = None
        self._direct = bool(isolation)
        if isolation:
            self._kind = direct_arguments(isolation, cpus, node, memory)
        else:
            self._kind = stock_arguments(smp, memory)
        self._kind[0].extend(machine.vmm_arguments)
        self._append = append
        self._arguments = list(arguments)

    def command(self):
        """The shell command that starts the VMM."""
        machine, devices, append = self._kind
        words = ["root=/dev/vda", "rootfstype=ext4", "ro", "panic=-1",
                 "init=/usr/sbin/kata-bm-init", append, self._append]
        arguments = machine + [
            "-name", self.name,
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-kernel", KERNEL, "-append", " ".join(filter(None, words)),
            "-drive", f"id=root,file={IMAGE},format=raw,if=none,read-only=on",
            "-device", f"virtio-blk-{devices},drive=root",
            "-device", f"virtio-serial-{devices}",
            "-chardev", f"pipe,id=agent,path={self._pipe}",
            "-device", "virtserialport,chardev=agent,name=kata-bm.agent",
            "-chardev", f"file,id=console,path={self.console}",
            "-serial", "chardev:console",
            "-qmp", "stdio"] + self._arguments
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in arguments)
        return f"exec {VMM} {quoted}"

    def start(self, wait=True):
        """Starts the VMM and waits for the guest's agent."""
        self.machine.run(f"rm -f {self._pipe}.in {self._pipe}.out {self.console}; "
                         f"mkfifo {self._pipe}.in {self._pipe}.out", 60)
        self.vmm = self.machine.agent.start(self.command())
        try:
            self.qmp = qmp.over_job(self.vmm)
        except (qmp.QmpError, AgentError) as error:
            raise GuestError(f"the VMM of {self.name} does not start: {error}\n"
                             f"{self.vmm.text(130)}") from None
        self._stream = JobStream(
            self.machine, f"cat {self._pipe}.out & exec cat >{self._pipe}.in")
        self.agent = Agent(self._stream)
        if wait and not self.agent.wait_ready(BOOT_TIMEOUT, lambda: self.vmm.over):
            raise GuestError(f"the guest {self.name} did not come up; {self.last_words()}")

    def last_words(self):
        """What is known when it did not do as it should."""
        console = self.machine.run(f"tail -n 30 {self.console} 2>&1", 60, check=False)
        if self.vmm.over:
            status = f"its VMM ended with status {self.vmm.status}; "
        else:
            status = ""
        return (f"{status}messages of its VMM:\n{self.vmm.text(130)[-3000:]}\n"
                f"end of its console:\n{console.text()}")

    def run(self, command, timeout, check=True):
        """Runs a command in the guest to its end; returns the Job."""
        try:
            return self.agent.run(command, timeout, check=check)
        except AgentError as error:
            raise GuestError(f"{self.name}: {error}\n{self.last_words()}") from None

    def go_live(self):
        """From here on the guest's exits count."""
        self.run(f"echo 1 >{LIVE}", 60)

    def cpus(self):
        """The server's CPUs that a direct guest has; None for a stock one."""
        if not self._direct:
            return None
        return {cpu["cpu"] for cpu in self.qmp.command("query-kata-bm")["cpus"]}

    def stats(self):
        """KVM's binary stats, summed over the guest's CPUs; a list for each name."""
        return vcpu_stats(self.qmp)

    def power_off(self, timeout=60):
        """Lets the guest end by itself; returns the VMM's exit status."""
        # A microvm has no power switch: it ends where it would reboot.
        key = "o" if self._direct else "b"
        self.agent.start(f"sync; echo {key} >/proc/sysrq-trigger")
        return self.vmm.wait(timeout)

    def end(self):
        """Ends the VMM, and the guest with it."""
        if self.vmm and not self.vmm.over:
            self.vmm.signal(15)
            try:
                self.vmm.wait(30)
            except AgentError:
                self.vmm.signal(9)
        if self._stream:
            self._stream.close()
