# SPDX-License-Identifier: GPL-2.0-or-later
"""The one guest of a control BM, seen from the host: its VMM's QMP is the shim's alone."""

import json
import re

from .guest import GuestError


class SoleGuest:
    """What measure.Moment() asks of a guest."""

    def __init__(self, machine, name):
        self.machine = machine
        self.name = name

    def _session(self):
        """What kbm-proxyd says of it: the only session that there is."""
        sessions = json.loads(self.machine.run("kbm-proxyd --status --json", 60).text())["sessions"]
        if len(sessions) != 1:
            raise GuestError(f"{self.name}: {len(sessions)} sessions of kbm-proxyd")
        return sessions[0]

    def cpus(self):
        """The server's CPUs that it has."""
        return set(self._session()["cpus"])

    def stats(self):
        """The host's statistics of it, as Guest.stats() has them.

        debugfs has the sums over all CPUs; the mean stands for each in what is taken
        by the CPU. The folder's name has the thread of the twin that made the VM.
        """
        session = self._session()
        text = self.machine.run(
            f"cd /sys/kernel/debug/kvm; for vm in *-*; do [ ! -d /proc/{session['twin']}/task/${{vm%%-*}} ]"
            " || grep -s '' $vm/* || true; done", 60).text()
        counts = {name: [int(value)] for name, value in
                  re.findall(r"/(\w+):(\d+)$", text, re.M)}
        if "exits" not in counts:
            raise GuestError(f"{self.name}: the host has no statistics of {session}")
        cpus = len(session["cpus"])
        for name in ("guest_cycles", "guest_entry_tsc"):
            counts[name] = [counts[name][0] // cpus] * cpus
        return counts
