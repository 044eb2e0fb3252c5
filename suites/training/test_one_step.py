"""One step: are gradients and updates as right as their precision allows, with every optimizer and its options?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.training("one_step", "capturable")


@pytest.mark.aspect("forward")
def test_one_step(check: Check) -> None:
    """Loss, gradients, parameters, buffers and what the optimizer keeps agree with float64."""
    check.agrees()
