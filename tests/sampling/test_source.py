"""A recipe written as plain Python makes the same call with torch alone."""

import pytest
import torch

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling.observation import _outputs
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.source import source


def executed(recipe: Recipe) -> list[torch.Tensor]:
    scope = {"torch": torch}
    exec(source(recipe), scope)
    return _outputs(scope["run"](*scope["tensors"]))


@pytest.mark.parametrize(
    "operator", ["add", "cat", "nn.functional.conv2d", "std", "index_put", "where", "linalg.norm", "expand"]
)
def test_written_out_values_give_the_same_answer(operator):
    for index in range(min(6, len(samples(operator, "float32", 0)))):
        recipe = Recipe(operator, "float32", index)
        expected = _outputs(make(recipe).run())
        for got, wanted in zip(executed(recipe), expected, strict=True):
            torch.testing.assert_close(got, wanted, rtol=0, atol=0, equal_nan=True)


def test_a_call_that_cannot_be_written_out_is_made_again_by_op_db():
    recipe = Recipe("nn.functional.dropout", "float32", 2)
    assert "op_db" in source(recipe)
    torch.testing.assert_close(executed(recipe), _outputs(make(recipe).run()))


def test_every_operator_has_a_source():
    for operator in list(operators().values())[::9]:
        if operator.unchecked is None and "float32" in operator.dtypes:
            compile(source(Recipe(operator.id, "float32", 0)), operator.id, "exec")


GENERATED = [
    Recipe("addmm", "complex64", 0, 0, ((2, 3),), values=("special",), layouts=("conjugate", "negative", "sliced")),
    Recipe("addmm", "float32", 0, 0, ((2, 33),), layouts=("expanded", "negative", "offset")),
    Recipe("nn.functional.gelu", "bfloat16", 0, 0, layouts=("sliced",)),
    Recipe("nn.functional.dropout", "float32", 2, 0, ((5, 30),), layouts=("offset",)),
    Recipe("sum", "int64", 10, 0, leading=(2,), arguments=(("dim", (0, 1)),), values=("limits",)),
]


@pytest.mark.parametrize("recipe", GENERATED, ids=str)
def test_generated_tensors_lie_in_memory_as_they_were(recipe):
    scope = {"torch": torch}
    exec(source(recipe), scope)
    for got, wanted in zip(scope["tensors"], make(recipe).tensors, strict=True):
        assert (got.stride(), got.storage_offset(), got.dtype) == (
            wanted.stride(),
            wanted.storage_offset(),
            wanted.dtype,
        )
        assert (got.is_conj(), got.is_neg(), got.requires_grad) == (
            wanted.is_conj(),
            wanted.is_neg(),
            wanted.requires_grad,
        )
        torch.testing.assert_close(got, wanted, rtol=0, atol=0, equal_nan=True)
    expected = _outputs(make(recipe).run())
    torch.testing.assert_close(_outputs(scope["run"](*scope["tensors"])), expected, rtol=0, atol=0, equal_nan=True)
