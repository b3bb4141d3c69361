# SPDX-License-Identifier: GPL-2.0-or-later
"""A container in a guest of its own, run by containerd in the control BM."""

import json
import re
import time

from .agent import AgentError
from .guest import GuestError
from .lifetime import Lifetime
from .sole_guest import SoleGuest

RUNTIME = "io.containerd.kata-bm.v2"
# On an emulated machine: shim, QEMU, kernel, agent, container.
START_TIMEOUT = 180
TOPIC = re.compile(r" (/tasks/\S+) ")


class Container(SoleGuest, Lifetime):
    """One container, from start() to end().

    @disk of the control BM is its image, as scripts/make-image NAME.tar makes it.
    """

    def __init__(self, machine, manager, name, disk, cpus=2, memory=512):
        super().__init__(machine, name)
        self.manager = manager
        self._disk = disk
        self._image = f"localhost/{disk.removesuffix('-container')}:latest"
        self._size = f"--cpus {cpus} --memory-limit {memory << 20}"
        self._events = None
        self._number = 0

    def _ctr(self, command, timeout=60, check=True):
        try:
            return self.manager.run(f"ctr {command}", timeout, check=check)
        except AgentError as error:
            raise GuestError(f"{error}\n{self.last_words()}") from None

    def start(self):
        """containerd, the image, and the container with a shell that waits."""
        self.manager.run("systemctl start containerd", 120)
        self._ctr(f"image import /dev/disk/by-name/{self._disk}", 180)
        self._events = self.manager.agent.start("exec ctr events")
        self._ctr(f"run -d --runtime {RUNTIME} {self._size} {self._image} {self.name} "
                  "sleep infinity", START_TIMEOUT)

    def run(self, command, timeout):
        """Runs a command in the container to its end; returns the Job of ctr."""
        self._number += 1
        return self._ctr(f"task exec --exec-id exec-{self._number} {self.name} "
                         f"sh -c '{command}'", timeout)

    def metrics(self):
        """What `ctr task metrics` has."""
        return json.loads(self._ctr(f"task metrics --format json {self.name}").text())

    def extents(self):
        """The memory that was lent to its guest, by what the guest says."""
        lines = self.run("cat /sys/kernel/kata_bm/extents", 60).text().splitlines()
        return [dict(zip(("start", "bytes", "node"), (int(word, 0) for word in line.split())))
                for line in lines]

    def check_events(self):
        """After kill(): each event of containerd came once, and in order."""
        wanted = ["/tasks/create", "/tasks/start"]
        wanted += ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"] * self._number
        wanted += ["/tasks/exit", "/tasks/delete"]
        topics = TOPIC.findall(self._events.text())
        if topics != wanted:
            raise GuestError(f"events of containerd: {topics}, not {wanted}")

    def kill(self):
        """SIGKILL to all; the container and its guest are gone."""
        self._ctr(f"task kill -s SIGKILL {self.name}")
        deadline = time.monotonic() + 60
        while f"{self.name} " in self._ctr("task ls -q").text().replace("\n", " "):
            state = self._ctr("task ls").text()
            if re.search(rf"^{self.name}\s+\d+\s+STOPPED", state, re.M):
                break
            if time.monotonic() > deadline:
                raise GuestError(f"{self.name} is not stopped: {state}")
            time.sleep(0.5)
        self._ctr(f"task delete {self.name}", check=False)
        self._ctr(f"container delete {self.name}")

    def last_words(self):
        """What is known when it did not do as it should."""
        job = self.manager.run("journalctl --no-pager -u containerd -n 40", 60, check=False)
        return f"containerd says:\n{job.text()[-6000:]}"

    def end(self):
        """Ends what start() began; the image stays."""
        if self._events:
            self._events.signal(15)
            self._events = None
        self._ctr(f"task kill -s SIGKILL {self.name}", check=False)
        self._ctr(f"task delete -f {self.name}", check=False)
        self._ctr(f"container delete {self.name}", check=False)
