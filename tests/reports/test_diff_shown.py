"""The difference of two runs as people read it, and as the command says it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from silicon_cts import cli
from silicon_cts.records import measurement
from silicon_cts.records.measurement import Measurement
from silicon_cts.records.run_folder import read
from silicon_cts.reports import diff as differences
from silicon_cts.reports import diff_html, diff_markdown, diff_terminal
from silicon_cts.reports.diff import Diff
from silicon_cts.reports.markdown import LIMIT

from .runs import DESCRIPTION, FINGERPRINT, HOSTILE, record, run
from .test_diff import UNFILTERED
from .test_html import Page


@pytest.fixture
def found(tmp_path: Path) -> Diff:
    """A crash in two dtypes, a loss of accuracy, something fixed; another torch."""
    base = [
        record("std", grade="A", ratio=1.5),
        record("std", dtype="float16", grade="A", ratio=1.5),
        record("sum", grade="A", ratio=1.5),
        record("cos", "error", reason="old"),
        record("sin", grade="exact"),
    ]
    head = [
        record("std", "crashed", reason=HOSTILE),
        record("std", "crashed", reason=HOSTILE, dtype="float16"),
        record("sum", grade="A", ratio=9.0),
        record("cos", grade="B", ratio=2.0),
        record("sin", grade="exact"),
    ]
    other = {**UNFILTERED, "fingerprint": {**FINGERPRINT, "versions": {"torch": "2.14.0"}}}
    return differences.diff(
        run(tmp_path / "base", base, description=UNFILTERED), run(tmp_path / "head", head, description=other)
    )


def test_terminal(found: Diff) -> None:
    text = diff_terminal.render(found, 160)
    assert text.startswith("DIFFER           torch: 2.13.0 -> 2.14.0")
    assert "crashed          2 checks: takes its process down, or hangs, and did not" in text
    assert "mps std (forward, float32 float16) agrees A, 1.5 budgets -> crashed: </script>" in text
    assert "mps sum (forward, float32) agrees A, 1.5 budgets -> agrees A, 9 budgets" in text
    assert "fixed            1 check: failed, and agrees now" in text
    assert "compared         5 checks, 1 as before" in text
    assert text.endswith("3 checks got worse\n")
    assert "\x1b" not in text
    assert all(len(row) <= 80 for row in diff_terminal.render(found, 80).splitlines() if " /" not in row)


def test_markdown(found: Diff) -> None:
    text = diff_markdown.render(found)
    assert text.startswith("# 3 checks got worse\n")
    assert "| torch | 2.13.0 | 2.14.0 |" in text
    assert text.index("torch | 2.13.0") < text.index("## crashed")
    assert "| mps | std (forward, float32 float16) | agrees A, 1.5 budgets | crashed | &#60;/script" in text
    assert "<details><summary>fixed, 1 check: failed, and agrees now</summary>" in text
    assert "<script" not in text


def test_markdown_fits_a_job_summary(tmp_path: Path) -> None:
    base = [record(f"op{place}") for place in range(6000)]
    head = [record(f"op{place}", "crashed", reason="<" * 900) for place in range(6000)]
    text = diff_markdown.render(differences.diff(run(tmp_path / "base", base), run(tmp_path / "head", head)))
    assert len(text.encode()) < LIMIT
    assert "# 6,000 checks got worse" in text
    assert re.search(r"and [\d,]+ more", text)


def test_page(found: Diff) -> None:
    page = Page(diff_html.render(found))
    assert "3 checks got worse" in page.text
    assert page.scripts == []
    assert {attributes["id"] for attributes in page.attributes("h2")} == {
        "crashed",
        "accuracy-lost",
        "fixed",
        "verdicts",
    }
    assert ["open" in attributes for attributes in page.attributes("details")] == [True, True, False]
    assert "alert(1)" in page.text
    assert not page.attributes("img")
    assert "2.14.0" in page.text


def test_page_of_two_alike_runs(tmp_path: Path) -> None:
    same = differences.diff(run(tmp_path / "base", [record()]), run(tmp_path / "head", [record()]))
    assert "Every check that both runs have is as it was" in Page(diff_html.render(same)).text


def test_the_command(found: Diff, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, head = str(found.base.path), str(found.head.path)
    page, markdown = tmp_path / "diff.html", tmp_path / "diff.md"
    assert cli.main(["diff", base, head, "--html", str(page), "--markdown", str(markdown)]) == 1
    assert "3 checks got worse" in capsys.readouterr().out
    assert "3 checks got worse" in page.read_text()
    assert "3 checks got worse" in markdown.read_text()
    assert cli.main(["diff", base, base]) == 0
    assert "Nothing got worse" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["nowhere", "nowhere"], ["."], ["{run}", "nowhere"]])
def test_mistakes_are_one_sentence(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "run", [record()], description=DESCRIPTION)
    monkeypatch.chdir(tmp_path)
    try:
        status = cli.main(["diff", *(one.format(run="run") for one in arguments)])
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_page_that_cannot_be_written_is_one_sentence(found: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["diff", str(found.base.path), str(found.base.path), "--html", str(found.base.path / "a" / "b" / "c")]
    assert cli.main(arguments) == 2
    assert "cannot write" in capsys.readouterr().err


def test_the_run_before_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "reports" / "runs"
    monkeypatch.chdir(tmp_path)
    run(runs / "20261103T010000Z-c", [record(verdict="crashed")], description=UNFILTERED)
    (runs / "latest").symlink_to("20261103T010000Z-c")
    assert cli.main(["diff"]) == 2
    assert "there is no run with records.jsonl" in capsys.readouterr().err
    run(runs / "20261101T010000Z-a", [record(verdict="crashed")], description=UNFILTERED)
    run(runs / "20261102T010000Z-b", [record()], description=UNFILTERED)
    run(runs / "20261104T010000Z-d", [record()], description=UNFILTERED)
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    assert cli.main(["diff", "--append", str(summary)]) == 1
    assert "BASE             reports/runs/20261102T010000Z-b" in capsys.readouterr().out
    assert summary.read_text().startswith("before\n# 1 check got worse\n")


def test_times_that_moved_are_named_and_ab_decides(tmp_path: Path) -> None:
    runs = {}
    for name, seconds in (("base", (1e-3, 1e-3, 1e-3)), ("head", (1.2e-3, 1.01e-3, 0.8e-3))):
        path = run(tmp_path / name, [record()], description=UNFILTERED).path
        for place, taken in enumerate(seconds):
            measurement.append(path, Measurement(f"bench{place}", seconds=taken))
        runs[name] = path
    found = differences.diff(read(runs["base"]), read(runs["head"]))
    assert [name for name, _ in found.moved] == ["bench0", "bench2"]
    assert not found.worse
    text = diff_terminal.render(found, 100)
    assert "2 times moved by 3 % or more: run bench ab to decide" in text
    assert "+20.0 % bench0" in text
    assert "| -20.0 % | bench2 |" in diff_markdown.render(found)
    assert "+20.0 %" in Page(diff_html.render(found)).text
    measurement.append(runs["base"], Measurement("bench9", seconds=1.0))
    gone = differences.diff(read(runs["base"]), read(runs["head"]))
    assert gone.worse
    assert "bench9 is missing" in diff_terminal.render(gone, 100)
