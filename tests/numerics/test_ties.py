"""Indices of equal elements: another right choice agrees, a wrong one does not, in every aspect."""

from dataclasses import replace

import pytest
import torch

from silicon_cts.backends.outcome import Task, result
from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.oracle import oracle
from silicon_cts.numerics.verdict import judge
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples

TIES = ("ties",)


def recipe(operator: str, wanted, dtype: str = "float32", **fields) -> Recipe:
    """The first sample that is wanted, with ties in it."""
    for index in range(len(samples(operator, dtype, 0))):
        found = replace(Recipe(operator, dtype, index, values=TIES), **fields)
        args, kwargs = make(found).arguments()
        if wanted(args, kwargs) and args[0].numel() > 8:
            return found
    raise AssertionError(f"no such sample of {operator}")


def verdict(asked: Recipe, outputs, aspect: str = "forward"):
    outcome = result(list(outputs))
    return judge(Task(asked, aspect), outcome, operators()[asked.operator], Capability((asked.dtype,)))


def answer(asked: Recipe, aspect: str = "forward") -> list[torch.Tensor]:
    return [one.clone() for one in OBSERVE[aspect](asked, Setting()).tensors]


def last_of_equal(tensor: torch.Tensor, dim: int, values: torch.Tensor) -> torch.Tensor:
    """The last index along ``dim`` at which each value is found, for values kept in their dimension."""
    steps = torch.arange(tensor.shape[dim]).reshape(-1, *[1] * (tensor.dim() - 1 - dim % tensor.dim()))
    return torch.where(tensor == values, steps, -1).amax(dim, keepdim=True)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64"])
def test_a_sort_may_name_equal_elements_in_another_order(dtype):
    asked = recipe(
        "sort", lambda args, kwargs: not kwargs.get("stable") and len(args) == 1 and args[0].dim() > 1, dtype
    )
    args, kwargs = make(asked).arguments()
    dim, down = kwargs.get("dim", -1), kwargs.get("descending", False)
    flipped = args[0].detach().flip(dim)
    values, places = torch.sort(flipped, dim=dim, descending=down, stable=True)
    other = args[0].shape[dim] - 1 - places
    mine = answer(asked)
    assert not torch.equal(other, mine[1])  # there are ties
    assert verdict(asked, mine).verdict == "agrees"
    assert verdict(asked, [values, other]).verdict == "agrees"
    assert verdict(asked, [values, torch.zeros_like(other)]).verdict == "disagrees"
    assert verdict(asked, [values, other + 1]).verdict == "disagrees"
    repeated = torch.where(values == values.narrow(dim, 0, 1), other.narrow(dim, 0, 1), other)
    assert "distinct" in verdict(asked, [values, repeated]).reason


def test_a_stable_sort_has_one_order():
    asked = recipe("sort", lambda args, kwargs: kwargs.get("stable") and kwargs.get("dim", -1) in (-1, 1))
    values, places = answer(asked)
    swapped = places.clone()
    equal = (values.diff(dim=-1) == 0).nonzero()[0]
    first = tuple(equal.tolist())
    second = (*first[:-1], first[-1] + 1)
    swapped[first], swapped[second] = places[second], places[first]
    assert verdict(asked, [values, places]).verdict == "agrees"
    assert verdict(asked, [values, swapped]).verdict == "disagrees"


@pytest.mark.parametrize("operator", ["kthvalue", "median", "nanmedian"])
def test_any_of_equal_elements(operator):
    asked = recipe(operator, lambda args, kwargs: len(args) > 1 or "dim" in kwargs)
    args, kwargs = make(asked).arguments()
    values, places = answer(asked)
    names = ("k", "dim", "keepdim") if operator == "kthvalue" else ("dim", "keepdim")
    given = {**dict(zip(names, args[1:], strict=False)), **kwargs}
    dim, keep = given.get("dim", -1), given.get("keepdim", False)
    tensor, kept = args[0].detach(), values if keep else values.unsqueeze(dim)
    other = last_of_equal(tensor, dim, kept).reshape(places.shape)
    assert verdict(asked, [values, places]).verdict == "agrees"
    assert verdict(asked, [values, other]).verdict == "agrees"
    wrong = torch.where(
        tensor == kept, -1, torch.arange(tensor.shape[dim]).reshape(-1, *[1] * (tensor.dim() - 1 - dim % tensor.dim()))
    )
    wrong = wrong.amax(dim, keepdim=True).clamp(min=0).reshape(places.shape)
    assert not torch.equal(wrong, other)
    assert verdict(asked, [values, wrong]).verdict == "disagrees"


def test_any_of_the_most_frequent_values():
    asked = Recipe("mode", "float32", 0)
    tensor = make(asked).tensors[0].detach()
    args, kwargs = make(asked).arguments()
    dim = (args[1] if len(args) > 1 else kwargs.get("dim", -1)) if tensor.dim() else -1
    values, places = answer(asked)
    kept = tensor.narrow(dim, 0, 1)  # all values are there once: any is a mode
    assert verdict(asked, [values, places]).verdict == "agrees"
    shaped = kept.reshape(values.shape)
    assert verdict(asked, [shaped, torch.zeros_like(places)]).verdict == "agrees"
    assert verdict(asked, [shaped + 1, torch.zeros_like(places)]).verdict == "disagrees"


def test_a_running_maximum_does_not_look_ahead():
    asked = recipe("cummax", lambda args, kwargs: args[1] == 0)
    values, places = answer(asked)
    assert verdict(asked, [values, places]).verdict == "agrees"
    ahead = places.clone()
    tensor = make(asked).tensors[0].detach()
    later = (tensor[1:] == values[:-1]).nonzero()
    assert len(later)
    row, *column = later[0].tolist()
    ahead[(row, *column)] = row + 1
    assert verdict(asked, [values, ahead]).verdict == "disagrees"


def test_a_pooled_maximum_at_any_of_equal_elements():
    asked = recipe(
        "nn.functional.max_pool2d", lambda args, kwargs: kwargs.get("return_indices") and args[0].shape[-1] > 2
    )
    values, places = answer(asked)
    assert verdict(asked, [values, places]).verdict == "agrees"
    assert verdict(asked, [values, (places + 1) % 2]).verdict == "disagrees"
    assert "beyond the input" in verdict(asked, [values, places + 10**6]).reason


@pytest.mark.parametrize("aspect", ["layout", "out", "special_values", "repeat"])
def test_in_every_aspect(aspect):
    fields = {"form": "out", "destination": "sliced"} if aspect == "out" else {}
    asked = recipe("topk", lambda args, kwargs: args[0].dim() > 1, **fields)
    mine = answer(asked, aspect)
    assert verdict(asked, mine, aspect).verdict == "agrees"
    wrong = [one.clone() for one in mine]
    wrong[-1] = (wrong[-1] + 1) % 3
    found = verdict(asked, wrong, aspect)
    assert found.verdict == "disagrees"
    assert ("call " in found.reason) == (aspect == "repeat")


def test_nan_comes_last_wherever_it_stands():
    asked = recipe("sort", lambda args, kwargs: not kwargs.get("stable") and args[0].dim() > 1)
    asked = replace(asked, values=("special",))
    assert make(asked).tensors[0].isnan().any()
    values, places = answer(asked)
    assert verdict(asked, [values, places]).verdict == "agrees"
    without = [values.nan_to_num(0.0), places]
    assert verdict(asked, without).verdict == "disagrees"


def test_each_call_of_several_has_a_label():
    asked = Recipe("sort", "float32", 0)
    observation = oracle(Task(asked, "repeat")).observation
    assert len(observation.calls) > 2
    assert observation.label(0) == "call 0, output 0"
    assert observation.label(observation.calls[0]) == "call 1, output 0"
    assert oracle(Task(asked, "forward")).observation.label(1) == "output 1"


@pytest.mark.parametrize(
    ("operator", "sample"), [("topk", 0), ("mode", 0), ("sort", 0), ("kthvalue", 0), ("cummax", 0)]
)
def test_what_a_program_of_less_precision_cannot_tell_apart_is_equal(operator, sample):
    asked = Recipe(operator, "float32", sample)
    task = Task(asked, "forward", precision="float16")
    rounded = make(asked).replace(lambda leaf: leaf.detach().half().float() if isinstance(leaf, torch.Tensor) else leaf)
    values, places = rounded.run()

    def judged(*outputs):
        return judge(task, result(list(outputs)), operators()[operator], Capability((asked.dtype,))).verdict

    assert not torch.equal(values, answer(asked)[0])
    assert judged(values, places) == "agrees"
    assert judged(*answer(asked)) == "agrees"  # a program that does not round is right, too
    assert judged(values + 2**-7 * values.abs(), places) == "disagrees"
    assert judged(values, (places + 1) % places.max().clamp(min=2)) == "disagrees"


def test_a_window_of_padding_alone_has_no_element_that_an_index_names():
    """With ceil_mode the CPU answers for one, with an index beyond the image."""
    asked = Recipe(
        "nn.functional.max_pool2d", "float32", 1048, sizes=((2, 4), (6, 1)), apart=("single", 0, -1),
        arguments=(("ceil_mode", True), ("padding", 1)),
    )  # fmt: skip
    right = answer(asked)
    assert verdict(asked, right).verdict == "agrees"
    assert verdict(asked, [right[0] + 1, *right[1:]]).verdict == "disagrees"
