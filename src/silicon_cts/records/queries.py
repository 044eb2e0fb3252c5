"""How are many run folders asked at once? As views of an in-memory DuckDB database, in SQL.

The lines are read where they lie. A finished run is kept beside itself as ``records.parquet`` the first time that it is
asked, since a thousand runs are read in seconds from Parquet and in minutes from JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.records import measurement, record
from silicon_cts.records.measurement import MEASUREMENTS
from silicon_cts.records.run_folder import RECORDS, RUN

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PARQUET = "records.parquet"
_DEPTH = 4
"""Folders below a root in which a run is looked for: ``<root>/<machine>/<run>``."""
_LONGEST_LINE = 256 * 2**20
"""Bytes."""

RUN_COLUMNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "run": ("VARCHAR", "name of its folder", ()),
    "path": ("VARCHAR", "path of its folder", ()),
    "chip": ("VARCHAR", "processor", ("fingerprint", "chip")),
    "cores": ("BIGINT", "logical cores", ("fingerprint", "cores")),
    "memory_gib": ("BIGINT", "memory", ("fingerprint", "memory_gib")),
    "virtual": ("BOOLEAN", "whether it is a virtual machine", ("fingerprint", "virtual")),
    "system": ("VARCHAR", "operating system with its build", ("fingerprint", "system")),
    "python": ("VARCHAR", "version of Python", ("fingerprint", "python")),
    "torch": ("VARCHAR", "version of torch", ("fingerprint", "versions", "torch")),
    "coremltools": ("VARCHAR", "version of coremltools", ("fingerprint", "versions", "coremltools")),
    "coreai": ("VARCHAR", "version of coreai-core", ("fingerprint", "versions", "coreai-core")),
    "silicon_cts": ("VARCHAR", "version of silicon-cts", ("fingerprint", "silicon_cts")),
    "power": ("VARCHAR", "AC, battery or unknown", ("fingerprint", "power")),
    "thermal": ("VARCHAR", "macOS's thermal state or unknown", ("fingerprint", "thermal")),
    "commit": ("VARCHAR", "git commit of the suites", ("commit",)),
    "budget": ("VARCHAR", "how much was asked", ("options", "budget")),
    "seed": ("BIGINT", "seed of all samples", ("options", "seed")),
    "started": ("TIMESTAMP", "when it began, UTC", ("start",)),
    "seconds": ("DOUBLE", "how long it took", ("seconds",)),
    "exit_status": ("BIGINT", "pytest's", ("exit_status",)),
    "finished": ("BOOLEAN", "whether it came to its end", ("finished",)),
}
"""Columns of the view ``runs``: type, what it says, and where ``run.json`` says it."""


class QueryError(Exception):
    """A query that cannot be answered; the message is one sentence."""


def folders(roots: Iterable[Path]) -> list[Path]:
    """All run folders below these, by name; links such as ``latest`` are not followed."""
    return sorted({path for root in roots for path in _below(root.absolute(), _DEPTH)}, key=lambda path: path.name)


def _below(path: Path, depth: int) -> Iterator[Path]:
    if any((path / name).is_file() for name in (RUN, RECORDS, MEASUREMENTS)):
        yield path
    elif depth:
        with contextlib.suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(Path(entry.path), depth - 1)


def connect(roots: Iterable[Path]) -> DuckDBPyConnection:
    """A database with the views ``runs``, ``records`` and ``benchmarks`` over all run folders below these.

    It reads nothing else and writes nowhere. Raises QueryError where DuckDB is not installed or no run is there.
    """
    roots = list(roots)
    try:
        import duckdb
    except ImportError:
        raise QueryError("queries need DuckDB: pip install 'silicon-cts[history]'") from None
    found = folders(roots)
    if not found:
        raise QueryError(f"there is no run in {', '.join(map(str, roots))}: pytest makes them in reports/runs")
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    _runs(connection, found)
    _lines(connection, "records", _record_sources(connection, found), columns(record.SCHEMA))
    measured = [(path, path / MEASUREMENTS) for path in found if (path / MEASUREMENTS).is_file()]
    _lines(connection, "benchmarks", measured, columns(measurement.SCHEMA))
    connection.execute("SET allowed_directories = ?", [[f"{path}/" for path in found]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def ask(connection: DuckDBPyConnection, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names of the columns and the rows of an answer. Raises QueryError; anything but one SELECT is refused."""
    import duckdb

    try:
        statements = connection.extract_statements(sql)
        if [one.type for one in statements] not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
            raise QueryError("a query is one SELECT: runs are asked, never changed")
        answer = connection.execute(statements[0])
        return [column[0] for column in answer.description or ()], answer.fetchall()
    except duckdb.Error as error:
        raise QueryError(" ".join(str(error).split())) from None


def columns(schema: Mapping[str, Any]) -> dict[str, str]:
    """DuckDB's types for the fields of a JSON Schema: what is added there can be asked for here."""
    types = {"string": "VARCHAR", "number": "DOUBLE", "integer": "BIGINT", "object": "JSON", "array": "VARCHAR[]"}

    def of(field: Mapping[str, Any]) -> str:
        named = field.get("type", "string")
        return types[next(one for one in ([named] if isinstance(named, str) else named) if one != "null")]

    return {name: of(field) for name, field in schema["properties"].items()}


def _runs(connection: DuckDBPyConnection, found: list[Path]) -> None:
    declared = ", ".join(f'"{name}" {kind}' for name, (kind, _, _) in RUN_COLUMNS.items())
    connection.execute(f"CREATE TABLE runs ({declared})")
    names = [path.name for path in found]
    marks = ", ".join(f"TRY_CAST(? AS {kind})" for kind, _, _ in RUN_COLUMNS.values())
    rows = []
    for path in found:
        described: Any = None
        with contextlib.suppress(OSError, ValueError):
            described = json.loads((path / RUN).read_text(encoding="utf-8"))
        name = path.name if names.count(path.name) == 1 else str(path)
        rows.append([name, str(path), *(_dig(described, where) for _, _, where in RUN_COLUMNS.values() if where)])
    for start in range(0, len(rows), 100):
        some = rows[start : start + 100]
        values = ", ".join(f"({marks})" for _ in some)
        connection.execute(f"INSERT INTO runs VALUES {values}", [value for row in some for value in row])


def _dig(found: Any, where: tuple[str, ...]) -> Any:
    for key in where:
        found = found.get(key) if isinstance(found, dict) else None
    return None if isinstance(found, dict | list) else found


def _record_sources(connection: DuckDBPyConnection, found: list[Path]) -> list[tuple[Path, Path]]:
    """For each run the file to read: its Parquet, made now if it is missing or older, or the lines themselves."""
    sources = []
    for path in found:
        lines, parquet = path / RECORDS, path / PARQUET
        if not lines.is_file():
            continue
        with contextlib.suppress(OSError):
            if parquet.is_file() and parquet.stat().st_mtime_ns >= lines.stat().st_mtime_ns:
                sources.append((path, parquet))
                continue
        sources.append((path, _compacted(connection, lines, parquet) if _is_finished(path) else lines))
    return sources


def _compacted(connection: DuckDBPyConnection, lines: Path, parquet: Path) -> Path:
    """The Parquet file; where it cannot be written, the lines."""
    import duckdb

    partial = parquet.with_name(f".{parquet.name}.{os.getpid()}.part")
    try:
        reading = _reading([lines], columns(record.SCHEMA), parquet=False)
        connection.execute(f"COPY (SELECT * EXCLUDE (filename) FROM {reading}) TO {_quoted(partial)} (FORMAT parquet)")
        partial.replace(parquet)
    except (duckdb.Error, OSError):
        partial.unlink(missing_ok=True)
        return lines
    return parquet


def _is_finished(path: Path) -> bool:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return bool(json.loads((path / RUN).read_text(encoding="utf-8")).get("finished"))
    return False


def _lines(
    connection: DuckDBPyConnection, view: str, sources: list[tuple[Path, Path]], declared: Mapping[str, str]
) -> None:
    """The view over the lines of all runs, each with the name of its run in front."""
    names = dict(connection.execute("SELECT path, run FROM runs").fetchall())
    connection.execute(f"CREATE TABLE {view}_files (filename VARCHAR, run VARCHAR)")
    if sources:
        marks = ", ".join("(?, ?)" for _ in sources)
        values = [value for path, file in sources for value in (str(file), names[str(path)])]
        connection.execute(f"INSERT INTO {view}_files VALUES {marks}", values)
    parts = [
        f"SELECT filename, {', '.join(_named(declared))} FROM {_reading(files, declared, parquet=is_parquet)}"
        for is_parquet in (True, False)
        if (files := [file for _, file in sources if (file.name == PARQUET) == is_parquet])
    ]
    nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in declared.items())
    body = " UNION ALL ".join(parts) or f"SELECT NULL AS filename, {nothing} WHERE false"
    identity = ""
    if "variant" in declared:
        identity = "operator || CASE WHEN variant = '' THEN '' ELSE '.' || variant END AS operator_id, "
    connection.execute(
        f"CREATE VIEW {view} AS SELECT run, {identity}lines.* EXCLUDE (filename) "
        f"FROM ({body}) AS lines JOIN {view}_files USING (filename)"
    )


def _reading(files: list[Path], declared: Mapping[str, str], *, parquet: bool) -> str:
    listed = f"[{', '.join(map(_quoted, files))}]"
    if parquet:
        return f"read_parquet({listed}, filename = true, union_by_name = true)"
    types = ", ".join(f'"{name}": {_quoted(kind)}' for name, kind in declared.items())
    return (
        f"read_json({listed}, format = 'newline_delimited', columns = {{{types}}}, filename = true, "
        f"ignore_errors = true, maximum_object_size = {_LONGEST_LINE})"
    )


def _named(declared: Mapping[str, str]) -> list[str]:
    return [f'"{name}"' for name in declared]


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
