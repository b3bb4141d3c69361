# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's control protocol, over any transport that moves lines."""

import json


class QmpError(Exception):
    """QEMU refused a command, or is gone."""


class Qmp:
    """One QMP session.

    send_line(bytes) writes a line, receive_line(timeout) returns the next one
    as text, or None at the end.
    """

    def __init__(self, send_line, receive_line, timeout=60):
        self.events = []
        self._send_line = send_line
        self._receive_line = receive_line
        self._timeout = timeout
        self._next = 1
        self.greeting = self._receive()
        self.command("qmp_capabilities")

    def _receive(self, timeout=None):
        """The next message; lines that are not JSON are not QEMU's."""
        while True:
            line = self._receive_line(timeout or self._timeout)
            if line is None:
                raise QmpError("QEMU has ended")
            if line.startswith("{"):
                return json.loads(line)

    def command(self, name, **arguments):
        """Runs a command and returns its result."""
        number = self._next
        self._next += 1
        message = {"execute": name, "id": number}
        if arguments:
            message["arguments"] = {key.replace("_", "-"): value
                                    for key, value in arguments.items()}
        self._send_line(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._receive()
            if "event" in answer:
                self.events.append(answer)
            elif answer.get("id") == number:
                break
        if "error" in answer:
            raise QmpError(f"{name}: {answer['error']['desc']}")
        return answer["return"]

    def wait_event(self, names, timeout):
        """Waits for one of the named events and returns it."""
        while True:
            for event in self.events:
                if event["event"] in names:
                    self.events.remove(event)
                    return event
            message = self._receive(timeout)
            if "event" in message:
                self.events.append(message)


def over_job(job, timeout=60):
    """QMP on the stdin and stdout of a command in the server."""
    return Qmp(job.write, job.readline, timeout)


def over_socket(sock, timeout=60):
    """QMP on a connected stream socket."""
    sock.settimeout(timeout)
    stream = sock.makefile("rwb", buffering=0)

    def send(line):
        stream.write(line)

    def receive(limit):
        sock.settimeout(limit)
        line = stream.readline()
        return line.decode() if line else None

    return Qmp(send, receive, timeout)
