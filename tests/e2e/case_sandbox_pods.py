# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods of CRI that are sandboxes of the shim's service: sandbox_mode = "shim".

Only CRI says all that a pod has.
"""

import contextlib
import re
import signal

import cri
from case_basic import BOOT_ID, equal
from case_cri import EXITED, RUNNING, client_of, fails_with, lose_guest, wait_state
from harness import RUNTIME, Skip, processes_of
from sandbox import need_server


LINE = f'runtime_type = "{RUNTIME}"\n'
OPTIONS = re.compile(r"^ *\[\S+\.options\]\n *ConfigPath = .*\n", re.M)


@contextlib.contextmanager
def pods_of(c):
    """A CRI client of a server whose pods are sandboxes of the shim's service."""
    need_server(c)
    config = c.dir / "config.toml"
    before, environment = config.read_text(encoding="utf-8"), c.environment
    text = before.replace(LINE, LINE + 'sandbox_mode = "shim"\nsandboxer = "shim"\n')
    c.environment = dict(environment, ENABLE_CRI_SANDBOXES="1")
    if c.version() >= (2, 0):
        # It takes the options of such a pod's containers for runc's (its pull request 13360).
        text = OPTIONS.sub("", text)
    restart(c, text)
    try:
        with client_of(c) as client:
            yield client
    finally:
        c.environment = environment
        restart(c, before)


def restart(c, text):
    """containerd with another configuration."""
    c.kill(signal.SIGTERM)
    (c.dir / "config.toml").write_text(text, encoding="utf-8")
    c.start()


def test_sandbox_pod(c):
    """A pod of CRI: one guest, one network, names and addresses, its limits and sysctls."""
    with pods_of(c) as client:
        dns = {1: ["10.9.8.7"], 2: ["one.example", "two.example"], 3: ["ndots:3"]}
        sysctls = cri.string_map({"net.core.somaxconn": "77"})
        pod = client.run_pod("web", more={4: dns, 8: {3: sysctls,
                                                      5: {1: 100000, 2: 200000, 4: 300 << 20}}})
        equal((client.pod_state(pod), len(processes_of("qemu"))), (0, 1))
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
        equal(client.execute(two, "/bin/cat", "/proc/sys/net/core/somaxconn")[1], "77\n")
        assert client.pod_address(pod) in client.execute(one, "/bin/ip", "address")[1]
        client.stop(one)
        equal(wait_state(client, one, EXITED)[1], 137)
        client.remove(one)
        equal((client.pod_state(pod), client.status(two)[0]), (0, RUNNING))
        client.remove_pod(pod)


def test_sandbox_pod_host_network(c):
    """Refused, with words; nothing is left."""
    with pods_of(c) as client:
        if c.version() >= (2, 0):
            raise Skip("containerd 2.1.9 makes no config.json for it, and ends by a null pointer")
        with fails_with("hostNetwork"):
            client.run_pod("host", more={8: {2: {1: {1: 2}}}})


def test_sandbox_pod_guest_dies(c):
    """kill -9 of QEMU."""
    with pods_of(c) as client:
        lose_guest(client)
