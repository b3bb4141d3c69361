# SPDX-License-Identifier: GPL-2.0-or-later
# about: a reboot of the host stops a guest that spins with interrupts off
# limit: 120
# server: own
"""A reboot of the host stops its guests first."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lib  # noqa: E402


def run(machine):
    """Reboots under a running guest; the emulator stops where it would reset."""
    lib.start_spinning_guest(machine)
    machine.qmp.command("set-action", reboot="shutdown", shutdown="pause")
    # reboot(2) itself: the server's image has no init system.
    machine.agent.start("python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x01234567)'")
    machine.qmp.wait_event({"SHUTDOWN"}, 60)
    return lib.assert_guest_stopped(machine)
