# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated server: an emulated AMD machine that boots the real host kernel."""

import argparse
import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import qmp
from .agent import Agent, AgentError
from .lifetime import Lifetime

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("BUILD") or ROOT / "build")

# First processes of the server's image.
INITS = {"agent": "/usr/sbin/kata-bm-init", "systemd": "/lib/systemd/systemd"}
# The kernel may take this long to bring up the agent.
BOOT_TIMEOUT = 180
# Ends us, and so the emulator, should the orderly way not work.
GRACE = 30
# A kernel that finds these fast copies and clears by the byte, and an emulator takes
# 14 ns for each of them: without them it does so by the word.
NO_BYTE_STRINGS = "-erms,-fsrm,-fzrm,-fsrs,-fsrc"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class ServerError(Exception):
    """The server does not boot, or has ended."""


class UnsupportedError(ServerError):
    """This emulator cannot do what was asked for."""


def add_options(parser):
    """The options that describe a server."""
    group = parser.add_argument_group("the server")
    group.add_argument("--emulator", default=str(BUILD / "emulator/qemu-system-x86_64"),
                       metavar="PATH", help="qemu-system-x86_64 that emulates it (%(default)s)")
    group.add_argument("--cpus", type=int, default=4, help="CPUs (%(default)s)")
    group.add_argument("--threads", type=int, default=1,
                       help="CPUs that share a core (%(default)s)")
    group.add_argument("--nodes", type=int, default=2, help="NUMA nodes (%(default)s)")
    group.add_argument("--memory", default="8G", metavar="SIZE",
                       help="memory, shared by the nodes (%(default)s)")
    group.add_argument("--lendable", default="1G@0,1G@1", metavar="SIZE@NODE,...",
                       help="memory set aside for guests (%(default)s)")
    group.add_argument("--icount", type=int, metavar="N",
                       help="time is what was executed, 2^N ns an instruction, one CPU after "
                            "another: slow, but whatever else this machine does has no influence")
    group.add_argument("--kernel", default=str(BUILD / "host-kernel/bzImage"),
                       metavar="PATH", help="host kernel (%(default)s)")
    group.add_argument("--append", default="", metavar="WORDS",
                       help="more words for its command line")
    group.add_argument("--init", choices=INITS, default="agent",
                       help="first process: the launcher's agent, or systemd, which "
                            "starts the agent and takes some seconds longer (%(default)s)")
    group.add_argument("--image", default=str(BUILD / "images/server.img"),
                       metavar="PATH", help="root image (%(default)s)")
    group.add_argument("--tools", default=str(BUILD / "images/tools.img"),
                       metavar="PATH", help="image with our programs (%(default)s)")
    group.add_argument("--disk", action="append", default=[], metavar="NAME=PATH",
                       help="one more disk, /dev/disk/by-name/NAME there; never written to")
    group.add_argument("--share", action="append", default=[], metavar="NAME=DIR",
                       help="a folder of this machine, read-only at /mnt/NAME there (9p)")
    group.add_argument("--qmp", metavar="SOCKET",
                       help="make the emulator's QMP socket here, too")
    group.add_argument("--out", metavar="DIR",
                       help="folder for the console's text and for files brought back")
    group.add_argument("--timeout", type=float, default=600, metavar="SECONDS",
                       help="end the server after this long, whatever it does")


def default_options(**changes):
    """The options' defaults, for programs without a command line."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    options = parser.parse_args([])
    for name, value in changes.items():
        setattr(options, name, value)
    return options


def mebibytes(text):
    """A size such as 512M or 6G in MiB."""
    match = re.fullmatch(r"(\d+)([MG])", text)
    if not match:
        raise ServerError(f"{text}: not a size; write it like 512M or 6G")
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def pair(text):
    """The two halves of NAME=PATH."""
    name, separator, path = text.partition("=")
    if not separator or not re.fullmatch(r"[\w.-]{1,20}", name):
        raise ServerError(f"{text}: write it as NAME=PATH")
    return name, path


def numa_arguments(cpus, threads, nodes, memory):
    """The emulator's arguments for CPUs and memory."""
    if nodes < 1 or threads < 1 or cpus % (nodes * threads):
        raise ServerError(f"{cpus} CPUs cannot be spread evenly over {nodes} nodes "
                          f"of cores with {threads} threads")
    each = mebibytes(memory) // nodes
    per_node = cpus // nodes
    arguments = ["-m", f"{each * nodes}M",
                 "-smp", f"{cpus},sockets={nodes},cores={per_node // threads},threads={threads}"]
    for node in range(nodes):
        first = node * per_node
        arguments += [
            "-object", f"memory-backend-ram,id=node{node},size={each}M",
            "-numa", f"node,nodeid={node},memdev=node{node},"
                     f"cpus={first}-{first + per_node - 1}"]
    return arguments


def disk_arguments(name, path):
    """A disk whose writes go nowhere when the emulator ends."""
    return ["-drive", f"id={name},file={path},format=raw,if=none,snapshot=on,"
                      "cache=unsafe,file.locking=off",
            "-device", f"virtio-blk-pci,drive={name},serial={name}"]


def clock_arguments(icount):
    """The emulator's arguments that say what its time is."""
    if icount is None:
        return ["-accel", "tcg,thread=multi"]
    return ["-accel", "tcg,thread=single", "-icount", f"shift={icount},sleep=off"]


def tsc_khz(icount):
    """Frequency of the emulated TSC: this machine's, or that of nanoseconds.

    On a busy machine the emulated timers are too coarse to measure it with.
    """
    if icount is not None:
        return 1000000
    tool = BUILD / "obj/sim/tsc"
    return subprocess.run([tool, "khz"], check=True, capture_output=True,
                          text=True).stdout.strip()


def kernel_words(options):
    """The host kernel's command line."""
    words = ["console=ttyS0", "root=/dev/vda", "rootfstype=ext4", "rw",
             f"init={INITS[options.init]}", "panic=-1", "no_ipi_broadcast=1",
             # The check of the timer's interrupt fails on a busy build machine.
             "no_timer_check",
             # Two emulated nodes look like two clocks: without it time is jiffies.
             "tsc=reliable", f"tsc_early_khz={tsc_khz(options.icount)}"]
    if options.lendable:
        words.append(f"kbm.memory={options.lendable}")
    return " ".join(words + [options.append]).strip()


# What a server needs that runs a control BM and a guest beside it: CPUs 0 and 3
# stay the host's, 1 and 2 (node 0) are the control BM's, 4 and 5 the guest's.
CONTROL_OPTIONS = {"init": "systemd", "cpus": 6, "memory": "12G", "lendable": "2G@0,1G@1"}


def add_images(options):
    """Gives the server the disks that its guests boot from."""
    options.disk = options.disk + [
        f"{name.split('.')[0]}={BUILD / 'images' / name}"
        for name in ("redis.img", "control-bm.img", "redis-container.tar")]


class Server(Lifetime):
    """A server that runs while the object is in use as a context manager."""

    # What a VMM that runs on the server itself needs to reach KVM.
    vmm_arguments = ()

    def __init__(self, options):
        self.options = options
        self.deadline = time.monotonic() + options.timeout
        self.expired = False
        self.agent = None
        self._process = None
        self._qmp = None
        self._qmp_socket = None
        self._timer = None
        self._console = bytearray()
        self._console_file = None
        self._console_over = threading.Event()

    @property
    def time_left(self):
        """Seconds until the server's time limit."""
        return max(0.0, self.deadline - time.monotonic())

    def _check_files(self):
        options = self.options
        if not shutil.which(options.emulator):
            raise ServerError(f"no emulator {options.emulator}: make build/emulator/"
                              "qemu-system-x86_64, or name one with --emulator")
        for path in (options.kernel, options.image, options.tools):
            if not os.access(path, os.R_OK):
                raise ServerError(f"no {path}: make all builds it")

    def _arguments(self, agent_fd, qmp_fd):
        options = self.options
        arguments = [
            options.emulator, "-no-user-config", "-nodefaults", "-display", "none",
            "-no-reboot",
            "-M", "q35,kernel-irqchip=split",
            "-cpu", f"max,vendor=AuthenticAMD,+svm,+x2apic,+topoext,{NO_BYTE_STRINGS}",
            "-device", "amd-iommu,intremap=on,xtsup=on"]
        arguments += clock_arguments(options.icount)
        arguments += numa_arguments(options.cpus, options.threads, options.nodes,
                                    options.memory)
        arguments += ["-kernel", options.kernel, "-append", kernel_words(options)]
        for name, path in [("root", options.image), ("tools", options.tools),
                           *map(pair, options.disk)]:
            arguments += disk_arguments(name, path)
        for name, path in map(pair, options.share):
            arguments += ["-virtfs", f"local,path={path},mount_tag={name},"
                                     "security_model=none,readonly=on"]
        if options.qmp:
            arguments += ["-qmp", f"unix:{options.qmp},server=on,wait=off"]
        return arguments + [
            "-object", "rng-builtin,id=rng", "-device", "virtio-rng-pci,rng=rng",
            "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,fd={agent_fd}",
            "-device", "virtserialport,chardev=agent,name=kata-bm.agent",
            "-chardev", f"socket,id=qmp,fd={qmp_fd}",
            "-mon", "chardev=qmp,mode=control"]

    def start(self):
        """Boots it, until its agent answers."""
        self._check_files()
        out = self.options.out
        if out:
            os.makedirs(out, exist_ok=True)
            self._console_file = open(os.path.join(out, "console.log"), "wb")
        agent, agent_peer = socket.socketpair()
        self._qmp_socket, qmp_peer = socket.socketpair()
        with agent_peer, qmp_peer:
            self._start_emulator(self._arguments(agent_peer.fileno(), qmp_peer.fileno()),
                                 (agent_peer.fileno(), qmp_peer.fileno()))
        self.agent = Agent(agent)
        self._timer = threading.Timer(self.time_left, self._expire)
        self._timer.daemon = True
        self._timer.start()
        if not self.agent.wait_ready(min(BOOT_TIMEOUT, self.time_left)):
            self.end()
            if "Bad icount read" in self.console():
                raise UnsupportedError(f"{self.options.emulator} cannot count the instructions "
                                       "of a kernel that uses x2APIC; the project's own can")
            raise ServerError("the server did not come up; the end of its console:\n"
                              + self.console_tail())

    def _start_emulator(self, arguments, fds):
        # The alarm's default action ends this process, and with it the emulator.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(int(self.time_left) + GRACE)
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, pass_fds=fds, start_new_session=True,
            preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        threading.Thread(target=self._read_console, daemon=True).start()

    def _read_console(self):
        for data in iter(lambda: self._process.stdout.read1(65536), b""):
            self._console += data
            if self._console_file:
                self._console_file.write(data)
                self._console_file.flush()
        self._console_over.set()

    def _expire(self):
        self.expired = True
        self._kill()

    def _kill(self):
        if self._process and self._process.poll() is None:
            self._process.kill()

    def end(self):
        """Ends the emulator; nothing of it stays."""
        if self._timer:
            self._timer.cancel()
        signal.alarm(0)
        if not self._process:
            return
        self._kill()
        self._process.wait()
        self._console_over.wait(GRACE)
        if self._console_file:
            self._console_file.close()
            self._console_file = None

    @property
    def qmp(self):
        """The emulator's QMP."""
        if not self._qmp:
            self._qmp = qmp.over_socket(self._qmp_socket)
        return self._qmp

    def console(self):
        """All that the server's console has shown."""
        return bytes(self._console).decode(errors="replace")

    def console_tail(self, lines=30):
        """The last lines of it."""
        return "\n".join(self.console().splitlines()[-lines:])

    def run(self, command, timeout=None, **arguments):
        """Runs a command there to its end; see Agent.run()."""
        try:
            return self.agent.run(command, timeout or self.time_left, **arguments)
        except AgentError as error:
            raise self.explain(error) from None

    def explain(self, error):
        """The error, or the reason for it if the server has ended."""
        if self.expired or not self.time_left:
            return ServerError(f"the server's time limit of {self.options.timeout:.0f} s "
                               f"is over ({error})")
        if not self._process or not self._has_ended():
            return error
        self._console_over.wait(GRACE)
        return ServerError(f"{error}\nthe emulator ended with status "
                           f"{self._process.returncode}; the end of the console:\n"
                           f"{self.console_tail()}")

    def _has_ended(self):
        """Whether the emulator has; one whose agent is gone may take a while to free its memory."""
        if self.agent and self.agent.gone:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        return self._process.poll() is not None

    def fetch(self, paths):
        """Brings files or folders of the server to the output folder."""
        for path in paths:
            job = self.run(f"tar -C / -cf - {path.lstrip('/')!r}")
            subprocess.run(["tar", "-C", self.options.out, "--no-same-owner", "-xf", "-"],
                           input=bytes(job.output[129]), check=True)


class Progress:
    """One line that says what is going on, and how long it took."""

    def __init__(self, what):
        self._what = what
        self._start = time.monotonic()

    def __enter__(self):
        if sys.stderr.isatty():
            print(f"{self._what} ...", end="", file=sys.stderr, flush=True)
        return self

    def __exit__(self, kind, *_):
        lead = "\r" if sys.stderr.isatty() else ""
        word = "failed" if kind else "done"
        print(f"{lead}{self._what} ... {word} after "
              f"{time.monotonic() - self._start:.1f} s", file=sys.stderr)
