"""Is an answer the same, bit for bit, or one that rounding the question allows?"""

from __future__ import annotations

import torch

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.numerics.grades import Comparison, disagreement
from silicon_cts.numerics.oracle import Oracle, of_output
from silicon_cts.sampling.call import is_floating


def equal(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Elementwise: the same number, both NaN, and zeros of the same sign."""
    if not is_floating(b):
        return a.to(b.dtype) == b
    if b.is_complex():
        one, other = torch.view_as_real(a.resolve_conj()), torch.view_as_real(b.resolve_conj())
        return equal(one[..., 0], other[..., 0]) & equal(one[..., 1], other[..., 1])
    same = (a == b) & (torch.signbit(a) == torch.signbit(b))
    return same | (a.isnan() & b.isnan())


def first(mask: torch.Tensor) -> tuple[int, ...]:
    """Index of the first True."""
    return tuple(int(i) for i in mask.nonzero()[0])


def compare_exact(
    actual: torch.Tensor,
    expected: torch.Tensor,
    reference: torch.Tensor,
    oracle: Oracle,
    index: int,
    exact: bool,
    spread: torch.Tensor | None,
) -> Comparison:
    """Equal to the CPU's answer or, for a discrete answer to a rounded question, to one that rounding allows."""
    allowed = equal(actual, expected)
    if not (exact or oracle.discrete or bool(allowed.all())):
        for one in (reference, *of_output(oracle.perturbed(), index)):
            if one.shape == expected.shape:
                allowed |= equal(actual, one)
    if spread is not None and not (oracle.discrete or expected.is_floating_point()):  # decided by a program's roundings
        allowed |= spread > 0
    if oracle.precision and expected.is_floating_point():  # moved at the precision of the program: rounded once
        allowed |= equal(actual, expected.to(DTYPES[oracle.precision].torch).to(actual.dtype))
    if actual.dtype != expected.dtype and actual.is_floating_point():  # narrowed, as the backend declares: rounded once
        allowed |= equal(actual, expected.to(actual.dtype))
    elif actual.dtype != expected.dtype:  # of narrowed integers, only values that fit are compared
        limits = torch.iinfo(actual.dtype)
        allowed |= (expected < limits.min) | (expected > limits.max)
    if bool(allowed.all()):
        return Comparison("exact", output=index)
    where = first(~allowed)
    got, wanted = actual[where].item(), expected[where].item()
    return disagreement(f"{oracle.label(index)}{list(where)}={got}, but should be {wanted}", index)
