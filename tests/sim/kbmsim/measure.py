# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts of a guest between two moments: exits, interrupts, residency."""

import re

# /proc/interrupts' rows that are inter-processor interrupts.
IPI_ROWS = {"RES", "CAL", "TLB", "IWI"}
TIMER_ROWS = {"LOC"}


def parse_interrupts(text):
    """/proc/interrupts as {row: count over all CPUs}."""
    lines = text.strip().splitlines()
    cpus = len(lines[0].split())
    rows = {}
    for line in lines[1:]:
        name, _, rest = line.strip().partition(":")
        counts = rest.split()[:cpus]
        rows[name] = sum(int(count) for count in counts if count.isdigit())
    return rows


def interrupt_counts(before, after):
    """Timer, inter-processor and device interrupts between two texts."""
    start, end = parse_interrupts(before), parse_interrupts(after)
    counts = {"timer_interrupts": 0, "ipis": 0, "device_interrupts": 0}
    for row, count in end.items():
        difference = count - start.get(row, 0)
        if row in TIMER_ROWS:
            counts["timer_interrupts"] += difference
        elif row in IPI_ROWS:
            counts["ipis"] += difference
        elif row.isdigit():
            counts["device_interrupts"] += difference
    return counts


def differences(before, after):
    """What grew, by name."""
    return {name: count - before.get(name, 0) for name, count in sorted(after.items())
            if count != before.get(name, 0)}


class Moment:
    """Both counters of the exits of a partition, and the time, at one moment.

    @partition is a Guest or a ControlBm of @server. A direct one has CPUs of
    its own, and only what these do counts.
    """

    def __init__(self, server, partition):
        self.stats = partition.stats()
        self.machine = machine_exits(server, partition.cpus())
        self.tsc = int(server.run("tsc", 60).text())

    def host_exits(self):
        """The host's counter, by reason."""
        return {name.removeprefix("exits_"): sum(counts)
                for name, counts in self.stats.items() if name.startswith("exits_")}

    def kvm_exits(self):
        """What upstream's KVM counts: all reasons together."""
        return sum(self.stats.get("exits", []))

    def inside(self):
        """Cycles that each CPU has been in the guest, up to now."""
        done = self.stats.get("guest_cycles", [])
        entries = self.stats.get("guest_entry_tsc", [])
        return [cycles + (self.tsc - entry if entry else 0)
                for cycles, entry in zip(done, entries)]


def machine_exits(server, cpus=None):
    """The emulator's own count of #VMEXITs by reason; None if it has none.

    Of these CPUs; of all if @cpus is None.
    """
    if not emulator_counts(server):
        return None
    counts = {}
    for cpu in server.qmp.command("x-query-svm-exits"):
        if cpus is not None and cpu["cpu-index"] not in cpus:
            continue
        for kind in cpu["exits"]:
            name = kind.get("name") or hex(kind["code"])
            counts[name] = counts.get(name, 0) + kind["count"]
    return counts


def emulator_counts(machine):
    """Whether this emulator counts the exits."""
    if not hasattr(machine, "counts_exits"):
        names = {command["name"] for command in machine.qmp.command("query-commands")}
        machine.counts_exits = "x-query-svm-exits" in names
    return machine.counts_exits


def counter_figures(by_reason):
    """A counter as in result.json."""
    return {"total": sum(by_reason.values()), "by_reason": by_reason}


def window(before, after):
    """The figures of result.json that two Moments give."""
    figures = {"exits_host": counter_figures(differences(before.host_exits(),
                                                         after.host_exits())),
               "exits_machine": None,
               "guest_residency": residency(before, after)}
    # No reason was forgotten. Not to the last exit: a guest goes on while it is read.
    total, kvm = figures["exits_host"]["total"], after.kvm_exits() - before.kvm_exits()
    assert abs(kvm - total) <= 0.01 * kvm, f"KVM counts {kvm} exits, by reason there are {total}"
    if before.machine is not None:
        figures["exits_machine"] = counter_figures(differences(before.machine, after.machine))
    return figures


def residency(before, after):
    """Share of the window that the CPUs were inside the guest, None if unknown.

    A CPU that never left was inside all the time, whatever lies between the
    reading of its entry and of the clock.
    """
    cycles = [end - start for start, end in zip(before.inside(), after.inside())]
    if not cycles:
        return None
    share = sum(cycles) / len(cycles) / (after.tsc - before.tsc)
    return round(min(1.0, max(0.0, share)), 6)


def seconds_of(text, name):
    """The number behind NAME= in a report."""
    return float(re.search(rf"^{name}=([\d.]+)$", text, re.M)[1])
