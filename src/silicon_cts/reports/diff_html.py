"""How does a person look closer at the difference of two runs? One page, no network, no script."""

from __future__ import annotations

from silicon_cts.reports import coverage, description, html, legend, speed, text
from silicon_cts.reports.diff import Diff, alike, verdicts

MOST = 1000
"""Rows of each kind."""


def render(found: Diff) -> str:
    """The page."""
    kinds = [(kind, alike(changes), len(changes)) for kind, changes in found.by_kind.items()]
    return (
        html.environment()
        .get_template("diff.html.j2")
        .render(
            found=found,
            runs=[
                (name, text.place(run.path), description.title(run), verdicts(run))
                for name, run in (("BASE", found.base), ("HEAD", found.head))
            ],
            kinds=kinds,
            asked=lambda group: coverage.asked_of([one.record for one in group]),
            legend=legend,
            change=speed.change,
            most=MOST,
        )
    )
