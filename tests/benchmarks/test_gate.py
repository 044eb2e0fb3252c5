"""A gate that fails closed: each way in which a comparison can pass without having compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from silicon_cts import cli
from silicon_cts.benchmarks import baselines, gate
from silicon_cts.benchmarks.baselines import Baseline, BaselineError, Session
from silicon_cts.benchmarks.conditions import NAMES
from silicon_cts.commands import bench
from silicon_cts.commands.shared import newest
from silicon_cts.records import measurement
from silicon_cts.records.measurement import Measurement

FINGERPRINT: dict[str, Any] = {
    "chip": "Apple M3 Max", "cores": 14, "memory_gib": 36, "virtual": False, "rosetta": False, "machine": "arm64",
    "system": "macOS 27.0 (26A428)", "python": "3.12.4", "versions": {"torch": "2.13.0"}, "power": "AC",
    "thermal": "nominal",
}  # fmt: skip
NAMED = ("add-1024-cpu", "linear-512-cpu", "softmax-64-cpu")


def session(name: str = "run", scale: float = 1.0, **more: Any) -> Session:
    """A session in which each benchmark took a hundredth of a second times ``scale``."""
    measured = tuple(Measurement(one, seconds=1e-2 * scale, power="AC", thermal="nominal") for one in NAMED)
    return Session(name, {"fingerprint": {**FINGERPRINT, **more}, "xdist": False}, measured)


def baseline() -> Baseline:
    nights = [session(f"night{place}", 1 + 0.002 * (place % 3)) for place in range(6)]
    return Baseline(baselines.identity(FINGERPRINT), tuple(nights))


def changed(found: Session, place: int, **more: Any) -> Session:
    measured = list(found.measured)
    measured[place] = replace(measured[place], **more)
    return replace(found, measured=tuple(measured))


def test_an_unchanged_run_passes() -> None:
    found = gate.judge(baseline(), session())
    assert found.passed
    assert {decision.verdict for decision in found.decisions.values()} == {"same"}


def test_a_slower_benchmark_fails_and_the_others_are_not_accused() -> None:
    found = gate.judge(baseline(), changed(session(), 1, seconds=1.1e-2))
    assert not found.passed
    assert found.slower == ["linear-512-cpu"]
    assert found.problems == ()


FAILURES: dict[str, tuple[Callable[[Session], Session], str]] = {
    "missing": (lambda run: replace(run, measured=run.measured[1:]), "add-1024-cpu is missing"),
    "errored": (lambda run: changed(run, 0, outcome="errored", reason="SIGABRT", seconds=None), "add-1024-cpu errored: SIGABRT"),
    "skipped": (lambda run: changed(run, 0, outcome="skipped", reason="no kernel", seconds=None), "add-1024-cpu skipped: no kernel"),
    "renamed": (lambda run: changed(run, 0, benchmark="add-1025-cpu"), "add-1024-cpu is missing: renamed to add-1025-cpu?"),
    "empty": (lambda run: replace(run, measured=()), "is missing"),
    "untimed": (lambda run: changed(run, 0, seconds=0.0), "add-1024-cpu measured"),
    "xdist": (lambda run: replace(run, described={**run.described, "xdist": True}), "pytest-xdist"),
    "throttled": (lambda run: changed(run, 2, thermal="serious"), "hot and throttled"),
    "unread": (lambda run: changed(run, 1, thermal="unknown"), "does not know whether the Mac throttled"),
    "battery": (lambda run: changed(run, 2, power="battery"), "on battery"),
    "virtual": (lambda run: replace(run, described={"fingerprint": {**FINGERPRINT, "virtual": True}}), "virtual machine"),
    "unknown": (lambda run: replace(run, described={}), "does not say on which machine"),
    "elsewhere": (lambda run: replace(run, described={"fingerprint": {**FINGERPRINT, "chip": "Apple M4"}}), "another machine"),
    "updated": (
        lambda run: replace(run, described={"fingerprint": {**FINGERPRINT, "versions": {"torch": "2.14.0"}}}),
        "versions torch: 2.13.0 -> 2.14.0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_what_was_not_compared_has_not_passed(failure: str) -> None:
    spoil, sentence = FAILURES[failure]
    found = gate.judge(baseline(), spoil(session()))
    assert not found.passed
    assert any(sentence in problem for problem in found.problems), found.problems


def test_a_process_that_died_half_way_is_missed() -> None:
    run = session()
    whole = replace(run, measured=(*run.measured, *(replace(one, process=1) for one in run.measured)))
    assert gate.judge(baseline(), whole).passed
    half = replace(whole, measured=whole.measured[:-1])
    assert gate.judge(baseline(), half).problems == ("softmax-64-cpu was measured in 1 of 2 processes",)
    gone = replace(run, described={**run.described, "processes": 2})
    assert len(gate.judge(baseline(), gone).problems) == len(NAMED)


@pytest.mark.parametrize("condition", [name for name in NAMES if name in FAILURES and name != "unknown"])
def test_a_condition_can_be_accepted_by_name(condition: str) -> None:
    spoilt = FAILURES[condition][0](session())
    assert not gate.judge(baseline(), spoilt, across=True).passed
    assert gate.judge(baseline(), spoilt, accepted=[condition], across=True).passed


def test_a_baseline_under_such_a_condition_fails_too() -> None:
    spoilt = replace(baseline(), sessions=(*baseline().sessions[1:], FAILURES["battery"][0](session())))
    assert "the baseline's run ran on battery" in gate.judge(spoilt, session()).problems[0]


def test_across_machines_only_where_it_was_asked_for_and_then_it_says_so() -> None:
    found = gate.judge(baseline(), session(chip="Apple M4"), across=True)
    assert found.passed
    assert found.across == ("chip: Apple M3 Max -> Apple M4",)


def test_a_part_that_was_asked_for_is_all_that_must_be_there() -> None:
    part = replace(session(), measured=session().measured[:1])
    assert gate.judge(baseline(), part, selected={NAMED[0]}).passed
    nothing = gate.judge(baseline(), part, selected={"unheard of"})
    assert not nothing.passed
    assert "nothing was compared" in nothing.problems[0]


def test_a_baseline_of_one_session_decides_nothing_and_says_what_to_do() -> None:
    found = gate.judge(replace(baseline(), sessions=baseline().sessions[:1]), session(scale=1.5))
    assert {decision.reason for decision in found.decisions.values()} == {"only 1 sessions in the baseline: run ab"}


def written(path: Path, found: Session) -> Path:
    path.mkdir(parents=True)
    (path / "run.json").write_text(json.dumps(dict(found.described)))
    for one in found.measured:
        measurement.append(path, one)
    return path


def test_a_pinned_baseline_is_read_back(tmp_path: Path) -> None:
    runs = [written(tmp_path / f"night{place}", one) for place, one in enumerate(baseline().sessions)]
    path = baselines.pin([baselines.read_session(run) for run in runs], tmp_path / "baselines")
    assert path.parent.name == baselines.name(FINGERPRINT)
    assert path.parent.name.startswith("apple-m3-max-36gib-macos-27-0-26a428-torch-2-13-0-")
    assert gate.judge(baselines.read(path), session()).passed
    assert list(baselines.listed(tmp_path / "baselines")) == [path]


@pytest.mark.parametrize("fact", ["chip", "memory_gib", "system", "virtual", "python"])
def test_every_machine_has_a_folder_of_its_own(fact: str) -> None:
    assert baselines.name({**FINGERPRINT, fact: "other"}) != baselines.name(FINGERPRINT)
    assert baselines.name({**FINGERPRINT, "power": "battery"}) == baselines.name(FINGERPRINT)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": 2}', '{"format": 1, "identity": {}, "sessions": []}']
)
def test_an_empty_or_unreadable_baseline_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "pinned.json").write_text(text)
    with pytest.raises(BaselineError):
        baselines.read(tmp_path / "pinned.json")


def test_what_cannot_be_pinned(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="nothing to pin"):
        baselines.pin([replace(session(), measured=())], tmp_path)
    with pytest.raises(BaselineError, match=r"different machines.*chip: Apple M3 Max -> Apple M4"):
        baselines.pin([session(), session("other", chip="Apple M4")], tmp_path)
    with pytest.raises(BaselineError, match="holds no measurements"):
        baselines.read_session(tmp_path)
    (tmp_path / "benchmarks.jsonl").write_text('{"benchmark": "a"}\n{"bench')
    with pytest.raises(BaselineError, match="1 of the lines"):
        baselines.read_session(tmp_path)


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    run = str(written(tmp_path / "run", session()))
    assert cli.main(["bench", "gate", run]) == 1
    assert "there is no baseline" in capsys.readouterr().out
    nights = [str(written(tmp_path / f"night{place}", one)) for place, one in enumerate(baseline().sessions)]
    assert cli.main(["baseline", "pin", nights[0]]) == 0
    assert "1 of 5 sessions" in capsys.readouterr().out
    assert cli.main(["baseline", "pin", *nights]) == 0
    assert cli.main(["baseline", "list"]) == 0
    assert "6 sessions, 3 benchmarks" in capsys.readouterr().out
    assert cli.main(["bench", "gate", run]) == 0
    assert "passed: nothing got slower" in capsys.readouterr().out
    slow = str(written(tmp_path / "slow", changed(session(), 0, seconds=1.2e-2)))
    assert cli.main(["bench", "gate", slow]) == 1
    assert "slower     +19.8 %" in capsys.readouterr().out
    assert cli.main(["baseline", "pin", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_knows_every_condition() -> None:
    assert bench.CONDITIONS == NAMES


def test_the_newest_run_that_measured_is_judged(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in ("20261101T010000Z-a", "20261102T010000Z-b"):
        written(runs / name, session())
    (runs / "20261103T010000Z-c").mkdir()
    (runs / "latest").symlink_to("20261101T010000Z-a")
    assert newest(measurement.MEASUREMENTS, runs).name == "20261102T010000Z-b"
