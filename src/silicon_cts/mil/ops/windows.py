"""Where do the windows of convolutions and pools lie, and how many are there?

The MIL documentation gives the padding of "same" twice: by the output size `ceil(in / stride)`, and by a formula in the
kernel alone that does not give that size for every stride. The size decides here, as it does in the Core ML model
specification: the windows just cover the input, an odd element of padding goes to the end, for "same_lower" to the
beginning.
"""

from collections.abc import Sequence

from ..errors import UnsupportedOperationError
from ..values import Array

Pads = list[tuple[int, int]]


def integers(values: Array | Sequence[int]) -> list[int]:
    """The elements of a tensor of integers."""
    return [int(value) for value in values]


def extents(kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    """How many elements a dilated kernel reaches over, by dimension."""
    return [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]


def padding(
    pad_type: str, pad: Array | Sequence[int] | None, sizes: Sequence[int], reach: Sequence[int], strides: Sequence[int]
) -> Pads:
    """How many elements to pad before and after every dimension, for windows that reach over `reach` elements."""
    if pad_type == "valid":
        return [(0, 0)] * len(sizes)
    if pad_type == "custom":
        flat = [0] * 2 * len(sizes) if pad is None else integers(pad)
        return list(zip(flat[::2], flat[1::2], strict=True))
    if pad_type not in ("same", "same_lower"):
        raise UnsupportedOperationError(f"pad_type {pad_type!r}")
    pads = []
    for size, window, stride in zip(sizes, reach, strides, strict=True):
        total = max(0, (-(-size // stride) - 1) * stride + window - size)
        small, large = total // 2, total - total // 2
        pads.append((small, large) if pad_type == "same" else (large, small))
    return pads


def count(size: int, before: int, after: int, window: int, stride: int, *, ceil: bool = False) -> int:
    """How many windows fit; with `ceil` also one that reaches beyond the end, if it starts before it."""
    room = size + before + after - window
    if not ceil:
        return room // stride + 1
    number = (room + stride - 1) // stride + 1
    if (number - 1) * stride >= size + before and before + after > 0:
        number -= 1
    return number
