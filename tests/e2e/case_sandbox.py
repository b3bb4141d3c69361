# SPDX-License-Identifier: GPL-2.0-or-later
"""The sandbox API: a guest that is there before its containers, and outlives them.

containerd 1.7.24 has it half done: its gRPC service does what it is asked and then fails
to tell so (EVENTS), `ctr sandboxes run` starts what it has not created, and only CRI with
sandbox_mode = "shim" says all that a pod has. 1.6 has none of it; the shim's service is
called without containerd there, too.
"""

import contextlib
import json
import os
import signal
import subprocess
import time

import grpc

import cri
import harness
import sandbox
from case_basic import equal, topics
from case_cri import BOOT_ID, EXITED, RUNNING, fails_with, wait_state
from case_faults import qemu_of
from harness import IMAGE, NAMESPACE, RUNTIME

READY, NOT_READY = "SANDBOX_READY", "SANDBOX_NOTREADY"
# What a server of 1.7 says when the work is done, of its own event.
EVENTS = "must start with '/'"
INVALID, NOT_FOUND, EXISTS, FAILED, UNIMPLEMENTED = 3, 5, 6, 9, 12


def done(call, *words):
    """Its answer, or None if it did its work and then failed to tell so."""
    try:
        return call(*words)
    except grpc.RpcError as error:
        if EVENTS not in error.details():
            raise
        return None


@contextlib.contextmanager
def sandboxes_of(c):
    """A client; what a failed case leaves is removed."""
    if c.run("sandboxes", "ls", check=False).returncode:
        raise harness.Skip("ctr knows no sandboxes: containerd before 1.7")
    client = sandbox.Sandboxes(c)
    try:
        yield client
    finally:
        for line in c.run("sandboxes", "ls").stdout.splitlines()[1:]:
            c.run("sandboxes", "rm", "--force", line.split()[0], check=False)
        client.close()


def run_sandbox(client, name, **options):
    """Stores, creates and starts it."""
    client.store(name, **options)
    done(client.ask, "Create", name)
    done(client.ask, "Start", name)


def run_in(c, name, box, *command, check=True):
    """`ctr run -d --sandbox`."""
    return c.run(*c.run_words("-d", "--sandbox", box), IMAGE, name, *command, check=check)


def qemus():
    """Processes of guests."""
    return [pid for pid, name in harness.processes().items() if name == "qemu"]


def test_sandbox(c):
    """Its whole life, without a container."""
    with sandboxes_of(c) as client:
        client.store("box")
        done(client.ask, "Create", "box")
        equal((client.state("box"), qemus()), (NOT_READY, []))
        done(client.ask, "Start", "box")
        status = client.ask("Status", "box")
        equal((sandbox.text(status, 3), status[2]), (READY, qemus()))
        assert "box" in c.run("sandboxes", "ls").stdout
        wait = client.future(sandbox.CONTROLLER, "Wait", {1: "box"})
        time.sleep(0.5)
        assert not wait.done()
        client.ask("Stop", "box")
        equal((client.state("box"), qemus()), (NOT_READY, []))
        done(wait.result)
        client.ask("Stop", "box")
        c.run("sandboxes", "rm", "box")
        assert "box" not in c.run("sandboxes", "ls").stdout
        equal(harness.left_over(), None)


def test_sandbox_containers(c):
    """All in one guest, which goes on without them; its end is theirs."""
    with sandboxes_of(c) as client, c.events() as events:
        run_sandbox(client, "many")
        run_in(c, "one", "many", "/bin/sleep", "1000")
        run_in(c, "two", "many", "/bin/sleep", "1000")
        boot_id = c.execute("one", "/bin/cat", BOOT_ID).stdout
        equal(c.execute("two", "/bin/cat", BOOT_ID).stdout, boot_id)
        c.end_container("one")
        c.end_container("two")
        equal((client.state("many"), len(qemus())), (READY, 1))
        run_in(c, "three", "many", "/bin/sleep", "1000")
        equal(c.execute("three", "/bin/cat", BOOT_ID).stdout, boot_id)
        client.ask("Stop", "many")
        c.wait_status("three", "STOPPED")
        c.end_container("three")
        c.run("sandboxes", "rm", "many")
    for name in ("one", "two", "three"):
        equal(topics(events, name), ["create", "start", "exec-added", "exec-started", "exit",
                                     "exit", "delete"])


def test_sandbox_not_running(c):
    """A container cannot start its sandbox, nor come to one that has ended."""
    with sandboxes_of(c) as client:
        client.store("early")
        done(client.ask, "Create", "early")
        failed = run_in(c, "no", "early", "/bin/true", check=False)
        assert failed.returncode and "has not been started" in failed.stderr, failed.stderr
        c.end_container("no")
        equal(qemus(), [])
        done(client.ask, "Start", "early")
        client.ask("Stop", "early")
        failed = run_in(c, "no", "early", "/bin/true", check=False)
        assert failed.returncode and "has ended" in failed.stderr, failed.stderr
        c.end_container("no")
        c.run("sandboxes", "rm", "early")


def test_sandbox_fails(c):
    """It cannot start: why, and nothing is left."""
    path = c.dir / "nokernel.toml"
    path.write_text('[hypervisor.qemu]\nisolation = "none"\nkernel = "/nowhere/bzImage"\n',
                    encoding="ascii")
    with sandboxes_of(c) as client:
        client.store("nokernel", config=path)
        done(client.ask, "Create", "nokernel")
        with fails_with("/nowhere/bzImage"):
            client.ask("Start", "nokernel")
        equal(harness.left_over(), None)
        client.forget("nokernel")


def test_sandbox_removed(c):
    """`ctr sandboxes rm` of one that runs, with a container that does."""
    with sandboxes_of(c) as client:
        run_sandbox(client, "removed")
        run_in(c, "orphan", "removed", "/bin/sleep", "1000")
        c.run("sandboxes", "rm", "removed")
        equal(harness.left_over(), None)
        c.end_container("orphan")


def test_sandbox_guest_dies(c):
    """kill -9 of QEMU: who waits hears it, and it can be removed."""
    with sandboxes_of(c) as client:
        run_sandbox(client, "dies")
        run_in(c, "inside", "dies", "/bin/sleep", "1000")
        wait = client.future(sandbox.CONTROLLER, "Wait", {1: "dies"})
        time.sleep(0.5)
        os.kill(qemus()[0], signal.SIGKILL)
        done(wait.result)
        equal(client.state("dies"), NOT_READY)
        c.wait_status("inside", "STOPPED")
        equal(c.delete_task("inside"), 255)
        c.run("container", "delete", "inside")
        c.run("sandboxes", "rm", "dies")


def test_sandbox_shim_dies(c):
    """kill -9 of the shim: nothing is left but containerd's entry."""
    with sandboxes_of(c) as client:
        run_sandbox(client, "noshim")
        run_in(c, "noshim-one", "noshim", "/bin/sleep", "1000")
        os.kill(c.shim_pid("noshim"), signal.SIGKILL)
        equal(harness.left_over(), None)
        equal(client.state("noshim"), "")
        c.end_container("noshim-one")
        client.forget("noshim")


def test_sandbox_restart_containerd(c):
    """A new containerd finds the sandbox and its containers as they were."""
    with sandboxes_of(c) as client:
        run_sandbox(client, "kept")
        run_in(c, "before", "kept", "/bin/sleep", "1000")
        c.kill()
        c.start()
        guest = qemus()
        client = sandbox.Sandboxes(c)
        equal((client.state("kept"), c.status("before")), (READY, "RUNNING"))
        run_in(c, "after", "kept", "/bin/sleep", "1000")
        equal(c.execute("after", "/bin/cat", BOOT_ID).stdout,
              c.execute("before", "/bin/cat", BOOT_ID).stdout)
        # Of a container that it found containerd runs our `delete`, too.
        c.end_container("before")
        equal((client.state("kept"), c.status("after"), qemus()), (READY, "RUNNING", guest))
        c.end_container("after")
        c.run("sandboxes", "rm", "kept")
        client.close()


@contextlib.contextmanager
def pods_of(c):
    """A CRI client of a server whose pods are sandboxes of the shim's service."""
    if c.run("sandboxes", "ls", check=False).returncode:
        raise harness.Skip("CRI knows no sandboxes: containerd before 1.7")
    config = c.dir / "config.toml"
    text = config.read_text(encoding="utf-8")
    line = f'runtime_type = "{RUNTIME}"\n'
    restart(c, text.replace(line, line + 'sandbox_mode = "shim"\nsandboxer = "shim"\n'), "1")
    client = cri.Client(c.address, IMAGE)
    try:
        with contextlib.closing(client):
            yield client
            for pod in list(client.pods):
                client.remove_pod(pod)
    finally:
        restart(c, text, "")


def restart(c, text, enable):
    """containerd with another configuration."""
    c.kill(signal.SIGTERM)
    (c.dir / "config.toml").write_text(text, encoding="utf-8")
    c.environment["ENABLE_CRI_SANDBOXES"] = enable
    c.start()


def test_sandbox_pod(c):
    """A pod of CRI: one guest, one network, names and addresses, its limits."""
    with pods_of(c) as client:
        dns = {1: ["10.9.8.7"], 2: ["one.example", "two.example"], 3: ["ndots:3"]}
        pod = client.run_pod("web", more={4: dns, 8: {5: {1: 100000, 2: 200000, 4: 300 << 20}}})
        equal((client.pod_state(pod), len(qemus())), (0, 1))
        one = client.start(pod, "one", "/bin/sleep", "1000")
        two = client.start(pod, "two", "/bin/sleep", "1000")
        equal(client.execute(one, "/bin/cat", BOOT_ID), client.execute(two, "/bin/cat", BOOT_ID))
        equal(client.execute(two, "/bin/hostname")[1], "web\n")
        equal(client.execute(two, "/bin/cat", "/etc/hostname")[1], "web\n")
        equal(client.execute(two, "/bin/cat", "/etc/resolv.conf")[1],
              "search one.example two.example\nnameserver 10.9.8.7\noptions ndots:3\n")
        with open("/etc/hosts", encoding="utf-8") as hosts:
            equal(client.execute(two, "/bin/cat", "/etc/hosts")[1], hosts.read())
        client.execute(one, "/bin/touch", "/dev/shm/common")
        equal(client.execute(two, "/bin/ls", "/dev/shm")[1], "common\n")
        equal(client.execute(one, "/bin/grep", "-c", "^processor", "/proc/cpuinfo")[1], "2\n")
        assert client.pod_address(pod) in client.execute(one, "/bin/ip", "address")[1]
        client.stop(one)
        equal(wait_state(client, one, EXITED)[1], 137)
        client.remove(one)
        equal((client.pod_state(pod), client.status(two)[0]), (0, RUNNING))
        client.remove_pod(pod)


def test_sandbox_pod_host_network(c):
    """Refused, with words; nothing is left."""
    with pods_of(c) as client:
        with fails_with("hostNetwork"):
            client.run_pod("host", more={8: {2: {1: {1: 2}}}})


def test_sandbox_pod_guest_dies(c):
    """kill -9 of QEMU: the pod is not ready, its containers have ended."""
    with pods_of(c) as client:
        pod = client.run_pod("dies")
        container = client.start(pod, "one", "/bin/sleep", "1000")
        os.kill(qemus()[0], signal.SIGKILL)
        equal(wait_state(client, container, EXITED)[1], 255)
        end = time.monotonic() + 20
        while client.pod_state(pod) == 0:
            assert time.monotonic() < end
            time.sleep(0.1)
        client.remove_pod(pod)


class Shim:
    """A shim that was started as containerd does it, and a connection."""

    def __init__(self, c, name):
        self.name = name
        self.bundle = c.dir / name
        self.bundle.mkdir()
        self.words = [harness.SHIM, "-namespace", NAMESPACE, "-address", c.address, "-id", name]
        self.options = cri.encode(sandbox.options_of(c.shim_config))
        started = subprocess.run([*self.words, "start"], cwd=self.bundle, input=self.options,
                                 env=c.environment, stdout=subprocess.PIPE, check=True)
        self.connection = sandbox.Ttrpc(started.stdout.decode())
        self.pid = int((self.bundle / "shim.pid").read_text(encoding="ascii"))

    def call(self, method, message=None, **more):
        """(0, answer) or (code, why)"""
        return self.connection.call(method, message or {1: self.name}, **more)

    def code(self, method, message=None):
        """0: it did what was asked."""
        return self.call(method, message)[0]


@contextlib.contextmanager
def shim_of(c, name):
    """Ended if a failed case has not."""
    shim = Shim(c, name)
    try:
        yield shim
    finally:
        shim.connection.close()
        subprocess.run([*shim.words, "-bundle", shim.bundle, "delete"], env=c.environment,
                       stdout=subprocess.DEVNULL, check=True)


def test_sandbox_calls(c):
    """Each call of the service, at its time and at a wrong one."""
    with shim_of(c, "calls") as shim:
        create = {1: "calls", 2: str(shim.bundle)}
        named = ("StartSandbox", "StopSandbox", "WaitSandbox", "SandboxStatus", "PingSandbox",
                 "SandboxMetrics", "ShutdownSandbox")
        for method in named:
            equal((method, shim.code(method, {1: "other"})), (method, NOT_FOUND))
        equal(shim.code("StartSandbox"), NOT_FOUND)
        equal(shim.code("CreateSandbox", {1: "other", 2: str(shim.bundle)}), INVALID)
        equal(shim.code("CreateSandbox", create), 0)
        equal(shim.code("CreateSandbox", create), EXISTS)
        equal(shim.code("UpdateSandbox"), UNIMPLEMENTED)
        equal(shim.code("SandboxMetrics"), FAILED)
        before = time.time()
        started = shim.call("StartSandbox")[1]
        equal((started[1], shim.code("StartSandbox")), (qemus(), FAILED))
        equal(qemu_of(shim.pid), started[1][0])
        equal(cri.decode(shim.call("Platform")[1][1][0]), {1: [b"linux"], 2: [b"amd64"]})
        equal(shim.call("PingSandbox"), (0, {}))
        status = shim.call("SandboxStatus")[1]
        equal((sandbox.text(status, 1), status[2], sandbox.text(status, 3), 6 in status),
              ("calls", started[1], READY, False))
        created = cri.decode(status[5][0])[1][0]
        assert before - 60 < created <= before, (created, before)
        metric = cri.decode(shim.call("SandboxMetrics")[1][1][0])
        assert sandbox.text(metric, 2) == "calls" and b".Metrics" in metric[3][0], metric
        for method in named:
            equal((method, shim.code(method, {1: "other"})), (method, NOT_FOUND))
        equal(shim.call("StopSandbox"), (0, {}))
        status, ended = shim.call("SandboxStatus")[1], shim.call("WaitSandbox")[1]
        equal((sandbox.text(status, 3), status[6], ended.get(1)), (NOT_READY, ended[2], None))
        equal((shim.code("StartSandbox"), shim.code("SandboxMetrics")), (FAILED, FAILED))
        equal(shim.call("ShutdownSandbox"), (0, {}))
        equal(harness.left_over(), None)


def test_sandbox_shutdown(c):
    """Without a stop before; when it is answered the guest is gone."""
    with shim_of(c, "shut") as shim:
        equal(shim.code("CreateSandbox", {1: "shut", 2: str(shim.bundle)}), 0)
        equal(shim.code("StartSandbox"), 0)
        waiter = sandbox.Ttrpc((shim.bundle / "address").read_text(encoding="ascii"))
        waiter.send("WaitSandbox", {1: "shut"})
        equal(shim.call("ShutdownSandbox"), (0, {}))
        equal(qemus(), [])
        equal(waiter.answer()[1].get(1), None)
        waiter.close()
        equal(harness.left_over(), None)


def test_sandbox_wait_dies(c):
    """The exit status of a guest that was killed is not that of one that was stopped."""
    with shim_of(c, "killed") as shim:
        equal(shim.code("CreateSandbox", {1: "killed", 2: str(shim.bundle)}), 0)
        equal(shim.code("StartSandbox"), 0)
        gone = sandbox.Ttrpc((shim.bundle / "address").read_text(encoding="ascii"))
        gone.send("WaitSandbox", {1: "killed"})
        gone.close()
        os.kill(qemus()[0], signal.SIGKILL)
        equal(shim.call("WaitSandbox")[1][1], [255])
        equal(sandbox.text(shim.call("SandboxStatus")[1], 3), NOT_READY)
        equal(shim.call("ShutdownSandbox"), (0, {}))


def test_sandbox_annotations(c):
    """What comes beside the bundle: an annotation that is not allowed is refused."""
    with shim_of(c, "notes") as shim:
        (shim.bundle / "config.json").write_text(json.dumps({"annotations": ["no object"]}),
                                                 encoding="ascii")
        notes = cri.string_map({"io.katacontainers.config.hypervisor.kernel": "/nowhere"})
        equal(shim.code("CreateSandbox", {1: "notes", 2: str(shim.bundle), 6: notes}), 0)
        code, why = shim.call("StartSandbox")
        assert code and "io.katacontainers.config.hypervisor.kernel" in why, (code, why)
        equal(shim.call("ShutdownSandbox"), (0, {}))
