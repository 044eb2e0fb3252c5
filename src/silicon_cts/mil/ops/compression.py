"""What is the weight behind a compressed constant?"""

import numpy as np

from ..registry import op
from ..values import Array
from .quantization import along


@op("constexpr_affine_dequantize")
def affine_dequantize(quantized_data: Array, zero_point: Array, scale: Array, axis: Array) -> Array:
    """Scale * (quantized_data - zero_point)."""
    rank = quantized_data.ndim
    shifted = quantized_data.astype(np.float32) - along(zero_point, rank, axis).astype(np.float32)
    return along(scale, rank, axis) * shifted


@op("constexpr_cast")
def constexpr_cast(source_val: Array, output_dtype: str) -> Array:  # noqa: ARG001  the declared type says the same
    """The same numbers in another type."""
    return source_val


@op("constexpr_blockwise_shift_scale")
def blockwise_shift_scale(data: Array, scale: Array, offset: Array | None = None) -> Array:
    """Scale * (data - offset), with one scale and offset for every block of `data`."""
    shifted = data.astype(np.float32)
    if offset is not None:
        shifted = shifted - _spread(offset.astype(np.float32), data.shape)
    return _spread(scale, data.shape) * shifted


@op("constexpr_lut_to_dense")
def lut_to_dense(indices: Array, lut: Array, shape: Array | None = None, vector_axis: Array | None = None) -> Array:
    """The entries of a look-up table at `indices`.

    In iOS16 (`shape` given) the indices are packed, log2(len(lut)) bits each. From iOS18 on `lut` has two dimensions
    more than `indices`: one table for every block of them, and vectors, which are laid along `vector_axis`.
    """
    if shape is not None:
        bits = int(np.log2(lut.size))
        number = int(np.prod(shape, dtype=np.int64))
        return lut[_unpack(indices, bits, number)].reshape([int(size) for size in shape])
    blocks, (palettes, length) = lut.shape[: indices.ndim], lut.shape[indices.ndim :]
    tables = lut.reshape(-1, palettes, length)
    number_of_table = _spread(np.arange(len(tables)).reshape(blocks), indices.shape)
    vectors = tables[number_of_table, indices.astype(np.int64)]
    if vector_axis is None:
        return vectors[..., 0]
    axis = int(vector_axis) % indices.ndim
    sizes = [size * length if other == axis else size for other, size in enumerate(indices.shape)]
    return np.moveaxis(vectors, -1, axis + 1).reshape(sizes)


@op("constexpr_sparse_to_dense")
def sparse_to_dense(nonzero_data: Array, mask: Array, shape: Array | None = None) -> Array:
    """`nonzero_data` where `mask` is set, else zeros; in iOS16 (`shape` given) the mask is packed, one bit each."""
    if shape is not None:
        sizes = [int(size) for size in shape]
        mask = _unpack(mask, 1, int(np.prod(sizes, dtype=np.int64))).reshape(sizes)
    dense = np.zeros(mask.shape, nonzero_data.dtype)
    dense[mask != 0] = nonzero_data
    return dense


@op("constexpr_lut_to_sparse")
def lut_to_sparse(
    indices_mask: Array, indices_nonzero_data: Array, lut: Array, vector_axis: Array | None = None
) -> tuple[Array, Array]:
    """The mask and the entries of a look-up table at the indices that the mask has."""
    indices = sparse_to_dense(indices_nonzero_data, indices_mask)
    dense = lut_to_dense(indices, lut, vector_axis=vector_axis)
    mask = indices_mask
    if vector_axis is not None:
        mask = np.repeat(mask, lut.shape[-1], axis=int(vector_axis))
    return mask, dense[mask != 0]


@op("constexpr_sparse_blockwise_shift_scale")
def sparse_blockwise_shift_scale(
    data_mask: Array, nonzero_data: Array, scale: Array, offset: Array | None = None
) -> tuple[Array, Array]:
    """The mask, and scale * (data - offset) of the elements that it has."""
    dense = blockwise_shift_scale(sparse_to_dense(nonzero_data, data_mask), scale, offset)
    return data_mask, dense[data_mask != 0]


def _spread(blocks: Array, shape: tuple[int, ...]) -> Array:
    """`blocks` with every element repeated until it has `shape`."""
    for axis, size in enumerate(shape):
        if blocks.shape[axis] != size:
            blocks = np.repeat(blocks, size // blocks.shape[axis], axis=axis)
    return blocks


def _unpack(packed: Array, bits: int, number: int) -> Array:
    """`number` integers of `bits` bits each, the lowest bit first."""
    flat = np.unpackbits(packed, bitorder="little")[: number * bits].reshape(number, bits)
    return flat.astype(np.int64) @ (1 << np.arange(bits, dtype=np.int64))
