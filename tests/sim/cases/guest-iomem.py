# SPDX-License-Identifier: GPL-2.0-or-later
# about: a guest's /proc/iomem shows exactly the extents that were lent, and the host does not use them
# limit: 240
"""The memory of a guest, as the guest and the host see it."""

import re

from kbmsim import guest


def ranges(text):
    """/proc/iomem's outermost ranges, joined where they touch."""
    return join((int(start, 16), int(end, 16) + 1)
                for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : ", text, re.M))


def join(found):
    """Sorted, and one range instead of two that touch."""
    joined = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


# /proc/kpageflags: the host's allocator has the page, or gave it to someone.
LRU, SLAB, BUDDY, ANON, PAGE_TABLE = 5, 7, 10, 12, 26
COUNT_PAGES = """
import struct, sys
start, end = (int(word) // 4096 for word in sys.argv[1:3])
with open("/proc/kpageflags", "rb", buffering=0) as file:
    file.seek(start * 8)
    data = b""
    while len(data) < (end - start) * 8:
        data += file.read((end - start) * 8 - len(data))
flags = struct.unpack(f"{end - start}Q", data)
print(sum(bool(one & %d) for one in flags))
""" % (1 << LRU | 1 << SLAB | 1 << BUDDY | 1 << ANON | 1 << PAGE_TABLE)
# What was never set aside: nearly all of it is in use, or free to be.
OTHERS = (1 << 30, 1 << 30 | 64 << 20)
SET_ASIDE = re.compile(r"kata-bm: (\d+) MiB at (0x\w+) on node \d+ set aside")


def host_pages(machine, start, end):
    """How many pages of a range the host uses."""
    return int(machine.run(f"python3 - {start} {end}", 120, stdin=COUNT_PAGES.encode()).text())


def set_aside(machine):
    """What the host's kernel has said at its start: [(start, end)]."""
    return [(int(start, 16), int(start, 16) + (int(size) << 20))
            for size, start in SET_ASIDE.findall(machine.run("dmesg", 60).text())]


def show(found):
    """For people."""
    return ", ".join(f"{start:#x}-{end - 1:#x}" for start, end in found)


def check(machine, isolation):
    """One guest of one mode."""
    with guest.Guest(machine, f"iomem-{isolation}", isolation=isolation) as vm:
        seen = ranges(vm.run("cat /proc/iomem", 60).text())
        lent = join([(one["start"], one["start"] + one["bytes"])
                     for one in vm.qmp.command("query-kata-bm")["extents"]])
        pages = [host_pages(machine, *one) for one in lent]
        vm.power_off()
    assert lent, "query-kata-bm names no extent"
    assert seen == lent, f"{isolation}: the guest sees {show(seen)}, lent were {show(lent)}"
    regions = set_aside(machine)
    for start, end in lent:
        assert any(first <= start and end <= last for first, last in regions), \
            f"{show(lent)} is not in what was set aside, {show(regions)}"
    assert not any(pages), f"{isolation}: the host uses {pages} pages of {show(lent)}"
    assert host_pages(machine, *OTHERS) > 0, f"nothing is seen in {show([OTHERS])}"
    return f"{isolation}: {show(seen)}\n"


def run(machine):
    """Both modes."""
    return "".join(check(machine, isolation) for isolation in ("walled", "direct"))
