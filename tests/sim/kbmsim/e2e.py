# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/e2e in the control BM: its containerd, its shim, guests with lent CPUs and memory.

What the cases need besides the control BM's own programs (Python, busybox, CNI's plugins) is
on a disk, and laid below /usr: nothing of the control BM's is replaced.
"""

import shlex

from . import control
from .agent import STDOUT, AgentError
from .server import BUILD, Server

# Room for four guests beside the control BM.
SERVER_OPTIONS = {"init": "systemd", "cpus": 8, "memory": "14G", "lendable": "3G@0,2G@1"}
DISK = "e2e"
LAY_BELOW = (f"mount -o ro /dev/disk/by-name/{DISK} /mnt && "
             "mount -t overlay -o ro,lowerdir=/usr:/mnt/usr e2e /usr")
ENVIRONMENT = {
    "E2E_SHIM": "/usr/local/bin/containerd-shim-kata-bm-v2",
    "E2E_KERNEL": "/opt/kata-bm/boot/bzImage",
    "E2E_INITRD": "/opt/kata-bm/boot/kata-bm-initrd.img",
    "E2E_ISOLATION": "walled",
    # What runs the cases is emulated, too.
    "E2E_PATIENCE": "5",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PATH": "/usr/local/bin:/usr/bin:/usr/sbin:/opt/kata-bm/bin",
}


def add_image(options):
    """Gives a server the disk with the cases."""
    options.disk = options.disk + [f"{DISK}={BUILD / 'images/e2e.img'}"]


def run(options, words, tell):
    """tests/e2e/run WORDS on a server with these @options; its exit status.

    @tell gets what it prints, as bytes, while it runs.
    """
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in ENVIRONMENT.items())
    command = f"exec env {settings} python3 /mnt/e2e/run {shlex.join(words)} 2>&1"
    machine = Server(options)
    # containerd is the cases' own; the control BM's would only take time to start.
    manager = control.ControlBm(machine, memory="2G", disks=(DISK,),
                                append=control.WITHOUT_CONTAINERD)
    try:
        with machine, manager:
            manager.run(LAY_BELOW, 60)
            job = manager.agent.start(
                command, on_output=lambda kind, data: tell(data) if kind == STDOUT else None)
            job.close_stdin()
            return job.wait(machine.time_left)
    except AgentError as error:
        raise machine.explain(manager.explain(error)) from None
