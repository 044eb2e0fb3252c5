"""One tensor or number of a call becomes another: what the CPU takes broadcasts, what it refuses is a mistake."""

import pytest
import torch

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling import apart
from silicon_cts.sampling.plan import Question, generated
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.sample import make
from silicon_cts.sampling.validity import is_wrong, valid


def shapes(*change, operator="mul", sample=1):
    return [tuple(tensor.shape) for tensor in make(Recipe(operator, "float32", sample, apart=change)).tensors]


def test_a_tensor_changes_apart_from_the_others():
    before = shapes()
    assert shapes("single", 0, 0)[0] == (1, *before[0][1:]) and shapes("single", 0, 0)[1] == before[1]
    assert shapes("flatter", 0, 0)[0] == before[0][1:]
    assert shapes("deeper", 0, 0)[0] == (2, *before[0])
    assert shapes("longer", 0, -1)[0] == (*before[0][:-1], before[0][-1] + 1)
    assert shapes("empty", 0, -1)[0] == (*before[0][:-1], 0)


def test_numbers_stand_for_tensors():
    plain = make(Recipe("clamp", "float32", 0))
    sample = make(Recipe("clamp", "float32", 0, apart=("numbers", 0, 0)))
    assert len(sample.tensors) == 1 and len(plain.tensors) == 3
    first = [tensor.reshape(-1)[0].item() for tensor in plain.tensors[1:]]
    assert [leaf for leaf in sample.leaves if type(leaf) is float] == first
    assert valid(Recipe("clamp", "float32", 0, apart=("numbers", 0, 0)))


def test_a_singular_matrix_and_an_index_behind_the_end_are_mistakes():
    assert is_wrong(Recipe("linalg.inv", "float32", 0, apart=("singular", 0, 0)))
    assert torch.linalg.matrix_rank(make(Recipe("linalg.inv", "float32", 0, apart=("singular", 0, 1))).tensors[0]) == 0
    table, _ = make(Recipe("nn.functional.embedding", "float32", 0)).tensors
    assert is_wrong(Recipe("nn.functional.embedding", "float32", 0, apart=("index", 1, len(table))))
    assert not is_wrong(Recipe("nn.functional.embedding", "float32", 0, apart=("index", 1, len(table) - 1)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("nothing", 0, 0), "no change 'nothing'"),
        (("longer", 9, 0), "2 tensors; no 9"),
        (("number", 9), "2 tensors; no 9"),
        (("argument", 3, 1), "whole numbers; no 3"),
        (("index", 0, 3), "only integers"),
    ],
)
def test_a_change_that_the_call_cannot_have_is_said(change, sentence):
    with pytest.raises(RecipeError, match=sentence):
        make(Recipe("mul", "float32", 1, apart=change))


def test_what_the_suite_itself_does_not_allow_is_no_mistake():
    assert not is_wrong(Recipe("mul", "float32", 1, apart=("nothing", 0, 0)))
    assert not is_wrong(Recipe("mul", "float32", 99))
    assert not is_wrong(Recipe("outer", "float32", 0, sizes=((5, 65536), (10, 65537))))


def test_a_check_asks_every_kind_of_mistake():
    asked = generated(Question("addmm", "rejects", "float32", "standard", 0))
    kinds = {recipe.apart[0] if recipe.apart else f"{recipe.form} {recipe.destination}" for recipe in asked}
    assert kinds >= {"longer", "flatter", "deeper", "other_kind", "out expanded", "inplace "}
    assert ("int64", "", "") in {
        recipe.dtypes for recipe in asked if recipe.form == "inplace"
    }  # no room for a fraction
    assert all(is_wrong(recipe) for recipe in asked)
    assert asked == generated(Question("addmm", "rejects", "float32", "standard", 0))


@pytest.mark.parametrize("name", ["narrow_copy", "nn.functional.avg_pool3d"])
def test_a_kernel_that_does_not_check_its_destination_stays_inside_the_guard(name):
    recipe = Recipe(name, "float32", 1, form="out", destination="expanded")
    assert recipe.operator in operators()
    assert not is_wrong(recipe)


def test_indices_are_only_wrong_where_the_kernel_looks():
    sample = make(Recipe("nn.functional.embedding_bag", "float32", 0))
    assert "index" not in apart.wrong(sample, "nn.functional.embedding_bag")
    assert "index" in apart.wrong(make(Recipe("gather", "float32", 0)), "gather")
