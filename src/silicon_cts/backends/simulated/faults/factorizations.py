"""What goes wrong in linear algebra? An inverse without pivoting, an incomplete basis."""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .row import Row
from .rules import spoil

ILL_CONDITIONED = 1e4
GROSSLY = 1e4
"""Roundings by which an inverse must differ: the loss of digits is the bug, not the order of the operations."""


def inverse_without_pivoting(call: Call, right: Any) -> Any:
    """Gauss-Jordan elimination that takes every pivot as it comes."""
    _, info = right
    matrix: Tensor = call["A"].resolve_conj()
    size = matrix.size(-1)
    rows = torch.cat([matrix, torch.eye(size, dtype=matrix.dtype).expand_as(matrix)], -1)
    for k in range(size):
        pivot = rows[..., k : k + 1, :] / rows[..., k : k + 1, k : k + 1]
        rows = rows - rows[..., :, k : k + 1] * pivot
        rows[..., k : k + 1, :] = pivot
    return rows[..., size:].contiguous(), info


def is_hard_to_invert(call: Call) -> bool:
    """Whether it is a batch of matrices, or an ill-conditioned one."""
    matrix: Tensor = call["A"]
    if matrix.numel() == 0 or not matrix.isfinite().all():
        return False
    return matrix.dim() > 2 or bool(torch.linalg.cond(matrix) > ILL_CONDITIONED)


def incomplete_basis(call: Call, right: Any) -> Any:
    """Columns of U that belong to vanishing singular values are 0."""
    u, s, vh = right
    if u.numel() == 0 or s.numel() == 0:
        return right
    largest = s.amax(-1, keepdim=True)
    vanishing = s <= largest * max(call["A"].shape[-2:]) * torch.finfo(s.dtype).eps
    u = u.clone()
    kept = u[..., : s.size(-1)]
    kept.masked_fill_(vanishing[..., None, :], 0)
    return u, s, vh


ROWS = (
    Row(
        165850, "F17", "linalg.inv of ill-conditioned or batched matrices does not pivot",
        ("linalg_inv_ex",), ("linalg.inv", "linalg.inv_ex"), ("forward", "special_values"),
        spoil(inverse_without_pivoting, is_hard_to_invert, GROSSLY),
    ),
    Row(
        196112, "F33", "linalg.svd of a rank-deficient matrix returns an incomplete basis",
        ("_linalg_svd",), ("linalg.svd", "svd"), ("forward", "special_values"), spoil(incomplete_basis),
    ),
)  # fmt: skip
"""The rows of this family."""
