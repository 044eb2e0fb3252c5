"""``silicon-cts sensitivity``: which faults of the simulated accelerator would the suites find?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.catalog.processor import as_yardstick
from silicon_cts.commands.shared import OK, WORSE, MistakeError, write_to

if TYPE_CHECKING:
    from silicon_cts.numerics.sensitivity import Finding

PAGE = Path("reports/sensitivity.md")
LEAST = 0.95
"""Share of the faults that must be caught."""


def add(commands: Any) -> None:
    """Give the subcommand to the parser."""
    command = commands.add_parser(
        "sensitivity", help="which faults of the simulated accelerator would the suites find?"
    )
    command.add_argument("fault", nargs="*", metavar="FAULT", help="id of the table; all if not given")
    command.add_argument("--budget", default="standard", metavar="BUDGET", help="how much is asked (standard)")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all samples (0)")
    command.add_argument("--processes", type=int, default=2, metavar="N", help="faults at the same time (2)")
    command.add_argument("--table", type=Path, metavar="FILE", help="Python file with ROWS of other faults")
    command.add_argument(
        "--markdown", type=Path, metavar="FILE", help=f"where to write the page ({PAGE}, if all asked)"
    )
    command.set_defaults(command=sensitivity)


def sensitivity(asked: argparse.Namespace) -> int:
    """Print each finding as it comes, then the count; status 1 when fewer than 95 % are caught."""
    from silicon_cts.backends.simulated import faults
    from silicon_cts.reports import sensitivity as page
    from silicon_cts.sampling.effort import BUDGETS

    if asked.budget not in BUDGETS:
        raise MistakeError(f"there is no budget {asked.budget!r}; there are {', '.join(BUDGETS)}")
    try:
        rows = faults.rows(asked.table) if asked.table else {name: faults.by_id(name) for name in faults.ids()}
    except faults.FaultError as error:
        raise MistakeError(str(error)) from error
    if unknown := [name for name in asked.fault if name not in rows]:
        raise MistakeError(f"there is no fault {unknown[0]!r} in the table; its ids look like {next(iter(rows))}")
    chosen = {name: row for name, row in rows.items() if not asked.fault or name in asked.fault}
    specs = {name: f"{asked.table}:{name}" if asked.table else name for name in chosen}
    jobs = [(specs[name], row.code, row.summary, row.operators) for name, row in chosen.items()]
    findings = []
    for finding in _hunted(jobs, asked.budget, asked.seed, asked.processes):
        findings.append(finding)
        print(_line(finding), flush=True)
    order = list(specs.values())
    findings.sort(key=lambda one: order.index(one.fault))
    print(page.counted(findings))
    target = asked.markdown or (None if asked.fault or asked.table else PAGE)
    if target is not None:
        what = f"Budget {asked.budget}, seed {asked.seed}. Made by `tox run -e sensitivity`."
        write_to(target, page.render(findings, "Would the suites find it?", what))
    return OK if sum(one.caught for one in findings) >= LEAST * len(findings) else WORSE


def _line(one: Finding) -> str:
    found = (
        f"{one.verdict} ({one.aspect})" if one.caught else f"MISSED, fired {one.fired} times" if one.operators else "-"
    )
    return f"{one.fault:14} {one.code} {one.checks:6} checks {one.seconds:6.1f} s  {found:24} {one.recipe}"


Job = tuple[str, str, str, tuple[str, ...]]
"""A fault as ``hunt`` is asked for it: where it is found, its code, what it does, the operators concerned."""


def _hunted(jobs: list[Job], budget: str, seed: int, processes: int) -> Iterator[Finding]:
    """In so many processes; faults of the same operators in the same one, where their recipes are drawn already.

    What a process that was ended has left over is asked again, each group in a process of its own. Raises MistakeError
    at the end, naming those that ended that one too.
    """
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job[3][0], []).append(job)
    if processes <= 1:
        yield from (one for group in groups.values() for one in hunted(group, budget, seed))
        return
    left: list[list[Job]] = []
    for group, findings in _together(sorted(groups.values(), key=len, reverse=True), budget, seed, processes):
        left += [group] if findings is None else []
        yield from findings or ()
    ended: list[list[Job]] = []
    for group, findings in (one for alone in left for one in _together([alone], budget, seed, processes=1)):
        ended += [group] if findings is None else []
        yield from findings or ()
    if ended:
        from silicon_cts.reports.text import count

        operators = ", ".join(dict.fromkeys(name for group in ended for job in group for name in job[3]))
        raise MistakeError(
            f"{count(len(ended), 'process', 'processes')} ended while asking {operators}: "
            "out of memory, or a crash of PyTorch's CPU; what was found besides stands above, and no page was written"
        )


def _together(
    groups: list[list[Job]], budget: str, seed: int, processes: int
) -> Iterator[tuple[list[Job], list[Finding] | None]]:
    """The findings of each group as they come; None for those that were not done when a process was ended."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        asked = {pool.submit(hunted, group, budget, seed): group for group in groups}
        for done in as_completed(asked):
            try:
                yield asked[done], done.result()
            except BrokenProcessPool:
                yield asked[done], None


def hunted(jobs: list[Job], budget: str, seed: int) -> list[Finding]:
    """The faults of some rows, one after the other, in this process."""
    import warnings

    from silicon_cts.numerics.sensitivity import hunt

    warnings.simplefilter("ignore")
    as_yardstick()
    sys.stderr.flush()
    return [hunt(*job, budget=budget, seed=seed) for job in jobs]
