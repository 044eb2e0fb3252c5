"""What changed from one run to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from silicon_cts.records.record import Record
from silicon_cts.reports import diff as differences
from silicon_cts.reports.diff import Diff
from silicon_cts.reports.diff_kinds import KINDS, change_of
from silicon_cts.reports.legend import VERDICTS

from .runs import DESCRIPTION, FINGERPRINT, record, run

UNFILTERED = {**DESCRIPTION, "options": {"budget": "quick", "seed": 3, "backend": None, "op": None}}


def diff(tmp_path: Path, base: list[Record], head: list[Record], **more: Any) -> Diff:
    """Of two runs with these records; ``more`` replaces what HEAD says of itself."""
    before = run(tmp_path / "base", base, description=UNFILTERED)
    after = run(
        tmp_path / "head",
        head,
        finished=more.pop("finished", True),
        description={**UNFILTERED, **more},
    )
    return differences.diff(before, after)


WAS_AND_IS = [
    (record(verdict="agrees"), record(verdict="disagrees"), "newly wrong"),
    (record(verdict="agrees"), record(verdict="error"), "newly wrong"),
    (record(verdict="agrees"), record(verdict="unstable"), "newly wrong"),
    (record(verdict="agrees"), record(verdict="a verdict of a later version"), "newly wrong"),
    (record(verdict="agrees"), record(verdict="crashed"), "crashed"),
    (record(verdict="agrees"), record(verdict="hung"), "crashed"),
    (record(verdict="agrees"), record(verdict="unsupported"), "lost"),
    (record(verdict="agrees"), record(verdict="not_placed"), "lost"),
    (record(verdict="unsupported"), record(verdict="agrees"), "newly supported"),
    (record(verdict="unsupported"), record(verdict="disagrees"), "newly wrong"),
    (record(verdict="unsupported"), record(verdict="not_placed"), None),
    (record(verdict="disagrees"), record(verdict="agrees"), "fixed"),
    (record(verdict="disagrees"), record(verdict="unstable"), None),
    (record(verdict="disagrees"), record(verdict="unsupported"), "refused"),
    (record(verdict="disagrees"), record(verdict="error"), "otherwise"),
    (record(verdict="error"), record(verdict="disagrees"), "newly wrong"),
    (record(verdict="error"), record(verdict="crashed"), "crashed"),
    (record(verdict="crashed"), record(verdict="agrees"), "fixed"),
    (record(verdict="crashed"), record(verdict="disagrees"), "newly wrong"),
    (record(verdict="crashed"), record(verdict="hung"), None),
    (None, record(verdict="agrees"), "new check"),
    (None, record(verdict="unsupported"), "new check"),
    (None, record(verdict="disagrees"), "newly wrong"),
    (None, record(verdict="hung"), "crashed"),
    (None, record(verdict="disagrees", known_issue="mps-std"), "new check"),
    (record(verdict="agrees"), record(verdict="disagrees", known_issue="mps-std"), "newly wrong"),
    (record(verdict="agrees"), None, "not asked"),
    (record(grade="exact"), record(grade="A"), "accuracy lost"),
    (record(grade="B"), record(grade="metadata"), "accuracy lost"),
    (record(grade="B"), record(grade="A"), "accuracy gained"),
    (record(grade="A", ratio=2.0), record(grade="A", ratio=8.0), None),
    (record(grade="A", ratio=2.0), record(grade="A", ratio=8.1), "accuracy lost"),
    (record(grade="A", ratio=8.1), record(grade="A", ratio=2.0), "accuracy gained"),
    (record(grade="A", ratio=0.01), record(grade="A", ratio=1.0), None),  # no error that anyone could avoid
    (record(grade="A", ratio=0.01), record(grade="A", ratio=1.1), "accuracy lost"),
    (record(grade="A", ratio=None), record(grade="A", ratio=50.0), None),
]


@pytest.mark.parametrize(("base", "head", "kind"), WAS_AND_IS)
def test_the_kind_of_a_change(base: Record | None, head: Record | None, kind: str | None) -> None:
    assert change_of(base, head) == kind


def test_every_pair_of_verdicts_is_judged_and_a_failure_is_never_a_gain() -> None:
    for before in VERDICTS:
        for after in VERDICTS:
            kind = change_of(record(verdict=before), record(verdict=after))
            assert kind is None or kind in KINDS
            if kind is not None and before == "agrees":
                assert KINDS[kind].worse, (before, after)
            if kind is not None and after == "agrees":
                assert not KINDS[kind].worse, (before, after)


def test_what_is_as_it_was_is_no_change(tmp_path: Path) -> None:
    found = diff(tmp_path, [record(grade="A", ratio=1.0)], [record(grade="A", ratio=1.2)])
    assert (found.changes, found.compared, found.worse, found.differing) == ((), 1, False, ())
    assert found.headline == "Nothing got worse"


def test_any_aspect_is_compared(tmp_path: Path) -> None:
    found = diff(tmp_path, [record(aspect="tomorrow")], [record(aspect="tomorrow", verdict="disagrees")])
    assert [change.kind.name for change in found.changes] == ["newly wrong"]
    assert found.worse


def test_the_last_record_of_a_check_counts(tmp_path: Path) -> None:
    assert not diff(tmp_path, [record()], [record(verdict="crashed"), record()]).worse


def test_a_check_that_head_lacks_is_worse_unless_its_options_left_it_out(tmp_path: Path) -> None:
    both, more = record("sin"), record("cos")
    assert diff(tmp_path / "1", [both, more], [both]).worse
    filtered = diff(tmp_path / "2", [both, more], [both], options={"budget": "quick", "seed": 3, "op": ["sin"]})
    assert [change.kind.name for change in filtered.changes] == ["left out"]
    assert not filtered.worse


@pytest.mark.parametrize("seed", [4, None])
def test_a_seed_filters_nothing(tmp_path: Path, seed: int | None) -> None:
    found = diff(tmp_path, [record("sin"), record("cos")], [record("sin")], options={"budget": "deep", "seed": seed})
    assert found.worse
    assert ("seed", "3", str(seed or "none")) in found.differing


def test_two_runs_without_a_common_check_fail(tmp_path: Path) -> None:
    nothing = diff(tmp_path / "1", [], [])
    assert nothing.worse
    assert nothing.headline == "Cannot tell whether anything got worse"
    apart = diff(tmp_path / "2", [record("sin")], [record("cos")], options={"op": ["cos"]})
    assert apart.worse


def test_an_unfinished_run_fails(tmp_path: Path) -> None:
    found = diff(tmp_path, [record()], [record()], finished=False)
    assert found.worse
    assert "HEAD is unfinished" in found.doubts[0]


def test_machine_and_versions_that_differ_are_named(tmp_path: Path) -> None:
    other = {**FINGERPRINT, "chip": "Apple M4", "versions": {"torch": "2.14.0", "coremltools": "9.0"}}
    found = diff(tmp_path, [record()], [record()], fingerprint=other)
    assert found.differing == (
        ("chip", "Apple M3 Max", "Apple M4"),
        ("torch", "2.13.0", "2.14.0"),
        ("coreai-core", "1.0.0b3", "none"),
        ("coremltools", "none", "9.0"),
    )
    assert not found.worse


def test_worst_comes_first(tmp_path: Path) -> None:
    names = ("fine", "wrong", "dead", "better")
    base = [*map(record, names[:3]), record("better", "error")]
    head = [record("fine"), record("wrong", "disagrees"), record("dead", "crashed"), record("better")]
    found = diff(tmp_path, base, head)
    assert [kind.name for kind in found.by_kind] == ["crashed", "newly wrong", "fixed"]
    assert found.headline == "2 checks got worse"
