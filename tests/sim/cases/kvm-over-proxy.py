# SPDX-License-Identifier: GPL-2.0-or-later
# about: KVM's selftests do over the proxy what they do without (the shorter form)
# limit: 240
# server: none
"""The whole of it is `make check-kvm-over-proxy`."""

import json
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "kvm-selftests"
# Some tests need what an emulated machine may lack; not this many.
MOST_SKIPPED = 3


def run(options):
    """Runs the subset on a server of its own."""
    names = [line for line in (FOLDER / "subset").read_text(encoding="utf-8").splitlines()
             if line and not line.startswith("#")]
    results = Path(options.out) / "kvm-over-proxy.json"
    done = subprocess.run(
        [FOLDER / "over-proxy", "--emulator", options.emulator, "--kernel", options.kernel,
         "--image", options.image, "--tools", options.tools, "--cpus", "2", "--nodes", "1",
         "--memory", "4G", "--limit", "30", "--timeout", str(options.timeout - 10),
         "--out", options.out, "--json", results, *names],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    passed = [test for test in json.loads(results.read_text(encoding="utf-8"))
              if test["direct"] == test["proxied"] == "pass"]
    assert len(passed) >= len(names) - MOST_SKIPPED, done.stdout
    return done.stdout
