"""Faults of dtypes, special values, attention and factorizations."""

import torch
from torch.nn import functional as F

from .case import Case, rand

INF, NAN = torch.inf, torch.nan


def _attention(length=6, dtype=torch.float32, size=1.0, **options):
    query, key, value = (rand(1, 2, length, 4) for _ in range(3))
    return F.scaled_dot_product_attention(*((t * size).to(dtype) for t in (query, key)), value.to(dtype), **options)


def _mask(rows):
    mask = torch.ones(6, 6, dtype=torch.bool)
    mask[:rows] = False
    return mask


def _scales(*scales):
    return [_attention(scale=scale) for scale in scales]


def _rows(variance):
    return torch.tensor([[1.0, 2.0, 3.0]]) * variance**0.5


def _count(*sizes):
    return [torch.count_nonzero(torch.ones(size)) for size in sizes]


CASES = {
    "mps-154171": Case(
        lambda: torch.remainder(torch.tensor([2**24 + 1]), 7),
        lambda: (torch.remainder(torch.tensor([2**24 - 1]), 7), torch.remainder(torch.tensor([2.0**25 + 4]), 7)),
    ),
    "mps-189630": Case(
        lambda: torch.linspace(2**40, 2**40 + 8, 9, dtype=torch.int64),
        lambda: torch.linspace(0, 8, 9, dtype=torch.int64),
    ),
    "mps-78848": Case(
        lambda: torch.tensor([1]) + (1 << 32),
        lambda: (torch.tensor([1]) + (1 << 30), torch.tensor([1.0]) + (1 << 32)),
    ),
    "mps-96614": Case(
        lambda: torch.ones(128, dtype=torch.bool).cumsum(0),
        lambda: (torch.ones(127, dtype=torch.bool).cumsum(0), torch.ones(128).cumsum(0)),
    ),
    "mps-179415": Case(
        lambda: torch.ones(272).sum(dtype=torch.uint8),
        lambda: (torch.ones(255).sum(dtype=torch.uint8), torch.ones(272).sum(dtype=torch.int64)),
    ),
    "mps-160744": Case(
        lambda: torch.tensor([-1.0, 2.0]).to(torch.uint8),
        lambda: (torch.tensor([-1.0]).to(torch.uint8), torch.tensor([1.0, 2.0]).to(torch.uint8)),
    ),
    "mps-79849": Case(
        lambda: sum([torch.tensor(True), torch.tensor(True)]),
        lambda: (torch.tensor([True]) + torch.tensor([True]), torch.tensor([True]) + 1.5),
    ),
    "mps-125135": Case(
        lambda: rand(3, dtype=torch.complex64).abs(),
        lambda: (rand(3, dtype=torch.complex128).abs(), rand(3).abs()),
    ),
    "mps-190054": Case(
        lambda: F.layer_norm(rand(2, 4).half(), (4,), rand(4), rand(4)),
        lambda: F.layer_norm(rand(2, 4), (4,), rand(4), rand(4)),
    ),
    "mps-143976": Case(
        lambda: torch.maximum(torch.tensor([NAN, 1.0]), torch.tensor([1.0, NAN])),
        lambda: torch.maximum(torch.tensor([INF, 1.0]), torch.tensor([1.0, -INF])),
    ),
    "mps-189243": Case(
        lambda: torch.div(torch.tensor([INF, 1.0]), torch.tensor([1.0, -INF]), rounding_mode="floor"),
        lambda: torch.div(torch.tensor([7.0, -1.0]), torch.tensor([2.0, 0.0]), rounding_mode="floor"),
    ),
    "mps-94043": Case(
        lambda: F.log_softmax(torch.tensor([0.0, 320.0]), 0),
        lambda: F.log_softmax(torch.tensor([0.0, 80.0]), 0),
    ),
    "mps-190491": Case(lambda: F.layer_norm(_rows(1e-7), (3,)), lambda: F.layer_norm(_rows(1e-4), (3,))),
    "mps-144245": Case(
        lambda: F.interpolate(rand(1, 1, 1), size=4, mode="linear", align_corners=True),
        lambda: (
            F.interpolate(rand(1, 1, 1), size=4, mode="linear"),
            F.interpolate(rand(1, 1, 2), size=4, mode="linear", align_corners=True),
        ),
    ),
    "mps-184510": Case(lambda: torch.var(rand(0, 3), 0), lambda: (torch.var(rand(0, 3), 1), torch.var(rand(1, 3), 0))),
    "mps-139400": Case(lambda: _count(3, 0), lambda: (torch.count_nonzero(torch.ones(3)), _count(4))),
    "mps-156707": Case(lambda: _attention(attn_mask=_mask(1)), lambda: _attention(attn_mask=_mask(0))),
    "mps-165961": Case(
        lambda: _attention(dtype=torch.float16, size=400.0, scale=1e-5),
        lambda: (_attention(dtype=torch.float16), _attention(size=400.0, scale=1e-5)),
    ),
    "mps-195910": Case(
        lambda: _attention(dtype=torch.bfloat16, is_causal=True),
        lambda: (_attention(is_causal=True), _attention(dtype=torch.bfloat16)),
    ),
    "mps-184122": Case(
        lambda: _scales(0.1, 3.0),
        lambda: (_scales(0.1, 0.1), _attention(5, scale=3.0)),
    ),
    "mps-165850": Case(
        lambda: torch.linalg.inv(torch.tensor([[1e-9, 1.0], [1.0, 1.0]]).expand(2, 2, 2)),
        lambda: (
            torch.linalg.inv(torch.tensor([[0.0, 1.0], [1.0, 0.0]])),
            torch.linalg.inv(torch.eye(3).expand(2, 3, 3)),
        ),
    ),
    "mps-196112": Case(lambda: torch.linalg.svd(torch.ones(3, 3)), lambda: torch.linalg.svd(torch.eye(3) + 1)),
}
