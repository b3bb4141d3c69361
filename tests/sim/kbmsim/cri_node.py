# SPDX-License-Identifier: GPL-2.0-or-later
"""The control BM as a node of a cluster: what a cluster brings along is put there, and nothing else.

That is a network (CNI's plugins and a configuration) and images. containerd, its
configuration and the shim are the control BM's own.
"""

import io
import json
import re
import tarfile
from pathlib import Path

from .cri_bridge import Bridge
from .lifetime import Lifetime

SOCKET = "/run/containerd/containerd.sock"
# Of this machine: the control BM is the same Debian.
PLUGINS = Path("/usr/lib/cni")
PLUGIN_NAMES = ("ptp", "host-local", "loopback")
# Where Kubernetes' packages put them, and containerd looks for them.
PLUGINS_THERE = "/opt/cni/bin"
CONFIGS = "/etc/cni/net.d"
SUBNET = "10.188.77.0/24"
GATEWAY = "10.188.77.1"
# Documentation's: goes nowhere, but into the guest's routes.
OTHER_NET = "198.51.100.0/24"
MTU = 1400
EVENT = re.compile(r" (/tasks/\S+) (\{.*\})$", re.M)
NETWORK = {"cniVersion": "0.4.0", "name": "pods", "plugins": [{
    "type": "ptp", "mtu": MTU, "ipam": {
        "type": "host-local", "subnet": SUBNET,
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": OTHER_NET}]}}]}


def missing():
    """What this machine lacks for it, or None."""
    for name in PLUGIN_NAMES:
        if not (PLUGINS / name).exists():
            return f"no {PLUGINS / name}: apt-get install containernetworking-plugins"
    return None


def pack(files):
    """A compressed tar of {name: path}."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=3) as tar:
        for name, path in files.items():
            tar.add(path, name)
    return data.getvalue()


class Node(Lifetime):
    """containerd of a ControlBm, ready for a CRI client at @address."""

    def __init__(self, manager):
        self.manager = manager
        self._bridge = Bridge(manager, SOCKET)
        self._events = None

    @property
    def address(self):
        """Of its socket, here."""
        return self._bridge.address

    def start(self):
        """The network; the bridge; from here on events are seen."""
        self.manager.run("systemctl start containerd", 120)
        self.manager.run(f"mkdir -p {PLUGINS_THERE}; tar -C {PLUGINS_THERE} -xz", 120,
                         stdin=pack({name: PLUGINS / name for name in PLUGIN_NAMES}))
        self.manager.run(f"mkdir -p {CONFIGS}; cat >{CONFIGS}/new; mv {CONFIGS}/new {CONFIGS}/10-pods.conflist", 60,
                         stdin=json.dumps(NETWORK).encode())
        self._events = self.manager.agent.start("exec ctr events")
        self._bridge.start()

    def import_image(self, path, name, other_name):
        """An archive of this machine, under two names."""
        self.manager.run("cat >/run/image.tar; ctr -n k8s.io image import /run/image.tar; rm /run/image.tar; "
                         f"ctr -n k8s.io image tag {name} {other_name}", 180,
                         stdin=Path(path).read_bytes())

    def events(self):
        """Of tasks: [(topic, id of the container)], in their order."""
        return [(topic, json.loads(event)["container_id"])
                for topic, event in EVENT.findall(self._events.text())]

    def last_words(self):
        """What is known when it did not do as it should."""
        job = self.manager.run("journalctl --no-pager -u containerd -n 60", 60, check=False)
        return f"containerd says:\n{job.text()[-8000:]}"

    def end(self):
        """The bridge; network and images stay."""
        if self._events:
            self._events.signal(15)
            self._events = None
        self._bridge.end()
