"""How strong is the answer of a model beside its noise, and does it name the same classes?

    signal-to-noise = 10 log10(sum |r|^2 / sum |a - r|^2) dB,   a: the answer, r: the same in float64

What an operator's grade says of single elements is said here of all of them together, which is how people compare
models: the noise may have the energy of K error budgets, or of R times the error of PyTorch's CPU, as in grade C. And
where the first class leads by more than such errors can take away, it must stay the first (top-1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.numerics.budget import budget
from silicon_cts.numerics.grades import Comparison, K, R
from silicon_cts.numerics.oracle import PAIRS, Oracle, of_output
from silicon_cts.sampling.observation import Observed


@dataclass(frozen=True)
class Signal:
    """Of one answer of a model."""

    to_noise: float
    """dB, of the output that has least; inf where none has any noise."""
    top_1: float | None = None
    """Share of the decisions that are the same, of those that are clear; None for a model that decides nothing."""
    reason: str = ""
    """What is wrong, as ``what is, but should be``; empty if nothing is."""


@dataclass(frozen=True)
class _Output:
    """One output of floating numbers, all in float64."""

    actual: torch.Tensor
    wide: torch.Tensor
    budgets: torch.Tensor
    """K of them for each element."""
    of_the_cpu: torch.Tensor
    """R times the CPU's own error; zeros where that is not offered."""

    @property
    def to_noise(self) -> float:
        """Signal-to-noise ratio in dB."""
        return _decibel(self.wide, self.actual - self.wide)

    @property
    def least(self) -> float:
        """What it must be, in dB."""
        return min(_decibel(self.wide, self.budgets), _decibel(self.wide, self.of_the_cpu))

    @property
    def allowed(self) -> torch.Tensor:
        """The error that an element may have whatever those of the others are."""
        return torch.fmax(self.budgets, self.of_the_cpu.nan_to_num(0.0, 0.0, 0.0).max())


Decisions = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""What was decided, what should have been, and where that is clear: tensors of one shape."""


def _first(output: _Output) -> Decisions:
    """The largest along the last dimension; clear where it leads by more than two elements may be off together."""
    largest = output.wide.topk(2, dim=-1).values
    clear = largest[..., 0] - largest[..., 1] > 2 * output.allowed.amax(-1)
    return output.actual.argmax(-1), output.wide.argmax(-1), clear


def _sign(output: _Output) -> Decisions:
    """One of two classes by the sign."""
    return output.actual > 0, output.wide > 0, output.wide.abs() > output.allowed


DECIDES: Mapping[str, Callable[[_Output], Decisions]] = MappingProxyType(
    {"cross_entropy": _first, "binary_cross_entropy_with_logits": _sign}
)
"""By the loss that a model is trained with, how its first output names classes."""


def heard(
    found: Comparison, observed: Observed, oracle: Oracle, loss: str, own_yardstick: bool, spread: Observed | None
) -> Comparison:
    """What was found element by element, with the signal of the answer; a disagreement too if that is too weak.

    ``loss``: name of the model's in ``torch.nn.functional``. ``own_yardstick`` and ``spread`` as in
    :func:`~silicon_cts.numerics.comparison.compare`. An answer of another structure has no signal.
    """
    if [_shape(one) for one in observed] != [_shape(one) for one in oracle.yardstick]:
        return found
    signal = Signal(math.inf)
    for pairs in PAIRS:
        signal = _signal(list(_outputs(observed, oracle, own_yardstick, spread, pairs)), loss)
        if not signal.reason:
            break
    told = replace(found, signal_to_noise=signal.to_noise, top_1=signal.top_1)
    return replace(told, grade="", reason=signal.reason) if found.agrees and signal.reason else told


def _shape(one: torch.Tensor | None) -> torch.Size | None:
    return None if one is None else one.shape


def _signal(outputs: list[_Output], loss: str) -> Signal:
    if not outputs:
        return Signal(math.inf)
    reason = ""
    if noisy := next((one for one in outputs if one.to_noise < one.least), None):
        reason = f"signal-to-noise is {noisy.to_noise:.3g} dB, but should be {noisy.least:.3g} dB at least"
    to_noise = min(one.to_noise for one in outputs)
    if loss not in DECIDES:
        return Signal(to_noise, None, reason)
    decided, right, clear = DECIDES[loss](outputs[0])
    count = int(clear.sum())
    if not count:
        return Signal(to_noise, None, reason)
    same = int((decided == right)[clear].sum())
    if same < count and not reason:
        reason = f"top-1 is the same in {same} of {count} clear decisions, but should be in all"
    return Signal(to_noise, same / count, reason)


def _outputs(
    observed: Observed, oracle: Oracle, own_yardstick: bool, spread: Observed | None, pairs: int
) -> Iterable[_Output]:
    for index, (actual, expected, wide) in enumerate(zip(observed, oracle.yardstick, oracle.reference, strict=True)):
        if actual is None or expected is None or wide is None or not expected.is_floating_point():
            continue
        perturbed = of_output(oracle.perturbed(pairs), index)
        dtype = DTYPES[oracle.precision or name_of(expected.dtype)]
        moves = None if spread is None else spread[index]
        off = (expected.to(torch.float64) - wide) * (0 if own_yardstick else R)
        budgets = K * budget(wide, perturbed, dtype.torch, dtype.roundoff, moves)
        yield _Output(actual.to(torch.float64), wide.to(torch.float64), budgets, off.abs())


def _decibel(power: torch.Tensor, noise: torch.Tensor) -> float:
    """Of one tensor beside another; infinities and NaN, which are judged elsewhere, are left out of both."""
    there = power.isfinite() & noise.isfinite()
    signal, off = (float(one[there].square().sum()) for one in (power, noise))
    if off == 0.0:
        return math.inf
    return 10 * math.log10(signal / off) if signal else -math.inf
