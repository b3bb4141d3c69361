#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry with one image under any name: busybox, as containerd's own tests expect it.

    registry.py PORT       on 127.0.0.1, until it is ended
"""

import gzip
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOLDERS = "bin dev etc home proc root run sbin sys usr usr/bin usr/sbin var".split()
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FILES = {
    "bin/bash": (0o755, b'#!/bin/sh\nexec /bin/sh "$@"\n'),
    "usr/bin/passwd": (0o4755, b"#!/bin/sh\n"),
    "etc/passwd": (0o644, b"root:x:0:0:root:/root:/bin/sh\n"
                          b"daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
                          b"sys:x:3:3:sys:/dev:/bin/false\n"
                          b"www-data:x:33:33:www-data:/var/www:/bin/false\n"
                          b"nobody:x:65534:65534:nobody:/home:/bin/false\n"),
    "etc/group": (0o644, b"root:x:0:\ndaemon:x:1:\nsys:x:3:\nwheel:x:10:root\nwww-data:x:33:\n"
                         b"nobody:x:65534:\n"),
}


def add(tar, name, mode, data=b"", **more):
    """An entry of root's."""
    entry = tarfile.TarInfo(name)
    entry.mode, entry.size = mode, len(data)
    for key, value in more.items():
        setattr(entry, key, value)
    tar.addfile(entry, io.BytesIO(data))


def make_layer():
    """Its root file system."""
    busybox = os.path.realpath(shutil.which("busybox"))
    names = subprocess.run([busybox, "--list"], check=True, stdout=subprocess.PIPE, text=True)
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name in FOLDERS:
            add(tar, name, 0o755, type=tarfile.DIRTYPE)
        add(tar, "tmp", 0o1777, type=tarfile.DIRTYPE)
        with open(busybox, "rb") as file:
            add(tar, "bin/busybox", 0o755, file.read())
        for name in names.stdout.split():
            if name not in ("busybox", "bash", "passwd"):
                add(tar, f"bin/{name}", 0o777, type=tarfile.SYMTYPE, linkname="busybox")
        for name, (mode, data) in FILES.items():
            add(tar, name, mode, data)
    return layer.getvalue()


def digest(data):
    """Its name in a registry."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def describe(kind, data, **more):
    """A reference to a blob."""
    return {"mediaType": kind, "size": len(data), "digest": digest(data), **more}


def make_image():
    """({digest: (type, bytes)}, the digest of the list of its platforms)."""
    layer = make_layer()
    packed = gzip.compress(layer, 6, mtime=0)
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Env": [f"PATH={PATH}"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                           "config": describe(CONFIG, config),
                           "layers": [describe(LAYER, packed)]}).encode()
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        describe(MANIFEST, manifest, platform={"architecture": "amd64", "os": "linux"})]}).encode()
    kinds = ((LAYER, packed), (CONFIG, config), (MANIFEST, manifest), (INDEX, index))
    return {digest(data): (kind, data) for kind, data in kinds}, digest(index)


class Handler(http.server.BaseHTTPRequestHandler):
    """The part of a registry's interface that a pull needs."""

    protocol_version = "HTTP/1.1"
    blobs, index = make_image()

    def find(self):
        """(type, bytes) of what was asked for, or None."""
        path = self.path.split("?")[0].rstrip("/")
        name = path.rsplit("/", 1)[1]
        if path == "/v2":
            return "application/json", b"{}"
        return self.blobs.get(self.index if "/manifests/" in path and ":" not in name else name)

    def answer(self, with_data):
        """Of GET and HEAD."""
        kind, data = self.find() or ("text/plain", b"")
        self.send_response(200 if data else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Content-Digest", digest(data))
        self.end_headers()
        if with_data:
            self.wfile.write(data)

    def do_GET(self):  # pylint: disable=invalid-name
        """The whole."""
        self.answer(True)

    def do_HEAD(self):  # pylint: disable=invalid-name
        """What it is."""
        self.answer(False)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Nobody reads it."""


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
