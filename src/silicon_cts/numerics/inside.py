"""What does a kernel round inside, so that its answer shows it and nothing outside of it does?

A sum to which the logarithm of a number next to 1 is all that is left of it, one factor for a whole slice: rounding
the answer does not say what these lose, and no precision computes them without rounding them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

Round = Callable[[torch.Tensor], torch.Tensor]
"""The same numbers, each off by up to one rounding."""
Inside = Callable[[torch.Tensor, Mapping[str, Any], Round], torch.Tensor]
"""From a kernel's answer in float64 and its arguments by name: the answer, had what is inside been rounded."""


def _sum_of_log_softmax(logarithms: torch.Tensor, given: Mapping[str, Any], rounded: Round) -> torch.Tensor:
    """Of two logits far apart, the logarithm of the larger one may be 0."""
    sums = logarithms.amax(given["dim"], keepdim=True).neg().exp()  # beside the largest term, which is 1
    return logarithms - (rounded(sums) / sums).log()


def _sum_of_logsumexp(logarithms: torch.Tensor, given: Mapping[str, Any], rounded: Round) -> torch.Tensor:
    """Where the largest of the numbers is 0, or next to it, the logarithm of the sum is all that there is."""
    numbers = given["self"]
    if numbers.is_complex() or not numbers.numel():  # of which none is the largest
        return logarithms
    sums = (logarithms - numbers.amax(given["dim"], given.get("keepdim", False))).exp()
    return torch.where(sums.isfinite(), logarithms + (rounded(sums) / sums).log(), logarithms)


def _factor_of_renorm(scaled: torch.Tensor, given: Mapping[str, Any], rounded: Round) -> torch.Tensor:
    """All numbers of a slice are scaled by the same factor, with the same rounding."""
    numbers, dim = given["self"], given["dim"] % given["self"].dim()
    others = [one for one in range(numbers.dim()) if one != dim]
    norms = torch.linalg.vector_norm(numbers.abs(), float(given["p"]), others, keepdim=True)
    factors = torch.where(norms > given["maxnorm"], given["maxnorm"] / norms, 1.0)
    off = rounded(factors) / factors
    return torch.where(off.isfinite(), scaled * off, scaled)


def _exponent_of_pow(powers: torch.Tensor, given: Mapping[str, Any], rounded: Round) -> torch.Tensor:
    """A complex power is the exponential of a product, whose imaginary part is an angle: its rounding turns the answer,
    however exact a number the exponent is."""
    if not powers.is_complex():
        return powers
    base, exponent = (torch.as_tensor(given[name], dtype=powers.dtype) for name in ("self", "exponent"))
    products = exponent * base.log()
    turned = powers * (rounded(products) - products).exp()
    return torch.where(turned.isfinite(), turned, powers)


INSIDE: Mapping[str, Inside] = {
    "pow": _exponent_of_pow,
    "_log_softmax": _sum_of_log_softmax,
    "logsumexp": _sum_of_logsumexp,
    "renorm": _factor_of_renorm,
}
"""By ATen kernel, which may write its answer in place or to a destination."""
