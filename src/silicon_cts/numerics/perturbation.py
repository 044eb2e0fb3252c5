"""How are inputs and intermediate results moved by roundings, to see how far the answer moves?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from silicon_cts.catalog import traits
from silicon_cts.catalog.dtypes import name_of
from silicon_cts.numerics.inside import INSIDE, Inside
from silicon_cts.numerics.resampling import off_scale, resamples
from silicon_cts.sampling.call import is_floating
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.sample import Sample

Besides = Callable[[int, torch.Tensor], torch.Tensor]
"""How far the elements of a tensor (its position among the arguments' tensors, float64 or complex128, contiguous) move
besides by their own rounding, in roundings: float64, one number or one for each element, flat."""

_COORDINATE_ROUNDINGS = 4.0
"""Roundings between a coordinate and its cell: add, multiply, subtract, divide."""


_OF_WHOLE_ROUNDINGS = 2
"""Seeds from 0 on, and pairs of draws, in which inputs move by whole roundings."""


def _signs(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """+1 and -1 at random, in float64: ``1 + u`` is 1 in the default dtype."""
    return torch.randint(0, 2, shape, generator=generator, dtype=torch.float64).mul_(2).sub_(1)


def _factors(values: torch.Tensor, roundoff: float, salt: int) -> torch.Tensor:
    """1 +- roundoff for each number of a float64 tensor, as its bits and the salt say: the same for the same number."""
    bits = (values.view(torch.int64) ^ salt).mul_(_ODD)
    bits = bits.bitwise_xor_(bits >> 32).mul_(_ODD)
    off = torch.copysign(torch.tensor(roundoff, dtype=torch.float64), bits.view(torch.float64))
    return off.neg_().add_(1.0) if roundoff > 0 else off.add_(1.0)


def _held(values: torch.Tensor, bits: int) -> torch.Tensor:
    """Which numbers of a float64 tensor a significand of so many bits holds: the others of theirs are zero."""
    return (values.view(torch.int64) & ((1 << (53 - bits)) - 1)) == 0


_PIECE = 2**16
"""Numbers of a large tensor that are rounded at once: four times as fast for four million, measured."""
_ODD = -0x61C8864680B583EB
"""2^64 over the golden ratio, odd, as a signed number: spreads bits (D. Knuth, TAOCP 3, 6.4)."""


@dataclass(frozen=True)
class Schema:
    """What the schema of an ATen kernel says, read once: reading it takes longer than a small kernel."""

    arguments: tuple[str, ...]
    written: tuple[str, ...]
    """Arguments that it writes to."""
    aliases: bool
    """Whether what it returns is memory that it was given."""
    resamples: bool
    is_extreme: bool
    """Whether it answers with numbers that it is given."""
    is_norm: bool
    """Whether it does so where its ``ord`` is infinite."""
    is_density: bool
    """Whether it divides by the widths of bins that it makes itself, with ``density=True``."""
    inside: Inside | None
    """What it rounds besides its answer."""

    def picks(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> bool:
        """Whether it computes nothing: a view, the largest of some numbers, their sizes."""
        if self.is_norm:
            return math.isinf(self.given(args, kwargs).get("ord", 2))
        return self.is_extreme or (self.aliases and not self.written)

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> dict[str, Any]:
        """Its arguments by name."""
        return dict(zip(self.arguments, args, strict=False)) | (kwargs or {})


@cache
def schema_of(func: Any) -> Schema:
    """Of an ATen kernel."""
    schema = func._schema
    return Schema(
        tuple(one.name for one in schema.arguments),
        tuple(one.name for one in schema.arguments if one.alias_info and one.alias_info.is_write),
        any(one.alias_info is not None for one in schema.returns),
        resamples(schema.name),
        schema.name in _EXTREMES,
        schema.name == "aten::linalg_vector_norm",
        (schema.name, schema.overload_name) == ("aten::histogram", "bin_ct"),
        INSIDE.get(schema.name.removeprefix("aten::").removesuffix("_")),
    )


_EXTREMES = ("aten::amax", "aten::amin", "aten::max", "aten::min", "aten::aminmax", "aten::abs")
"""Kernels that round nothing, and whose backward looks where their answer is among their inputs: one that was moved
would be nowhere. A norm looks among the sizes of its inputs."""


def _over_widths(result: Any, rounded: Any) -> Any:
    """A density over the bins between edges as they were rounded: their widths are differences, which may cancel."""
    (_, edges), (density, between) = result, rounded
    return density * edges.diff() / between.diff(), between


class RoundEverywhere(TorchDispatchMode):
    """Every result of every ATen kernel, forward and backward, off by up to one rounding.

    Monte Carlo arithmetic (D. S. Parker, 1997): what the roundings of the intermediate results do to the answer is
    measured by making them at random, in a precision where nothing else is rounded. Numbers that ``roundoff`` can
    represent are left alone, as rounding would leave them; so are views. Equal results of one kernel are moved
    alike, as they are rounded alike: the errors of rows that repeat do not cancel. Of what a kernel wrote in place, the
    elements that it changed are moved, in place.
    """

    def __init__(self, roundoff: float, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.roundoff = roundoff
        self._bits = -round(math.log2(abs(roundoff)))  # of a significand with that unit roundoff
        self._salts = random.Random(seed)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the kernel, then nudge what it made."""
        kernel = schema_of(func)
        if kernel.resamples:
            return self._rounded(off_scale(func, kernel.given(args, kwargs), 1 + self.roundoff))
        if kernel.picks(args, kwargs):
            return func(*args, **(kwargs or {}))
        given = kernel.given(args, kwargs) if kernel.written or kernel.inside else {}
        written = [given[name] for name in kernel.written]
        before = [one.clone() if isinstance(one, torch.Tensor) else None for one in written]
        result = func(*args, **(kwargs or {}))
        if kernel.inside is not None and result.numel():
            if written and written[0] is given["self"]:
                given["self"] = before[0]
            inside = kernel.inside(result, given, self.round)
            result = result.copy_(inside) if written else inside
        for tensor, old in zip(written, before, strict=True):
            self._round_in_place(tensor, old)
        rounded = result if kernel.aliases else self._rounded(result)
        return _over_widths(result, rounded) if kernel.is_density and (kwargs or {}).get("density") else rounded

    def _rounded(self, result: Any) -> Any:
        if isinstance(result, torch.Tensor):
            return self.round(result)
        return tree_map_only(torch.Tensor, self.round, result)

    def _round_in_place(self, tensor: Any, old: torch.Tensor | None) -> None:
        if old is None or tensor.shape != old.shape or tensor.dtype != old.dtype:
            return
        rounded = self.round(tensor)
        if rounded is not tensor:
            tensor.copy_(torch.where(tensor == old, tensor, rounded))

    def round(self, tensor: torch.Tensor) -> torch.Tensor:
        """The same numbers, each off by up to one rounding; what is not in float64 or complex128 as it is."""
        if (
            tensor.layout != torch.strided
            or tensor.dtype not in (torch.float64, torch.complex128)
            or not tensor.numel()
        ):
            return tensor
        if tensor._is_zerotensor():  # zeros that autograd made without memory
            return tensor
        salt = self._salts.getrandbits(62)
        if tensor.is_complex():
            sizes = torch.view_as_real(tensor.resolve_conj()).sum(-1)
            return tensor * _factors(sizes, self.roundoff, salt)
        if tensor.numel() <= _PIECE or not tensor.is_contiguous():
            return self._nudged(tensor, salt)
        rounded = torch.empty_like(tensor)  # piece by piece: each stays in the cache for all passes over it
        for piece, into in zip(tensor.reshape(-1).split(_PIECE), rounded.reshape(-1).split(_PIECE), strict=True):
            into.copy_(self._nudged(piece, salt))
        return rounded

    def _nudged(self, tensor: torch.Tensor, salt: int) -> torch.Tensor:
        nudged = tensor * _factors(tensor, self.roundoff, salt)
        return torch.where(_held(tensor, self._bits), tensor, nudged)


class Results(TorchDispatchMode):
    """Of which dtypes are the results of all ATen kernels, forward and backward?"""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dtypes: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the kernel and note what it made."""
        result = func(*args, **(kwargs or {}))
        self.dtypes |= {name_of(leaf.dtype) for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)}
        return result


def besides(operator: str) -> Besides | None:
    """What the traits of an operator say on how its inputs are moved; None if they say nothing."""
    if traits.look_up(traits.DISCONTINUOUS, operator) is not None:
        grid = next((position for name, position in traits.GRIDS.items() if name == operator), None)
        return lambda position, tensor: _COORDINATE_ROUNDINGS * (_largest(tensor) + (1.0 if position == grid else 0.0))
    return _of_matrix if traits.is_normwise(operator) else None


def _largest(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.abs().nan_to_num(0, 0, 0).max() if tensor.numel() else torch.tensor(0.0, dtype=torch.float64)


def _of_matrix(_position: int, tensor: torch.Tensor) -> torch.Tensor:
    """The largest element of each matrix of a batch."""
    if tensor.dim() < 3 or not tensor.numel():
        return _largest(tensor)
    sizes = tensor.abs().nan_to_num(0, 0, 0)
    return sizes.amax((-2, -1), keepdim=True).expand_as(sizes).reshape(-1)


def moved(sample: Sample, roundings: RoundEverywhere, seed: int, *, promote: int, besides: Besides | None) -> Sample:
    """Every floating tensor element and every floating scalar that is no integer, off by up to three roundings.

    By one, as a number that was rounded on its way here may be; and ``roundings`` are made of that factor and of the
    product, as a machine has them that scales or converts what it is given.

    Of the first ``promote`` tensors, those of integers and booleans become float64 and are moved too. ``besides`` moves
    elements further.
    Under an odd seed, tensors of whole numbers stay as they are: they may be labels, which are compared with 1 and -1.
    Under a seed of 2 and more, a rounding is a half to a whole one: whole ones of a large number may be whole periods.
    """
    by = roundings.roundoff
    generator = torch.Generator().manual_seed(seed)
    scalars = random.Random(seed)
    positions = {id(tensor): position for position, tensor in enumerate(sample.tensors)}

    def move(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and (positions[id(leaf)] < promote or is_floating(leaf)):
            if seed % 2 and leaf.is_floating_point() and bool((leaf.detach() == leaf.detach().round()).all()):
                return leaf
            return over_memory(leaf, lambda memory: nudge(memory, leaf))
        if type(leaf) is float and not leaf.is_integer():  # nan and inf are no integers either: they stay as they are
            return leaf * (1 + by * scalars.choice((-1, 1)))
        return leaf

    def nudge(memory: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        signs = _signs(memory.shape, generator)
        if seed >= _OF_WHOLE_ROUNDINGS:
            signs *= (1 + torch.rand(memory.shape, generator=generator, dtype=torch.float64)) / 2
        wide = memory if is_floating(memory) else memory.to(torch.float64)
        own = roundings.round(wide * roundings.round(1 + by * signs))
        if besides is None or not wide.numel():
            return own
        if wide.is_complex():  # in any direction: at a right angle to a number, its size hardly moves
            signs = torch.complex(signs, _signs(memory.shape, generator))
        return roundings.round(own + by * besides(positions[id(tensor)], tensor.detach()) * signs)

    return sample.replace(move)
