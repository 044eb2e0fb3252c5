"""``summary.md``."""

from __future__ import annotations

from pathlib import Path

from silicon_cts.records.run_folder import read
from silicon_cts.reports import markdown

from .runs import HOSTILE, every_verdict, record, run


def test_a_whole_run(tmp_path: Path) -> None:
    text = markdown.render(run(tmp_path, every_verdict()))
    assert "**6 new failures**, 1 known failure, 30 checks, 4 min 12 s" in text
    assert "| mps | float32 | forward | **5**/15 | 1 | 1 | 1 | 1 | 1 |" in text
    assert "| mps | hung | bad_hung (forward, float32) | because hung |" in text
    assert "1 check of an operator unsupported</summary>" in text
    assert "- mps cumsum rank 5&#58; remove it" not in text  # a colon before a space needs no escaping
    assert "- mps cumsum rank 5: remove it" in text
    assert "- absent: cuda: no such GPU; buy one" in text
    assert "- to_sparse: returns a sparse tensor" in text
    assert text.count("<details>") == text.count("</details>") == 6


def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    assert "> **UNFINISHED" in markdown.render(run(tmp_path, every_verdict(), finished=False))
    (tmp_path / "run.json").write_text("{")
    assert "> **UNFINISHED" in markdown.render(read(tmp_path))


def test_reasons_stay_text() -> None:
    text = markdown.escape(HOSTILE, 1000)
    assert not set("<>|`*$[]@{}\x1b\ud800") & set(text)
    assert "http&#58;//e" in text
    assert markdown.escape("__getitem__ of max_pool2d") == "&#95;&#95;getitem&#95;&#95; of max_pool2d"


def test_a_row_of_a_table_stays_one_row(tmp_path: Path) -> None:
    text = markdown.render(run(tmp_path, [record(verdict="error", reason="a | b\n\n# c")]))
    assert "| mps | error | std (forward, float32) | a &#124; b &#35; c |" in text


def test_it_fits_a_job_summary_whatever_there_is(tmp_path: Path) -> None:
    records = [record(f"op{place}", verdict, reason="<" * 900) for place in range(4000) for verdict in ("crashed",)]
    records += [record(f"no{place}", "unsupported", reason="|" * 900) for place in range(4000)]
    text = markdown.render(run(tmp_path, records))
    assert len(text.encode()) < markdown.LIMIT
    assert "more, see `index.html`" in text
