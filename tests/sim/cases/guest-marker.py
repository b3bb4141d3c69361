# SPDX-License-Identifier: GPL-2.0-or-later
# about: what a Linux guest has left in its memory is gone for the next guest
# limit: 180
"""A marker that one guest writes is not found by the next."""

import json
import os
import tempfile

from kbmsim import guest

# As `yes` writes it, with a newline: 8 bytes.
MARKER = b"1KRAMMB\n"
COPIES = 1 << 20
MODES = ("walled", "direct")


def count_there(machine, extents):
    """How often the marker is in this memory of the server, seen from outside."""
    count = 0
    for extent in extents:
        with tempfile.NamedTemporaryFile() as file:
            machine.qmp.command("pmemsave", val=extent["start"], size=extent["bytes"],
                                filename=file.name)
            assert os.path.getsize(file.name) == extent["bytes"], extent
            count += file.read().count(MARKER)
    return count


def leave_marker(machine, mode):
    """One guest that writes it and powers off; returns its extents, and how often it was there."""
    with guest.Guest(machine, f"marker-{mode}", isolation=mode, memory="256M") as vm:
        extents = vm.qmp.command("query-kata-bm")["extents"]
        vm.run(f"mount -t tmpfs tmpfs /mnt; yes {MARKER.decode().strip()} | "
               f"head -n {COPIES} >/mnt/marker", 60)
        count = count_there(machine, extents)
        assert vm.power_off() == 0
    return extents, count


def next_guest(machine, mode, node):
    """All of a node's memory as the next guest sees it: words that are the marker, and not 0."""
    value = int.from_bytes(MARKER, "little")
    job = machine.run(f"kbm-payload --json --payload=findmarker --mode={mode} --cpus=2 --memory=1G "
                      f"--node={node} --argument={value:#x} --seconds=60", 120)
    vcpu = json.loads(job.text())["vcpus"][0]
    return vcpu["value"], vcpu["done"]


def run(machine):
    """Each mode once."""
    seen = []
    for mode in MODES:
        extents, count = leave_marker(machine, mode)
        assert count >= COPIES, f"{mode}: {count} markers in {extents}, of {COPIES} written"
        for node in {extent["node"] for extent in extents}:
            found = next_guest(machine, mode, node)
            assert found == (0, 0), f"{mode}: marker found, and words that are not 0: {found}"
        seen.append(f"{mode}: {count} markers, then none")
    return "\n".join(seen)
