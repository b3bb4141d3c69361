# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of the sandbox API: containerd's services by gRPC, a shim's own by ttrpc.

Messages are those of cri.py: {number: value} to send, {number: [values]} received.
"""

import contextlib
import json
import socket
import struct
import subprocess

import cri
import harness

STORE = "containerd.services.sandbox.v1.Store"
CONTROLLER = "containerd.services.sandbox.v1.Controller"
SHIM = "containerd.runtime.sandbox.v1.Sandbox"
SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
OPTIONS = "runtimeoptions.v1.Options"
# Who has the sandbox, for containerd 2.x: a shim, not CRI's pause container. 1.7 has no such field.
SANDBOXER = {10: "shim"}
READY, NOT_READY = "SANDBOX_READY", "SANDBOX_NOTREADY"


def any_of(name, value):
    """google.protobuf.Any."""
    return {1: name, 2: value}


def options_of(path):
    """Runtime options that name a configuration.toml."""
    return any_of(OPTIONS, cri.encode({2: str(path)}))


def text(answer, number):
    """A string of an answer."""
    return answer.get(number, [b""])[0].decode()


def need_server(c):
    """The case is skipped where containerd has no sandboxes."""
    if c.run("sandboxes", "ls", check=False).returncode:
        raise harness.Skip("ctr knows no sandboxes: containerd before 1.7")


class Sandboxes:
    """Of one containerd, in the namespace of the cases."""

    def __init__(self, c):
        self.config = c.shim_config
        self.channel = cri.channel_to(c.address)
        self.stored = {}

    def close(self):
        """The connection."""
        self.channel.close()

    def future(self, service, method, message, seconds=120):
        """A call under way; result() is its decoded answer."""
        ask = self.channel.unary_unary(f"/{service}/{method}", request_serializer=cri.encode,
                                       response_deserializer=cri.decode)
        return ask.future(message, timeout=seconds, wait_for_ready=True,
                          metadata=(("containerd-namespace", harness.NAMESPACE),))

    def call(self, service, method, message):
        """The decoded answer; grpc.RpcError says what is wrong."""
        return self.future(service, method, message).result()

    def store(self, name, config=None, spec=None):
        """Tells containerd of a sandbox; nothing is started."""
        spec = any_of(SPEC, json.dumps(spec or {"ociVersion": "1.0.2"}))
        runtime = {1: harness.RUNTIME, 2: options_of(config or self.config)}
        self.stored[name] = {1: name, 2: runtime, 3: spec} | SANDBOXER
        self.call(STORE, "Create", {1: self.stored[name]})

    def create(self, name):
        """Starts its shim. What was stored is 2.x's to be told, and 1.7's to know."""
        self.call(CONTROLLER, "Create", {1: name, 6: self.stored[name]} | SANDBOXER)

    def forget(self, name):
        """Its entry, when there is nothing of it any more."""
        self.call(STORE, "Delete", {1: name})

    def ask(self, method, name):
        """A call of the controller that takes a name alone."""
        return self.call(CONTROLLER, method, {1: name} | SANDBOXER)

    def wait(self, name):
        """A Wait under way."""
        return self.future(CONTROLLER, "Wait", {1: name} | SANDBOXER)

    def state(self, name):
        """Such as SANDBOX_READY; "": containerd knows of no shim."""
        return text(self.ask("Status", name), 3)


class Ttrpc:
    """A connection to a shim."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(address.removeprefix("unix://"))
        self.stream = 1

    def close(self):
        """The connection."""
        self.socket.close()

    def read(self, size):
        """That many bytes."""
        data = b""
        while len(data) < size:
            data += (part := self.socket.recv(size - len(data)))
            if not part:
                raise ConnectionError("the shim has closed the connection")
        return data

    def send(self, method, message, service=SHIM):
        """A call whose answer() comes later."""
        request = cri.encode({1: service, 2: method, 3: cri.encode(message)})
        self.socket.sendall(struct.pack(">IIBB", len(request), self.stream, 1, 0) + request)
        self.stream += 2

    def answer(self, seconds=120):
        """(0, answer) or (code, why) of the last call."""
        self.socket.settimeout(seconds)
        size, stream = struct.unpack(">IIBB", self.read(10))[:2]
        answer = cri.decode(self.read(size))
        assert stream == self.stream - 2, (stream, self.stream)
        status = cri.decode(answer[1][0]) if 1 in answer else {}
        if status.get(1, [0])[0]:
            return status[1][0], text(status, 2)
        return 0, cri.decode(answer.get(2, [b""])[0])

    def call(self, method, message, **more):
        """(0, answer) or (code, why)"""
        self.send(method, message, **more)
        return self.answer()


class Shim:
    """A shim that was started as containerd does it, and a connection."""

    def __init__(self, c, name):
        self.name = name
        self.bundle = c.dir / name
        self.bundle.mkdir()
        self.words = [harness.SHIM, "-namespace", harness.NAMESPACE, "-address", c.address, "-id",
                      name]
        options = cri.encode(options_of(c.shim_config))
        started = subprocess.run([*self.words, "start"], cwd=self.bundle, input=options,
                                 env=c.environment, stdout=subprocess.PIPE, check=True)
        self.connection = Ttrpc(started.stdout.decode())
        self.pid = int((self.bundle / "shim.pid").read_text(encoding="ascii"))

    def call(self, method, message=None, **more):
        """(0, answer) or (code, why)"""
        return self.connection.call(method, message or {1: self.name}, **more)

    def code(self, method, message=None):
        """0: it did what was asked."""
        return self.call(method, message)[0]

    def create(self, more=None):
        """CreateSandbox, with @more in its message."""
        return self.code("CreateSandbox", {1: self.name, 2: str(self.bundle)} | (more or {}))

    def run(self):
        """Creates and starts it."""
        codes = self.create(), self.code("StartSandbox")
        assert codes == (0, 0), codes

    def wait(self):
        """Another connection, with a WaitSandbox under way."""
        waiter = Ttrpc((self.bundle / "address").read_text(encoding="ascii"))
        waiter.send("WaitSandbox", {1: self.name})
        return waiter


@contextlib.contextmanager
def shim_of(c, name):
    """Ended if a failed case has not."""
    shim = Shim(c, name)
    try:
        yield shim
    finally:
        shim.connection.close()
        subprocess.run([*shim.words, "-bundle", shim.bundle, "delete"], env=c.environment,
                       stdout=subprocess.DEVNULL, check=True)
