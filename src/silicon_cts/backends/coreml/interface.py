"""Which tensors cross the interface of a Core ML program, and in which dtype?

Core ML takes and gives float16, float32 and int32. The converter narrows int64 and float64; booleans travel as the
numbers 0 and 1; smaller integers come back as int32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from silicon_cts.backends.coreml.front import Member
from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.catalog.models.calls import CALLS

if TYPE_CHECKING:
    import torch

    from silicon_cts.sampling.sample import Sample

T = TypeVar("T")
NARROWS = {"int64": "int32", "float64": "float32"}
"""What the converter documents to return narrower."""
GIVEN = {
    "float32": "float32",
    "float64": "float32",
    "float16": "float16",
    "int64": "int32",
    "int32": "int32",
    "bool": "bool",
}
"""dtype of a tensor in PyTorch -> dtype of the input that the converter is asked for."""
RETURNED = (*GIVEN, "int16", "int8", "uint8")
"""dtypes of tensors that have a form at the interface when a program returns them."""


def member(key: int, sample: Sample, held: tuple[int, ...] = ()) -> Member | str:
    """The sample as a member of a program that holds the tensors at these positions; or why it cannot be one."""
    import torch
    from torch.utils._pytree import tree_flatten

    for tensor in sample.tensors:
        if problem := _problem(tensor):
            return problem
    with torch.no_grad():
        outputs = [leaf for leaf in tree_flatten(sample.run())[0] if isinstance(leaf, torch.Tensor)]
    if not outputs:
        return "returns no tensor: a program has tensors for outputs"
    for output in outputs:
        if name_of(output.dtype) not in RETURNED:
            return f"{name_of(output.dtype)} outputs: Core ML returns {', '.join(RETURNED)}"
    return Member(key, sample, held, tuple(output.dtype for output in outputs))


def weights(operator: str, sample: Sample) -> tuple[int, ...]:
    """The positions of a model's parameters and buffers, which a deployed program holds; none of an operator."""
    import torch
    from torch.utils._pytree import tree_leaves

    call = CALLS.get(operator)
    if call is None or call.task != "inference":
        return ()
    (inputs, _), _ = sample.arguments()
    first = sum(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(inputs))
    return tuple(range(first, len(sample.tensors)))


def with_constants(one: Member) -> Member | None:
    """The same with all tensors but the first that may be an input held as constants; None if that changes nothing."""
    given = [position for position in range(len(one.sample.tensors)) if position not in one.held]
    if len(given) < 2:
        return None
    held = tuple(position for position in range(len(one.sample.tensors)) if position != given[0])
    return Member(one.key, one.sample, held, one.dtypes)


def _problem(tensor: torch.Tensor) -> str:
    import torch

    name = name_of(tensor.dtype)
    if tensor.layout != torch.strided:
        return f"{tensor.layout} inputs: Core ML takes dense tensors"
    if name not in GIVEN:
        return f"{name} inputs: Core ML takes {', '.join(GIVEN)}"
    if name == "int64" and tensor.numel():
        limits = torch.iinfo(torch.int32)
        if not (limits.min <= tensor.min() and tensor.max() <= limits.max):
            return "int64 values beyond int32: Core ML narrows 64-bit integers to 32 bits"
    return ""


def names(inputs: Sequence[torch.Tensor]) -> list[str]:
    """The name of each input."""
    return [f"x{index}" for index in range(len(inputs))]


def numpy_dtype(tensor: torch.Tensor) -> Any:
    """The numpy type that the converter is asked for."""
    import numpy as np

    return np.dtype(GIVEN[name_of(tensor.dtype)]).type


def arrays(inputs: Sequence[torch.Tensor]) -> Mapping[str, Any]:
    """The tensors by name as numpy arrays of the dtype that the converter was asked for."""
    plain = [tensor.detach().resolve_conj().resolve_neg().contiguous() for tensor in inputs]
    return {name: one.numpy().astype(numpy_dtype(one)) for name, one in zip(names(inputs), plain, strict=True)}


def tensor(array: Any, wanted: torch.dtype) -> torch.Tensor:
    """What a program returned, as a tensor of the dtype ``wanted`` where the interface only lacks that dtype.

    A number that is no boolean, and an integer that ``wanted`` cannot hold, are left as they came.
    """
    import numpy as np
    import torch

    came = torch.from_numpy(np.array(array, copy=True))
    kind, wanted_kind = DTYPES[name_of(came.dtype)].kind, DTYPES[name_of(wanted)].kind
    if came.dtype == torch.float16 and wanted_kind == "float":
        return came.to(torch.float32) if wanted != torch.float16 else came
    if wanted == torch.bool and bool(((came == 0) | (came == 1)).all()):
        return came.to(torch.bool)
    if kind == wanted_kind == "int" and wanted not in (torch.int64, torch.int32) and torch.equal(came.to(wanted), came):
        return came.to(wanted)
    return came


def shares(members: Sequence[Member], outputs: Sequence[T]) -> list[list[T]]:
    """Give each sample its outputs. Raises RuntimeError if there are not as many as were traced."""
    wanted = sum(len(one.dtypes) for one in members)
    if len(outputs) != wanted:
        raise RuntimeError(f"the program returns {len(outputs)} outputs, but should return {wanted}")
    given = iter(outputs)
    return [[next(given) for _ in one.dtypes] for one in members]
