"""What do people read of a run? Its end in the terminal, ``summary.md`` in a CI job, ``index.html`` to look closer."""

from __future__ import annotations

from pathlib import Path

from silicon_cts.records.run_folder import Run

SUMMARY = "summary.md"
PAGE = "index.html"


def write(run: Run) -> list[Path]:
    """Renew ``summary.md``, ``index.html`` and the scripts of what is new, in the run folder; returns their paths.

    Raises OSError where the folder cannot be written.
    """
    from silicon_cts.reports import coverage, html, markdown, reproduction
    from silicon_cts.reports.atomic import replace

    new = coverage.new_failures(coverage.settled(run.records))
    return [
        replace(run.path / SUMMARY, markdown.render(run)),
        replace(run.path / PAGE, html.render(run)),
        *reproduction.write(run.path, new),
    ]
