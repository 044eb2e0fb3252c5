"""Gradient: are the gradients of every differentiable input right, under a random ``grad_output``?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("gradient")
def test_gradient(check: Check) -> None:
    """Gradients agree with float64's; an input that gets none on the CPU gets none here."""
    check.agrees()
