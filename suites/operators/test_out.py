"""Out: does ``out=`` hold the right answer in every layout, and is nothing written beside it?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("out")
def test_out(check: Check) -> None:
    """Destinations lie in larger buffers that stay as they were; what is returned is the destination."""
    check.agrees()
