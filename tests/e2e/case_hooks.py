# SPDX-License-Identifier: GPL-2.0-or-later
"""OCI hooks: programs that run beside the guest, as nerdctl makes its networks."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from case_basic import equal
from harness import COMMANDS, processes, wait_until

ADDRESS = "10.188.78.1"
# As `nerdctl internal oci-hook createRuntime` does: the namespace is found by the process.
NETWORK = f"""
pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' state.prestart)
ip link add kbme2e type veth peer name eth7 netns $pid
ip address add {ADDRESS}/24 dev kbme2e
ip link set kbme2e up
nsenter -t $pid -n ip address add 10.188.78.2/24 dev eth7
nsenter -t $pid -n ip link set eth7 up
"""


class Bundle:
    """A config.json and a root that ctr uses as they are, with hooks that write into a folder."""

    def __init__(self, c, *command):
        self.dir = c.dir / "hooks"
        shutil.rmtree(self.dir, ignore_errors=True)
        self.root = self.dir / "root"
        for name in ("bin", "proc", "dev", "sys", "tmp"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(os.path.realpath(shutil.which("busybox")), self.root / "bin/busybox")
        for name in COMMANDS:
            (self.root / "bin" / name).symlink_to("busybox")
        self.hooks = {}
        self.spec = {
            "ociVersion": "1.0.2", "hostname": "hooked", "annotations": {"a.b/c": "d e"},
            "process": {"args": list(command), "env": ["PATH=/bin"], "cwd": "/",
                        "user": {"uid": 0, "gid": 0}},
            "root": {"path": str(self.root)},
            "mounts": [{"destination": f"/{kind}", "type": name, "source": name}
                       for kind, name in (("proc", "proc"), ("dev", "tmpfs"))],
            "linux": {"namespaces": [{"type": name} for name in (
                "pid", "ipc", "uts", "mount", "network")]},
        }

    def add(self, point, script, timeout=None):
        """A hook that is a shell script, and knows its folder as $0."""
        hook = {"path": "/bin/sh", "args": ["sh", "-c", f"cd $0; {script}", str(self.dir)],
                "env": [f"PATH={os.environ['PATH']}"]}
        if timeout:
            hook["timeout"] = timeout
        self.hooks.setdefault(point, []).append(hook)

    def note_all(self, *points):
        """A hook at each that writes down what it is told."""
        for point in points:
            self.add(point, f"cat >state.{point}; echo {point} >>points")

    def write(self):
        """The path for ctr's --config."""
        path = self.dir / "spec.json"
        path.write_text(json.dumps(self.spec | {"hooks": self.hooks}), encoding="ascii")
        return str(path)

    def state(self, point):
        """What the hook there was told."""
        return json.loads((self.dir / f"state.{point}").read_text(encoding="ascii"))

    def points(self):
        """Names of the hooks that have run, in order."""
        path = self.dir / "points"
        return path.read_text(encoding="ascii").split() if path.exists() else []


def run(c, bundle, name, *options, **more):
    """`ctr run` of it."""
    return c.run(*c.run_words("--config", bundle.write(), *options), name, **more)


def test_hooks(c):
    """Each at its time, with its state."""
    bundle = Bundle(c, "/bin/sleep", "1000")
    bundle.note_all("prestart", "createRuntime", "poststart", "poststop")
    run(c, bundle, "hooks", "-d")
    equal(bundle.points(), ["prestart", "createRuntime", "poststart"])
    first, runs = bundle.state("prestart"), bundle.state("poststart")
    equal((first["id"], first["status"], first["annotations"], first["ociVersion"]),
          ("hooks", "creating", {"a.b/c": "d e"}, "1.0.2"))
    assert (Path(first["bundle"]) / "config.json").exists(), first
    # It stood for the container, and is not needed any more.
    assert not os.path.exists(f"/proc/{first['pid']}"), first
    equal((runs["status"], processes().get(runs["pid"])), ("running", "qemu"))
    c.end_container("hooks")
    equal(bundle.points(), ["prestart", "createRuntime", "poststart", "poststop"])
    last = bundle.state("poststop")
    equal((last["status"], last.get("pid")), ("stopped", None))


def test_hooks_network(c):
    """What a createRuntime hook puts into the network namespace is the guest's."""
    with socket.socket() as server:
        server.bind(("", 0))
        server.listen()
        bundle = Bundle(c, "/bin/sh", "-c", "ip address show dev eth7; "
                        f"echo hello | nc {ADDRESS} {server.getsockname()[1]}")
        server.settimeout(20)
        bundle.note_all("prestart")
        bundle.add("createRuntime", NETWORK)
        log = bundle.dir / "log"
        try:
            run(c, bundle, "hooknet", "-d", "--log-uri", f"file://{log}")
            with server.accept()[0] as connection:
                equal(connection.recv(100), b"hello\n")
            c.end_container("hooknet")
        finally:
            subprocess.run(["ip", "link", "delete", "kbme2e"], check=False,
                           stderr=subprocess.DEVNULL)
        assert "10.188.78.2/24" in log.read_text(encoding="ascii")


def test_hooks_fail(c):
    """One that fails before the guest is there ends the creation; poststop is still run."""
    bundle = Bundle(c, "/bin/true")
    bundle.add("createRuntime", "echo no such bridge >&2; exit 5")
    bundle.note_all("createRuntime", "poststart", "poststop")
    done = run(c, bundle, "hookfail", "--rm", check=False)
    assert done.returncode and "exit status 5: no such bridge" in done.stderr, done
    equal(bundle.points(), ["poststop"])


def test_hooks_late(c):
    """One that does not end is killed; a poststart that fails is no failure."""
    bundle = Bundle(c, "/bin/true")
    bundle.add("prestart", "exec sleep 1000", timeout=1)
    start = time.monotonic()
    done = run(c, bundle, "hooklate", "--rm", check=False)
    assert done.returncode and "still ran after 1 s" in done.stderr, done
    assert time.monotonic() - start < 15
    bundle = Bundle(c, "/bin/echo", "out")
    bundle.add("poststart", "exit 1")
    equal(run(c, bundle, "hooklate", "--rm").stdout, "out\n")


def test_hooks_shim_dies(c):
    """kill -9 of the shim: its poststop hooks are run all the same, and once."""
    bundle = Bundle(c, "/bin/sleep", "1000")
    bundle.note_all("poststop")
    run(c, bundle, "hookdies", "-d")
    os.kill(c.shim_pid("hookdies"), signal.SIGKILL)
    wait_until("what hooks wrote", bundle.points)
    c.end_container("hookdies")
    equal(bundle.points(), ["poststop"])
