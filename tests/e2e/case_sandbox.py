# SPDX-License-Identifier: GPL-2.0-or-later
"""The sandbox API: a guest that is there before its containers, and outlives them.

containerd 1.7.24 has it half done: its gRPC service does what it is asked and then fails
to tell so (EVENTS), and `ctr sandboxes run` starts what it has not created. 1.6 has none of it.
"""

import contextlib
import os
import signal
import time

import grpc

import harness
import sandbox
from case_basic import BOOT_ID, equal, topics
from case_cri import fails_with
from harness import IMAGE, processes_of
from sandbox import NOT_READY, READY

# What a server of 1.7 says when the work is done, of its own event.
EVENTS = "must start with '/'"


def done(call, *words):
    """Its answer, or None if it did its work and then failed to tell so."""
    try:
        return call(*words)
    except grpc.RpcError as error:
        if EVENTS not in error.details():  # pylint: disable=no-member
            raise
        return None


@contextlib.contextmanager
def sandboxes_of(c):
    """A client; what a failed case leaves is removed."""
    sandbox.need_server(c)
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
    done(client.create, name)
    done(client.ask, "Start", name)


def run_in(c, name, box, *command, check=True):
    """`ctr run -d --sandbox`."""
    return c.run(*c.run_words("-d", "--sandbox", box), IMAGE, name, *command, check=check)


def test_sandbox(c):
    """Its whole life, without a container."""
    with sandboxes_of(c) as client:
        client.store("box")
        done(client.create, "box")
        equal((client.state("box"), processes_of("qemu")), (NOT_READY, []))
        done(client.ask, "Start", "box")
        status = client.ask("Status", "box")
        equal((sandbox.text(status, 3), status[2]), (READY, processes_of("qemu")))
        assert "box" in c.run("sandboxes", "ls").stdout
        wait = client.wait("box")
        time.sleep(0.5)
        assert not wait.done()
        client.ask("Stop", "box")
        equal((client.state("box"), processes_of("qemu")), (NOT_READY, []))
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
        equal((client.state("many"), len(processes_of("qemu"))), (READY, 1))
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
        done(client.create, "early")
        failed = run_in(c, "no", "early", "/bin/true", check=False)
        assert failed.returncode and "has not been started" in failed.stderr, failed.stderr
        c.end_container("no")
        equal(processes_of("qemu"), [])
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
        done(client.create, "nokernel")
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
        wait = client.wait("dies")
        time.sleep(0.5)
        os.kill(processes_of("qemu")[0], signal.SIGKILL)
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
        os.kill(processes_of("shim")[0], signal.SIGKILL)
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
        guest = processes_of("qemu")
        client = sandbox.Sandboxes(c)
        equal((client.state("kept"), c.status("before")), (READY, "RUNNING"))
        run_in(c, "after", "kept", "/bin/sleep", "1000")
        equal(c.execute("after", "/bin/cat", BOOT_ID).stdout,
              c.execute("before", "/bin/cat", BOOT_ID).stdout)
        # Of a container that it found containerd runs our `delete`, too.
        c.end_container("before")
        equal((client.state("kept"), c.status("after"), processes_of("qemu")),
              (READY, "RUNNING", guest))
        c.end_container("after")
        c.run("sandboxes", "rm", "kept")
        client.close()
