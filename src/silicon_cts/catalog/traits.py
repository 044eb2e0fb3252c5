"""What is special about an operator, and why: one row each, nothing in code.

A trait changes how an answer is judged, never whether it is: ``random`` and ``uninitialised`` outputs have no value to
compare, so their metadata is; ``unchecked`` says why nothing at all can be asked.
Keys are operator ids or globs of them (``fnmatch``).
"""

from __future__ import annotations

from fnmatch import fnmatchcase

UNCHECKED: dict[str, str] = {
    "jiterator_*": "compiles CUDA source at run time: it exists on CUDA and ROCm GPUs only, and has no CPU oracle",
    "torch._scaled_mm*": "float8 inputs only: the oracle has no float8 arithmetic to compare with",
    "torch.ops.aten._flash_attention_forward": "CUDA only: no CPU kernel, hence no oracle",
    "torch.ops.aten._efficient_attention_forward": "CUDA only: no CPU kernel, hence no oracle",
    "nn.functional.batch_norm.without_cudnn": "CUDA only: the same operator as nn.functional.batch_norm with cuDNN off",
    "sparse.*": "sparse CSR tensors: the suite compares strided tensors",
}

_MEMORY_AS_IT_WAS = "returns memory as it was: only shape, dtype and device are defined"
_GROWS = "what it grows by is memory as it was, and of a view, the memory beside it"
_VALUES_DECIDE = "the shape or the control flow depends on values, so it cannot be exported with static shapes"

UNINITIALISED: dict[str, str] = {
    "empty": _MEMORY_AS_IT_WAS,
    "empty_like": _MEMORY_AS_IT_WAS,
    "empty_permuted": _MEMORY_AS_IT_WAS,
    "empty_strided": _MEMORY_AS_IT_WAS,
    "new_empty": _MEMORY_AS_IT_WAS,
    "new_empty_strided": _MEMORY_AS_IT_WAS,
    "resize_": _GROWS,
    "resize_as_": _GROWS,
}

DATA_DEPENDENT: dict[str, str] = {
    "allclose": _VALUES_DECIDE,
    "argwhere": _VALUES_DECIDE,
    "bincount": _VALUES_DECIDE,
    "combinations": _VALUES_DECIDE,
    "equal": _VALUES_DECIDE,
    "item": _VALUES_DECIDE,
    "linalg.lstsq*": _VALUES_DECIDE,
    "masked_select": _VALUES_DECIDE,
    "nonzero": _VALUES_DECIDE,
    "repeat_interleave": _VALUES_DECIDE,
    "tensor_split": _VALUES_DECIDE,
    "unique": _VALUES_DECIDE,
    "unique_consecutive": _VALUES_DECIDE,
}


EXACT: frozenset[str] = frozenset(
    """
    T H mT mH __getitem__ _chunk_cat alias_copy as_strided as_strided.partial_views as_strided_copy
    as_strided_scatter atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors broadcast_to cartesian_prod
    cat chunk clone column_stack combinations complex conj conj_physical constant_pad_nd contiguous diag
    diag_embed diagflat diagonal diagonal_copy diagonal_scatter dsplit dstack expand expand_as expand_copy eye
    fft.fftshift fft.ifftshift fill flatten flip fliplr flipud full full_like gather hsplit hstack imag index_copy
    index_fill index_select linalg.diagonal masked_fill masked_scatter masked_select meshgrid.* movedim narrow
    narrow_copy neg nextafter new_full new_ones new_zeros nn.functional.channel_shuffle nn.functional.embedding
    nn.functional.pad.* nn.functional.pixel_shuffle nn.functional.pixel_unshuffle nn.functional.unfold ones
    ones_like permute permute_copy positive ravel real repeat repeat_interleave reshape reshape_as resolve_conj
    resolve_neg roll rot90 scatter select select_scatter slice slice_scatter split split.list_args
    split_with_sizes split_with_sizes_copy squeeze squeeze.multiple squeeze_copy stack t t_copy take
    take_along_dim tensor_split tile transpose transpose_copy tril triu unbind unbind_copy unflatten unfold
    unfold_copy unsafe_chunk unsafe_split unsqueeze unsqueeze_copy view view_as view_as_complex view_as_real
    view_copy vsplit vstack where zero_ zeros zeros_like
    """.split()  # noqa: SIM905  a hundred names read better as text
)
"""Globs of operators that only move, copy or make data: nothing is rounded, so the answer is the CPU's bit for bit."""

_CASTS = "each answer is one of the numbers that are given, rounded"

ROUNDED_ONCE: dict[str, str] = dict.fromkeys(
    ("to", "half", "float", "double", "bfloat16", "chalf", "cfloat", "cdouble"), _CASTS
)
"""Each element of these is judged by itself: how large others are, or what the CPU makes of it, says nothing."""

_VANISHES = "what is left of an exponential that vanishes beside 1, or is too small, has few digits or none"
_SERIES = "a series or a recurrence, of which terms cancel"
_POWER = "multiplies by a power that the precision may not hold"
_JUMPS = "jumps where a quotient is whole, and a rounding decides on which side"
_SATURATES = "the largest number of a dtype is another in float64"

NORMWISE_FUNCTIONS: dict[str, str] = {
    "erf": _VANISHES,
    "erfc": _VANISHES,
    "ldexp": _POWER,
    "sigmoid": _VANISHES,
    "special.airy_ai": _VANISHES,
    "nn.functional.silu": _VANISHES,
    "nn.functional.mish": _VANISHES,
    "nan_to_num": _SATURATES,
    "div.*_rounding": _JUMPS,
    "floor_divide": _JUMPS,
    "fmod": _JUMPS,
    "remainder": _JUMPS,
    "__rmod__": _JUMPS,
    "igamma*": _SERIES,
    "*polygamma*": _SERIES,
    "digamma": _SERIES,
    "lgamma": _SERIES,
    "special.bessel_*": _SERIES,
    "special.*_bessel_*": _SERIES,
    "special.*_polynomial_*": _SERIES,
    "special.zeta": _SERIES,
}
"""Elementwise operators of which small answers are judged by how large others are, as those of linear algebra: the CPU
of PyTorch 2.13 loses as much in them."""

_COORDINATE = "a coordinate is scaled and rounded to a cell: next to a boundary, the rounding decides which"

DISCONTINUOUS: dict[str, str] = {
    "grid_sampler_2d": _COORDINATE,
    "grid_sampler_3d": _COORDINATE,
    "nn.functional.grid_sample": _COORDINATE,
    "nn.functional.interpolate*": _COORDINATE,
    "nn.functional.upsample_*": _COORDINATE,
    "_upsample_*": _COORDINATE,
    "histc": _COORDINATE,
    "histogram": _COORDINATE,
}
"""The conditioning of these is measured with inputs moved by roundings of the largest input, not of each."""

GRIDS: dict[str, int] = {
    "grid_sampler_2d": 1,
    "grid_sampler_3d": 1,
    "nn.functional.grid_sample": 1,
}
"""Which tensor of a discontinuous operator holds coordinates from -1 to 1: 1 is added before they are scaled."""

_BACKWARD_STABLE = "a right algorithm answers exactly for a matrix that is off by roundings of its largest element"

NORMWISE: dict[str, str] = {
    "linalg.*": _BACKWARD_STABLE,
    "cholesky*": _BACKWARD_STABLE,
    "geqrf": _BACKWARD_STABLE,
    "logdet": _BACKWARD_STABLE,
    "lu*": _BACKWARD_STABLE,
    "matrix_exp": _BACKWARD_STABLE,
    "norm.nuc": _BACKWARD_STABLE,
    "ormqr": _BACKWARD_STABLE,
    "pinverse": _BACKWARD_STABLE,
    "qr": _BACKWARD_STABLE,
    "svd": _BACKWARD_STABLE,
    "triangular_solve": _BACKWARD_STABLE,
}
"""The conditioning of these is measured with matrices moved by a rounding of their largest element: the guarantee of
numerical linear algebra (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., chapters 9, 10, 14, 19)."""
NOT_NORMWISE: frozenset[str] = frozenset(
    """
    linalg.cross linalg.diagonal linalg.multi_dot linalg.vander linalg.vecdot linalg.vector_norm
    """.split()  # noqa: SIM905
)
"""Of those in ``linalg``, the ones that are sums and products."""


_MULTIPLIES = (
    "the product of many numbers leaves the range of their dtype on its way, and each holds all roundings before it"
)

PRODUCTS: dict[str, str] = {
    "cumprod": _MULTIPLIES,
    "linalg.householder_product": _MULTIPLIES,
    "masked.cumprod": _MULTIPLIES,
    "masked.prod": _MULTIPLIES,
    "ormqr": _MULTIPLIES,
    "prod": _MULTIPLIES,
    "index_reduce.prod": _MULTIPLIES,
    "scatter_reduce.prod": _MULTIPLIES,
}
"""What these make of infinity times zero on their way, or of roundings that all later answers share, says nothing."""

_RAISES = "numbers are raised to the power of an argument, without being scaled before, and may leave the range there"

POWERS: dict[str, str] = {
    "cdist": _RAISES,
    "dist": _RAISES,
    "linalg.norm*": _RAISES,
    "linalg.vector_norm": _RAISES,
    "masked.norm*": _RAISES,
    "nn.functional.lp_pool*": _RAISES,
    "nn.functional.normalize": _RAISES,
    "nn.functional.pairwise_distance": _RAISES,
    "nn.functional.pdist": _RAISES,
    "nn.functional.triplet_margin*": _RAISES,
    "norm*": _RAISES,
    "renorm": _RAISES,
}
"""Of these, powers take the place of products of two numbers where it is asked whether the range runs out."""

_BY_GAPS = (
    "the gradient of a vector divides by the differences of all eigenvalues, and the errors of all are in each element"
)

SPECTRA: dict[str, str] = {
    "linalg.eig": _BY_GAPS,
    "linalg.eigh": _BY_GAPS,
    "linalg.pinv*": _BY_GAPS,
    "linalg.svd": _BY_GAPS,
    "pinverse": _BY_GAPS,
    "svd": _BY_GAPS,
}
"""The gradients of these are asked by the element that roundings of the matrices move most; they themselves, where they
are matrices, by that of the same one: the errors of a singular vector are of the size of the vector."""

_OF_A_DETERMINANT = "the determinant of a singular matrix is a rounding or zero, of either sign"

LOGARITHMS: dict[str, str] = {
    "linalg.slogdet": _OF_A_DETERMINANT,
    "logdet": _OF_A_DETERMINANT,
}
"""Logarithms of what roundings may make zero: an error of one in these is a number of which no digit is certain."""

_ONE_OF_EQUAL = "of equal elements any may be the one that is taken, and gets the gradient"

SELECTIONS: dict[str, str] = dict.fromkeys(
    (
        "quantile", "nanquantile", "median", "nanmedian", "masked.median", "kthvalue", "mode", "sort", "msort", "topk",
        "max.reduction_with_dim", "min.reduction_with_dim", "cummax", "cummin",
        "nn.functional.max_pool?d", "nn.functional.adaptive_max_pool?d",
    ),
    _ONE_OF_EQUAL,
)  # fmt: skip
"""The gradients of these are judged as sums over the elements of their input that are equal. ``amax``, ``amin`` and
``aminmax`` are not among them: they share it evenly."""

_ADDRESSES_MEMORY = "addresses the memory under its input, whatever its strides"

READS_MEMORY: dict[str, str] = {
    "as_strided*": _ADDRESSES_MEMORY,
}
"""The answer of these depends on how the input lies in memory, so the oracle is given the same memory."""


def only_moves_data(operator: str) -> bool:
    """Whether the operator is in :data:`EXACT`."""
    return operator in EXACT or any("*" in pattern and fnmatchcase(operator, pattern) for pattern in EXACT)


def is_normwise(operator: str) -> bool:
    """Whether the operator's error is bounded by the largest element of a matrix alone."""
    excepted = any(fnmatchcase(operator, pattern) for pattern in NOT_NORMWISE)
    return not excepted and look_up(NORMWISE, operator) is not None


def look_up(table: dict[str, str], operator: str) -> str | None:
    """The reason in ``table`` for the operator id, by exact key first, then by glob; None if there is none."""
    if operator in table:
        return table[operator]
    return next((reason for pattern, reason in table.items() if fnmatchcase(operator, pattern)), None)
