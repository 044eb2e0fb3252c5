"""How do op_db's samples come to be the same bits on every machine?

PyTorch's random integers are the same everywhere, its random floats are not: scaling them to a range rounds once with
a fused multiply-add and twice without it. While op_db makes samples, random floats are made from random integers in
float64 instead, one rounding at a time; and products and factorisations, by which some samples are made
well-conditioned, are computed in float64 and rounded, so that the order of their sums does not show. Where op_db runs
through a set of strings, which has another order in each process, :func:`in_order` gives them one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

_STEPS = 2**24
"""Random floats are multiples of 1 / _STEPS."""


def _uniform(shape: torch.Size, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
    """In [low, high), float64, from the default generator."""
    return torch.randint(0, _STEPS, tuple(shape)).to(torch.float64) * ((high - low) / _STEPS) + low


def _normal(shape: torch.Size) -> torch.Tensor:
    """The sum of twelve uniform numbers less six: mean 0, variance 1, and no transcendental function."""
    return (_uniform(torch.Size((12, shape.numel()))).sum(dim=0) - 6.0).reshape(shape)


def _refill(tensor: torch.Tensor, values: Callable[[torch.Size], torch.Tensor]) -> torch.Tensor:
    """Write random values into a real or, part by part, a complex tensor."""
    if tensor.is_complex():
        return tensor.copy_(torch.complex(values(tensor.shape), values(tensor.shape)))
    return tensor.copy_(values(tensor.shape))


def _uniform_in_place(tensor: torch.Tensor, low: float = 0.0, high: float = 1.0, **_: Any) -> torch.Tensor:
    return _refill(tensor, lambda shape: _uniform(shape, low, high))


_IN_PLACE: dict[str, Callable[..., torch.Tensor]] = {
    "uniform_": _uniform_in_place,
    "bernoulli_": lambda tensor, p=0.5, **_: tensor.copy_(_uniform(tensor.shape) < p),
}
_MADE: dict[str, Callable[[torch.Size], torch.Tensor]] = {
    "rand": _uniform,
    "rand_like": _uniform,
    "randn": _normal,
    "randn_like": _normal,
}
_WIDE = frozenset(
    {
        *("mm", "bmm", "mv", "dot", "addmm", "baddbmm"),
        *("linalg_qr", "_linalg_svd", "linalg_inv_ex", "linalg_cholesky_ex"),
        *("_softmax", "_log_softmax", "sigmoid", "exp", "log"),
    }
)
"""Kernels whose sums may be taken in any order, or that approximate."""


class Portable(TorchDispatchMode):
    """Random floats and sums that do not depend on the processor."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do the call in the portable way where there is one."""
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name in _IN_PLACE and isinstance(args[0], torch.Tensor):
            return _IN_PLACE[name](*args, **kwargs)
        if name in _MADE:
            made: torch.Tensor = func(*args, **kwargs)
            return _refill(made, _MADE[name])
        if name in _WIDE:
            narrow = next((one.dtype for one in args if isinstance(one, torch.Tensor)), torch.float64)
            return tree_map_only(torch.Tensor, lambda one: _as(one, narrow), func(*_widened(args), **kwargs))
        return func(*args, **kwargs)


def _widened(args: Any) -> Any:
    wide = {torch.float32: torch.float64, torch.complex64: torch.complex128}
    return tree_map_only(torch.Tensor, lambda one: one.to(wide.get(one.dtype, one.dtype)), args)


def _as(tensor: torch.Tensor, like: torch.dtype) -> torch.Tensor:
    """A wide result back in the precision of the inputs: singular values of a complex matrix are real."""
    back = {torch.float64: torch.float32, torch.complex128: torch.complex64}
    return tensor.to(back[tensor.dtype]) if like in back.values() and tensor.dtype in back else tensor


_SETS: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("meshgrid.list_of_tensors", "meshgrid.variadic_tensors"), ("indexing", ("xy", "ij"))),
}
"""By operator the keyword whose values op_db takes from a set, and those values."""


def in_order(operator: str, made: Iterable[Any]) -> Iterator[Any]:
    """op_db's samples of an operator, values from a set given out in turn."""
    name, values = _SETS.get(operator, ("", ("",)))
    for sample, value in zip(made, cycle(values)):
        if name:
            sample.kwargs[name] = value
        yield sample
