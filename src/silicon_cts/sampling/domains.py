"""Of which inputs is an answer defined, where the CPU answers to others too?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from itertools import pairwise

import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.sampling.call import Sample, is_floating
from silicon_cts.sampling.places import WRITTEN_ONCE


def _above_half(sample: Sample) -> bool:
    """``mvlgamma(x, p)``: "all elements must be greater than (p - 1) / 2, otherwise the behavior is undefined"."""
    (x, p), _ = sample.arguments()
    return bool((x > (p - 1) / 2).all())


def _invertible(sample: Sample) -> bool:
    """``solve_ex``, ``inv_ex``, ``ldl_factor_ex``, ``cholesky_ex``: where a pivot is zero, or negative, ``info`` says
    so, and the rest of the answer means nothing."""
    *_, info = sample.run()
    return not bool(info.any())


def _regular(sample: Sample) -> bool:
    """``inv``, ``solve``: a matrix whose least singular value is nothing beside its largest has no inverse in its
    dtype, and that in float64 says nothing of what a rounding makes of it."""
    if not bool(sample.tensors[0].isfinite().all()):
        return True
    values, noise = _singular_values(sample)
    return bool((values > noise).all())


def _of_almost_full_rank(sample: Sample) -> bool:
    """``det``, ``ldl_factor``: of a matrix whose rank is lower by two or more, pivots that are roundings are divided by
    each other until one is zero, or what it is divided by is infinite: what is left may be NaN."""
    if not bool(sample.tensors[0].isfinite().all()):
        return True
    values, noise = _singular_values(sample)
    return bool((((values <= noise).sum(-1) < 2) | (values[..., :1] == 0).all(-1)).all())


def _of_full_rank(sample: Sample) -> bool:
    """``pinverse(x, rcond=1e-15)``: a singular value that is nothing but rounding is kept, and its reciprocal may be
    any large number. ``linalg.pinv`` drops what is below ``max(m, n) eps`` of the largest."""
    values, noise = _singular_values(sample)
    return bool((values >= noise).all())


def _wide(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().to(torch.complex128 if tensor.is_complex() else torch.float64)


def _epsilon(tensor: torch.Tensor) -> float:
    """Of the dtype; of float32 for integers, which are promoted."""
    return torch.finfo(tensor.dtype if is_floating(tensor) else torch.float32).eps


def _singular_values(sample: Sample, columns: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the first tensor, or of its first columns, in float64; and what is nothing beside the largest, as the dtype
    has it."""
    x = sample.tensors[0]
    values = torch.linalg.svdvals(_wide(x)[..., :columns])
    return values, max(x.shape[-2:]) * _epsilon(x) * values[..., :1]


def _of_clear_rank(sample: Sample) -> bool:
    """``lstsq(a, b)`` drops singular values below the epsilon of its dtype, or what an estimate takes for them: of one
    between that of float64 and many of its own, each driver and each precision decides otherwise."""
    return _is_clear(*_singular_values(sample))


def _of_a_clear_product(sample: Sample) -> bool:
    """The same of ``pinv(a @ b.mT)``, whose rank is that of the product."""
    a, b = sample.tensors
    values = torch.linalg.svdvals(_wide(a) @ _wide(b).mT)
    return _is_clear(values, max(a.shape[-2:]) * _epsilon(a) * values[..., :1])


def _is_clear(values: torch.Tensor, noise: torch.Tensor) -> bool:
    exactly = noise * 2.0**-26  # below that of float64, whatever the dtype
    return bool(((values <= exactly) | (values >= _NEAR * noise)).all())


_NEAR = 64.0
"""How often the noise a singular value may be that is near it."""


def _has_digits(sample: Sample) -> bool:
    """``matrix_exp(x)`` squares as many times as the norm has powers of two, and each doubles what roundings did: where
    the norm times the epsilon is 1 or so, no digit of the answer is left."""
    x = sample.tensors[0].detach()
    norms = _wide(x).abs().sum(-2)
    return not norms.numel() or bool((norms * _epsilon(x) <= _DIGITS).all() | norms.isnan().any())


_DIGITS = 2.0**-4
"""Norm of a matrix, times epsilon, that leaves some."""


def _enumerated(sample: Sample) -> bool:
    """``grid_sampler_2d(input, grid, interpolation, padding, align_corners)``: both are one of 0, 1 and 2. The kernel
    does not look, and leaves its answer as it found the memory."""
    (_, _, interpolation, padding, *_), _ = sample.arguments()
    return interpolation in range(3) and padding in range(3)


def _above_epsilon(sample: Sample) -> bool:
    """``rms_norm(x, shape, weight, eps)`` adds the epsilon of its input's dtype to the mean square unless it is given
    one. In float64 that is another one: of mean squares from a half on, by two roundings of the answer at most."""
    (x, shape, *others), named = sample.arguments()
    if any(type(one) is float for one in (*others, named.get("eps"))):
        return True
    squares = x.detach().abs().to(torch.float64).square()
    return bool((squares.mean(tuple(range(-len(shape), 0))) >= 0.5).all())


def _clear_of_edges(sample: Sample) -> bool:
    """``histc(x, bins, min, max)`` subtracts the lowest edge: numbers that vanish beside the edges are in the bin
    that rounding puts them in."""
    (x, *positional), named = sample.arguments()
    given = dict(zip(("bins", "min", "max"), positional, strict=False)) | named
    largest = max(abs(given.get("min", 0)), abs(given.get("max", 0)))
    sizes = x.detach().abs()
    noise = 4 * torch.finfo(x.dtype).eps * largest if x.is_floating_point() else 0
    return bool(((sizes == 0) | (sizes > noise)).all())


def _at_other_coordinates(sample: Sample) -> bool:
    """``gradient(x, spacing=(coordinates, ...))`` divides by the distance of the two neighbours of a place: it is
    undefined where rounding makes that nothing."""
    steps = [tensor.detach().diff() for tensor in sample.tensors[1:] if tensor.ndim == 1]
    return all(bool((step != 0).all() and (step[1:] + step[:-1] != 0).all()) for step in steps)


def _of_an_angle(sample: Sample) -> bool:
    """``chebyshev_polynomial_t(x, n)`` is the cosine of n angles, and that of 0 is rounded: the conditioning shows it
    where x may be off by a rounding, but an integer is not."""
    x = sample.leaves[0]
    return not isinstance(x, torch.Tensor) or x.is_floating_point() or bool((x != 0).all())


def _wraps_what_is_left(sample: Sample) -> bool:
    """``pad(x, ..., mode="circular")`` with a negative width crops: what is padded from more than is left is memory as
    it was."""
    (x, widths, *_), _ = sample.arguments()
    pairs = zip(widths[::2], widths[1::2], reversed(x.shape), strict=False)
    return all(size + min(left, 0) + min(right, 0) >= max(left, right, 1) for left, right, size in pairs)


_DOMAINS: dict[str, Callable[[Sample], bool]] = {
    "mvlgamma.*": _above_half,
    "linalg.det": _of_almost_full_rank,
    "linalg.slogdet": _of_almost_full_rank,
    "logdet": _of_almost_full_rank,
    "linalg.ldl_factor": _of_almost_full_rank,
    "linalg.solve": _regular,
    "linalg.inv": _regular,
    "linalg.solve_ex": _invertible,
    "linalg.inv_ex": _invertible,
    "linalg.ldl_factor_ex": _invertible,
    "linalg.cholesky_ex": _invertible,
    "pinverse": _of_full_rank,
    "linalg.lstsq*": _of_clear_rank,
    "linalg.pinv.singular": _of_a_clear_product,
    "matrix_exp": _has_digits,
    "grid_sampler_[23]d": _enumerated,
    "nn.functional.rms_norm": _above_epsilon,
    "histc": _clear_of_edges,
    "nn.functional.pad.circular": _wraps_what_is_left,
    "gradient": _at_other_coordinates,
    "special.chebyshev_polynomial_[tuvw]": _of_an_angle,
    **WRITTEN_ONCE,
}
"""By glob, whether the answer to a call that the CPU takes is defined."""


def _has_independent_columns(sample: Sample) -> bool:
    """``linalg.qr``, ``linalg.lu``: "the first k = min(m, n) columns must be linearly independent", or the gradient
    divides by nothing, as that of the logarithm of a determinant does."""
    values, noise = _singular_values(sample, min(sample.tensors[0].shape[-2:]))
    return bool((values > noise).all())


def _of_clear_signs(sample: Sample) -> bool:
    """``svd``, ``eigh``: op_db takes the gradient of the sizes of the vectors. Where one has an element that is nothing
    beside what roundings move it, by the norm over the least gap of two values, its sign is either."""
    answer, x = sample.run(), sample.tensors[0]
    values = next((one.detach() for one in tree_leaves(answer) if one.dim() == x.dim() - 1), x.new_empty(0))
    if not values.numel() or values.shape[-1] < 2:
        return True
    noise = _NEAR * _epsilon(x) * values.abs().amax(-1) / values.sort().values.diff().amin(-1)
    processed = [one.detach() for one in tree_leaves(sample.process_output(answer)) if isinstance(one, torch.Tensor)]
    sizes = [one for one in processed if one.dim() == x.dim() and not one.is_complex() and bool((one >= 0).all())]
    return all(bool((one.amin((-2, -1)) >= noise).all()) for one in sizes if one.numel())


def _not_empty(sample: Sample) -> bool:
    """The CPU's backward of batch norm, and of ``pdist``, divides integers by how many numbers there are: of none, it
    ends the process."""
    return all(tensor.numel() for tensor in sample.tensors)


def _no_channels_last_alone(sample: Sample) -> bool:
    """The CPU's backward of group norm, of an input in channels_last that wants no gradient, writes to memory that it
    did not make, and ends the process."""
    x = sample.tensors[0]
    return x.requires_grad or x.is_contiguous()


def _no_taller_kernel(sample: Sample) -> bool:
    """oneDNN's backward of a convolution by a kernel with more rows than its input, and 5 or more columns, writes
    beside its memory, and answers what it finds there."""
    x, weight, *_ = sample.tensors
    return weight.shape[-2] <= x.shape[-2] or weight.shape[-1] <= _NARROW


_NARROW = 3
"""Columns of a kernel that were seen to be safe, whatever its rows."""

_DIFFERENTIABLE: dict[str, Callable[[Sample], bool]] = {
    "qr": _has_independent_columns,
    "linalg.qr": _has_independent_columns,
    "linalg.lu": _has_independent_columns,
    "linalg.lu_factor*": _has_independent_columns,
    "lu": _has_independent_columns,
    "svd": _of_clear_signs,
    "linalg.svd": _of_clear_signs,
    "linalg.eigh": _of_clear_signs,
    "linalg.slogdet": _has_independent_columns,
    "logdet": _has_independent_columns,
    "*batch_norm*": _not_empty,
    "nn.functional.conv[23]d": _no_taller_kernel,
    "*group_norm": _no_channels_last_alone,
    "nn.functional.pdist": _not_empty,
}
"""By glob, whether the gradient of a call that the CPU takes is defined."""


def _rules(table: Mapping[str, Callable[[Sample], bool]], operator: str) -> list[Callable[[Sample], bool]]:
    return [holds for glob, holds in table.items() if fnmatchcase(operator, glob)]


def has_gradient(operator: str, make: Callable[[], Sample]) -> bool:
    """Whether the gradient of the call that ``make`` makes anew each time is defined."""
    return all(holds(make()) for holds in _rules(_DIFFERENTIABLE, operator))


def _of_its_scales(sample: Sample) -> bool:
    """``_upsample_bilinear2d_aa(x, size, align, scale, scale)``: the kernel looks as far as the scales say, not as the
    sizes, in memory that is not the input's."""
    x, *given = sample.leaves
    sizes, scales = ([leaf for leaf in given if type(leaf) is kind] for kind in (int, float))
    known = zip(x.shape[-2:], sizes, scales, strict=False)  # without a size, the scales say what it is
    return all(abs(old * scale - new) < 1 for old, new, scale in known)


def _divides_within_range(sample: Sample) -> bool:
    """``div(x, y, rounding_mode="trunc")``: the quotient of the least int64 or int32 and -1 is none of them, and the
    processor ends the process."""
    x, y = (torch.as_tensor(leaf) for leaf in sample.leaves[:2])
    least = {torch.iinfo(one).min for one in (torch.int64, torch.int32)}
    return not (bool((y == -1).any()) and any(bool((x == one).any()) for one in least))


def _of_one_batch_stride(sample: Sample) -> bool:
    """``triu(x, out=y)``: the kernel looks for all matrices of ``y`` at the distance of the last two, and writes to
    expanded memory, which other kernels refuse. ``linalg.lu`` and ``lu_unpack`` use it for their answers."""

    def one_stride(destination: torch.Tensor) -> bool:
        places = list(zip(destination.shape, destination.stride(), strict=True))
        together = all(outer == size * inner for (_, outer), (size, inner) in pairwise(places[:-2]))
        return together and all(stride != 0 for size, stride in places if size > 1)

    return all(one_stride(sample.leaves[at]) for at in sample.written)


_TRUSTED: dict[str, Callable[[Sample], bool]] = {
    "linalg.lu": _of_one_batch_stride,
    "lu_unpack": _of_one_batch_stride,
    "tri[lu]": _of_one_batch_stride,
    "_upsample_bilinear2d_aa": _of_its_scales,
    "div.trunc_rounding": _divides_within_range,
}
"""By glob, whether the arguments are such that a kernel which does not check them does not end the process."""


def is_safe(operator: str, sample: Sample) -> bool:
    """Whether the CPU can be asked without ending the process."""
    return all(holds(sample) for holds in _rules(_TRUSTED, operator))


def is_defined(operator: str, make: Callable[[], Sample]) -> bool:
    """Whether the call that ``make`` makes anew each time has a defined answer."""
    return all(holds(make()) for holds in _rules(_DOMAINS, operator))
