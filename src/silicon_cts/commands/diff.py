"""``silicon-cts diff BASE HEAD``: what changed from one run to another, and did anything get worse?"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from silicon_cts.commands.shared import LATEST, OK, WORSE, append_to, newest, read_run, write_to


def add(commands: Any) -> None:
    """Give the subcommand to the parser."""
    command = commands.add_parser("diff", help="what changed between two runs; status 1 when something got worse")
    command.add_argument(
        "base", nargs="?", type=Path, metavar="BASE", help="run folder; the one before HEAD if not given"
    )
    command.add_argument("head", nargs="?", type=Path, default=LATEST, metavar="HEAD", help=f"run folder; {LATEST}")
    command.add_argument("--markdown", type=Path, metavar="FILE", help="write it as Markdown too, for a job summary")
    command.add_argument("--append", type=Path, metavar="FILE", help="add it as Markdown to the end of a file")
    command.add_argument("--html", type=Path, metavar="FILE", help="write it as a page too")
    command.set_defaults(command=diff)


def diff(asked: argparse.Namespace) -> int:
    """Print the difference; status 1 when something got worse, or when that cannot be told."""
    from silicon_cts.records.run_folder import RECORDS
    from silicon_cts.reports import diff as differences
    from silicon_cts.reports import diff_html, diff_markdown, diff_terminal

    head = read_run(asked.head)
    found = differences.diff(read_run(asked.base or newest(RECORDS, before=head.path)), head)
    if asked.markdown is not None:
        write_to(asked.markdown, diff_markdown.render(found))
    if asked.append is not None:
        append_to(asked.append, diff_markdown.render(found))
    if asked.html is not None:
        write_to(asked.html, diff_html.render(found))
    sys.stdout.write(diff_terminal.render(found, shutil.get_terminal_size((100, 24)).columns))
    return WORSE if found.worse else OK
