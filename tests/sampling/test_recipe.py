"""A recipe is a frozen value that survives JSON, and mistakes in it are said."""

import json

import pytest

from silicon_cts.sampling.recipe import Recipe, RecipeError

FULL = Recipe(
    "sum", "float32", 3, 1, sizes=((5, 33),), axes=((-1, 5, 7),), apart=("longer", 0, -1), leading=(2, 1),
    arguments=(("dim", (0, -1)), ("keepdim", True)), values=("special",), dtypes=("int64",), layouts=("sliced",),
    cotangent="offset", wanted=(0,),
)  # fmt: skip


@pytest.mark.parametrize("recipe", [Recipe("add", "float32", 3, 1), FULL], ids=["plain", "full"])
def test_json_gives_the_same_recipe_back(recipe):
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json(), allow_nan=False))) == recipe
    assert hash(recipe)


def test_json_holds_no_more_than_what_varies():
    assert Recipe("add", "float32", 3).to_json() == {"operator": "add", "dtype": "float32", "sample": 3, "seed": 0}


def test_a_recipe_reads_as_a_line():
    assert str(FULL) == (
        "sum float32 sample 3 seed 1 5->33 [-1]5->7 longer:0:-1 leading (2, 1) dim=(0, -1) keepdim=True special int64 "
        "sliced grad_output offset gradient of (0,)"
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sizes", [[5]], "sizes are pairs"),
        ("sizes", [[5, -1]], "sizes are pairs"),
        ("sizes", 5, "sizes are pairs"),
        ("leading", ["2"], "leading are sizes"),
        ("arguments", [[1, 2]], "arguments are pairs"),
        ("axes", [[-1, 5]], "axes are a dimension"),
        ("axes", [[1, 5, 7]], "axes are a dimension"),
        ("axes", 5, "axes are a dimension"),
        ("apart", [1, "longer"], "apart is a name"),
        ("apart", 5, "apart is a name"),
        ("values", [1], "layouts are names"),
        ("layouts", "sliced", "values, dtypes and layouts are names"),
        ("sample", "first", "sample and seed are integers"),
    ],
)
def test_mistakes_are_said(field, value, message):
    with pytest.raises(RecipeError, match=message):
        Recipe.from_json({**FULL.to_json(), field: value})
