"""Benchmarks: how long do operators take at sizes that people run, and the catalog's models and their training?

Only in a benchmark run: ``pytest --benchmark-only``, or any other ``--benchmark-*`` option.
"""

import pytest

from silicon_cts.plugin.benchmarks import Timing

pytestmark = pytest.mark.benchmark


@pytest.mark.metric("first_call")
def test_first_call(timing: Timing) -> None:
    """The first call of a process, in which graphs are built and kernels compiled."""
    timing.first_call()


@pytest.mark.metric("shape_growth")
def test_shape_growth(timing: Timing) -> None:
    """The first call of one new shape after the other, and the memory that each leaves behind."""
    timing.shape_growth()


@pytest.mark.metric("steady")
def test_steady(timing: Timing) -> None:
    """Call after call, forward, and forward with backward where the operator trains."""
    timing.steady()
