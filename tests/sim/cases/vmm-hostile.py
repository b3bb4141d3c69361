# SPDX-License-Identifier: GPL-2.0-or-later
# about: a guest that sends nonsense to its virtio devices does not upset the VMM
# limit: 300
"""Fuzzes virtio-bm from inside a guest: see vmm_hostile.S."""

import importlib.util
import subprocess
import tempfile
from pathlib import Path

from kbmsim import qmp
from kbmsim.guest import VMM

HERE = Path(__file__).parent
ROUNDS = 3000
SEEDS = (0x9e3779b97f4a7c15, 0x123456789abcdef1)
DEVICES = [
    "-drive", "if=none,id=d,file=/run/hostile.img,format=raw",
    "-device", "virtio-blk-bm,drive=d",
    "-object", "iothread,id=io",
    "-drive", "if=none,id=e,file=/run/hostile2.img,format=raw",
    "-device", "virtio-blk-bm,drive=e,iothread=io",
    "-device", "virtio-rng-bm", "-device", "virtio-serial-bm",
    "-fsdev", "local,id=f,path=/opt,security_model=none,readonly=on",
    "-device", "virtio-9p-bm,fsdev=f,mount_tag=f",
    "-netdev", "socket,id=n,udp=127.0.0.1:9,localaddr=127.0.0.1:9999",
    "-device", "virtio-net-bm,netdev=n",
]


def ends():
    """The case beside this one, for its images."""
    spec = importlib.util.spec_from_file_location("ends", HERE / "vmm-ends.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assemble(seed):
    """The guest's instructions."""
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder, "code")
        subprocess.run(["gcc", "-nostdlib", "-static", "-Wl,--build-id=none,-Ttext=0",
                        f"-DSEED={seed:#x}", f"-DROUNDS={ROUNDS}", "-o", f"{code}.elf",
                        HERE / "vmm_hostile.S"], check=True)
        subprocess.run(["objcopy", "-O", "binary", "-j", ".text", f"{code}.elf", code],
                       check=True)
        return code.read_bytes()


def run(machine):
    """Both modes, with another seed each."""
    images = ends()
    machine.run("truncate -s 4M /run/hostile.img /run/hostile2.img", 60)
    for isolation, seed in zip(("walled", "direct"), SEEDS):
        path = images.put_image(machine, "hostile", assemble(seed))
        arguments = " ".join(DEVICES)
        vmm = machine.agent.start(
            f"exec {VMM} -machine kata-bm,isolation={isolation},cpus=2 -m 64M -nodefaults "
            f"-display none -kernel {path} {arguments} -qmp stdio")
        session = qmp.over_job(vmm)
        event = session.wait_event(["KATA_BM_ENDED"], 200)["data"]
        images.check(f"{isolation}: end", event, {"reason": "shutdown", "detail": 0})
        images.check(f"{isolation}: exit status", vmm.wait(60), 0)
    return f"{2 * ROUNDS} messages"
