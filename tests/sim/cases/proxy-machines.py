# SPDX-License-Identifier: GPL-2.0-or-later
# about: Debian's unmodified QEMU boots Linux on pc and q35, its KVM calls made over the proxy
# limit: 600
# server: none
"""By the preload library, on stock KVM. microvm, by the fork's own client: vmm-proxy."""

import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from kbmsim import server

QEMU = "qemu-system-x86_64"
FIRMWARE = [f"/usr/share/{name}" for name in (
    "seabios/bios-256k.bin", "seabios/bios.bin", "qemu/linuxboot_dma.bin", "qemu/kvmvapic.bin")]
# PCI IDs of their host bridges.
MACHINES = {"pc": "0x8086 0x1237", "q35": "0x8086 0x29c0"}
THERE = "/mnt/machines"
DAEMON = "/opt/kata-bm/bin/kbm-proxyd"
FOLDER = "/run/machines"
INIT = """#!/busybox sh
/busybox mkdir /proc /sys
/busybox mount -t proc proc /proc
/busybox mount -t sysfs sysfs /sys
cd /sys/bus/pci/devices/0000:00:00.0
read -r vendor <vendor
read -r device <device
echo "shell on $vendor $device, $(/busybox nproc) CPUs, $((6 * 7))"
/busybox poweroff -f
"""


def copy_qemu(folder):
    """The program, its loader, its libraries, its firmware."""
    program = shutil.which(QEMU)
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    for path in [program, *re.findall(r"(/\S+) \(0x", listed), *FIRMWARE,
                 server.BUILD / "proxy/libkbm-preload.so"]:
        shutil.copy(path, folder)


def make_initramfs(folder):
    """A shell that says a line, and ends the machine."""
    (folder / "init").write_text(INIT, encoding="utf-8")
    (folder / "list").write_text(
        "dir /dev 755 0 0\nnod /dev/console 600 0 0 c 5 1\n"
        f"file /init {folder}/init 755 0 0\nfile /busybox /bin/busybox 755 0 0\n",
        encoding="utf-8")
    with open(folder / "initrd", "wb") as file:
        subprocess.run([server.BUILD / "obj/host-kernel/usr/gen_init_cpio", folder / "list"],
                       check=True, stdout=file)


def qemu_command(machine):
    """An ordinary QEMU, which does not know of the proxy."""
    console = f"{FOLDER}/{machine}.console"
    words = [f"{THERE}/{QEMU}", "-accel", "kvm", "-machine", machine, "-cpu", "host",
             "-smp", "2", "-m", "256M", "-nodefaults", "-no-user-config", "-display", "none",
             "-no-reboot", "-L", THERE, "-kernel", f"{THERE}/bzImage", "-initrd",
             f"{THERE}/initrd",
             "-append", "'console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check'",
             "-serial", f"file:{console}"]
    return (f"KBM_PROXY=unix:{FOLDER}/proxyd.socket exec {THERE}/ld-linux-x86-64.so.2 "
            f"--library-path {THERE} --preload {THERE}/libkbm-preload.so {' '.join(words)}")


def sessions(there):
    """What the daemon says of each session."""
    text = there.run(f"{DAEMON} --run-directory {FOLDER} --status --json", 60).text()
    return json.loads(text)["sessions"]


def boot(there, machine):
    """Boots it to the shell's line and its end; how many times KVM_RUN has ended."""
    job = there.agent.start(qemu_command(machine))
    runs = 0
    try:
        while not job.over and there.time_left > 5:
            runs = max([runs, *(session["counters"]["runs"] for session in sessions(there)
                                if session["vcpus"] == 2)])
            there.run("sleep 1", 30)
    finally:
        console = there.run(f"cat {FOLDER}/{machine}.console", 60, check=False).text()
    wanted = f"shell on {MACHINES[machine]}, 2 CPUs, 42"
    assert job.over and job.status == 0 and wanted in console, (
        f"{machine}: {job.status if job.over else 'still running'}; {job.text(130)}\n{console}")
    assert runs, f"{machine}: no twin ran its vCPUs"
    return runs


def run(options):
    """Both machines on a server of their own."""
    if not shutil.which(QEMU):
        raise unittest.SkipTest(f"no {QEMU} here")
    folder = Path(options.out) / "machines"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    copy_qemu(folder)
    make_initramfs(folder)
    shutil.copy(options.kernel, folder / "bzImage")
    options.share = options.share + [f"machines={folder}"]
    options.lendable, options.nodes, options.memory = "", 1, "4G"
    # Tens of thousands of exits: where the emulated CPUs run at once, each costs milliseconds.
    options.icount, options.cpus = 0, 2
    with server.Server(options) as there:
        there.run("grep -q ^nobody: /etc/passwd || "
                  "echo nobody:x:65534:65534::/nonexistent:/bin/false >>/etc/passwd", 60)
        there.agent.start(f"exec {DAEMON} --run-directory {FOLDER}")
        there.run(f"timeout 60 sh -c 'until [ -S {FOLDER}/proxyd.socket ]; do sleep 0.1; done'", 90)
        runs = {machine: boot(there, machine) for machine in MACHINES}
    return ", ".join(f"{machine}: KVM_RUN ended {count} times" for machine, count in runs.items())
