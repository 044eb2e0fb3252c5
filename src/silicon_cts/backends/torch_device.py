"""PyTorch eager on a device that torch knows: ``cpu``, ``mps``, ``cuda``, and any other as ``torch:NAME``.

One class: what runs here on ``cpu`` is, line for line, what runs on an Apple GPU.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Backend, Capability, Enter

if TYPE_CHECKING:
    from silicon_cts.sampling.recipe import Recipe

ALL_DTYPES = ("float32", "float16", "bfloat16", "int64", "bool", "complex64", "int32", "int16", "int8", "uint8")
"""What a device of torch is asked: what MPS has. Which of them without being named, a budget says."""

REFUSALS = (
    "not currently implemented for the",  # aten::x on a device without that kernel
    "not currently supported on the",
    "not implemented for",  # AT_DISPATCH: "op" not implemented for 'Half'
    "could not run '",
    "doesn't support",
    "does not support",
    "not supported",
    "unsupported",
    "not implemented",
)
"""How PyTorch says that a device lacks something. NotImplementedError says it by its type."""


def is_refusal(error: BaseException) -> bool:
    """Whether an exception of an eager device says "I do not do this" rather than "I failed"."""
    if isinstance(error, NotImplementedError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError | TypeError) and any(words in text for words in REFUSALS)


def mps_absence() -> Absence | None:
    """Why there is no usable Apple GPU; asked in the order in which a person would look."""
    if platform.system() != "Darwin":
        return Absence(f"no Apple GPU: this is {platform.system()} {platform.machine()}", "run on an Apple silicon Mac")
    if platform.machine() != "arm64":
        if sysctl("sysctl.proc_translated") == "1":
            return Absence("x86_64 Python under Rosetta", "install an arm64 Python")
        return Absence("no Apple GPU: this is an Intel Mac", "run on an Apple silicon Mac")
    if sysctl("kern.hv_vmm_present") == "1":
        return Absence(
            "paravirtual GPU in a virtual machine: its MPS gives wrong answers that no Mac gives",
            "run on a physical Mac",
        )
    import torch

    if not torch.backends.mps.is_built():
        return Absence("torch was built without MPS", "install torch from PyPI for macOS arm64")
    if not torch.backends.mps.is_available():
        return Absence(f"torch finds no MPS device on macOS {platform.mac_ver()[0]}", "MPS needs macOS 14 or later")
    return None


def sysctl(name: str) -> str:
    """A macOS kernel variable as text; empty where it does not exist."""
    try:
        return subprocess.run(
            ["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=False
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def cuda_absence() -> Absence | None:
    """Why there is no CUDA or ROCm device."""
    import torch

    if not torch.backends.cuda.is_built():
        return Absence(
            f"torch {torch.__version__} was built without CUDA or ROCm", "install a CUDA or ROCm build of torch"
        )
    if not torch.cuda.is_available():
        return Absence("torch finds no CUDA or ROCm GPU", "check the driver with nvidia-smi or rocm-smi")
    return None


def other_absence(device: str) -> Absence | None:
    """Why a device named by the user cannot be used: asked by putting one number there."""
    import torch

    try:
        torch.ones(1).to(device)
    except (RuntimeError, AssertionError, ImportError, NotImplementedError) as error:
        return Absence(f"torch cannot use device {device!r}: {outcome.one_line(error, 160)}", "install its package")
    return None


class TorchDevice(Backend):
    """PyTorch eager on one device, named ``cpu``, ``mps``, ``cuda`` or ``torch:DEVICE``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.device = name.removeprefix("torch:")

    @property
    def marks(self) -> tuple[str, ...]:
        """The device's own name, or ``torch_device`` for one named by the user."""
        return (self.device,) if self.device == self.name else ("torch_device",)

    def absence(self) -> Absence | None:
        """See :meth:`Backend.absence`."""
        if self.device == "cpu":
            return None
        known = {"mps": mps_absence, "cuda": cuda_absence}
        return known[self.device]() if self.device in known else other_absence(self.device)

    def capability(self) -> Capability:
        """CPU runs inside the pytest process; every other device in a spawned worker."""
        if self.device == "cpu":
            return Capability(ALL_DTYPES, isolation="none", yardstick=True)
        if self.device == "mps":  # a graph is kept for every shape and dtype, without a limit: renew the process
            return Capability(ALL_DTYPES, recycle_after=4000)
        from torch.optim.optimizer import _get_capturable_supported_devices

        return Capability(ALL_DTYPES, capturable=self.device.partition(":")[0] in _get_capturable_supported_devices())

    def start(self) -> None:
        """Open the device. MPS must not fall back to the CPU: a missing operator is to be seen."""
        os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] = "0"
        import torch

        import silicon_cts.sampling.observation  # noqa: F401

        torch.ones(1).to(self.device)

    def run(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        """Each task by itself; an exception of one is its own outcome."""
        return [self._run_one(task, enter) for task in tasks]

    def _run_one(self, task: Task, enter: Enter, around: AbstractContextManager[Any] | None = None) -> Outcome:
        from silicon_cts.sampling.observation import OBSERVE, on_device

        enter("run")
        try:
            setting = on_device(self.device)
            if around is not None:
                setting = replace(setting, around=around)
            found = OBSERVE[task.aspect](task.recipe, setting)
            tensors = [None if out is None else out.cpu() for out in found.tensors]
            return outcome.result(tensors, violations=found.violations)
        except Exception as error:  # whatever the device raises is its outcome
            return (outcome.refusal if is_refusal(error) else outcome.exception)(outcome.one_line(error), "run")

    def versions(self) -> Mapping[str, str]:
        """Torch's own version is in every fingerprint."""
        return {}

    def script(self, recipe: Recipe, aspect: str) -> str | None:
        """Move the tensors with what lies beside them in memory, call."""
        given = "given = [move(tensor, device) for tensor in tensors]"
        return f"device = torch.device({self.device!r})\n{given}\nanswer = call(*given)\n"
