"""The history of a benchmark as people read it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from silicon_cts import cli
from silicon_cts.benchmarks import baselines
from silicon_cts.records import measurement
from silicon_cts.records.measurement import Measurement

from .runs import FINGERPRINT
from .test_html import Page


@pytest.fixture(autouse=True)
def duckdb() -> Any:
    """Only where it is installed; imported after the collection, whose objects the plugin freezes."""
    return pytest.importorskip("duckdb")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twenty nights, the last ten with another torch and a fifth slower."""
    monkeypatch.chdir(tmp_path)  # where nothing is pinned
    for night in range(20):
        path = tmp_path / f"202611{night + 1:02}T010000Z-x"
        path.mkdir()
        versions = {"torch": "2.13.0" if night < 10 else "2.14.0"}
        described = {
            "fingerprint": {**FINGERPRINT, "versions": versions},
            "start": f"2026-11-{night + 1:02}T01:00:00+00:00",
        }
        (path / "run.json").write_text(json.dumps(described))
        for process in range(3):
            seconds = 1e-3 * (1.2 if night >= 10 else 1.0) * (1 + 0.004 * (night % 3))
            measurement.append(path, Measurement("linear-cpu", process=process, seconds=seconds))
        measurement.append(path, Measurement("sort-<b>", seconds=2.0))
        measurement.append(path, Measurement("gone", outcome="errored", reason="SIGABRT"))
    return tmp_path


def test_history(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "history.html"
    assert cli.main(["history", "--runs", str(runs), "-k", "linear", "--html", str(page)]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "linear-cpu   Apple M3 Max, macOS 27.0 (26A428)"
    assert len(rows) == 21
    assert [row for row in rows if "changed" in row] == [rows[11]]
    assert "2026-11-11 01:00:00  torch 2.14.0" in rows[11]
    assert "changed +20" in rows[11]
    text = page.read_text()
    assert text.count("<circle") == 20
    assert text.count("<line ") == 1
    assert Page(text).scripts == []


def test_every_benchmark_that_was_measured(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "history.html"
    assert cli.main(["history", "--runs", str(runs), "--html", str(page)]) == 0
    text = capsys.readouterr().out
    assert "sort-<b>" in text
    assert "gone" not in text
    assert "<b>" not in page.read_text()


@pytest.mark.parametrize("arguments", [["-k", "nothing like it"], ["--html", "/no/such/folder/x.html"]])
def test_mistakes_are_one_sentence(runs: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["history", "--runs", str(runs), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_pinned_sessions_whose_run_folders_are_gone_are_part_of_it(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights = sorted(runs.glob("2026*"))
    baselines.pin([baselines.read_session(night) for night in nights[:6]], tmp_path / "baselines")
    asked = ["history", "--runs", str(runs), "--baselines", str(tmp_path / "baselines"), "-k", "linear"]
    assert cli.main(asked) == 0
    with_folders = capsys.readouterr().out
    for night in nights[:4]:
        shutil.rmtree(night)
    assert cli.main(asked) == 0
    assert capsys.readouterr().out == with_folders
    rows = with_folders.splitlines()
    assert len(rows) == 21
    assert [row.endswith(" (pinned)") for row in rows[1:]] == [True] * 6 + [False] * 14
    for night in nights[4:]:
        shutil.rmtree(night)
    assert cli.main(asked) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 7
    assert "there is no run in" in told.err
