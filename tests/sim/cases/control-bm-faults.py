# SPDX-License-Identifier: GPL-2.0-or-later
# about: loss of a VMM, a twin, kbm-proxyd and the control BM beside a guest that goes on; orphans are ended
# limit: 600
# server: own
# options: --init systemd --cpus 6 --memory 12G --lendable 2G@0,1G@1
"""Each fault once; tests/sim/faults does the same many times."""

from kbmsim import control, faults


def run(machine):
    """One round."""
    lines = []
    with control.ControlBm(machine, append=control.WITHOUT_CONTAINERD) as manager:
        faults.run_rounds(faults.Scene(machine, manager), list(faults.FAULTS), 1, lines.append)
    return "".join(f"{line}\n" for line in lines)
