"""In which way did one check change, and is that worse?

Nothing here asks for an aspect, a backend or a dtype by name: what two records say of the same check is compared, and a
verdict or grade of a later version counts as a failure rather than as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from silicon_cts.records.record import Record
from silicon_cts.reports.legend import GRADES, NO_FAILURE, fails

FOURFOLD = 4.0
"""Growth of the error in budgets that is a loss of accuracy although everything agrees."""
UNAVOIDABLE = 1.0
"""Budgets: an error up to here is one that no implementation can avoid, so it is never a loss."""


@dataclass(frozen=True)
class Kind:
    """One way in which a check can change."""

    name: str
    worse: bool
    meaning: str


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("crashed", True, "takes its process down, or hangs, and did not"),
        Kind("newly wrong", True, "fails, and did not; or gives a wrong answer where it failed loudly"),
        Kind("lost", True, "agreed, and is no longer done"),
        Kind("accuracy lost", True, "agrees at a worse grade, or uses more than four times the error budgets"),
        Kind("not asked", True, "was asked in BASE, and HEAD did not leave it out by its options"),
        Kind("left out", False, "was asked in BASE, and left out of HEAD by its options"),
        Kind("otherwise", False, "fails in another way"),
        Kind("refused", False, "failed, and is refused now"),
        Kind("fixed", False, "failed, and agrees now"),
        Kind("newly supported", False, "was not done, and agrees now"),
        Kind("accuracy gained", False, "agrees at a better grade, or with less than a quarter of the error budgets"),
        Kind("new check", False, "was not asked in BASE, and does not fail"),
    )
}
"""By name, what got worse first, the worst of it first."""

_STATE = {"agrees": "right", "error": "loud", "crashed": "down", "hung": "down"}
_CHANGES = {
    ("right", "undone"): "lost",
    ("right", "loud"): "newly wrong",
    ("right", "wrong"): "newly wrong",
    ("right", "down"): "crashed",
    ("undone", "right"): "newly supported",
    ("undone", "loud"): "newly wrong",
    ("undone", "wrong"): "newly wrong",
    ("undone", "down"): "crashed",
    ("loud", "right"): "fixed",
    ("loud", "undone"): "refused",
    ("loud", "wrong"): "newly wrong",  # what was seen to fail is now believed
    ("loud", "down"): "crashed",
    ("wrong", "right"): "fixed",
    ("wrong", "undone"): "refused",
    ("wrong", "loud"): "otherwise",
    ("wrong", "down"): "crashed",
    ("down", "right"): "fixed",
    ("down", "undone"): "refused",
    ("down", "loud"): "otherwise",
    ("down", "wrong"): "newly wrong",
}


def change_of(base: Record | None, head: Record | None, *, filtered: bool = False) -> str | None:
    """The name of the kind of change from one record of a check to the other; None if it is as it was.

    ``filtered`` is whether HEAD was asked for a part only, so that a check that it lacks is no loss.
    """
    if head is None:
        return None if base is None else "left out" if filtered else "not asked"
    if base is None:
        if fails(head) and head.known_issue is None:
            return "crashed" if state_of(head) == "down" else "newly wrong"
        return "new check"
    if base.verdict == head.verdict == "agrees":
        return _accuracy(base, head)
    return _CHANGES.get((state_of(base), state_of(head)))


def state_of(record: Record) -> str:
    """``right``, ``undone``, ``loud``, ``wrong`` or ``down``."""
    return _STATE.get(record.verdict, "undone" if record.verdict in NO_FAILURE else "wrong")


def _accuracy(base: Record, head: Record) -> str | None:
    if base.grade != head.grade:
        place = {name: position for position, name in enumerate(GRADES)}
        last = len(place)
        return "accuracy lost" if place.get(head.grade, last) > place.get(base.grade, last) else "accuracy gained"
    if base.ratio is None or head.ratio is None:
        return None
    if head.ratio > max(UNAVOIDABLE, FOURFOLD * base.ratio):
        return "accuracy lost"
    return "accuracy gained" if base.ratio > max(UNAVOIDABLE, FOURFOLD * head.ratio) else None
