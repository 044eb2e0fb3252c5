"""Do the random operations draw from their distributions?"""

from typing import Any

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813

from .programs import f32, run

SHAPE = [40, 500]


def draw(op: str, **attributes: Any) -> np.ndarray:
    """What the operation gives for SHAPE."""
    return run(lambda **_: getattr(mb, op)(shape=SHAPE, **attributes))


def test_bernoulli() -> None:
    drawn = draw("random_bernoulli", prob=0.3, seed=1)
    assert drawn.shape == tuple(SHAPE)
    assert drawn.dtype == np.float32
    assert set(np.unique(drawn)) == {0, 1}
    assert abs(drawn.mean() - 0.3) < 0.02


def test_normal() -> None:
    drawn = draw("random_normal", mean=2.0, stddev=0.5, seed=1)
    assert abs(drawn.mean() - 2) < 0.02
    assert abs(drawn.std() - 0.5) < 0.02


def test_uniform() -> None:
    drawn = draw("random_uniform", low=-1.0, high=3.0, seed=1)
    assert drawn.min() >= -1
    assert drawn.max() < 3
    assert abs(drawn.mean() - 1) < 0.05
    assert (draw("random_uniform", low=2.0, high=2.0) == 2).all()


@pytest.mark.parametrize("mode", ["logits", "probs"])
def test_categorical(mode: str) -> None:
    probabilities = f32([[0.1, 0.2, 0.7], [0.0, 1.0, 0.0]])
    given = np.log(probabilities) if mode == "logits" else probabilities
    drawn = run(lambda x: mb.random_categorical(x=x, mode=mode, size=5000, seed=1), x=given)
    assert drawn.shape == (2, 5000)
    assert drawn.dtype == np.float32
    shares = [(drawn[0] == index).mean() for index in range(3)]
    assert np.allclose(shares, probabilities[0], atol=0.03)
    assert (drawn[1] == 1).all()


def test_a_seed_gives_the_same_numbers_and_none_gives_others() -> None:
    assert np.array_equal(draw("random_normal", seed=7), draw("random_normal", seed=7))
    assert not np.array_equal(draw("random_normal", seed=7), draw("random_normal", seed=8))
    assert not np.array_equal(draw("random_normal"), draw("random_normal"))


def test_the_type_is_that_of_the_parameters() -> None:
    assert draw("random_uniform", low=np.float16(0), high=np.float16(1)).dtype == np.float16
