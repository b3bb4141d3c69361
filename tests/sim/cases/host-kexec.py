# SPDX-License-Identifier: GPL-2.0-or-later
# about: kexec under a guest that spins stops it first; the new kernel has all CPUs
# limit: 240
# server: none
"""The host's kernel is replaced while a guest runs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lib  # noqa: E402

from kbmsim import server  # noqa: E402

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def run(options):
    """Loads the same kernel again and jumps into it."""
    kernel = Path(options.kernel)
    options.share = options.share + [f"kernel={kernel.resolve().parent}"]
    with server.Server(options) as machine:
        first = machine.run(BOOT_ID, 60).text()
        machine.run(f"kexec --load --reuse-cmdline /mnt/kernel/{kernel.name}", 60)
        lib.start_spinning_guest(machine)
        machine.agent.forget_ready()
        machine.agent.start("exec kexec --exec")
        assert machine.agent.wait_ready(180), \
            f"the new kernel does not come up:\n{machine.console_tail()}"
        assert machine.run(BOOT_ID, 60).text() != first, "the old kernel still runs"
        online = machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()
        assert online == "0-3", f"CPUs online afterwards: {online}"
        # The CPU that the guest had, and all of its node's memory, lent again.
        machine.run(f"kbm-payload --payload=hello --cpus={lib.LENT_CPU} --memory=1G --node=1",
                    120)
    return "the guest was stopped, all CPUs are back"
