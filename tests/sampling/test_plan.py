"""Which recipes are asked: the same in every process, none twice, as many as the budget says."""

from dataclasses import replace
from pathlib import Path

import pytest

from silicon_cts.catalog.aspects import NAMES
from silicon_cts.catalog.operators import operators
from silicon_cts.sampling import plan
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.effort import BRIEF, BUDGETS
from silicon_cts.sampling.observation import OBSERVE
from silicon_cts.sampling.plan import Question, backward_fits, generated
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.validity import is_wrong, valid

SUITE = Path(__file__).parents[2] / "suites" / "operators"


def asked(operator, aspect, dtype="float32", budget="standard"):
    return generated(Question(operator, aspect, dtype, budget, 0))


def test_the_first_dtype_is_asked_most():
    count = BUDGETS["standard"].generated["layout"]
    first, other = asked("mul", "layout"), asked("mul", "layout", "float16")
    assert 0.8 * count <= len(set(first)) <= count
    assert 0.8 * count / 3 <= len(other) <= count / 3 + 1


def test_a_dimension_is_made_long_apart_from_others_of_its_size():
    shapes = {tuple(make(recipe).tensors[0].shape) for recipe in asked("cumsum", "forward")}
    assert any(max(shape, default=0) > 256 for shape in shapes)
    assert any(len(shape) > 2 and len(set(shape)) == len(shape) for shape in shapes)


def test_tensors_of_different_dtypes_meet():
    pairs = {tuple(tensor.dtype for tensor in make(recipe).tensors) for recipe in asked("mul", "forward")}
    assert any(len(set(pair)) > 1 for pair in pairs)
    assert not any(recipe.dtypes for recipe in asked("mul", "layout"))


def test_dtypes_of_an_aspect():
    offered = ("float32", "float16", "int64", "bool")
    mul = operators()["mul"]
    assert plan.dtypes(mul, "forward", "quick", offered) == list(offered)
    assert plan.dtypes(mul, "layout", "standard", offered) == list(offered)
    assert plan.dtypes(mul, "layout", "quick", (*offered, "complex128")) == [
        dtype for dtype in offered if dtype in BUDGETS["quick"].generated_dtypes
    ]
    assert plan.dtypes(mul, "layout", "quick", offered, ("bool",)) == ["bool"]
    assert plan.dtypes(mul, "forward", "standard", (*offered, "int8")) == [*offered, "int8"]
    assert plan.dtypes(mul, "layout", "standard", (*offered, "int8")) == list(offered)
    assert plan.dtypes(mul, "forward", "quick", (*offered, "int8")) == list(offered)
    assert plan.dtypes(mul, "forward", "deep", (*offered, "int8")) == [*offered, "int8"]
    assert plan.dtypes(mul, "forward", "quick", (*offered, "int8"), ("int8",)) == ["int8"]
    assert plan.dtypes(mul, "rejects", "quick", offered) == ["float32"]
    assert plan.dtypes(mul, "random", "quick", offered) == []
    assert plan.dtypes(mul, "gradient", "standard", offered) == ["float32", "float16"]


def test_whether_operators_have_a_narrow_integer_takes_few_samples():
    brief = plan.own(Question("mul", "forward", "int8", "standard", 0))
    assert 1 < len(brief) <= BRIEF < len(plan.own(Question("mul", "forward", "int64", "standard", 0)))
    assert asked("mul", "forward", "int8") == []
    assert asked("mul", "forward", "int8", "deep")


def test_every_aspect_has_a_name_a_row_and_an_observation():
    assert tuple(ASPECTS) == NAMES
    assert set(OBSERVE) == set(NAMES)
    assert all((SUITE / f"test_{name}.py").exists() for name in NAMES)


def test_op_db_s_own_samples_are_no_larger_than_the_budget_says_where_it_has_others():
    made = samples("grid_sampler_3d", "float32", 0)
    asked = plan.own(Question("grid_sampler_3d", "forward", "float32", "quick", 0))
    assert max(sample.elements for sample in made) > BUDGETS["quick"].own_elements
    assert len(asked) == BUDGETS["quick"].samples
    assert all(made[recipe.sample].elements <= BUDGETS["quick"].own_elements for recipe in asked)


def test_no_gradient_is_asked_that_makes_something_huge_on_its_way():
    column = Recipe("linalg.lu_factor", "float32", 10, axes=((-1, 5, 1),), leading=(257,))
    tall = Recipe("linalg.lu_factor", "float32", 10, apart=("column", 0, 0), leading=(257,))
    assert [make(one).tensors[0].shape[-1] for one in (column, tall)] == [1, 1]
    assert backward_fits(column)
    assert not backward_fits(tall)


def own_of(name):
    """Samples with a batch, of a size that no other dimension has."""
    for index, sample in enumerate(samples(f"nn.functional.{name}", "float32", 0)):
        shape = sample.tensors[0].shape
        if len(shape) == 2 and shape[0] > 1 and shape[0] != shape[1]:
            yield index


@pytest.mark.parametrize("name", ["multi_margin_loss", "multilabel_margin_loss"])
def test_nothing_is_asked_of_which_the_cpu_leaves_the_answer_unwritten(name):
    full = Recipe(f"nn.functional.{name}", "float32", next(iter(own_of(name))))
    batch = make(full).tensors[0].shape[0]
    assert valid(full)
    assert not valid(replace(full, sizes=((batch, 0),)))
    assert not is_wrong(replace(full, sizes=((batch, 0),)))
