# SPDX-License-Identifier: GPL-2.0-or-later
"""A containerd of our own, with an image made here, and ctr to talk to it."""

import contextlib
import glob
import importlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SHIM = Path(os.environ.get("E2E_SHIM", BUILD / "shim/containerd-shim-kata-bm-v2"))
KERNEL = Path(os.environ.get("E2E_KERNEL", BUILD / "guest-kernel/bzImage"))
INITRD = Path(os.environ.get("E2E_INITRD", BUILD / "images/kata-bm-initrd.img"))
RUNTIME = os.environ.get("E2E_RUNTIME", "io.containerd.kata-bm.v2")
ISOLATION = os.environ.get("E2E_ISOLATION", "none")
# KVM inside another VM may not run every guest; emulation always does.
ACCEL = os.environ.get("E2E_ACCEL", "tcg")
# All that has a time limit may take so many times as long: on an emulated machine.
PATIENCE = float(os.environ.get("E2E_PATIENCE", "1"))
# Lists what the host has lent from here; only a control BM has it.
SESSIONS = shutil.which("kbm-sessions")
IMAGE = "localhost/e2e:1"
NAMESPACE = "e2e"
STATE = Path("/run/kata-bm")
COMMANDS = ("sh cat echo true false sleep ls env id hostname head wc dd ps kill mount df stty tty "
            "seq yes printf touch rm uname ip grep test od sync tail sort nc").split()


class CommandError(Exception):
    """A command failed that should not."""


class Skip(Exception):
    """A case cannot be tried here; it says why."""


def missing():
    """What is not here, or None."""
    for path in (SHIM, KERNEL, INITRD):
        if not path.exists():
            return f"no {path}"
    for program in ("containerd", "ctr", "qemu-system-x86_64", "busybox"):
        if not shutil.which(program):
            return f"no {program} here"
    if os.geteuid():
        return "containerd needs root"
    try:
        importlib.import_module("grpc")
    except ImportError:
        return "no python3-grpcio here"
    return None


def write_image(path):
    """An image of busybox alone, as `docker save` would write it."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name in ("bin", "tmp", "etc", "dev", "proc", "sys", "root"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        tar.add(os.path.realpath(shutil.which("busybox")), "bin/busybox")
        for name in COMMANDS:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        passwd = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(passwd)
        tar.addfile(entry, io.BytesIO(passwd))
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [
            "sha256:" + subprocess.run(["sha256sum"], input=layer.getvalue(), check=True,
                                       stdout=subprocess.PIPE).stdout.split()[0].decode()]},
    }).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE],
                            "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, data in (("config.json", config), ("layer.tar", layer.getvalue()),
                           ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


class Containerd:
    """One containerd, its files below a folder of its own."""

    folder = None

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="kbm-e2e-", dir="/tmp"))
        Containerd.folder = self.dir
        self.address = self.dir / "c.sock"
        self.log = self.dir / "containerd.log"
        self.shim_config = self.dir / "configuration.toml"
        self.process = None
        self.environment = dict(os.environ, CONTAINERD_ADDRESS=str(self.address),
                                CONTAINERD_NAMESPACE=NAMESPACE,
                                # Where containerd or ctr loses a runtime's options.
                                KATA_CONF_FILE=str(self.shim_config),
                                PATH=f"{SHIM.parent}:{os.environ['PATH']}")

    def write_config(self):
        """Of containerd, and of the shim."""
        (self.dir / "config.toml").write_text(f"""version = 2
root = "{self.dir}/root"
state = "{self.dir}/state"
[grpc]
  address = "{self.address}"
[debug]
  level = "debug"
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_address = "127.0.0.1"
  sandbox_image = "{IMAGE}"
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{self.dir}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "kata-bm"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata-bm]
      runtime_type = "{RUNTIME}"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata-bm.options]
        ConfigPath = "{self.shim_config}"
""", encoding="utf-8")
        (self.dir / "cni").mkdir()
        (self.dir / "cni/e2e.conflist").write_text(json.dumps({
            "cniVersion": "0.4.0", "name": "e2e", "plugins": [{
                "type": "ptp", "mtu": 1400,
                "ipam": {"type": "host-local", "subnet": "10.188.77.0/24",
                         "dataDir": f"{self.dir}/ipam", "routes": [{"dst": "0.0.0.0/0"}]}}]}),
            encoding="ascii")
        self.shim_config.write_text(f"""[hypervisor.qemu]
kernel = "{KERNEL}"
initrd = "{INITRD}"
isolation = "{ISOLATION}"
accel = "{ACCEL}"
default_memory = 192
[agent.kata]
dial_timeout = 90
create_container_timeout = 60
""", encoding="utf-8")

    def start(self):
        """Starts it, or starts it again, and waits until it answers."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["setpriv", "--pdeathsig", "KILL", "containerd", "--config",
                 str(self.dir / "config.toml")], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=self.environment, start_new_session=True)
        end = time.monotonic() + 30 * PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise CommandError(f"containerd ended: {self.log_tail()}")
            # One that called too early may wait for an answer that does not come.
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self.run("version", check=False, timeout=5).returncode == 0:
                    return
            time.sleep(0.1)
        raise CommandError(f"containerd does not answer: {self.log_tail()}")

    def version(self):
        """Such as (1, 7), of the server."""
        text = self.run("version").stdout.split("Server:")[1]
        return tuple(map(int, re.search(r"Version:\s*v?(\d+)\.(\d+)", text).groups()))

    def kill(self, number=signal.SIGKILL):
        """Of containerd alone: its shims live on."""
        self.process.send_signal(number)
        self.process.wait(20)

    def import_image(self):
        """The image of all tests."""
        path = self.dir / "image.tar"
        write_image(path)
        for namespace in (NAMESPACE, "k8s.io"):
            self.run("-n", namespace, "images", "import", str(path), timeout=60)
        path.unlink()

    def log_tail(self, lines=40):
        """The last lines of containerd's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def run(self, *words, check=True, timeout=120, **options):
        """ctr WORDS; the completed process, with its output as text."""
        done = subprocess.run(["ctr", *map(str, words)], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=timeout * PATIENCE, errors="replace",
                              **({"stdin": subprocess.DEVNULL} | options))
        if check and done.returncode:
            raise CommandError(f"ctr {' '.join(map(str, words))[:300]}: {done.returncode}: "
                               f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def run_words(self, *options):
        """The words of `ctr run` with our runtime."""
        return ["run", "--runtime", RUNTIME, "--runtime-config-path", str(self.shim_config),
                *options]

    def run_container(self, name, *command, options=(), **more):
        """`ctr run` of our image in the foreground, removed at its end."""
        return self.run(*self.run_words("--rm", *options), IMAGE, name, *command, **more)

    def start_container(self, name, *command, options=()):
        """The same in the background; stays until end_container()."""
        return self.run(*self.run_words("-d", *options), IMAGE, name, *command)

    def execute(self, name, *command, **options):
        """`ctr task exec`."""
        return self.run("task", "exec", "--exec-id", f"x{time.monotonic_ns()}", name, *command,
                        **options)

    def delete_task(self, name):
        """Of a container that has ended; its exit status, of which ctr says more than it does."""
        done = self.run("task", "delete", name)
        match = re.search(r"non-zero exit code (\d+)", done.stderr)
        return int(match.group(1)) if match else 0

    def end_container(self, name):
        """Kills and deletes it, whatever state it is in."""
        self.run("task", "kill", "-s", "SIGKILL", name, check=False)
        self.run("task", "delete", "-f", name, check=False)
        self.run("container", "delete", name, check=False)

    def status(self, name):
        """Of its task, such as RUNNING; None: no task."""
        match = re.search(rf"^{re.escape(name)}\s+\d+\s+(\w+)", self.run("task", "ls").stdout,
                          re.MULTILINE)
        return match and match.group(1)

    def wait_status(self, name, wanted, seconds=20):
        """Until its task has that status."""
        end = time.monotonic() + seconds * PATIENCE
        while (status := self.status(name)) != wanted:
            if time.monotonic() > end:
                raise CommandError(f"{name} is {status}, not {wanted}")
            time.sleep(0.1)

    def shim_pid(self, name):
        """The process of a container's shim."""
        path = self.dir / "state/io.containerd.runtime.v2.task" / NAMESPACE / name / "shim.pid"
        return int(path.read_text(encoding="ascii"))

    @contextlib.contextmanager
    def events(self):
        """The topics of a time: a list of (topic, event), filled at its end."""
        seen = []
        with subprocess.Popen(["ctr", "events"], env=self.environment, text=True,
                              stdout=subprocess.PIPE) as process:
            time.sleep(0.5)
            try:
                yield seen
                time.sleep(0.5)
            finally:
                process.terminate()
                output = process.stdout.read()
        for line in output.splitlines():
            match = re.match(r".* (/tasks/\S+) (\{.*\})$", line)
            if match:
                seen.append((match.group(1), json.loads(match.group(2))))

    def stop(self):
        """Ends containerd; folders go, too."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        for line in reversed(Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()):
            path = line.split()[1]
            if path.startswith(f"{self.dir}/"):
                subprocess.run(["umount", "-l", path], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


@contextlib.contextmanager
def running():
    """A containerd with our configuration and image."""
    containerd = Containerd()
    try:
        containerd.write_config()
        containerd.start()
        containerd.import_image()
        yield containerd
    finally:
        containerd.stop()


def parent_of(pid):
    """Of a process; 0: it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(text.rsplit(")", 1)[1].split()[1])


def processes():
    """Of our shims and their QEMUs: {pid: name}; not those of another run on this machine."""
    found, foreign = {}, set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"containerd-shim-kata-bm-v2"):
            if any(word.startswith(bytes(Containerd.folder)) for word in words):
                found[int(entry.name)] = "shim"
            else:
                foreign.add(int(entry.name))
        elif b"qemu" in words[0] and any(bytes(INITRD) in word for word in words):
            found[int(entry.name)] = "qemu"
    return {pid: name for pid, name in found.items() if parent_of(pid) not in foreign}


def processes_of(kind):
    """Those that are a "shim" or a "qemu"."""
    return [pid for pid, name in processes().items() if name == kind]


def qemu_of(shim):
    """QEMU of a shim: its child."""
    for pid in processes_of("qemu"):
        if parent_of(pid) == shim:
            return pid
    raise AssertionError(f"no QEMU of {shim}")


def wait_until(what, ask, fits=bool, seconds=20, pause=0.1):
    """The first answer that fits; fails with the last one, which is @what."""
    end = time.monotonic() + seconds * PATIENCE
    while not fits(answer := ask()):
        assert time.monotonic() < end, f"{what} is still {answer!r} after {seconds} s"
        time.sleep(pause)
    return answer


def sessions():
    """What the host has lent to guests of this control BM; elsewhere there is none of it."""
    if not SESSIONS:
        return []
    return json.loads(subprocess.run([SESSIONS, "--json"], check=True, stdout=subprocess.PIPE,
                                     timeout=60).stdout)


def left_over():
    """What should not be there when no container is: text, or None."""
    end = time.monotonic() + 10 * PATIENCE
    while True:
        left = [f"process {pid} ({name})" for pid, name in processes().items()]
        left += [f"lent to {one}" for one in sessions()]
        # Not by Path.glob(), which fails where a folder goes away meanwhile.
        left += glob.glob(f"{STATE}/*/*")
        left += [line for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
                 if f" {STATE}" in line]
        if not left or time.monotonic() > end:
            return ", ".join(left) or None
        time.sleep(0.2)
