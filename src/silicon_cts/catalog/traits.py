"""What is special about an operator, and why: one row each, nothing in code.

A trait changes how an answer is judged, never whether it is: ``random`` and ``uninitialised`` outputs have no value to
compare, so their metadata is; ``unchecked`` says why nothing at all can be asked.
Keys are operator ids or globs of them (``fnmatch``).
"""

from __future__ import annotations

from fnmatch import fnmatchcase

UNCHECKED: dict[str, str] = {
    "jiterator_*": "compiles CUDA source at run time: it exists on CUDA and ROCm GPUs only, and has no CPU oracle",
    "torch._scaled_mm*": "float8 inputs only: the oracle has no float8 arithmetic to compare with",
    "torch.ops.aten._flash_attention_forward": "CUDA only: no CPU kernel, hence no oracle",
    "torch.ops.aten._efficient_attention_forward": "CUDA only: no CPU kernel, hence no oracle",
    "nn.functional.batch_norm.without_cudnn": "CUDA only: the same operator as nn.functional.batch_norm with cuDNN off",
    "sparse.*": "sparse CSR tensors: the suite compares strided tensors",
}

_MEMORY_AS_IT_WAS = "returns memory as it was: only shape, dtype and device are defined"
_VALUES_DECIDE = "the shape or the control flow depends on values, so it cannot be exported with static shapes"

UNINITIALISED: dict[str, str] = {
    "empty": _MEMORY_AS_IT_WAS,
    "empty_like": _MEMORY_AS_IT_WAS,
    "empty_permuted": _MEMORY_AS_IT_WAS,
    "empty_strided": _MEMORY_AS_IT_WAS,
    "new_empty": _MEMORY_AS_IT_WAS,
    "new_empty_strided": _MEMORY_AS_IT_WAS,
}

DATA_DEPENDENT: dict[str, str] = {
    "allclose": _VALUES_DECIDE,
    "argwhere": _VALUES_DECIDE,
    "bincount": _VALUES_DECIDE,
    "combinations": _VALUES_DECIDE,
    "equal": _VALUES_DECIDE,
    "item": _VALUES_DECIDE,
    "linalg.lstsq*": _VALUES_DECIDE,
    "masked_select": _VALUES_DECIDE,
    "nonzero": _VALUES_DECIDE,
    "repeat_interleave": _VALUES_DECIDE,
    "tensor_split": _VALUES_DECIDE,
    "unique": _VALUES_DECIDE,
    "unique_consecutive": _VALUES_DECIDE,
}


_COORDINATE = "a coordinate is scaled and rounded to a cell: next to a boundary, the rounding decides which"

DISCONTINUOUS: dict[str, str] = {
    "grid_sampler_2d": _COORDINATE,
    "grid_sampler_3d": _COORDINATE,
    "nn.functional.grid_sample": _COORDINATE,
    "histc": _COORDINATE,
    "histogram": _COORDINATE,
}
"""The conditioning of these is measured with inputs moved by roundings of the largest input, not of each."""


def look_up(table: dict[str, str], operator: str) -> str | None:
    """The reason in ``table`` for the operator id, by exact key first, then by glob; None if there is none."""
    if operator in table:
        return table[operator]
    return next((reason for pattern, reason in table.items() if fnmatchcase(operator, pattern)), None)
