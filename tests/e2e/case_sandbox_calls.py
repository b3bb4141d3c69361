# SPDX-License-Identifier: GPL-2.0-or-later
"""The sandbox service of a shim, called without containerd."""

import json
import os
import signal
import time

import cri
import harness
from case_basic import equal
from harness import processes_of
from sandbox import NOT_READY, READY, shim_of, text

INVALID, NOT_FOUND, EXISTS, FAILED, UNIMPLEMENTED = 3, 5, 6, 9, 12


def test_sandbox_calls(c):
    """Each call of the service, at its time and at a wrong one."""
    with shim_of(c, "calls") as shim:
        named = ("StartSandbox", "StopSandbox", "WaitSandbox", "SandboxStatus", "PingSandbox",
                 "SandboxMetrics", "ShutdownSandbox")
        for method in named:
            equal((method, shim.code(method, {1: "other"})), (method, NOT_FOUND))
        equal(shim.code("StartSandbox"), NOT_FOUND)
        equal(shim.create({1: "other"}), INVALID)
        equal((shim.create(), shim.create()), (0, EXISTS))
        equal(shim.code("UpdateSandbox"), UNIMPLEMENTED)
        equal(shim.code("SandboxMetrics"), FAILED)
        before = time.time()
        started = shim.call("StartSandbox")[1]
        equal((started[1], shim.code("StartSandbox")), (processes_of("qemu"), FAILED))
        equal(harness.qemu_of(shim.pid), started[1][0])
        equal(cri.decode(shim.call("Platform")[1][1][0]), {1: [b"linux"], 2: [b"amd64"]})
        equal(shim.call("PingSandbox"), (0, {}))
        status = shim.call("SandboxStatus")[1]
        equal((text(status, 1), status[2], text(status, 3), 6 in status),
              ("calls", started[1], READY, False))
        created = cri.decode(status[5][0])[1][0]
        assert before - 60 < created <= before, (created, before)
        metric = cri.decode(shim.call("SandboxMetrics")[1][1][0])
        assert text(metric, 2) == "calls" and b".Metrics" in metric[3][0], metric
        for method in named:
            equal((method, shim.code(method, {1: "other"})), (method, NOT_FOUND))
        equal(shim.call("StopSandbox"), (0, {}))
        status, ended = shim.call("SandboxStatus")[1], shim.call("WaitSandbox")[1]
        equal((text(status, 3), status[6], ended.get(1)), (NOT_READY, ended[2], None))
        equal((shim.code("StartSandbox"), shim.code("SandboxMetrics")), (FAILED, FAILED))
        equal(shim.call("ShutdownSandbox"), (0, {}))
        equal(harness.left_over(), None)


def test_sandbox_shutdown(c):
    """Without a stop before; when it is answered the guest is gone."""
    with shim_of(c, "shut") as shim:
        shim.run()
        waiter = shim.wait()
        equal(shim.call("ShutdownSandbox"), (0, {}))
        equal(processes_of("qemu"), [])
        equal(waiter.answer()[1].get(1), None)
        waiter.close()
        equal(harness.left_over(), None)


def test_sandbox_wait_dies(c):
    """The exit status of a guest that was killed is not that of one that was stopped."""
    with shim_of(c, "killed") as shim:
        shim.run()
        # One that does not stay for the answer.
        shim.wait().close()
        os.kill(processes_of("qemu")[0], signal.SIGKILL)
        equal(shim.call("WaitSandbox")[1][1], [255])
        equal(text(shim.call("SandboxStatus")[1], 3), NOT_READY)
        equal(shim.call("ShutdownSandbox"), (0, {}))


def test_sandbox_annotations(c):
    """What comes beside the bundle: an annotation that is not allowed is refused."""
    with shim_of(c, "notes") as shim:
        (shim.bundle / "config.json").write_text(json.dumps({"annotations": ["no object"]}),
                                                 encoding="ascii")
        notes = cri.string_map({"io.katacontainers.config.hypervisor.kernel": "/nowhere"})
        equal(shim.create({6: notes}), 0)
        code, why = shim.call("StartSandbox")
        assert code and "io.katacontainers.config.hypervisor.kernel" in why, (code, why)
        equal(shim.call("ShutdownSandbox"), (0, {}))
