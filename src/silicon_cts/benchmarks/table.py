"""Which operators are timed, at which sizes? Sizes that people run: of transformers, convolutional networks, training.

A row makes its arguments and calls. Nothing here says on which device or in which dtype: ``new`` does. ``flop`` counts
a multiplication and an addition as two, forward alone; None where nobody counts operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

FLOATS = ("float32", "float16", "bfloat16")
FLOAT32 = ("float32",)

_M = 1024


@dataclass(frozen=True)
class New:
    """Makes tensors of one dtype on one device; values from a standard normal, seeded by the caller."""

    dtype: torch.dtype
    device: str

    def __call__(self, *size: int) -> torch.Tensor:
        """Normal values, in the dtype that is timed."""
        return torch.randn(size).to(self.device, self.dtype)

    def whole(self, below: int, *size: int) -> torch.Tensor:
        """int64 in [0, below)."""
        return torch.randint(below, size).to(self.device)

    def mask(self, *size: int) -> torch.Tensor:
        """Half of it True."""
        return (torch.rand(size) < 0.5).to(self.device)


@dataclass(frozen=True)
class Row:
    """One operator at one size."""

    operator: str
    size: str
    make: Callable[[New], tuple[Any, ...]]
    call: Callable[..., Any]
    flop: float | None = None
    trains: bool = True
    """Whether forward and backward together are timed too."""
    dtypes: tuple[str, ...] = FLOATS

    @property
    def id(self) -> str:
        """As it reads in the name of a benchmark."""
        return f"{self.operator}-{self.size}"


_SIGNAL = 8 * 64 * 56 * 56
"""Elements of an early feature map of a convolutional network, batch of 8."""


def _map(new: New) -> tuple[torch.Tensor]:
    return (new(8, 64, 56, 56),)


def _rows(new: New) -> tuple[torch.Tensor]:
    return (new(_M, _M),)


def _two(new: New) -> tuple[torch.Tensor, torch.Tensor]:
    return new(_M, _M), new(_M, _M)


def _heads(new: New) -> tuple[torch.Tensor, ...]:
    return tuple(new(1, 16, 512, 64) for _ in range(3))


_ATTENTION = 4.0 * 16 * 512 * 512 * 64

ROWS: tuple[Row, ...] = (
    # Linear algebra of transformers
    Row("matmul", "1024x1024x1024", _two, torch.matmul, 2.0 * _M**3),
    Row("bmm", "16x512x64x512", lambda new: (new(16, 512, 64), new(16, 64, 512)), torch.bmm, 2.0 * 16 * 512 * 512 * 64),
    Row("addmm", "512x1024x1024", lambda new: (new(_M), new(512, _M), new(_M, _M)), torch.addmm, 2.0 * 512 * _M * _M),
    Row(
        "linear",
        "512x1024x4096",
        lambda new: (new(512, _M), new(4 * _M, _M), new(4 * _M)),
        F.linear,
        2.0 * 512 * _M * 4 * _M,
    ),
    Row(
        "linear", "1x4096x4096", lambda new: (new(1, 4096), new(4096, 4096)), F.linear, 2.0 * 4096 * 4096, trains=False
    ),
    Row("mv", "4096x4096", lambda new: (new(4096, 4096), new(4096)), torch.mv, 2.0 * 4096 * 4096),
    Row(
        "einsum",
        "bij,bjk-16x256",
        lambda new: (new(16, 256, 256), new(16, 256, 256)),
        lambda a, b: torch.einsum("bij,bjk->bik", a, b),
        2.0 * 16 * 256**3,
    ),
    Row("scaled_dot_product_attention", "1x16x512x64", _heads, F.scaled_dot_product_attention, _ATTENTION),
    Row(
        "scaled_dot_product_attention",
        "causal-1x16x512x64",
        _heads,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        _ATTENTION / 2,
    ),
    # Convolutions
    Row(
        "conv1d",
        "8x64x4096-k3",
        lambda new: (new(8, 64, 4096), new(64, 64, 3)),
        lambda x, w: F.conv1d(x, w, padding=1),
        2.0 * 8 * 4096 * 64 * 64 * 3,
    ),
    Row(
        "conv2d",
        "8x64x56x56-k3",
        lambda new: (new(8, 64, 56, 56), new(64, 64, 3, 3)),
        lambda x, w: F.conv2d(x, w, padding=1),
        2.0 * _SIGNAL * 64 * 9,
    ),
    Row("conv2d", "8x64x56x56-k1", lambda new: (new(8, 64, 56, 56), new(256, 64, 1, 1)), F.conv2d, 2.0 * _SIGNAL * 256),
    Row(
        "conv2d",
        "4x3x224x224-k7s2",
        lambda new: (new(4, 3, 224, 224), new(64, 3, 7, 7)),
        lambda x, w: F.conv2d(x, w, stride=2, padding=3),
        2.0 * 4 * 112 * 112 * 64 * 3 * 49,
    ),
    Row(
        "conv2d",
        "depthwise-8x64x56x56-k3",
        lambda new: (new(8, 64, 56, 56), new(64, 1, 3, 3)),
        lambda x, w: F.conv2d(x, w, padding=1, groups=64),
        2.0 * _SIGNAL * 9,
    ),
    Row(
        "conv3d",
        "2x16x16x56x56-k3",
        lambda new: (new(2, 16, 16, 56, 56), new(16, 16, 3, 3, 3)),
        lambda x, w: F.conv3d(x, w, padding=1),
        2.0 * 2 * 16 * 16 * 56 * 56 * 16 * 27,
    ),
    Row(
        "conv_transpose2d",
        "4x64x28x28-k2s2",
        lambda new: (new(4, 64, 28, 28), new(64, 64, 2, 2)),
        lambda x, w: F.conv_transpose2d(x, w, stride=2),
        2.0 * 4 * 64 * 28 * 28 * 64 * 4,
    ),
    # Normalisation
    Row(
        "layer_norm",
        "512x1024",
        lambda new: (new(512, _M), new(_M), new(_M)),
        lambda x, w, b: F.layer_norm(x, (_M,), w, b),
    ),
    Row("rms_norm", "512x1024", lambda new: (new(512, _M), new(_M)), lambda x, w: F.rms_norm(x, (_M,), w)),
    Row(
        "group_norm",
        "8x64x56x56-g32",
        lambda new: (new(8, 64, 56, 56), new(64), new(64)),
        lambda x, w, b: F.group_norm(x, 32, w, b),
    ),
    Row(
        "batch_norm",
        "8x64x56x56",
        lambda new: (new(8, 64, 56, 56), new(64), new(64)),
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    ),
    Row("instance_norm", "8x64x56x56", _map, F.instance_norm),
    # Reductions and scans
    Row("softmax", "16x512x512", lambda new: (new(16, 512, 512),), lambda x: F.softmax(x, -1)),
    Row("log_softmax", "512x32000", lambda new: (new(512, 32000),), lambda x: F.log_softmax(x, -1)),
    Row("cross_entropy", "512x32000", lambda new: (new(512, 32000), new.whole(32000, 512)), F.cross_entropy),
    Row("logsumexp", "1024x1024", _rows, lambda x: torch.logsumexp(x, -1)),
    Row("sum", "1024x1024", _rows, torch.sum),
    Row("mean", "1024x1024-dim0", _rows, lambda x: x.mean(0)),
    Row("var", "1024x1024-dim1", _rows, lambda x: x.var(1)),
    Row("norm", "1024x1024", _rows, torch.linalg.vector_norm),
    Row("amax", "1024x1024-dim1", _rows, lambda x: x.amax(1)),
    Row("argmax", "512x32000", lambda new: (new(512, 32000),), lambda x: x.argmax(-1), trains=False),
    Row("cumsum", "1024x1024", _rows, lambda x: x.cumsum(-1)),
    Row("any", "1024x1024", lambda new: (new.mask(_M, _M),), torch.any, trains=False, dtypes=FLOAT32),
    # Elementwise
    Row("add", "1024x1024", _two, torch.add),
    Row("mul", "1024x1024-broadcast", lambda new: (new(_M, _M), new(_M)), torch.mul),
    Row("div", "1024x1024", _two, torch.div),
    Row("exp", "1024x1024", _rows, torch.exp),
    Row("tanh", "1024x1024", _rows, torch.tanh),
    Row("sigmoid", "1024x1024", _rows, torch.sigmoid),
    Row("relu", "8x64x56x56", _map, F.relu),
    Row("gelu", "512x4096", lambda new: (new(512, 4096),), F.gelu),
    Row("silu", "512x4096", lambda new: (new(512, 4096),), F.silu),
    Row("pow", "1024x1024", _rows, lambda x: x.pow(3)),
    Row("clamp", "1024x1024", _rows, lambda x: x.clamp(-1, 1)),
    Row("where", "1024x1024", lambda new: (new.mask(_M, _M), new(_M, _M), new(_M, _M)), torch.where),
    Row(
        "masked_fill",
        "16x512x512",
        lambda new: (new(16, 512, 512), new.mask(512, 512)),
        lambda x, m: x.masked_fill(m, -1e4),
    ),
    Row("lerp", "1024x1024", _two, lambda a, b: torch.lerp(a, b, 0.25)),
    # Indexing and sorting
    Row(
        "embedding", "512-of-32000x1024", lambda new: (new.whole(32000, 512), new(32000, _M)), F.embedding, trains=False
    ),
    Row(
        "index_select",
        "512-of-1024x1024",
        lambda new: (new(_M, _M), new.whole(_M, 512)),
        lambda x, i: x.index_select(0, i),
    ),
    Row("gather", "1024x1024", lambda new: (new(_M, _M), new.whole(_M, _M, _M)), lambda x, i: x.gather(1, i)),
    Row(
        "scatter_add",
        "1024x1024",
        lambda new: (new(_M, _M), new.whole(_M, _M, _M), new(_M, _M)),
        lambda x, i, s: x.scatter_add(1, i, s),
    ),
    Row(
        "index_put",
        "512-of-1024x1024",
        lambda new: (new(_M, _M), new.whole(_M, 512), new(512, _M)),
        lambda x, i, v: x.index_put((i,), v),
    ),
    Row("sort", "64x16384", lambda new: (new(64, 16384),), lambda x: x.sort(-1).values),
    Row("topk", "64x32000-k50", lambda new: (new(64, 32000),), lambda x: x.topk(50).values),
    Row("nonzero", "1024x1024", lambda new: (new.mask(_M, _M),), torch.nonzero, trains=False, dtypes=FLOAT32),
    # Images and signals
    Row("max_pool2d", "8x64x56x56-k3s2", _map, lambda x: F.max_pool2d(x, 3, 2, 1)),
    Row("avg_pool2d", "8x64x56x56-k2", _map, lambda x: F.avg_pool2d(x, 2)),
    Row("adaptive_avg_pool2d", "8x64x56x56-1", _map, lambda x: F.adaptive_avg_pool2d(x, 1)),
    Row(
        "interpolate",
        "nearest-8x64x28x28-x2",
        lambda new: (new(8, 64, 28, 28),),
        lambda x: F.interpolate(x, scale_factor=2),
    ),
    Row(
        "interpolate",
        "bilinear-8x64x28x28-x2",
        lambda new: (new(8, 64, 28, 28),),
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    ),
    Row("fft", "rfft-64x16384", lambda new: (new(64, 16384),), torch.fft.rfft, dtypes=FLOAT32),
    Row("fft", "fft2-8x256x256", lambda new: (new(8, 256, 256),), torch.fft.fft2, dtypes=FLOAT32),
    # Moving data
    Row("copy", "4096x4096", lambda new: (new(4096, 4096),), torch.clone, trains=False),
    Row("contiguous", "1024x1024-transposed", _rows, lambda x: x.t().contiguous()),
    Row("cat", "4x256x1024", lambda new: tuple(new(256, _M) for _ in range(4)), lambda *parts: torch.cat(parts)),
    Row("pad", "8x64x56x56-1", _map, lambda x: F.pad(x, (1, 1, 1, 1))),
    Row("cast", "1024x1024-float16", _rows, lambda x: x.to(torch.float16), trains=False, dtypes=FLOAT32),
    Row("to_host", "1024x1024", _rows, lambda x: x.cpu(), trains=False),
    Row(
        "to_device",
        "1024x1024",
        lambda new: (torch.randn(_M, _M, dtype=new.dtype), new.device),
        lambda x, device: x.to(device),
        trains=False,
    ),
    # Dense solvers, which are rarely on the device
    Row(
        "cholesky",
        "256x256",
        lambda new: (torch.eye(256, device=new.device) * 512 + (square := new(256, 256)) @ square.mT,),
        torch.linalg.cholesky,
        256**3 / 3,
        dtypes=FLOAT32,
    ),
    Row(
        "solve",
        "256x256",
        lambda new: (new(256, 256), new(256, 16)),
        torch.linalg.solve,
        2 * 256**3 / 3,
        dtypes=FLOAT32,
    ),
)
