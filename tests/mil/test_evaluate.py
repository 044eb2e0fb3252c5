"""Can every intermediate result be seen and replaced, and is every mistake told?"""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from coremltools.converters.mil import Builder as mb  # noqa: N813

from silicon_cts import mil

from .programs import counting, f32, function, i32, noise, run


def two_steps(x: Any) -> Any:
    """(x + 1) * 2, by name."""
    return mb.mul(x=mb.add(x=x, y=1.0, name="sum"), y=2.0, name="product")


def test_every_result_is_shown_in_order_and_constants_are_not() -> None:
    seen: list[tuple[str, str, list[float]]] = []

    def look(operation: Any, var: Any, value: np.ndarray) -> None:
        seen.append((operation.op_type, var.name, value.tolist()))

    mil.evaluate(function(two_steps, {"x": f32(1, 2)}), {"x": f32(1, 2)}, on_value=look)
    assert seen == [("add", "sum", [2, 3]), ("mul", "product", [4, 6])]


def test_a_result_can_be_replaced() -> None:
    def change(operation: Any, var: Any, value: np.ndarray) -> np.ndarray | None:
        return value * 10 if var.name == "sum" else None

    result = mil.evaluate(function(two_steps, {"x": f32(1, 2)}), {"x": f32(1, 2)}, on_value=change)
    assert result["product"].tolist() == [40, 60]


def test_a_replacement_is_cast_to_the_declared_type_and_must_have_its_shape() -> None:
    made = function(lambda x: mb.add(x=x, y=np.float16(1)), {"x": np.zeros(1, np.float16)})
    (result,) = mil.evaluate(made, {"x": f32([1])}, on_value=lambda *_: np.array([1 / 3])).values()
    assert result.dtype == np.float16
    assert result[0] == np.float16(1 / 3)
    with pytest.raises(mil.EvaluationError, match=r"on_value gave shape \(2,\)"):
        mil.evaluate(made, {"x": f32([1])}, on_value=lambda *_: np.zeros(2))


def test_what_is_shown_has_the_declared_type() -> None:
    made = function(lambda x: mb.cast(x=mb.add(x=x, y=np.float16(1)), dtype="fp32"), {"x": np.zeros(1, np.float16)})
    seen: list[Any] = []
    mil.evaluate(made, {"x": f32([1])}, on_value=lambda op, var, value: seen.append(value.dtype))
    assert seen == [np.float16, np.float32]
    seen.clear()
    mil.evaluate(made, {"x": f32([1])}, mode="float32", on_value=lambda op, var, value: seen.append(value.dtype))
    assert seen == [np.float32, np.float32]


def test_every_output_of_an_operation_is_shown() -> None:
    made = function(lambda x: mb.split(x=x, num_splits=2, axis=0), {"x": f32(1, 2)})
    seen: list[float] = []
    mil.evaluate(made, {"x": f32(1, 2)}, on_value=lambda op, var, value: seen.append(float(value[0])))
    assert seen == [1, 2]


def test_a_plan_is_made_once_and_used_often() -> None:
    plan = mil.prepare(function(two_steps, {"x": f32(1, 2)}), "float32")
    for start in range(3):
        assert mil.evaluate(plan, {"x": f32(start, 0)})["product"].tolist() == [2 * start + 2, 2]
    with pytest.raises(ValueError, match="the plan was made for mode 'float32', not for 'as_written'"):
        mil.evaluate(plan, {"x": f32(1, 2)}, mode="as_written")


def test_inputs_and_constants_are_never_changed() -> None:
    weight = noise(4, 4)
    kept = weight.copy()
    x = counting(4, 4)

    def build(x: Any) -> Any:
        y = mb.scatter(data=x, indices=[0], updates=f32([[9, 9, 9, 9]]), axis=0, mode="update")
        z = mb.slice_update(x=y, update=f32([[1, 1]]), begin=[1, 0], end=[2, 2])
        return mb.thresholded_relu(x=mb.matmul(x=mb.reverse(x=z), y=weight), alpha=0.0), x

    plan = mil.prepare(function(build, {"x": x}))
    first = [value.copy() for value in mil.evaluate(plan, {"x": x}).values()]
    second = list(mil.evaluate(plan, {"x": x}).values())
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert np.array_equal(x, counting(4, 4))
    assert np.array_equal(weight, kept)


def test_a_value_is_kept_as_long_as_it_is_needed() -> None:
    def build(x: Any) -> Any:
        early = mb.add(x=x, y=1.0)
        late = x
        for _ in range(5):
            late = mb.mul(x=late, y=2.0)
        return mb.add(x=late, y=early), early

    total, early = run(build, x=f32([3]))
    assert (total[0], early[0]) == (100, 4)


def test_an_input_can_be_an_output() -> None:
    assert run(lambda x: x, x=f32(1, 2)).tolist() == [1, 2]


def test_a_constant_can_be_an_output() -> None:
    assert run(lambda x: mb.const(val=f32(1, 2)), x=f32([0])).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "input 'x' is required but not given"),
        ({"x": f32(1, 2), "y": f32([1])}, "unknown input 'y'; the inputs are 'x'"),
        ({"x": f32(1, 2, 3)}, r"input 'x' has shape \(3,\), the program declares \(2,\)"),
        ({"x": f32([[1, 2]])}, r"input 'x' has shape \(1, 2\), the program declares \(2,\)"),
        ({"x": np.array(["a", "b"])}, "input 'x' must be an array of numbers, not of <U1"),
    ],
)
def test_a_wrong_input_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(mil.InputError, match=message):
        mil.evaluate(function(two_steps, {"x": f32(1, 2)}), given)


def test_an_operation_that_cannot_be_computed_is_named() -> None:
    def build(x: Any, where: Any) -> Any:
        return mb.gather(x=x, indices=where, validate_indices=True, name="lookup")

    with pytest.raises(
        mil.EvaluationError, match="gather 'lookup': index 7 is outside of a dimension of size 2"
    ) as caught:
        run(build, x=f32(1, 2), where=i32([7]))
    assert caught.value.operation.name == "lookup"


@pytest.mark.parametrize("op", ["gather", "gather_along_axis", "scatter", "scatter_along_axis"])
@pytest.mark.parametrize("index", [-1, 2])
def test_indices_are_validated_if_asked_for(op: str, index: int) -> None:
    def build(x: Any, where: Any) -> Any:
        given = {"x": x} if op.startswith("gather") else {"data": x, "updates": f32([1])}
        return getattr(mb, op)(**given, indices=where, validate_indices=True)

    with pytest.raises(mil.EvaluationError, match="is outside of a dimension of size 2"):
        run(build, x=f32(1, 2), where=i32([index]))


@pytest.mark.parametrize("op", ["gather_nd", "scatter_nd"])
def test_tuples_of_indices_are_validated_if_asked_for(op: str) -> None:
    def build(x: Any, where: Any) -> Any:
        given = {"x": x} if op == "gather_nd" else {"data": x, "updates": f32([1])}
        return getattr(mb, op)(**given, indices=where, validate_indices=True)

    with pytest.raises(mil.EvaluationError, match="index 3 is outside of a dimension of size 3"):
        run(build, x=counting(2, 3), where=i32([[1, 3]]))


def test_an_index_outside_is_an_error_before_ios17() -> None:
    with pytest.raises(mil.EvaluationError, match="index -3 is outside"):
        run(lambda x, where: mb.gather(x=x, indices=where), opset=15, x=f32(1, 2), where=i32([-3]))


def test_a_result_of_another_shape_than_declared_is_an_error() -> None:
    made = function(two_steps, {"x": f32(1, 2)})
    var = made.outputs[0]
    from coremltools.converters.mil.mil import types

    var._sym_type = types.tensor(types.fp32, (3,))
    with pytest.raises(mil.EvaluationError, match=r"mul 'product': gives shape \(2,\), the program declares \(3,\)"):
        mil.evaluate(made, {"x": f32(1, 2)})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: mb.pad(x=x, pad=[3, 0], mode="reflect"), "pads a dimension of size 3 by at most 2, not 3"),
        (lambda x: mb.range_1d(start=mb.reduce_sum(x=x), end=1.0, step=0.0), "step must not be 0"),
        (lambda x: mb.reverse_sequence(x=x, lengths=[1]), "are the same dimension"),
    ],
)
def test_what_is_not_defined_is_an_error(build: Any, message: str) -> None:
    with pytest.raises(mil.EvaluationError, match=message):
        run(build, x=f32([[1, 2, 3]]))


def test_an_attribute_without_a_defined_meaning_is_refused() -> None:
    def build(x: Any) -> Any:
        return mb.upsample_bilinear(x=x, scale_factor_width=2, align_corners=True, half_pixel_centers=True, name="up")

    with pytest.raises(
        mil.UnsupportedOperationError, match="upsample_bilinear 'up': align_corners and half_pixel_centers"
    ):
        run(build, x=f32([[[1, 2]]]))


def test_torch_and_coremltools_are_not_imported_before_they_are_needed() -> None:
    code = "import sys, silicon_cts.mil; print({'torch', 'coremltools', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_scale_by_which_an_element_lies_in_two_samples_is_not_evaluated() -> None:
    def half(x: Any, factor: float) -> Any:
        return mb.upsample_nearest_neighbor(x=x, scale_factor_height=1.0, scale_factor_width=factor)

    assert run(lambda x: half(x, 0.5), x=counting(1, 1, 4)).tolist() == [[[0, 2]]]
    with pytest.raises(mil.UnsupportedOperationError, match="4 elements scaled by 0.500025 to 2"):
        run(lambda x: half(x, 0.500025), x=counting(1, 1, 4))
