# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user does all day: run, exec, signals, terminals, statistics."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from harness import (IMAGE, ISOLATION, NAMESPACE, PATIENCE, RUNTIME, STATE, Skip, processes,
                     processes_of, wait_until)

BOOT_ID = "/proc/sys/kernel/random/boot_id"


def equal(got, wanted):
    """A comparison that says both sides."""
    assert got == wanted, f"{got!r} instead of {wanted!r}"


def topics(events, name):
    """Topics of a container's events, in order."""
    return [topic.removeprefix("/tasks/") for topic, event in events
            if event.get("container_id") == name]


def test_run(c):
    """Output, errors and exit status of a container come out."""
    done = c.run_container("run", "/bin/sh", "-c", "echo out; echo err >&2; exit 42", check=False)
    equal(done.stdout, "out\n")
    assert "err" in done.stderr, done.stderr
    equal(done.returncode, 42)


def test_run_true(c):
    """The shortest one."""
    c.run_container("true", "/bin/true")


def test_own_kernel(c):
    """It is a guest: its kernel is not the one that runs here."""
    done = c.run_container("kernel", "/bin/cat", BOOT_ID)
    with open(BOOT_ID, encoding="ascii") as file:
        own = file.read()
    assert len(done.stdout) == len(own) and done.stdout != own, done.stdout


def test_stdin(c):
    """Input and its end arrive."""
    with open("/dev/urandom", "rb") as file:
        data = file.read(300000).hex()
    done = c.run_container("stdin", "/bin/wc", "-c", input=data, options=(), stdin=None)
    equal(done.stdout.strip(), str(len(data)))
    equal(c.run_container("stdin", "/bin/cat", input="short", stdin=None).stdout, "short")


def test_big_output(c):
    """All of 20 MB, though the reader is slower."""
    done = c.run_container("output", "/bin/sh", "-c",
                           "dd if=/dev/zero bs=65536 count=320 2>/dev/null; echo end")
    equal(len(done.stdout), 320 * 65536 + 4)


def test_events(c):
    """Each once, in their order, of a container and of an exec in it."""
    with c.events() as events:
        c.start_container("events", "/bin/sleep", "1000")
        c.execute("events", "/bin/true")
        c.run("task", "pause", "events")
        c.run("task", "resume", "events")
        c.run("task", "kill", "-s", "SIGKILL", "events")
        c.wait_status("events", "STOPPED")
        c.run("task", "delete", "events", check=False)
        c.run("container", "delete", "events")
    equal(topics(events, "events"),
          ["create", "start", "exec-added", "exec-started", "exit", "paused", "resumed", "exit",
           "delete"])
    equal(events[-2][1]["exit_status"], 137)


def test_short_events(c):
    """Of one that ends at once."""
    with c.events() as events:
        c.run_container("short", "/bin/true")
    equal(topics(events, "short"), ["create", "start", "exit", "delete"])


def test_exec(c):
    """Output, status, input, user and environment of execs."""
    c.start_container("exec", "/bin/sleep", "1000")
    done = c.execute("exec", "/bin/sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    equal((done.stdout, done.returncode), ("out\n", 7))
    assert "err" in done.stderr
    equal(c.execute("exec", "/bin/cat", input="a\nb\n", stdin=None).stdout, "a\nb\n")
    equal(c.run("task", "exec", "--exec-id", "u", "--user", "65534", "exec", "/bin/id",
                "-u").stdout, "65534\n")
    assert "sleep 1000" in c.execute("exec", "/bin/ps").stdout
    c.end_container("exec")


def test_exec_missing(c):
    """A command that is not there fails at once, in OCI's words."""
    c.start_container("missing", "/bin/sleep", "1000")
    start = time.monotonic()
    done = c.execute("missing", "no-such-command", check=False)
    seconds = time.monotonic() - start
    assert done.returncode and "executable file" in done.stderr and \
        "not found in $PATH" in done.stderr, done.stderr
    assert seconds < 1.5 * PATIENCE, seconds
    equal(c.execute("missing", "/bin/echo", "alive").stdout, "alive\n")
    c.end_container("missing")


def test_run_missing(c):
    """The same for a container's own command."""
    done = c.run_container("nothing", "no-such-command", check=False)
    assert done.returncode and "not found in $PATH" in done.stderr, done.stderr


def test_exec_parallel(c):
    """Ten at once, each with its own output."""
    c.start_container("parallel", "/bin/sleep", "1000")

    def one(number):
        return c.execute("parallel", "/bin/sh", "-c", f"sleep 0.2; echo {number}").stdout

    with ThreadPoolExecutor(10) as pool:
        outputs = list(pool.map(one, range(10)))
    equal(outputs, [f"{number}\n" for number in range(10)])
    c.end_container("parallel")


def test_signals(c):
    """A signal that is handled, and one that is not."""
    with c.events() as events:
        c.start_container("signals", "/bin/sh", "-c",
                          "trap 'exit 5' TERM; while true; do sleep 0.1; done")
        time.sleep(0.5)
        c.run("task", "kill", "-s", "SIGTERM", "signals")
        c.wait_status("signals", "STOPPED")
    equal(events[-1][1]["exit_status"], 5)
    equal(c.delete_task("signals"), 5)
    c.run("container", "delete", "signals")


def test_kill_all(c):
    """ctr task kill --all."""
    c.start_container("all", "/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
    c.run("task", "kill", "--all", "-s", "SIGKILL", "all")
    c.wait_status("all", "STOPPED")
    c.end_container("all")


def test_pause(c):
    """A paused container does nothing, and goes on afterwards."""
    c.start_container("pause", "/bin/sh", "-c",
                      "while true; do echo >>/tmp/ticks; sleep 0.05; done")
    c.run("task", "pause", "pause")
    equal(c.status("pause"), "PAUSED")
    assert c.run("task", "pause", "pause", check=False).returncode
    c.run("task", "resume", "pause")
    equal(c.status("pause"), "RUNNING")
    c.execute("pause", "/bin/true")
    c.end_container("pause")


def test_checkpoint(c):
    """Refused in words, and the container goes on."""
    c.start_container("checkpoint", "/bin/sleep", "1000")
    done = c.run("task", "checkpoint", "checkpoint", check=False)
    assert done.returncode and "checkpoint" in done.stderr.lower(), done
    equal(c.execute("checkpoint", "/bin/echo", "alive").stdout, "alive\n")
    c.end_container("checkpoint")


def test_metrics(c):
    """Memory and CPU are numbers above zero."""
    c.start_container("metrics", "/bin/sh", "-c", "x=0; while [ $x -lt 20000 ]; do x=$((x+1)); "
                      "done; sleep 1000")
    time.sleep(1)
    metrics = json.loads(c.run("task", "metrics", "--format", "json", "metrics").stdout)
    usage = metrics["memory"]["usage"]
    usage = usage["usage"] if isinstance(usage, dict) else usage
    cpu = metrics["cpu"]
    cpu = cpu["usage"]["total"] if "usage" in cpu else cpu["usage_usec"]
    assert int(usage) > 4096, metrics
    assert int(cpu) > 0, metrics
    c.end_container("metrics")


def test_limits(c):
    """A limit of memory is the one that the statistics tell."""
    c.start_container("limits", "/bin/sleep", "1000", options=("--memory-limit", "33554432"))
    memory = json.loads(c.run("task", "metrics", "--format", "json", "limits").stdout)["memory"]
    usage = memory["usage"]
    equal(int(usage["limit"] if isinstance(usage, dict) else memory["usage_limit"]), 33554432)
    c.end_container("limits")


def test_no_memory(c):
    """More than there is is refused: what was asked for, what there is, what to do."""
    done = c.run_container("nomemory", "/bin/true", options=("--memory-limit", str(1 << 40)),
                           check=False)
    assert done.returncode and re.search(
        r"1048576 MiB of memory asked for, available on this machine are \d+ MiB: end|"
        r"no free run of 1048576 MiB on any node \(\d+ MiB are free there, the longest run has "
        r"\d+ MiB\);.*: end another sandbox",
        done.stderr), done


def test_no_cpus(c):
    """The same of CPUs, where each belongs to one guest; an ordinary VM shares them."""
    if ISOLATION == "none":
        raise Skip("isolation is none: CPUs are shared")
    c.start_container("hascpu", "/bin/sleep", "1000")
    done = c.run_container("nocpus", "/bin/true", options=("--cpus", "200"), check=False)
    assert done.returncode and re.search(
        r"200 CPUs asked for, free are \d+ \([\d,-]+\) of those that guests may have "
        r"\([\d,-]+\).*: end another sandbox, lower the CPU limit", done.stderr), done
    c.end_container("hascpu")


def cgroups_of(pid):
    """Its paths in all hierarchies."""
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        return [line.strip().split(":", 2)[2] for line in file]


def test_cgroup(c):
    """sandbox_cgroup_only: shim and QEMU are in the pod's cgroup, which does not outlive them."""
    config = c.dir / "cgroup.toml"
    config.write_text(c.shim_config.read_text(encoding="ascii") +
                      "[runtime]\nsandbox_cgroup_only = true\n", encoding="ascii")
    path = f"/{NAMESPACE}/kata_cgroup"
    for kill in (False, True):
        c.run("run", "--runtime", RUNTIME, "--runtime-config-path", str(config), "-d",
              "--log-uri", f"binary://{write_logger(c)}", IMAGE, "cgroup", "/bin/sleep", "1000")
        for pid in processes():
            assert sum(one.endswith(path) for one in cgroups_of(pid)) > 0, cgroups_of(pid)
        if kill:
            os.kill(c.shim_pid("cgroup"), signal.SIGKILL)
        else:
            c.end_container("cgroup")
            assert not find_cgroups(path), find_cgroups(path)
    # By `delete`, of which containerd tells nobody when it has ended.
    wait_until("running, cgroups", lambda: (c.status("cgroup") == "RUNNING", find_cgroups(path)),
               lambda left: not any(left))
    c.end_container("cgroup")
    # Those above it are nobody's: a plain runtime leaves them, too.
    for above in find_cgroups(f"/{NAMESPACE}"):
        os.rmdir(above)


def find_cgroups(path):
    """Those of all hierarchies that end so; others may go away meanwhile."""
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if folder.endswith(path)]


def write_logger(c):
    """A program that takes a container's output; its path."""
    program = c.dir / "cat-logger"
    program.write_text("#!/bin/sh\nexec 5>&-\ncat <&3\n", encoding="ascii")
    program.chmod(0o700)
    return program


def test_info(c):
    """What containerd 2.x asks a runtime before it makes its first container."""
    done = c.run("plugins", "inspect-runtime", "--runtime", RUNTIME, check=False)
    if c.version() < (2, 0):
        raise Skip("containerd before 2.0 does not ask for it")
    info = json.loads(done.stdout)
    equal(info["Name"], "containerd-shim-kata-bm-v2")
    assert "rro" in info["Features"]["mountOptions"], info
    assert "user" in info["Features"]["linux"]["namespaces"], info


def test_ps(c):
    """There is a process for each task, which exists."""
    c.start_container("ps", "/bin/sleep", "1000")
    pids = [int(line.split()[0]) for line in c.run("task", "ps", "ps").stdout.splitlines()[1:]]
    assert pids and all(os.path.exists(f"/proc/{pid}") for pid in pids), pids
    c.end_container("ps")


def read_until(fd, text, seconds=20):
    """What a terminal says, until it has said @text."""
    seen, end = b"", time.monotonic() + seconds
    while text not in seen:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            raise AssertionError(f"no {text!r} in {seen!r}")
        seen += os.read(fd, 4096)
    return seen


def test_tty(c):
    """A terminal, its size, and what is typed."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "rows", "31", "cols", "97"], stdin=slave, check=True)
    words = ["ctr", *c.run_words("--rm", "-t"), IMAGE, "tty", "/bin/sh"]
    with subprocess.Popen(words, env=c.environment, stdin=slave, stdout=slave,
                          stderr=slave, start_new_session=True) as process:
        os.close(slave)
        read_until(master, b"# ")
        # The prompt may come before the size does.
        time.sleep(0.3)
        os.write(master, b"stty size; tty; echo $((6*7))\n")
        seen = read_until(master, b"42")
        assert b"31 97" in seen and b"/dev/pts/" in seen, seen
        os.write(master, b"exit 9\n")
        equal(process.wait(30), 9)
    os.close(master)


def test_delete_running(c):
    """Refused, and nothing happens to it."""
    c.start_container("busy", "/bin/sleep", "1000")
    done = c.run("task", "delete", "busy", check=False)
    assert done.returncode and "must be stopped" in done.stderr, done.stderr
    equal(c.status("busy"), "RUNNING")
    c.end_container("busy")


def test_long_name(c):
    """The longest that containerd allows."""
    c.run_container("n" * 76, "/bin/true")


def test_many_arguments(c):
    """10,000 of them, and an environment of nearly 1 MiB."""
    count = c.run_container("arguments", "/bin/sh", "-c", "echo $#", "sh",
                            *(["word"] * 10000)).stdout
    equal(count, "10000\n")
    size = c.run_container("environment", "/bin/sh", "-c", "env | wc -c", options=[
        word for number in range(10) for word in ("--env", f"V{number}={'x' * 100000}")]).stdout
    assert int(size) > 1000000, size


def test_read_only(c):
    """A root that cannot be written to."""
    done = c.run_container("readonly", "/bin/touch", "/x", options=("--read-only",), check=False)
    assert done.returncode and "Read-only" in done.stderr, done.stderr


def test_user_namespace(c):
    """Root of the container is somebody else in its guest."""
    # Without the path of a configuration, which ctr would take for runc's options then.
    done = c.run("run", "--rm", "--runtime", RUNTIME, "--uidmap", "0:1000:2000", "--gidmap",
                 "0:3000:2000", IMAGE, "userns", "/bin/sh", "-c",
                 "id -u; touch /made && ls -n /made; cat /proc/self/uid_map")
    lines = [line.split() for line in done.stdout.splitlines()]
    equal((lines[0], lines[1][2:4], lines[2]), (["0"], ["0", "0"], ["0", "1000", "2000"]))


def test_volume(c):
    """A folder of the host, both ways."""
    folder = c.dir / "volume"
    folder.mkdir()
    (folder / "in").write_text("there\n", encoding="ascii")
    done = c.run_container("volume", "/bin/sh", "-c", "cat /v/in; echo back >/v/out", options=(
        "--mount", f"type=bind,src={folder},dst=/v,options=rbind:rw"))
    equal(done.stdout, "there\n")
    equal((folder / "out").read_text(encoding="ascii"), "back\n")


def test_volume_read_only(c):
    """Neither it nor what is mounted below it can be written to."""
    folder = c.dir / "readonly"
    (folder / "below").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder / "below"], check=True)
    for option in ("ro", "rro"):
        done = c.run_container("volumero", "/bin/sh", "-c", "touch /v/a; touch /v/below/b",
                               options=("--mount", f"type=bind,src={folder},dst=/v,"
                                        f"options=rbind:{option}"), check=False)
        equal(done.stderr.count("Read-only file system"), 2)
    subprocess.run(["umount", folder / "below"], check=True)


def test_oom(c):
    """A container that takes too much memory is killed, and the event says so."""
    with c.events() as events:
        done = c.run_container("oom", "/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=64M",
                               "count=1", options=("--memory-limit", str(16 << 20)),
                               check=False)
    equal(done.returncode, 137)
    assert "oom" in topics(events, "oom"), topics(events, "oom")


def test_log_file(c):
    """Output to a file, as nerdctl and others want it."""
    path = c.dir / "out.log"
    c.start_container("logfile", "/bin/sh", "-c", "echo out; echo err >&2",
                      options=("--log-uri", f"file://{path}"))
    c.wait_status("logfile", "STOPPED")
    equal(sorted(path.read_text(encoding="ascii").split()), ["err", "out"])
    c.end_container("logfile")


def test_log_binary(c):
    """Output to a program."""
    program, path = c.dir / "logger", c.dir / "logged"
    program.write_text(f"#!/bin/sh\nexec >{path}.new\necho $CONTAINER_ID $CONTAINER_NAMESPACE $*\n"
                       f"exec 5>&-\ncat <&3\ncat <&4\nmv {path}.new {path}\n", encoding="ascii")
    program.chmod(0o700)
    c.start_container("logbinary", "/bin/sh", "-c", "echo out; echo err >&2",
                      options=("--log-uri", f"binary://{program}?key=value"))
    c.wait_status("logbinary", "STOPPED")
    wait_until("the log", path.exists, seconds=10)
    equal(path.read_text(encoding="ascii"), f"logbinary {NAMESPACE} key value\nout\nerr\n")
    c.end_container("logbinary")


def test_log_binary_dies(c):
    """A program that ends before it is ready is no logger."""
    done = c.run(*c.run_words("--log-uri", "binary:///bin/false", "-d"), IMAGE, "nologger",
                 "/bin/true", check=False)
    assert done.returncode and "logger /bin/false: it ended before" in done.stderr, done
    c.run("container", "delete", "nologger")


def test_no_reader(c):
    """Output that nobody reads any more stops the container, and no one else."""
    c.start_container("noreader", "/bin/sh", "-c", "yes; sleep 1000")
    time.sleep(2)
    equal(c.execute("noreader", "/bin/echo", "fine").stdout, "fine\n")
    c.run("task", "kill", "-s", "SIGKILL", "noreader")
    c.wait_status("noreader", "STOPPED")
    c.end_container("noreader")


def test_background(c):
    """An exec that leaves a process with its output open has ended all the same."""
    c.start_container("background", "/bin/sleep", "1000")
    start = time.monotonic()
    c.execute("background", "/bin/sh", "-c", "sleep 1000 & echo started")
    assert time.monotonic() - start < 15 * PATIENCE
    c.end_container("background")


def test_descriptors(c):
    """QEMU has no descriptor of the shim's but its own."""
    c.start_container("fds", "/bin/sleep", "1000")
    shim = c.shim_pid("fds")
    own = {os.readlink(f"/proc/{shim}/fd/{fd}") for fd in os.listdir(f"/proc/{shim}/fd")}
    qemu = processes_of("qemu")[0]
    theirs = {os.readlink(f"/proc/{qemu}/fd/{fd}") for fd in os.listdir(f"/proc/{qemu}/fd")}
    common = {link for link in own & theirs if not link.startswith("anon_inode:")}
    # Who has a CPU holds its lock, as long as QEMU lives.
    assert common <= {"/dev/null", f"{STATE}/cpus.lock"}, common
    assert not any(str(c.dir) in link for link in theirs), theirs
    c.end_container("fds")


def test_shim_memory(c):
    """Under 3 MiB when nothing happens, and it does nothing then."""
    c.start_container("memory", "/bin/sleep", "1000")
    shim = c.shim_pid("memory")

    def read(name):
        with open(f"/proc/{shim}/{name}", encoding="ascii") as file:
            return file.read()

    def switches():
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", read("status"),
                             re.MULTILINE).group(1))

    rss = int(re.search(r"VmRSS:\s+(\d+)", read("status")).group(1))
    assert rss < 3 * 1024, rss
    time.sleep(1)
    before = switches()
    time.sleep(3)
    assert switches() - before < 3, switches() - before
    c.end_container("memory")
