"""How far is a rounded answer from the right one, and which grade has it?

First where it is NaN or infinite, then the largest error in budgets, then whether the errors of all elements together
are on one side.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.numerics.bias import MANY, bias, one_sided
from silicon_cts.numerics.budget import budget, moves
from silicon_cts.numerics.exact import equal, first
from silicon_cts.numerics.grades import Comparison, Grade, K, R, disagreement
from silicon_cts.numerics.oracle import PAIRS, Oracle, of_output

_FUNCTION = 8.0
"""Times as many budgets as K for what an elementwise function may be off in float32: 32 ulp, twice what Metal allows
the least exact of them, ``pow`` (Metal Shading Language Specification, relative error of math functions)."""
_WORST = 16
"""Elements beyond their budget of which is asked what accumulation leaves in them: each costs a backward pass."""
_SUMS = 4
"""Elements of which is asked what accumulation leaves in them, where a whole tensor is off."""


@dataclass(frozen=True)
class Errors:
    """One output held against its reference, all in float64 or complex128."""

    actual: torch.Tensor
    expected: torch.Tensor
    """The CPU's answer at the same precision."""
    wide: torch.Tensor
    """The reference."""
    allowed: torch.Tensor
    """Error budget of each element, inf where nothing can be said."""
    conditioned: bool
    """Whether ``allowed`` holds the conditioning: not where the roundings of the results explain all errors."""

    @cached_property
    def finite(self) -> torch.Tensor:
        """Where there is an error to speak of."""
        return self.wide.isfinite() & self.actual.isfinite()

    @cached_property
    def error(self) -> torch.Tensor:
        """Of each element, 0 where there is none to speak of."""
        return torch.where(self.finite, (self.actual - self.wide).abs(), 0.0)

    @property
    def largest_budget(self) -> torch.Tensor:
        """Of the elements that have one."""
        return torch.where(self.allowed.isfinite(), self.allowed, 0.0).max()

    def lent(self, dtype: torch.dtype) -> torch.Tensor:
        """Of each element, the largest budget of any like it: that has a digit which a rounding leaves alone, or none.

        How far one that has none moves, an element that was the largest of its window but for a rounding, says nothing
        about those that have one.
        """
        unknown = _unknown(self.wide, self.allowed, dtype)
        known = torch.where(self.allowed.isfinite() & ~unknown, self.allowed, 0.0).max()
        return torch.where(unknown, self.largest_budget, known)

    @property
    def of_the_cpu(self) -> torch.Tensor:
        """The largest error of PyTorch's CPU."""
        there = self.wide.isfinite() & self.actual.isfinite() & self.expected.isfinite()
        return torch.where(there, (self.expected - self.wide).abs(), 0.0).max()


def compare_rounded(
    actual: torch.Tensor,
    expected: torch.Tensor,
    reference: torch.Tensor,
    oracle: Oracle,
    index: int,
    own_yardstick: bool,
    spread: torch.Tensor | None,
) -> Comparison:
    """The grade of one output of floating or complex numbers."""
    if actual.numel() == 0:
        return Comparison("exact", output=index)
    # No complex dtype has the parts of every precision: their range is that of the answer, their roundings are its own.
    dtype = DTYPES[oracle.precision].torch if oracle.precision and not expected.is_complex() else expected.dtype
    roundoff = _roundoff(oracle, dtype)
    notes = _notes(actual, expected)
    computed_in = torch.complex128 if dtype.is_complex else torch.float64
    equals = oracle.equal_inputs(index)
    wide, actual, expected = (_summed(one.to(computed_in), equals) for one in (reference, actual, expected))
    allowed = of_rounding = _summed(budget(reference.to(computed_in), [], dtype, roundoff), equals)
    here = Errors(actual, expected, wide, torch.where(allowed.isfinite(), allowed, torch.inf), conditioned=False)
    plainly_right = _plainly_right(here, dtype, oracle, index, roundoff)
    for pairs in () if plainly_right else PAIRS:  # measure the conditioning
        perturbed = of_output(oracle.perturbed(pairs), index)
        perturbed = [_summed(one.to(computed_in), equals) for one in perturbed if one.shape == wide.shape]
        allowed = of_rounding + moves(wide, perturbed, spread)
        allowed = torch.where(_of_nothing(actual, wide, allowed, dtype, oracle, perturbed), torch.inf, allowed)
        problem = _not_finite(actual, expected, wide, allowed, dtype, oracle, index, perturbed)
        here = Errors(actual, expected, wide, torch.where(allowed.isfinite(), allowed, torch.inf), conditioned=True)
        if problem is None and float((here.error / here.allowed).max()) <= K:
            break
        if problem is not None and pairs == PAIRS[-1]:
            got, wanted = actual[problem].item(), wide[problem].item()
            return disagreement(f"{oracle.label(index)}{list(problem)}={got}, but should be {wanted}", index)
    ratios = here.error / here.allowed
    ratio = float(ratios.max())
    where = tuple(int(i) for i in torch.unravel_index(ratios.argmax(), ratios.shape))
    ulp = _ulp(float(here.error[where]), float(wide[where].abs()), roundoff)
    grade = _grade(here, ratios, dtype, oracle, index, own_yardstick)
    reason = ""
    if not grade:
        reason = (
            f"{oracle.label(index)}{list(where)}={actual[where].item()}, but should be {wide[where].item()}: "
            f"{ratio:.3g} error budgets off ({ulp:.3g} ulp); PyTorch's CPU gives {expected[where].item()}"
        )
    elif (
        grade != "C"
        and here.conditioned
        and not oracle.leaves_range  # float64 does not overflow on the way as the precision does
        and not oracle.shares_roundings
        and (off := _one_sided(here, dtype, oracle, index, own_yardstick))
    ):
        grade = ""
        reason = (
            f"{oracle.label(index)} is {off:.2g} roundings off in the mean of all elements, each within what is "
            "allowed: its errors are on one side, as no rounding puts them"
        )
    return Comparison(grade, ratio, reason, where, ulp, index, notes)


def _summed(values: torch.Tensor, groups: torch.Tensor | None) -> torch.Tensor:
    """For each element the sum of those in its group, which ``groups`` numbers; as they are without groups."""
    if groups is None or groups.numel() == 0:
        return values
    sums = torch.zeros(int(groups.max()) + 1, dtype=values.dtype)
    return sums.index_add_(0, groups.reshape(-1), values.reshape(-1))[groups]


def _roundoff(oracle: Oracle, dtype: torch.dtype) -> float:
    """Of the precision that is asked for, or of the dtype; a Python number is as precise as the task's dtype."""
    return oracle.roundoff if oracle.precision or dtype == torch.float64 else DTYPES[name_of(dtype)].roundoff


def _plainly_right(here: Errors, dtype: torch.dtype, oracle: Oracle, index: int, roundoff: float) -> bool:
    """Whether the roundings of the results alone allow every error: how far the answer moves can only add to that.

    More than one rounding each may still be errors on one side, which takes the conditioning to tell.
    """
    if _not_finite(here.actual, here.expected, here.wide, here.allowed, dtype, oracle, index) is not None:
        return False
    ratios = here.error / here.allowed
    if bool((ratios <= 1.0).all()):
        return True
    if not bool((ratios <= K).all()):
        return False
    few = ratios.numel() < MANY
    return few or not bias(here.actual, here.wide, here.allowed, [], dtype, roundoff, oracle.inputs)


def _grade(
    here: Errors, ratios: torch.Tensor, dtype: torch.dtype, oracle: Oracle, index: int, own_yardstick: bool
) -> Grade:
    """The best grade that all elements reach: each for itself, all by the largest, as sums, or as the CPU."""
    if bool((ratios <= K).all()):
        return "A"
    if oracle.rounds_once:
        return ""
    if oracle.is_elementwise and not oracle.leaves_range:
        in_full = oracle.roundoff <= DTYPES["float32"].roundoff  # in less, it is computed in float32, and rounded
        return "B" if in_full and bool((ratios <= _FUNCTION * K).all()) else ""
    lent = here.largest_budget if oracle.moves_as_one else here.lent(dtype)
    if bool((here.error <= K * lent).all()) or _accumulated(here, ratios, oracle, index):
        return "B"
    if not own_yardstick and bool(here.error.max() <= R * here.of_the_cpu):
        return "C"
    return "C" if oracle.leaves_range and _as_the_cpu(here, ratios) else ""


def _accumulated(here: Errors, ratios: torch.Tensor, oracle: Oracle, index: int) -> bool:
    """Whether the errors beyond the budget are what adding up many terms leaves.

    Of many such elements, the worst are asked and some of the others.
    """
    order = ratios[ratios > K].argsort(descending=True)
    places = (ratios > K).nonzero()[order]
    asked = [*range(min(_WORST, len(places))), *(_WORST + at for at in _spread(len(places) - _WORST, _WORST))]
    off = [tuple(int(i) for i in places[at]) for at in asked]

    def explained(some: list[tuple[int, ...]]) -> bool:
        more = _accumulation(here, oracle, index, some)
        return len(more) == len(some) and all(
            here.error[where] <= K * here.allowed[where] + one for where, one in zip(some, more, strict=True)
        )

    return all(explained(some) for some in (off[:1], off[1:]) if some)  # the worst tells most of what is wrong


def _as_the_cpu(here: Errors, ratios: torch.Tensor) -> bool:
    """Whether every element is within its budget of the reference or of the CPU's answer.

    For inputs near the limits of the dtype alone: what overflows on the way does not in float64.
    """
    near = here.finite & here.expected.isfinite()
    scale = torch.where(here.wide.abs() > 0, (here.expected.abs() / here.wide.abs()).clamp(max=1.0), 1.0)
    off = torch.where(near, (here.actual - here.expected).abs(), 0.0)
    return bool(((ratios <= K) | (near & (off <= K * here.allowed * scale))).all())


def _one_sided(here: Errors, dtype: torch.dtype, oracle: Oracle, index: int, own_yardstick: bool) -> float:
    """Mean error that rounding does not explain, and PyTorch's CPU does not have either; 0.0 if there is none."""
    roundoff = _roundoff(oracle, dtype)

    def off(answer: torch.Tensor, between: Sequence[torch.Tensor]) -> float:
        return bias(answer, here.wide, here.allowed, between, dtype, roundoff, oracle.inputs)

    if not off(here.actual, []):
        return 0.0
    between = of_output(oracle.between, index)
    found = off(here.actual, between)
    if found and not own_yardstick:
        the_cpus = off(here.expected, between)
        if abs(found) <= R * abs(the_cpus) and found * the_cpus > 0:
            return 0.0
    if not found:
        return 0.0
    # Sums that share terms or constants are off together, by as much as one of them may be.
    there = (here.allowed.isfinite() & (here.wide != 0)).nonzero()
    some = [tuple(int(i) for i in there[at]) for at in _spread(len(there), _SUMS)]
    more = _accumulation(here, oracle, index, some)
    sums = [one / (roundoff * float(here.wide[at].abs())) for one, at in zip(more, some, strict=False)]
    return found if abs(found) > one_sided(roundoff) + max(sums, default=0.0) else 0.0


_MATRIX = 2
"""Dimensions of a matrix, the last ones."""


def _spread(count: int, most: int) -> list[int]:
    """At most so many of the first ``count`` integers, evenly spread."""
    return list(range(0, count, -(-count // most))) if count > 0 else []


def _accumulation(here: Errors, oracle: Oracle, index: int, places: list[tuple[int, ...]]) -> list[float]:
    sizes = [float(here.wide[where].abs()) for where in places]
    roundings = [float(here.allowed[where]) / oracle.roundoff for where in places]
    most = [_largest_move(here, where, oracle) / oracle.roundoff for where in places]
    return oracle.accumulated(index, list(zip(places, sizes, roundings, most, strict=True)))


def _largest_move(here: Errors, where: tuple[int, ...], oracle: Oracle) -> float:
    """Budget of the element that moves most, where that is asked: of a gradient of all, else of the same matrix."""
    if oracle.divides_by_gaps:
        return float(here.largest_budget)
    if not oracle.is_spectral or len(where) < _MATRIX:
        return 0.0
    matrix = here.allowed[where[:-_MATRIX]]
    return float(matrix[matrix.isfinite()].max())


def _not_finite(
    actual: torch.Tensor,
    expected: torch.Tensor,
    wide: torch.Tensor,
    allowed: torch.Tensor,
    dtype: torch.dtype,
    oracle: Oracle,
    index: int,
    perturbed: Sequence[torch.Tensor] = (),
) -> tuple[int, ...] | None:
    """The first element that is NaN or infinite where it must not be, or is finite where it must not be; or None.

    Right is what the wide answer rounds to, what the CPU gives at this precision (``expected``) or another right way
    does, if an intermediate may overflow there, and either side of the largest number when the answer is within its
    budget of it, or when it has no digit that a rounding does not change. Of such an answer, and of one that the dtype
    cannot hold, what the CPU makes of it, and NaN where it makes that of any that the dtype cannot hold; of one that is
    undefined for finite inputs, anything where the CPU, or a rounding of the inputs, finds a number: ``perturbed``
    holds wide answers to these. At another precision than that of the dtype, what is finite or not as one of them is
    right too.
    """
    rounded = wide.to(dtype).to(wide.dtype)
    special = ~actual.isfinite() | ~rounded.isfinite()
    if not bool(special.any()):
        return None
    numbers = _any((answer.isfinite() for answer in (expected, *perturbed)), wide.shape)
    unknown = _unknown(wide, allowed, dtype)
    of_nothing = _of_nothing(actual, wide, allowed, dtype, oracle, perturbed)
    if dtype.is_complex:  # complex infinities have many forms: where the CPU is not finite, nothing is asked
        bad = actual.isfinite() != rounded.isfinite()
        if bool(bad.any()) and oracle.finite_inputs:
            bad &= wide.isfinite() | ~numbers
        bad &= (expected.isfinite() | ~unknown) & ~of_nothing
        if oracle.overflows:
            bad &= actual.isfinite() != expected.isfinite()
        return first(bad) if bool(bad.any()) else None
    near_limit = (wide.abs() + K * allowed >= torch.finfo(dtype).max) & (torch.sign(actual) == torch.sign(wide))
    bad = special & ~(equal(actual, rounded) | near_limit | of_nothing)
    beyond = wide.isfinite() & ~rounded.isfinite()  # infinities on the way there may leave NaN, here or there
    undefined = wide.isnan() & numbers & oracle.finite_inputs  # 0 / 0, but for a rounding
    bad &= ~((beyond | unknown) & equal(actual, expected) | undefined)
    if bool((beyond & expected.isnan()).any()):
        bad &= ~(beyond & actual.isnan())
    if bool(bad.any()) and oracle.overflows:  # where both are finite, numbers decide
        bad &= ~(equal(actual, expected) | (actual.isfinite() & expected.isfinite()))
    if bool(bad.any()) and oracle.overflows:
        ways = [one.to(dtype).to(wide.dtype) for one in of_output(oracle.limited, index) if one.shape == wide.shape]
        # NaN that a way leaves its range for is infinity of either sign in another order of its steps.
        right = _any((equal(actual, one) | (one.isnan() & ~wide.isnan()) for one in ways), wide.shape)
        bad &= actual.isfinite() | ~right
    if oracle.precision:
        bad &= ~_any((answer.isfinite() == actual.isfinite() for answer in perturbed), wide.shape)
    return first(bad) if bool(bad.any()) else None


def _unknown(wide: torch.Tensor, allowed: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Where the answer has no digit that a rounding does not change: zero and the other sign are within K budgets."""
    return wide.isfinite() & (K * allowed >= wide.abs().clamp(min=torch.finfo(dtype).smallest_normal))


def _of_nothing(
    actual: torch.Tensor,
    wide: torch.Tensor,
    allowed: torch.Tensor,
    dtype: torch.dtype,
    oracle: Oracle,
    perturbed: Sequence[torch.Tensor],
) -> torch.Tensor:
    """Where the answer is made of a number that a rounding makes 0.

    It may be from the reference to infinity as its reciprocal, the condition number of a singular matrix. As its
    logarithm, which is off by one where no digit of the number is certain, it may be minus infinity; and a number, or
    NaN, where a rounding of the inputs finds such: then the number is positive, or negative.
    """
    if oracle.is_logarithm:
        nothing = (wide.real == -torch.inf) | (wide.isfinite() & (K * allowed >= 1.0))
        positive = actual.isfinite() & _any((one.isfinite() for one in perturbed), wide.shape)
        negative = actual.isnan() & _any((one.isnan() for one in perturbed), wide.shape)
        return nothing & ((actual.real == -torch.inf) | positive | negative)
    large = wide.abs() * torch.finfo(dtype).eps >= 1.0
    return _unknown(wide, allowed, dtype) & large & (actual.abs() >= wide.abs())


def _any(masks: Iterable[torch.Tensor], shape: torch.Size) -> torch.Tensor:
    """Where one of the masks of that shape holds; nowhere, if there are none."""
    found = torch.zeros(shape, dtype=torch.bool)
    for mask in masks:
        found |= mask
    return found


def _ulp(error: float, magnitude: float, roundoff: float) -> float:
    """The error in units in the last place of a number of that magnitude."""
    if error == 0.0 or not math.isfinite(error):
        return error
    if magnitude == 0.0 or not math.isfinite(magnitude):
        return math.inf
    unit = 2 * roundoff * math.ldexp(0.5, math.frexp(magnitude)[1])
    return error / unit if unit else math.inf


def _notes(actual: torch.Tensor, expected: torch.Tensor) -> tuple[str, ...]:
    if actual.numel() > 1 and actual.stride() != expected.stride():
        return (f"strides {tuple(actual.stride())}, on the CPU {tuple(expected.stride())}",)
    return ()
