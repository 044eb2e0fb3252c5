"""How does a run come to lie on disk, and how is it read back, finished or not?

``run.json`` says what was run and where; ``records.jsonl`` grows by one line for each verdict, flushed before the
verdict is printed, so that a run that lost its machine keeps everything that it said.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from silicon_cts.records.record import Record

RUN = "run.json"
RECORDS = "records.jsonl"
_LEAST_FREE_BYTES = 50 * 2**20


class RunFolderError(Exception):
    """A run folder that cannot be written or read; the message says what to do."""


def new_path(root: Path) -> Path:
    """``<root>/<UTC time>-<id>``: no two runs share one, even in the same second."""
    return root / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


class RunFolder:
    """A run that is being written."""

    def __init__(self, path: Path, description: Mapping[str, Any]) -> None:
        """Make the folder and ``run.json``. Raises RunFolderError where that cannot work, before anything runs."""
        self.path = path
        self._description = dict(description)
        self._totals: Counter[str] = Counter()
        try:
            path.mkdir(parents=True, exist_ok=True)
            if (path / RECORDS).exists():
                raise RunFolderError(f"{path} already holds a run: give another --run-dir, or remove it")
            free = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize
            if free < _LEAST_FREE_BYTES:
                raise RunFolderError(
                    f"{path} has only {free // 2**20} MiB free; a run needs {_LEAST_FREE_BYTES // 2**20}"
                )
            self._stream: IO[str] = (path / RECORDS).open("a", encoding="utf-8")
        except OSError as error:
            raise RunFolderError(f"cannot write the run folder {path}: {error.strerror or error}") from error
        self._begin = datetime.now(UTC)
        self._write_run(finished=False)

    def append(self, record: Record) -> None:
        """Write one line and flush it. Raises RunFolderError when the disk does not take it."""
        self._totals[record.verdict] += 1
        try:
            self._stream.write(json.dumps(record.to_json(), allow_nan=False) + "\n")
            self._stream.flush()
        except OSError as error:
            raise RunFolderError(f"cannot write {self.path / RECORDS}: {error.strerror or error}") from error

    def describe(self, **more: Any) -> None:
        """Add to what ``run.json`` says."""
        self._description.update(more)
        self._write_run(finished=False)

    def finish(self, **more: Any) -> None:
        """Close the records and mark the run finished."""
        self._description.update(more)
        with contextlib.suppress(OSError):
            self._stream.close()
        self._write_run(finished=True)

    def _write_run(self, *, finished: bool) -> None:
        data = {
            **self._description,
            "start": self._begin.isoformat(timespec="seconds"),
            "end": datetime.now(UTC).isoformat(timespec="seconds") if finished else None,
            "totals": dict(self._totals),
            "finished": finished,
        }
        target, partial = self.path / RUN, self.path / f".{RUN}.part"
        try:
            partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
            partial.replace(target)
        except OSError as error:
            raise RunFolderError(f"cannot write {target}: {error.strerror or error}") from error


def point_latest(path: Path) -> None:
    """Make ``latest`` beside the run folder point to it; where links cannot be made, leave it."""
    link = path.parent / "latest"
    partial = path.parent / f".latest-{path.name}"
    with contextlib.suppress(OSError):
        partial.symlink_to(path.name, target_is_directory=True)
        partial.replace(link)


@dataclass(frozen=True)
class Run:
    """A run read back."""

    path: Path
    description: dict[str, Any]
    """``run.json``: fingerprint, options, start, end, totals, finished, backends."""
    records: tuple[Record, ...]
    damaged: int
    """Lines that could not be read: the last one of a run that was cut off."""

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return bool(self.description.get("finished"))


def read(path: Path) -> Run:
    """A run folder. Raises RunFolderError if it is none."""
    if not (path / RECORDS).is_file() and not (path / RUN).is_file():
        raise RunFolderError(f"{path} is not a run folder: it has neither {RUN} nor {RECORDS}")
    description: dict[str, Any] = {}
    with contextlib.suppress(OSError, json.JSONDecodeError):
        found = json.loads((path / RUN).read_text(encoding="utf-8"))
        description = found if isinstance(found, dict) else {}
    records, damaged = [], 0
    for line in _lines(path / RECORDS):
        try:
            records.append(Record.from_json(json.loads(line)))
        except (json.JSONDecodeError, TypeError, AttributeError):
            damaged += 1
    return Run(path.resolve(), description, tuple(records), damaged)


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            yield from (line for line in stream if line.strip())
    except OSError:
        return
