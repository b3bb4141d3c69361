# SPDX-License-Identifier: GPL-2.0-or-later
# about: with SMT a guest gets whole cores, or a refusal that names the other CPU
# limit: 180
# server: none
"""Hardware threads of one core belong to one guest, or to the host."""

from kbmsim import guest, server


def refused(machine, command):
    """A command that must not start a guest on CPU 2; what it says."""
    job = machine.run(command, 60, check=False)
    text = job.text() + job.text(130)
    assert job.status == 1, f"{command}: status {job.status}: {text}"
    assert "CPU 2 shares its core with CPU 3" in text, f"{command}: {text}"
    online = machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()
    assert online == "0-3", f"{command}: CPUs online afterwards: {online}"
    return text


def run(options):
    """Half a core, then a whole one, by the small VMM and by QEMU."""
    options.threads = 2
    with server.Server(options) as machine:
        siblings = machine.run(
            "cat /sys/devices/system/cpu/cpu2/topology/thread_siblings_list", 60).text()
        assert siblings.strip() == "2-3", f"CPU 2 is of the core {siblings}"
        text = refused(machine, "kbm-payload --cpus=2")
        refused(machine, f"{guest.VMM} -machine kata-bm,cpus=2,node=0 -m 256M -nodefaults "
                         f"-display none -kernel {guest.KERNEL}")
        machine.run("kbm-payload --cpus=2,3", 60)
        with guest.Guest(machine, "core", isolation="walled") as vm:
            cpus = vm.run("nproc", 60).text().strip()
            assert cpus == "2", f"the guest has {cpus} CPUs"
            assert vm.power_off() == 0
    return text
