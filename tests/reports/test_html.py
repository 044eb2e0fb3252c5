"""``index.html``."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from silicon_cts import reports
from silicon_cts.records.run_folder import Run
from silicon_cts.reports import html
from silicon_cts.reports.page_data import page_data

from .runs import HOSTILE, every_verdict, record, run


class Page(HTMLParser):
    """What a browser would see: tags, the text of scripts, the text beside them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.scripts[-1] += data
        elif self._in != "style":
            self.text += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts[0])
        return found


def test_a_whole_run(tmp_path: Path) -> None:
    page = Page(html.render(run(tmp_path, every_verdict())))
    for part in (
        "Apple M3 Max",
        "4 min 12 s",
        "6 failures that no known issue expects",
        "cuda",
        "no such GPU",
        "to_sparse",
    ):
        assert part in page.text
    assert "UNFINISHED" not in page.text
    assert len(page.data["records"]) == 15
    assert len(page.scripts) == 2


def test_it_asks_the_network_for_nothing(tmp_path: Path) -> None:
    text = html.render(run(tmp_path, every_verdict()))
    page = Page(text)
    assert not [attributes for _, attributes in page.tags if "src" in attributes]
    assert all((attributes["href"] or "").startswith("data:") for attributes in page.attributes("link"))
    assert not re.search(r"url\(|@import|https?://", text)
    policy = next(one["content"] or "" for one in page.attributes("meta") if one.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"'sha256-{digest}'" in policy


def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    page = Page(html.render(run(tmp_path, every_verdict(), finished=False)))
    assert "UNFINISHED: this run was cut off" in page.text


def test_reasons_stay_text(tmp_path: Path) -> None:
    hostile = record("<b>std", "error", reason=HOSTILE, script=HOSTILE, known_issue=None, notes=(HOSTILE,))
    found = run(tmp_path, [hostile, record(grade="A")])
    found.description.update({"fixed": [HOSTILE], "unchecked": {HOSTILE: HOSTILE}, "fingerprint": {"chip": HOSTILE}})
    found.description["backends"] = {HOSTILE: {"absent": HOSTILE}}
    page = Page(html.render(found))
    assert not page.attributes("img")
    assert not page.attributes("b") or "<b>std" in page.text
    assert len(page.scripts) == 2
    assert HOSTILE in page.data["values"]
    assert "{{ 7 * 7 }}" in page.text
    reports.write(found)


def test_the_data_say_of_each_record_what_the_record_says() -> None:
    original = record(
        "std", "disagrees", variant="unbiased", ratio=3.14159265, ulp=7.0, signal_to_noise=61.2345, top_1=0.5,
        seconds=0.123456, reason="far off",
        recipe={"operator": "std.unbiased", "dtype": "float32", "sample": 4, "seed": 1},
        counts={"agrees": 1, "disagrees": 2}, known_issue="mps-std", notes=("strides",),
        script="import torch\n\nprint(1)",
    )  # fmt: skip
    data = json.loads(json.dumps(page_data([original, record(grade="A")])))
    row = data["records"][0]
    values = data["values"]
    assert data["operators"][row[0]] == "std.unbiased"
    assert data["columns"][row[1]] == ["mps", "float32", "forward"]
    assert (data["marks"][row[2]]["verdict"], data["marks"][row[2]]["letter"]) == ("disagrees", "D")
    assert row[3:8] == [3.142, 7.0, 61.23, 0.5, 0.123]
    assert values[row[8]] == "far off"
    assert values[row[9]] == {"sample": 4, "seed": 1}
    assert values[row[10]] == {"agrees": 1, "disagrees": 2}
    assert values[row[11]] == "mps-std"
    assert values[row[12]] == ["strides"]
    assert [data["lines"][place] for place in values[row[13]]] == ["import torch", " ", "print(1)"]


def test_the_script_of_the_page_reads_the_fields_in_that_order() -> None:
    fields = re.search(
        r"const FIELDS = \[(.*?)\]", Path(html.__file__).with_name("templates").joinpath("state.js.j2").read_text()
    )
    assert fields
    assert re.findall(r"'(\w+)'", fields[1]) == [
        "operator", "column", "mark", "ratio", "ulp", "noise", "top1", "seconds",
        "reason", "recipe", "counts", "known", "notes", "script",
    ]  # fmt: skip


def test_links_lead_to_cells_that_are_there(tmp_path: Path) -> None:
    page = Page(html.render(run(tmp_path, [record("std", "hung", variant="a b|c", seconds=3.0)])))
    assert "#cell=std.a+b%7Cc%7Cmps%7Cfloat32%7Cforward" in [one["href"] for one in page.attributes("a")]


def test_sixty_thousand_records_stay_one_modest_file(tmp_path: Path) -> None:
    lines = "".join(f"# line {place}\n" for place in range(40))
    refused = {"verdict": "unsupported", "reason": "no lowering for aten.x"}
    records = [
        record(
            f"op{operator}",
            aspect=f"aspect{aspect}",
            recipe={"operator": f"op{operator}", "dtype": "float32", "sample": aspect, "seed": 0},
            seconds=0.0123,
            ratio=0.5,
            **({"grade": "A"} if operator % 3 else {**refused, "script": f"{lines}x = {operator}\n"}),
        )
        for operator in range(700)
        for aspect in range(86)
    ]
    text = html.render(Run(tmp_path, {"finished": True}, tuple(records), 0))
    assert len(text) < 8 * 2**20
    assert text.count("<") < 10_000  # the matrix is made by the page, row by row
