"""Layout: is the answer the same wherever the inputs lie in memory: transposed, sliced, expanded, channels_last?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("layout")
def test_layout(check: Check) -> None:
    """The outputs agree with those for contiguous inputs, and no input is changed."""
    check.agrees()
