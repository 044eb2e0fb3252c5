"""Benchmarks: how long do programs take on backends that run nothing else, from export to call after call?

Only in a benchmark run: ``pytest --benchmark-only``, or any other ``--benchmark-*`` option.
"""

import pytest

from silicon_cts.plugin.benchmarks import Staging

pytestmark = pytest.mark.benchmark


def test_program(staging: Staging) -> None:
    """Conversion, compilation, loading (cold and warm), the first call and call after call; a call may be a step."""
    staging.time()
