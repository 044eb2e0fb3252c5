"""Does a state keep what was written to it?"""

from typing import Any

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813
from coremltools.converters.mil.mil import Function, types
from coremltools.converters.mil.mil.program import StateTensorPlaceholder

from silicon_cts import mil

from .programs import OPSETS, f32


def accumulator() -> Any:
    """A function that adds its input to a state, and gives the state before and after."""
    inputs = {
        "x": mb.placeholder(shape=(2,), dtype=types.fp16),
        "total": StateTensorPlaceholder((2,), dtype=types.fp16),
    }
    with Function(inputs, opset_version=OPSETS[18]) as made:
        before = mb.read_state(input=made.inputs["total"])
        after = mb.coreml_update_state(state=made.inputs["total"], value=mb.add(x=before, y=made.inputs["x"]))
        made.set_outputs([before, after])
    return made


def test_a_state_is_carried_from_one_evaluation_to_the_next() -> None:
    made = accumulator()
    state = mil.State({"total": (2,)}, {"total": "fp16"})
    for turn in range(3):
        before, after = mil.evaluate(made, {"x": f32(1, 2)}, state=state).values()
        assert before.tolist() == [turn, 2 * turn]
        assert after.tolist() == [turn + 1, 2 * turn + 2]
    assert state.read_state("total").tolist() == [3, 6]
    assert state.read_state("total").dtype == np.float16


def test_a_state_can_be_set() -> None:
    state = mil.State({"total": (2,)}, {"total": "fp16"})
    state.write_state("total", [5, 0.1])
    before, _ = mil.evaluate(accumulator(), {"x": f32(1, 2)}, state=state).values()
    assert before.tolist() == [5, np.float16(0.1)]


def test_what_is_read_is_a_copy() -> None:
    state = mil.State({"total": (2,)}, {"total": "fp16"})
    before, _ = mil.evaluate(accumulator(), {"x": f32(1, 2)}, state=state).values()
    state.read_state("total")[:] = 9
    assert before.tolist() == [0, 0]
    assert state.read_state("total").tolist() == [1, 2]


def test_two_states_of_a_model_do_not_meet() -> None:
    shapes, kinds = {"total": (2,)}, {"total": "fp16"}
    one, other = mil.State(shapes, kinds), mil.State(shapes, kinds)
    mil.evaluate(accumulator(), {"x": f32(1, 2)}, state=one)
    assert other.read_state("total").tolist() == [0, 0]


def test_what_is_refused() -> None:
    state = mil.State({"total": (2,)}, {"total": "fp16"})
    with pytest.raises(RuntimeError, match="no state 'sum'; the states are 'total'"):
        state.read_state("sum")
    with pytest.raises(RuntimeError, match=r"has shape \(2,\), not \(3,\)"):
        state.write_state("total", [1, 2, 3])
    with pytest.raises(mil.InputError, match="state 'total' is required"):
        mil.evaluate(accumulator(), {"x": f32(1, 2)})
