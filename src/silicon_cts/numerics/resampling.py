"""What does interpolation answer when its coordinates are off by a rounding?

A resampling kernel multiplies output positions by a scale inside of itself. Here the scale is given to it a little off
or, with ``align_corners``, where a kernel takes none, the resampling is done as a product with the weights of each
dimension. The nearest element jumps where a position falls between two of them, of which either is right, if the scale
is no number of float32, in which every backend computes positions: 307 of 614 on the way to 512 of 1024.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from silicon_cts.catalog.dtypes import DTYPES

_NAMES = ("scales_d", "scales_h", "scales_w")


def resamples(kernel: str) -> bool:
    """Whether the ATen kernel of that name (``aten::upsample_linear1d``) does, or is the backward of one that does."""
    return kernel.startswith(("aten::upsample_", "aten::_upsample_"))


def off_scale(func: Callable[..., Any], given: dict[str, Any], factor: float) -> Any:
    """The kernel's answer to its arguments, by name, with coordinates times ``factor``; forward or backward."""
    backward = "input_size" in given
    sizes = (given["input_size"] if backward else given["self"].shape)[2:]
    outputs = given["output_size"]
    if "nearest" in func.__name__:
        return func(**{**given, **_jumping(given, sizes, outputs, factor)})
    if not given["align_corners"]:
        scales = _scales(given, sizes, outputs)
        return func(**{**given, **{name: scale / factor for name, scale in scales.items()}})
    taps = _cubic if "bicubic" in func.__name__ else _linear
    tensor = given["grad_output"] if backward else given["self"]
    for dim, (old, new) in enumerate(zip(sizes, outputs, strict=True), start=2):
        matrix = _weights(old, new, factor, taps).to(tensor.dtype)
        matrix = matrix.t() if backward else matrix
        tensor = torch.tensordot(tensor, matrix, dims=([dim], [1])).movedim(-1, dim)
    return tensor


def _scales(given: dict[str, Any], sizes: Sequence[int], outputs: Sequence[int]) -> dict[str, float]:
    """By how much each dimension grows, by the name of the kernel's argument: as given, else as the sizes say."""
    names = _NAMES[-len(outputs) :] if len(outputs) > 1 else ("scales",)
    ratios = [new / old for new, old in zip(outputs, sizes, strict=True)]
    return {name: given.get(name) or ratio for name, ratio in zip(names, ratios, strict=True)}


def _jumping(given: dict[str, Any], sizes: Sequence[int], outputs: Sequence[int], factor: float) -> dict[str, float]:
    """The scales that float32 does not hold, off by a rounding of their own and one of the position, in float32."""
    off = 1 + math.copysign(2 * min(abs(factor - 1), DTYPES["float32"].roundoff), factor - 1)
    steps = {name: 1 / scale for name, scale in _scales(given, sizes, outputs).items()}
    return {name: 1 / (step * off) for name, step in steps.items() if step != float(np.float32(step))}


Taps = Callable[[torch.Tensor], Sequence[tuple[int, torch.Tensor]]]
"""From the part of a cell that a coordinate is in (0 to 1) to neighbours, counted from the cell, and their weights."""


def _linear(part: torch.Tensor) -> Sequence[tuple[int, torch.Tensor]]:
    return [(0, 1 - part), (1, part)]


def _cubic(part: torch.Tensor) -> Sequence[tuple[int, torch.Tensor]]:
    """Keys' kernel with a = -0.75, as PyTorch has it."""
    a = -0.75

    def near(x: torch.Tensor) -> torch.Tensor:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: torch.Tensor) -> torch.Tensor:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [(-1, far(part + 1)), (0, near(part)), (1, near(1 - part)), (2, far(2 - part))]


def _weights(old: int, new: int, factor: float, taps: Taps) -> torch.Tensor:
    """Matrix (new, old), float64, of one dimension with its corners aligned."""
    at = torch.arange(new, dtype=torch.float64) * ((old - 1) / (new - 1) if new > 1 else 0.0) * factor
    cell = at.floor().clamp(max=max(old - 1, 0))
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for step, weight in taps(at - cell):
        matrix.scatter_add_(1, (cell.to(torch.int64) + step).clamp(0, old - 1).unsqueeze(1), weight.unsqueeze(1))
    return matrix
