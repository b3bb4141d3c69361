# SPDX-License-Identifier: GPL-2.0-or-later
# about: kexec under a guest that spins stops it first; the new kernel has all CPUs
# limit: 240
# server: none
"""The host's kernel is replaced while a guest runs.

The first new kernel leaves all CPUs but its own alone, so that a guest that nobody has
stopped would still be seen to run; the second takes them back.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import lib  # noqa: E402

from kbmsim import server  # noqa: E402

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def load(machine, kernel, words=""):
    """Loads the same kernel again, with these words at the end of its command line."""
    machine.run(f"kexec --load /mnt/kernel/{kernel.name} "
                f"--command-line=\"$(cat /proc/cmdline) {words}\"", 60)


def jump(machine):
    """Jumps into what is loaded; the CPUs that are online then."""
    before = machine.run(BOOT_ID, 60).text()
    machine.agent.forget_ready()
    machine.agent.start("exec kexec --exec")
    assert machine.agent.wait_ready(180), \
        f"the new kernel does not come up:\n{machine.console_tail()}"
    assert machine.run(BOOT_ID, 60).text() != before, "the old kernel still runs"
    return machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()


def run(options):
    """Both kernels, one after the other."""
    kernel = Path(options.kernel)
    options.share = options.share + [f"kernel={kernel.resolve().parent}"]
    with server.Server(options) as machine:
        load(machine, kernel, "maxcpus=1")
        lib.start_spinning_guest(machine)
        online = jump(machine)
        assert online == "0", f"CPUs online with maxcpus=1: {online}"
        lib.assert_guest_stopped(machine)
        load(machine, kernel, "maxcpus=4")
        online = jump(machine)
        assert online == "0-3", f"CPUs online afterwards: {online}"
        # The CPU that the guest had, and all of its node's memory, lent again.
        machine.run(f"kbm-payload --payload=hello --cpus={lib.LENT_CPU} --memory=1G --node=1",
                    120)
    return "the guest was stopped, all CPUs are back"
