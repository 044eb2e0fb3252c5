"""How pytest runs benchmarks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from silicon_cts.benchmarks import baselines, clocks, measure
from silicon_cts.records import fingerprint

SUITE = """
import pytest

pytestmark = pytest.mark.benchmark

@pytest.mark.metric("steady")
def test_steady(timing):
    timing.steady()

def test_by_hand(benchmark):
    benchmark.pedantic(lambda: None, rounds=2)
"""
OTHER = """
def test_conformance():
    pass
"""
NAMES = ["add-1024x1024-float32-forward-cpu-steady", "relu-8x64x56x56-float32-backward-cpu-steady"]
RUN = ("--benchmark-only", "--backend=cpu", "--benchmark-names=names", "--benchmark-seconds=0.001")


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose runs are conformance runs, with one benchmark suite and one of another kind."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # a run within a worker is no worker
    pytester.makepyfile(test_benchmarks=SUITE, test_other=OTHER)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\nmarkers =\n  later\n")
    (pytester.path / "names").write_text("\n".join(NAMES))
    return pytester


def measured(pytester: pytest.Pytester) -> list[dict]:
    lines = next((pytester.path / "reports" / "runs").glob("2*/benchmarks.jsonl")).read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_plain_run_runs_no_benchmark(suite: pytest.Pytester) -> None:
    suite.runpytest("--backend=cpu").assert_outcomes(passed=1, deselected=2)
    suite.runpytest("--backend=cpu", "-m", "not benchmark").assert_outcomes(passed=1, deselected=2)
    assert not (suite.path / "reports").exists()


def test_any_benchmark_option_runs_benchmarks_alone(suite: pytest.Pytester) -> None:
    found = suite.runpytest(*RUN[1:])
    found.assert_outcomes(passed=3, deselected=1)
    assert "run        " in found.stdout.str()
    assert [one["benchmark"] for one in measured(suite)] == NAMES
    for one in measured(suite):
        assert (one["outcome"], one["backend"], one["rounds"]) == ("measured", "cpu", 5)
        assert one["seconds"] > 0
        assert one["memory"] > 0
    described = json.loads(next((suite.path / "reports" / "runs").glob("2*/run.json")).read_text())
    assert (described["finished"], described["xdist"], described["exit_status"]) == (True, False, 0)
    assert (suite.path / "reports" / "runs" / "latest" / "benchmarks.jsonl").is_file()


def test_marks_select_benchmarks(suite: pytest.Pytester) -> None:
    suite.runpytest("-m", "cpu and benchmark", *RUN[1:3], "--collect-only").assert_outcomes()
    found = suite.runpytest("-m", "mps and benchmark", "--collect-only", "-q")
    assert "-mps-" not in found.stdout.str()


def test_benchmarks_share_the_machine_with_nobody(suite: pytest.Pytester) -> None:
    found = suite.runpytest(*RUN, "-n", "2")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    assert "benchmarks run in one process" in found.stderr.str() + found.stdout.str()


def test_an_error_is_kept_with_its_reason(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: measure.Case, device: str) -> None:
        raise (NotImplementedError if case.row.operator == "add" else ValueError)("no such kernel")

    monkeypatch.setattr(measure, "prepare", broken)
    suite.runpytest(*RUN).assert_outcomes(passed=1, skipped=1, failed=1, deselected=1)
    assert [(one["outcome"], one["reason"]) for one in measured(suite)] == [
        ("skipped", "NotImplementedError: no such kernel"),
        ("errored", "ValueError: no such kernel"),
    ]


def test_a_clock_that_does_not_wait_fails_every_benchmark(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*_: object) -> None:
        raise clocks.ClockError("the clock does not wait for the device")

    monkeypatch.setattr(clocks, "check", found)
    suite.runpytest(*RUN).assert_outcomes(passed=1, failed=2, deselected=1)
    assert {one["outcome"] for one in measured(suite)} == {"errored"}


def test_stored_runs_lie_with_their_machine(suite: pytest.Pytester) -> None:
    suite.runpytest(*RUN, "--benchmark-save=mine")
    folder = suite.path / "reports" / "baselines" / baselines.name(fingerprint.fingerprint())
    (stored,) = folder.rglob("0001_mine.json")
    data = json.loads(stored.read_text())
    assert data["machine_info"]["silicon_cts"]["chip"] == fingerprint.chip()
    assert data["benchmarks"][0]["extra_info"]["silicon_cts"]["benchmark"] == NAMES[0]
    elsewhere = {**data["machine_info"]["silicon_cts"], "chip": "Apple M9"}
    other = suite.path / "other.json"
    other.write_text(json.dumps({**data, "machine_info": {**data["machine_info"], "silicon_cts": elsewhere}}))

    by_name = suite.runpytest(*RUN, "--benchmark-compare=other.json", "--benchmark-accept=virtual")
    assert "ACROSS MACHINES (chip: Apple M9 -> " in by_name.stdout.str()
    stored.write_text(other.read_text())
    refused = suite.runpytest(*RUN, "--benchmark-compare=0001")
    assert "the stored run is of another machine" in refused.stderr.str() + refused.stdout.str()
    assert refused.ret != 0


def test_compare_holds_against_the_pinned_baseline_and_fails_closed(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = suite.runpytest(*RUN, "--benchmark-compare", "--benchmark-accept=virtual")
    assert "FAILED     there is no baseline" in found.stdout.str()
    assert found.ret == pytest.ExitCode.TESTS_FAILED
    runs = [baselines.read_session(path.parent) for path in (suite.path / "reports").rglob("benchmarks.jsonl")]
    baselines.pin(runs, suite.path / "reports" / "baselines")
    again = suite.runpytest(*RUN, "--benchmark-compare", "--benchmark-accept=virtual")
    again.stdout.fnmatch_lines(["undecided *only 1 sessions in the baseline: run ab", "passed: nothing got slower"])
    assert again.ret == pytest.ExitCode.OK
    (suite.path / "names").write_text(NAMES[0])
    monkeypatch.setattr(measure, "prepare", None)
    broken = suite.runpytest(*RUN, "--benchmark-compare", "--benchmark-accept=virtual")
    assert "errored: TypeError" in broken.stdout.str()
    assert broken.ret == pytest.ExitCode.TESTS_FAILED


def test_other_projects_keep_their_pytest_benchmark(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(benchmark):\n    benchmark(lambda: None)\n\ndef test_b():\n    pass\n")
    pytester.runpytest("--benchmark-disable").assert_outcomes(passed=2)
    pytester.runpytest("--benchmark-save=x", "--benchmark-max-time=0.01").assert_outcomes(passed=2)
    assert (pytester.path / ".benchmarks").is_dir()
    assert not (Path(pytester.path) / "reports").exists()
