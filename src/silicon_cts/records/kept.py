"""What has an earlier run found out that this one need not?

Which recipes a question asks, and that an answer agrees, are functions of what is asked and of what judges it. So they
are kept under a digest of both: the very bits of the answer, the sources of this package, the versions of what it
judges with, the processor. An answer that differs in one bit from all that were judged before is judged; so is every
answer that was not right, each time. Nothing that a backend does is kept: it is asked every time.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.records.fingerprint import PACKAGES, chip, environment, versions

if TYPE_CHECKING:
    import torch

    from silicon_cts.backends.outcome import Outcome, Task
    from silicon_cts.backends.protocol import Capability
    from silicon_cts.numerics.verdict import Judgement
    from silicon_cts.sampling.plan import Question
    from silicon_cts.sampling.recipe import Recipe

_PACKAGE = Path(__file__).parents[1]
_FOR_SAMPLES = ("scipy",)
"""Packages besides those of the fingerprint with which op_db has other samples."""
_MOST_WAITING = 512
"""Findings that are written together."""
_MOST_DAYS = 30
"""Findings of another version that nobody asked for in so long are thrown away."""
_MOST_BYTES = 2**29
"""Size beyond which a folder is emptied: runs with a seed of their own find nothing in it, and add to it."""
_KEY_BYTES = 16
_FIELDS = ("grade", "ratio", "ulp", "worst", "notes", "signal_to_noise", "top_1")
"""What a judgement says of an answer that agrees; the rest is of the task and of its outcome."""


class Kept:
    """Findings on disk, shared by all processes that were given the same folder; without one, none are kept.

    Whatever the disk does, nothing is lost but time: what cannot be read is found out again.
    """

    def __init__(self, folder: Path | None) -> None:
        """``folder`` is made where it is missing."""
        self._waiting: dict[bytes, str] = {}
        self._database: sqlite3.Connection | None = None
        if folder is not None:
            with suppress(OSError, sqlite3.Error):
                folder.mkdir(parents=True, exist_ok=True)
                self._database = _opened(folder / f"{_judges()}.sqlite")

    def recipes(self, question: Question, part: str, find: Callable[[Question], list[Recipe]]) -> list[Recipe]:
        """What ``find`` says that a question asks. ``part`` names ``find``."""
        from silicon_cts.sampling.recipe import Recipe

        key = _digest([repr((part, question))])
        text = self._read(key)
        if text is not None:
            return [Recipe.from_json(data) for data in json.loads(text)]
        found = find(question)
        text = json.dumps([recipe.to_json() for recipe in found])
        if [Recipe.from_json(data) for data in json.loads(text)] == found:
            self._write(key, text)
        return found

    def judgement(
        self, task: Task, outcome: Outcome, capability: Capability, judge: Callable[[], Judgement]
    ) -> Judgement:
        """What ``judge`` says of an outcome."""
        from silicon_cts.numerics.verdict import Judgement

        if self._database is None or outcome.kind != "result":
            return judge()
        said = (task, outcome.violations, outcome.notes, outcome.elsewhere)
        key = _digest([repr(said), repr(capability), *_bits(outcome.observed), *_bits(outcome.spread)])
        text = self._read(key)
        if text is not None:
            data: dict[str, Any] = json.loads(text)
            data |= {name: tuple(data[name]) for name in ("worst", "notes") if data[name] is not None}
            data |= {"seconds": outcome.seconds, "way": task.way, "placement": outcome.placement}
            return Judgement("agrees", task.recipe, **data)
        judged = judge()
        if judged.verdict == "agrees":
            self._write(key, json.dumps({name: getattr(judged, name) for name in _FIELDS}))
        return judged

    def _read(self, key: bytes) -> str | None:
        if self._database is None:
            return None
        try:
            row = self._database.execute("SELECT found FROM kept WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row else None

    def _write(self, key: bytes, text: str) -> None:
        if self._database is not None:
            self._waiting[key] = text
            if len(self._waiting) >= _MOST_WAITING:
                self.flush()

    def flush(self) -> None:
        """Write what waits to be written."""
        if self._database is not None and self._waiting:
            with suppress(sqlite3.Error), self._database:
                self._database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", self._waiting.items())
            self._waiting.clear()

    def close(self) -> None:
        """Write what waits to be written; nothing is kept from now on."""
        self.flush()
        if self._database is not None:
            self._database.close()
            self._database = None


def _opened(path: Path) -> sqlite3.Connection:
    """The database at a path; a file that is none is made anew. Raises sqlite3.Error and OSError."""
    try:
        return _database(path)
    except sqlite3.OperationalError:  # busy, or a disk that is full: another process may be using it
        raise
    except sqlite3.DatabaseError:
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink(missing_ok=True)
        return _database(path)


def _database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")  # a crash of the machine may lose what was kept, and no more
        database.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, found TEXT NOT NULL) WITHOUT ROWID")
    except sqlite3.Error:
        database.close()
        raise
    path.touch()
    return database


def tidy(folder: Path) -> None:
    """Remove what was found with versions that have not been used for long, and all where it is too much.

    For a process that is alone with the folder: a database must not go away under another one.
    """
    with suppress(OSError):
        found = {path: path.stat() for path in folder.glob("*.sqlite*")}
        everything = sum(one.st_size for one in found.values()) > _MOST_BYTES
        for path, one in found.items():
            if everything or time.time() - one.st_mtime > _MOST_DAYS * 86400:
                path.unlink(missing_ok=True)


def count(folder: Path) -> int:
    """How many findings a folder holds for what judges here and now."""
    path = folder / f"{_judges()}.sqlite"
    if not path.is_file():
        return 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=5)) as database:
        return int(database.execute("SELECT count(*) FROM kept").fetchone()[0])
    return 0


@cache
def _judges() -> str:
    """A digest of all that a finding depends on besides its question and its answer."""
    sources = [data for path in sorted(_PACKAGE.rglob("*")) if (data := _source(path)) is not None]
    return _digest([*sources, *_circumstances()]).hex()


def _source(path: Path) -> bytes | None:
    if path.suffix not in (".py", ".toml", ".json"):
        return None
    return str(path.relative_to(_PACKAGE)).encode() + b"\0" + path.read_bytes()


def _circumstances() -> Iterable[str]:
    yield repr(sorted(versions((*PACKAGES, *_FOR_SAMPLES)).items()))
    yield repr((platform.python_version(), platform.platform(), chip(), sorted(environment().items())))


def _bits(tensors: Iterable[torch.Tensor | None] | None) -> Iterable[Any]:
    """Dtype, shape, strides and values of each tensor."""
    import torch

    if tensors is None:
        yield "none"
        return
    for tensor in tensors:
        if tensor is None:
            yield "-"
            continue
        strided = tensor.layout == torch.strided
        yield repr((tensor.dtype, tuple(tensor.shape), tensor.stride() if strided else tensor.layout))
        if tensor._is_zerotensor():  # zeros that autograd made without memory
            yield "zeros"
            continue
        plain = tensor.detach().to_dense().resolve_conj().resolve_neg().contiguous()
        yield plain.as_strided((plain.numel(),), (1,)).view(torch.uint8).numpy()  # of one element, any stride is left


def _digest(parts: Iterable[Any]) -> bytes:
    """Of texts and of bytes, each with its length."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "little"))
        found.update(data)
    return found.digest()[:_KEY_BYTES]
