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

UNINITIALISED: dict[str, str] = {
    name: "returns memory as it was: only shape, dtype and device are defined"
    for name in ("empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided")
}

DATA_DEPENDENT: dict[str, str] = {
    name: "the shape or the control flow depends on values, so it cannot be exported with static shapes"
    for name in (
        "allclose", "argwhere", "bincount", "combinations", "equal", "item", "linalg.lstsq*", "masked_select",
        "nonzero", "repeat_interleave", "tensor_split", "unique", "unique_consecutive",
    )
}  # fmt: skip


def look_up(table: dict[str, str], operator: str) -> str | None:
    """The reason in ``table`` for the operator id, by exact key first, then by glob; None if there is none."""
    if operator in table:
        return table[operator]
    return next((reason for pattern, reason in table.items() if fnmatchcase(operator, pattern)), None)
