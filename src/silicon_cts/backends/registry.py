"""Which backends are there, by name?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points

from silicon_cts.backends.protocol import Backend

GROUP = "silicon_cts.backends"
"""Entry points of backends: a class that is called with the backend's name."""
FAMILIES = "silicon_cts.backend_families"
"""The same for names with an argument: ``torch:xpu`` is made by the family ``torch``."""


class UnknownBackendError(ValueError):
    """No backend of that name; the message lists what there is."""


@cache
def names() -> tuple[str, ...]:
    """Names of all installed backends, the control ``cpu`` first, then in alphabetical order."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}, key=lambda name: (name != "cpu", name)))


@cache
def get(name: str) -> Backend:
    """The backend of that name. Raises UnknownBackendError with close matches first."""
    family, colon, argument = name.partition(":")
    group, wanted = (FAMILIES, family) if colon and argument else (GROUP, name)
    for entry in entry_points(group=group, name=wanted):
        backend: Backend = entry.load()(name)
        return backend
    families = [f"{entry.name}:NAME" for entry in entry_points(group=FAMILIES)]
    raise UnknownBackendError(unknown("backend", name, [*names(), *families]))


def unknown(what: str, given: str, known: Iterable[str], most: int = 40) -> str:
    """A sentence that says what is not known and lists what is, close matches first, ``most`` at most."""
    known = list(known)
    close = difflib.get_close_matches(given, known, n=5, cutoff=0.5)
    listed = [*close, *(name for name in known if name not in close)]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    question = "did you mean one of" if close else "known"
    return f"unknown {what} {given!r}; {question}: {', '.join(listed[:most])}{more}"
