"""Hypothesis draws recipes that the CPU takes, and shrinks them to what a person would write."""

from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling.aspects import ASPECTS, Aspect
from silicon_cts.sampling.effort import BUDGETS
from silicon_cts.sampling.families import FAMILIES, variations
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.strategies import recipes
from silicon_cts.sampling.survey import SHAPES, survey, table
from silicon_cts.sampling.validity import freedom, mixes, refusal, valid
from silicon_cts.sampling.values import PROFILES

BAG = "nn.functional.embedding_bag"
QUIET = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def drawn(operator: str, dtype: str = "float32", count: int = 100, **options: object) -> list[Recipe]:
    seen = []

    @settings(QUIET, max_examples=count)
    @given(recipes(operator, dtype, **options))
    def collect(recipe):
        seen.append(recipe)

    collect()
    return seen


def test_every_kind_of_change_is_drawn_and_every_recipe_is_valid():
    seen = drawn("addmm", count=200)
    assert all(valid(recipe) for recipe in seen)
    assert any(recipe.sizes for recipe in seen) and any(recipe.arguments for recipe in seen)
    assert {name for recipe in seen for name in recipe.layouts} >= {"contiguous", "transposed", "sliced", "expanded"}
    assert {name for recipe in seen for name in recipe.values} >= {"special", "small", "ties"}
    sizes = {new for recipe in seen for _, new in recipe.sizes}
    assert sizes >= {0, 1} and max(sizes) > 60
    assert len({recipe.seed for recipe in seen}) == 2


def test_a_seed_gives_the_same_recipes():
    assert drawn("sum", count=20) == drawn("sum", count=20)


def test_ranks_go_up_to_six():
    ranks = {make(recipe).tensors[0].ndim for recipe in drawn("add", count=600, aspect=SHAPES)}
    assert max(ranks) == 6 and 0 in ranks


def test_attention_is_asked_of_a_batch_of_heads_as_fused_kernels_take_it():
    ranks = [make(one).tensors[0].ndim for one in drawn("nn.functional.scaled_dot_product_attention", aspect=SHAPES)]
    assert max(ranks) == 4 and ranks.count(4) > len(ranks) / 3


def test_tensors_stay_within_the_budget():
    for recipe in drawn("mul", aspect=SHAPES):
        assert all(tensor.numel() <= BUDGETS["standard"].elements for tensor in make(recipe).tensors)
        assert not recipe.values and not recipe.layouts
    deep = drawn("sin", count=600, budget="deep", aspect=SHAPES)
    assert any(max(recipe.leading, default=0) > 2**15 - 2 for recipe in deep)


@pytest.mark.parametrize(
    ("operator", "fails", "shrunk"),
    [
        ("sin", lambda recipe: True, Recipe("sin", "float32", 0)),
        ("sin", lambda recipe: "special" in recipe.values, Recipe("sin", "float32", 0, values=("special",))),
        (
            "sin",
            lambda recipe: any(tensor.numel() > 16 and tensor.stride()[-1] == 2 for tensor in make(recipe).tensors if tensor.ndim),
            Recipe("sin", "float32", 0, layouts=("sliced",)),
        ),
        (
            "mm",
            lambda recipe: any(old == 5 and new > 30 for old, new in recipe.sizes),
            Recipe("mm", "float32", 0, sizes=((5, 31),)),
        ),
    ],
)  # fmt: skip
def test_recipes_shrink_to_the_simplest_that_fails(operator, fails, shrunk):
    found = find(
        recipes(operator, "float32", aspect=Aspect(profiles=tuple(PROFILES), layouts=("contiguous", "sliced"))),
        fails,
        settings=settings(QUIET, max_examples=500),
    )
    assert found == shrunk


def test_what_can_change_is_asked_of_the_cpu():
    free = freedom("linalg.cross", "float32", 0, 0)
    assert 3 not in dict(free.sizes) or dict(free.sizes)[3] == ()
    assert free.leading
    assert "RuntimeError" in refusal(Recipe("mm", "float32", 0, leading=(2,)))


def test_answers_that_would_fill_the_memory_are_not_asked_for():
    assert "more than" in refusal(Recipe("outer", "float32", 0, sizes=((5, 65536), (10, 65537))))


def test_nor_are_answers_that_are_found_to_be_large_when_they_are_there():
    assert "more than" in refusal(Recipe("outer", "float32", 0, sizes=((5, 1000), (10, 1000))))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_every_family_varies_an_operator_in_a_way_that_the_cpu_takes(family):
    for glob in family.operators:
        assert any(fnmatchcase(name, glob) for name in operators()), glob
    matching = [name for name in operators() if any(fnmatchcase(name, glob) for glob in family.operators)]
    operator = matching[-1]
    taken = 0
    for index in range(min(len(samples(operator, "float32", 0)), 6)):
        sample = make(Recipe(operator, "float32", index))
        for name, values in variations(operator, sample).items():
            taken += sum(valid(Recipe(operator, "float32", index, arguments=((name, value),))) for value in values)
    assert taken


@pytest.mark.parametrize("operator", ["sort", "nn.functional.avg_pool2d"])
def test_no_argument_is_given_by_position_and_by_name(operator):
    for index in range(len(samples(operator, "float32", 0))):
        plain = Recipe(operator, "float32", index)
        for name, values in variations(operator, make(plain)).items():
            refusals = [refusal(replace(plain, arguments=((name, value),))) or "" for value in values]
            assert not any("TypeError" in one for one in refusals), (plain, name, refusals)


def test_mistakes_in_arguments_are_said():
    with pytest.raises(RecipeError, match="is a tensor"):
        make(Recipe("add", "float32", 0, arguments=(("0", 3),)))
    with pytest.raises(RecipeError, match="no 7"):
        make(Recipe("add", "float32", 0, arguments=(("7", 3),)))


def test_most_draws_are_valid_in_a_subset_of_the_operators():
    names = [name for name, operator in operators().items() if operator.unchecked is None][::40]
    for dtype in ("float32", "int64"):
        rows = survey(dtype, 10, names)
        assert sum(row.taken for row in rows) >= 0.8 * sum(row.drawn for row in rows), table(rows)
        assert sum(not row.new_shapes for row in rows) <= len(rows) // 10, table(rows)


def test_an_index_is_drawn_expanded_and_in_32_bits():
    """``index.unsqueeze(-1).expand(-1, -1, channels)`` is how people gather."""
    laid = {make(recipe).tensors[1].stride() for recipe in drawn("gather", aspect=ASPECTS["layout"])}
    assert any(outer > 0 == inner for outer, inner in (strides for strides in laid if len(strides) == 2))
    assert (1, "int32") in mixes("index_select", "float32", 2, 0)
    assert (1, "int32") not in mixes("gather", "float32", 1, 0)  # which takes int64 alone


def test_nan_comes_in_one_tensor_alone_too():
    """``addmm`` with beta = 0 does not look at what it adds; NaN in all three would not tell."""
    seen = {recipe.values for recipe in drawn("addmm", aspect=ASPECTS["special_values"])}
    assert {("special", "as_is", "as_is"), ("special",)} <= seen
    assert any(len(set(names)) > 1 and "as_is" not in names for names in seen)


def test_numbers_that_count_never_become_a_mask():
    """``offsets`` of embedding_bag: the CPU takes booleans, and adds them up as such."""
    assert not all(tensor.is_floating_point() for tensor in make(Recipe(BAG, "float32", 23)).tensors)
    assert not any(name == "bool" for _, name in mixes(BAG, "float32", 23, 0))
    assert any(name == "bool" for _, name in mixes("add", "int64", 3, 0))


def test_roll_is_asked_from_either_end_and_by_more_than_there_is():
    able = (one for one in samples("roll", "float32", 0) if isinstance(one.leaves[-1], int) and len(one.leaves) == 7)
    sample = next(able)  # three shifts and three dims
    found = variations("roll", sample)
    assert found["2"] == [(-3, -2, -1)]
    assert max(found["1"][0]) > sample.tensors[0].numel()


def test_dropout_is_asked_with_a_probability_that_is_not_its_own_complement():
    """With p = 0.5 alone, as op_db has it, a kernel that keeps what it should drop is right."""
    found = variations("nn.functional.dropout", make(Recipe("nn.functional.dropout", "float32", 0)))
    assert any(p != 1 - p for p in found["p"] if 0 < p < 1)
