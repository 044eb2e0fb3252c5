"""How is an argument that is no tensor given otherwise?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_leaves

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.recipe import RecipeError, Value


def key(sample: Sample, name: str, position: int | None = None) -> str:
    """How a recipe names an argument: by its position where the sample gives it so, else by its keyword."""
    args, _ = sample.arguments()
    return str(position) if position is not None and position < len(args) else name


def given(sample: Sample, name: str, position: int | None = None) -> Any:
    """What the sample gives for an argument; None if it is left out."""
    args, kwargs = sample.arguments()
    where = key(sample, name, position)
    return args[int(where)] if where.isdigit() else kwargs.get(name)


def replace(sample: Sample, arguments: Iterable[tuple[str, Value]]) -> Sample:
    """The same call with some arguments given otherwise. Raises RecipeError where one is a tensor or not there."""
    positional, keywords = sample.arguments()
    args, kwargs = list(positional), dict(keywords)
    for name, given_value in arguments:
        value: Any = given_value
        if name.isdigit() and int(name) >= len(args):
            raise RecipeError(f"the sample has {len(args)} positional arguments; no {name}")
        if isinstance(value, str) and value in _DTYPES:
            value = _dtype(sample, value)
        before = args[int(name)] if name.isdigit() else kwargs.get(name)
        if any(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(before)):
            raise RecipeError(f"argument {name} is a tensor: sizes, values and layouts change it, not arguments")
        if name.isdigit():
            args[int(name)] = value
        else:
            kwargs[name] = value
    leaves, spec = tree_flatten((tuple(args), kwargs))
    return Sample(sample.call, tuple(leaves), spec, sample.process_output)


_DTYPES: dict[str, dict[str, str]] = {
    "narrower": {"int64": "uint8", "bool": "uint8", "float32": "bfloat16"},
    "wider": {"int64": "float32", "bool": "int32", "float16": "float32", "bfloat16": "float32"},
}
"""What ``dtype=`` may be for the dtype of the first tensor, by name; others keep theirs."""


def _dtype(sample: Sample, which: str) -> torch.dtype | None:
    own = name_of(sample.tensors[0].dtype) if sample.tensors else ""
    other = _DTYPES[which].get(own, own)
    return DTYPES[other].torch if other in DTYPES else None


def plain(sample: Sample) -> dict[str, Value]:
    """The arguments that a recipe can hold, by key: numbers, strings and sequences of them."""
    args, kwargs = sample.arguments()
    named = {**{str(index): value for index, value in enumerate(args)}, **kwargs}
    found: dict[str, Value] = {}
    for name, value in named.items():
        leaves = list(value) if isinstance(value, torch.Size) else tree_leaves(value)
        flat = not isinstance(value, dict) and all(isinstance(leaf, int | float | str) for leaf in leaves)
        if flat and leaves:
            found[name] = tuple(value) if isinstance(value, list | tuple) else value
    return found
