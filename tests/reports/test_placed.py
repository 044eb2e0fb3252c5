"""Where it ran: by operator and unit, and why not where it was asked to."""

from __future__ import annotations

from pathlib import Path

from silicon_cts.reports import html, markdown, placed

from .runs import HOSTILE, every_verdict, record, run

EVERY, OFF_ANE = ["cpu", "gpu", "ane"], ["cpu", "gpu"]


def on_ane(operator: str, *placement: list[object], dtype: str = "float32"):
    return record(operator, grade="A", backend="coreml-ane", dtype=dtype, placement=placement)


FOUND = [
    on_ane("sin", ["sin", "ane", EVERY, 1.0]),
    on_ane("std", ["sub", "ane", EVERY, 0.5], ["mul", "cpu", EVERY, 0.25], ["cumsum", "cpu", OFF_ANE, 0.25]),
    on_ane("std", ["cumsum", "cpu", OFF_ANE, None], dtype="int64"),
    on_ane("clone", ["copy", "", [], None]),
    record("sin", grade="A", backend="coreml-cpu", placement=[["sin", "cpu", EVERY, 1.0]]),
    record("cos", grade="A"),
]


def test_each_operator_says_on_which_units_its_operations_were_planned_and_why_elsewhere() -> None:
    found = placed.placements(FOUND)
    assert list(found) == ["coreml-ane", "coreml-cpu"]
    of_ane = {one.operator: one for one in found["coreml-ane"]}
    assert of_ane["sin"].where == "ane"
    assert of_ane["sin"].elsewhere == ()
    assert of_ane["std"].where == "ane 1, cpu 3"
    assert of_ane["std"].elsewhere == ("mul on cpu: ane supports it, too", "cumsum on cpu: ane does not support it")
    assert of_ane["clone"].where == "not said"
    assert placed.summary(found["coreml-ane"]) == "3 operators: not said 1, ane 1, several 1"
    assert found["coreml-cpu"][0].elsewhere == ()


def test_forward_and_backward_of_a_training_step_are_apart() -> None:
    step = on_ane(
        "training.lstm.sgd",
        *(["forward linear", "ane", EVERY, 0.2], ["forward linear", "ane", EVERY, 0.2]),
        *(["backward matmul", "cpu", OFF_ANE, 0.3], ["backward mul", "ane", EVERY, 0.3], ["backward mul", "", [], 0.0]),
    )
    (found,) = placed.placements([step])["coreml-ane"]
    assert found.where == "forward ane 2, backward ane 1, backward cpu 1, backward not said 1"
    assert found.elsewhere == ("backward matmul on cpu: ane does not support it",)


def test_a_backend_that_asks_for_no_unit_was_not_placed_elsewhere() -> None:
    (found,) = placed.placements([record(backend="of-another", placement=[["sin", "cpu", EVERY, 1.0]])]).values()
    assert found[0].where == "cpu"
    assert found[0].elsewhere == ()


def test_both_reports_show_it_and_neither_where_nothing_says_where(tmp_path: Path) -> None:
    found = run(tmp_path / "placed", FOUND)
    text, page = markdown.render(found), html.render(found)
    assert "<summary>coreml-ane: 3 operators: not said 1, ane 1, several 1</summary>" in text
    assert "| std | ane 1, cpu 3 | mul on cpu: ane supports it, too; cumsum on cpu: ane does not support it |" in text
    assert "<dt>std</dt><dd>ane 1, cpu 3" in page
    assert "cumsum on cpu: ane does not support it" in page
    found = run(tmp_path / "other", every_verdict())
    assert "Where it ran" not in markdown.render(found)
    assert "Where it ran" not in html.render(found)


def test_what_a_framework_says_stays_text(tmp_path: Path) -> None:
    found = run(tmp_path, [on_ane("std", [HOSTILE, HOSTILE, [HOSTILE], None])])
    assert "<img" not in html.render(found)
    assert "<img" not in markdown.render(found)
