"""Does every operation give what its documentation says?"""

import pytest

from silicon_cts import mil

from .cases import CASES, Case
from .programs import function, same


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_gives_what_is_documented(case: Case) -> None:
    made = function(case.build, case.inputs, case.opset)
    results = tuple(mil.evaluate(made, case.inputs).values())
    assert len(results) == len(case.expected)
    for result, expected in zip(results, case.expected, strict=True):
        same(result, expected, case.tolerance)
