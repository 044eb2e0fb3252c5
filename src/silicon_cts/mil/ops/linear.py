"""What does a matrix product give?"""

import numpy as np

from ..arithmetic import Call, round_to_half
from ..errors import UnsupportedOperationError
from ..kernels import matmul as matrix_product
from ..registry import op
from ..values import Array


def product(call: Call, x: Array, y: Array) -> Array:
    """The matrix product with numpy broadcasting of the leading dimensions, vectors included."""
    if call.half_sums:
        return _product_in_half(x, y)
    return matrix_product(x, y)


def _product_in_half(x: Array, y: Array) -> Array:
    """The same with a float16 accumulator: one multiply-add after the other along the inner dimension."""
    left, right = np.atleast_2d(x), y[:, None] if y.ndim == 1 else y
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    total = np.zeros((*batch, left.shape[-2], right.shape[-1]), np.float32)
    for inner in range(left.shape[-1]):
        total = round_to_half(total + left[..., :, inner, None] * right[..., inner, None, :])
    if x.ndim == 1:
        total = total[..., 0, :]
    return total[..., 0] if y.ndim == 1 else total


@op("matmul")
def matmul(
    call: Call, x: Array, y: Array, transpose_x: Array | bool = False, transpose_y: Array | bool = False
) -> Array:
    """The matrix product, the last two dimensions of either side swapped before if asked for and if there are two."""
    left = np.swapaxes(x, -1, -2) if transpose_x and x.ndim > 1 else x
    right = np.swapaxes(y, -1, -2) if transpose_y and y.ndim > 1 else y
    return product(call, left, right)


@op("linear")
def linear(call: Call, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """X times the transposed weight, plus the bias."""
    result = product(call, x, weight.T)
    return result if bias is None else result + bias


@op("einsum")
def einsum(call: Call, values: tuple[Array, Array], equation: str) -> Array:
    """Products of matrices that lie on axes -1 and -3; all other axes are batch and broadcast."""
    terms, result = equation.replace(" ", "").split("->")
    first, second = terms.split(",")
    rank = len(first)
    batch, column = (first[0], second[3]) if rank == 4 else ("", second[-1])
    expected = (f"{batch}{first[-1]}{first[-2]}{column}", f"{batch}{first[-3]}{first[-2]}{column}")
    if rank not in (3, 4) or (second, result) != expected:
        raise UnsupportedOperationError(f"equation {equation!r}")
    left, right = (np.swapaxes(value, -2, -3) for value in values)
    return np.swapaxes(product(call, left, right), -2, -3)
