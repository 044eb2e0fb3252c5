"""Accumulated: do the gradients of several batches add up in ``.grad``, and does the next step begin with none?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.training("accumulated")


@pytest.mark.aspect("forward")
def test_accumulated(check: Check) -> None:
    """Losses, gradients, parameters and buffers after two steps of three batches each agree with float64."""
    check.agrees()
