"""Calls whose gradients need each decomposition: a function of float64 tensors, and their shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

INDICES = (torch.tensor([[0, 3, 3], [4, 1, 0]]),)
CLASSES = (torch.tensor([0, 2, 1, -100, 4]),)
PIXELS = (torch.tensor([[[0, 1, 2], [2, 1, 0]], [[1, 1, 2], [0, 0, -100]]]),)
WEIGHTS = torch.arange(1.0, 6.0).double()


@dataclass(frozen=True)
class Case:
    name: str
    function: Callable[..., torch.Tensor]
    shapes: tuple[tuple[int, ...], ...]
    spread: bool = True
    """Whether values are drawn; else they are small integers, full of ties."""
    given: tuple[torch.Tensor, ...] = ()
    """The last arguments, which have no gradient."""
    error: float = 1e-11
    """Relative, or absolute below 1."""

    def tensors(self) -> list[torch.Tensor]:
        source = np.random.Generator(np.random.PCG64(7))
        draw = source.standard_normal if self.spread else lambda shape: source.integers(0, 3, shape).astype(float)
        return [torch.from_numpy(np.asarray(draw(shape))) for shape in self.shapes]


def _layer(module: nn.Module, *outputs: int) -> Callable[..., torch.Tensor]:
    """The module on the first tensor, with the other tensors for its parameters."""
    names = [name for name, _ in module.named_parameters()]

    def call(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        made = torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x,))
        return made[0] if isinstance(made, tuple) else made

    return call


def _module(name: str, module: nn.Module, shape: tuple[int, ...]) -> Case:
    shapes = (shape, *(tuple(parameter.shape) for parameter in module.parameters()))
    return Case(name, _layer(module.double()), shapes)


CASES = (
    Case("conv1d", lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1), ((2, 3, 9), (4, 3, 3), (4,))),
    Case("conv2d", lambda x, w, b: F.conv2d(x, w, b), ((2, 3, 5, 6), (4, 3, 3, 2), (4,))),
    Case("conv2d_strided", lambda x, w: F.conv2d(x, w, None, (2, 3), (2, 1)), ((2, 3, 8, 9), (4, 3, 3, 2))),
    Case("conv2d_dilated", lambda x, w, b: F.conv2d(x, w, b, 2, 2, (2, 3)), ((2, 3, 8, 9), (4, 3, 3, 2), (4,))),
    Case("conv2d_grouped", lambda x, w, b: F.conv2d(x, w, b, 2, 1, 1, 2), ((2, 4, 7, 6), (6, 2, 3, 3), (6,))),
    Case("conv2d_depthwise", lambda x, w: F.conv2d(x, w, None, 2, 1, 1, 4), ((2, 4, 7, 6), (8, 1, 3, 3))),
    Case("conv2d_left_over", lambda x, w: F.conv2d(x, w, None, 3), ((1, 2, 9, 10), (2, 2, 2, 2))),
    Case("conv3d", lambda x, w, b: F.conv3d(x, w, b, 2, 1), ((1, 2, 4, 5, 6), (3, 2, 2, 3, 3), (3,))),
    Case("conv_transpose1d", lambda x, w: F.conv_transpose1d(x, w, None, 2, 1, 1), ((2, 3, 5), (3, 2, 3))),
    Case(
        "conv_transpose2d",
        lambda x, w, b: F.conv_transpose2d(x, w, b, (2, 3), (1, 0), (1, 0), 2, (2, 1)),
        ((2, 4, 4, 5), (4, 3, 3, 2), (6,)),
    ),
    Case("max_pool1d", lambda x: F.max_pool1d(x, 3, 2, 1), ((2, 3, 9),)),
    Case("max_pool2d", lambda x: F.max_pool2d(x, 2), ((2, 3, 7, 6),)),
    Case("max_pool2d_overlapping", lambda x: F.max_pool2d(x, 3, 2, 1), ((2, 3, 7, 6),)),
    Case("max_pool2d_ceil", lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), ((2, 3, 8, 6),)),
    Case("max_pool2d_dilated", lambda x: F.max_pool2d(x, 2, 2, 0, 2), ((2, 3, 8, 6),)),
    Case("max_pool2d_ties", lambda x: F.max_pool2d(x, 3, 1, 1), ((2, 2, 6, 6),), spread=False),
    Case("max_pool3d", lambda x: F.max_pool3d(x, 2, 2), ((1, 2, 4, 5, 6),)),
    Case("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2, 1), ((2, 3, 9),)),
    Case("avg_pool2d", lambda x: F.avg_pool2d(x, 3, 2, 1), ((2, 3, 7, 6),)),
    Case("avg_pool2d_ceil", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), ((2, 3, 8, 6),)),
    Case(
        "avg_pool2d_uncounted",
        lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False),
        ((2, 3, 8, 7),),
    ),
    Case("avg_pool2d_divisor", lambda x: F.avg_pool2d(x, 2, divisor_override=3), ((2, 3, 4, 6),)),
    Case("avg_pool3d", lambda x: F.avg_pool3d(x, 2), ((1, 2, 4, 4, 6),)),
    Case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 4)), ((2, 3, 7, 6),)),
    Case("adaptive_avg_pool2d_one", lambda x: F.adaptive_avg_pool2d(x, 1), ((2, 3, 7, 6),)),
    Case("upsample_nearest", lambda x: F.interpolate(x, scale_factor=2.0), ((2, 3, 4, 3),)),
    Case("upsample_nearest_size", lambda x: F.interpolate(x, size=(7, 5)), ((2, 3, 4, 3),)),
    Case("upsample_bilinear", lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear"), ((2, 3, 4, 3),)),
    Case(
        "upsample_bilinear_corners",
        lambda x: F.interpolate(x, size=(7, 5), mode="bilinear", align_corners=True),
        ((2, 3, 4, 3),),
    ),
    Case("embedding", lambda w, i: F.embedding(i, w), ((5, 4),), given=INDICES),
    Case("embedding_padding", lambda w, i: F.embedding(i, w, padding_idx=3), ((5, 4),), given=INDICES),
    Case("embedding_by_frequency", lambda w, i: F.embedding(i, w, scale_grad_by_freq=True), ((5, 4),), given=INDICES),
    Case("cross_entropy", F.cross_entropy, ((5, 5),), given=CLASSES),
    Case(
        "cross_entropy_sum",
        lambda x, y: F.cross_entropy(x, y % 5, ignore_index=2, reduction="sum"),
        ((5, 5),),
        given=CLASSES,
    ),
    Case("cross_entropy_none", lambda x, y: F.cross_entropy(x, y, reduction="none"), ((5, 5),), given=CLASSES),
    Case("cross_entropy_weight", F.cross_entropy, ((5, 5),), given=(*CLASSES, WEIGHTS)),
    Case("cross_entropy_smooth", lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1), ((5, 5),), given=CLASSES),
    Case("cross_entropy_pixels", F.cross_entropy, ((2, 3, 2, 3),), given=PIXELS),
    Case("nll_loss_vector", F.nll_loss, ((5,),), given=(torch.tensor(3),)),
    Case("binary_cross_entropy", lambda x: F.binary_cross_entropy(torch.sigmoid(x), (x > 0).double()), ((4, 3),)),
    Case(
        "binary_cross_entropy_with_logits",
        lambda x, p: F.binary_cross_entropy_with_logits(x * 30, (x > 0.1).double(), x.detach().abs(), pos_weight=p),
        ((4, 5),),
        given=(WEIGHTS,),
    ),
    Case("mse_loss", lambda x, y: F.mse_loss(x, y), ((4, 3), (4, 3))),
    Case("smooth_l1_loss", lambda x, y: F.smooth_l1_loss(x, y, beta=0.7), ((4, 3), (4, 3))),
    Case("huber_loss", lambda x, y: F.huber_loss(x, y), ((4, 3), (4, 3))),
    Case("l1_loss", lambda x, y: F.l1_loss(x, y), ((4, 3), (4, 3))),
    Case("select_slice", lambda x: x[:, -1] + x[:, 1:-1:2].sum(1) + x[..., -2:, :].mean(), ((3, 6, 4),)),
    Case("split_squeeze", lambda x: x.split(2, dim=1)[1].squeeze(2).sum() * x.squeeze(), ((3, 5, 1),)),
    Case("any_mask", lambda x: x.masked_fill((x > 0) & ~(x > 1) | (x < -1), 0.5), ((3, 5),)),
    Case("var_std", lambda x: x.var() * x.std(1) + x.clamp_min(0.1).mean(0, keepdim=True).sum(), ((3, 5),)),
    Case("reductions", lambda x: x.sum() + x.mean((0, 2)).sum() + x.sum((0, 1, 2)) * x.mean(), ((2, 3, 4),)),
    Case("batch_norm", lambda x, w, b: F.batch_norm(x, None, None, w, b, True), ((4, 3, 5, 2), (3,), (3,))),
    _module("layer_norm", nn.LayerNorm((3, 4)), (2, 5, 3, 4)),
    _module("group_norm", nn.GroupNorm(2, 4), (3, 4, 5, 2)),
    _module("lstm", nn.LSTM(3, 4, num_layers=2, batch_first=True), (2, 5, 3)),
    _module("gru", nn.GRU(3, 4, bidirectional=True), (5, 2, 3)),
    _module("rnn", nn.RNN(3, 4, nonlinearity="relu"), (5, 2, 3)),
    _module("encoder", nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True), (2, 5, 8)),
    Case(
        "attention",
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        ((2, 2, 4, 3), (2, 2, 4, 3), (2, 2, 4, 3)),
    ),
    # PyTorch's own backward multiplies by 1.0f / 6.0f in every dtype
    Case("hardsigmoid", lambda x: F.hardsigmoid(3 * x), ((4, 6),), error=1e-7),
    Case("softmax", lambda x: torch.softmax(x, 1) + torch.log_softmax(x, 0), ((3, 5),)),
    *(
        Case(name, function, ((4, 6),))
        for name, function in {
            "relu": torch.relu,
            "gelu": F.gelu,
            "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
            "silu": F.silu,
            "relu6": lambda x: F.relu6(3 * x),
            "hardswish": lambda x: F.hardswish(3 * x),
            "leaky_relu": F.leaky_relu,
            "elu": F.elu,
            "softplus": F.softplus,
            "mish": F.mish,
            "logsigmoid": F.logsigmoid,
            "glu": F.glu,
            "tanh": torch.tanh,
            "prelu": lambda x: F.prelu(x, torch.full((1,), 0.3, dtype=x.dtype)),
            "unfold": lambda x: x.unfold(1, 3, 2),
        }.items()
    ),
)
