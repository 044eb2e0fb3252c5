"""The table of benchmarks, and what is derived from a time."""

from __future__ import annotations

import pytest

from silicon_cts.benchmarks.figures import Peak, Work, figures, lower_quartile, ratios_to_cpu
from silicon_cts.benchmarks.measure import cases, completed, memory, prepare, rounds_for
from silicon_cts.benchmarks.table import ROWS
from silicon_cts.catalog.models.calls import task_of


def test_figures_of_a_time() -> None:
    found = figures(0.5, Work(flop=4e9, bytes=2e9), Peak(gflops=16.0, gigabytes=5.0))
    assert (found.gflops, found.gigabytes, found.peak_share) == (8.0, 4.0, 0.8)
    assert figures(0.5, Work()).peak_share is None
    with pytest.raises(ValueError, match="not timed"):
        figures(0.0, Work(flop=1.0))


def test_times_as_fast_as_the_cpu() -> None:
    seconds = {("add", "cpu"): 4.0, ("add", "mps"): 1.0, ("sort", "mps"): 1.0}
    assert ratios_to_cpu(seconds) == {("add", "mps"): 4.0}


def test_the_time_that_stands_for_many() -> None:
    assert lower_quartile([9.0, 1.0, 2.0, 3.0, 100.0]) == 2.0
    assert lower_quartile([5.0]) == 5.0
    with pytest.raises(ValueError, match="no round"):
        lower_quartile([])


def test_rounds_fit_their_budget() -> None:
    assert [rounds_for(seconds, 0.2) for seconds in (1.0, 0.01, 1e-6, 0.0)] == [5, 20, 100, 100]


def test_names_are_unique_and_about_sixty_operators_are_timed() -> None:
    names = [case.name for metric in ("first_call", "steady") for case in cases(["cpu", "mps"], metric)]
    assert len(set(names)) == len(names)
    assert len({row.operator for row in ROWS}) >= 60


def test_yardsticks_come_first_and_only_what_trains_runs_backward() -> None:
    found = list(cases(["cpu"], "steady"))
    assert {case.row.operator for case in found[:9]} == {"matmul", "copy"}
    assert {case.row.operator for case in found if case.direction == "backward"}.isdisjoint({"argmax", "to_host"})
    assert {case.direction for case in cases(["cpu"], "first_call")} == {"forward"}


SMALL = [
    case
    for case in cases(["cpu"], "steady")
    if case.dtype == "float32" and (case.row.flop or 0) < 3e8 and case.row.operator not in ("copy", "to_host")
]


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_every_row_can_be_called(case: object) -> None:
    call = prepare(case, "cpu")
    call.run()
    if case.direction == "forward" and case.row.operator != "nonzero":
        assert bool(call.work.bytes) == (task_of(case.row.operator) is None)  # of a model nobody counts them


def test_bytes_are_those_of_arguments_and_result() -> None:
    add = next(case for case in cases(["cpu"], "steady") if case.row.operator == "add" and case.dtype == "float16")
    assert prepare(add, "cpu").work.bytes == 3 * 1024 * 1024 * 2


def test_a_measurement_has_every_figure() -> None:
    case = next(iter(cases(["cpu"], "steady")))
    found = completed(case, [2.0, 1.0, 4.0, 3.0], Work(flop=1e9), Peak(gflops=2.0), power="AC")
    assert (found.outcome, found.seconds, found.minimum, found.rounds, found.power) == ("measured", 1.0, 1.0, 4, "AC")
    assert (found.gflops, found.peak_share) == (1.0, 0.5)
    assert case.blank().outcome == "errored"
    assert not case.blank().is_measured


def test_memory_of_the_cpu_is_that_of_the_process() -> None:
    assert (memory("cpu") or 0) > 1e7
    assert memory("made_up") is None
