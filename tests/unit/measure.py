#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# about: the demo's figures from counters and /proc/interrupts
# limit: 30
"""Unit tests of tests/sim/kbmsim/measure.py."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sim"))

from kbmsim import measure  # noqa: E402

BEFORE = """           CPU0       CPU1
 24:         10          0  kbm-virtio 0-edge  virtio0-req.0
NMI:          0          0   Non-maskable interrupts
LOC:        100        200   Local timer interrupts
RES:          1          2   Rescheduling interrupts
CAL:          3          4   Function call interrupts
TLB:          0          0   TLB shootdowns
ERR:          0
"""

AFTER = """           CPU0       CPU1
 24:         10          7  kbm-virtio 0-edge  virtio0-req.0
 25:          1          1  kbm-virtio 1-edge  virtio1-input.0
NMI:          5          0   Non-maskable interrupts
LOC:       1100       1200   Local timer interrupts
RES:         11         12   Rescheduling interrupts
CAL:          3          5   Function call interrupts
TLB:          2          0   TLB shootdowns
ERR:          0
"""


def moment(stats, tsc=0, machine=None):
    """A Moment without a machine."""
    result = measure.Moment.__new__(measure.Moment)
    result.stats, result.tsc, result.machine = stats, tsc, machine
    return result


class Interrupts(unittest.TestCase):
    """/proc/interrupts."""

    def test_sums_rows(self):
        rows = measure.parse_interrupts(AFTER)
        self.assertEqual(rows["LOC"], 2300)
        self.assertEqual(rows["ERR"], 0)
        self.assertEqual(rows["24"], 17)

    def test_counts_by_kind(self):
        self.assertEqual(measure.interrupt_counts(BEFORE, AFTER),
                         {"timer_interrupts": 2000, "ipis": 23, "device_interrupts": 9})


class Exits(unittest.TestCase):
    """Differences of the counters."""

    def test_by_reason(self):
        before = moment({"exits": [10, 5], "exits_hlt": [4, 1], "exits_msr": [0, 0]},
                        machine={"hlt": 5})
        after = moment({"exits": [20, 6], "exits_hlt": [9, 2], "exits_msr": [5, 0]},
                       machine={"hlt": 11, "msr": 5})
        figures = measure.window(before, after)
        self.assertEqual(figures["exits_host"],
                         {"total": 11, "by_reason": {"hlt": 6, "msr": 5}})
        self.assertEqual(figures["exits_machine"],
                         {"total": 11, "by_reason": {"hlt": 6, "msr": 5}})

    def test_a_forgotten_reason(self):
        before = moment({"exits": [0], "exits_hlt": [0]})
        measure.window(before, moment({"exits": [1000], "exits_hlt": [991]}, 5))
        with self.assertRaises(AssertionError):
            measure.window(before, moment({"exits": [1000], "exits_hlt": [980]}, 5))
        with self.assertRaises(AssertionError):
            measure.window(before, moment({"exits": [1], "exits_hlt": [0]}, 5))

    def test_an_emulator_that_does_not_count(self):
        figures = measure.window(moment({"exits": [1]}), moment({"exits": [1]}, 5))
        self.assertIsNone(figures["exits_machine"])
        self.assertEqual(figures["exits_host"]["total"], 0)


class Residency(unittest.TestCase):
    """Share of the time inside the guest."""

    def test_never_left(self):
        stats = {"guest_cycles": [50, 60], "guest_entry_tsc": [100, 200]}
        self.assertEqual(measure.residency(moment(stats, 1000), moment(stats, 2000)), 1.0)

    def test_half_of_one_cpu(self):
        before = moment({"guest_cycles": [0, 0], "guest_entry_tsc": [0, 10]}, 1000)
        after = moment({"guest_cycles": [500, 0], "guest_entry_tsc": [0, 10]}, 2000)
        self.assertEqual(measure.residency(before, after), 0.75)

    def test_unknown(self):
        self.assertIsNone(measure.residency(moment({}), moment({}, 1)))


if __name__ == "__main__":
    unittest.main()
