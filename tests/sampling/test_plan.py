"""Which recipes are asked: the same in every process, none twice, as many as the budget says."""

from pathlib import Path

from silicon_cts.catalog.aspects import NAMES
from silicon_cts.catalog.operators import operators
from silicon_cts.sampling import plan
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.effort import BUDGETS
from silicon_cts.sampling.observation import OBSERVE
from silicon_cts.sampling.plan import Question, generated
from silicon_cts.sampling.sample import make

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
    assert plan.dtypes(mul, "rejects", "quick", offered) == ["float32"]
    assert plan.dtypes(mul, "random", "quick", offered) == []
    assert plan.dtypes(mul, "gradient", "standard", offered) == ["float32", "float16"]


def test_every_aspect_has_a_name_a_row_and_an_observation():
    assert tuple(ASPECTS) == NAMES
    assert set(OBSERVE) == set(NAMES)
    assert all((SUITE / f"test_{name}.py").exists() for name in NAMES)
