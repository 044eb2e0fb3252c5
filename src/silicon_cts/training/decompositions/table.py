"""Which operators are decomposed, and by what?

PyTorch's own decompositions (``torch._decomp``, private, read with torch 2.13.0) where they end in operators that
inference converters know; ours where PyTorch has none, or one that scatters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import torch
from torch._decomp import get_decompositions

from silicon_cts.training.decompositions import convolution, elementwise, indexing, pooling, reductions, resampling

_aten = torch.ops.aten

OURS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        _aten.convolution.default: convolution.convolution,
        _aten.convolution_backward.default: convolution.convolution_backward,
        _aten.max_pool2d_with_indices_backward.default: pooling.max_pool_backward,
        _aten.max_pool3d_with_indices_backward.default: pooling.max_pool_backward,
        _aten.avg_pool2d_backward.default: pooling.avg_pool_backward,
        _aten.avg_pool3d_backward.default: pooling.avg_pool_backward,
        _aten._adaptive_avg_pool2d.default: resampling.adaptive_avg_pool,
        _aten._adaptive_avg_pool2d_backward.default: resampling.adaptive_avg_pool_backward,
        _aten.upsample_nearest2d.default: resampling.upsample_nearest,
        _aten.upsample_nearest2d_backward.default: resampling.upsample_nearest_backward,
        _aten.upsample_bilinear2d.default: resampling.upsample_linear,
        _aten.upsample_bilinear2d_backward.default: resampling.upsample_linear_backward,
        _aten.embedding_dense_backward.default: indexing.embedding_backward,
        _aten.nll_loss_forward.default: indexing.nll_loss_forward,
        _aten.nll_loss_backward.default: indexing.nll_loss_backward,
        _aten.nll_loss2d_forward.default: indexing.nll_loss_forward,
        _aten.nll_loss2d_backward.default: indexing.nll_loss_backward,
        _aten.select_backward.default: indexing.select_backward,
        _aten.slice_backward.default: indexing.slice_backward,
        _aten.unfold_backward.default: indexing.unfold_backward,
        _aten.sum.default: reductions.sum_all,
        _aten.sum.dim_IntList: reductions.sum_dims,
        _aten.mean.default: reductions.mean_all,
        _aten.mean.dim: reductions.mean_dims,
        _aten.var_mean.correction: reductions.var_mean,
        _aten.view.default: elementwise.view,
        _aten.as_strided.default: elementwise.as_strided,
        _aten.unsafe_split.Tensor: elementwise.split,
        _aten.bitwise_and.Tensor: elementwise.bitwise_and,
        _aten.bitwise_or.Tensor: elementwise.bitwise_or,
        _aten.bitwise_not.default: elementwise.bitwise_not,
        _aten.clamp_min.default: elementwise.clamp_min,
        _aten.binary_cross_entropy_with_logits.default: elementwise.binary_cross_entropy_with_logits,
        _aten.squeeze.default: elementwise.squeeze,
        _aten.squeeze.dim: elementwise.squeeze,
        _aten.squeeze.dims: elementwise.squeeze,
    }
)

_PYTORCHS = """
    native_batch_norm native_batch_norm_backward native_layer_norm native_layer_norm_backward native_group_norm
    native_group_norm_backward _softmax_backward_data _log_softmax _log_softmax_backward_data _safe_softmax
    threshold_backward gelu_backward sigmoid_backward tanh_backward silu_backward hardtanh_backward hardswish_backward
    hardsigmoid_backward leaky_relu_backward elu elu_backward softplus softplus_backward mish_backward
    log_sigmoid_forward log_sigmoid_backward glu glu_backward _prelu_kernel_backward mse_loss mse_loss_backward
    smooth_l1_loss smooth_l1_loss_backward huber_loss huber_loss_backward binary_cross_entropy
    binary_cross_entropy_backward addcmul addcdiv lerp stack masked_fill rsub tril triu new_zeros
    new_ones new_full zeros_like ones_like addmm baddbmm
""".split()  # noqa: SIM905  sixty names read better as text


@cache
def table() -> Mapping[Any, Callable[..., Any]]:
    """By ATen overload."""
    packets = [getattr(_aten, name) for name in _PYTORCHS]
    theirs: Any = get_decompositions(packets)
    pure = {overload: function for overload, function in theirs.items() if not overload._schema.is_mutable}
    return MappingProxyType({**pure, **OURS})
