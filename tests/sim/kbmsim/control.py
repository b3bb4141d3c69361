# SPDX-License-Identifier: GPL-2.0-or-later
"""The control BM of a simulated server that boots systemd.

Guests are started from it by the same code as on the server itself: give
guest.Guest a ControlBm where it takes a Server.
"""

import time

from . import qmp
from .agent import Agent, AgentError
from .guest import LIVE, GuestError, JobStream, vcpu_stats
from .lifetime import Lifetime

CONFIG = "/etc/kata-bm/control-bm.conf"
RUN = "/run/kata-bm/control-bm"
DEVICE = "/dev/kata-bm"
SERVICE = "control-bm"

# For append: containerd's start is a third of a control BM's, on an emulated machine.
WITHOUT_CONTAINERD = "systemd.mask=containerd.service"

# From the start of the service to the agent in it, on an emulated machine.
BOOT_TIMEOUT = 240
# Between two looks at its service.
LOOK_S = 3


def config_text(cpus, memory, isolation, node, channel, disks, append):
    """The configuration of the service."""
    lines = ["[control-bm]", f"cpus = {cpus}", f"memory = {memory}", f"isolation = {isolation}",
             f"node = {node}", "root = /dev/disk/by-name/control-bm", f"append = {append}"]
    if not channel:
        lines.append("proxyd =")
    lines.append("[disks]")
    lines += [f"{name} = /dev/disk/by-name/{name}" for name in disks]
    lines += ["[ports]", f"kata-bm.agent = {RUN}/agent.socket"]
    return "\n".join(lines) + "\n"


class ControlBm(Lifetime):
    """The control BM, from start() to end()."""

    def __init__(self, server, cpus="1-2", memory="1G", isolation="walled", node=0,
                 channel=True, disks=("redis",), append=""):
        self.server = server
        self.agent = None
        self.vmm_arguments = ["-accel", f"kvm,proxy=kbm:{DEVICE}"]
        self._config = config_text(cpus, memory, isolation, node, channel, disks, append)
        self._streams = []
        self._qmp = None

    def start(self):
        """Starts the service, and waits until the control BM is live."""
        self.server.run(f"mkdir -p /etc/kata-bm; cat >{CONFIG}", 60,
                        stdin=self._config.encode())
        job = self.server.run(f"systemctl start {SERVICE}", 120, check=False)
        if job.status:
            raise GuestError(f"systemctl start {SERVICE}: status {job.status}\n"
                             f"{job.text(130)}{self.last_words()}")
        self.connect()

    def connect(self, timeout=BOOT_TIMEOUT):
        """Finds the agent in it; again, too, after it has been rebooted."""
        self.disconnect()
        deadline = time.monotonic() + timeout
        self.agent = Agent(self._stream("agent"))
        while not self.agent.wait_ready(LOOK_S):
            if time.monotonic() > deadline or not self.is_active():
                raise GuestError(f"the control BM did not come up; {self.last_words()}")
            if self.agent.gone:
                self.agent = Agent(self._stream("agent"))
        self.run(f"until [ $(cat {LIVE}) = 1 ]; do sleep 0.2; done",
                 max(1, deadline - time.monotonic()))

    def disconnect(self):
        """Ends the streams to it."""
        for stream in self._streams:
            stream.close()
        self._streams, self._qmp, self.agent = [], None, None

    def _stream(self, name):
        """A connection to one of its sockets on the server."""
        stream = JobStream(self.server, f"exec socat - UNIX-CONNECT:{RUN}/{name}.socket,"
                                        "retry=50,interval=0.2")
        self._streams.append(stream)
        return stream

    @property
    def qmp(self):
        """QMP of its VMM, which runs on the server."""
        if not self._qmp:
            job = self.server.agent.start(f"exec socat - UNIX-CONNECT:{RUN}/qmp.socket")
            self._qmp = qmp.over_job(job)
        return self._qmp

    def cpus(self):
        """The server's CPUs that it has."""
        return {cpu["cpu"] for cpu in self.qmp.command("query-kata-bm")["cpus"]}

    def stats(self):
        """KVM's binary stats of it; a list for each name, an entry a CPU."""
        return vcpu_stats(self.qmp)

    def _state(self):
        """What systemd calls the state of its service."""
        state = self.server.run(f"systemctl show -p ActiveState --value {SERVICE}", 60).text()
        return state.strip()

    def is_active(self):
        """Whether its service runs, or is about to."""
        return self._state() in ("active", "activating", "reloading")

    def wait_ended(self, timeout=90):
        """Waits until its service is over, what follows the VMM's end included."""
        deadline = time.monotonic() + timeout
        while self._state() not in ("inactive", "failed"):
            if time.monotonic() > deadline:
                raise GuestError(f"the control BM did not end; {self.last_words()}")
            time.sleep(0.5)

    def wait_given_back(self, timeout=60):
        """Waits until the host is done with all sessions: what they had is free then."""
        self.run("until [ \"$(kbm-sessions --json | tr -d ' \\n')\" = '[]' ]; do sleep 0.3; done",
                 timeout)

    def main_pid(self):
        """Process of its VMM on the server; 0 for none."""
        return int(self.server.run(f"systemctl show -p MainPID --value {SERVICE}", 60).text())

    def run(self, command, timeout, check=True, **arguments):
        """Runs a command in it to its end; returns the Job."""
        try:
            return self.agent.run(command, timeout, check=check, **arguments)
        except AgentError as error:
            raise GuestError(f"control BM: {error}\n{self.last_words()}") from None

    def explain(self, error):
        """The error, with what is known."""
        return GuestError(f"{error}\n{self.last_words()}")

    def last_words(self):
        """What is known when it did not do as it should."""
        job = self.server.run(
            f"systemctl --no-pager -l status {SERVICE}; journalctl --no-pager -u {SERVICE} "
            f"-u kbm-proxyd -n 30; tail -n 30 {RUN}/kernel.log", 60, check=False)
        return f"the server says:\n{job.text()[-6000:]}"

    def end(self):
        """Stops the service, and the control BM with it."""
        self.disconnect()
        # Longer than the service itself waits: its processes' end is systemd's to force.
        self.server.run(f"systemctl stop {SERVICE}", 200, check=False)
