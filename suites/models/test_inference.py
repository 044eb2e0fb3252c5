"""Inference: is the answer of every model of the catalog as right as its precision allows?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.models


@pytest.mark.aspect("forward")
def test_inference(check: Check) -> None:
    """All outputs, from inputs to the last layer, agree with float64 within the error budget of those very weights."""
    check.agrees()
