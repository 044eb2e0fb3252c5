"""Numbers near the limits of a dtype: a right kernel may leave its range on the way, each elsewhere."""

import pytest
import torch
from torch.nn import functional as F

from silicon_cts.backends.outcome import Task, result
from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.limits import WAYS, Limited
from silicon_cts.numerics.verdict import Judgement, judge
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


def product_first(sample):
    """Where ``t1 * t2`` is infinite, and the number that it is added to, too: NaN without a fused multiply-add."""
    start, one, other = sample.tensors
    return start + (one * other)


def sum_of_products(sample):
    """Where a product is infinite, so is the sum of all: one less the other is NaN."""
    grad, softmax = sample.tensors
    dim = sample.leaves[2]
    return grad * softmax - softmax * (grad * softmax).sum(dim, keepdim=True)


def folded(sample):
    """One factor and one shift: ``x * scale`` may be infinite where the difference is not."""
    given, _, _, weight, bias = (one.detach() for one in sample.tensors)
    dims = tuple(range(2, given.dim()))
    own = given.to(torch.float64)
    rstd = (own.var(dims, correction=0) + 1e-5).rsqrt().to(torch.float32)
    scale = rstd * weight
    shift = bias - own.mean(dims).to(torch.float32) * scale
    return given * scale.view(scale.shape + (1,) * len(dims)) + shift.view(shift.shape + (1,) * len(dims))


def scaled_first(sample):
    """``other - alpha * self``: the product is infinite."""
    given, other, alpha = sample.leaves
    return other - given * alpha


OTHER_WAYS = {
    "rsub": (
        scaled_first,
        {"operator": "rsub", "dtype": "float32", "sample": 10, "seed": 0, "sizes": [[5, 255]], "values": ["special"]},
    ),
    "addcmul": (
        product_first,
        {"operator": "addcmul", "dtype": "float32", "sample": 0, "seed": 0, "apart": ["deep", 0, 0],
         "values": ["special"]},
    ),
    "softmax_backward": (
        sum_of_products,
        {"operator": "_softmax_backward_data", "dtype": "float32", "sample": 1, "seed": 0, "sizes": [[5, 32]],
         "leading": [2, 1, 2], "values": ["special", "large"]},
    ),
    "instance_norm": (
        folded,
        {"operator": "nn.functional.instance_norm", "dtype": "float32", "sample": 0, "seed": 0,
         "apart": ["deep", 0, 0], "values": ["special"]},
    ),
}  # fmt: skip


def judged(recipe: Recipe, answer: torch.Tensor) -> Judgement:
    return judge(
        Task(recipe, "special_values"), result([answer]), operators()[recipe.operator], Capability(("float32",))
    )


@pytest.mark.parametrize(("way", "recipe"), OTHER_WAYS.values(), ids=OTHER_WAYS)
def test_another_right_way_to_compute_it_agrees(way, recipe):
    recipe = Recipe.from_json(recipe)
    answer = way(make(recipe)).detach()
    plain = make(recipe).run().detach()
    assert not torch.equal(answer.isfinite(), plain.isfinite()) or not torch.equal(answer.isnan(), plain.isnan())
    assert judged(recipe, answer).verdict == "agrees"


@pytest.mark.parametrize("order", [1, -1])
def test_a_sum_of_products_may_be_added_up_in_any_order(order):
    """Partial sums beyond the range are infinite in float32, in each order others: infinite, NaN, or a number."""
    recipe = Recipe("mm", "float32", 0, sizes=((5, 64), (10, 33)), values=("limits",))
    sample = make(recipe)
    left, right = (tensor.detach() for tensor in sample.tensors)
    answer = sum((left[:, :, None] * right).unbind(1)[::order])
    plain = sample.run().detach()
    assert (answer.isinf() & plain.isfinite()).any() or (answer.isnan() & ~plain.isnan()).any()
    assert judged(recipe, answer).verdict == "agrees"


@pytest.mark.parametrize(("way", "recipe"), OTHER_WAYS.values(), ids=OTHER_WAYS)
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_number_that_no_way_makes_infinite_is_still_asked_for(way, recipe, value):
    recipe = Recipe.from_json(recipe)
    answer = make(recipe).run().detach().clone()
    usual = (answer.abs() < 100) & (answer != 0)
    place = tuple(usual.nonzero()[0])
    answer[place] = value
    assert judged(recipe, answer).verdict == "disagrees"


def test_a_product_may_leave_the_range_before_it_comes_to_its_zero_but_not_without_large_factors():
    recipe = Recipe("prod", "int64", 3, leading=(7,), arguments=(("1", 0), ("dtype", "wider")), values=("mixed",))
    sample = make(recipe)
    (given,) = sample.tensors
    answer = torch.prod(given.gather(0, given.abs().argsort(0, descending=True)), 0, dtype=torch.float32)
    assert bool((answer.isnan() & ~sample.run().isnan()).any())
    assert judged(recipe, answer).verdict == "agrees"
    within = given.abs().to(torch.float64).clamp(min=1).prod(0) < 1e30
    answer[tuple(within.nonzero()[0])] = torch.nan
    assert judged(recipe, answer).verdict == "disagrees"


NORMALISATIONS = {
    "batch": lambda x, w: F.batch_norm(x, torch.zeros_like(w), torch.ones_like(w), w, w, True),
    "batch, evaluated": lambda x, w: F.batch_norm(x, w, w.abs() + 1, w, w),
    "batch, plain": lambda x, w: F.batch_norm(x, None, None, training=True),
    "instance": lambda x, w: F.instance_norm(x, weight=w, bias=w),
    "group": lambda x, w: F.group_norm(x, 3, w, w),
    "group, plain": lambda x, w: F.group_norm(x, 3),
    "layer": lambda x, w: F.layer_norm(x.mT, (6,), w, w),
    "layer, plain": lambda x, w: F.layer_norm(x, (6, 5)),
}


@pytest.mark.parametrize("way", WAYS, ids=("steps", "folded"))
@pytest.mark.parametrize("normalised", NORMALISATIONS.values(), ids=NORMALISATIONS)
def test_every_way_computes_the_same_within_the_range(normalised, way):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 6, 5, dtype=torch.float64, generator=generator)
    weight = torch.randn(6, dtype=torch.float64, generator=generator)
    with Limited(torch.float32, way):
        found = normalised(x, weight)
    torch.testing.assert_close(found, normalised(x, weight))


def test_results_have_the_range_of_the_dtype():
    with Limited(torch.float16, {}):
        found = torch.tensor([1.0, 6e4, -6e4, 1e-7, -1e-8], dtype=torch.float64) * 2
    assert found.tolist() == [2.0, torch.inf, -torch.inf, 2e-7, 0.0]
    assert found[-1].signbit()


@pytest.mark.parametrize("terms", [(1, 1, -1), (1, 1, 1), (1e38, 1, -1e-38), (torch.inf, 1, -1), (torch.inf, 1, 1)])
def test_a_sum_of_products_beyond_the_range_is_nan_where_they_have_opposite_signs(terms):
    """One partial sum may be infinity, and another less that; float64 holds all of them, but not all of their digits."""
    x = torch.tensor([[terms]], dtype=torch.float64) * 1e38
    with Limited(torch.float32, WAYS[1]):
        found = F.conv1d(x, torch.full_like(x, 1e38))
    with Limited(torch.float64, WAYS[1]):
        assert not F.conv1d(x, torch.full_like(x, 1e38)).isnan().any()
    assert bool(found.isnan().all()) == (min(terms) < 0) and not found.isfinite().any()


@pytest.mark.parametrize(
    "multiply", [torch.mm, lambda a, b: torch.bmm(a.unsqueeze(0), b.unsqueeze(0))], ids=("mm", "bmm")
)
def test_so_is_a_product_of_matrices(multiply):
    left = torch.tensor([[1e38, 1e38, -1e38], [1e38, 1e38, 1e38]], dtype=torch.float64)
    with Limited(torch.float32, WAYS[1]):
        found = multiply(left, torch.full((3, 1), 1e38, dtype=torch.float64)).flatten()
    assert found[0].isnan() and found[1] == torch.inf
