"""Flexible: does a program that was converted once answer right at many sizes?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("flexible")
def test_flexible(check: Check) -> None:
    """One shape symbol is a range when the operator is converted; the answer at each size agrees."""
    check.agrees()
