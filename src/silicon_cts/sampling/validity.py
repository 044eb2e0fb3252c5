"""Does the CPU take a recipe, and what of a sample can change at all?"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, lru_cache

import torch

from silicon_cts.catalog.dtypes import name_of
from silicon_cts.catalog.operators import operators
from silicon_cts.catalog.traits import only_moves_data
from silicon_cts.sampling import arguments
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.domains import is_defined, is_safe
from silicon_cts.sampling.extent import outgrows, too_much
from silicon_cts.sampling.forms import OUT, RESIZED
from silicon_cts.sampling.promotion import COUNTS, OTHERS
from silicon_cts.sampling.recipe import Recipe, RecipeError, Value
from silicon_cts.sampling.sample import copy, make, seeded
from silicon_cts.sampling.shapes import axes, symbols

_UNGUARDED: dict[str, tuple[str, ...]] = {
    "lu_unpack": ("sizes", "axes", "leading", "apart"),
    "lu_solve": ("sizes", "axes", "leading", "apart"),
    "linalg.lu_solve": ("sizes", "axes", "leading", "apart"),
    "linalg.ldl_solve": ("sizes", "axes", "leading", "apart"),
    "max_pool2d_with_indices_backward": ("sizes", "leading", "axes", "apart"),
    "nn.functional.embedding_bag": ("sizes", "axes", "leading", "apart"),
    "_segment_reduce.*": ("sizes", "axes", "leading", "apart"),
    "*native_batch_norm*": ("axes", "leading", "apart", "dtypes"),
    "_batch_norm_with_update": ("axes", "leading", "apart", "dtypes"),
    "nn.functional.avg_pool3d": ("destination",),
    "nn.functional.ctc_loss": ("sizes", "axes", "leading", "apart"),
    "linalg.lstsq*": ("apart",),
}
"""Operators whose CPU kernel does not check its pivots, offsets, channels or destination and would write outside its
memory: by glob, the fields of a recipe that they never see changed."""

_PLAIN = ((), "", "contiguous")
"""What is no change of a field."""

_UNWRITTEN = ("nn.functional.multi_margin_loss", "nn.functional.multilabel_margin_loss")
"""Operators whose CPU kernel leaves its answer to an empty batch as it found the memory: nothing can be held against
that."""

_FINITE = ("linalg.eigvals",)
"""Operators of which the CPU's LAPACK ends the process for NaN and infinities: PyTorch does not look for them first."""
_SHORT = ("fft.irfftn", "fft.hfftn", "fft.ihfftn")
_LONGEST = 128
"""Operators of which MKL writes outside its memory for batches of matrices with many rows (258 and more were seen to
end the process), and the most rows that are asked of them."""


@lru_cache(maxsize=8192)
def refusal(recipe: Recipe) -> str | None:
    """Why the CPU does not take the recipe's call in its dtype; None if it does."""
    if any(getattr(recipe, field) not in _PLAIN for field in _unguarded(recipe.operator)):
        return "the CPU kernel does not check its input, and would write outside its memory"
    try:
        sample = make(recipe if recipe.form != OUT else replace(recipe, form="", destination=""))
    except RecipeError as error:
        return f"RecipeError: {error}"
    if recipe.operator in _UNWRITTEN and not all(tensor.numel() for tensor in sample.tensors):
        return "the CPU's answer to an empty batch is uninitialised"
    if recipe.operator in _FINITE and not all(bool(tensor.isfinite().all()) for tensor in sample.tensors):
        return "the CPU kernel does not check its input, and ends the process for numbers that are not finite"
    if recipe.operator in _SHORT and any(t.dim() > 2 and t.shape[-2] > _LONGEST for t in sample.tensors):
        return "MKL writes outside its memory for batches of matrices with so many rows"
    if recipe.form == OUT:
        if why := too_much(recipe.operator, sample):  # before the plain call is made, for the shapes of its answer
            return why
        try:
            sample = make(recipe)
        except RecipeError as error:
            return f"RecipeError: {error}"
    why = _refused(recipe.operator, sample, recipe.seed, resized=recipe.destination in RESIZED)
    if why is None and not is_defined(recipe.operator, lambda: make(replace(recipe, form="", destination=""))):
        return "the answer to such numbers is undefined"
    return why


@cache
def _unguarded(operator: str) -> tuple[str, ...]:
    return tuple(field for glob, fields in _UNGUARDED.items() if fnmatchcase(operator, glob) for field in fields)


def _refused(operator: str, sample: Sample, seed: int, *, resized: bool = False) -> str | None:
    # An answer that is larger than the tensor in whose place it is to be: addbmm_ writes it there all the same.
    written = [sample.leaves[at] for at in sample.written]
    if not is_safe(operator, sample):
        return "the CPU kernel does not check its input, and may end the process"
    with warnings.catch_warnings(), seeded(seed) if _draws(operator) else nullcontext(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            if why := too_much(operator, sample):
                return why
            given = [(tensor, tensor.shape) for tensor in written]
            answer = sample.run()
        except Exception as error:
            return " ".join(f"{type(error).__name__}: {error}".split())[:200]
    moves = resized or only_moves_data(operator)  # ``squeeze_``
    if not moves and any(tensor.shape != shape for tensor, shape in given):
        return "the CPU resizes what it is given to write to"
    return outgrows(sample, answer)


def _draws(operator: str) -> bool:
    info = operators().get(operator)
    return info is None or info.random


def takes(operator: str, sample: Sample) -> bool:
    """Whether the CPU takes a call that was made without a recipe, and its answer is defined; its tensors are left
    alone."""
    return _refused(operator, copy(sample), 0) is None and is_defined(operator, lambda: copy(sample))


def valid(recipe: Recipe) -> bool:
    """Whether the CPU takes the recipe's call in its dtype, and answers with no more than a few million elements."""
    return refusal(recipe) is None


@dataclass(frozen=True)
class Freedom:
    """What of a sample can change, as the CPU says when one thing changes at a time."""

    sizes: tuple[tuple[int, tuple[int, ...]], ...]
    """(symbol, those of 0, 1 and other sizes that it takes): (4, (0, 2)) is a symbol that must not become 1."""
    pinned: tuple[tuple[int, tuple[tuple[str, Value], ...]], ...]
    """(symbol, arguments that must not follow it though they hold its size: a ``dim``, an ``ord``)."""
    leading: bool
    """Whether it takes one more dimension before the others."""
    axes: tuple[tuple[int, int, tuple[int, ...]], ...] = ()
    """(dimension counted from the last, its size, those of 0, 1 and other sizes that it takes), each by itself."""
    refusals: tuple[str, ...] = ()
    """Why the others cannot."""

    @property
    def any(self) -> bool:
        """Whether any new shape is there."""
        return bool(self.sizes) or bool(self.axes) or self.leading


_PROBES = {0: (0,), 1: (1,), 2: (3, 9, 4, 2)}
"""Sizes tried for 0, for 1, and for all others."""


@lru_cache(maxsize=1024)
def freedom(operator: str, dtype: str, index: int, seed: int) -> Freedom:
    """Ask the CPU about each symbol of one of op_db's samples."""
    plain = Recipe(operator, dtype, index, seed)
    sample = make(plain)
    found, pins, reasons = [], [], []
    for symbol in symbols(sample):
        held = tuple((name, value) for name, value in arguments.plain(sample).items() if _holds(value, symbol))
        for pinned in ((), held) if held else ((),):
            taken = []
            for kind, sizes in _PROBES.items():
                why = [
                    refusal(replace(plain, sizes=((symbol, size),), arguments=pinned))
                    for size in sizes
                    if size != symbol
                ]
                if None in why:
                    taken.append(kind)
                reasons += [reason for reason in why if reason]
            if 2 in taken or (taken and pinned == held):
                found.append((symbol, tuple(taken)))
                pins += [(symbol, pinned)] if pinned else []
                break
    leading = sample.tensors != [] and refusal(replace(plain, leading=(2,))) is None
    return Freedom(tuple(found), tuple(pins), leading, _free_axes(plain, sample), tuple(reasons))


def _free_axes(plain: Recipe, sample: Sample) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """Dimensions that may have another size than others that have theirs now."""
    sizes = [size for tensor in sample.tensors for size in tensor.shape]
    found = []
    for dim, size in axes(sample) if len(sizes) > 1 else ():
        taken = [
            kind
            for kind, instead in _PROBES.items()
            if any(refusal(replace(plain, axes=((dim, size, new),))) is None for new in instead[:2] if new != size)
        ]
        if 2 in taken:
            found.append((dim, size, tuple(taken)))
    return tuple(found)


@lru_cache(maxsize=1024)
def mixes(operator: str, dtype: str, index: int, seed: int) -> tuple[tuple[int, str], ...]:
    """(tensor, dtype that it may be cast to while the others keep theirs), as the CPU says; of the only tensor, those
    that op_db does not list."""
    plain = Recipe(operator, dtype, index, seed)
    tensors = make(plain).tensors
    known = operators()[operator].dtypes if len(tensors) == 1 else ()  # asked by itself
    found = []
    for at, tensor in enumerate(tensors[:_MOST_MIXED]):
        counts = name_of(tensor.dtype) == "int64" != dtype  # indices, offsets, lengths: a mask is none of these
        for name in (other for other in (COUNTS if counts else OTHERS) if other not in known):
            names = tuple(name if place == at else "" for place in range(len(tensors)))
            if name != name_of(tensor.dtype) and valid(replace(plain, dtypes=names)):
                found.append((at, name))
    return tuple(found)


@lru_cache(maxsize=1024)
def destinations(operator: str, dtype: str, index: int, seed: int) -> tuple[str, ...]:
    """dtypes besides its own in which the CPU writes the answer into ``out=``: wider, narrower, floats for integers."""
    into = Recipe(operator, dtype, index, seed, form=OUT)
    return tuple(name for name in OTHERS if name != dtype and valid(replace(into, destination_dtype=name)))


_MOST_MIXED = 4
"""Tensors of a call that are tried in another dtype: operands, a weight, a mask."""


def is_wrong(recipe: Recipe) -> bool:
    """Whether the CPU refuses the call as one that means nothing, not as one that it cannot do."""
    why = refusal(recipe)
    return why is not None and not any(word in why for word in _NO_MISTAKE)


_NO_MISTAKE = (
    "RecipeError", "NotImplementedError", "not implemented", "not supported", "INTERNAL ASSERT", "answer has more than",
    "nobody can say", "does not check its input", "uninitialised", "undefined", "there are n over r", "cannot lie",
    "on the way makes", "DefaultCPUAllocator", "resizes what",
)  # fmt: skip
"""What a refusal says that is no word about the call: a missing kernel, a limit of the suite's own."""


def _holds(value: Value, symbol: int) -> bool:
    return symbol in value if isinstance(value, tuple) else type(value) is int and value == symbol
