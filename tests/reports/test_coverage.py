"""From records to numbers."""

from __future__ import annotations

from dataclasses import replace

from silicon_cts.reports import coverage
from silicon_cts.reports.legend import MARKS, NO_FAILURE, VERDICTS, mark

from .runs import every_verdict, record


def test_every_verdict_has_a_letter_of_its_own() -> None:
    letters = [mark(verdict, "").letter for verdict in VERDICTS]
    assert len(set(letters)) == len(letters)
    assert set(MARKS) == set(VERDICTS) - {"agrees"}


def test_a_tally_counts_grades_verdicts_and_known_issues() -> None:
    tally = coverage.coverage(every_verdict())["mps", "float32", "forward"]
    assert (tally.agrees, tally.asked) == (5, 15)
    assert tally.agreeing() == [("exact", 1), ("A", 1), ("B", 1), ("C", 1), ("metadata", 1)]
    assert dict(tally.others()) == {**dict.fromkeys(MARKS, 1), "crashed": 2}
    assert tally.known == {"crashed": 1}


def test_one_that_comes_out_right_is_no_known_failure() -> None:
    """As of an issue that is unstable, or that was seen on another kind of machine."""
    tally = coverage.Tally()
    tally.add(replace(every_verdict()[0], verdict="agrees", grade="A", known_issue="sometimes"))
    assert tally.agrees == 1 and not tally.known


def test_new_failures_are_those_that_fail_and_nothing_expects() -> None:
    new = coverage.new_failures(every_verdict())
    assert {one.verdict for one in new} == set(VERDICTS) - NO_FAILURE
    assert "old" not in {one.operator for one in new}
    assert [one.operator for one in coverage.known_failures(every_verdict())] == ["old"]


def test_columns_begin_with_the_control_and_follow_the_order_of_the_dtypes() -> None:
    asked = [
        ("mps", "int64", "forward"),
        ("mps", "float32", "gradient"),
        ("cpu", "bool", "forward"),
        ("mps", "float32", "forward"),
    ]
    records = [record(backend=backend, dtype=dtype, aspect=aspect) for backend, dtype, aspect in asked]
    assert coverage.columns(records) == [asked[2], asked[3], asked[1], asked[0]]


def test_a_later_record_of_the_same_check_counts_alone() -> None:
    settled = coverage.settled([record(verdict="hung"), record("other"), record(verdict="agrees", grade="A")])
    assert [(one.operator, one.verdict) for one in settled] == [("std", "agrees"), ("other", "agrees")]


def test_the_same_failure_in_several_dtypes_is_told_once() -> None:
    records = [record(verdict="hung", dtype=dtype) for dtype in ("float16", "float32")]
    records += [record(verdict="hung", aspect="gradient"), record("other", "hung")]
    groups = coverage.alike(records)
    assert [coverage.asked_of(group) for group in groups] == [
        "std (forward, float32 float16; gradient, float32)",
        "other (forward, float32)",
    ]


def test_slowest_and_largest_errors() -> None:
    records = [
        record(f"op{place}", grade="A", seconds=place, ratio=None if place == 12 else place) for place in range(13)
    ]
    assert [one.seconds for one in coverage.slowest(records)] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert [one.ratio for one in coverage.worst_ratios(records, 2)] == [11, 10]
    assert coverage.worst_ratios([record(verdict="disagrees", ratio=99.0)]) == []


def test_checks_are_samples() -> None:
    assert coverage.checks([record(counts={"agrees": 3, "hung": 1}), record(counts={})]) == 5


def test_a_verdict_of_a_later_version_is_counted_and_shown() -> None:
    later = record(verdict="leaks")
    assert coverage.coverage([later])["mps", "float32", "forward"].others() == [("leaks", 1)]
    assert coverage.new_failures([later]) == [later]
    assert mark("leaks", "").letter == "le"
