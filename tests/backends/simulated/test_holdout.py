"""The faults that measure the suite and are not in the table are different ones, and hit kernels that there are."""

from pathlib import Path

import pytest
import torch

from silicon_cts.backends.simulated import faults

TABLE, SECOND, THIRD = (
    Path(__file__).with_name(name) for name in ("holdout.py", "second_holdout.py", "third_holdout.py")
)


@pytest.mark.parametrize("table", [TABLE, SECOND, THIRD], ids=["first", "second", "third"])
def test_there_are_at_least_thirty_of_most_kinds(table):
    rows = faults.rows(table)
    assert len(rows) >= 30 and len({row.code for row in rows.values()}) >= 20
    assert not set(rows) & set(faults.TABLE)
    named = {name for row in rows.values() for name in row.kernels}
    assert not [name for name in named if not hasattr(torch.ops.aten, name)]


def test_one_is_loaded_by_name():
    with faults.resolve(f"{TABLE}:held-25") as fault:
        assert torch.ones(0).prod() == 0
    assert fault.fired == 1
