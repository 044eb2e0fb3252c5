"""Random: are random numbers distributed as the CPU's, and had again from a seed and from a saved state?"""

import pytest

from silicon_cts.plugin.check import Check

pytestmark = pytest.mark.operators


@pytest.mark.aspect("random")
def test_random(check: Check) -> None:
    """Shape and dtype agree; the numbers are others under another seed and in the next call, and no others else."""
    check.agrees()
