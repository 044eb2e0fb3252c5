"""Apple's Core AI runtime: ``coreai`` (the interpreter in the wheel) and, on macOS 27, a preferred compute unit.

The way of a program, as Apple documents it: ``torch.export`` -> ``run_decompositions`` -> ``TorchConverter`` ->
``save_asset`` -> ``executable()`` -> ``load_function("main")`` -> a call with named arrays.
"""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import re
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Backend, Capability, Enter

if TYPE_CHECKING:
    import torch

    from silicon_cts.sampling.recipe import Recipe
    from silicon_cts.sampling.sample import Sample

UNITS = {"coreai-cpu": "cpu", "coreai-gpu": "gpu", "coreai-ane": "neural_engine"}
NARROWS = {"int64": "int32", "float64": "float32"}
"""The converter narrows 64-bit types and says so: ``coreai_torch`` maps int64 to a 32-bit input."""

_OPERATIONS = re.compile(r"aten\.\w+(?:\.\w+)?")
_REFUSAL = re.compile(
    r"unsupported|not (yet )?supported|does not support|unable to handle|only supports|no lowering"
    r"|requires .* input|must be .* but got|not implemented",
    re.IGNORECASE | re.DOTALL,
)
"""How the converter, the compiler and the runtime say that they do not do something."""
_LOCATION = re.compile(r"(at )?#debuginfo\.location<.*?\]>\]?>?: ", re.DOTALL)


class CoreAI(Backend):
    """Core AI, with the compute unit that the name asks for."""

    stages = ("build", "convert", "load", "run")

    def __init__(self, name: str) -> None:
        self.name = name
        self.unit = UNITS.get(name)

    @property
    def marks(self) -> tuple[str, ...]:
        """``ane`` too where the Neural Engine is asked for."""
        return ("coreai", "ane") if self.unit == "neural_engine" else ("coreai",)

    def absence(self) -> Absence | None:
        """Present where ``coreai-torch`` is installed; compute units need macOS 27."""
        if self.unit is not None:
            if platform.system() != "Darwin":
                where = f"{platform.system()} {platform.machine()}"
                return Absence(f"Core AI compute units need macOS 27: this is {where}", "use coreai here")
            major = int(platform.mac_ver()[0].split(".")[0])
            if major < 27:
                return Absence(f"Core AI compute units need macOS 27: this is {platform.mac_ver()[0]}", "update macOS")
        if importlib.util.find_spec("coreai_torch") is None:
            return Absence("coreai-torch is not installed", "pip install 'silicon-cts[coreai]'")
        return None

    def capability(self) -> Capability:
        """Ahead of time and forward only. No Metal in the interpreter on Linux, so its worker may be forked."""
        return Capability(
            dtypes=("float32", "float16", "int64", "bool"),
            aspects=("forward",),
            isolation="forkserver" if platform.system() == "Linux" else "spawn",
            ahead_of_time=True,
            batch=48,
            deadlines={"build": 120.0, "convert": 60.0, "load": 120.0, "run": 60.0},
            narrows=NARROWS,
        )

    def start(self) -> None:
        """Import what converting needs; the template process of the workers does it once for all."""
        _warm_up()

    def run(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        """All tasks in one program; those that hold refused operations are refused, the rest runs without them."""
        from silicon_cts.sampling.sample import make

        stage = "build"

        def entering(name: str) -> None:
            nonlocal stage
            stage = name
            enter(name)

        samples = {index: make(task.recipe) for index, task in enumerate(tasks)}
        outcomes: dict[int, Outcome] = {}
        for index, sample in list(samples.items()):
            if reason := _beyond_int32(sample):
                outcomes[index] = outcome.refusal(reason, stage)
                del samples[index]
        while samples:
            try:
                done = self._run_program(samples, entering)
            except Exception as error:
                if len(samples) > 1:  # whose fault it is shows when the batch is split
                    raise
                done = {next(iter(samples)): failure(error, stage)}
            outcomes.update(done)
            samples = {index: sample for index, sample in samples.items() if index not in done}
        return [outcomes[index] for index in range(len(tasks))]

    def _run_program(self, samples: Mapping[int, Sample], enter: Enter) -> dict[int, Outcome]:
        """Outcomes of all samples, or of some that were refused: then the others are still to be run."""
        import coreai_torch

        from silicon_cts.backends.decomposition import decomposed
        from silicon_cts.backends.program import export, holders

        order = list(samples)
        enter("build")
        program = export([samples[index] for index in order])
        program = decomposed(program, coreai_torch.get_decomp_table)
        enter("convert")
        try:
            converted = coreai_torch.TorchConverter().add_exported_program(program).to_coreai()
        except ValueError as error:
            refused = holders(program, _OPERATIONS.findall(str(error)))
            if "unsupported ATen ops" not in str(error) or not refused:
                raise
            return {
                order[position]: outcome.refusal(f"no lowering for {', '.join(sorted(names))}", "convert")
                for position, names in refused.items()
            }
        inputs = [tensor.detach() for index in order for tensor in samples[index].tensors]
        with tempfile.TemporaryDirectory(prefix="silicon-cts-") as folder:
            asset = converted.save_asset(Path(folder) / "program.aimodel")
            outputs = asyncio.run(self._execute(asset, inputs, enter))
        return dict(zip(order, _shares(program, outputs, len(order)), strict=True))

    async def _execute(self, asset: Any, inputs: Sequence[torch.Tensor], enter: Enter) -> list[torch.Tensor]:
        """Call ``main``; inputs and outputs by the names in the function's descriptor, never by order of a dict."""
        enter("load")
        async with asset.executable(**self.specialization()) as model:
            function = model.load_function("main")
            enter("run")
            names = function.desc.input_names
            if len(names) != len(inputs):
                raise RuntimeError(f"the program has {len(names)} inputs for {len(inputs)} tensors: {names}")
            arrays = {name: to_ndarray(tensor) for name, tensor in zip(names, inputs, strict=True)}
            answer = await function(arrays)
            return [to_tensor(answer[name]) for name in function.desc.output_names]

    def specialization(self) -> dict[str, Any]:
        """Options of ``executable()`` that ask for the compute unit; none where there is no choice."""
        if self.unit is None:
            return {}
        from coreai.runtime import ComputeUnitKind, SpecializationOptions

        if self.unit == "cpu":
            return {"specialization_options": SpecializationOptions.cpu_only()}
        kind = getattr(ComputeUnitKind, self.unit)()
        return {"specialization_options": SpecializationOptions.from_preferred_compute_unit_kind(kind)}

    def versions(self) -> Mapping[str, str]:
        """Of the converter and of the runtime."""
        found = {}
        for package in ("coreai-torch", "coreai-core"):
            try:
                found[package] = version(package)
            except PackageNotFoundError:
                continue
        return found

    def script(self, recipe: Recipe, aspect: str) -> str | None:
        """Export, convert, save, load and call, as :meth:`run` does with many samples."""
        options = ""
        if self.unit is not None:
            kind = f"from_preferred_compute_unit_kind(coreai.runtime.ComputeUnitKind.{self.unit}())"
            options = f"coreai.runtime.SpecializationOptions.{'cpu_only()' if self.unit == 'cpu' else kind}"
        return _SCRIPT.format(options=options)


_SCRIPT = """\
import asyncio
import tempfile
from pathlib import Path

import coreai.runtime
import coreai_torch


class Module(torch.nn.Module):
    def forward(self, *tensors):
        return call(*tensors)


tensors = [tensor.detach() for tensor in tensors]
program = torch.export.export(Module().eval(), tuple(tensors)).run_decompositions(coreai_torch.get_decomp_table())
converted = coreai_torch.TorchConverter().add_exported_program(program).to_coreai()
narrow = {{torch.int64: torch.int32, torch.float64: torch.float32}}


async def execute(folder):
    async with converted.save_asset(Path(folder) / "program.aimodel").executable({options}) as model:
        function = model.load_function("main")
        arrays = [coreai.runtime.NDArray(t.to(narrow.get(t.dtype, t.dtype)).contiguous().numpy()) for t in tensors]
        answer = await function(dict(zip(function.desc.input_names, arrays)))
        return [answer[name].numpy().copy() for name in function.desc.output_names]


with tempfile.TemporaryDirectory() as folder:
    answer = asyncio.run(execute(folder))
"""


@cache
def _warm_up() -> None:
    """Once in a process: a worker that was forked from the template finds it done."""
    import gc

    import coreai.runtime  # noqa: F401
    import coreai_torch
    import torch

    from silicon_cts.backends.decomposition import decomposed
    from silicon_cts.catalog.operators import operators

    operators()
    first = torch.export.export(torch.nn.Identity(), (torch.ones(1),))  # what torch loads for the first export
    decomposed(first, coreai_torch.get_decomp_table)
    gc.collect()
    gc.freeze()  # tracing allocates much: without a million old objects to walk it is 15 % faster


def failure(error: Exception, stage: str) -> Outcome:
    """The outcome that an exception is: a refusal, or an exception that is none."""
    made = outcome.refusal if _is_refusal(error) else outcome.exception
    return made(outcome.one_line(_without_locations(error)), stage)


def _is_refusal(error: Exception) -> bool:
    from silicon_cts.backends.program import cannot_trace

    if isinstance(error, NotImplementedError) or cannot_trace(error):
        return True
    return isinstance(error, ValueError | RuntimeError | TypeError) and _REFUSAL.search(str(error)) is not None


def _without_locations(error: Exception) -> Exception:
    """The same type of error without the compiler's source locations, which are long and hold paths."""
    text = _LOCATION.sub("", str(error)).partition("see current operation")[0]
    text = re.sub(r"\S*/silicon-cts-\w+/", "", text)  # the folder of this very run
    renamed: Exception = type(type(error).__name__, (Exception,), {})(text.strip())
    return renamed


def _beyond_int32(sample: Sample) -> str | None:
    """A sample whose int64 values do not survive the documented narrowing cannot be asked of Core AI."""
    import torch

    limits = torch.iinfo(torch.int32)
    for tensor in sample.tensors:
        if (
            tensor.dtype == torch.int64
            and tensor.numel()
            and not (limits.min <= tensor.min() and tensor.max() <= limits.max)
        ):
            return "int64 values beyond int32: Core AI narrows 64-bit integers to 32 bits"
    return None


def to_ndarray(tensor: torch.Tensor) -> Any:
    """A tensor, wherever it lies in memory, as the runtime's array; 64-bit types narrow as the converter's do."""
    import ml_dtypes
    import torch
    from coreai.runtime import NDArray

    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous()
    if tensor.dtype == torch.bfloat16:
        return NDArray(tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16))
    narrow = {torch.int64: torch.int32, torch.float64: torch.float32}.get(tensor.dtype, tensor.dtype)
    return NDArray(tensor.to(narrow).numpy())


def to_tensor(array: Any) -> torch.Tensor:
    """The runtime's array as a CPU tensor of its own memory."""
    import numpy as np
    import torch

    values = np.ascontiguousarray(array.numpy()).reshape(array.shape)
    if values.dtype.name == "bfloat16":
        return torch.from_numpy(values.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(values.copy())


def _shares(program: torch.export.ExportedProgram, outputs: Sequence[torch.Tensor], count: int) -> list[Outcome]:
    """Give each sample its outputs, by the structure that torch.export recorded."""
    from torch.utils._pytree import tree_unflatten

    spec = program.call_spec.out_spec
    if spec is None or spec.num_leaves != len(outputs):
        expected = "no" if spec is None else spec.num_leaves
        raise RuntimeError(f"the program returned {len(outputs)} outputs where torch.export promised {expected}")
    shares = tree_unflatten(list(outputs), spec)
    if len(shares) != count:
        raise RuntimeError(f"outputs of {len(shares)} samples where {count} were asked")
    nothing = outcome.refusal("returns no tensor: a program has tensors for outputs", "build")
    return [outcome.result(list(share)) if share else nothing for share in shares]
