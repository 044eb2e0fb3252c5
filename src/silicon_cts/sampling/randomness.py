"""What must random numbers be, whichever generator they come from?

Reproducible under a seed and from a saved state, others under another seed and in the next call, within their range,
and distributed as the CPU's own. Every test is one of ranks among the CPU's numbers, compared by the spread from call
to call: neither heavy tails nor elements that hang together (the channels of ``dropout2d``) raise a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves

from silicon_cts.sampling.call import Sample, is_floating
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import copy, make, seeded

CALLS = 64
"""Calls one after the other, from which the distribution is read."""
_AGAIN = 4
"""Calls that are repeated."""
_MOST = 512
"""Elements looked at in each call, evenly spread."""
SIGMAS = 8.0
"""Standard errors between the mean of a backend and of the CPU. Ranks lie in [0, 1] and each mean is over CALLS
independent calls: by Student's t with 126 degrees of freedom, 8 happen by chance less than once in 10^12."""
_ROUNDINGS = 16.0
"""A number so many roundings from one of the CPU's is that one: ``x / (1 - p)`` may be rounded otherwise."""
_GAPS = 20.0
"""Mean distances between neighbours by which uniform numbers may leave the range of the CPU's: exp(-20) by chance."""

APPROXIMATES: dict[str, str] = {
    "svd_lowrank": "approximates what does not depend on the numbers drawn",
    "pca_lowrank": "approximates what does not depend on the numbers drawn",
}
"""Operators of which the answer says nothing about the numbers."""
_UNIFORM = ("uniform", "randint*", "bernoulli")
"""Operators whose numbers are spread evenly over a range."""

SAME_SEED = "the same seed gives other numbers"
OTHER_SEED = "another seed gives the same numbers"
RESTORED = "a restored generator state gives other numbers"
CONSTANT = "calls one after the other give the same numbers"
HANDED_OVER = "a generator that is handed over, with the same seed, gives other numbers"
REPEATED = "the numbers of a call repeat"
_SELDOM, _OFTEN = 0.01, 0.1
"""Share of the numbers of a call that were drawn in it before: on the CPU, where each should be new, and at most."""


@contextmanager
def unseeded(call: Callable[..., Any]) -> Iterator[None]:
    """op_db seeds the calls of random operators; here they draw from the generator as it is."""
    names: dict[str, Any] = getattr(call, "__globals__", {})
    wrapper = names.get("wrapper_set_seed")
    if wrapper is not None:
        names["wrapper_set_seed"] = lambda operator, *args, **kwargs: operator(*args, **kwargs)
    try:
        yield
    finally:
        if wrapper is not None:
            names["wrapper_set_seed"] = wrapper


def draws_random_numbers(sample: Sample) -> bool:
    """Whether this very call takes numbers from the CPU's generator (dropout with p = 0 does not)."""

    class Watch(TorchDispatchMode):
        drew: bool = False

        def __torch_dispatch__(self, func: Any, types: Any, args: Iterable[Any] = (), kwargs: Any = None) -> Any:
            before = torch.default_generator.get_state()
            result = func(*args, **(kwargs or {}))
            self.drew = self.drew or not torch.equal(before, torch.default_generator.get_state())
            return result

    with Watch() as watch, torch.no_grad():  # type: ignore[no-untyped-call]
        sample.run()
    return bool(watch.drew)


def mistakes(recipe: Recipe, sample: Sample, around: AbstractContextManager[Any]) -> tuple[str, ...]:
    """What is wrong with the numbers of a call that is made where the sample's tensors lie."""
    device = next((tensor.device for tensor in sample.tensors), torch.device("cpu"))
    device = next((leaf for leaf in sample.leaves if isinstance(leaf, torch.device)), device)
    generator: Any = torch.random if device.type == "cpu" else torch.get_device_module(device)
    with seeded(recipe.seed), unseeded(sample.call):
        before = generator.get_rng_state()
        try:
            numbers = _series(sample, around, 1, CALLS)
            found = [
                (SAME_SEED, not _equal(_series(sample, around, 1, _AGAIN), numbers)),
                (OTHER_SEED, _equal(_series(sample, around, 2, _AGAIN), numbers)),
                (CONSTANT, len(numbers) > 1 and bool((numbers == numbers[:1]).all())),
                (RESTORED, not _restores(sample, around, generator)),
                (HANDED_OVER, _takes_generator(recipe) and not _is_reproduced(sample, around, device)),
            ]
        finally:
            generator.set_rng_state(before)
    said = [text for text, holds in found if holds]
    if not said and recipe.operator not in APPROXIMATES:
        said += _differences(recipe.operator, numbers, _of_cpu(recipe))
    return tuple(said)


def _series(sample: Sample, around: AbstractContextManager[Any], seed: int | None, calls: int) -> torch.Tensor:
    """The numbers of calls one after the other, float64 on the CPU: (calls, elements)."""
    if seed is not None:
        torch.manual_seed(seed)
    rows = []
    for _ in range(calls):
        copied = copy(sample)
        with torch.no_grad(), around:
            result = copied.run()
        rows.append(_numbers(result))
    fewest = min(map(len, rows))
    return torch.stack([row[:fewest] for row in rows])


def _numbers(result: Any) -> torch.Tensor:
    parts = []
    for leaf in tree_leaves(result):
        if isinstance(leaf, torch.Tensor):
            flat = leaf.detach().cpu().resolve_conj().resolve_neg()
            flat = torch.view_as_real(flat) if flat.is_complex() else flat
            flat = flat.reshape(-1)
            some = torch.linspace(0, len(flat) - 1, min(len(flat), _MOST)).round().to(torch.int64)
            parts.append(flat[some].to(torch.float64))
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.float64)


def _equal(few: torch.Tensor, many: torch.Tensor) -> bool:
    return torch.equal(few.nan_to_num(), many[: len(few), : few.shape[1]].nan_to_num())


def _restores(sample: Sample, around: AbstractContextManager[Any], generator: Any) -> bool:
    """Whether calls after the state was put back repeat those after it was saved, between other calls."""
    torch.manual_seed(3)
    _series(sample, around, None, 1)
    state = generator.get_rng_state()
    first = _series(sample, around, None, _AGAIN)
    generator.set_rng_state(state)
    return _equal(_series(sample, around, None, _AGAIN), first)


def _with_generator(sample: Sample, device: torch.device, seed: int) -> Sample:
    """The same call with a generator of its own."""
    args, kwargs = sample.arguments()
    leaves, spec = tree_flatten((args, {**kwargs, "generator": torch.Generator(device).manual_seed(seed)}))
    return replace(sample, leaves=tuple(leaves), spec=spec)


@lru_cache(maxsize=32)
def _takes_generator(recipe: Recipe) -> bool:
    """Whether the CPU lets a generator be handed over."""
    sample = make(recipe)
    try:
        with unseeded(sample.call), torch.no_grad():
            _with_generator(sample, torch.device("cpu"), 1).run()
    except (TypeError, RuntimeError):  # an unexpected keyword, said by Python or by ATen
        return False
    return True


def _is_reproduced(sample: Sample, around: AbstractContextManager[Any], device: torch.device) -> bool:
    """Whether two generators of the same seed give the same numbers, whatever the seed of all others."""
    rows = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        with torch.no_grad(), around:
            rows.append(_numbers(_with_generator(copy(sample), device, 5).run()))
    return torch.equal(rows[0].nan_to_num(), rows[1].nan_to_num())


@lru_cache(maxsize=32)
def _of_cpu(recipe: Recipe) -> tuple[torch.Tensor, float]:
    """As many calls on the CPU, from another seed, and the unit roundoff of the answer."""
    sample = make(recipe)
    with seeded(recipe.seed), unseeded(sample.call), torch.no_grad():
        answers = [leaf for leaf in tree_leaves(copy(sample).run()) if isinstance(leaf, torch.Tensor)]
        roundoff = max((torch.finfo(one.dtype).eps / 2 for one in answers if is_floating(one)), default=0.0)
        return _series(sample, nullcontext(), 4, CALLS), roundoff


def _differences(operator: str, numbers: torch.Tensor, of_cpu: tuple[torch.Tensor, float]) -> Iterator[str]:
    theirs, roundoff = of_cpu
    count = min(numbers.shape[1], theirs.shape[1])
    if not count:
        return
    ours, theirs = numbers[:, :count].nan_to_num(), theirs[:, :count].nan_to_num()
    if any(fnmatchcase(operator, glob) for glob in _UNIFORM) and (said := _outside(ours, theirs)):
        yield said
    again, of_theirs = _repeated(ours), _repeated(theirs)
    if of_theirs < _SELDOM and again > _OFTEN:
        yield f"{REPEATED}: {again:.0%} of them were drawn before, of the CPU's {of_theirs:.0%}"
    pool = theirs.reshape(-1).sort().values
    ranks = [_ranks(_snapped(one, pool, roundoff), pool) for one in (ours, theirs)]
    center = ranks[1].mean(dim=0)
    for what, statistic in _STATISTICS.items():
        one, other = (statistic(rank, center) for rank in ranks)
        if len(one) < 2 or not one.numel():
            continue
        distance = (one.mean(dim=0) - other.mean(dim=0)).abs()
        error = ((one.var(dim=0) + other.var(dim=0)) / len(one)).sqrt()
        if bool((distance > SIGMAS * error + 1e-3).any()):
            worst = int((distance - SIGMAS * error).argmax())
            yield (
                f"the numbers are distributed otherwise than the CPU's: {what} is {_at(one, worst):.4g}, "
                f"of the CPU's {_at(other, worst):.4g}, in {CALLS} calls"
            )
            return


def _at(values: torch.Tensor, index: int) -> float:
    return float(values.mean(dim=0).reshape(-1)[index])


def _repeated(numbers: torch.Tensor) -> float:
    """Which share of the numbers of a call was drawn in it before."""
    ordered = numbers.sort(dim=1).values
    return float((ordered.diff(dim=1) == 0).sum() / numbers.numel())


def _outside(ours: torch.Tensor, theirs: torch.Tensor) -> str:
    low, high = float(theirs.min()), float(theirs.max())
    room = (high - low) * _GAPS / theirs.numel()
    least, most = float(ours.min()), float(ours.max())
    return f"numbers from {least:g} to {most:g}, of the CPU's from {low:g} to {high:g}" * (
        least < low - room or most > high + room
    )


def _snapped(numbers: torch.Tensor, pool: torch.Tensor, roundoff: float) -> torch.Tensor:
    """Each number that is one of the CPU's but for roundings, as that one."""
    after = torch.searchsorted(pool, numbers.contiguous()).clamp(max=len(pool) - 1)
    nearest = torch.stack([pool[(after - 1).clamp(min=0)], pool[after]])
    chosen = nearest.gather(0, (nearest - numbers).abs().argmin(dim=0, keepdim=True))[0]
    return torch.where((chosen - numbers).abs() <= _ROUNDINGS * roundoff * numbers.abs(), chosen, numbers)


def _ranks(numbers: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
    """In [0, 1]: which part of the pool is smaller, equal ones counted by half."""
    left, right = (torch.searchsorted(pool, numbers.contiguous(), right=side) for side in (False, True))
    return (left + right).to(torch.float64) / (2 * len(pool))


_STATISTICS: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "the mean rank": lambda rank, _: rank.mean(dim=1),
    "the mean rank of one element": lambda rank, _: rank,
    "the spread of ranks": lambda rank, _: (rank - 0.5).square().mean(dim=1),
    "the spread of the mean rank of a call": lambda rank, _: (rank.mean(dim=1) - rank.mean()).square(),
    "the correlation of neighbours": lambda rank, center: _products(rank - center, rank.roll(1, 1) - center.roll(1)),
    "the correlation of calls": lambda rank, center: _products((rank - center)[::2], (rank - center)[1::2]),
}
"""One value a call, or one for each element of a call; independent from call to call."""


def _products(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return (one * other).mean(dim=1)
