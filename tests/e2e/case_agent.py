# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent in the guest: what it tells, and what happens when it is no more."""

import os
import signal
import time

import harness
from case_basic import equal
from harness import IMAGE, RUNTIME


def run_with(c, more, name, *command, options=()):
    """`ctr run` with more lines in the shim's configuration; what containerd logged meanwhile."""
    path, size = c.dir / f"{name}.toml", c.log.stat().st_size
    path.write_text(c.shim_config.read_text(encoding="utf-8") + more, encoding="utf-8")
    c.run("run", "--rm", "--runtime", RUNTIME, "--runtime-config-path", path, *options, IMAGE, name,
          *command)
    return c.log.read_bytes()[size:].decode(errors="replace")


def test_agent_debug(c):
    """agent.log=debug: calls and steps are in the shim's log, environments are not."""
    log = run_with(c, "enable_debug = true\n", "loud", "/bin/sh", "-c", ": more-secret; exit 0",
                   options=("--env", "PASSWORD=very-secret"))
    for words in ("CreateSandbox: done (", "CreateContainer: done (", "crun create loud: done (",
                  "crun start loud: done (", "process loud of loud has ended: 0"):
        assert f"console: kbm-agent: {words}" in log, (words, log[-4000:])
    agent = "\n".join(line for line in log.splitlines() if "kbm-agent: " in line)
    assert "secret" not in agent, agent
    log = run_with(c, "", "quiet", "/bin/true")
    assert "kbm-agent: " not in log, log[-4000:]


def qemu_of(c, name):
    """QEMU of a container."""
    return harness.qemu_of(c.shim_pid(name))


def start_with(c, name, *command, options=(), limit=90):
    """A container in the background whose agent has @limit seconds for an answer."""
    path = c.dir / f"{name}.toml"
    path.write_text(c.shim_config.read_text(encoding="utf-8").replace(
        "dial_timeout = 90", f"dial_timeout = {limit}"), encoding="utf-8")
    c.run("run", "-d", "--runtime", RUNTIME, "--runtime-config-path", path, *options, IMAGE, name,
          *command)


def expect_lost(c, name, words, size):
    """The container ends by itself, with 255 and @words in the log since @size."""
    c.wait_status(name, "STOPPED", 60)
    equal(c.delete_task(name), 255)
    c.run("container", "delete", name)
    log = c.log.read_bytes()[size:].decode(errors="replace")
    assert words in log, log[-4000:]


def test_guest_panics(c):
    """The kernel of a guest panics, as it would if the agent, its process 1, ended."""
    size = c.log.stat().st_size
    start_with(c, "panic", "/bin/sleep", "1000", options=("--privileged",))
    done = c.execute("panic", "/bin/sh", "-c", "echo c >/proc/sysrq-trigger", check=False)
    assert done.returncode, done
    expect_lost(c, "panic", "the guest's kernel panicked", size)


def test_guest_hangs(c):
    """A guest that does not move: a call fails with its phase, then the container ends."""
    size = c.log.stat().st_size
    start_with(c, "hung", "/bin/sleep", "1000", limit=15)
    os.kill(qemu_of(c, "hung"), signal.SIGSTOP)
    done = c.run("task", "kill", "-s", "SIGTERM", "hung", check=False)
    assert "no answer from the guest within 10 s" in done.stderr, done.stderr
    expect_lost(c, "hung", "the agent in the guest does not answer", size)


def test_guest_stumbles(c):
    """One that only stood still lives on; what was asked for meanwhile is not done later."""
    start_with(c, "stumble", "/bin/sleep", "1000")
    qemu = qemu_of(c, "stumble")
    os.kill(qemu, signal.SIGSTOP)
    done = c.run("--timeout", "4s", "task", "exec", "--exec-id", "late", "stumble", "/bin/sleep",
                 "4242", check=False)
    assert done.returncode, done
    time.sleep(3)
    os.kill(qemu, signal.SIGCONT)
    text = harness.wait_until("ps", lambda: c.execute("stumble", "/bin/ps").stdout,
                              lambda text: "4242" not in text, seconds=30)
    assert "sleep 1000" in text, text
    c.end_container("stumble")
