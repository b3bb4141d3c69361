# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods, as kubelet makes them: one guest for all containers of a pod."""

import contextlib
import json
import os
import signal
import socket
import time

import grpc

import cri
import harness
from case_basic import BOOT_ID, equal
from harness import processes_of, wait_until

CREATED, RUNNING, EXITED = range(3)


@contextlib.contextmanager
def client_of(c):
    """A client; pods that a failed case leaves are removed."""
    client = cri.Client(c.address, harness.IMAGE)
    try:
        yield client
    finally:
        for pod in list(client.pods):
            client.remove_pod(pod)
        client.close()


def wait_state(client, container, wanted, seconds=20):
    """Until it has that state; its status."""
    return wait_until("the container's status", lambda: client.status(container),
                      lambda status: status[0] == wanted, seconds)


def greeting_outside(address):
    """What a server in the pod says to the host; b"": it is away between two connections."""
    try:
        with socket.create_connection(address, timeout=20) as connection:
            return connection.recv(100)
    except ConnectionError:
        return b""


def test_pod(c):
    """Two containers of a pod share a guest, and its network with the host."""
    with client_of(c) as client:
        pod = client.run_pod("web")
        one = client.start(pod, "one", "/bin/sh", "-c",
                           "while true; do echo hello | nc -l -p 8080; done")
        two = client.start(pod, "two", "/bin/sleep", "1000")
        equal(len(processes_of("qemu")), 1)
        equal(client.execute(one, "/bin/cat", BOOT_ID), client.execute(two, "/bin/cat", BOOT_ID))
        equal(client.execute(two, "/bin/hostname")[1], "web\n")
        # Each has processes of its own.
        assert "sleep 1000" not in client.execute(one, "/bin/ps")[1]
        inside = ("/bin/sh", "-c", "nc 127.0.0.1 8080 </dev/null")
        equal(wait_until("the greeting", lambda: client.execute(two, *inside)[1]), "hello\n")
        address = (client.pod_address(pod), 8080)
        equal(wait_until("the greeting", lambda: greeting_outside(address)), b"hello\n")
        equal(client.execute(two, "/bin/sh", "-c", "exit 3")[0], 3)
        client.remove_pod(pod)


def test_pod_restart(c):
    """The guest lives on when its only container ends, and takes another."""
    with client_of(c) as client:
        pod = client.run_pod("again")
        first = client.start(pod, "worker", "/bin/sh", "-c", "cat " + BOOT_ID + "; exit 4")
        equal(wait_state(client, first, EXITED)[:2], (EXITED, 4))
        client.remove(first)
        equal(client.pod_state(pod), 0)
        for _ in range(3):
            other = client.start(pod, "worker", "/bin/sleep", "1000")
            client.stop(other)
            equal(wait_state(client, other, EXITED)[1], 137)
            client.remove(other)
        client.remove_pod(pod)


def test_pod_stop(c):
    """StopContainer gives a process time, StopPodSandbox ends what is left."""
    with client_of(c) as client:
        pod = client.run_pod("stop")
        kind = client.start(pod, "kind", "/bin/sh", "-c",
                            "trap 'exit 6' TERM; while true; do sleep 0.1; done")
        client.start(pod, "left", "/bin/sleep", "1000")
        client.stop(kind, 20)
        equal(client.status(kind)[:2], (EXITED, 6))
        client.remove_pod(pod)


def test_pod_exec_background(c):
    """What an exec leaves in the background may write after its end, as long as somebody reads."""
    with client_of(c) as client:
        pod = client.run_pod("late")
        one = client.start(pod, "one", "/bin/sleep", "1000")
        status = client.execute(one, "/bin/sh", "-c", "(sleep 5; echo late) & echo early; exit 4")
        equal(status, (4, "early\nlate\n", ""))
        client.remove_pod(pod)


def test_pod_pids(c):
    """shareProcessNamespace."""
    with client_of(c) as client:
        pod = client.run_pod("pids", share_pids=True)
        one = client.start(pod, "one", "/bin/sleep", "1001", share_pids=True)
        client.start(pod, "two", "/bin/sleep", "1002", share_pids=True)
        assert "sleep 1002" in client.execute(one, "/bin/ps")[1]
        client.remove_pod(pod)


def lose_guest(client):
    """A pod whose QEMU is killed is not ready any more, and its container has ended."""
    pod = client.run_pod("dies")
    container = client.start(pod, "one", "/bin/sleep", "1000")
    shims = processes_of("shim")
    equal(len(shims), 1)
    os.kill(harness.qemu_of(shims[0]), signal.SIGKILL)
    equal(wait_state(client, container, EXITED)[1], 255)
    wait_until("the state of the pod", lambda: client.pod_state(pod))
    client.remove_pod(pod)


def test_pod_guest_dies(c):
    """kill -9 of QEMU."""
    with client_of(c) as client:
        lose_guest(client)


def test_pod_shim_dies(c):
    """The same for its shim, which serves the containers, too."""
    with client_of(c) as client:
        pod = client.run_pod("noshim")
        container = client.start(pod, "one", "/bin/sleep", "1000")
        os.kill(processes_of("shim")[0], signal.SIGKILL)
        wait_state(client, container, EXITED)
        client.remove_pod(pod)


def test_pod_restart_containerd(c):
    """A new containerd finds the pod as it was."""
    with client_of(c) as client:
        pod = client.run_pod("kept")
        container = client.start(pod, "one", "/bin/sleep", "1000")
        c.kill()
        c.start()
        client.close()
        again = cri.Client(c.address, harness.IMAGE)
        again.pods, client.pods = client.pods, {}
        equal(again.pod_state(pod), 0)
        equal(again.status(container)[0], RUNNING)
        equal(again.execute(container, "/bin/echo", "kept")[1], "kept\n")
        again.remove_pod(pod)
        again.close()


def test_pod_stats(c):
    """A pod uses what its containers use together."""
    with client_of(c) as client:
        pod = client.run_pod("stats")
        equal(pod_metrics(c, pod)["pids"].get("current", 0), 0)
        client.start(pod, "one", "/bin/sleep", "1000")
        client.start(pod, "two", "/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
        time.sleep(0.5)
        metrics = pod_metrics(c, pod)
        equal(metrics["pids"]["current"], 1 + 3)
        usage = metrics["memory"]["usage"]
        assert int(usage["usage"] if isinstance(usage, dict) else usage) > 2 * 4096, metrics
        client.remove_pod(pod)


def pod_metrics(c, pod):
    """Of the pod's own task."""
    return json.loads(c.run("-n", "k8s.io", "task", "metrics", "--format", "json", pod).stdout)


def test_pod_limits(c):
    """Statistics, new limits, and a command that is not there."""
    with client_of(c) as client:
        pod = client.run_pod("limits")
        one = client.start(pod, "one", "/bin/sleep", "1000", limit=64 << 20)
        stats = cri.decode(client.call("ContainerStats", {1: one})[1][0])
        memory = cri.decode(stats[3][0])
        assert cri.decode(memory[2][0])[1][0] > 4096, memory
        client.call("UpdateContainerResources", {1: one, 2: {4: 32 << 20}})
        with fails_with("not found in $PATH"):
            client.execute(one, "no-such-command")
        equal(client.execute(one, "/bin/echo", "alive")[1], "alive\n")
        client.remove_pod(pod)


@contextlib.contextmanager
def fails_with(words):
    """A call that has to fail, with these words."""
    try:
        yield
    except grpc.RpcError as error:
        text = error.details()  # pylint: disable=no-member
        assert words in text, text
    else:
        raise AssertionError(f"no error with {words!r}")
