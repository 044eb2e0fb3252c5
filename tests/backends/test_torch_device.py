"""Torch devices: why one is absent, what counts as a refusal, and that one class serves them all."""

import platform

import pytest
import torch

from silicon_cts.backends import registry, torch_device
from silicon_cts.backends.outcome import Task
from silicon_cts.sampling.recipe import Recipe

MACHINES = {
    "linux": ("Linux", "x86_64", {}, "no Apple GPU: this is Linux x86_64"),
    "rosetta": ("Darwin", "x86_64", {"sysctl.proc_translated": "1"}, "x86_64 Python under Rosetta; install an arm64 Python"),
    "intel": ("Darwin", "x86_64", {"sysctl.proc_translated": "0"}, "this is an Intel Mac"),
    "virtual": ("Darwin", "arm64", {"kern.hv_vmm_present": "1"}, "paravirtual GPU in a virtual machine"),
    "not built": ("Darwin", "arm64", {}, "torch was built without MPS"),
}  # fmt: skip


@pytest.mark.parametrize(("system", "machine", "sysctls", "reason"), MACHINES.values(), ids=MACHINES)
def test_why_mps_is_absent(monkeypatch, system, machine, sysctls, reason):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch_device, "sysctl", lambda name: sysctls.get(name, ""))
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: False)
    assert reason in str(registry.get("mps").absence())


def test_mps_is_here_on_a_mac_that_has_it(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(torch_device, "sysctl", lambda name: "")
    monkeypatch.setattr(torch.backends.mps, "is_built", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert registry.get("mps").absence() is None
    assert registry.get("mps").capability().isolation == "spawn"


def test_a_device_that_torch_does_not_have_is_absent_with_torchs_words():
    assert "torch cannot use device 'xpu'" in str(registry.get("torch:xpu").absence())


REFUSALS = [
    NotImplementedError("The operator 'aten::x' is not currently implemented for the MPS device."),
    RuntimeError("\"sort\" not implemented for 'Half'"),
    TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."),
    RuntimeError("Could not run 'aten::x' with arguments from the 'MPS' backend."),
]
FAILURES = [
    RuntimeError("[MPSGraph] failed assertion"),
    IndexError("not supported"),
    RuntimeError("shape '[2]' is invalid"),
]


@pytest.mark.parametrize("error", REFUSALS, ids=repr)
def test_this_is_a_refusal(error):
    assert torch_device.is_refusal(error)


@pytest.mark.parametrize("error", FAILURES, ids=repr)
def test_this_is_a_failure(error):
    assert not torch_device.is_refusal(error)


def test_the_same_class_runs_on_cpu_and_elsewhere():
    """``meta`` is a device that every torch has: it goes the whole way, up to reading a result that has no values."""
    task = Task(Recipe("add", "float32", 3), "forward")
    (on_cpu,) = registry.get("cpu").run([task], lambda stage: None)
    (on_meta,) = registry.get("torch:meta").run([task], lambda stage: None)
    assert on_cpu.kind == "result"
    assert on_meta.kind in ("refusal", "exception")
    assert "meta" in on_meta.reason
