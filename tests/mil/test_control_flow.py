"""Do branches, loops, lists and classifiers do what they say?"""

from typing import Any

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813
from coremltools.converters.mil.mil import types
from coremltools.converters.mil.mil.operation import mil_list

from silicon_cts import mil

from .programs import counting, f32, function, i32, run, same


@pytest.mark.parametrize(("chosen", "expected"), [(True, 3.0), (False, -2.0)])
def test_cond_takes_one_branch(chosen: bool, expected: float) -> None:
    def build(x: Any, flag: Any) -> Any:
        pred = mb.cast(x=mb.squeeze(x=flag), dtype="bool")
        return mb.cond(pred=pred, _true_fn=lambda: mb.add(x=x, y=2.0), _false_fn=lambda: mb.mul(x=x, y=-2.0))

    same(run(build, x=f32([1]), flag=i32([int(chosen)])), f32([expected]))


def test_cond_with_two_results_and_a_value_from_outside() -> None:
    def build(x: Any, flag: Any) -> Any:
        outer = mb.add(x=x, y=1.0)
        pred = mb.cast(x=mb.squeeze(x=flag), dtype="bool")
        return mb.cond(pred=pred, _true_fn=lambda: (outer, x), _false_fn=lambda: (x, outer))

    for flag, expected in ((1, (2, 1)), (0, (1, 2))):
        first, second = run(build, x=f32([1]), flag=i32([flag]))
        assert (first[0], second[0]) == expected


def test_while_loop_carries_its_variables() -> None:
    def build(x: Any, count: Any) -> Any:
        step = mb.squeeze(x=count)
        return mb.while_loop(
            _cond=lambda total, left: mb.greater(x=left, y=0),
            _body=lambda total, left: (mb.mul(x=total, y=2.0), mb.sub(x=left, y=1)),
            loop_vars=(x, step),
        )

    total, left = run(build, x=f32(1, 3), count=i32([5]))
    same(total, f32(32, 96))
    same(left, i32(0))
    total, left = run(build, x=f32(1, 3), count=i32([0]))
    same(total, f32(1, 3))


def test_while_loop_swaps() -> None:
    def build(a: Any, b: Any, count: Any) -> Any:
        return mb.while_loop(
            _cond=lambda a, b, left: mb.greater(x=left, y=0),
            _body=lambda a, b, left: (mb.identity(x=b), mb.identity(x=a), mb.sub(x=left, y=1)),
            loop_vars=(a, b, mb.squeeze(x=count)),
        )

    first, second, _ = run(build, a=f32([1]), b=f32([2]), count=i32([3]))
    assert (first[0], second[0]) == (2, 1)


def test_nested_loops_use_a_value_from_outside() -> None:
    def build(x: Any) -> Any:
        outside = mb.add(x=x, y=1.0)

        def inner(total: Any, left: Any) -> Any:
            added = mb.add(x=total, y=outside)
            return (added, mb.sub(x=left, y=1))

        def outer(total: Any, left: Any) -> Any:
            total, _ = mb.while_loop(
                _cond=lambda t, k: mb.greater(x=k, y=0), _body=inner, loop_vars=(total, mb.add(x=left, y=0))
            )
            return (total, mb.sub(x=left, y=1))

        return mb.while_loop(_cond=lambda t, k: mb.greater(x=k, y=0), _body=outer, loop_vars=(x, np.int32(3)))[0]

    same(run(build, x=f32([1])), f32([1 + 6 * 2]))


def test_every_turn_of_a_loop_is_shown() -> None:
    def build(x: Any) -> Any:
        return mb.while_loop(
            _cond=lambda x: mb.less(x=mb.reduce_sum(x=x), y=8.0),
            _body=lambda x: mb.add(x=x, y=x, name="twice"),
            loop_vars=(x,),
        )

    seen: list[float] = []
    made = function(build, {"x": f32([1])})
    mil.evaluate(
        made,
        {"x": f32([1])},
        on_value=lambda op, var, value: seen.append(float(value[0])) if op.op_type == "add" else None,
    )
    assert seen == [2, 4, 8]


def test_lists() -> None:
    def build(x: Any) -> Any:
        ls = mb.make_list(init_length=2, dynamic_length=True, elem_shape=(2,), dtype="fp32")
        ls = mb.list_write(ls=ls, index=0, value=x)
        ls = mb.list_write(ls=ls, index=4, value=mb.add(x=x, y=1.0))
        ls = mb.list_scatter(ls=ls, indices=[1, 3], value=np.float32([[7, 8], [9, 10]]))
        return mb.list_length(ls=ls), mb.list_read(ls=ls, index=4), mb.list_gather(ls=ls, indices=[3, 2, 0])

    length, element, several = run(build, x=f32(1, 2))
    same(length, i32(5))
    same(element, f32(2, 3))
    same(several, f32([[9, 10], [0, 0], [1, 2]]))


def test_a_list_of_fixed_length_does_not_grow() -> None:
    def build(x: Any) -> Any:
        ls = mb.make_list(init_length=2, dynamic_length=False, elem_shape=(2,), dtype="fp32")
        return mb.list_read(ls=mb.list_write(ls=ls, index=2, value=x), index=0)

    with pytest.raises(mil.EvaluationError, match=r"list_write .* list index 2 is outside \[0, 2\)"):
        run(build, x=f32(1, 2))


def test_an_element_of_unknown_shape_cannot_be_read_before_it_is_written() -> None:
    def build(x: Any) -> Any:
        ls = mb.make_list(init_length=2, elem_shape=("unknown_size",), dtype="fp32")
        ls = mb.list_write(ls=ls, index=1, value=x)
        return mb.list_read(ls=ls, index=0)

    with pytest.raises(mil.EvaluationError, match="never written"):
        run(build, x=f32(1, 2))


def test_an_empty_gather_from_a_list() -> None:
    def build(where: Any) -> Any:
        ls = mb.make_list(init_length=2, elem_shape=(3,), dtype="int32")
        return mb.list_gather(ls=ls, indices=where)

    same(run(build, where=np.zeros(0, np.int32)), np.zeros((0, 3), np.int32))


def test_a_list_carried_by_a_loop() -> None:
    def build(x: Any) -> Any:
        def body(at: Any, ls: Any) -> Any:
            row = mb.gather(x=x, indices=at, axis=0)
            return mb.add(x=at, y=1), mb.list_write(ls=ls, index=at, value=row)

        ls = mb.make_list(init_length=3, dynamic_length=False, elem_shape=(2,), dtype="fp32")
        _, ls = mb.while_loop(_cond=lambda at, ls: mb.less(x=at, y=3), _body=body, loop_vars=(np.int32(0), ls))
        return mb.list_gather(ls=ls, indices=[2, 0])

    same(run(build, x=counting(3, 2)), f32([[4, 5], [0, 1]]))


@pytest.mark.parametrize(
    ("labels", "winner"), [(["cat", "dog", "eel"], "dog"), ([np.int64(7), np.int64(8), np.int64(9)], 8)]
)
def test_classify(labels: list[Any], winner: Any) -> None:
    label, probabilities = run(
        lambda x: mb.classify(probabilities=x, classes=mb.const(val=mil_list(labels))), x=f32([[0.125, 0.5, 0.375]])
    )
    assert label == winner
    assert list(probabilities.values()) == [0.125, 0.5, 0.375]
    assert list(probabilities) == labels


def test_types_of_lists_are_kept() -> None:
    def build(x: Any) -> Any:
        ls = mb.make_list(init_length=1, elem_shape=(1,), dtype="fp16")
        return mb.list_read(ls=mb.list_write(ls=ls, index=0, value=x), index=0)

    made = function(build, {"x": np.zeros(1, np.float16)})
    assert made.outputs[0].dtype == types.fp16
    same(run(build, x=np.float16([0.1])), np.float16([0.1]))
