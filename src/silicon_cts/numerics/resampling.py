"""What does interpolation answer when its coordinates are off by a rounding?

A resampling kernel multiplies output positions by a scale inside of itself. Here the scale is given to it a little off
or, with ``align_corners``, where a kernel takes none, the resampling is done as a product with the weights of each
dimension. Continuous modes alone: the nearest element jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

_NAMES = ("scales_d", "scales_h", "scales_w")


def is_continuous(kernel: str) -> bool:
    """Whether the ATen kernel of that name (``aten::upsample_linear1d``) interpolates between elements."""
    return kernel.startswith(("aten::upsample_", "aten::_upsample_")) and "nearest" not in kernel


def off_scale(func: Callable[..., Any], given: dict[str, Any], factor: float) -> Any:
    """The kernel's answer to its arguments, by name, with coordinates times ``factor``; forward or backward."""
    backward = "input_size" in given
    sizes = (given["input_size"] if backward else given["self"].shape)[2:]
    outputs = given["output_size"]
    if not given["align_corners"]:
        names = _NAMES[-len(outputs) :] if len(outputs) > 1 else ("scales",)
        ratios = [new / old for new, old in zip(outputs, sizes, strict=True)]
        scales = {name: (given.get(name) or ratio) / factor for name, ratio in zip(names, ratios, strict=True)}
        return func(**{**given, **scales})
    taps = _cubic if "bicubic" in func.__name__ else _linear
    tensor = given["grad_output"] if backward else given["self"]
    for dim, (old, new) in enumerate(zip(sizes, outputs, strict=True), start=2):
        matrix = _weights(old, new, factor, taps).to(tensor.dtype)
        matrix = matrix.t() if backward else matrix
        tensor = torch.tensordot(tensor, matrix, dims=([dim], [1])).movedim(-1, dim)
    return tensor


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
