"""Verdicts that depend on who answered: machines of a fleet, front ends of a converter."""

from __future__ import annotations

from pathlib import Path

from silicon_cts.reports import apart, html, markdown, terminal

from .runs import record, run

AGREES, DISAGREES, UNSUPPORTED = {"agrees": 3}, {"agrees": 2, "disagrees": 1}, {"unsupported": 3}


def converted(operator: str, **ways: dict[str, int]):
    """A record of a converter: ``trace_float32={"agrees": 3}``."""
    return record(operator, backend="coreml-reference", ways={way.replace("_", " "): ways[way] for way in ways})


def test_front_ends_differ_where_their_worst_verdicts_do_at_one_precision() -> None:
    same = converted(
        "sin", trace_float32=AGREES, trace_float16=DISAGREES, export_float32=AGREES, export_float16=DISAGREES
    )
    missing = converted("cos", trace_float32=UNSUPPORTED, export_float32=AGREES)
    wrong = converted("std", trace_float32=DISAGREES, export_float32=AGREES)
    assert [one.operator for one in apart.front_ends_apart([same, missing, wrong])] == ["std", "cos"]  # worst first
    assert str(apart.front_ends_apart([wrong])[0]) == (
        "coreml-reference std (forward, float32): trace float32 disagrees, export float32 agrees"
    )


def test_a_backend_with_one_way_differs_from_nobody() -> None:
    assert apart.front_ends_apart([record("std", "disagrees"), converted("sin", trace_float32=AGREES)]) == []


def test_checks_of_one_operator_that_differ_alike_stand_together() -> None:
    ways = {"trace float32": UNSUPPORTED, "export float32": AGREES}
    several = [record("std", backend="coreml-reference", dtype=dtype, ways=ways) for dtype in ("float32", "int32")]
    (found,) = apart.front_ends_apart(several)
    assert len(found.records) == 2
    assert apart.operators([found]) == 1


def test_a_verdict_of_a_later_version_is_shown(tmp_path: Path) -> None:
    odd = converted("std", trace_float32={"melted": 1}, export_float32=AGREES)
    assert "trace float32 melted" in terminal.render(run(tmp_path / "run", [odd]), 120)


def test_one_machine_differs_from_nobody(tmp_path: Path) -> None:
    made = run(tmp_path / "run", [record("std", "disagrees"), record("std", backend="cpu")])
    assert apart.machines_apart(made.records) == []
    assert "differ" not in terminal.render(made, 100)


def test_every_report_shows_where_front_ends_differ(tmp_path: Path) -> None:
    made = run(
        tmp_path / "run", [converted(f"op{n}", trace_float32=UNSUPPORTED, export_float32=AGREES) for n in range(30)]
    )
    told = terminal.render(made, 120)
    assert "30 operators with verdicts that differ from front end to front end" in told
    assert "and 20 more" in told
    summary = markdown.render(made)
    assert "## Verdicts that differ from front end to front end" in summary
    assert "| coreml-reference | op0 (forward, float32) | unsupported | agrees |" in summary
    page = html.render(made)
    assert "<b>trace float32</b> unsupported, <b>export float32</b> agrees" in page
    assert page.count("<details><summary>all of them</summary>") == 1
