"""How large an error can no implementation avoid, on that very input, at that precision?

    budget = u |r| + s + smallest subnormal,   s = max | oracle(x (1 + d)) - r |,  |d| <= u

The first term is the rounding of the result, the second its conditioning: how far the answer moves when the inputs move
by half an ulp (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 1.6: forward error is bounded
by condition number times backward error).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def smallest_subnormal(dtype: torch.dtype) -> float:
    """Of a floating or complex dtype."""
    info = torch.finfo(dtype)
    return float(info.smallest_normal) * float(info.eps)


def conditioning(reference: torch.Tensor, perturbed: Sequence[torch.Tensor]) -> torch.Tensor:
    """Largest move of each element under the perturbations (``s`` above), float64, in the shape of ``reference``.

    Perturbed answers of another shape, and elements that are not finite, tell nothing and are left out.
    """
    largest = torch.zeros(reference.shape, dtype=torch.float64)
    for answer in perturbed:
        if answer.shape == reference.shape:
            largest = torch.fmax(
                largest, (answer.to(reference.dtype) - reference).abs().to(torch.float64).nan_to_num(0, 0, 0)
            )
    return largest


def budget(
    reference: torch.Tensor,
    perturbed: Sequence[torch.Tensor],
    dtype: torch.dtype,
    roundoff: float,
    spread: torch.Tensor | None = None,
) -> torch.Tensor:
    """The unavoidable error of each element of ``reference`` (float64 or complex128) when computed in ``dtype``.

    ``spread`` is the conditioning that the program itself was measured to have, if that is larger.
    """
    return (
        roundoff * reference.abs().to(torch.float64) + moves(reference, perturbed, spread) + smallest_subnormal(dtype)
    )


def moves(
    reference: torch.Tensor, perturbed: Sequence[torch.Tensor], spread: torch.Tensor | None = None
) -> torch.Tensor:
    """How far each element moves, as measured here, or by the program itself, if that is further."""
    found = conditioning(reference, perturbed)
    return found if spread is None else torch.fmax(found, spread)
