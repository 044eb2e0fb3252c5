"""How is a value of a record written down for people?"""

from __future__ import annotations

import re
from pathlib import Path

_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Control characters, which a terminal would obey, and what turns the direction of text or cannot be encoded."""


def line(text: str, most: int) -> str:
    """On one line, without control characters, with ``…`` where it was longer than ``most``."""
    flat = " ".join(_NOT_PRINTABLE.sub(" ", text[: 4 * most]).split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``4 min 12 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def number(value: float | None) -> str:
    """Three significant digits; ``-`` for what was not finite or not compared."""
    return "-" if value is None else f"{value:.3g}"


def count(amount: int, noun: str, plural: str = "") -> str:
    """``1 operator``, ``2 operators``, ``61,204 checks``."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def place(path: Path) -> str:
    """Relative to the working directory where that is shorter to type."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
