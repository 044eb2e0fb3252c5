"""Mixed precision: is training under autocast right, in float16 with a gradient scaler and in bfloat16?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.training("autocast_float16", "autocast_bfloat16")


@pytest.mark.aspect("forward")
def test_autocast(check: Check) -> None:
    """Eight steps agree, as closely as autocast's dtype allows; a step with infinite gradients is skipped by all."""
    check.agrees()
