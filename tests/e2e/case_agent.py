# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent in the guest: what it tells, and what happens when it is no more."""

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
