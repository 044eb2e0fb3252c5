"""How is what an aspect asks written as plain Python that needs torch alone?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_unflatten

from silicon_cts.catalog.models.calls import task_of
from silicon_cts.catalog.operators import op_info
from silicon_cts.sampling import literals, observation
from silicon_cts.sampling.call import is_device
from silicon_cts.sampling.forms import INPLACE, WRONG
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample, errors, samples


def source(recipe: Recipe, aspect: str = "forward") -> str:
    """Python text that defines ``tensors`` (on the CPU) and ``run(*tensors)``, the call of the recipe.

    Of ``repeat`` it is all calls one after the other, each with tensors of its own. For a gradient it also defines
    ``cotangents``, and ``process`` where op_db takes the gradient of something else than the answer itself. Raises what
    the CPU raises where it cannot answer, without which there are no cotangents. The catalog makes models and modules.
    """
    if task_of(recipe.operator) is not None:
        return _OF_CATALOG.format(recipe=recipe.to_json())
    asked = observation.calls(recipe, aspect)
    tensors = {"tensors": [tensor for sample in asked for tensor in sample.tensors]}
    answer, processed = None, None
    if aspect == "gradient":
        answer = asked[0].run()
        processed = asked[0].process_output(answer)
        tensors["cotangents"] = observation.cotangents(recipe, observation.differentiable(processed))
    names = (f"t{index}" for index in count())
    calls = [_call(recipe, sample, names) for sample in asked]
    of_op_db = _of_op_db(recipe, calls, processes=processed is not answer)
    device = f'\n{_DEVICE} = torch.device("cpu")\n' if any(_DEVICE in call for call in calls) else ""
    given = ", ".join(f"t{index}" for index in range(len(tensors["tensors"])))
    return f"{literals.lists(**tensors)}{of_op_db}{device}\n\ndef run({given}):\n{_body(calls)}"


def _body(calls: Sequence[str]) -> str:
    if len(calls) == 1:
        return f"    return {calls[0]}\n"
    text = "".join(f"        {call},\n" for call in calls)
    return (
        f'    """The call; others of the same operator; and the first call once more."""\n    return [\n{text}    ]\n'
    )


def _call(recipe: Recipe, sample: Sample, names: Iterator[str]) -> str:
    """The call as an expression in which the tensors are the next names."""
    called = _public_name(recipe.operator, sample.call)
    called = called or ("op.inplace_variant" if recipe.form == INPLACE else "op.op")
    odd = iter([index for index, leaf in enumerate(_in_op_db(recipe).leaves) if not _is_plain(leaf)])

    def text(leaf: Any) -> _Name:
        if isinstance(leaf, torch.Tensor):
            return _Name(next(names))
        if is_device(leaf):
            return _Name(_DEVICE)
        if not _is_plain(leaf):
            return _Name(f"leaves[{next(odd)}]")
        return _Name(literals.number(leaf.item() if isinstance(leaf, np.generic) else leaf))

    args, kwargs = tree_unflatten([text(leaf) for leaf in sample.leaves], sample.spec)
    return f"{called}({', '.join([*map(repr, args), *(f'{name}={value!r}' for name, value in kwargs.items())])})"


def _public_name(operator: str, call: Callable[..., Any]) -> str | None:
    """``torch.nn.functional.gelu`` if that is the very function called; None for op_db's own lambdas."""
    name = op_info(operator).name
    for candidate in (f"torch.{name}", f"torch.Tensor.{name}", f"torch.{name}_", f"torch.Tensor.{name}_"):
        try:
            if attrgetter(candidate.removeprefix("torch."))(torch) is call:
                return candidate
        except AttributeError:
            continue
    return None


class _Name:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


_PLAIN = (int, float, complex, str, bool, type(None), slice, torch.dtype, torch.layout, torch.memory_format, type(...))
_DEVICE = "device"
"""Name of a variable of the script, so that it can ask for another device."""


def _is_plain(leaf: Any) -> bool:
    """Whether an argument can be written out; a distance function cannot."""
    return isinstance(leaf, (*_PLAIN, torch.Tensor, torch.device))


def _in_op_db(recipe: Recipe) -> Sample:
    made = errors(recipe.operator, recipe.seed) if recipe.form == WRONG else None
    return (made or samples(recipe.operator, recipe.dtype, recipe.seed))[recipe.sample]


def _of_op_db(recipe: Recipe, calls: Sequence[str], *, processes: bool) -> str:
    """What is no function of torch, or no plain value, is what op_db makes; empty where there is none."""
    leaves = any("leaves[" in call for call in calls)
    if not (leaves or processes or any(call.startswith("op.") for call in calls)):
        return ""
    text = _OP.format(operator=recipe.operator)
    if leaves or processes:
        made = _ERRORS if recipe.form == WRONG else _SAMPLES
        text += _SAMPLE.format(seed=recipe.seed, made=made.format(dtype=recipe.dtype), index=recipe.sample)
    text += _LEAVES if leaves else ""
    return text + ("process = sample.output_process_fn_grad\n" if processes else "")


_OF_CATALOG = """from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make

recipe = Recipe.from_json({recipe!r})
sample = make(recipe)  # the catalog's: weights, batches and cotangents are the same bits everywhere
tensors = sample.tensors


def run(*tensors):
    return sample.with_tensors(tensors).run()
"""
_OP = """
from torch.testing._internal.common_methods_invocations import op_db

op = next(op for op in op_db if op.full_name == {operator!r})
"""
_SAMPLE = """
import random

import numpy

random.seed({seed})
numpy.random.seed({seed})
torch.manual_seed({seed})
made = {made}
sample = list(made)[{index}]
"""
_SAMPLES = (
    'op.sample_inputs_func(op, "cpu", torch.{dtype}, '
    'op.supports_autograd and torch.{dtype} in op.supported_backward_dtypes("cpu"))'
)
_ERRORS = '[wrong.sample_input for wrong in op.error_inputs("cpu")]'
_LEAVES = """
from torch.utils._pytree import tree_leaves

leaves = tree_leaves(((sample.input, *sample.args), sample.kwargs))
"""
