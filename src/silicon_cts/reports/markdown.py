"""What does a CI job show of a run? ``summary.md``, which must fit a GitHub job summary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run
from silicon_cts.reports import answers, apart, coverage, description, legend, placed
from silicon_cts.reports.coverage import Column, Tally
from silicon_cts.reports.text import count, duration, line, number

LIMIT = 900 * 1024
"""Bytes; GitHub refuses a job summary of more than 1 MiB."""
_MOST = (1000, 200, 20, 0)
"""Rows in each list: as many as fit."""
_SPECIAL = re.compile(r"[\\`*{}\[\]<>#|~@&$]|:(?=\S)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""What Markdown, or GitHub's own additions (mentions, mathematics, emoji), would take as more than itself."""


def escape(text: str, most: int = 200) -> str:
    """As text that Markdown leaves alone, on one line, in a table too."""
    return _SPECIAL.sub(lambda found: f"&#{ord(found.group())};", line(text, most))


def render(run: Run) -> str:
    """``summary.md`` of a run, finished or not, below :data:`LIMIT`."""
    records = coverage.settled(run.records)
    fitting = (text for most in _MOST if len((text := _text(run, records, most)).encode("utf-8", "replace")) < LIMIT)
    return next(fitting, f"# silicon-cts\n\n{escape(description.title(run))}\n")


def _text(run: Run, records: Sequence[Record], most: int) -> str:
    parts = (
        _heading(run, records),
        _coverage(coverage.coverage(records)),
        _answers(answers.answers(run, records)),
        _new(coverage.new_failures(records), most),
        _differing("machine to machine", apart.machines_apart(records), most),
        _differing("front end to front end", apart.front_ends_apart(records), most),
        _known(coverage.known_failures(records)),
        _told("Fixed: no longer happen, remove them", description.lines(run, "fixed"), most),
        _told("Known issues that match nothing that was asked", description.lines(run, "unmatched"), most),
        _told("Not exercised: a gap of the sampling", description.lines(run, "not_exercised"), most),
        _told("Promoted: asked first from now on", description.lines(run, "promoted"), most),
        _slowest(records),
        _placed(records, most),
        _reasons(coverage.with_verdict(records, "unsupported"), "unsupported", most),
        _reasons(coverage.with_verdict(records, "not_placed"), "not placed where asked", most),
        _reasons(coverage.with_verdict(records, "no_oracle"), "without an oracle", most),
        _unchecked(run, most),
    )
    return "\n".join(row for part in parts for row in part) + "\n"


def _heading(run: Run, records: Sequence[Record]) -> Iterator[str]:
    yield "# silicon-cts"
    yield ""
    yield escape(description.title(run), 400)
    machines = description.machines(run)
    yield from ("", *(f"- **{escape(label)}** {escape(about, 400)}" for label, about in machines.items()))
    state = description.state(run)
    if state:
        yield from ("", f"> **{escape(state)}**")
    seconds = description.seconds(run)
    new, known = len(coverage.new_failures(records)), len(coverage.known_failures(records))
    told = [
        f"**{count(new, 'new failure')}**",
        count(known, "known failure"),
        count(coverage.checks(records), "check"),
        *([duration(seconds)] if seconds is not None else []),
        *([f"`{options}`"] if (options := escape(description.options(run)).replace("`", "")) else []),
    ]
    yield from ("", ", ".join(told), "")
    for reason, backends in description.absent(run).items():
        yield f"- absent: {escape(', '.join(backends))}: {escape(reason, 300)}"
    yield ""


def _coverage(tallies: dict[Column, Tally]) -> Iterator[str]:
    if not tallies:
        return
    others = [name for name in legend.MARKS if any(tally.verdicts[name] for tally in tallies.values())]
    others += sorted({name for tally in tallies.values() for name, _ in tally.others()} - set(others))
    grades = [name for name in legend.GRADES if any(tally.grades[name] for tally in tallies.values())]
    yield "## Coverage"
    yield ""
    yield from _header("backend", "dtype", "aspect", "agrees", *grades, *(escape(name) for name in others))
    for (backend, dtype, aspect), tally in tallies.items():
        numbers = [str(tally.grades[name] or "") for name in grades]
        numbers += [_with_known(tally.verdicts[name], tally.known[name]) for name in others]
        yield _row(escape(backend), escape(dtype), escape(aspect), f"**{tally.agrees}**/{tally.asked}", *numbers)
    yield ""
    yield (
        "Operators by verdict; in brackets those that a known issue expects. Grades of those that agree: "
        + "; ".join(f"{name}: {escape(legend.GRADES[name].meaning.removeprefix('agrees, '))}" for name in grades)
    )
    yield ""


def _answers(found: answers.Answers) -> Iterator[str]:
    if not found:
        return
    yield "## What can this chip do with your model?"
    yield ""
    yield from (f"- **{escape(backend)}** {escape(told, 300)}" for backend, told in found.sentences.items())
    yield ""
    yield from _header("model", "task", *map(escape, found.backends))
    for (model, task), row in found.rows.items():
        yield _row(escape(model), task, *(escape(str(answer)) for answer in row.values()))
    yield ""


def _with_known(amount: int, known: int) -> str:
    return f"{amount} ({known})" if known else str(amount or "")


def _new(new: Sequence[Record], most: int) -> Iterator[str]:
    yield "## New: no known issue expects these"
    yield ""
    if not new:
        yield from ("Nothing.", "")
        return
    groups = coverage.alike(new)
    yield from _header("backend", "verdict", "operator", "reason")
    for group in groups[:most]:
        first = group[0]
        yield _row(
            escape(first.backend), escape(first.verdict), escape(coverage.asked_of(group)), escape(first.reason, 300)
        )
    yield from _more(sum(len(group) for group in groups[most:]))


def _differing(between: str, found: Sequence[apart.Difference], most: int) -> Iterator[str]:
    if not found:
        return
    names = list(dict.fromkeys(name for one in found for name in one.verdicts))
    yield from (f"## Verdicts that differ from {between}", "")
    rows = [
        _row(
            escape(one.backend),
            escape(coverage.asked_of(one.records)),
            *(escape(one.verdicts.get(name, "")) for name in names),
        )
        for one in found[:most]
    ]
    yield from _folded(
        count(apart.operators(found), "operator"),
        [*_header("backend", "operator", *map(escape, names)), *rows, *_more(len(found) - most)],
    )


def _known(known: Sequence[Record]) -> Iterator[str]:
    if not known:
        return
    yield "## Known issues"
    yield ""
    yield from _header("backend", "verdict", "operators x aspects x dtypes")
    for (backend, verdict), amount in Counter((record.backend, record.verdict) for record in known).items():
        yield _row(escape(backend), escape(verdict), str(amount))
    yield ""


def _told(title: str, sentences: Sequence[str], most: int) -> Iterator[str]:
    if sentences:
        yield f"## {title}"
        yield ""
        yield from (f"- {escape(sentence, 300)}" for sentence in sentences[:most])
        yield from _more(len(sentences) - most)


def _slowest(records: Sequence[Record]) -> Iterator[str]:
    slowest, worst = coverage.slowest(records), coverage.worst_ratios(records)
    if slowest:
        rows = (
            _row(duration(one.seconds), escape(one.backend), escape(coverage.asked_of([one])), escape(one.verdict))
            for one in slowest
        )
        yield from _folded("Slowest ten", [*_header("time", "backend", "operator", "verdict"), *rows])
    if worst:
        rows = (
            _row(number(one.ratio), one.grade, escape(one.backend), escape(coverage.asked_of([one]))) for one in worst
        )
        yield from _folded(
            "Largest errors that agree", [*_header("error budgets", "grade", "backend", "operator"), *rows]
        )


def _placed(records: Sequence[Record], most: int) -> Iterator[str]:
    found = placed.placements(records)
    if not found:
        return
    yield from ("## Where it ran", "", "As the framework planned it, which is no proof.", "")
    for backend, of_backend in found.items():
        rows = [
            _row(escape(one.operator), escape(one.where), escape("; ".join(one.elsewhere), 300))
            for one in of_backend[:most]
        ]
        yield from _folded(
            f"{escape(backend)}: {escape(placed.summary(of_backend))}",
            [*_header("operator", "operations on", "why elsewhere"), *rows, *_more(len(of_backend) - most)],
        )


def _reasons(records: Sequence[Record], what: str, most: int) -> Iterator[str]:
    if records:
        groups = coverage.alike(records)
        rows = [
            _row(escape(group[0].backend), escape(coverage.asked_of(group)), escape(group[0].reason))
            for group in groups[:most]
        ]
        rest = _more(sum(len(group) for group in groups[most:]))
        yield from _folded(
            f"{count(len(records), 'check of an operator', 'checks of operators')} {what}",
            [*_header("backend", "operator", "reason"), *rows, *rest],
        )


def _unchecked(run: Run, most: int) -> Iterator[str]:
    unchecked = description.mapping(run, "unchecked")
    if unchecked:
        rows = [f"- {escape(operator)}: {escape(str(reason))}" for operator, reason in list(unchecked.items())[:most]]
        title = f"{count(len(unchecked), 'operator')} of the catalog unchecked"
        yield from _folded(title, [*rows, *_more(len(unchecked) - most)])


def _folded(title: str, rows: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *rows, "", "</details>", ""]


def _header(*names: str) -> list[str]:
    return [_row(*names), _row(*("---" for _ in names))]


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _more(amount: int) -> list[str]:
    return ["", f"and {amount:,} more, see `index.html`", ""] if amount > 0 else [""]
