"""How does a person look closer? ``index.html``: one file with everything in it, that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run
from silicon_cts.reports import answers, apart, coverage, description, legend, placed, text
from silicon_cts.reports.page_data import embedded, page_data, style

FIRST = 10
"""New failures that are seen at once."""
MOST = 200
"""New failures in the list; the matrix has them all."""
SCRIPTS = ("state.js.j2", "matrix.js.j2", "detail.js.j2", "start.js.j2")


@cache
def environment() -> Environment:
    """Where the templates of all pages are found, with what they call."""
    templates = Environment(
        loader=PackageLoader("silicon_cts.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"number": text.number, "duration": text.duration, "line": text.line}
    templates.globals |= {"style": style, "count": text.count, "asked_of": coverage.asked_of, "link": link}
    return templates


def link(**state: str) -> str:
    """The part of an address that brings the page into a state: filters, and the cell that is open."""
    return "#" + urlencode({key: value for key, value in state.items() if value})


def cell(record: Record) -> str:
    """How the page names one cell of the matrix."""
    return "|".join((record.operator_id, *coverage.column(record)))


def render(run: Run) -> str:
    """The page of a run, finished or not."""
    records = coverage.settled(run.records)
    script = "\n".join(environment().get_template(name).render() for name in SCRIPTS)
    script = f"(() => {{\n'use strict';\n{script}\n}})();\n"
    page = environment().get_template("index.html.j2")
    return page.render(
        title=description.title(run),
        machines=description.machines(run),
        differing=_differing(records),
        state=description.state(run),
        facts=_facts(run, records),
        options=description.options(run),
        absent=description.absent(run),
        bars=_bars(records),
        answers=answers.answers(run, records),
        legend=legend,
        new=coverage.alike(coverage.new_failures(records)),
        new_count=len(coverage.new_failures(records)),
        known_count=len(coverage.known_failures(records)),
        first=FIRST,
        most=MOST,
        fixed=description.lines(run, "fixed"),
        unmatched=description.lines(run, "unmatched"),
        not_exercised=description.lines(run, "not_exercised"),
        promoted=description.lines(run, "promoted"),
        slowest=coverage.slowest(records),
        worst=coverage.worst_ratios(records),
        placements=placed.placements(records),
        placed_summary=placed.summary,
        unchecked=description.mapping(run, "unchecked"),
        fingerprint=_flat(description.mapping(run, "fingerprint")),
        cell=cell,
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        data=Markup(embedded(page_data(records))),
    )


def _facts(run: Run, records: Sequence[Record]) -> list[tuple[str, str]]:
    """The few numbers that a person wants first."""
    seconds = description.seconds(run)
    start = run.description.get("start")
    return [
        ("new failures", f"{len(coverage.new_failures(records)):,}"),
        ("known failures", f"{len(coverage.known_failures(records)):,}"),
        ("checks", f"{coverage.checks(records):,}"),
        *([("time", text.duration(seconds))] if seconds is not None else []),
        *([("start", re.sub(r"T(\d\d:\d\d).*", r" \1 UTC", start))] if isinstance(start, str) else []),
    ]


def _differing(records: Sequence[Record]) -> list[tuple[str, str, int, list[apart.Difference]]]:
    """Verdicts that differ: a name, in words between whom, of how many operators, and the list; nothing empty."""
    lists = [
        ("machines", "from machine to machine", apart.machines_apart(records)),
        ("front-ends", "from front end to front end", apart.front_ends_apart(records)),
    ]
    return [(name, between, apart.operators(found), found) for name, between, found in lists if found]


def _bars(records: Sequence[Record]) -> dict[str, list[dict[str, Any]]]:
    """By backend: one bar for each dtype and aspect, its parts in the order of the legend."""
    bars: dict[str, list[dict[str, Any]]] = {}
    for (backend, dtype, aspect), tally in coverage.coverage(records).items():
        agreeing = [
            (legend.mark("agrees", grade), style("agrees", grade), amount) for grade, amount in tally.agreeing()
        ]
        others = [(legend.mark(name, ""), style(name, ""), amount) for name, amount in tally.others()]
        bars.setdefault(backend, []).append(
            {"dtype": dtype, "aspect": aspect, "tally": tally, "parts": agreeing + others, "others": tally.others()}
        )
    return bars


def _flat(found: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in found.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key} ")
        else:
            rows.append((f"{prefix}{key}", "unknown" if value is None else str(value)))
    return rows
