"""Which arguments of an operator matter where sizes alone do not reach: strides, dims, norms, modes?

One row a family: globs of operator ids, and for each argument its keyword, its position (None: keyword only) and the
values worth trying, which may depend on the sample. An argument that the operator does not take makes the CPU raise,
and the draw is rejected.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import combinations, cycle, islice
from typing import Any

from silicon_cts.sampling import arguments
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.recipe import Value

Choices = Sequence[Value] | Callable[[Sample], Sequence[Value]]


@dataclass(frozen=True)
class Family:
    """One row."""

    name: str
    operators: tuple[str, ...]
    varied: tuple[tuple[str, int | None, Choices], ...]
    """(keyword, position, values)."""


def _rank(sample: Sample) -> int:
    return sample.tensors[0].ndim if sample.tensors else 0


def _dims(sample: Sample) -> list[Value]:
    """Every dimension, from either end; of more than three, the first two and the last two. The longest comes twice as
    often: kernels change what they do where a line is long."""
    rank = max(_rank(sample), 1)
    both = [*range(-1, -rank - 1, -1), *range(rank)]
    some = [dim for dim in both if rank <= 3 or dim % rank in (0, 1, rank - 2, rank - 1)]
    sizes = sample.tensors[0].shape if _rank(sample) else (1,)
    return [*some, *(dim for dim in some if sizes[dim] == max(sizes) > 1)]


def _dim_tuples(sample: Sample) -> list[Value]:
    rank = _rank(sample)
    pairs = [pair for size in (2, 3) for pair in combinations(range(rank), size)]
    mixed = [(-1, *pair[:-1]) for pair in pairs if pair[-1] == rank - 1]
    return [*_dims(sample), *pairs, *mixed]


def _same_dim_otherwise(sample: Sample) -> list[Value]:
    """The ``dim`` that the sample has, counted from the other end."""
    rank = max(_rank(sample), 1)
    now = next((value for value in (arguments.given(sample, "dim", 1),) if type(value) is int), None)
    return [] if now is None else [_from_other_end(now, rank)]


def _same_dims_otherwise(sample: Sample) -> list[Value]:
    """The ``dims`` that ``roll`` has, one or several, counted from the other end."""
    rank, now = max(_rank(sample), 1), arguments.given(sample, "dims", 2)
    if type(now) is int:
        return [_from_other_end(now, rank)]
    return [tuple(_from_other_end(dim, rank) for dim in now)] if isinstance(now, tuple) else []


def _shifts(sample: Sample) -> list[Value]:
    """As many as the sample has, also by more than there are elements, either way."""
    now = arguments.given(sample, "shifts", 1)
    return list(_SHIFTS) if type(now) is int else [tuple(islice(cycle(_SHIFTS), len(now)))]


def _from_other_end(dim: int, rank: int) -> int:
    return dim - rank if dim >= 0 else dim + rank


def _last_size(sample: Sample) -> int:
    return sample.tensors[0].shape[-1] if _rank(sample) else 1


def _ranks_to_take(sample: Sample) -> list[Value]:
    size = _last_size(sample)
    return list(dict.fromkeys(k for k in (1, size, size - 1, 17, 33) if 0 < k <= size))


def _transform_sizes(sample: Sample) -> list[Value]:
    size = _last_size(sample)
    return [None, *dict.fromkeys(n for n in (size + 1, size - 1, 2 * size, 1, 2, 3, 5, 8, 15) if n > 0)]


def _pairwise(patterns: Iterable[tuple[int, int]], *, constant: bool = False) -> Callable[[Sample], Sequence[Value]]:
    """Paddings as long as the sample's own, by dimension, the same on each or on the first alone; or of all dimensions,
    which those that pad with a constant take."""

    def choices(sample: Sample) -> list[Value]:
        now = arguments.given(sample, "pad", 1)
        pairs = len(now) // 2 if isinstance(now, tuple | list) else 1
        every = {(pair, times, times) for pair in patterns for times in (_rank(sample),) if constant}
        some = {(pair, times, pairs) for pair in patterns for times in (1, pairs)}
        return [tuple(pair * times + (0, 0) * (of - times)) for pair, times, of in sorted(some | every)]

    return choices


def _spatial(numbers: Sequence[int]) -> Callable[[Sample], Sequence[Value]]:
    """One number for all spatial dimensions, and another for each."""

    def choices(sample: Sample) -> list[Value]:
        dims = max(_rank(sample) - 2, 1)
        uneven: list[Value] = [tuple(numbers[(i + k) % len(numbers)] for i in range(dims)) for k in range(2)]
        return [*numbers, *uneven]

    return choices


def _probabilities(sample: Sample) -> Sequence[Value]:
    """The certain ones too, where the sample names one; with p = 0.5 alone, 1 - p in its place is no mistake."""
    return () if arguments.given(sample, "p") is None else (0.0, 0.2, 0.5, 1.0)


def _equations(sample: Sample) -> Sequence[Value]:
    """Products with another index as the batch, in another order, besides op_db's own. Dimensions of one size have one
    letter, so that an equation holds whatever that size becomes."""
    letters: dict[tuple[int, int], str] = {}
    operands = []
    for tensor in sample.tensors:
        named = [(size, list(tensor.shape[:dim]).count(size)) for dim, size in enumerate(tensor.shape)]
        operands.append("".join(letters.setdefault(one, chr(ord("a") + len(letters))) for one in named))
    every = "".join(letters.values())
    shared = [letter for letter in every if sum(letter in operand for operand in operands) > 1]
    free = "".join(letter for letter in every if letter not in shared)
    results = [free, free[::-1], *(one + free for one in shared), *(free[::-1] + one for one in shared), every[::-1]]
    return [f"{','.join(operands)}->{result}" for result in dict.fromkeys(results)]


def _unless(other: str, values: Sequence[Value]) -> Callable[[Sample], Sequence[Value]]:
    return lambda sample: () if arguments.given(sample, other) is not None else values


def _where_given(name: str, position: int | None, values: Sequence[Value]) -> tuple[str, int | None, Choices]:
    return name, position, lambda sample: () if arguments.given(sample, name, position) is None else values


_YES_NO = (False, True)
_SHIFTS = (1, -3, 1000)
_PADS = ((1, 0), (0, 1), (1, 2), (2, 2))
_SCALARS = (0, 1, 2, -1, 0.5, 1e-7, 3e-7)
_NORMS = ("backward", "ortho", "forward")
_MANY_DIMS = ("sum", "mean", "nansum", "nanmean", "amax", "amin", "var", "std", "var_mean", "std_mean", "logsumexp")
_ONE_DIM = ("argmax", "argmin", "prod", "median", "nanmedian", "mode", "all", "any")
_BY_INDEX = ("gather", "scatter*", "index_add", "index_copy", "index_fill", "index_select", "index_reduce*", "unbind",
             "select", "narrow", "unsqueeze", "squeeze", "split*", "chunk", "tensor_split")  # fmt: skip

FAMILIES: tuple[Family, ...] = (
    Family(
        "convolution",
        ("nn.functional.conv?d",),
        (("stride", 3, _spatial((1, 2, 3))), ("padding", 4, _spatial((0, 1, 2))), ("dilation", 5, _spatial((1, 2)))),
    ),
    Family(
        "transposed convolution",
        ("nn.functional.conv_transpose?d",),
        (("stride", 3, _spatial((2, 3))), ("padding", 4, _spatial((0, 1))), ("output_padding", 5, (0, 1))),
    ),
    Family(
        "pooling",
        ("nn.functional.max_pool?d", "nn.functional.avg_pool?d"),
        (
            _where_given("kernel_size", 1, (1, 2, 3)),
            ("stride", 2, (1, 2, 3)),
            ("padding", 3, (0, 1)),
            ("ceil_mode", 4, _YES_NO),
        ),
    ),
    Family("average pooling", ("nn.functional.avg_pool?d",), (("count_include_pad", 5, _YES_NO),)),
    Family("adaptive pooling", ("nn.functional.adaptive_*_pool?d",), (("output_size", 1, (1, 2, 3, 5, 7)),)),
    Family(
        "attention",
        ("nn.functional.scaled_dot_product_attention",),
        (("is_causal", None, _unless("attn_mask", _YES_NO)), ("scale", None, (None, 0.5, 0.125, 0.01))),
    ),
    Family(
        "matmul",
        ("addmm*", "addmv", "addbmm", "baddbmm", "addr"),
        (("alpha", None, _SCALARS[1:5]), ("beta", None, _SCALARS[:5])),
    ),
    Family("sum of products", ("einsum",), (("equation", 1, _equations),)),
    Family("reduction", _MANY_DIMS, (("dim", 1, _dim_tuples), ("keepdim", 2, _YES_NO))),
    Family("reduction of one dim", _ONE_DIM, (("dim", 1, _dims),)),
    Family(
        "reduction to values and indices",
        ("max.reduction_with_dim", "min.reduction_with_dim", "aminmax"),
        (("dim", 1, _dims), ("keepdim", 2, _YES_NO)),
    ),
    Family(
        "reduction in a dtype",
        ("sum", "prod", "cumsum", "cumprod", "nansum", "softmax", "log_softmax", "nn.functional.softmin"),
        (("dtype", None, ("narrower", "wider")),),
    ),
    Family(
        "embedding",
        ("nn.functional.embedding",),
        (("padding_idx", None, (0, 1, -1)), ("scale_grad_by_freq", None, _YES_NO)),
    ),
    Family("range", ("arange",), (_where_given("end", 1, (2**26 + 1,)), _where_given("step", 2, (2**24 + 1, 3)))),
    Family("random numbers", ("bernoulli", "nn.functional.*dropout*"), (("p", None, _probabilities),)),
    Family("norm", ("linalg.vector_norm",), (("dim", None, _dim_tuples), ("keepdim", None, _YES_NO))),
    Family("roll", ("roll",), (("dims", 2, _same_dims_otherwise), ("shifts", 1, _shifts))),
    Family("indexing", _BY_INDEX, (("dim", 1, _same_dim_otherwise),)),
    Family(
        "flip",
        ("flip",),
        (("dims", 1, lambda sample: [d if isinstance(d, tuple) else (d,) for d in _dim_tuples(sample)]),),
    ),
    Family(
        "interpolation",
        ("nn.functional.interpolate.*", "nn.functional.upsample_*"),
        (
            _where_given("size", 1, (1, 2, 3, 5, 8)),
            _where_given("scale_factor", None, (0.5, 1.5, 2.0, 3.0)),
            _where_given("align_corners", None, _YES_NO),
        ),
    ),
    Family("normalisation", ("nn.functional.*_norm",), (_where_given("eps", None, (1e-5, 1e-3, 0.5)),)),
    Family("normalize", ("nn.functional.normalize",), (("p", None, (1.0, 2.0, 3.0)), ("dim", None, _dims))),
    Family(
        "sorting",
        ("sort", "argsort"),
        (("dim", 1, _dims), ("descending", 2, _YES_NO), _where_given("stable", None, _YES_NO)),
    ),
    Family("selection", ("topk",), (("k", 1, _ranks_to_take), ("dim", 2, _dims), ("largest", 3, _YES_NO))),
    Family("k-th value", ("kthvalue",), (("k", 1, _ranks_to_take), ("dim", 2, _dims), ("keepdim", 3, _YES_NO))),
    Family(
        "scan",
        (
            "cumsum",
            "cumprod",
            "logcumsumexp",
            "cummax",
            "cummin",
            "softmax",
            "log_softmax",
            "nn.functional.softmin",
            "diff",
            "nn.functional.glu",
        ),
        (("dim", 1, _dims),),
    ),
    Family(
        "FFT",
        ("fft.fft", "fft.ifft", "fft.rfft", "fft.irfft", "fft.hfft", "fft.ihfft"),
        (("n", None, _transform_sizes), ("dim", None, _dims), ("norm", None, _NORMS)),
    ),
    Family("FFT of many dims", ("fft.*fft2", "fft.*fftn"), (("norm", None, _NORMS),)),
    Family("padding", ("nn.functional.pad.re*", "nn.functional.pad.circular"), (("pad", 1, _pairwise(_PADS)),)),
    Family(
        "padding with a constant",
        ("nn.functional.pad.constant", "constant_pad_nd"),
        (("pad", 1, _pairwise(_PADS, constant=True)),),
    ),
)


def variations(operator: str, sample: Sample) -> dict[str, Sequence[Value]]:
    """The arguments of a sample that its families vary, by key, with the values worth trying."""
    found: dict[str, Sequence[Value]] = {}
    for family in FAMILIES:
        if any(fnmatchcase(operator, glob) for glob in family.operators):
            for name, position, choices in family.varied:
                values = choices(sample) if callable(choices) else choices
                if values:
                    found[arguments.key(sample, name, position)] = values
    return {**_defaults(sample), **found}


@lru_cache(maxsize=256)
def _floats(call: Callable[..., Any]) -> tuple[tuple[str, int, float], ...]:
    """(name, position, default) of the floats that a Python function can be given; of built-in ones nobody knows."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple((one.name, at, one.default) for at, one in enumerate(parameters) if type(one.default) is float)


def _defaults(sample: Sample) -> dict[str, Sequence[Value]]:
    """Floats that the sample leaves at their default: a slope, an epsilon, a probability."""
    return {
        name: (default, 2 * default + 0.25, 0.5)
        for name, position, default in _floats(sample.call)
        if arguments.given(sample, name, position) is None
    }
