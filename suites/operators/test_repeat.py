"""Repeat: does the answer depend on what was asked before it?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("repeat")
def test_repeat(check: Check) -> None:
    """The operator with another shape, number and sample, and then the first call again: all agree."""
    check.agrees()
