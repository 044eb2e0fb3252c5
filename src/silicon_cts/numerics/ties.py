"""How are indices judged where several elements are equal, so that any of them may be named?

By what they point at: the elements that the indices of an answer name must be the values that they stand for, and where
each element may be named once only, they must be distinct. A row says which of an operator's answers are indices, as a
function from a call's arguments and outputs to outputs that no choice can change; those are compared bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.numerics.exact import equal, first
from silicon_cts.numerics.grades import Comparison, disagreement
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.observation import OBSERVE, Observation, Observed, Setting, calls
from silicon_cts.sampling.sample import Sample

Unique = Callable[["Arguments", list[torch.Tensor]], dict[str, torch.Tensor]]
"""From the arguments and the outputs of a call to what is unique in them, by name."""


class Arguments:
    """The arguments of a call by name, whether they were given by position or by keyword."""

    def __init__(self, sample: Sample, names: tuple[str, ...]) -> None:
        args, kwargs = sample.arguments()
        self._given: Mapping[str, Any] = {**dict(zip(names, args, strict=False)), **kwargs}
        first_of_all = args[0]
        self.input: torch.Tensor = first_of_all.detach().resolve_conj().resolve_neg()

    def get(self, name: str, default: Any) -> Any:
        """What was given, or the default."""
        return self._given.get(name, default)


@dataclass(frozen=True)
class Ties:
    """One row: for which operators, why, and what of their answer is unique."""

    operators: tuple[str, ...]
    reason: str
    arguments: tuple[str, ...]
    """Names of the positional arguments, the input first."""
    unique: Unique

    def check(self, observed: Observed, oracle: Oracle) -> Comparison:
        """Compare what is unique in each call with the CPU's, bit for bit.

        Elements that differ in what was given may be equal at the precision of a program of less: its answer is held
        against the CPU's to the rounded inputs, too.
        """
        found = self._check(observed, oracle, oracle.observation, lambda leaf: leaf)
        if found.agrees or not oracle.precision:
            return found
        precision = DTYPES[oracle.precision].torch

        def rounded(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor) and leaf.is_floating_point():
                return over_memory(leaf.detach(), lambda memory: memory.to(precision).to(memory.dtype))
            return leaf

        to_rounded = OBSERVE[oracle.task.aspect](oracle.task.recipe, Setting(lambda sample: sample.replace(rounded)))
        again = self._check([rounded(one) for one in observed], oracle, to_rounded, rounded)
        return again if again.agrees else found

    def _check(self, observed: Observed, oracle: Oracle, right: Observation, given: Callable[[Any], Any]) -> Comparison:
        """Hold each call against the CPU's, ``right``, to the arguments as ``given`` makes them."""
        samples = calls(oracle.task.recipe, oracle.task.aspect)
        counts = right.calls or (len(observed),)
        begin = 0
        for sample, count in zip(samples, counts, strict=True):
            arguments, share = Arguments(sample.replace(given), self.arguments), slice(begin, begin + count)
            found = self._compare(arguments, observed[share], right.tensors[share], oracle.label(begin), begin)
            if not found.agrees:
                return found
            begin += count
        return Comparison("exact")

    def _compare(self, arguments: Arguments, observed: Observed, right: Observed, label: str, begin: int) -> Comparison:
        mine = [one for one in observed if one is not None]
        cpus = [one for one in right if one is not None]
        mine = [one.to(cpu.dtype) for one, cpu in zip(mine, cpus, strict=True)]  # narrowed, as the backend declares
        try:
            wanted = self.unique(arguments, cpus)
        except (RuntimeError, IndexError):  # a window of padding alone: the CPU's own index is of nothing
            if bool(equal(mine[0], cpus[0]).all()):
                return Comparison("exact")
            return disagreement(f"{label}: not the CPU's values", begin)
        try:
            found = self.unique(arguments, mine)
        except (RuntimeError, IndexError) as error:
            return disagreement(f"{label}: indices beyond the input: {error}", begin)
        for name, expected in wanted.items():
            allowed = equal(found[name], expected)
            if not bool(allowed.all()):
                where = first(~allowed)
                got, should = found[name][where].item(), expected[where].item()
                return disagreement(f"{label}: {name}{list(where)}={got}, but should be {should}", begin)
        return Comparison("exact")


def _dim(arguments: Arguments, default: int = -1) -> int:
    """The dimension, counted from the front; 0 for a 0-dim tensor."""
    rank = max(arguments.input.dim(), 1)
    return int(arguments.get("dim", default)) % rank


def _at(arguments: Arguments, indices: torch.Tensor) -> torch.Tensor:
    """What the indices along ``dim`` point at. Raises RuntimeError for one beyond the input."""
    dim, tensor = _dim(arguments), arguments.input
    kept = indices if indices.dim() == tensor.dim() else indices.unsqueeze(dim)
    if not kept.numel():
        return kept.to(tensor.dtype)
    if tensor.dim() == 0:
        return tensor.reshape(1)[kept.reshape(-1)].reshape(kept.shape)
    return tensor.gather(dim, kept)


def _distinct(indices: torch.Tensor, dim: int) -> torch.Tensor:
    """Whether the indices along ``dim`` are distinct."""
    ordered = indices.reshape(1).sort().values if indices.dim() == 0 else indices.sort(dim=dim).values
    return (ordered.diff(dim=0 if indices.dim() == 0 else dim) != 0).all()


def _sorted(arguments: Arguments, outputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    if arguments.get("stable", False):
        return {f"output {index}": output for index, output in enumerate(outputs)}
    indices = outputs[-1]
    unique = {"the element at its index": _at(arguments, indices), "distinct": _distinct(indices, _dim(arguments))}
    return unique if len(outputs) == 1 else {"value": outputs[0], **unique}


def _topk(arguments: Arguments, outputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    values, indices = outputs
    at, dim = _at(arguments, indices), _dim(arguments)
    unique = {"the element at its index equals the value": equal(at, values), "distinct": _distinct(indices, dim)}
    if arguments.get("sorted", True) or values.dim() == 0:
        return {"value": values, **unique}
    return {"value, sorted": values.sort(dim=dim).values, **unique}


def _one_of(arguments: Arguments, outputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Values and indices; over all elements there is a value alone."""
    if len(outputs) == 1:
        return {"value": outputs[0]}
    return {"value": outputs[0], "the element at its index": _at(arguments, outputs[1]).reshape(outputs[0].shape)}


def _running(arguments: Arguments, outputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    values, indices = outputs
    if indices.dim() == 0:
        return {"value": values, "index": indices}
    dim = _dim(arguments)
    steps = torch.arange(indices.shape[dim]).reshape(-1, *[1] * (indices.dim() - 1 - dim))
    return {"value": values, "the element at its index": _at(arguments, indices), "behind": indices > steps}


def _mode(arguments: Arguments, outputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """How often the value is there; which of several that are there as often is not said."""
    values, indices = outputs
    dim, tensor = _dim(arguments), arguments.input
    if tensor.dim() == 0 or not values.numel():
        return {"value": values, "index": indices}
    kept = values if values.dim() == tensor.dim() else values.unsqueeze(dim)
    count = equal(tensor, kept.expand_as(tensor)).sum(dim)
    at = _at(arguments, indices).reshape(kept.shape)
    return {"how often the value is there": count, "the element at its index equals the value": equal(at, kept)}


def _windows(spatial: int) -> Unique:
    """Indices into the image of a channel of so many dimensions, flattened."""

    def unique(arguments: Arguments, outputs: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        if len(outputs) == 1 or not outputs[0].numel():
            return {"value": outputs[0]}
        values, indices = outputs
        at = arguments.input.flatten(-spatial).gather(-1, indices.flatten(-spatial)).reshape(values.shape)
        return {"value": values, "the element at its index": at}

    return unique


_POOLED = ("input",)
ROWS: tuple[Ties, ...] = (
    Ties(
        ("sort", "argsort"),
        "an unstable sort names equal elements in any order",
        ("input", "dim", "descending", "stable"),
        _sorted,
    ),
    Ties(("topk",), "any of several equal elements is taken", ("input", "k", "dim", "largest", "sorted"), _topk),
    Ties(("kthvalue",), "any of several equal elements is named", ("input", "k", "dim", "keepdim"), _one_of),
    Ties(("median", "nanmedian"), "any of several equal elements is named", ("input", "dim", "keepdim"), _one_of),
    Ties(("mode",), "any of the most frequent values is taken", ("input", "dim", "keepdim"), _mode),
    Ties(("cummax", "cummin"), "any of several equal elements is named", ("input", "dim"), _running),
    *(
        Ties(
            (f"nn.functional.*max_pool{spatial}d",),
            "any of several equal elements is named",
            _POOLED,
            _windows(spatial),
        )
        for spatial in (1, 2, 3)
    ),
)
"""``max``, ``min``, ``argmax`` and ``argmin`` are not here: their first of several equal elements is documented."""
