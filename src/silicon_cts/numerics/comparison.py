"""Are the tensors that came out the right ones, and if so how closely?

Structure first (count, gradients present, dtype, shape), then where NaN and infinities are, then the numbers, graded:

- ``exact``: bit for bit, for integers, booleans and operators that only move data;
- ``A``: every element within K budgets;
- ``B``: every element within K budgets of the largest element, the guarantee of numerical linear algebra;
- ``C``: no element further off than R times what PyTorch's own CPU loses on this input at this precision;
- ``metadata``: random or uninitialised output, whose dtype and shape alone are defined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.numerics.budget import budget
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.sampling.observation import Observed

Grade = Literal["metadata", "exact", "A", "B", "C", ""]
ORDER: tuple[Grade, ...] = ("metadata", "exact", "A", "B", "C", "")
"""From the grade that says least against an answer to none at all: the empty grade is no agreement."""

K = 8.0
"""Error budgets allowed in grades A and B. How it was found: see ``numerics/README.md``."""
R = 4.0
"""Times the CPU's own error allowed in grade C."""


@dataclass(frozen=True)
class Comparison:
    """The result of comparing one output, or the worst of several."""

    grade: Grade
    ratio: float = 0.0
    """Largest error in budgets over the elements; 0.0 where nothing was rounded. Up to 1.0 it is an upper bound: where
    a single rounding explains the error, the conditioning is not measured."""
    reason: str = ""
    """What is wrong, as ``what=actual, but should be expected``; empty if nothing is."""
    worst: tuple[int, ...] | None = None
    """Index of the element with the largest ratio."""
    ulp: float = 0.0
    """Error of that element in units in the last place of the reference."""
    output: int = 0
    """Which output."""
    notes: tuple[str, ...] = ()
    """What differs without being wrong: strides."""

    @property
    def agrees(self) -> bool:
        """Whether any grade was reached."""
        return self.grade != ""


def disagreement(reason: str, output: int = 0, **found: float) -> Comparison:
    """A comparison that found something wrong."""
    return Comparison("", found.get("ratio", math.inf), reason, output=output)


def worst(comparisons: list[Comparison]) -> Comparison:
    """The one with the worst grade, then the largest ratio. An empty list agrees exactly: there was no output."""
    if not comparisons:
        return Comparison("exact")
    return max(comparisons, key=lambda one: (ORDER.index(one.grade), one.ratio))


def compare(
    observed: Observed,
    oracle: Oracle,
    *,
    values: bool = True,
    exact: bool = False,
    narrows: Mapping[str, str] | None = None,
    own_yardstick: bool = False,
) -> Comparison:
    """Compare what a backend returned with the oracle.

    ``values=False`` compares metadata only. ``exact`` asks for the CPU's bits. ``narrows`` maps dtypes that the backend
    documents to return narrower. ``own_yardstick`` says that the backend is PyTorch's CPU itself, for which grade C
    would compare a thing with itself: it is then not offered.
    """
    yardstick = oracle.yardstick
    if len(observed) != len(yardstick):
        return disagreement(f"outputs={len(observed)}, but should be {len(yardstick)}")
    comparisons = []
    for index, (actual, expected) in enumerate(zip(observed, yardstick, strict=True)):
        if actual is None or expected is None:
            comparisons.append(_compare_absent(actual, expected, index))
        elif problem := _structure(actual, expected, narrows or {}):
            comparisons.append(disagreement(problem, index))
        elif not values:
            comparisons.append(Comparison("metadata", output=index))
        else:
            comparisons.append(_compare_values(actual, expected, oracle, index, exact, own_yardstick))
    return worst(comparisons)


def _compare_absent(actual: torch.Tensor | None, expected: torch.Tensor | None, index: int) -> Comparison:
    if actual is expected:
        return Comparison("exact", output=index)
    present = "a tensor" if actual is None else "none"
    return disagreement(f"gradient {index}={'none' if actual is None else 'a tensor'}, but should be {present}", index)


def _structure(actual: torch.Tensor, expected: torch.Tensor, narrows: Mapping[str, str]) -> str:
    allowed = {name_of(expected.dtype), narrows.get(name_of(expected.dtype))}
    if name_of(actual.dtype) not in allowed:
        return f"dtype={name_of(actual.dtype)}, but should be {name_of(expected.dtype)}"
    if actual.shape != expected.shape:
        return f"shape={tuple(actual.shape)}, but should be {tuple(expected.shape)}"
    return ""


def _compare_values(
    actual: torch.Tensor, expected: torch.Tensor, oracle: Oracle, index: int, exact: bool, own_yardstick: bool
) -> Comparison:
    reference = oracle.reference[index]
    assert reference is not None
    kind = DTYPES[name_of(expected.dtype)].kind if name_of(expected.dtype) in DTYPES else "int"
    if exact or kind in ("int", "bool"):
        return _compare_exact(actual, expected, reference, oracle, index, exact)
    if reference.shape != expected.shape:
        reference = expected.to(
            reference.dtype if reference.is_floating_point() or reference.is_complex() else torch.float64
        )
    return _compare_rounded(actual, expected, reference, oracle, index, own_yardstick)


def _compare_exact(
    actual: torch.Tensor, expected: torch.Tensor, reference: torch.Tensor, oracle: Oracle, index: int, exact: bool
) -> Comparison:
    """Equal to the CPU's answer or, for a discrete answer to a rounded question, to one that rounding allows."""
    admissible = [expected]
    if not exact and not oracle.discrete:
        candidates = [reference, *(answer[index] for answer in oracle.perturbed if len(answer) > index)]
        admissible += [one for one in candidates if one is not None and one.shape == expected.shape]
    allowed = torch.zeros(expected.shape, dtype=torch.bool)
    for one in admissible:
        allowed |= _equal(actual, one)
    if actual.dtype != expected.dtype and actual.is_floating_point():  # narrowed, as the backend declares: rounded once
        allowed |= _equal(actual, expected.to(actual.dtype))
    elif actual.dtype != expected.dtype:  # of narrowed integers, only values that fit are compared
        limits = torch.iinfo(actual.dtype)
        allowed |= (expected < limits.min) | (expected > limits.max)
    if bool(allowed.all()):
        return Comparison("exact", output=index)
    where = _first(~allowed)
    got, wanted = actual[where].item(), expected[where].item()
    return disagreement(f"output {index}{list(where)}={got}, but should be {wanted}", index)


def _equal(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Elementwise: the same number, both NaN, and zeros of the same sign."""
    if not (b.is_floating_point() or b.is_complex()):
        return a.to(b.dtype) == b
    if b.is_complex():
        return _equal(
            torch.view_as_real(a.resolve_conj())[..., 0], torch.view_as_real(b.resolve_conj())[..., 0]
        ) & _equal(torch.view_as_real(a.resolve_conj())[..., 1], torch.view_as_real(b.resolve_conj())[..., 1])
    same = (a == b) & (torch.signbit(a) == torch.signbit(b))
    return same | (a.isnan() & b.isnan())


def _first(mask: torch.Tensor) -> tuple[int, ...]:
    return tuple(int(i) for i in mask.nonzero()[0])


def _compare_rounded(
    actual: torch.Tensor,
    expected: torch.Tensor,
    reference: torch.Tensor,
    oracle: Oracle,
    index: int,
    own_yardstick: bool,
) -> Comparison:
    dtype = expected.dtype
    if actual.numel() == 0:
        return Comparison("exact", output=index)
    # A Python number is as precise as the dtype that was asked for.
    roundoff = oracle.roundoff if name_of(dtype) == "float64" else DTYPES[name_of(dtype)].roundoff
    notes = _notes(actual, expected)
    computed_in = torch.complex128 if dtype.is_complex else torch.float64
    wide, actual, expected = reference.to(computed_in), actual.to(computed_in), expected.to(computed_in)
    finite = wide.isfinite() & actual.isfinite()
    error = torch.where(finite, (actual - wide).abs(), 0.0)
    allowed = budget(wide, [], dtype, roundoff)
    if not (bool(finite.all()) and bool((error <= allowed).all())):  # more than one rounding: measure the conditioning
        perturbed = [answer[index] for answer in oracle.perturbed if len(answer) > index]
        allowed = budget(wide, [answer for answer in perturbed if answer is not None], dtype, roundoff)
        problem = _not_finite(actual, expected, wide, allowed, dtype)
        if problem is not None:
            got, wanted = actual[problem].item(), wide[problem].item()
            return disagreement(f"output {index}{list(problem)}={got}, but should be {wanted}", index)
    allowed = torch.where(finite & allowed.isfinite(), allowed, torch.inf)
    ratios = error / allowed
    ratio = float(ratios.max())
    where = tuple(int(i) for i in torch.unravel_index(ratios.argmax(), ratios.shape))
    ulp = _ulp(float(error[where]), float(wide[where].abs()), roundoff)
    cpu_error = torch.where(finite & expected.isfinite(), (expected - wide).abs(), 0.0).max()
    grade = _grade(ratio, error.max(), torch.where(allowed.isfinite(), allowed, 0.0).max(), cpu_error, own_yardstick)
    reason = ""
    if not grade:
        reason = (
            f"output {index}{list(where)}={actual[where].item()}, but should be {wide[where].item()}: "
            f"{ratio:.3g} error budgets off ({ulp:.3g} ulp); PyTorch's CPU gives {expected[where].item()}"
        )
    return Comparison(grade, ratio, reason, where, ulp, index, notes)


def _grade(
    ratio: float, error: torch.Tensor, largest_budget: torch.Tensor, cpu_error: torch.Tensor, own_yardstick: bool
) -> Grade:
    """The best grade that the largest error reaches, elementwise (``ratio``) or norm-wise."""
    if ratio <= K:
        return "A"
    if bool(error <= K * largest_budget):
        return "B"
    return "C" if not own_yardstick and bool(error <= R * cpu_error) else ""


def _not_finite(
    actual: torch.Tensor, expected: torch.Tensor, wide: torch.Tensor, allowed: torch.Tensor, dtype: torch.dtype
) -> tuple[int, ...] | None:
    """The first element that is NaN or infinite where it must not be, or is finite where it must not be; or None.

    Right is what the wide answer rounds to, what the CPU gives at this precision (an intermediate may overflow there),
    and either side of the largest number when the answer is within its budget of it.
    """
    if dtype.is_complex:  # complex infinities have many forms: where the CPU is not finite, nothing is asked
        rounded = wide.to(dtype).to(wide.dtype)
        bad = (actual.isfinite() != rounded.isfinite()) & (actual.isfinite() != expected.isfinite())
        return _first(bad) if bool(bad.any()) else None
    rounded = wide.to(dtype).to(wide.dtype)
    near_limit = (wide.abs() + K * allowed >= torch.finfo(dtype).max) & (torch.sign(actual) == torch.sign(wide))
    special = ~actual.isfinite() | ~rounded.isfinite()
    right = _equal(actual, rounded) | _equal(actual, expected) | near_limit
    right |= actual.isfinite() & expected.isfinite()  # the wide answer is beyond what the CPU can see: numbers decide
    bad = special & ~right
    return _first(bad) if bool(bad.any()) else None


def _ulp(error: float, magnitude: float, roundoff: float) -> float:
    """The error in units in the last place of a number of that magnitude."""
    if error == 0.0 or not math.isfinite(error):
        return error
    if magnitude == 0.0 or not math.isfinite(magnitude):
        return math.inf
    return error / (2 * roundoff * 2.0 ** math.floor(math.log2(magnitude)))


def _notes(actual: torch.Tensor, expected: torch.Tensor) -> tuple[str, ...]:
    if actual.numel() > 1 and actual.stride() != expected.stride():
        return (f"strides {tuple(actual.stride())}, on the CPU {tuple(expected.stride())}",)
    return ()
