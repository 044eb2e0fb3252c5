"""What does a person see at the end of a run?"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from silicon_cts.catalog.aspects import NAMES as ASPECTS
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run
from silicon_cts.reports import PAGE, answers, apart, coverage, description, legend, reproduction
from silicon_cts.reports.coverage import Column, Tally
from silicon_cts.reports.text import count, duration, line, number, place

MOST_NEW = 20
MOST_OTHERS = 10
_ASPECT_WIDTH = 36
"""Characters that the numbers of one aspect need beside each other."""
_NAMES_WIDTH = 26
"""Characters for the names of backend and dtype."""
_LABEL_WIDTH = 11


def render(run: Run, width: int) -> str:
    """The end-of-run text of a run, finished or not, for a terminal of that width."""
    width = max(width, 60)
    paper = StringIO()
    console = Console(
        file=paper,
        width=width,
        color_system=None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    records = coverage.settled(run.records)
    console.print(Text(line(description.title(run), 400)))
    for label, told in description.machines(run).items():
        console.print(Text(line(f"{label}: {told}", 400)))
    state = description.state(run)
    if state:
        console.print(Text(state))
    console.print()
    for table in _tables(coverage.coverage(records), width):
        console.print(table)
        console.print()
    if any(record.verdict == "agrees" for record in records):
        shown = [grade for grade in legend.GRADES.values() if any(one.grade == grade.name for one in records)]
        console.print(Text("   ".join(f"{one.letter} {one.meaning.removeprefix('agrees, ')}" for one in shown)))
        console.print()
    found = answers.answers(run, records)
    if found:
        console.print(_answers(found))
        console.print()
    rows = [*paper.getvalue().splitlines(), *_closing(run, records, width - _LABEL_WIDTH)]
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _tables(tallies: dict[Column, Tally], width: int) -> list[Table]:
    """As many aspects beside each other as fit, the others below."""
    aspects = coverage.in_order((aspect for _, _, aspect in tallies), ASPECTS)
    fitting = max(1, (width - _NAMES_WIDTH) // _ASPECT_WIDTH)
    return [_table(tallies, aspects[start : start + fitting]) for start in range(0, len(aspects), fitting)]


def _table(tallies: dict[Column, Tally], aspects: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("backend", no_wrap=True)
    table.add_column("dtype", no_wrap=True)
    for aspect in aspects:
        table.add_column(aspect)
    rows = list(dict.fromkeys((backend, dtype) for backend, dtype, aspect in tallies if aspect in aspects))
    named = ""
    for backend, dtype in rows:
        cells = [_cell(tallies.get((backend, dtype, aspect))) for aspect in aspects]
        table.add_row(Text(backend if backend != named else ""), Text(dtype), *cells)
        named = backend
    return table


def _cell(tally: Tally | None) -> Text:
    """``641/676  A612 B64``, and below it what does not agree, and how much of that is known."""
    if tally is None:
        return Text("")
    grades = " ".join(f"{legend.mark('agrees', grade).letter}{amount}" for grade, amount in tally.agreeing())
    others = [f"{verdict} {amount}" for verdict, amount in tally.others()]
    if tally.known:
        others.append(f"({tally.known.total()} known)")
    return Text("\n".join([f"{tally.agrees}/{tally.asked}  {grades}", *_packed(others, _ASPECT_WIDTH)]))


def _packed(items: Iterable[str], width: int) -> list[str]:
    """As many items on each line as fit, none of them broken."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(item) < width:
            rows[-1] += f" {item}"
        else:
            rows.append(item)
    return rows


def _answers(found: answers.Answers) -> Table:
    """Models by backend; what to say of a backend in a sentence stands below."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("model", "task", *found.backends):
        table.add_column(name)
    for (model, task), row in found.rows.items():
        table.add_row(Text(model), Text(task), *(Text(str(answer)) for answer in row.values()))
    return table


def _closing(run: Run, records: Sequence[Record], width: int) -> Iterator[str]:
    """What is new, fixed, slow and unchecked; where to read on, in lines that stay in one piece to be copied."""
    for label, rows in _sections(run, records, width):
        wrapped = (textwrap.wrap(part, width, subsequent_indent="    ") for row in rows for part in row.split("\n"))
        yield from _labelled(label, [part for parts in wrapped for part in parts])
    for label, row in _where(run, records):
        yield from _labelled(label, [row])


def _labelled(label: str, rows: Sequence[str]) -> Iterator[str]:
    for position, row in enumerate(rows):
        yield f"{'' if position else label:<{_LABEL_WIDTH}}{row}"


def _sections(run: Run, records: Sequence[Record], width: int) -> Iterator[tuple[str, list[str]]]:
    absent = description.absent(run)
    if absent:
        yield "absent", [line(f"{', '.join(backends)}: {reason}", 4 * width) for reason, backends in absent.items()]
    asked = answers.answers(run, records)
    here = [f"{backend} {asked.sentences[backend]}" for backend in asked.backends]
    if here:
        yield "models", here
    new = coverage.new_failures(records)
    if records:
        yield "new", list(_new(new, width))
    for between, most, differing in (
        ("machine to machine", MOST_NEW, apart.machines_apart(records)),
        ("front end to front end", MOST_OTHERS, apart.front_ends_apart(records)),
    ):
        if differing:
            rows = _capped([line(str(one), 2 * width) for one in differing], most)
            yield (
                "differ",
                [f"{count(apart.operators(differing), 'operator')} with verdicts that differ from {between}", *rows],
            )
    known = coverage.known_failures(records)
    if known:
        by_verdict = Counter(record.verdict for record in known)
        told = "  ".join(f"{verdict} {amount}" for verdict, amount in by_verdict.most_common())
        yield "known", [f"{count(len(known), 'failure')} that known issues expect: {told}"]
    for label, key, what in (
        ("fixed", "fixed", "no longer happens: remove it"),
        ("unmatched", "unmatched", "matches nothing that was asked"),
    ):
        found = description.lines(run, key)
        if found:
            rows = _capped([line(one, width) for one in found], MOST_OTHERS)
            yield label, [f"{count(len(found), 'known issue')} {what}", *rows]
    for label, key, most in (("gaps", "not_exercised", MOST_NEW), ("promoted", "promoted", MOST_OTHERS)):
        found = description.lines(run, key)
        if found:
            yield label, _capped([line(one, 2 * width) for one in found], most)
    slowest = coverage.slowest(records)
    if slowest:
        yield "slowest", [f"{duration(one.seconds):>12}  {_who(one)}  {one.verdict}" for one in slowest]
    worst = coverage.worst_ratios(records, 3)
    if worst:
        yield "accuracy", [f"{number(one.ratio):>6} error budgets  {_who(one)}  grade {one.grade}" for one in worst]
    unchecked = description.mapping(run, "unchecked")
    if unchecked:
        operators = run.description.get("operators")
        of = f" of {operators} in the catalog" if isinstance(operators, int) else ""
        yield "unchecked", [f"{count(len(unchecked), 'operator')}{of}, each with its reason in the report"]


def _where(run: Run, records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    """Paths of the first script and of the report, if they are there, and the size of the run."""
    scripts = (reproduction.path(run.path, record) for record in coverage.new_failures(records) if record.script)
    script = next((path for path in scripts if path.is_file()), None)
    if script is not None:
        yield "reproduce", f"python {place(script)}"
    if (run.path / PAGE).is_file():
        yield "report", place(run.path / PAGE)
    seconds = description.seconds(run)
    took = f"{duration(seconds)}, " if seconds is not None else ""
    yield "run", f"{took}{count(coverage.checks(records), 'check')}, {count(len(records), 'record')}"


def _new(new: Sequence[Record], width: int) -> Iterator[str]:
    if not new:
        yield "nothing that the known issues do not expect"
        return
    yield f"{count(len(new), 'failure')} that no known issue expects"
    groups = coverage.alike(new)
    for group in groups[:MOST_NEW]:
        told = f"{group[0].backend}  {group[0].verdict}  {coverage.asked_of(group)}: "
        room = width - len(told)
        yield told + (line(group[0].reason, room) if room >= 24 else f"\n    {line(group[0].reason, width - 4)}")
    rest = sum(len(group) for group in groups[MOST_NEW:])
    if rest:
        yield f"and {count(rest, 'more failure')}"


def _who(record: Record) -> str:
    return f"{record.backend}  {coverage.asked_of([record])}"


def _capped(rows: list[str], most: int) -> list[str]:
    return rows if len(rows) <= most else [*rows[:most], f"and {len(rows) - most:,} more"]
