# SPDX-License-Identifier: GPL-2.0-or-later
# about: a panic of the host stops a guest that spins with interrupts off
# limit: 120
# server: own
# append: panic=0
# splat: expected
"""A panic of the host stops its guests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lib  # noqa: E402


def run(machine):
    """Panics under a running guest, and looks at the CPU from outside."""
    lib.start_spinning_guest(machine)
    machine.agent.start("echo c >/proc/sysrq-trigger")
    return lib.assert_guest_stopped(machine)
