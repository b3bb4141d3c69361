# SPDX-License-Identifier: GPL-2.0-or-later
# about: direct I/O and registered buffers in an extent with pages of 1 GiB and of 2 MiB
# limit: 300
# options: --memory 12G --lendable 2G@0,1G@1
"""As channel.py, with an extent that has both sizes of compound pages."""

import importlib.util
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("channel", Path(__file__).with_name("channel.py"))
channel = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(channel)

# A GiB, and 16 pages more.
EXTENT = 1024 + 32
# KiB that are free, with those that CPUs keep in their lists.
FREE = ("sync; echo 3 >/proc/sys/vm/drop_caches; awk '/nr_free_pages/ || /^ +count:/ "
        "{ pages += $2 } END { print pages * 4 }' /proc/zoneinfo")


def session_cost(manager, host, ended):
    """What a session costs the control BM, in KiB; ends it."""
    before = int(manager.run(FREE, 60).text())
    job, line = channel.hold(manager, 90)
    assert line.endswith("+0x42000000\n"), line
    after = int(manager.run(FREE, 60).text())
    job.signal(9)
    channel.wait_for("the host sees the end", lambda: host.count("has ended") == ended, 90)
    return before - after


def run(machine):
    """One session."""
    machine.run(f"truncate -s 64M {channel.DISK}", 60)
    host = channel.Host(machine, EXTENT)
    with channel.control_bm(machine, host.place) as manager:
        channel.prepare(manager)
        # The first one brings slabs and page tables that stay.
        session_cost(manager, host, 1)
        cost = session_cost(manager, host, 2)
        said = manager.run("/run/kbm-channel io /dev/vdc 2>&1", 200).text()
        channel.wait_for("the third end", lambda: host.count("has ended") == 3, 90)
        manager.power_off()
    host.end()
    # 16.5 MiB are what struct pages of 4 KiB would need; the client itself counts, too.
    assert 0 < cost < 8192, f"an extent of 1056 MiB costs {cost} KiB"
    return f"{said}{cost} KiB of the control BM's memory for 1056 MiB\n"
