"""Where does the stand-alone script lie that shows a failure again?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from silicon_cts.records.record import Record
from silicon_cts.reports.atomic import replace

FOLDER = "repro"


def path(folder: Path, record: Record) -> Path:
    """``<run folder>/repro/mps-std-float32-forward.py``.

    Capitals are marked, for file systems that do not tell them apart: ``T`` and ``t`` are two operators.
    """
    parts = (record.backend, record.operator_id, record.dtype, record.aspect)
    plain = re.sub(r"[^\w.-]", "_", "-".join(parts), flags=re.ASCII)
    return folder / FOLDER / (re.sub("[A-Z]", r"\g<0>_", plain) + ".py")


def write(folder: Path, records: Iterable[Record]) -> list[Path]:
    """The scripts of these records, for those that have one."""
    return [replace(path(folder, record), record.script) for record in records if record.script]
