"""Modules: is every module of PyTorch's module_db right, forward and backward, in training and in evaluation mode?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.modules


@pytest.mark.aspect("forward")
def test_modules(check: Check) -> None:
    """Outputs, buffers after the call, and gradients under a random grad_output agree with float64."""
    check.agrees()
