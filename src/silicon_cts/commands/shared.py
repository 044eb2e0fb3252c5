"""What do all subcommands share: exit statuses, mistakes in one sentence, how a run is found?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from silicon_cts.records.run_folder import Run

LATEST = Path("reports/runs/latest")
RUNS = Path("reports/runs")
BASELINES = Path("reports/baselines")
KNOWN_ISSUES = Path("suites/known_issues.toml")
OK, WORSE, MISTAKE, NO_ACCELERATOR = 0, 1, 2, 3
"""Exit statuses."""


class MistakeError(Exception):
    """Something that the person at the keyboard can put right; the message is one sentence."""


def read_run(path: Path) -> Run:
    """The run at a path: its folder, or a file in it. Raises MistakeError."""
    from silicon_cts.records.run_folder import RECORDS, RUN, RunFolderError, read

    if not path.exists():
        raise MistakeError(
            f"there is no run at {path}: give the path of a run folder; pytest makes them in reports/runs"
        )
    try:
        return read(path.parent if path.is_file() and path.name in (RECORDS, RUN) else path)
    except (RunFolderError, OSError) as error:
        raise MistakeError(str(error)) from error


def newest(name: str, root: Path = RUNS, *, before: Path | None = None) -> Path:
    """The newest run folder that has a file of that name, in or before another one. Raises MistakeError if none has.

    Folders are named by the time at which they were begun, so their names are in its order.
    """
    last = before.resolve().name if before is not None else None
    found = [
        path
        for path in (sorted(root.iterdir(), reverse=True) if root.is_dir() else ())
        if not path.is_symlink() and (last is None or path.name < last)
        if (path / name).is_file() and (path / name).stat().st_size
    ]
    if not found:
        than = f" that is older than {before}" if before is not None else ""
        raise MistakeError(f"there is no run with {name} in {root}{than}")
    return found[0]


def run_argument(command: argparse.ArgumentParser) -> None:
    """Let a subcommand take a run folder."""
    command.add_argument(
        "run", nargs="?", type=Path, default=LATEST, metavar="RUN", help=f"run folder; {LATEST} if not given"
    )


def append_to(path: Path, text: str) -> None:
    """Add to a file that was asked for by name, such as a CI job's summary. Raises MistakeError."""
    try:
        with path.open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
    except OSError as error:
        raise MistakeError(f"cannot write {path}: {error.strerror or error}") from error


def write_to(path: Path, text: str) -> None:
    """Write a file that was asked for by name. Raises MistakeError where that cannot work."""
    from silicon_cts.reports.atomic import replace

    try:
        replace(path, text)
    except OSError as error:
        raise MistakeError(f"cannot write {path}: {error.strerror or error}") from error
