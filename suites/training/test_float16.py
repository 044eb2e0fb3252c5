"""Float16 throughout: does a training step that is a program still learn, with and without a scaled loss?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.training("float16", "float16_scaled")


@pytest.mark.aspect("forward")
def test_float16(check: Check) -> None:
    """Fifty steps of parameters, gradients and optimizer state in float16 agree, and learn as PyTorch's CPU does."""
    check.agrees()
