"""Fifty steps: does training go where it goes in float64, through a checkpoint half way, and does the model learn?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.training("fifty_steps")


@pytest.mark.aspect("forward")
def test_fifty_steps(check: Check) -> None:
    """The loss curve, parameters, buffers and optimizer state agree, and the task is learnt as on the CPU."""
    check.agrees()
