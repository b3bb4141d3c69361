# SPDX-License-Identifier: GPL-2.0-or-later
"""A small client of the CRI: what kubelet asks of a runtime, by field numbers.

No Debian package has crictl or the CRI's .proto file. Messages are dicts {number: value}
to send, {number: [values]} when received; values are int, bytes, str, bool, dict, list.
"""

import collections

import grpc

import harness

SERVICE = "runtime.v1.RuntimeService"


def varint(number):
    """As protobuf writes it; negative numbers have ten bytes."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def encode(message):
    """{number: value} to bytes; a list is a repeated field, dict keys of str a map."""
    out = b""
    for number, value in message.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                out += varint(number << 3) + varint(int(one))
                continue
            data = one.encode() if isinstance(one, str) else one
            if isinstance(one, dict):
                data = encode(one)
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def decode(data):
    """Bytes to {number: [values]}; what has a length stays bytes."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            value = number()
        elif key & 7 == 2:
            length = number()
            value, at = data[at:at + length], at + length
        else:
            size = 8 if key & 7 == 1 else 4
            value, at = data[at:at + size], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def string_map(values):
    """A map<string, string>."""
    return [{1: key, 2: value} for key, value in values.items()]


def channel_to(address):
    """Its own connection: another client's may be one to a containerd that was killed."""
    return grpc.insecure_channel(f"unix:{address}", [("grpc.use_local_subchannel_pool", 1)])


class Client:
    """Of one containerd."""

    def __init__(self, address, image, seconds=120):
        self.channel = channel_to(address)
        self.image = image
        self.seconds = seconds
        self.pods = {}
        # How often execute() was called, by container.
        self.executed = collections.Counter()
        harness.wait_until("the CRI's readiness", self.is_initialized)

    def is_initialized(self):
        """A containerd that has just been started knows its other services before."""
        try:
            self.call("Status", {})
        except grpc.RpcError as error:
            if "not initialized" not in error.details():  # pylint: disable=no-member
                raise
            return False
        return True

    def close(self):
        """The connection."""
        self.channel.close()

    def call(self, method, message, service=SERVICE):
        """The decoded answer; grpc.RpcError says what is wrong."""
        ask = self.channel.unary_unary(f"/{service}/{method}", request_serializer=encode,
                                       response_deserializer=decode)
        return ask(message, timeout=self.seconds)

    def run_pod(self, name, share_pids=False, annotations=None, more=None):
        """Its id; @more of its configuration by numbers, in place of what is here."""
        options = {2: int(not share_pids)}
        config = {1: {1: name, 2: f"uid-{name}", 3: "default"}, 2: name,
                  7: string_map(annotations or {}), 8: {2: {1: options}}}
        config |= more or {}
        pod = self.call("RunPodSandbox", {1: config, 2: "kata-bm"})[1][0].decode()
        self.pods[pod] = config
        return pod

    def create(self, pod, name, *command, limit=0, share_pids=False):
        """Its id; it is not started."""
        config = {1: {1: name}, 2: {1: self.image}, 3: list(command),
                  15: {1: {4: limit}, 2: {3: {2: int(not share_pids)}}}}
        return self.call("CreateContainer", {1: pod, 2: config, 3: self.pods[pod]})[1][0].decode()

    def start(self, pod, name, *command, **options):
        """Creates and starts it; its id."""
        container = self.create(pod, name, *command, **options)
        self.call("StartContainer", {1: container})
        return container

    def execute(self, container, *command):
        """(status, stdout, stderr)"""
        self.executed[container] += 1
        answer = self.call("ExecSync", {1: container, 2: list(command), 3: 60})
        return (answer.get(3, [0])[0], answer.get(1, [b""])[0].decode(),
                answer.get(2, [b""])[0].decode())

    def status(self, container):
        """(state, exit status, reason): state 0 created, 1 running, 2 exited."""
        status = decode(self.call("ContainerStatus", {1: container})[1][0])
        return (status.get(3, [0])[0], status.get(7, [0])[0],
                status.get(10, [b""])[0].decode())

    def pod_state(self, pod):
        """0: ready."""
        return decode(self.call("PodSandboxStatus", {1: pod})[1][0]).get(3, [0])[0]

    def pod_address(self, pod):
        """The first IP address of a pod."""
        status = decode(self.call("PodSandboxStatus", {1: pod})[1][0])
        return decode(status[5][0])[1][0].decode()

    def stop(self, container, seconds=0):
        """StopContainer."""
        self.call("StopContainer", {1: container, 2: seconds})

    def remove(self, container):
        """RemoveContainer."""
        self.call("RemoveContainer", {1: container})

    def remove_pod(self, pod):
        """Stops it, with all in it, and removes it."""
        self.call("StopPodSandbox", {1: pod})
        self.call("RemovePodSandbox", {1: pod})
        self.pods.pop(pod, None)
