"""How do tensors lie in memory, and what does code see that gets this wrong? Pure functions, nothing is counted."""

import torch
from torch import Tensor

GARBAGE_BYTE = 0x6B
"""What stands in memory that nobody wrote: 2.8e26 in float32, 3798 in float16, 107 in int8."""

ROUNDINGS = 16.0
"""Answers closer than this many roundings of the largest element are one answer, summed in another order."""


def is_expanded(tensor: Tensor) -> bool:
    """Whether several elements share one place in memory (stride 0)."""
    return any(size > 1 and stride == 0 for size, stride in zip(tensor.shape, tensor.stride(), strict=True))


def is_dense(tensor: Tensor) -> bool:
    """Whether the elements fill one block of memory, in whatever order of dimensions."""
    expected = 1
    for stride, size in sorted((t, s) for s, t in zip(tensor.shape, tensor.stride(), strict=True) if s > 1):
        if stride != expected:
            return False
        expected *= size
    return True


def is_permuted(tensor: Tensor) -> bool:
    """Whether it is a dense block whose dimensions stand in another order (transposed, permuted, channels_last)."""
    return is_dense(tensor) and not tensor.is_contiguous()


def is_sliced(tensor: Tensor) -> bool:
    """Whether there are gaps between its elements."""
    return not is_dense(tensor) and not is_expanded(tensor)


def is_channels_last(tensor: Tensor) -> bool:
    """Whether a 4-D image lies in memory as N, H, W, C and nothing else."""
    return tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last) and not tensor.is_contiguous()


def has_offset(tensor: Tensor) -> bool:
    """Whether it starts after the beginning of its storage."""
    return int(tensor.storage_offset()) != 0


def garbage(shape: torch.Size | tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Values as memory that was never written would hold them, the same on every run."""
    if dtype is torch.bool:
        return torch.ones(shape, dtype=dtype)
    count = torch.Size(shape).numel()
    return torch.full((count * dtype.itemsize,), GARBAGE_BYTE, dtype=torch.uint8).view(dtype).reshape(shape)


def whole(tensor: Tensor) -> Tensor:
    """All elements of the storage as one flat view, also those outside of the tensor."""
    return tensor.as_strided((tensor.untyped_storage().nbytes() // tensor.element_size(),), (1,), 0)


def packed(tensor: Tensor) -> Tensor:
    """What is read when the strides are ignored: the run of elements from the first one on, garbage past the end."""
    start = int(tensor.storage_offset())
    run = whole(tensor)[start : start + tensor.numel()]
    if run.numel() < tensor.numel():
        run = torch.cat([run, garbage((tensor.numel() - run.numel(),), tensor.dtype)])
    return run.clone().reshape(tensor.shape)


def packed_channels_last(tensor: Tensor) -> Tensor:
    """What is read when a slice of a channels_last image is taken for a packed channels_last image."""
    n, c, h, w = tensor.shape
    rows = packed(tensor).reshape(n, h, w, c)
    return rows.permute(0, 3, 1, 2)


def in_bytes(tensor: Tensor) -> Tensor:
    """A fresh flat copy of the elements, contiguous, byte by byte."""
    flat = tensor.resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format).reshape(-1)
    return flat.view(torch.uint8)


def from_start(tensor: Tensor) -> Tensor:
    """What is read when the storage offset is ignored."""
    return tensor.as_strided(tensor.shape, tensor.stride(), 0).clone()


def write_run(destination: Tensor, values: Tensor) -> None:
    """Write the values one after the other from the first element on, strides of the destination ignored."""
    start = int(destination.storage_offset())
    run = whole(destination)[start : start + values.numel()]
    run.copy_(values.reshape(-1)[: run.numel()])


def write_in_storage_order(destination: Tensor, values: Tensor) -> None:
    """Write the values to the elements of the destination in the order in which these lie in memory."""
    strides = destination.stride()
    order = sorted(range(destination.dim()), key=lambda d: -strides[d])
    destination.permute(order).copy_(values.reshape([destination.size(d) for d in order]))


def in_layout_of(model: Tensor, values: Tensor) -> Tensor:
    """The values with the strides of the model where that is possible, so that later views work as before."""
    if values.shape != model.shape or not is_dense(model) or values.stride() == model.stride():
        return values
    return torch.empty_strided(model.shape, model.stride(), dtype=values.dtype).copy_(values)


def fitted(values: Tensor, shape: torch.Size) -> Tensor:
    """The values poured into another shape, from the start again when they are too few."""
    if values.shape == shape or values.numel() == 0:
        return values.new_zeros(shape) if values.numel() == 0 else values
    flat = values.reshape(-1)
    return flat[torch.arange(shape.numel()) % flat.numel()].reshape(shape)


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors agree in shape, dtype and every bit."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return one.numel() == 0 or torch.equal(in_bytes(one), in_bytes(other))


def deviates(right: Tensor, wrong: Tensor, roundings: float = ROUNDINGS) -> bool:
    """Whether an answer is another one, not the right one summed in another order."""
    if right.shape != wrong.shape or right.dtype != wrong.dtype:
        return True
    if right.layout != torch.strided or same_bits(right, wrong):
        return right.layout != torch.strided
    if right.is_complex():
        return deviates(torch.view_as_real(right.resolve_conj()), torch.view_as_real(wrong.resolve_conj()), roundings)
    if not right.is_floating_point():
        return True
    slack = roundings * torch.finfo(right.dtype).eps
    right, wrong = right.double(), wrong.double()
    finite = right.isfinite() & wrong.isfinite()
    if not torch.equal(right[~finite].nan_to_num(nan=0.5), wrong[~finite].nan_to_num(nan=0.5)):
        return True
    if not finite.any():
        return False
    right, wrong = right[finite], wrong[finite]
    return bool((right - wrong).abs().max() > slack * right.abs().max())
