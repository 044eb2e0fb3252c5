"""Which values does a tensor hold: as op_db made them, or those that break kernels?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.catalog.traits import look_up
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.draws import Draws
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.recipe import RecipeError
from silicon_cts.sampling.refill import is_sorted

Profile = Callable[[torch.Tensor, Draws], torch.Tensor]
"""From a flat tensor of floats or integers to one of the same dtype and size."""

KEEPS_VALUES: dict[str, str] = {
    "bincount": "allocates as many elements as its largest value",
    "nn.functional.one_hot": "allocates as many columns as its largest value",
    "repeat_interleave": "allocates as many elements as the sum of its values",
    "tensor_split": "splits at its values",
    "special.*_polynomial_*": "takes as many steps as its degree, a tensor",
    "*polygamma*": "steps from a negative argument up to 9, one by one",
    "special.zeta": "steps from a negative argument up to 9, one by one",
    "lcm": "divides by zero in C++ at the limits of integers, and the process ends",
}
"""Operators of which a large value would fill the memory or end the process: they keep the values that they have."""


def _scales(tensor: torch.Tensor) -> int:
    """A power of two that a product of two and a sum of many survive: 32 of float32's 127, 4 of float16's 15."""
    return 4 if tensor.dtype == torch.float16 else 32


def _scaled(tensor: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
    if tensor.is_floating_point():
        return torch.ldexp(tensor.to(torch.float64), powers).to(tensor.dtype)  # exact but for subnormals
    return tensor


def _small(tensor: torch.Tensor, _: Draws) -> torch.Tensor:
    return _scaled(tensor, torch.tensor(-_scales(tensor))) if tensor.is_floating_point() else tensor % 2


def _large(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    """Near the limits."""
    if tensor.is_floating_point():
        return _scaled(tensor, torch.tensor(_scales(tensor)))
    most = min(torch.iinfo(tensor.dtype).max, 2**24 + 100)
    large = most - draws.integers(100, tensor.numel())
    return torch.where(tensor < 0, -large, large).to(tensor.dtype)


def _mixed(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    if tensor.is_floating_point():
        most = _scales(tensor)
        return _scaled(tensor, draws.integers(2 * most + 1, tensor.numel()) - most)
    return torch.where(draws.integers(2, tensor.numel()) == 1, _large(tensor, draws), tensor)


def _sprinkled(tensor: torch.Tensor, chosen: list[float], draws: Draws) -> torch.Tensor:
    """About half of the elements, and one at least, taken from ``chosen``."""
    count = tensor.numel()
    there = draws.integers(2, count) == 1
    there[int(draws.integers(count, 1))] = True
    # One by one: a kernel that converts many gives NaN a sign, or none, by the vector units of the machine.
    replaced = torch.tensor(chosen, dtype=tensor.dtype)[draws.picks(len(chosen), count)]
    return torch.where(there, replaced, tensor)


def _float_limits(dtype: torch.dtype) -> list[float]:
    info = torch.finfo(dtype)
    return [info.max, info.min, info.smallest_normal, info.smallest_normal * info.eps, info.eps, 0.0]


def _special(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    if not tensor.is_floating_point():
        return _limits(tensor, draws)
    nan, inf = float("nan"), float("inf")
    return _sprinkled(tensor, [nan, inf, -inf, -0.0, *_float_limits(tensor.dtype)], draws)


def _limits(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    if tensor.is_floating_point():
        return _sprinkled(tensor, _float_limits(tensor.dtype), draws)
    info = torch.iinfo(tensor.dtype)
    beyond = [2**24 + 1, -(2**24) - 1, 2**31, 2**32 + 1, 2**53 + 1]  # float32, int32, uint32, float64
    chosen = [info.max, info.min, info.max - 1, 0, *(number for number in beyond if info.min <= number <= info.max)]
    return _sprinkled(tensor, list(map(int, chosen)), draws)


def _ties(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    return tensor[draws.picks(tensor.numel(), min(3, tensor.numel()))][
        draws.integers(min(3, tensor.numel()), len(tensor))
    ]


def _zero_one(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    """The ends of a probability, and what products and powers treat apart."""
    return _sprinkled(tensor, [0.0, 1.0], draws)


PROFILES: dict[str, Profile] = {
    "as_is": lambda tensor, _: tensor,
    "small": _small,
    "large": _large,
    "mixed": _mixed,
    "ties": _ties,
    "zero_one": _zero_one,
    "limits": _limits,
    "special": _special,
}
"""By name, the plainest first."""


def _one_true(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    """One among many that are not: what looks at a part of them alone misses it."""
    alone = torch.zeros_like(tensor)
    alone[int(draws.integers(tensor.numel(), 1))] = True
    return alone


def _one_false(tensor: torch.Tensor, draws: Draws) -> torch.Tensor:
    return ~_one_true(tensor, draws)


_OF_BOOLEANS: dict[str, Profile] = {
    "as_is": PROFILES["as_is"],
    "small": lambda tensor, _: torch.zeros_like(tensor),
    "large": lambda tensor, _: torch.ones_like(tensor),
    "zero_one": PROFILES["as_is"],
    "mixed": _one_true,
    "ties": _one_false,
    "limits": _one_true,
    "special": _one_false,
}
"""The same names: none are true, all (as many are counted as there can be), one, all but one, or those that were."""


def profile(tensor: torch.Tensor, name: str, draws: Draws) -> torch.Tensor:
    """The tensor with other values, lying in memory as it lay; complex numbers part by part."""
    if not tensor.numel() or tensor.layout != torch.strided:
        return tensor
    chosen = (_OF_BOOLEANS if tensor.dtype == torch.bool else PROFILES)[name]

    def change(memory: torch.Tensor) -> torch.Tensor:
        if memory.is_complex():
            return torch.view_as_complex(chosen(torch.view_as_real(memory).reshape(-1), draws).reshape(-1, 2))
        return chosen(memory, draws)

    changed = over_memory(tensor, change)
    if not is_sorted(tensor.detach()):
        return changed
    ordered = changed.detach().sort(dim=-1, stable=True).values
    return ordered.requires_grad_(tensor.requires_grad)


def apply(sample: Sample, names: Sequence[str], dtype: str, seed: tuple[int, ...], operator: str) -> Sample:
    """The same call with other values in the tensors of the dtype that is asked; indices and masks stay.

    Raises RecipeError for a wrong name or number of them.
    """
    tensors = sample.tensors
    each = list(names) * len(tensors) if len(names) == 1 else list(names)
    if len(each) != len(tensors):
        raise RecipeError(f"{len(names)} value profiles for {len(tensors)} tensors")
    for name in each:
        if name not in PROFILES:
            raise RecipeError(f"no value profile {name!r}; there are {', '.join(PROFILES)}")
    keeps = look_up(KEEPS_VALUES, operator) is not None

    def of_the_kind(tensor: torch.Tensor) -> bool:
        known = DTYPES.get(name_of(tensor.dtype))
        if known is None or keeps:
            return False
        return known.kind in ("float", "complex") or known.name == dtype

    return sample.with_tensors(
        [
            profile(tensor, name, Draws(*seed, index, 1)) if of_the_kind(tensor) else tensor
            for index, (tensor, name) in enumerate(zip(tensors, each, strict=True))
        ]
    )
