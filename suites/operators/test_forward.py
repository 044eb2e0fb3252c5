"""Forward: is every operator's answer as right as its precision allows?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("forward")
def test_forward(check: Check) -> None:
    """The outputs agree with float64 within the error budget of that very input."""
    check.agrees()
