"""What are look-ups by an index and their gradients, without gather and scatter? Products with one-hot rows."""

# ruff: noqa: ARG001  (ATen says which arguments there are)

from __future__ import annotations

import torch

from silicon_cts.training.decompositions.geometry import interleave, pad

_NONE, _MEAN = 0, 1
"""``reduction`` in ATen's losses; 2 is the sum."""


def embedding_backward(
    grad: torch.Tensor, indices: torch.Tensor, count: int, padding_idx: int, scale_grad_by_freq: bool
) -> torch.Tensor:
    """``aten.embedding_dense_backward``: (..., D), int64 (...) -> (count, D)."""
    hot = _one_hot(indices.reshape(-1), count, grad.dtype)
    if padding_idx >= 0:
        hot = hot * (torch.arange(count, device=grad.device) != padding_idx).to(grad.dtype)
    if scale_grad_by_freq:
        hot = hot / torch.clamp(hot.sum(0, keepdim=True), min=1.0)
    return hot.transpose(0, 1) @ grad.reshape(-1, grad.shape[-1])


def nll_loss_forward(
    x: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, reduction: int, ignore_index: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """``aten.nll_loss_forward`` and ``nll_loss2d_forward``: (N, C, ...) log-probabilities, int64 (N, ...)."""
    hot = _weights(x, target, weight, ignore_index)
    loss, total = -(x * hot).sum(_classes(x)), hot.sum()
    if reduction == _NONE:
        return loss, torch.zeros_like(total)
    return (loss.sum() / total if reduction == _MEAN else loss.sum()), total


def nll_loss_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None,
    reduction: int,
    ignore_index: int,
    total_weight: torch.Tensor,
) -> torch.Tensor:
    """``aten.nll_loss_backward`` and ``nll_loss2d_backward``."""
    hot = _weights(x, target, weight, ignore_index)
    if reduction == _NONE:
        return -hot * grad.unsqueeze(_classes(x))
    return -hot * (grad / total_weight if reduction == _MEAN else grad)


def _weights(x: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None, ignore_index: int) -> torch.Tensor:
    """(N, C, ...): the weight of its class where it is the target's, else 0; all 0 where the target is ignored."""
    count = x.shape[_classes(x)]
    hot = _one_hot(target, count, x.dtype)
    if 0 <= ignore_index < count:
        hot = hot * (target != ignore_index).to(x.dtype).unsqueeze(-1)
    if weight is not None:
        hot = hot * weight
    return hot.movedim(-1, 1) if x.ndim > 1 else hot


def _classes(x: torch.Tensor) -> int:
    return 1 if x.ndim > 1 else 0


def _one_hot(indices: torch.Tensor, count: int, dtype: torch.dtype) -> torch.Tensor:
    """(...) -> (..., count); all zeros where the index is none of them, as an ignored -100."""
    return (indices.unsqueeze(-1) == torch.arange(count, device=indices.device)).to(dtype)


def select_backward(grad: torch.Tensor, input_sizes: list[int], dim: int, index: int) -> torch.Tensor:
    """``aten.select_backward``: the gradient in its place, zeros around it."""
    dim, size = dim % len(input_sizes), input_sizes[dim]
    index = index % size
    return _placed(grad.unsqueeze(dim), input_sizes, dim, index)


def slice_backward(
    grad: torch.Tensor, input_sizes: list[int], dim: int, start: int, end: int, step: int
) -> torch.Tensor:
    """``aten.slice_backward``: the same for a slice."""
    dim, size = dim % len(input_sizes), input_sizes[dim]
    start = min(max(start + size if start < 0 else start, 0), size)
    spread = interleave(grad, [step if position == dim else 1 for position in range(grad.ndim)])
    return _placed(spread, input_sizes, dim, start)


def unfold_backward(grad: torch.Tensor, input_sizes: list[int], dim: int, size: int, step: int) -> torch.Tensor:
    """``aten.unfold_backward``: (..., windows, ..., size) -> the sum of the windows in their places."""
    dim %= len(input_sizes)
    total = torch.zeros(input_sizes, dtype=grad.dtype, device=grad.device)
    for position in range(size):
        seen = grad.select(-1, position)
        spread = interleave(seen, [step if one == dim else 1 for one in range(seen.ndim)])
        total = total + _placed(spread, input_sizes, dim, position)
    return total


def _placed(part: torch.Tensor, sizes: list[int], dim: int, start: int) -> torch.Tensor:
    borders = [(0, 0)] * len(sizes)
    borders[dim] = (start, sizes[dim] - start - part.shape[dim])
    return pad(part, borders)
