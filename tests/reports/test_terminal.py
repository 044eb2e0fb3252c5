"""The end-of-run text."""

from __future__ import annotations

from pathlib import Path

import pytest

from silicon_cts import reports
from silicon_cts.records.run_folder import RECORDS, read
from silicon_cts.reports import terminal

from .runs import HOSTILE, every_verdict, record, run


def test_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = run(tmp_path, every_verdict())
    reports.write(found)
    text = terminal.render(found, 100)
    assert max(len(row) for row in text.splitlines()) <= 100
    for part in (
        "Apple M3 Max",
        "5/15  =1 A1 B1 C1 ·1",
        "disagrees 1 unstable 1 crashed 2",
        "(1 known)",
        "6 failures that no known issue expects",
        "mps  disagrees  bad_disagrees (forward, float32): because disagrees",
        "1 failure that known issues expect: crashed 1",
        "mps cumsum rank 5: remove it",
        "mps old_one",
        "cuda: no such GPU; buy one",
        "1 operator of 702 in the catalog",
        "python repro/mps-bad_disagrees-float32-forward.py",
        "index.html",
        "4 min 12 s, 30 checks, 15 records",
    ):
        assert part in text
    assert "UNFINISHED" not in text


def test_nothing_new_is_said(tmp_path: Path) -> None:
    assert "nothing that the known issues do not expect" in terminal.render(run(tmp_path, [record(grade="A")]), 100)


def test_paths_are_told_only_of_files_that_are_there(tmp_path: Path) -> None:
    text = terminal.render(run(tmp_path, every_verdict()), 100)
    assert "index.html" not in text
    assert "repro/" not in text


def test_many_new_failures_are_counted_beyond_twenty(tmp_path: Path) -> None:
    text = terminal.render(run(tmp_path, [record(f"op{place}", "crashed") for place in range(50)]), 100)
    assert text.count("mps  crashed") == 20
    assert "and 30 more failures" in text


def test_a_run_that_was_cut_off_says_so(tmp_path: Path) -> None:
    run(tmp_path, every_verdict(), finished=False)
    with (tmp_path / RECORDS).open("a") as stream:
        stream.write('{"operator": "std", "vari')
    text = terminal.render(read(tmp_path), 100)
    assert (
        "UNFINISHED: this run was cut off; it had written 15 records. 1 line of records.jsonl cannot be read."
        in text.replace("\n", " ")
    )


def test_records_without_a_description(tmp_path: Path) -> None:
    run(tmp_path, every_verdict())
    (tmp_path / "run.json").unlink()
    text = terminal.render(read(tmp_path), 100)
    assert "machine unknown" in text
    assert "UNFINISHED" in text
    assert "5/15" in text


def test_a_description_without_records(tmp_path: Path) -> None:
    found = run(tmp_path, [], finished=False)
    assert "0 checks" in terminal.render(found, 100)
    assert len(reports.write(found)) == 2


def test_an_interrupted_run_is_unfinished(tmp_path: Path) -> None:
    found = run(tmp_path, every_verdict())
    found.description["exit_status"] = 2
    assert "UNFINISHED: it was interrupted" in terminal.render(found, 100)


@pytest.mark.parametrize("width", [20, 80, 100, 200])
def test_many_aspects_fit_into_any_width(tmp_path: Path, width: int) -> None:
    aspects = ("forward", "gradient", "inplace", "out", "layout", "special_values", "rejects", "of_tomorrow")
    text = terminal.render(run(tmp_path, [record(aspect=aspect, grade="A") for aspect in aspects]), width)
    assert max(len(row) for row in text.splitlines()) <= max(width, 60)
    assert all(aspect in text for aspect in aspects)
    assert text.count("1/1  A1") == len(aspects)


def test_no_reason_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    text = terminal.render(run(tmp_path, [record(verdict="error", reason=HOSTILE), record("[red]x", "hung")]), 200)
    assert "\x1b" not in text
    assert "\ud800" not in text
    assert "[red]x" in text
