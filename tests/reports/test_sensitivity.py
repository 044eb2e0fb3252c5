"""The page on sensitivity counts by code and names what was missed."""

from silicon_cts.cli import main
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
