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


def run(machine):
    """One session."""
    machine.run(f"truncate -s 64M {channel.DISK}", 60)
    host = channel.Host(machine, EXTENT)
    with channel.control_bm(machine, host.place) as manager:
        channel.prepare(manager)
        before = int(manager.run("awk '/MemFree/ { print $2 }' /proc/meminfo", 60).text())
        job, line = channel.hold(manager, 90)
        assert line.endswith("+0x42000000\n"), line
        after = int(manager.run("awk '/MemFree/ { print $2 }' /proc/meminfo", 60).text())
        job.signal(9)
        channel.wait_for("the host sees the end", lambda: host.count("has ended") == 1, 90)
        said = manager.run("/run/kbm-channel io /dev/vdc 2>&1", 200).text()
        channel.wait_for("the second end", lambda: host.count("has ended") == 2, 90)
        manager.power_off()
    host.end()
    # 16.5 MiB are what struct pages of 4 KiB would need; the client itself counts, too.
    assert before - after < 8192, f"an extent of 1056 MiB costs {before - after} KiB"
    return f"{said}{before - after} KiB of the control BM's memory for 1056 MiB\n"
