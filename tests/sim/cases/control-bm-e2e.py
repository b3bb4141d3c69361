# SPDX-License-Identifier: GPL-2.0-or-later
# about: containers and pods in the control BM: each call by ctr and CRI, what is killed at any moment, many at once
# limit: 900
# server: none
# options: --init systemd --cpus 8 --memory 14G --lendable 3G@0,2G@1
"""Those of tests/e2e that depend on where the shim is; tests/sim/e2e runs all of them."""

from kbmsim import e2e

WORDS = ["--rounds", "4", "--parallel", "4",
         "run", "stdin", "events", "exec", "exec_*", "signals", "pause", "metrics", "limits", "no_memory", "no_cpus",
         "ps", "tty", "checkpoint", "user_namespace", "descriptors", "shim_memory", "pod*",
         "kill_*", "hooks_network", "rounds", "parallel", "sandbox*"]


def run(options):
    """All of them on a server of their own; what they said."""
    said = bytearray()
    e2e.add_image(options)
    status = e2e.run(options, WORDS, said.extend)
    text = said.decode(errors="replace")
    assert status == 0, text
    return text
