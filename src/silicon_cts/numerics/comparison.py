"""Are the tensors that came out the right ones, and if so how closely?

Structure first (count, gradients present, dtype, shape), then where NaN and infinities are, then the numbers, graded:

- ``exact``: bit for bit, for integers, booleans and operators that only move data;
- ``A``: every element within K budgets;
- ``B``: every element within K budgets of the largest element, the guarantee of numerical linear algebra, or within
  what adding up its terms may leave;
- ``C``: no element further off than R times what PyTorch's own CPU loses on this input at this precision;
- ``metadata``: random or uninitialised output, whose dtype and shape alone are defined.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.numerics.exact import compare_exact
from silicon_cts.numerics.grades import ORDER as ORDER
from silicon_cts.numerics.grades import Comparison as Comparison
from silicon_cts.numerics.grades import Grade as Grade
from silicon_cts.numerics.grades import K as K
from silicon_cts.numerics.grades import R as R
from silicon_cts.numerics.grades import disagreement as disagreement
from silicon_cts.numerics.grades import worst as worst
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.numerics.rounded import compare_rounded
from silicon_cts.sampling.call import is_floating
from silicon_cts.sampling.observation import Observed


def compare(
    observed: Observed,
    oracle: Oracle,
    *,
    values: bool = True,
    exact: bool = False,
    narrows: Mapping[str, str] | None = None,
    own_yardstick: bool = False,
    spread: Observed | None = None,
) -> Comparison:
    """Compare what a backend returned with the oracle.

    ``values=False`` compares metadata only. ``exact`` asks for the CPU's bits. ``narrows`` maps dtypes that the backend
    documents to return narrower. ``own_yardstick`` says that the backend is PyTorch's CPU itself, for which grade C
    would compare a thing with itself: it is then not offered. ``spread`` is how far the roundings inside of the very
    program move each output, where the backend can say.
    """
    yardstick = oracle.yardstick
    if len(observed) != len(yardstick):
        return disagreement(f"outputs={len(observed)}, but should be {len(yardstick)}")
    comparisons = []
    for index, (actual, expected) in enumerate(zip(observed, yardstick, strict=True)):
        if actual is None or expected is None:
            comparisons.append(_compare_absent(actual, expected, index))
        elif problem := _structure(actual, expected, narrows or {}):
            comparisons.append(
                disagreement(f"{oracle.label(index)}: {problem}" if oracle.observation.calls else problem, index)
            )
        elif not values:
            comparisons.append(Comparison("metadata", output=index))
        else:
            moves = None if spread is None else spread[index]
            comparisons.append(_compare_values(actual, expected, oracle, index, exact, own_yardstick, moves))
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
    actual: torch.Tensor,
    expected: torch.Tensor,
    oracle: Oracle,
    index: int,
    exact: bool,
    own_yardstick: bool,
    spread: torch.Tensor | None,
) -> Comparison:
    reference = oracle.reference[index]
    assert reference is not None
    kind = DTYPES[name_of(expected.dtype)].kind if name_of(expected.dtype) in DTYPES else "int"
    if exact or kind in ("int", "bool"):
        return compare_exact(actual, expected, reference, oracle, index, exact, spread)
    if reference.shape != expected.shape:
        reference = expected.to(reference.dtype if is_floating(reference) else torch.float64)
    return compare_rounded(actual, expected, reference, oracle, index, own_yardstick, spread)
