"""In place: does the in-place form write the right answer into every layout, and nothing beside it?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("inplace")
def test_inplace(check: Check) -> None:
    """The tensor holds what the plain form returns; the memory around it and the other inputs stay."""
    check.agrees()
