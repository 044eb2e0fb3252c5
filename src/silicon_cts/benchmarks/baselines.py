"""To which machine does a baseline belong, who made it one, and how is it read?

A person pins runs as the baseline of the machine that they were made on. Nothing pins itself: a baseline that moved on
every night would forget every regression after one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from silicon_cts.records import measurement
from silicon_cts.records.measurement import MEASUREMENTS, Measurement
from silicon_cts.records.run_folder import RUN

PINNED = "pinned.json"
IDENTITY = (
    ("chip",),
    ("cores",),
    ("memory_gib",),
    ("system",),
    ("virtual",),
    ("rosetta",),
    ("machine",),
    ("python",),
    ("versions", "torch"),
    ("versions", "coremltools"),
    ("versions", "coreai-core"),
)
"""What makes times comparable: the machine, the build of its system, which ships the compilers, and the versions."""
_FORMAT = 1


class BaselineError(Exception):
    """A baseline that cannot be read, made or used; the message is one sentence."""


@dataclass(frozen=True)
class Session:
    """The measurements of one run: ``run.json`` and ``benchmarks.jsonl``."""

    name: str
    described: Mapping[str, Any]
    measured: tuple[Measurement, ...]

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """Of the machine; empty where ``run.json`` says nothing."""
        found = self.described.get("fingerprint")
        return found if isinstance(found, Mapping) else {}

    def times(self) -> dict[str, list[float]]:
        """Seconds of each benchmark, one for each process that measured it."""
        found: dict[str, list[float]] = {}
        for one in self.measured:
            if one.is_measured and one.seconds is not None:
                found.setdefault(one.benchmark, []).append(one.seconds)
        return found


@dataclass(frozen=True)
class Baseline:
    """Sessions of one machine that later ones are held against."""

    identity: Mapping[str, Any]
    sessions: tuple[Session, ...]


def identity(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a fingerprint that must not differ between times that are compared."""
    return {" ".join(path): _dig(fingerprint, path) for path in IDENTITY}


def name(fingerprint: Mapping[str, Any]) -> str:
    """The folder of a machine: readable in front, exact behind: ``apple-m3-max-36gib-macos-27-0-26a428-1a2b3c4d``."""
    facts = identity(fingerprint)
    exact = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    told = f"{facts['chip']} {facts['memory_gib']}gib {facts['system']} torch {facts['versions torch']}"
    return f"{re.sub(r'[^a-z0-9]+', '-', told.lower()).strip('-')[:80]}-{exact}"


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """What differs between two identities: ``versions torch: 2.13.0 -> 2.14.0``."""
    return [
        f"{key}: {one.get(key)} -> {other.get(key)}"
        for key in dict.fromkeys([*one, *other])
        if one.get(key) != other.get(key)
    ]


def read_session(path: Path) -> Session:
    """The session of a run folder. Raises BaselineError if it has no measurement or a line that cannot be read."""
    described: Any = {}
    try:
        if (path / RUN).is_file():
            described = json.loads((path / RUN).read_text(encoding="utf-8"))
        measured, damaged = measurement.read(path)
    except FileNotFoundError:
        raise BaselineError(
            f"{path} holds no measurements: {MEASUREMENTS} is missing; run pytest --benchmark-only"
        ) from None
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path} cannot be read: {error}") from error
    if damaged:
        raise BaselineError(f"{damaged} of the lines of {path / MEASUREMENTS} cannot be read")
    return Session(path.resolve().name, described if isinstance(described, dict) else {}, tuple(measured))


def pin(sessions: Sequence[Session], root: Path) -> Path:
    """Make these sessions the baseline of their machine; returns the file.

    Raises BaselineError if they are of different machines, measured nothing, or cannot be written.
    """
    if not any(session.times() for session in sessions):
        raise BaselineError("these runs measured nothing: there is nothing to pin")
    identities = [identity(session.fingerprint) for session in sessions]
    for session, facts in zip(sessions, identities, strict=True):
        if facts != identities[0]:
            raise BaselineError(
                f"{session.name} and {sessions[0].name} are of different machines or versions: "
                + "; ".join(differences(identities[0], facts))
            )
    path = root / name(sessions[0].fingerprint) / PINNED
    data = {
        "format": _FORMAT,
        "identity": identities[0],
        "sessions": [
            {
                "name": session.name,
                "run": {key: session.described.get(key) for key in ("fingerprint", "commit", "start", "end")},
                "measurements": [one.to_json() for one in session.measured],
            }
            for session in sessions
        ],
    }
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise BaselineError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def read(path: Path) -> Baseline:
    """A pinned baseline. Raises BaselineError if it is missing, cannot be read, or is empty."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            raise BaselineError(f"{path} is of format {data['format']}, this version reads {_FORMAT}: pin it again")
        sessions = tuple(
            Session(one["name"], one["run"], tuple(map(Measurement.from_json, one["measurements"])))
            for one in data["sessions"]
        )
        found = Baseline(dict(data["identity"]), sessions)
    except FileNotFoundError:
        raise BaselineError(f"there is no baseline {path}: pin one with silicon-cts baseline pin RUN") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BaselineError(
            f"the baseline {path} cannot be read ({type(error).__name__}: {error}): pin it again"
        ) from error
    if not any(session.times() for session in found.sessions):
        raise BaselineError(f"the baseline {path} is empty: nothing can be held against it; pin it again")
    return found


def listed(root: Path) -> Iterable[Path]:
    """All pinned baselines below a folder."""
    return sorted(root.glob(f"*/{PINNED}"))


def _dig(found: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
