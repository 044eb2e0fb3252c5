"""Is every operation of the opset evaluated, or said not to be, and is every one that is evaluated tested?"""

import inspect

import pytest
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from silicon_cts.mil.errors import UnsupportedOperationError
from silicon_cts.mil.registry import IMPLEMENTATIONS, NOT_EVALUATED, STRUCTURAL, implementation

from .cases import CASES

NAMES = sorted(SSAOpRegistry.core_ops)
TESTED_ELSEWHERE = {
    "classify": "test_control_flow",
    "cond": "test_control_flow",
    "const": "every program",
    "list_gather": "test_control_flow",
    "list_length": "test_control_flow",
    "list_read": "test_control_flow",
    "list_scatter": "test_control_flow",
    "list_write": "test_control_flow",
    "make_list": "test_control_flow",
    "random_bernoulli": "test_random",
    "random_categorical": "test_random",
    "random_normal": "test_random",
    "random_uniform": "test_random",
    "read_state": "test_states",
    "while_loop": "test_control_flow",
}


def test_the_opset_has_168_operations() -> None:
    assert len(NAMES) == 168


@pytest.mark.parametrize("name", NAMES)
def test_is_evaluated_or_said_not_to_be(name: str) -> None:
    if name in NOT_EVALUATED:
        with pytest.raises(UnsupportedOperationError, match=NOT_EVALUATED[name].split(";")[0]):
            implementation(name)
    elif name not in STRUCTURAL:
        takes = set(inspect.signature(implementation(name).function).parameters) - {"call"}
        versions = SSAOpRegistry.core_ops[name].values()
        given = {key for version in versions for key in version.input_spec.input_types if not key.startswith("_")}
        assert takes == given


def test_at_most_eight_are_not_evaluated() -> None:
    assert len(NOT_EVALUATED) <= 8
    assert set(NOT_EVALUATED) <= set(NAMES)
    assert all(NOT_EVALUATED.values())


def test_nothing_else_is_evaluated_but_the_update_of_a_state() -> None:
    implementation("relu")
    assert set(IMPLEMENTATIONS) - set(NAMES) == {"coreml_update_state"}


def test_every_operation_has_a_case() -> None:
    tested = {case.op for case in CASES} | set(TESTED_ELSEWHERE) | set(NOT_EVALUATED)
    assert tested == set(NAMES)


def test_the_ids_of_cases_are_unique() -> None:
    ids = [case.id for case in CASES]
    assert len(ids) == len(set(ids))
