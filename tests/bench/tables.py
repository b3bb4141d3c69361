# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rounds of the micro-benchmarks come to, and its tables."""

import os
import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What a direct guest may need, as a share of what the bare CPU needs.
LIMIT = 1.05
UNITS = {False: "instructions executed, 1 ns each",
         True: "real time of the emulator, the best of all rounds"}
PARTS = {"host kernel": "build/host-kernel/bzImage",
         "guest kernel": "build/guest-kernel/bzImage",
         "VMM, no default devices": "build/vmm/qemu-system-x86_64",
         "emulator": "build/emulator/qemu-system-x86_64",
         "initramfs of the benchmarks": "build/bench/files/initrd.cpio"}
DEBIAN = ("qemu-system-x86", "linux-image-amd64")


def values(rounds, pick):
    """Each measurement's median, picked from those of all rounds."""
    names = [name for name, value in rounds[0]["measured"].items() if isinstance(value, dict)]
    return {name: round(pick(one["measured"][name]["median_ns"] for one in rounds), 2)
            for name in names}


def boots(rounds):
    """The same for the figures of start-up; none of a bare CPU."""
    return {name: round(statistics.median(one["boot"][name] for one in rounds), 1)
            for name in rounds[0].get("boot", {})}


def ratios(medians):
    """Each kind's medians over those of the bare CPU."""
    base = medians.get("bare", {})
    return {kind: {name: round(value / base[name], 3) for name, value in one.items()
                   if base.get(name)}
            for kind, one in medians.items() if kind != "bare"}


def installed_bytes(package):
    """What Debian's package of a name takes, following one that is empty; or None."""
    done = subprocess.run(["apt-cache", "show", "--no-all-versions", package],
                          capture_output=True, text=True, check=False)
    size = re.search(r"^Installed-Size: (\d+)", done.stdout, re.MULTILINE)
    real = re.search(rf"^Depends: ({package.split('-')[0]}-image-\d[^ ,]*)", done.stdout,
                     re.MULTILINE)
    if real:
        return installed_bytes(real[1])
    return int(size[1]) * 1024 if size else None


def sizes():
    """What the parts weigh, in bytes, and Debian's packages of the same."""
    parts = {name: os.path.getsize(ROOT / path) for name, path in PARTS.items()
             if os.path.exists(ROOT / path)}
    debian = {f"Debian's {package}, installed": installed_bytes(package) for package in DEBIAN}
    return parts | {name: size for name, size in debian.items() if size}


def summary(runs, real_time):
    """Everything that is shown, as it goes to result.json."""
    pick = min if real_time else statistics.median
    medians = {kind: values(rounds, pick) for kind, rounds in runs.items()}
    return {"unit": UNITS[real_time], "rounds_run": {kind: len(run) for kind, run in runs.items()},
            "medians_ns": medians, "ratios_to_bare": ratios(medians),
            "boot": {kind: boots(rounds) for kind, rounds in runs.items()}, "sizes": sizes()}


def cell(value, ratio):
    """A median, and in brackets its ratio."""
    if value is None:
        return "-"
    text = f"{value:.0f}" if value >= 100 else f"{value:.1f}"
    return text if ratio is None else f"{text} ({ratio:.2f})"


def show(result):
    """The tables."""
    medians, shares = result["medians_ns"], result["ratios_to_bare"]
    print(f"unit: {result['unit']}")
    print(f"{'median in ns (ratio)':24}" + "".join(f"{kind:>20}" for kind in medians))
    for name in dict.fromkeys(name for one in medians.values() for name in one):
        print(f"{name:24}" + "".join(
            f"{cell(one.get(name), shares.get(kind, {}).get(name)):>20}"
            for kind, one in medians.items()))
    for name in dict.fromkeys(name for one in result["boot"].values() for name in one):
        print(f"{name:24}" + "".join(f"{one.get(name, '-'):>20}"
                                     for one in result["boot"].values()))
    for name, size in result["sizes"].items():
        print(f"size of {name}: {size} bytes")


def judge(result):
    """Whether a direct guest, if there is one, is as fast as the bare CPU."""
    shares = result["ratios_to_bare"].get("direct")
    if not shares:
        return True
    worst = max(shares, key=shares.get)
    fits = shares[worst] <= LIMIT
    print(f"direct to bare: at most {shares[worst]:.3f} ({worst}), "
          f"{'within' if fits else 'NOT within'} {LIMIT}")
    return fits
