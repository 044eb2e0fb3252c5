"""The page on sensitivity counts by code and names what was missed."""

import importlib

import pytest

from silicon_cts.cli import main
from silicon_cts.commands import sensitivity
from silicon_cts.numerics.sensitivity import Finding
from silicon_cts.reports.sensitivity import counted, render

CAUGHT = Finding("mps-1", "F01", "drops", ("fill",), 12, 3, 1.0, "inplace", "disagrees", "why", "fill float32 sample 0")
MISSED = Finding("mps-2", "F01", "drops | more", ("fill",), 50, 0, 1.0)
AGREES = Finding("mps-3", "F02", "swaps", ("mm",), 50, 2, 1.0, reason="", recipe="mm float32 sample 0")


def test_shares_are_of_all_faults():
    assert counted([CAUGHT, MISSED, AGREES]) == "1 of 3 faults caught (33.3 %), 2 exercised"


def test_the_page_counts_by_code_and_says_why_one_was_missed():
    page = render([CAUGHT, MISSED, AGREES], "Would the suites find it?", "Budget standard.")
    assert "| F01 | the write to a strided, offset or expanded destination is dropped | 1 | 1 | 2 |" in page
    assert "not exercised by fill" in page and "2 calls that agrees" in page
    assert "drops | more" not in page, "a bar in a table must be escaped"


def test_mistakes_are_said(capsys, tmp_path):
    assert main(["sensitivity", "mps-1"]) == 2
    assert "no fault 'mps-1'" in capsys.readouterr().err
    assert main(["sensitivity", "--budget", "huge"]) == 2
    (tmp_path / "empty.py").write_text("ROWS = ()")
    assert main(["sensitivity", "--table", str(tmp_path / "empty.py")]) == 2
    assert "is no table of faults" in capsys.readouterr().err


ENDED = """
import os
from pathlib import Path
from silicon_cts.commands.sensitivity import hunted as really

def hunted(jobs, budget, seed):
    times = Path(os.environ["ENDS"])
    if left := int(times.read_text()):
        times.write_text(str(left - 1))
        os._exit(9)
    return really(jobs, budget, seed)
"""
TABLE = """
from silicon_cts.backends.simulated.faults import Row
from silicon_cts.backends.simulated.faults.rules import spoil

ROWS = (Row(1, "F10", "exp is off by one", ("exp",), ("exp",), ("forward",), spoil(lambda _, r: r + 1)),)
"""


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_is_ended_is_asked_again_and_no_traceback(times, tmp_path, monkeypatch, capfd):
    (tmp_path / "rows.py").write_text(TABLE)
    (tmp_path / "ending.py").write_text(ENDED)
    (tmp_path / "times").write_text(str(times))
    monkeypatch.setenv("ENDS", str(tmp_path / "times"))
    monkeypatch.syspath_prepend(tmp_path)  # a spawned process has the same path
    monkeypatch.setattr(sensitivity, "hunted", importlib.import_module("ending").hunted)
    page = tmp_path / "page.md"
    status = main(["sensitivity", "--budget", "quick", "--table", str(tmp_path / "rows.py"), "--markdown", str(page)])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    if times == 1:
        assert (status, page.exists()) == (0, True) and "1 of 1 fault caught" in out
    else:
        assert (status, page.exists()) == (2, False) and "1 process ended while asking exp:" in err
