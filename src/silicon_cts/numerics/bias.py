"""Are the errors of a whole tensor on one side, more than rounding can put them there?

Errors of round-to-nearest point both ways and cancel in the mean; those of truncation, of a constant that is a little
off, of a lookup table that is a little too high, do not. Every element may then be within its budget, and the tensor
is still wrong. TOSA's conformance rule for dot products (Arm, "TOSA specification", main inference profile) asks the
same: there the sum of the errors, in units of the allowed one, must stay below a multiple of its standard deviation.

    |mean| <= one-sided + SIGMAS deviation / sqrt(n) + K together

over ``e = (answer - r rounded to the dtype) / (u |r|)``, once as it is and once times the sign of ``r`` (away from and
towards zero). Budgets are no unit for it: most of a budget is how far the answer moves with its input, which is given
exactly. A right answer, rounded, has e = 0 even where all roundings go one way, as those of 1 - tiny do. Elements of
which the budget is many roundings are left out: of ``1 - tanh(x)^2``, what remains where ``tanh(x)`` is rounded to 1.
``together`` is what errors common to many elements leave in the mean, a denominator for example: it is read from wide
answers with every intermediate result rounded at random, as far as their means are larger than independent errors would
make them. ``deviation`` is that of the errors or, where intermediate results decide, the larger one of these answers.

Constants and polynomials inside of right kernels are rounded too, and always the same way: in float32 this leaves up to
3 roundings in PyTorch's own Bessel functions. So float32 is held to IN_FLOAT32 roundings, and what is computed in
float32 and rounded to less is held to the rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from silicon_cts.numerics.grades import K

MANY = 256
"""Elements with values of their own, below which nothing is said: equal values have equal errors."""
ONE_SIDED = 0.3
"""Roundings of mean error; truncation to the precision leaves 0.7."""
IN_FLOAT32 = 4.0
"""Roundings in float32 that the constants of a kernel may leave besides: measured, see README.md."""
SIGMAS = 8.0
"""Standard errors of the mean: by chance less than once in 10^15 checks."""
INTERMEDIATE = 2.0
"""Roundings of deviation beyond which more than the result is rounded."""
MOST = 32.0
"""Roundings in the budget of an element beyond which it is left out."""


def one_sided(roundoff: float) -> float:
    """Roundings of mean error that the kernel itself may have."""
    return ONE_SIDED + IN_FLOAT32 * 2.0**-24 / roundoff


def bias(
    actual: torch.Tensor,
    wide: torch.Tensor,
    allowed: torch.Tensor,
    between: Sequence[torch.Tensor],
    dtype: torch.dtype,
    roundoff: float,
    inputs: int,
) -> float:
    """By how many roundings the mean error is beyond what rounding explains, with its sign; 0.0 if it is not.

    ``actual`` and ``wide`` are in float64 or complex128, ``allowed`` holds the budget of each element, and ``between``
    are wide answers whose intermediate results are rounded. Complex numbers are looked at part by part. ``inputs`` is
    how many different numbers the call was given: answers made of few of them have as few independent errors.
    """
    if wide.is_complex():
        actual, wide, *between = (torch.view_as_real(one.resolve_conj()) for one in (actual, wide, *between))
        parts = ([one[..., part] for one in (actual, wide, *between)] for part in (0, 1))
        real = dtype.to_real()
        return max(
            (bias(mine, right, allowed, drawn, real, roundoff, inputs) for mine, right, *drawn in parts), key=abs
        )
    rounded = wide.to(dtype).to(wide.dtype)
    counts = actual.isfinite() & rounded.isfinite() & (allowed <= MOST * roundoff * wide.abs())
    counts &= wide.abs() > torch.finfo(dtype).smallest_normal  # below, machines may flush to zero
    if int(counts.sum()) < MANY:
        return 0.0
    values, one_of_each = _distinct(wide[counts])
    if len(values) < MANY:
        return 0.0

    def errors(answer: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        found = ((answer - right) / (roundoff * wide.abs()))[counts][one_of_each]
        return found.nan_to_num(0, 0, 0)

    mine = errors(actual, rounded)
    drawn = [errors(answer, wide) for answer in between if answer.shape == wide.shape]
    independent = min(len(values), max(inputs, 1))
    found = [_one_sided(mine, drawn, roundoff, independent)]
    signs = torch.sign(values)
    if 0 < int((signs > 0).sum()) < len(signs):
        found.append(_one_sided(mine * signs, [one * signs for one in drawn], roundoff, independent))
    return max(found, key=abs)


def _distinct(numbers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The different numbers of a flat tensor, rising, and where one of each is: NumPy sorts five times as fast."""
    order = torch.from_numpy(numbers.numpy().argsort())
    rising = numbers[order]
    first = torch.ones(len(rising), dtype=torch.bool)
    first[1:] = rising[1:] != rising[:-1]
    return rising[first], order[first]


def _one_sided(errors: torch.Tensor, drawn: Sequence[torch.Tensor], roundoff: float, independent: int) -> float:
    mean, root = float(errors.mean()), independent**0.5
    together = max((abs(float(one.mean())) - 3 * float(one.std()) / root for one in drawn), default=0.0)
    moved = max((float(one.std()) for one in drawn), default=0.0)
    deviation = max(float(errors.std()), moved if moved > INTERMEDIATE else 0.0)
    most = one_sided(roundoff) + SIGMAS * deviation / root + K * max(together, 0.0)
    return mean if abs(mean) > most else 0.0
