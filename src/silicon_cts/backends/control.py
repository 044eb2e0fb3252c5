"""Right implementations that are not the yardstick: PyTorch's CPU with other kernels, threads, or compiled.

``cpu`` judged against itself proves little. These compute the same operators in another order and with other
instructions, and must agree: they measure the false alarms of the suite, and are where K and R come from.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Capability, Enter
from silicon_cts.backends.torch_device import ALL_DTYPES, TorchDevice
from silicon_cts.catalog.threads import threads

if TYPE_CHECKING:
    from silicon_cts.sampling.call import Sample


class Anew(AbstractContextManager[None]):
    """A context that is made anew each time it is entered, so that it may be entered around each of several calls."""

    def __init__(self, make: Callable[[], AbstractContextManager[Any]]) -> None:
        self._make = make

    def __enter__(self) -> None:
        """Make and enter it."""
        self._entered = self._make()
        self._entered.__enter__()

    def __exit__(self, *error: Any) -> None:
        """Leave it."""
        self._entered.__exit__(*error)


def _without_onednn() -> AbstractContextManager[Any]:
    import torch

    flags: AbstractContextManager[Any] = torch.backends.mkldnn.flags(enabled=False)
    return flags


@dataclass(frozen=True)
class Variant:
    """One way for PyTorch's CPU to compute differently."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Read by torch as it is imported."""
    around: AbstractContextManager[Any] | None = None
    """Entered around the calls that are asked, and no others: which those are, the CPU says as it is."""


_COMPILED = os.environ.get("TORCHINDUCTOR_CACHE_DIR") or str(Path(tempfile.gettempdir()) / "silicon-cts-inductor")
"""What is compiled once serves all workers, whose own temporary files go with them."""
VARIANTS: dict[str, Variant] = {
    "cpu-scalar": Variant({"ATEN_CPU_CAPABILITY": "default"}),
    "cpu-avx2": Variant({"ATEN_CPU_CAPABILITY": "avx2"}),
    "cpu-no-onednn": Variant(around=Anew(_without_onednn)),
    "cpu-one-thread": Variant(around=Anew(partial(threads, 1))),
    "cpu-two-threads": Variant(around=Anew(partial(threads, 2))),
    "cpu-compile": Variant({"TORCHINDUCTOR_CACHE_DIR": _COMPILED}),
}


class Control(TorchDevice):
    """PyTorch's CPU, computing in another way than in this process."""

    on_request = True
    kin = "cpu"

    def __init__(self, name: str) -> None:
        super().__init__("cpu")
        self.name = name
        self.variant = VARIANTS[name]
        self.environment = self.variant.environment

    @property
    def marks(self) -> tuple[str, ...]:
        """All of them are controls."""
        return ("control",)

    def absence(self) -> Absence | None:
        """The capability of x86 processors is chosen by name; elsewhere the variable does nothing."""
        if self.environment and platform.machine() not in ("x86_64", "AMD64"):
            return Absence(f"{self.name} chooses x86 vector units: this is {platform.machine()}")
        return None

    def capability(self) -> Capability:
        """As ``cpu``, in a worker of its own."""
        return Capability(ALL_DTYPES, isolation="spawn")

    def _run_one(self, task: Task, enter: Enter, around: AbstractContextManager[Any] | None = None) -> Outcome:
        return super()._run_one(task, enter, around or self.variant.around)


class Compiled(Control):
    """PyTorch's CPU through ``torch.compile``: pointwise operators and reductions, whose loops Inductor writes."""

    def absence(self) -> Absence | None:
        """Inductor compiles C++."""
        compilers = [os.environ.get("CXX", ""), "g++", "clang++", "cl"]
        if any(name and shutil.which(name) for name in compilers):
            return None
        return Absence("torch.compile finds no C++ compiler", "install g++ or clang++, or set CXX")

    def capability(self) -> Capability:
        """A shape is compiled in seconds: one aspect and one dtype."""
        return Capability(
            ("float32",),
            aspects=("forward",),
            batch=8,
            deadlines={"run": 600.0},
            recycle_after=256,
        )

    def _run_one(self, task: Task, enter: Enter, around: AbstractContextManager[Any] | None = None) -> Outcome:
        from silicon_cts.sampling.observation import OBSERVE, Setting

        enter("run")
        if not is_loop(task.recipe.operator):
            return outcome.refusal("asked of pointwise operators and reductions alone", "run")
        try:
            found = OBSERVE[task.aspect](task.recipe, Setting(_compiled))
        except Exception as error:
            return outcome.exception(outcome.one_line(error), "run")
        tensors = [None if out is None else out.detach() for out in found.tensors]
        return outcome.result(tensors, violations=found.violations)

    def script(self, recipe: Any, aspect: str) -> str | None:
        """Compile, call."""
        return "answer = torch.compile(call, dynamic=False)(*tensors)\n"


@cache
def is_loop(operator: str) -> bool:
    """Whether ATen tags the operator of that id as pointwise or as a reduction."""
    import torch

    from silicon_cts.catalog.operators import find

    packet = getattr(torch.ops.aten, find(operator).name.split(".")[-1], None)
    if packet is None:
        return False
    tags = {tag for overload in packet.overloads() for tag in getattr(packet, overload).tags}
    return bool(tags & {torch.Tag.pointwise, torch.Tag.reduction})


def _compiled(sample: Sample) -> Sample:
    """The same call, compiled for its very arguments; what was compiled before is forgotten."""
    import torch

    torch._dynamo.reset()
    return replace(sample, call=torch.compile(sample.call, dynamic=False))
