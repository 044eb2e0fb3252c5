"""The runs of many machines become one report, and nothing of them is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from silicon_cts import cli
from silicon_cts.records.machines import control_of, order, split
from silicon_cts.records.measurement import Measurement, append
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run, RunFolder, read
from silicon_cts.reports import answers, coverage, fleet, html, markdown

from .runs import DESCRIPTION, FINGERPRINT, record

AGREES = {"verdict": "agrees", "grade": "A"}


def made(path: Path, records: list[Record], *, finished: bool = True, start: str = "", **fingerprint: Any) -> Run:
    """A run of a machine that differs in these facts from :data:`FINGERPRINT`."""
    folder = RunFolder(path, {**DESCRIPTION, "fingerprint": {**FINGERPRINT, **fingerprint}})
    for one in records:
        folder.append(one)
    if finished:
        folder.finish(fixed=["mps cumsum"], exit_status=1)
    described = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**described, "start": start or described["start"]}))
    return read(path)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two nights of an M3 Max and one of an M4, which gets std wrong and was cut off."""
    monkeypatch.setenv("COLUMNS", "200")
    root = tmp_path / "fleet"
    made(root / "a" / "1", [record("std", "disagrees"), record("add", **AGREES)], start="2026-11-01T00:00:00+00:00")
    newer = [record("std", **AGREES), record("add", "agrees", "A", backend="cpu")]
    measured = made(root / "a" / "2", newer, start="2026-11-02T00:00:00+00:00").path
    other = [record("std", "disagrees", reason="4 is not 5", script="print(1)\n"), record("mul", **AGREES)]
    also = made(root / "b" / "1", other, finished=False, chip="Apple M4", memory_gib=16).path
    for path, seconds in ((measured, 0.02), (also, 0.01)):
        append(path, Measurement("models.mlp-cpu", "models.mlp", dtype="float32", backend="cpu", seconds=seconds))
        append(path, Measurement("models.mlp-mps", "models.mlp", dtype="float32", backend="mps", seconds=0.005))
    return root


def merged(runs: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[Run, str]:
    output = runs.parent / "merged"
    assert cli.main(["merge", str(runs), *more, "--output", str(output)]) == 0
    return read(output), capsys.readouterr().out


def test_every_record_is_there_with_its_machine(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, told = merged(runs, capsys)
    assert {(one.backend, one.operator, one.verdict) for one in run.records} == {
        ("m3-max/mps", "std", "agrees"),
        ("m3-max/mps", "add", "agrees"),
        ("m3-max/cpu", "add", "agrees"),
        ("m4/mps", "std", "disagrees"),
        ("m4/mps", "mul", "agrees"),
    }
    assert "note       m3-max: 2 runs; 1 older record left out: the newest of each check is kept" in told
    about = run.description["machines"]
    assert (about["m3-max"]["runs"], about["m3-max"]["superseded"]) == (["1", "2"], 1)
    assert run.description["fixed"] == ["m3-max: mps cumsum"]
    assert (run.path / "index.html").is_file() and (run.path / "summary.md").is_file()
    assert [path.name for path in (run.path / "repro").iterdir()] == ["m4_mps-std-float32-forward.py"]


def test_every_report_names_the_machines_and_where_they_differ(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, told = merged(runs, capsys)
    for text in (told, markdown.render(run), html.render(run)):
        for part in ("2 machines", "m3-max", "Apple M3 Max, 14 cores, 36 GiB", "Apple M4", "UNFINISHED"):
            assert part in text, part
    assert "mps std (forward, float32): m3-max agrees, m4 disagrees" in told
    assert "| mps | std (forward, float32) | agrees | disagrees |" in markdown.render(run)
    assert "<b>m3-max</b> agrees, <b>m4</b> disagrees" in html.render(run)
    assert "m4/cuda" in told  # absent there
    backends = [backend for backend, _, _ in coverage.columns(run.records)]
    assert backends == ["m3-max/cpu", "m3-max/mps", "m4/mps"]


def test_each_machine_is_held_against_its_own_cpu(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, _ = merged(runs, capsys)
    asked = [record("models.mlp", backend=name, **AGREES) for name in ("m3-max/mps", "m3-max/cpu", "m4/mps")]
    sentences = answers.answers(run, asked).sentences
    assert sentences["m3-max/mps"].endswith("times as fast as the CPU (merged): inference 4")
    assert sentences["m4/mps"].endswith("times as fast as the CPU (merged): inference 2")
    assert "CPU" not in sentences["m3-max/cpu"]


@pytest.mark.parametrize(
    ("facts", "labels"),
    [
        ([{"chip": "Apple M1"}, {"chip": "Apple M4"}], ["m1", "m4"]),
        ([{"chip": "Apple M1", "system": "macOS 26.1"}, {"chip": "Apple M1", "system": "macOS 27.0"}], ["m1-macos-26-1", "m1-macos-27-0"]),
        ([{"chip": "Intel(R) Xeon(R) Processor"}], ["intel-xeon-processor"]),
        ([{"chip": "Apple M1", "cores": 8}, {"chip": "Apple M1", "cores": 10}], ["m1-1", "m1-2"]),
        ([{}], ["unknown"]),
    ],
)  # fmt: skip
def test_a_machine_has_as_short_a_name_as_tells_it_apart(facts: list[dict[str, Any]], labels: list[str]) -> None:
    assert fleet._labels(facts) == labels


def test_names_with_and_without_a_machine() -> None:
    assert split("m4/torch:xpu:0") == ("m4", "torch:xpu:0")
    assert (split("mps"), control_of("mps"), control_of("m4/mps")) == (("", "mps"), "cpu", "m4/cpu")
    assert sorted(["mps", "cpu", "coreai"], key=order) == ["cpu", "coreai", "mps"]


def test_runs_of_former_nights_can_be_left_out(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A machine that was updated since would be one more."""
    tonight = datetime.now(UTC) - timedelta(hours=3)
    made(runs / "a" / "3", [record("std", **AGREES)], start=tonight.isoformat(), versions={"torch": "2.14.0"})
    run, _ = merged(runs, capsys, "--days", "1")
    found = run.description["machines"]
    assert {name: machine["runs"] for name, machine in found.items()} == {"m3-max": ["3"], "m4": ["1"]}
    assert cli.main(["merge", str(runs), "--days", "0", "--output", str(runs.parent / "none")]) == 2
    assert capsys.readouterr().err.endswith("none of the runs began in the last 0 days: give more --days\n")


def test_mistakes_are_one_sentence(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    merged(runs, capsys)
    for arguments in ([str(tmp_path / "nowhere")], [str(runs)]):  # the second: there is a run already
        assert cli.main(["merge", *arguments, "--output", str(tmp_path / "merged")]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1 and str(tmp_path) in told
