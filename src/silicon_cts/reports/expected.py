"""What is known to be wrong on each backend, on one screen: kinds of mistakes, and in each the issues by name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from silicon_cts.records.known_issues import KINDS, KnownIssue
from silicon_cts.reports.text import count

_INDENT = 4


def render(issues: Iterable[KnownIssue], width: int) -> str:
    """Issues by backend, in their order, and by kind, in that of ``KINDS``; no line is longer than ``width``, but for a
    name that is."""
    by_backend: dict[str, list[KnownIssue]] = {}
    for issue in issues:
        by_backend.setdefault(issue.backend, []).append(issue)
    return "\n".join("\n".join(_backend(name, found, width)) + "\n" for name, found in by_backend.items())


def _backend(name: str, issues: list[KnownIssue], width: int) -> Iterator[str]:
    cases = [case for issue in issues for case in issue.cases]
    operators = {case["operator"] for case in cases}
    yield f"{name}: {count(len(issues), 'issue')}, {count(len(operators), 'operator')}, {count(len(cases), 'case')}"
    for kind, what in KINDS.items():
        if found := [issue for issue in issues if issue.kind == kind]:
            yield from textwrap.wrap(f"{kind} {len(found)}: {what}", width, initial_indent="  ", subsequent_indent="  ")
            indent = " " * _INDENT
            yield from textwrap.wrap(
                "  ".join(_short(issue) for issue in found), width, initial_indent=indent, subsequent_indent=indent,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip


def _short(issue: KnownIssue) -> str:
    """Its id without the backend, which is said above it."""
    return issue.id.removeprefix(f"{issue.backend}-")
