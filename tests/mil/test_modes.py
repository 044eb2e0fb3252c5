"""Is float16 treated as the mode says?"""

from typing import Any

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813

from silicon_cts import mil
from silicon_cts.mil.arithmetic import Mode, round_to_half, settle, stored

from . import by_hand
from .cases import CASES, Case
from .cases.case import Const
from .programs import f32, function, noise, run

HALF = np.float16


def half(*shape: int, seed: int = 0) -> np.ndarray:
    """Noise in float16."""
    return noise(*shape, seed=seed).astype(HALF)


def chain(start: float, terms: Any) -> np.float16:
    """The sum in float16, rounded after every term."""
    total = HALF(start)
    for term in terms:
        total = HALF(np.float64(total) + np.float64(term))
    return total


def test_a_result_is_rounded_once() -> None:
    x = np.array([1.0, 3.0], HALF)
    tiny = HALF(2**-11)  # half a unit in the last place of 1
    result = run(lambda x: mb.sub(x=mb.add(x=x, y=tiny), y=HALF(1)), x=x)
    assert result.dtype == HALF
    assert result[0] == 0


def test_inside_of_an_operation_it_is_float32() -> None:
    x = np.array([[1.0] + [2**-12] * 4096], HALF)
    assert run(lambda x: mb.reduce_sum(x=x, axes=[1]), x=x)[0] == 2
    assert run(lambda x: mb.reduce_sum(x=x, axes=[1]), mode="float16_accumulate", x=x)[0] == 1


def test_float32_rounds_nothing() -> None:
    x = np.array([1.0, 3.0], HALF)
    result = run(lambda x: mb.sub(x=mb.add(x=x, y=HALF(2**-11)), y=HALF(1)), mode="float32", x=x)
    assert result.dtype == np.float32
    assert result[0] == np.float32(2**-11)


def test_overflow_is_infinite_in_float16_only() -> None:
    x = np.array([300.0], HALF)
    assert run(lambda x: mb.square(x=x), x=x)[0] == np.inf
    assert run(lambda x: mb.square(x=x), mode="float32", x=x)[0] == 90000


def test_float32_tensors_are_never_rounded() -> None:
    x = f32([1 + 2**-20])
    for mode in Mode:
        assert run(lambda x: mb.identity(x=x), mode=mode, x=x)[0] == x[0]


ACCUMULATED = {
    "reduce_sum": (lambda x: mb.reduce_sum(x=x, axes=[0]), lambda v: chain(v[0], v[1:])),
    "reduce_mean": (lambda x: mb.reduce_mean(x=x, axes=[0]), lambda v: HALF(np.float32(chain(v[0], v[1:])) / len(v))),
    "cumsum": (lambda x: mb.gather(x=mb.cumsum(x=x), indices=-1 % 200, axis=0), lambda v: chain(v[0], v[1:])),
    "reduce_l1_norm": (lambda x: mb.reduce_l1_norm(x=x, axes=[0]), lambda v: chain(abs(v[0]), abs(v[1:]))),
}


@pytest.mark.parametrize("name", ACCUMULATED)
def test_a_sum_in_float16(name: str) -> None:
    build, expected = ACCUMULATED[name]
    x = half(200)
    result = run(build, mode="float16_accumulate", x=x)
    assert result == expected(x)
    assert result != run(build, x=x)


def test_a_product_in_float16() -> None:
    x, y = half(2, 300), half(300, 3, seed=1)
    result = run(lambda x, y: mb.matmul(x=x, y=y), mode="float16_accumulate", x=x, y=y)
    for row, column in np.ndindex(2, 3):
        assert result[row, column] == chain(0, x[row].astype(np.float64) * y[:, column].astype(np.float64))
    exact = (x.astype(np.float64) @ y.astype(np.float64)).astype(HALF)
    assert np.array_equal(run(lambda x, y: mb.matmul(x=x, y=y), x=x, y=y), exact)
    assert not np.array_equal(result, exact)


NEARLY = [
    case
    for case in CASES
    if case.op
    in {"conv", "conv_transpose", "avg_pool", "l2_pool", "matmul", "linear", "lstm", "layer_norm", "softmax", "einsum"}
]


@pytest.mark.parametrize("case", NEARLY, ids=lambda case: case.id)
def test_sums_in_float16_are_nearly_the_same(case: Case) -> None:
    def narrow(value: Any) -> Any:
        return value.astype(HALF) if getattr(value, "dtype", None) == np.float32 else value

    inputs = {name: narrow(value) for name, value in case.inputs.items()}
    attributes = {k: Const(narrow(v.array)) if isinstance(v, Const) else narrow(v) for k, v in case.attributes.items()}
    narrowed = Case(case.op, "", inputs, attributes, case.expected, case.opset, builder=case.builder)
    for mode in ("as_written", "float16_accumulate"):
        results = mil.evaluate(function(narrowed.build, inputs, case.opset), inputs, mode=mode).values()
        for result, expected in zip(results, case.expected, strict=True):
            if expected.dtype == np.float32:
                assert result.dtype == HALF
                assert result.shape == expected.shape
                np.testing.assert_allclose(result, expected, rtol=0.02, atol=0.02)


def test_rounding_is_the_same_for_small_and_large_arrays() -> None:
    values = np.concatenate(
        [noise(5000) * 1e5, noise(5000) * 1e-7, f32(np.inf, -np.inf, np.nan, 65519.99, 65520, -0.0)]
    )
    small = np.concatenate([round_to_half(part) for part in np.array_split(values, 20)])
    assert np.array_equal(small, round_to_half(values), equal_nan=True)
    assert np.array_equal(small, values.astype(HALF).astype(np.float32), equal_nan=True)


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        (2.9, "int32", 2),
        (-2.9, "int32", -2),
        (2.0**31, "int32", 2**31 - 1),
        (2147483520.0, "int32", 2147483520),
        (-np.inf, "uint16", 0),
        (np.nan, "int8", 0),
        (300.7, "uint8", 255),
        (-0.5, "bool", True),
        (0.0, "bool", False),
    ],
)
def test_settle(value: float, name: str, expected: int) -> None:
    settled = settle(np.float32(value), name, Mode.AS_WRITTEN)
    assert settled == expected
    assert stored(settled, name, Mode.AS_WRITTEN).dtype.name == name


def test_by_hand_agrees_with_itself() -> None:
    # the transpose of a correlation: <correlate(x), y> = <x, spread(y)>
    x, weight = noise(1, 2, 5), noise(3, 2, 2, seed=1)
    y = noise(1, 3, 4, seed=2)
    left = float((by_hand.correlate(x, weight, [(0, 0)], [1], [1], 1) * y).sum())
    right = float((x * by_hand.spread(y, weight, [1], [1], 1)).sum())
    assert abs(left - right) < 1e-5
