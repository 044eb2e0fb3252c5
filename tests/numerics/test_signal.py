"""Is the answer of a model strong enough beside its noise, and does it name the same classes?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch

from silicon_cts.backends.outcome import Task, result
from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog.operators import find
from silicon_cts.numerics.grades import Comparison, K
from silicon_cts.numerics.signal import heard
from silicon_cts.numerics.verdict import Judgement, judge, summarise
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.recipe import Recipe

MLP = Recipe("models.mlp", "float32", 0)
UNIT = 2.0**-24


@dataclass
class Known:
    """An oracle of which all is given: the conditioning is nothing, so that a budget is a rounding of the result."""

    reference: list[torch.Tensor]
    precision: str = ""
    roundoff: float = UNIT

    @property
    def yardstick(self) -> list[torch.Tensor]:
        return [one.to(torch.float32) for one in self.reference]

    def perturbed(self, pairs: int) -> list[list[torch.Tensor]]:
        return []


def judged(change=lambda logits: logits) -> Judgement:
    logits, *others = OBSERVE["forward"](MLP, Setting()).tensors
    return judge(Task(MLP, "forward"), result([change(logits), *others]), find("models.mlp"), Capability(("float32",)))


def held(right: torch.Tensor, answer: torch.Tensor, loss: str, grade="B") -> Comparison:
    return heard(Comparison(grade), [answer], Known([right]), loss, own_yardstick=True, spread=None)


def test_a_right_answer_is_far_above_its_noise_and_names_the_right_classes():
    found = judged()
    assert (found.verdict, found.top_1) == ("agrees", 1.0)
    assert 120 < found.signal_to_noise < 160  # a rounding of float32 is 144 dB below


def test_a_wrong_class_is_counted():
    def swapped(logits):
        logits = logits.clone()
        logits[3] = -logits[3]
        return logits

    found = judged(swapped)
    assert (found.verdict, found.top_1) == ("disagrees", 15 / 16)
    assert 0 < found.signal_to_noise < 20


def test_noise_that_every_element_may_have_for_itself_may_be_too_much_for_all():
    """Grade B gives all elements the budget of the largest."""
    right = torch.ones(100, 3, dtype=torch.float64) * 2.0**-10
    right[0] = 1.0
    loud = right + K * UNIT / 2
    found = held(right, loud, "mse_loss")
    assert (found.grade, found.top_1) == ("", None)
    assert found.reason.startswith("signal-to-noise is ")
    assert held(right, right * (1 + UNIT), "mse_loss").grade == "B"


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy_with_logits"])
def test_a_class_that_was_clear_must_stay_even_where_the_noise_is_little(loss):
    right = torch.tensor([[1e6, -1e6], [1e-2, -1e-2]], dtype=torch.float64)
    other = torch.tensor([[1e6, -1e6], [-1e-2, 1e-2]], dtype=torch.float64)
    found = held(right, other, loss)
    assert found.grade == "" and "top-1 is the same in" in found.reason
    assert found.top_1 == 0.5


def test_a_class_that_no_rounding_can_tell_is_not_asked():
    right = torch.tensor([[1.0, 1.0 + UNIT], [1.0, 2.0]], dtype=torch.float64)
    found = held(right, right.flip(1).where(torch.tensor([[True], [False]]), right), "cross_entropy")
    assert (found.grade, found.top_1) == ("B", 1.0)


def test_an_answer_without_noise_has_no_ratio_and_one_of_another_shape_no_signal():
    right = torch.eye(2, dtype=torch.float64)
    assert held(right, right, "mse_loss").signal_to_noise == math.inf
    assert held(right, right[0], "mse_loss", grade="").signal_to_noise is None


def test_of_several_samples_the_least_is_kept():
    found = summarise(
        [
            Judgement("agrees", MLP, signal_to_noise=90.0, top_1=1.0),
            Judgement("agrees", MLP, signal_to_noise=60.0),
            Judgement("unsupported", MLP),
        ]
    )
    assert (found.signal_to_noise, found.top_1) == (60.0, 1.0)


def test_an_operator_has_no_signal():
    recipe = Recipe("exp", "float32", 0)
    answer = OBSERVE["forward"](recipe, Setting()).tensors
    found = judge(Task(recipe, "forward"), result(answer), find("exp"), Capability(("float32",)))
    assert (found.signal_to_noise, found.top_1) == (None, None)
