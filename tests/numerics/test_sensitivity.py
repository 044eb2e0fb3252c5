"""A fault is caught by the suites' own recipes, on the operator that it concerns, and nothing else is accused."""

import pytest

from silicon_cts.backends.simulated import faults
from silicon_cts.numerics.sensitivity import concerned, hunt

FILE = """
from silicon_cts.backends.simulated.faults import Row
from silicon_cts.backends.simulated.faults.rules import spoil

ROWS = (
    Row(1, "F10", "exp is off by one", ("exp",), ("exp",), ("forward",), spoil(lambda _, r: r + 1)),
    Row(2, "F10", "never", ("exp",), ("exp",), ("forward",), spoil(lambda _, r: r + 1, lambda _: False)),
    Row(3, "F10", "within the rounding", ("exp",), ("exp",), ("forward",), spoil(lambda _, r: r * (1 + 6e-8), roundings=0)),
)
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.py"
    path.write_text(FILE)
    return path


def asked(table, name):
    return hunt(f"{table}:mps-{name}", "F10", "", ("exp",), budget="quick")


def test_a_fault_is_caught_at_its_first_wrong_answer(table):
    found = asked(table, 1)
    assert (found.verdict, found.aspect, found.caught) == ("disagrees", "forward", True)
    assert found.checks <= 8 and found.fired >= 1 and found.recipe.startswith("exp float32")


def test_one_that_changes_nothing_is_not_exercised(table):
    found = asked(table, 2)
    assert (found.caught, found.exercised, found.fired) == (False, False, 0)
    assert found.checks > 30


def test_one_within_the_budget_is_exercised_and_missed(table):
    found = asked(table, 3)
    assert not found.caught and found.exercised and found.recipe


def test_operators_are_found_by_glob():
    assert [one.id for one in concerned(("nn.functional.conv?d",))] == [f"nn.functional.conv{n}d" for n in (1, 2, 3)]
    assert [one.id for one in concerned(("modules.nn.LSTM.*", "models.lstm"))] == [
        "models.lstm", "modules.nn.LSTM.train", "modules.nn.LSTM.eval",
    ]  # fmt: skip
    assert concerned(("optim.Adam", "jiterator_*")) == []


def test_a_fault_of_an_optimizer_is_caught_in_training():
    row = faults.by_id("mps-118117")
    found = hunt(row.id, row.code, row.summary, row.operators)
    assert (found.verdict, found.recipe.split()[0]) == ("disagrees", "training.mlp.rprop.one_step")
