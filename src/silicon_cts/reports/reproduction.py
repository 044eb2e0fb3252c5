"""Where does the stand-alone script lie that shows a failure again?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from silicon_cts.records.names import stem
from silicon_cts.records.record import Record
from silicon_cts.reports.atomic import replace

FOLDER = "repro"


def path(folder: Path, record: Record) -> Path:
    """``<run folder>/repro/mps-std-float32-forward.py``."""
    name = stem(record.backend, record.operator_id, record.dtype, record.aspect)
    return folder / FOLDER / f"{name}.py"


def write(folder: Path, records: Iterable[Record]) -> list[Path]:
    """The scripts of these records, for those that have one."""
    return [replace(path(folder, record), record.script) for record in records if record.script]
