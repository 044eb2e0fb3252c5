"""How much more may an answer be off because it is accumulated from many terms?

Kernels add up terms ``t_i`` one after the other. Each partial sum ``S_k`` is rounded inside of the kernel, where the
oracle's Monte Carlo does not see it. Roundings are as good as random and of mean 0 (N. J. Higham and T. Mary, "A new
approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41, 2019), at most ``u`` and evenly spread, so
what they leave has the standard deviation

    u / sqrt(3) * sqrt(sum of S_k^2)

The terms are ``x_i dr/dx_i``: of a sum its own, of a smooth function of sums what its terms amount to. Of their partial
sums, the largest is taken of those along each dimension and of the mean over all orders,

    mean of sum S_k^2 = n/3 T^2 + n/6 (sum t_i^2 - T^2/n),   T = sum t_i

``T`` is ``|r|`` at least: a mean of losses has terms of its own, which its inputs' do not show. Of equal terms, n/d of
each in the mean, the roundings are equal too and add up: their sum of squares is n/d times as large.

Whatever the dtype, terms are to be added in float32: a sum in float16 is no excuse. An unstable formula is none either:
``E[x^2] - E[x]^2`` loses the square of the condition that these terms have.

The derivatives are the oracle's own in float64; a gradient is differentiated a second time, by its inputs and its
cotangents. Tensors are looked at one by one, so that a dot product has n terms and not 2 n. Of what has no derivative
(the statistics that a normalisation saves, a histogram of weights), n is how many inputs there are for each output
that is not 0, and the root of ``sum t_i^2`` is how far independent roundings of the inputs move it, in roundings.

Where the derivative is nothing but roundings move the answer all the same, at an extremum, they move it by their
squares: so do those of the sums, ``SIGMAS^2 n/3`` times as far.

An algorithm on matrices adds up inner products of their rows and columns. No derivative shows these terms: those of a
factor of unit length cancel. What its sums lose is as if the matrix had been off by that much, so that the answer is
off by as many times of what one rounding of the matrix does to it; of what is found by eigenvalues or singular values,
to its element that moves most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.sampling.call import is_floating
from silicon_cts.sampling.observation import cotangents, differentiable
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample

SIGMAS = 4.0
"""Standard deviations of the accumulated rounding: by chance one sum in 16,000 is further off, if it is added up one by
one; blocks, vector lanes and the trees of a GPU leave far fewer roundings in a row."""
ROUNDOFF = 2.0**-24
"""Of float32, the least precision in which terms may be added up."""
_ROWS = 8
"""Rows of a matrix, and columns, of which the inner products are looked at."""
_FLAT = 16.0
"""Roundings move an answer that is flat there so many times as far as its derivative, and its own rounding, say."""
_LONGEST = 2**13
"""Rows of a square matrix that is half a gigabyte in float64."""
_FACTOR = SIGMAS * ROUNDOFF / math.sqrt(3)


@dataclass(frozen=True)
class Traced:
    """A call in float64 with its autograd graph."""

    variables: tuple[torch.Tensor, ...]
    outputs: tuple[torch.Tensor | None, ...]
    """In the order in which they are observed; None for what is no tensor."""
    inner_products: float = 0.0
    """Of an algorithm on matrices, the root of the sum of the squares of the partial sums: :func:`inner_products`."""

    def excess(self, output: int, where: tuple[int, ...], answer: float, moves: float, most: float = 0.0) -> float:
        """What accumulation may add to the error of one element: see :func:`excess`."""
        made = self.outputs[output]
        if made is None or not _has_derivative(made):
            sums = self._without_derivative(1 if made is None else int(made.count_nonzero()), answer, moves)
            return _FACTOR * max(sums, self.inner_products * max(moves, most))
        element = made[where]
        parts = [element.real, element.imag] if element.is_complex() else [element]
        largest, linear = self.inner_products * max(moves, most), 0.0
        for part in parts:
            for variable, slope in zip(self.variables, self._slopes(part), strict=True):
                if slope is not None:
                    numbers = _real(variable.detach())
                    terms = numbers * _real(slope.detach())
                    # The equal numbers of a matrix are no terms of one sum: its inner products are asked besides.
                    lying = terms.reshape(*variable.shape, -1)
                    largest = max(largest, partial_sums(lying, answer, terms if self.inner_products else numbers))
                    linear = math.hypot(linear, float(terms.norm()))
        return _FACTOR * largest + self._of_an_extremum(made.numel(), linear + answer, moves)

    def _of_an_extremum(self, outputs: int, linear: float, moves: float) -> float:
        """What the sums inside add to an answer that roundings of the inputs move, though its derivative is nothing.

        The variance of equal numbers is the square of what their mean is off by.
        """
        if moves <= _FLAT * linear:
            return 0.0
        terms = max((variable.numel() for variable in self.variables), default=0) // max(outputs, 1)
        return SIGMAS**2 * terms / 3 * moves * ROUNDOFF if terms > 1 else 0.0

    def _slopes(self, element: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The derivative of one element by each variable; None for one that has none.

        Of long matrices none is asked: a backward may make square ones of their longer side.
        """
        if self.inner_products and any(_square(one) > _LONGEST**2 for one in self.variables):
            return (None,) * len(self.variables)
        return torch.autograd.grad(element, self.variables, retain_graph=True, allow_unused=True)

    def _without_derivative(self, elements: int, answer: float, moves: float) -> float:
        largest = max(self.variables, key=torch.Tensor.numel, default=torch.empty(0))
        count = largest.numel() // max(elements, 1)
        if count < 2:
            return 0.0
        alike = largest.numel() / len(torch.unique(_real(largest.detach())))
        return math.sqrt(min(alike, count) * _over_orders(count, answer, moves**2))


def _has_derivative(tensor: torch.Tensor) -> bool:
    made_by = tensor.grad_fn
    return tensor.requires_grad and not (made_by is not None and made_by.name().endswith("NotImplemented"))


def _real(tensor: torch.Tensor) -> torch.Tensor:
    plain = tensor.resolve_conj()
    return (torch.view_as_real(plain) if plain.is_complex() else plain).reshape(-1)


def partial_sums(terms: torch.Tensor, answer: float, numbers: torch.Tensor | None = None) -> float:
    """Root of the sum of the squares of the partial sums of terms (float64) that are not 0: see above.

    ``answer`` is ``|r|``. Terms are alike that are equal, or that are made of equal ``numbers``: those of the sum in a
    softmax are, whatever its gradient weighs them with. They are added up along any of their dimensions first: the sums
    over the rows of a matrix may be large where its columns cancel.
    """
    there = terms.isfinite() & (terms != 0)
    count = int(there.sum())
    if count < 2:
        return 0.0
    kept, made_of = terms[there], (terms if numbers is None else numbers.reshape(terms.shape))[there]
    over_orders = _over_orders(count, max(abs(float(kept.sum())), answer), float(kept.square().sum()))
    orders = ((terms.movedim(dim, -1), there.movedim(dim, -1)) for dim in range(terms.dim()))
    as_they_lie = max(float(some[held].cumsum(0).square().sum()) for some, held in orders)
    different = min(len(torch.unique(kept)), len(torch.unique(made_of)))
    return math.sqrt(count / different * max(over_orders, as_they_lie))


def inner_products(matrix: torch.Tensor) -> float:
    """The largest :func:`partial_sums` of an inner product of rows or columns of length 1, of some that are evenly
    spread over a matrix or a batch of them (float64 or complex128)."""
    if matrix.dim() < 2 or not matrix.numel() or not bool(matrix.isfinite().all()):
        return 0.0
    return max(_inner_products(matrix.detach()), _inner_products(matrix.detach().mT))


def _inner_products(matrix: torch.Tensor) -> float:
    rows = torch.nn.functional.normalize(matrix.reshape(-1, matrix.shape[-1]), dim=-1)
    some = rows[:: -(-len(rows) // _ROWS)]
    return max(partial_sums(_real(one) * _real(other), 0.0) for at, one in enumerate(some) for other in some[: at + 1])


def _square(matrices: torch.Tensor) -> int:
    """Elements of a batch of matrices, were they all as wide as they are high."""
    return matrices.shape[:-2].numel() * max(matrices.shape[-2:], default=1) ** 2


def _over_orders(count: int, total: float, squares: float) -> float:
    """Mean sum of the squares of the partial sums, over all orders of the terms."""
    return count / 3 * total**2 + count / 6 * max(squares - total**2 / count, 0.0)


def of_matrices(call: Traced) -> Traced:
    """The call as one of an algorithm on the matrices that it is given."""
    return replace(call, inner_products=max(map(inner_products, call.variables), default=0.0))


def traced(sample: Sample) -> Traced:
    """The answer of a call, as a function of as many of its floating tensors as can be, or without derivatives."""
    return _first_that_can(_traced, chain(_with_variables(sample), [sample]), sample.replace(_constant))


def _first_that_can(trace: Callable[[Sample], Traced], calls: Iterable[Sample], last: Sample) -> Traced:
    for call in calls:
        with suppress(RuntimeError):
            return trace(call)
    return trace(last)


def _with_variables(sample: Sample) -> Iterator[Sample]:
    """The call with all of its floating tensors as variables, then without the last ones, which it may write to
    (running statistics)."""
    tensors = sample.tensors
    for count in range(len(tensors), 0, -1):
        yield sample.with_tensors([*map(_variable, tensors[:count]), *tensors[count:]])


def _traced(sample: Sample) -> Traced:
    variables = tuple(tensor for tensor in sample.tensors if tensor.requires_grad)
    variables = variables or tuple(tensor for tensor in sample.tensors if is_floating(tensor))
    with torch.enable_grad():
        leaves = [leaf for leaf in tree_leaves(sample.run()) if isinstance(leaf, torch.Tensor | bool | int | float)]
    return Traced(variables, tuple(leaf if isinstance(leaf, torch.Tensor) else None for leaf in leaves))


def _variable(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone().requires_grad_() if is_floating(tensor) else tensor


def _constant(leaf: object) -> object:
    return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf


def traced_gradient(sample: Sample, recipe: Recipe) -> Traced:
    """The gradient of a call under the cotangents of its recipe, as a function of these and of as many of its floating
    tensors as can be, at least of those whose gradient is asked."""
    wanted = [at for at, tensor in enumerate(sample.tensors) if tensor.requires_grad]
    return _first_that_can(lambda call: _traced_gradient(call, wanted, recipe), _with_variables(sample), sample)


def _traced_gradient(sample: Sample, wanted: Sequence[int], recipe: Recipe) -> Traced:
    tensors = sample.tensors
    with torch.enable_grad():
        outputs = differentiable(sample.process_output(sample.run()))
        given = [one.resolve_conj().resolve_neg().contiguous().requires_grad_() for one in cotangents(recipe, outputs)]
        asked = [tensors[at] for at in wanted]
        found = torch.autograd.grad(outputs, asked, given, allow_unused=True, create_graph=True)
    return Traced((*(one for one in tensors if one.requires_grad), *given), tuple(found))


Place = tuple[tuple[int, ...], float, float, float]
"""An element: its index, its size ``|r|``, how far independent roundings of the inputs move it, and how far they move
that which they move most, in roundings."""


def excess(calls: Iterator[Traced], output: int, places: Sequence[Place]) -> list[float]:
    """What accumulation may add to the error of each of these elements of the ``output``-th tensor of several calls.

    Empty where the calls cannot be traced. Each element costs a backward pass in float64.
    """
    try:
        for call in calls:
            if output < len(call.outputs):
                return [call.excess(output, *place) for place in places]
            output -= len(call.outputs)
    except Exception:  # no derivative, or none in float64
        return []
    return []
