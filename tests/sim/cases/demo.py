# SPDX-License-Identifier: GPL-2.0-or-later
# about: 20 s of redis in guests of both modes and in a container, from the control BM: no exit by either counter
# limit: 900
# server: none
"""Runs the demo and holds its result against what it must show."""

import json
import subprocess
from pathlib import Path

DEMO = Path(__file__).resolve().parents[1] / "demo"
KEYS = {"name", "started_from", "window_s", "requests", "timer_interrupts", "ipis", "device_interrupts",
        "exits_host", "exits_machine", "guest_residency", "extents"}
# "Thousands of timer interrupts and IPIs": of both in the window, at least.
MIN_INTERRUPTS = 2000
MIN_IPIS = 1000
LENT = 512 << 20
PAGE = 4096


def check_shape(run):
    """All that result.json promises is there."""
    assert set(run) == KEYS, f"{run['name']}: {set(run) ^ KEYS}"
    assert run["window_s"] >= 20, run
    for counter in (run["exits_host"], run["exits_machine"]):
        if counter is not None:
            assert set(counter) == {"total", "by_reason"}, counter
            assert sum(counter["by_reason"].values()) == counter["total"], counter
    assert run["device_interrupts"] > 0, run


def check_no_exits(run):
    """What holds for a guest and for the control BM."""
    assert run["exits_host"]["total"] == 0, run
    assert not run["exits_machine"] or run["exits_machine"]["total"] == 0, run
    assert run["guest_residency"] == 1, run
    for extent in run["extents"]:
        assert extent["start"] >= 4 << 30 and extent["start"] % PAGE == 0, run


def check_direct(run):
    """No exit, and all the work of a guest."""
    check_no_exits(run)
    assert run["started_from"] == "control-bm", run
    assert run["requests"] > 0, run
    assert run["timer_interrupts"] >= MIN_INTERRUPTS, run
    assert run["ipis"] >= MIN_IPIS, run
    assert sum(extent["bytes"] for extent in run["extents"]) == LENT, run


def check_control(run, guests):
    """No exit, while all its guests started, worked and ended."""
    check_no_exits(run)
    assert run["started_from"] == "host", run
    assert run["window_s"] > sum(one["window_s"] for one in guests), run
    assert run["timer_interrupts"] > 0 and run["ipis"] > 0, run


def check_stock(run):
    """The control: both counters count, and agree."""
    host = run["exits_host"]["total"]
    assert run["started_from"] == "host" and run["requests"] > 0, run
    assert host > 1000, run
    if run["exits_machine"]:
        machine = run["exits_machine"]["total"]
        assert abs(host - machine) <= 0.01 * max(host, machine), run
    assert run["guest_residency"] < 1 and not run["extents"], run


def run(options):
    """Runs it."""
    done = subprocess.run(
        [DEMO, "--emulator", options.emulator, "--kernel", options.kernel,
         "--image", options.image, "--tools", options.tools, "--out", options.out,
         "--timeout", str(options.timeout)],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}"
    result = json.loads(Path(options.out, "result.json").read_text(encoding="utf-8"))
    runs = {one["name"]: one for one in result["runs"]}
    assert set(runs) == {"walled", "direct", "ctr", "control-bm", "stock"}, runs
    for one in runs.values():
        check_shape(one)
    guests = [runs[name] for name in ("walled", "direct", "ctr")]
    for guest in guests:
        check_direct(guest)
    check_control(runs["control-bm"], guests)
    check_stock(runs["stock"])
    return done.stdout
