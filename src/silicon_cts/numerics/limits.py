"""What becomes of an answer whose steps have the range of float32, and not that of float64?

A right kernel may leave the range of its dtype on the way to a number that is in it, and each leaves it elsewhere:
infinity less infinity where the products are added up one way, a number the other way, or with one rounding for both
(a fused multiply-add). The wide answer and the CPU's are two ways; here are the one that PyTorch documents, an operator
as its decomposition into smaller ones, of normalisations that of every compiler, one factor and one shift, and sums and
products of many in an order that leaves the range first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_map_only

from silicon_cts.numerics.budget import smallest_subnormal
from silicon_cts.numerics.perturbation import schema_of

Steps = Mapping[Any, Callable[..., Any]]
"""By ATen kernel, what computes the same in several kernels."""
_INFINITY, _ZERO = torch.tensor(torch.inf, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)


class Limited(TorchDispatchMode):
    """Every result of every ATen kernel is infinite beyond the largest number of ``dtype``, and 0 below the least.

    Kernels in ``steps`` are taken apart first, each but those that it is ``within``: what they do on the way has that
    range, too.
    """

    def __init__(self, dtype: torch.dtype, steps: Steps, within: frozenset[Any] = frozenset()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._dtype, self._steps, self._within = dtype, steps, within

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the kernel, or its steps, and cut off what it made."""
        if func in self._steps and func not in self._within:
            with Limited(self._dtype, self._steps, self._within | {func}):
                result = self._steps[func](*args, **(kwargs or {}))
        else:
            result = func(*args, **(kwargs or {}))
        if schema_of(func).aliases:
            return result
        return tree_map_only(torch.Tensor, self._cut, result)

    def _cut(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dtype != torch.float64 or tensor.layout != torch.strided or tensor._is_zerotensor():
            return tensor
        sizes = tensor.abs()
        cut = torch.where(sizes > torch.finfo(self._dtype).max, torch.copysign(_INFINITY, tensor), tensor)
        return torch.where(sizes < smallest_subnormal(self._dtype), torch.copysign(_ZERO, tensor), cut)


def where_alike(
    wide: torch.Tensor | None, free: torch.Tensor | None, limited: torch.Tensor | None
) -> torch.Tensor | None:
    """``limited`` where ``free``, the same steps without limits, is NaN or infinite as ``wide`` is; else ``wide``."""
    if wide is None or free is None or limited is None or not wide.shape == free.shape == limited.shape:
        return wide
    alike = (wide.isfinite() & free.isfinite()) | (wide.isnan() & free.isnan()) | (wide == free)
    return torch.where(alike, limited, wide)


Given = Mapping[str, Any]
"""The arguments of a kernel by name."""
Way = Callable[[Any, Given], Any]
"""From a kernel and its arguments to what it returns."""


def _scaled(x: torch.Tensor, scale: torch.Tensor, mean: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    shift = -mean * scale
    return x * scale + (shift if bias is None else shift + bias)


def _batch(given: Given, mean: torch.Tensor, rstd: torch.Tensor) -> torch.Tensor:
    """As a compiler puts it into the convolution before it."""
    if not given.get("training", True) and given["running_mean"] is not None:
        mean, rstd = given["running_mean"], (given["running_var"] + given["eps"]).rsqrt()
    scale = rstd if given["weight"] is None else rstd * given["weight"]
    channels = (1, -1, *[1] * (given["input"].dim() - 2))
    bias = given["bias"] if given["bias"] is None else given["bias"].view(channels)
    return _scaled(given["input"], scale.view(channels), mean.view(channels), bias)


def _group(given: Given, mean: torch.Tensor, rstd: torch.Tensor) -> torch.Tensor:
    """As PyTorch's own CPU kernel has it: a factor for each channel of each sample."""
    x = given["input"].reshape(given["N"], given["C"], -1)
    each = given["C"] // given["group"]
    mean, rstd = (one.repeat_interleave(each, 1).unsqueeze(-1) for one in (mean, rstd))
    weight, bias = (one if one is None else one.view(1, -1, 1) for one in (given["weight"], given["bias"]))
    return _scaled(x, rstd if weight is None else rstd * weight, mean, bias).view(given["input"].shape)


def _layer(given: Given, mean: torch.Tensor, rstd: torch.Tensor) -> torch.Tensor:
    """As PyTorch's own CPU kernel has it: a factor for each row, and the weight of each element after it."""
    answer = _scaled(given["input"], rstd, mean, None)
    answer = answer if given["weight"] is None else answer * given["weight"]
    return answer if given["bias"] is None else answer + given["bias"]


def _folded(fold: Callable[[Given, torch.Tensor, torch.Tensor], torch.Tensor]) -> Way:
    """A normalisation as one factor and one shift, ``x * scale + shift``."""

    def way(kernel: Any, given: Given) -> Any:
        _, mean, rstd, *others = kernel(**given)
        return fold(given, mean, rstd), mean, rstd, *others

    return way


def _opposite(*terms: str) -> Way:
    """A sum of products is NaN where these are so large that one partial sum may be infinity, and another less that.

    ``terms`` are the arguments that may be negative. That products of both signs are there is counted: their sum may be
    the largest of them, to all digits of float64. An infinity that is given is one more large number.
    """

    def way(kernel: Any, given: Given) -> Any:
        def of(change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
            return kernel(**{**given, **{one: change(given[one]) for one in terms if given[one] is not None}})

        with _disable_current_modes():
            answer, largest = kernel(**given), of(lambda term: term.abs().clamp(max=_LARGE))
            cancels = of(torch.sign).abs() < of(lambda term: torch.sign(term).abs())
        beyond = (largest * 1).isinf()  # as the limits have it
        return torch.where(beyond & cancels, torch.nan, answer)

    return way


_LARGE = 1e150
"""Of which float64 holds the products."""


def _largest_first(kernel: Any, given: Given) -> Any:
    """A product is infinite where its factors beyond 1 come first, and NaN if the others make 0 then."""
    with _disable_current_modes():
        answer, largest = kernel(**given), kernel(**{**given, "self": given["self"].abs().clamp(min=1)})
    beyond = (largest * 1).isinf()  # as the limits have it
    return torch.where(beyond, answer * torch.inf, answer)


def _steps(name: str, way: Way) -> tuple[Any, Callable[..., Any]]:
    packet, _, overload = name.partition(".")
    kernel = getattr(getattr(torch.ops.aten, packet), overload or "default")
    return kernel, lambda *args, **kwargs: way(kernel, schema_of(kernel).given(args, kwargs))


_OTHERWISE: Mapping[str, Way] = {
    "convolution": _opposite("input", "weight", "bias"),
    "mm": _opposite("self", "mat2"),
    "bmm": _opposite("self", "mat2"),
    "prod": _largest_first,
    "prod.dim_int": _largest_first,
    "native_batch_norm": _folded(_batch),
    "_batch_norm_with_update": _folded(_batch),
    "native_group_norm": _folded(_group),
    "native_layer_norm": _folded(_layer),
}
WAYS: Sequence[Steps] = (decomposition_table, dict(_steps(name, way) for name, way in _OTHERWISE.items()))
"""Ways to compute the same that a right kernel may take."""
