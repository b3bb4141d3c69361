# SPDX-License-Identifier: GPL-2.0-or-later
"""A unix socket of the control BM, as one of this machine: for gRPC, which needs a real one."""

import os
import socket
import tempfile
import threading

from .agent import AgentError
from .guest import JobStream
from .lifetime import Lifetime

# The control BM has no socat, but perl-base is in every Debian.
CONNECT = """exec perl -MIO::Socket::UNIX -e '
	my $to = IO::Socket::UNIX->new(Peer => shift) or die "$!";
	my $first = $$;
	my $from_it = !fork;
	my ($in, $out) = $from_it ? ($to, \\*STDOUT) : (\\*STDIN, $to);
	while (sysread $in, my $data, 65536) {
		syswrite $out, $data or die "$!";
	}
	kill "TERM", $first if $from_it;' """


class Bridge(Lifetime):
    """Each connection to @address is one to @path in the control BM."""

    def __init__(self, manager, path):
        self._manager = manager
        self._path = path
        self._folder = None
        self._listener = None
        self._streams = []
        self.address = None

    def start(self):
        """Listens."""
        self._folder = tempfile.TemporaryDirectory(prefix="kbm-bridge-")
        self.address = os.path.join(self._folder.name, "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = JobStream(self._manager, CONNECT + self._path)
            self._streams.append(there)
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=self._copy, args=(source, sink, here), daemon=True).start()

    @staticmethod
    def _copy(source, sink, here):
        """Until either of them is over: then both are."""
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except (OSError, AgentError):
            pass
        try:
            here.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def end(self):
        """No more connections; those that there are end, too."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for stream in self._streams:
            stream.close()
        self._streams = []
        if self._folder:
            self._folder.cleanup()
            self._folder = None
