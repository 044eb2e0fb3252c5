"""Does coremltools itself, when it folds constants, give what its documentation says?

112 operations of the opset carry a `value_inference` with which the converter computes them at conversion time. The
evaluator uses none of them: they compute in the type of the constant, so that no mode could be honoured, and those in
`WRONG` are not what is documented. What they give is held against the same cases as the evaluator, so every table of
expected values is confirmed by two implementations that know nothing of each other.
"""

import dataclasses
import warnings

import numpy as np
import pytest
from coremltools.converters.mil.mil.operation import Operation
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from .cases import CASES, Case
from .cases.case import Const
from .programs import function

WRONG = {
    "cast-to_int_saturates": "out of range, infinite and NaN become whatever the converting machine makes of them",
    "cast-to_uint8": "what is out of range wraps around, and differently from machine to machine",
    "clamped_relu-negative_beta": "adds the two branches, so a negative beta counts twice",
    "softplus_parametric-far": "overflows to infinity from 89 on",
    "softmax-empty": "raises for an empty axis",
    "reduce_log_sum_exp-infinite": "subtracts infinities: NaN where all elements are -inf or one is inf",
    "pow-int_negative_exponent": "raises for a negative exponent of integers",
    "gather-undefined_is_nan": "raises for an index outside although validate_indices is False",
    "gather-undefined_int": "raises for an index outside although validate_indices is False",
    "scatter_along_axis-add": "ignores the mode, always updates",
    "scatter_along_axis-sub": "ignores the mode, always updates",
    "scatter_along_axis-mul": "ignores the mode, always updates",
    "scatter_along_axis-div": "ignores the mode, always updates",
    "scatter_along_axis-min": "ignores the mode, always updates",
    "scatter_along_axis-repeated": "ignores the mode, always updates",
    "slice_by_size-nothing": "takes a size of 0 for -1, all that is left",
    "band_part-outside_is_zero_not_nan": "multiplies with zero, so NaN and infinity outside of the band stay",
    "cumsum-exclusive": "raises for exclusive",
    "cumsum-exclusive_reverse": "raises for exclusive",
    "argsort-least_int": "sorts the negated elements, and the least integer has no negative",
    "topk-unsigned": "sorts the negated elements, which unsigned integers do not have",
    "topk-all": "takes k = -1 for all but one",
    "concat-interleave": "ignores interleave",
    "concat-interleave_last": "ignores interleave",
    "flatten2d-axis_0": "raises for axis 0",
    "squeeze-ignores_larger_dimensions": "raises for a dimension that is larger than 1",
    "squeeze-to_a_scalar": "raises for more than one dimension of a single element",
}
"""Cases for which the folded constant is not what the documentation says, with what it does instead."""

NOT_FOLDED = {"reverse_sequence"}

FOLDING = {
    name
    for name, versions in SSAOpRegistry.core_ops.items()
    if any(version.value_inference is not Operation.value_inference for version in versions.values())
} - NOT_FOLDED

FOLDED = [case for case in CASES if case.op in FOLDING]


def folds_to_what_is_documented(case: Case) -> bool:
    """Whether coremltools folds the operation, given constants alone, to the expected outputs."""
    constants = {name: value.copy() for name, value in case.inputs.items()}
    attributes = {k: Const(v.array.copy()) if isinstance(v, Const) else v for k, v in case.attributes.items()}
    case = dataclasses.replace(case, attributes=attributes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = function(lambda: case.build(**constants), {}, case.opset)
    except (TypeError, ValueError, IndexError):
        return False
    results = [np.asarray(output.val) for output in made.outputs]
    return all(
        result.shape == expected.shape
        and np.allclose(result.astype(np.float64), expected.astype(np.float64), rtol=1e-5, atol=1e-5, equal_nan=True)
        for result, expected in zip(results, case.expected, strict=True)
    )


@pytest.mark.parametrize("case", FOLDED, ids=lambda case: case.id)
def test_folds_to_what_is_documented(case: Case) -> None:
    assert folds_to_what_is_documented(case) == (case.id not in WRONG), WRONG.get(case.id)


def test_every_wrong_one_is_a_case() -> None:
    assert set(WRONG) <= {case.id for case in FOLDED}


def test_thresholded_relu_changes_the_constant_that_it_is_given() -> None:
    (case,) = (case for case in FOLDED if case.op == "thresholded_relu")
    given = {"x": case.inputs["x"].copy()}
    function(lambda: case.build(**given), {}, case.opset)
    assert not np.array_equal(given["x"], case.inputs["x"])
