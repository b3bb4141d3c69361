# SPDX-License-Identifier: GPL-2.0-or-later
# about: the launcher passes on output, status and files, and always ends in time
# limit: 240
# server: none
"""Runs the launcher as a person does."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SIM = Path(__file__).resolve().parents[1] / "sim"


def command(options, *words):
    """The launcher's command line for this server."""
    return [SIM, "--emulator", options.emulator, "--kernel", options.kernel,
            "--image", options.image, "--tools", options.tools, *words]


def sim(options, *words, text=""):
    """Runs the launcher to its end."""
    return subprocess.run(command(options, *words), input=text, text=True,
                          capture_output=True, check=False, timeout=200)


def passes_on_streams_and_files(options):
    """Output, exit status, stdin, shared folders, files brought back."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "here").write_text("shared\n", encoding="utf-8")
        done = sim(options, "--timeout", "120", "--share", f"mine={folder}",
                   "--out", f"{folder}/out", "--fetch", "/root/file", "--",
                   "tr a-z A-Z; cat /mnt/mine/here; echo made >file; nproc; "
                   "echo wrong >&2; exit 7", text="typed\n")
        assert done.returncode == 7, done
        assert done.stdout == "TYPED\nshared\n4\n", done
        assert "wrong\n" in done.stderr, done
        assert Path(folder, "out/root/file").read_text(encoding="utf-8") == "made\n"
        assert "Linux version" in Path(folder, "out/console.log").read_text(encoding="utf-8")


def keeps_its_time_limit(options):
    """A command that never ends."""
    start = time.monotonic()
    done = sim(options, "--timeout", "40", "--", "sleep 1000")
    assert done.returncode == 124, done
    assert "time limit" in done.stderr, done
    assert time.monotonic() - start < 60


def explains_a_server_that_does_not_boot(options):
    """The console's end is what tells why."""
    done = sim(options, "--timeout", "100", "--append", "root=/dev/nothing rootwait=0",
               "--", "true")
    assert done.returncode == 125, done
    assert "unable to mount root" in done.stderr.lower(), done


def emulators():
    """The emulators that run now."""
    return {int(path.name) for path in Path("/proc").glob("[0-9]*")
            if b"kata-bm.agent" in read_command_line(path)}


def read_command_line(process):
    """A process' command line; nothing if it is gone."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def leaves_no_emulator_when_killed(options):
    """Not even the launcher's sudden death may leave one."""
    process = subprocess.Popen(command(options, "--timeout", "100", "--", "sleep 100"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    mine = set()
    deadline = time.monotonic() + 20
    while not mine and time.monotonic() < deadline:
        mine = {pid for pid in emulators() if parent(pid) == process.pid}
        time.sleep(0.05)
    assert mine, "the launcher started no emulator"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while mine & emulators() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not mine & emulators(), "the emulator outlived its launcher"


def parent(pid):
    """A process' parent; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])


def run(options):
    """All of them."""
    passes_on_streams_and_files(options)
    keeps_its_time_limit(options)
    explains_a_server_that_does_not_boot(options)
    leaves_no_emulator_when_killed(options)
