"""Random numbers that are wrong are found, and right ones never are."""

import pytest
import torch

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling import randomness
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.plan import Question, generated
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make

CONSTANT = torch.Generator().manual_seed(0)


def said(operator, change, sample=0, sizes=(), given=lambda names: names):
    """What is found when the answer of each call is changed by ``change(answer, call number)``, and its keywords."""
    count = 0

    def spoiled(one: Sample) -> Sample:
        right = one.call

        def call(*args, **kwargs):
            nonlocal count
            count += 1
            with randomness.unseeded(right):
                return change(right(*args, **given(kwargs)), count)

        return Sample(call, one.leaves, one.spec, one.process_output)

    return OBSERVE["random"](Recipe(operator, "float32", sample, sizes=sizes), Setting(spoiled)).violations


@pytest.mark.parametrize(
    "operator", ["rand_like", "randn_like", "bernoulli", "multinomial", "uniform", "cauchy", "geometric", "normal"]
)
def test_right_numbers_are_right(operator):
    assert said(operator, lambda answer, _: answer, 3 if operator == "bernoulli" else 1) == ()


def test_every_random_operator_is_right_on_the_cpu():
    for operator in operators().values():
        if operator.random and not operator.unchecked:
            dtype = "float32" if "float32" in operator.dtypes else min(operator.dtypes)
            for recipe in generated(Question(operator.id, "random", dtype, "quick", 1))[:1]:
                found = set(OBSERVE["random"](recipe, Setting()).violations)
                assert found <= {randomness.OTHER_SEED, randomness.CONSTANT}, recipe  # where there is one outcome


@pytest.mark.parametrize(
    ("operator", "change", "sentence"),
    [
        ("randn_like", lambda answer, _: torch.zeros_like(answer), "one after the other"),
        ("randn_like", lambda answer, count: answer + count, "the same seed gives other"),
        ("randn_like", lambda answer, _: answer * 1.5, "the spread of ranks"),
        ("randn_like", lambda answer, _: answer + 0.5, "the mean rank"),
        ("uniform", lambda answer, _: answer * 2, "numbers from"),
        ("uniform", lambda answer, _: answer / 2 - 20, "numbers from"),
        ("cauchy", lambda answer, _: answer * 4, "the spread of ranks"),
        ("randn_like", lambda answer, _: answer.reshape(-1)[:1].expand(answer.numel()).reshape(answer.shape), "rank"),
        ("multinomial", lambda answer, _: answer.clamp(max=2), "rank"),
        ("uniform", lambda answer, _: answer.sort(dim=-1).values, "rank of one element|neighbours"),
    ],
)
def test_wrong_numbers_are_found(operator, change, sentence):
    found = said(operator, change, 1)
    assert found and any(part in " ".join(found) for part in sentence.split("|")), found


def test_a_generator_that_no_seed_reaches_is_found():
    found = said("rand_like", lambda answer, _: torch.rand(answer.shape, generator=CONSTANT))
    assert randomness.SAME_SEED in found and randomness.RESTORED in found


@pytest.mark.parametrize(("period", "repeats"), [(100, True), (1000, False)])
def test_numbers_that_repeat_in_a_call_are_found(period, repeats):
    """Only the numbers tell: their distribution is right, and neighbours have nothing to do with each other."""

    def periodic(answer, _):
        flat = answer.reshape(-1)
        return flat[torch.arange(flat.numel()) % period].reshape(answer.shape)

    found = said("uniform", periodic, 1, sizes=((5, 20),))
    assert any(randomness.REPEATED in one for one in found) is repeats, found


@pytest.mark.parametrize(
    ("operator", "sample"), [("uniform", 1), ("normal", 3), ("bernoulli", 3), ("multinomial", 3), ("randint", 3)]
)
def test_a_generator_that_is_ignored_is_found(operator, sample):
    def without(names):
        return {name: value for name, value in names.items() if name != "generator"}

    assert said(operator, lambda answer, _: answer, sample, given=without) == (randomness.HANDED_OVER,)


def test_op_db_seeds_again_afterwards():
    sample = make(Recipe("randn_like", "float32", 0))
    with randomness.unseeded(sample.call):
        free = [sample.run() for _ in range(2)]
    seeded = [sample.run() for _ in range(2)]
    assert not torch.equal(*free) and torch.equal(*seeded)


def test_a_call_that_draws_nothing_is_not_asked_for_random_numbers():
    asked = generated(Question("nn.functional.dropout", "random", "float32", "standard", 0))
    assert asked
    plain = generated(Question("nn.functional.scaled_dot_product_attention", "layout", "float32", "standard", 0))
    assert plain and generated(Question("randn_like", "layout", "float32", "standard", 0)) == []
