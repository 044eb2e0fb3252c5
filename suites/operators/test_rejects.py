"""Rejects: is a call that means nothing refused, with an error that is not a crash?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("rejects")
def test_rejects(check: Check) -> None:
    """What the CPU refuses is refused."""
    check.agrees()
