"""What does ``run.json`` say? It may say little: of a run that was cut off, or of another version."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from silicon_cts.records.fingerprint import headline
from silicon_cts.records.run_folder import Run
from silicon_cts.reports.text import count

_EXIT = {2: "it was interrupted", 3: "an internal error ended it", 4: "pytest was used wrongly"}
"""pytest's exit statuses after which a run says less than it was asked for."""


def mapping(run: Run, key: str) -> dict[str, Any]:
    """A part of ``run.json`` that should be an object; empty if it is not there."""
    found = run.description.get(key)
    return dict(found) if isinstance(found, Mapping) else {}


def lines(run: Run, key: str) -> list[str]:
    """A part of ``run.json`` that should be a list of sentences; empty if it is not there."""
    found = run.description.get(key)
    return [str(one) for one in found] if isinstance(found, list) else []


def title(run: Run) -> str:
    """The fingerprint in one line; of a fleet, how many machines it has."""
    if found := mapping(run, "machines"):
        return f"silicon-cts   {count(len(found), 'machine')}"
    try:
        return headline(mapping(run, "fingerprint"))
    except (KeyError, TypeError):
        return "silicon-cts   machine unknown: run.json holds no fingerprint"


def machines(run: Run) -> dict[str, str]:
    """Of a fleet, each machine's fingerprint in one line, with the runs that it made; of one machine nothing."""
    found = {}
    for label, about in mapping(run, "machines").items():
        told = "unknown"
        with suppress(KeyError, TypeError):
            told = headline(about["fingerprint"])
        found[label] = f"{told}   {', '.join(about.get('runs') or ())}"
    return found


def absent(run: Run) -> dict[str, list[str]]:
    """Why backends were not there, with the remedy where there is one: by reason, the names that share it."""
    found: dict[str, list[str]] = {}
    for name, about in mapping(run, "backends").items():
        if isinstance(about, Mapping) and about.get("absent"):
            remedy = about.get("remedy")
            found.setdefault(f"{about['absent']}; {remedy}" if remedy else str(about["absent"]), []).append(name)
    return found


def seconds(run: Run) -> float | None:
    """How long the run took, where that is known."""
    told = run.description.get("seconds")
    if isinstance(told, int | float):
        return float(told)
    try:
        begin, end = (datetime.fromisoformat(run.description[key]) for key in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        return None
    return (end - begin).total_seconds()


def state(run: Run) -> str:
    """Why this run says less than it was asked for; empty if it is whole."""
    sentences = []
    status = run.description.get("exit_status")
    if not run.finished:
        sentences.append(f"UNFINISHED: this run was cut off; it had written {count(len(run.records), 'record')}.")
    elif status in _EXIT:
        sentences.append(f"UNFINISHED: {_EXIT[status]} (pytest exit status {status}).")
    for label, about in mapping(run, "machines").items():
        if about.get("state"):
            sentences.append(f"{label}: {about['state']}")
    if run.damaged:
        sentences.append(f"{count(run.damaged, 'line')} of records.jsonl cannot be read.")
    return " ".join(sentences)


def options(run: Run) -> str:
    """The options that differ from none, as one would type them; empty if there are none."""
    found = []
    for name, value in mapping(run, "options").items():
        values = value if isinstance(value, list | tuple) else [value]
        found += [f"--{name} {one}" for one in values if one not in (None, "")]
    return " ".join(found)
