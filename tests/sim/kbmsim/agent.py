# SPDX-License-Identifier: GPL-2.0-or-later
"""Running commands in the simulated server: the launcher's side of its agent.

tests/sim/agent/frame.h describes the frames.
"""

import queue
import struct
import threading
import time

HEADER = struct.Struct("<III")
MAX_PAYLOAD = 65536

RUN, STDIN, SIGNAL, RESIZE = 1, 2, 3, 4
HELLO, STDOUT, STDERR, EXIT = 128, 129, 130, 131
VERSION = 1

RUN_TERMINAL = 1


class AgentError(Exception):
    """The server, its agent or a command did not do what was asked."""


class Job:
    """One command in the server. Its output arrives by itself."""

    def __init__(self, agent, number, command, on_output=None):
        self.command = command
        self.status = None
        self.output = {STDOUT: bytearray(), STDERR: bytearray()}
        self._agent = agent
        self._number = number
        self._on_output = on_output
        self._lines = queue.Queue()
        self._rest = b""
        self._over = threading.Event()

    def received(self, kind, data):
        """A frame for this job has come."""
        if kind == EXIT:
            self.end(struct.unpack("<I", data)[0])
        elif self._on_output:
            self._on_output(kind, data)
        else:
            self.output[kind] += data
            if kind == STDOUT:
                self._split_lines(data)

    def end(self, status):
        """It is over; None: nobody knows how."""
        self.status = status
        self._lines.put(None)
        self._over.set()

    def _split_lines(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._lines.put(line.decode(errors="replace").rstrip("\r"))

    def readline(self, timeout):
        """The next line of its stdout; None at its end."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise AgentError(
                f"no line within {timeout} s from: {self.command}"
                f"{self._said()}") from None
        if line is None:
            self._lines.put(None)
        return line

    def _said(self):
        text = self.output[STDERR][-2000:].decode(errors="replace").strip()
        return f"\nits last messages:\n{text}" if text else ""

    def write(self, data):
        """Gives its stdin some bytes."""
        for start in range(0, len(data), MAX_PAYLOAD):
            self._agent.send(self._number, STDIN, data[start:start + MAX_PAYLOAD])

    def close_stdin(self):
        """Ends its stdin."""
        self._agent.send(self._number, STDIN, b"")

    def signal(self, number):
        """Sends a signal to its process group."""
        self._agent.send(self._number, SIGNAL, struct.pack("<I", number))

    def resize(self, rows, columns):
        """Tells it the size of its terminal."""
        self._agent.send(self._number, RESIZE, struct.pack("<HH", rows, columns))

    def wait(self, timeout=None):
        """Waits for its end and returns its exit status."""
        if not self._over.wait(timeout):
            raise AgentError(f"not over within {timeout} s: {self.command}"
                             f"{self._said()}")
        if self.status is None:
            raise AgentError(f"the server ended during: {self.command}")
        return self.status

    @property
    def over(self):
        """Whether it has ended."""
        return self._over.is_set()

    def text(self, kind=STDOUT):
        """What it has written, as text."""
        return bytes(self.output[kind]).decode(errors="replace")


class Agent:
    """The agent of one server, behind a connected stream socket."""

    def __init__(self, sock):
        self._sock = sock
        self._jobs = {}
        self._next = 1
        self._lock = threading.Lock()
        self._hello = threading.Event()
        self._gone = threading.Event()
        threading.Thread(target=self._read_all, daemon=True).start()

    def forget_ready(self):
        """Before a reboot: wait_ready() is for the next first word."""
        self._hello.clear()

    def wait_ready(self, timeout, hopeless=lambda: False):
        """Waits for the agent's first word; False if it does not come."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self._gone.is_set() and not hopeless():
            if self._hello.wait(0.05):
                return True
        return False

    @property
    def gone(self):
        """Whether the connection to it is over."""
        return self._gone.is_set()

    def send(self, job, kind, payload):
        """Sends one frame."""
        try:
            with self._lock:
                self._sock.sendall(HEADER.pack(len(payload), kind, job) + payload)
        except OSError as error:
            raise AgentError(f"the server is gone: {error}") from None

    def start(self, command, terminal=False, on_output=None):
        """Starts a command; returns its Job."""
        with self._lock:
            number = self._next
            self._next += 1
            job = self._jobs[number] = Job(self, number, command, on_output)
        if self._gone.is_set():
            raise AgentError(f"the server is gone; not started: {command}")
        flags = RUN_TERMINAL if terminal else 0
        self.send(number, RUN, struct.pack("<I", flags) + command.encode())
        return job

    def run(self, command, timeout, stdin=b"", check=True):
        """Runs a command to its end; returns the Job."""
        job = self.start(command)
        job.write(stdin)
        job.close_stdin()
        try:
            job.wait(timeout)
        except AgentError:
            if not self._gone.is_set():
                job.signal(9)
            raise
        if check and job.status:
            raise AgentError(f"exit status {job.status} of: {command}\n"
                             f"{job.text()}{job.text(STDERR)}")
        return job

    def _read_all(self):
        try:
            while True:
                size, kind, number = HEADER.unpack(self._read(HEADER.size))
                self._received(kind, number, self._read(size))
        except OSError:
            pass
        self._gone.set()
        with self._lock:
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.end(None)

    def _read(self, size):
        data = bytearray()
        while len(data) < size:
            part = self._sock.recv(size - len(data))
            if not part:
                raise ConnectionResetError("the emulator has ended")
            data += part
        return bytes(data)

    def _received(self, kind, number, payload):
        if kind == HELLO:
            if struct.unpack("<I", payload)[0] != VERSION:
                raise ConnectionAbortedError("another version of the agent")
            self._hello.set()
            return
        with self._lock:
            job = self._jobs.get(number)
            if job and kind == EXIT:
                del self._jobs[number]
        if job:
            job.received(kind, payload)
