"""Compiled: do forward and backward through ``torch.compile`` give what they give without it?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.training("compiled")


@pytest.mark.aspect("forward")
def test_compiled(check: Check) -> None:
    """Loss, gradients, parameters, buffers and what the optimizer keeps after one step agree with float64."""
    check.agrees()
