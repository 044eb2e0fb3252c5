"""Special values: NaN, infinities, -0.0, subnormals, the limits of the dtype, ties, integers beyond 2^24."""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("special_values")
def test_special_values(check: Check) -> None:
    """NaN and infinities are where float64 or the CPU has them; the numbers between them agree."""
    check.agrees()
