# SPDX-License-Identifier: GPL-2.0-or-later
# about: a pod by the CRI in the control BM: two containers, one guest, CNI's network, no exit, all given back
# limit: 480
# server: own
# options: --init systemd --cpus 6 --memory 12G --lendable 2G@0,1G@1
"""What kubelet would ask of containerd in the control BM, and what comes of it.

The CRI client runs here, and so does the making of the image. Network, images, the pod's
slice and sandbox_cgroup_only are what a cluster brings along; all else is the control
BM's as it is installed.
"""

import contextlib
import functools
import json
import sys
import tempfile
import time
import unittest
from pathlib import Path

from kbmsim import control, cri_node, measure
from kbmsim.sole_guest import SoleGuest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

import harness  # noqa: E402

try:
    import cri
except ImportError:
    cri = None  # harness.missing() says what to do

BOOT_ID = "/proc/sys/kernel/random/boot_id"
CREATED, RUNNING, EXITED = range(3)
READY, NOT_READY = range(2)
# NamespaceMode
CONTAINER = 1
ANNOTATIONS = {"io.katacontainers.config.hypervisor.default_vcpus": "2"}
# On an emulated machine, which others may load, too.
CALL_TIMEOUT = 180
NEW_LIMIT = 64 << 20
PORT_INSIDE, PORT_OUTSIDE = 8080, 9090
# What one connection carries: 108894 bytes.
LINES = 20000
SENT = sum(len(str(number)) + 1 for number in range(1, LINES + 1))
CONNECTIONS = 3
SERVER = f"while true; do seq {LINES} | nc -l -p {PORT_INSIDE}; done"
OUT = f"seq {LINES} | nc {cri_node.GATEWAY} {PORT_OUTSIDE} | wc -c"
KIND = "trap 'exit 6' TERM; while true; do sleep 0.1; done"
# As kubelet names that of a pod.
SLICE = "kubepods-besteffort-podweb.slice"
SLICE_FOLDER = f"/sys/fs/cgroup/kubepods.slice/kubepods-besteffort.slice/{SLICE}"
CONFIGURATION = b"[runtime]\nsandbox_cgroup_only = true\n"
LEAST_MEMORY = 8 << 20
wait_for = functools.partial(harness.wait_until, seconds=60, pause=0.3)
# All that a pod could leave in the control BM; the locks' file stays.
TRACES = ("cut -d ' ' -f 2,3 /proc/mounts | sort; ip -o link | cut -d : -f 2; ls /run/netns; "
          "find /run/kata-bm -mindepth 2; ls /run/containerd/io.containerd.runtime.v2.task/k8s.io; "
          "cat /proc/[0-9]*/comm | grep -E 'qemu|shim|kbm-'; find /sys/fs/cgroup -name 'kata_*' || true")


def equal(seen, wanted):
    """Says both."""
    assert seen == wanted, f"{seen!r}, not {wanted!r}"


def field(message, *numbers, default=b""):
    """The value at this path of a decoded message."""
    for number in numbers[:-1]:
        message = cri.decode(message.get(number, [b""])[0])
    return message.get(numbers[-1], [default])[0]


@contextlib.contextmanager
def client_of(node):
    """A client; an error comes with what containerd says."""
    client = cri.Client(node.address, harness.IMAGE, CALL_TIMEOUT)
    try:
        yield client
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error}\n{node.last_words()}") from None
    finally:
        client.close()


def prepare(manager, client, node):
    """The runtime and its network are ready, and the images are there; so is the pod's slice."""
    def network_is_ready():
        status = cri.decode(client.call("Status", {})[1][0])
        conditions = [cri.decode(one) for one in status[1]]
        return all(one.get(2) == [1] for one in conditions)

    def has(image):
        return 1 in client.call("ImageStatus", {1: {1: image}}, "runtime.v1.ImageService")

    wait_for("RuntimeReady, NetworkReady", network_is_ready)
    config = dict((field(entry, 1), field(entry, 2))
                  for entry in map(cri.decode, client.call("Status", {1: 1})[2]))[b"config"]
    sandbox_image = json.loads(config)["sandboxImage"]
    with tempfile.NamedTemporaryFile() as archive:
        harness.write_image(archive.name)
        node.import_image(archive.name, harness.IMAGE, sandbox_image)
    for image in (harness.IMAGE, sandbox_image):
        wait_for(f"the image {image}", lambda image=image: has(image))
    manager.run("mkdir -p /etc/kata-bm; cat >/etc/kata-bm/configuration.toml", 60,
                stdin=CONFIGURATION)
    manager.run(f"systemctl start {SLICE}", 60)


def check_cgroup(manager, pod):
    """Shim and QEMU are in the pod's slice (cgroup v2), and what they use counts there."""
    names = f"for pid in $(cat {SLICE_FOLDER}/kata_{pod}/cgroup.procs); do cat /proc/$pid/comm; done"
    equal(sorted(manager.run(names, 60).text().split()), ["kata-bm-shim", "qemu-system-x86"])
    used = int(manager.run(f"cat {SLICE_FOLDER}/memory.current", 60).text())
    assert used > LEAST_MEMORY, f"{used} bytes"


def end_slice(manager):
    """As kubelet does, which cannot if something is left in it."""
    manager.run(f"systemctl stop {SLICE}", 60)
    wait_for("the slice's end", lambda: manager.run(f"[ -e {SLICE_FOLDER} ] || echo gone", 60).text())


def check_network(manager, client, pod, container):
    """The guest has what CNI gave the pod's namespace, and nothing else has it."""
    address = client.pod_address(pod)
    said = client.execute(container, "/bin/ip", "-o", "-4", "addr", "show", "dev", "eth0")[1]
    assert f"inet {address}/" in said, f"{address}: {said}"
    assert f" mtu {cri_node.MTU} " in client.execute(container, "/bin/ip", "link", "show", "dev", "eth0")[1]
    routes = client.execute(container, "/bin/ip", "route")[1]
    for route in ("default", cri_node.OTHER_NET):
        assert f"{route} via {cri_node.GATEWAY} dev eth0" in routes, routes
    names = manager.run("ls /run/netns", 60).text().split()
    equal(len(names), 1)
    # The tap is there and not beside containerd; so is the other end of the veth.
    taps = "ip -o link show type tun | wc -l"
    equal(manager.run(f"ip netns exec {names[0]} {taps}; {taps}", 60).text().split(), ["1", "0"])
    return address


def connect_in(manager, address):
    """Bytes that the control BM gets from the container's server."""
    command = f"exec 3<>/dev/tcp/{address}/{PORT_INSIDE} && cat <&3 | wc -c"
    return int(manager.run(f"timeout 20 bash -c '{command}' 2>/dev/null || echo 0", 60).text())


def connect_out(client, container):
    """Bytes that a container gets back from the control BM."""
    return int(client.execute(container, "/bin/sh", "-c", OUT)[1])


def check_connections(manager, client, address, container):
    """Whole streams both ways; the container's server takes one at a time, and is away between two."""
    echo = manager.agent.start(f"exec systemd-socket-activate --listen {PORT_OUTSIDE} --inetd --accept cat")
    try:
        for _ in range(CONNECTIONS):
            equal(wait_for("a connection in", lambda: connect_in(manager, address)), SENT)
            equal(wait_for("a connection out", lambda: connect_out(client, container)), SENT)
    finally:
        echo.signal(15)


def check_stats(client, pod, containers):
    """Of each, alone and in the list: time of a CPU, and memory."""
    listed = [cri.decode(one) for one in client.call("ListContainerStats", {1: {2: pod}})[1]]
    equal(sorted(field(one, 1, 1).decode() for one in listed), sorted(containers))
    for container in containers:
        one = cri.decode(client.call("ContainerStats", {1: container})[1][0])
        equal(field(one, 1, 1).decode(), container)
        assert field(one, 2, 2, 1, default=0) > 1000, f"CPU of {container}: {one}"
        assert field(one, 3, 2, 1, default=0) > 4096, f"memory of {container}: {one}"


def check_update(client, container):
    """A new limit gets to the guest."""
    client.call("UpdateContainerResources", {1: container, 2: {4: NEW_LIMIT}})
    equal(client.execute(container, "/bin/cat", "/sys/fs/cgroup/memory.max")[1], f"{NEW_LIMIT}\n")


def restart(client, pod, container):
    """One ends by itself when told to, and another takes its place."""
    client.stop(container, 60)
    equal(client.status(container)[:2], (EXITED, 6))
    client.remove(container)
    equal(client.pod_state(pod), READY)
    other = client.create(pod, "two", "/bin/sh", "-c", KIND)
    equal(client.status(other)[0], CREATED)
    client.call("StartContainer", {1: other})
    equal(client.status(other)[0], RUNNING)
    return other


def no_exits(before, after, what):
    """Neither counter has counted anything."""
    figures = measure.window(before, after)
    equal((what, figures["exits_host"]), (what, {"total": 0, "by_reason": {}}))
    equal((what, figures["guest_residency"]), (what, 1))
    if figures["exits_machine"]:
        equal((what, figures["exits_machine"]), (what, {"total": 0, "by_reason": {}}))


def check_events(events, pod, containers, executed):
    """Each came once, and those of a container in their order."""
    for container in (pod, *containers):
        topics = [topic for topic, of in events if of == container]
        equal(topics, ["/tasks/create", "/tasks/start"]
              + ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"] * executed[container]
              + ["/tasks/exit", "/tasks/delete"])
    equal({of for _, of in events}, {pod, *containers})


def run_pod(machine, manager, client):
    """The pod's life; what it was made of, and the seconds without an exit."""
    pod = client.run_pod("web", annotations=ANNOTATIONS,
                         more={8: {1: SLICE, 2: {1: {2: CONTAINER}}}})
    one = client.start(pod, "one", "/bin/sh", "-c", SERVER)
    start, before = time.monotonic(), measure.Moment(machine, SoleGuest(machine, "pod"))
    two = client.start(pod, "two", "/bin/sh", "-c", KIND)
    boot_id = client.execute(one, "/bin/cat", BOOT_ID)
    equal(boot_id[0], 0)
    assert boot_id[1] != manager.run(f"cat {BOOT_ID}", 60).text(), "not a guest of its own"
    equal(client.execute(two, "/bin/cat", BOOT_ID), boot_id)
    equal(client.execute(one, "/bin/grep", "-c", "^processor", "/proc/cpuinfo")[1], "2\n")
    equal(client.execute(two, "/bin/sh", "-c", "echo said >&2; exit 3"), (3, "", "said\n"))
    check_cgroup(manager, pod)
    address = check_network(manager, client, pod, one)
    check_connections(manager, client, address, two)
    check_stats(client, pod, [one, two])
    check_update(client, one)
    again = restart(client, pod, two)
    equal(client.execute(again, "/bin/cat", BOOT_ID), boot_id)
    after = measure.Moment(machine, SoleGuest(machine, "pod"))
    seconds = time.monotonic() - start
    no_exits(before, after, "pod")
    client.stop(again)
    equal(client.status(again)[:2], (EXITED, 137))
    client.remove(again)
    client.call("StopPodSandbox", {1: pod})
    equal(client.pod_state(pod), NOT_READY)
    equal(client.status(one)[0], EXITED)
    client.remove_pod(pod)
    for name in ("ListPodSandbox", "ListContainers"):
        equal(client.call(name, {}), {})
    return pod, (one, two, again), seconds


def run(machine):
    """A control BM, and a pod in it."""
    lack = harness.missing() or cri_node.missing()
    if lack:
        raise unittest.SkipTest(lack)
    with control.ControlBm(machine, disks=()) as manager, cri_node.Node(manager) as node, \
            client_of(node) as client:
        prepare(manager, client, node)
        traces = manager.run(TRACES, 60).text()
        before = measure.Moment(machine, manager)
        pod, containers, seconds = run_pod(machine, manager, client)
        manager.wait_given_back()
        no_exits(before, measure.Moment(machine, manager), "control BM")
        wait_for("the pod's last event", lambda: ("/tasks/delete", pod) in node.events())
        check_events(node.events(), pod, containers, client.executed)
        equal(manager.run(TRACES, 60).text(), traces)
        end_slice(manager)
        online = machine.run("cat /sys/devices/system/cpu/online", 60).text().strip()
        equal(online, "0,3-5")
    return f"no exit of the pod's guest in {seconds:.0f} s\n"
