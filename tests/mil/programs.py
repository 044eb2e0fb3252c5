"""Small MIL programs, built by hand, and what they give."""

from collections.abc import Callable
from typing import Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813
from coremltools.converters.mil.mil import Function, Program, types

from silicon_cts import mil

TYPES = {
    "bool": types.bool,
    "int8": types.int8,
    "int16": types.int16,
    "int32": types.int32,
    "uint8": types.uint8,
    "uint16": types.uint16,
    "float16": types.fp16,
    "float32": types.fp32,
}

OPSETS = {15: ct.target.iOS15, 16: ct.target.iOS16, 17: ct.target.iOS17, 18: ct.target.iOS18}


def f32(*values: Any) -> np.ndarray:
    """A float32 array of the one value, or of the values."""
    return np.array(values[0] if len(values) == 1 else values, np.float32)


def i32(*values: Any) -> np.ndarray:
    """An int32 array of the one value, or of the values."""
    return np.array(values[0] if len(values) == 1 else values, np.int32)


def counting(*shape: int, start: float = 0.0) -> np.ndarray:
    """start, start + 1, start + 2 ... in that shape."""
    return (np.arange(np.prod(shape)) + start).reshape(shape).astype(np.float32)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Normally distributed numbers, the same every time."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def function(build: Callable[..., Any], inputs: dict[str, Any], opset: int = 18) -> Any:
    """The MIL function that `build` makes of variables like `inputs`, which are arrays or (shape, dtype)."""
    placeholders = {}
    for name, given in inputs.items():
        shape, dtype = (given.shape, given.dtype) if isinstance(given, np.ndarray) else given
        placeholders[name] = mb.placeholder(shape=shape, dtype=TYPES[np.dtype(dtype).name], allow_rank0_input=True)
    with Function(placeholders, opset_version=OPSETS[opset]) as made:
        results = build(**made.inputs)
        made.set_outputs(list(results) if isinstance(results, (tuple, list)) else [results])
    return made


def program(build: Callable[..., Any], inputs: dict[str, Any], opset: int = 18) -> Any:
    """The MIL program with that function alone."""
    made = Program()
    made.add_function("main", function(build, inputs, opset))
    return made


def run(build: Callable[..., Any], opset: int = 18, mode: str = "as_written", **inputs: np.ndarray) -> Any:
    """What the program gives: one array, or a tuple of them."""
    results = tuple(mil.evaluate(function(build, inputs, opset), inputs, mode=mode).values())
    return results[0] if len(results) == 1 else results


def same(actual: Any, expected: Any, tolerance: float = 1e-6) -> None:
    """Assert that type and shape are the same, and the numbers but for a relative and absolute tolerance."""
    expected = np.asarray(expected)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)
