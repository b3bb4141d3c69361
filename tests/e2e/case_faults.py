# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong requests, and things that are killed: a clear error, and nothing is left."""

import json
import os
import signal
import subprocess
import time

import harness
from case_basic import equal, topics
from harness import IMAGE, RUNTIME


def test_kill_shim(c):
    """kill -9 of the shim: containerd knows, and can delete it."""
    with c.events() as events:
        c.start_container("noshim", "/bin/sleep", "1000")
        os.kill(c.shim_pid("noshim"), signal.SIGKILL)
        harness.wait_until("the task", lambda: c.status("noshim"),
                           lambda status: status in (None, "STOPPED", "UNKNOWN"))
        time.sleep(1)
    c.end_container("noshim")
    equal(topics(events, "noshim"), ["create", "start", "exit", "delete"])


def test_kill_qemu(c):
    """kill -9 of QEMU: the container has ended, and its shim has not."""
    c.start_container("noqemu", "/bin/sleep", "1000")
    os.kill(harness.qemu_of(c.shim_pid("noqemu")), signal.SIGKILL)
    c.wait_status("noqemu", "STOPPED")
    equal(c.delete_task("noqemu"), 255)
    c.run("container", "delete", "noqemu")


def test_kill_qemu_in_create(c):
    """The same while it boots: Create fails and says why."""
    words = ["ctr", *c.run_words("--rm"), IMAGE, "early", "/bin/true"]
    with subprocess.Popen(words, env=c.environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        qemus = harness.wait_until("QEMU", lambda: harness.processes_of("qemu"),
                                   pause=0.005)
        os.kill(qemus[0], signal.SIGKILL)
        _, text = process.communicate(timeout=60)
        assert process.returncode and "boot of the guest" in text or "signal 9" in text, text
    c.end_container("early")


def test_kill_containerd(c):
    """kill -9 of containerd: the container goes on, and the new one knows it."""
    c.start_container("restart", "/bin/sleep", "1000")
    c.kill()
    c.start()
    equal(c.status("restart"), "RUNNING")
    equal(c.execute("restart", "/bin/echo", "still").stdout, "still\n")
    c.run("task", "kill", "-s", "SIGKILL", "restart")
    c.wait_status("restart", "STOPPED")
    c.end_container("restart")


def test_kill_container_containerd(c):
    """It ends while there is no containerd."""
    c.start_container("alone", "/bin/sh", "-c", "sleep 2; exit 3")
    c.kill()
    time.sleep(3)
    c.start()
    c.wait_status("alone", "STOPPED")
    equal(c.delete_task("alone"), 3)
    c.run("container", "delete", "alone")


def create_with_config(c, name, change):
    """`ctr run` of a container whose config.json @change has changed."""
    path = c.dir / "spec.json"
    path.write_text(json.dumps(change({
        "ociVersion": "1.0.2", "root": {"path": "rootfs"},
        "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0},
                    "env": ["PATH=/bin"]},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": kind} for kind in
                                 ("pid", "ipc", "uts", "mount", "network")]}})),
                    encoding="utf-8")
    done = c.run("container", "create", "--runtime", RUNTIME, "--runtime-config-path",
                 c.shim_config, "--config", path, "--snapshotter", "overlayfs", name, check=False)
    if done.returncode == 0:
        done = c.run("task", "start", name, check=False)
    c.end_container(name)
    return done.returncode, done.stderr


def test_bad_config(c):
    """config.json that is wrong in several ways."""
    def without(key):
        return lambda spec: {k: v for k, v in spec.items() if k != key}

    def host_pid(spec):
        spec["linux"]["namespaces"] = [n for n in spec["linux"]["namespaces"]
                                       if n["type"] != "pid"]
        return spec

    def no_root(spec):
        spec["root"]["path"] = "nowhere"
        return spec

    for name, change, words in (("nolinux", without("linux"), "network"),
                                ("hostpid", host_pid, "hostPID"),
                                ("noroot", no_root, "nowhere"),
                                ("noprocess", without("process"), "")):
        status, text = create_with_config(c, name, change)
        assert status and words in text, (name, text)
        assert harness.left_over() is None, name


def test_host_network(c):
    """Refused, with words."""
    done = c.run_container("hostnet", "/bin/true", options=("--net-host",), check=False)
    assert done.returncode and "network" in done.stderr, done.stderr
    c.end_container("hostnet")


def test_bad_configuration(c):
    """configuration.toml with a key that does not exist: file and line."""
    path = c.dir / "bad.toml"
    path.write_text("[hypervisor.qemu]\n\nno_such_key = 1\n", encoding="ascii")
    done = c.run("run", "--rm", "--runtime", RUNTIME, "--runtime-config-path", path, IMAGE, "toml",
                 "/bin/true", check=False)
    assert done.returncode and f"{path}:3" in done.stderr, done.stderr


def test_no_kernel(c):
    """A configuration that names what is not there."""
    path = c.dir / "nokernel.toml"
    path.write_text('[hypervisor.qemu]\nisolation = "none"\nkernel = "/nowhere/bzImage"\n',
                    encoding="ascii")
    done = c.run("run", "--rm", "--runtime", RUNTIME, "--runtime-config-path", path, IMAGE,
                 "nokernel", "/bin/true", check=False)
    assert done.returncode and "/nowhere/bzImage" in done.stderr, done.stderr
