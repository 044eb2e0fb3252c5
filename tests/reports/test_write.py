"""The files of a report in the run folder, and the README that describes them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from silicon_cts import reports
from silicon_cts.records.record import SCHEMA
from silicon_cts.reports import atomic, reproduction
from silicon_cts.reports.legend import GRADES, VERDICTS, mark
from silicon_cts.reports.text import count, duration, line

from .runs import DESCRIPTION, ENDING, FINGERPRINT, every_verdict, record, run

README = (Path(__file__).parents[2] / "reports" / "README.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the table in a section of the README."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| `")
    ]


def test_write_renews_summary_page_and_scripts(tmp_path: Path) -> None:
    found = run(tmp_path, every_verdict())
    written = reports.write(found)
    assert [path.name for path in written[:2]] == ["summary.md", "index.html"]
    assert {path.name for path in written[2:]} == {
        f"mps-bad_{verdict}-float32-forward.py"
        for verdict in ("crashed", "hung", "disagrees", "unstable", "error", "accepted")
    }
    assert all(path.is_file() for path in written)
    assert reports.write(found) == written
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = atomic.replace(tmp_path / "index.html", "old")

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        atomic.replace(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_scripts_of_two_operators_never_share_a_file(tmp_path: Path) -> None:
    paths = {str(reproduction.path(tmp_path, record(name))).lower() for name in ("T", "t", "mT", "mt")}
    assert len(paths) == 4
    outside = reproduction.path(tmp_path, record("../../x", backend="../a"))
    assert outside.parent == tmp_path / "repro"


def test_the_readme_lists_every_field_of_a_record() -> None:
    described = {row[0].strip("`"): (row[1], row[2]) for row in table("A record")}
    assert list(described) == list(SCHEMA["properties"]) == SCHEMA["required"]
    for name, field in SCHEMA["properties"].items():
        types = field.get("type", "string")
        items = f"array of {field['items']['type']}s" if types == "array" else types
        told = items if isinstance(items, str) else " or ".join(types)
        assert described[name][0] == told, name
        plain = described[name][1].replace("`", "")
        if name != "verdict":
            assert plain.startswith(re.split("[:;,]", field["description"])[0]), name


def test_the_example_in_the_readme_is_a_record() -> None:
    example = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert example
    jsonschema.validate(json.loads(example[1]), SCHEMA)


def test_the_readme_lists_verdicts_and_grades_with_their_letters() -> None:
    verdicts = {row[0].strip("`"): row[1] for row in table("Verdicts")}
    assert list(verdicts) == list(VERDICTS)
    assert all(letter == mark(verdict, "").letter for verdict, letter in verdicts.items() if verdict != "agrees")
    grades = {row[0].strip("`"): row[1] for row in table("Grades")}
    assert grades == {name: grade.letter for name, grade in GRADES.items()}


def test_the_readme_lists_every_field_of_a_run(tmp_path: Path) -> None:
    described = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in table("A run"))))
    assert (
        described == set(run(tmp_path, []).description) == {*DESCRIPTION, *ENDING, "start", "end", "totals", "finished"}
    )
    fingerprint = next(row[2] for row in table("A run") if row[0] == "`fingerprint`")
    assert set(FINGERPRINT) <= set(re.findall(r"`(\w+)`", fingerprint))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (252.3, "4 min 12 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_lines() -> None:
    assert line("a\n\tb\x1b[31m c", 40) == "a b [31m c"
    assert line("abcdef", 4) == "abc…"
    assert count(1, "check") == "1 check"
    assert count(61204, "check") == "61,204 checks"
