"""Many run folders asked at once."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from silicon_cts import cli
from silicon_cts.records import measurement, queries
from silicon_cts.records.measurement import Measurement
from silicon_cts.records.queries import PARQUET, QueryError, ask, connect
from silicon_cts.records.record import SCHEMA, Record
from silicon_cts.records.run_folder import RunFolder

README = (Path(__file__).parents[2] / "reports" / "README.md").read_text(encoding="utf-8")
FINGERPRINT = {"chip": "Apple M3 Max", "cores": 14, "virtual": False, "versions": {"torch": "2.13.0"}}


@pytest.fixture(autouse=True)
def duckdb() -> Any:
    """Imported after the collection, whose objects the plugin freezes: DuckDB complains at exit of what stays."""
    return pytest.importorskip("duckdb")


def made(path: Path, *verdicts: str, finished: bool = True, **description: Any) -> Path:
    """A run with one record of each verdict and one measurement."""
    folder = RunFolder(path, {"fingerprint": FINGERPRINT, "options": {"budget": "quick", "seed": 3}, **description})
    for verdict in verdicts:
        folder.append(Record("std", "x", "forward", "float32", "mps", verdict, ratio=1.5, counts={verdict: 2}))
    measurement.append(path, Measurement("linear-cpu", seconds=0.25))
    if finished:
        folder.finish(seconds=2.5)
    return path


def answer(root: Path, sql: str) -> list[tuple[Any, ...]]:
    return ask(connect([root]), sql)[1]


def test_all_runs_are_asked_at_once(tmp_path: Path) -> None:
    made(tmp_path / "one", "agrees", "crashed")
    made(tmp_path / "fleet" / "m4" / "two", "agrees")
    sql = "SELECT run, verdict, operator_id, ratio, counts->>'agrees' FROM records ORDER BY ALL"
    assert answer(tmp_path, sql) == [
        ("one", "agrees", "std.x", 1.5, "2"),
        ("one", "crashed", "std.x", 1.5, None),
        ("two", "agrees", "std.x", 1.5, "2"),
    ]
    assert answer(tmp_path, "SELECT chip, cores, torch, budget, seed, seconds, finished FROM runs LIMIT 1") == [
        ("Apple M3 Max", 14, "2.13.0", "quick", 3, 2.5, True)
    ]
    assert answer(tmp_path, "SELECT run, benchmark, seconds FROM benchmarks ORDER BY run") == [
        ("one", "linear-cpu", 0.25),
        ("two", "linear-cpu", 0.25),
    ]


def test_every_field_can_be_asked_for(tmp_path: Path) -> None:
    made(tmp_path / "one", "agrees")
    for view, schema in (("records", SCHEMA), ("benchmarks", measurement.SCHEMA)):
        names, rows = ask(connect([tmp_path]), f"SELECT * FROM {view}")
        assert set(schema["properties"]) <= set(names)
        assert len(rows) == 1


def test_damage_costs_a_line_and_nothing_else(tmp_path: Path) -> None:
    cut_off, empty = made(tmp_path / "one", "agrees", finished=False), tmp_path / "two"
    with (cut_off / "records.jsonl").open("a") as stream:
        stream.write('{"operator": "sin", ')
    empty.mkdir()
    (empty / "run.json").write_text("{")
    assert answer(tmp_path, "SELECT count(*) FROM records WHERE verdict = 'agrees'") == [(1,)]
    assert answer(tmp_path, "SELECT run, chip, finished FROM runs ORDER BY run")[1] == ("two", None, None)


def test_a_finished_run_is_kept_as_parquet_until_it_changes(tmp_path: Path) -> None:
    path, growing = made(tmp_path / "one", "agrees"), made(tmp_path / "two", "agrees", finished=False)
    assert answer(tmp_path, "SELECT count(*) FROM records") == [(2,)]
    assert (path / PARQUET).is_file()
    assert not (growing / PARQUET).exists()
    time.sleep(0.02)
    with (path / "records.jsonl").open("a") as stream:
        stream.write(json.dumps(Record("sin", "", "forward", "float32", "mps", "hung").to_json()) + "\n")
    assert answer(tmp_path, "SELECT count(*) FROM records") == [(3,)]
    assert not list(tmp_path.rglob("*.part"))


def test_a_run_folder_that_cannot_be_written_is_asked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "one", "agrees")
    monkeypatch.setattr(queries, "PARQUET", "no/such/folder.parquet")
    assert answer(tmp_path, "SELECT count(*) FROM records") == [(1,)]


def test_two_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    made(tmp_path / "m3" / "run", "agrees")
    made(tmp_path / "m4" / "run", "hung")
    assert answer(tmp_path, "SELECT run, verdict FROM records ORDER BY run") == [
        (str(tmp_path / "m3" / "run"), "agrees"),
        (str(tmp_path / "m4" / "run"), "hung"),
    ]


def test_latest_is_no_second_run(tmp_path: Path) -> None:
    made(tmp_path / "one", "agrees")
    (tmp_path / "latest").symlink_to("one")
    assert answer(tmp_path, "SELECT count(*) FROM runs") == [(1,)]


def test_runs_without_measurements(tmp_path: Path) -> None:
    (made(tmp_path / "one", "agrees") / "benchmarks.jsonl").unlink()
    assert answer(tmp_path, "SELECT * FROM benchmarks") == []


@pytest.mark.parametrize(
    "sql",
    [
        "COPY runs TO '{path}/x.csv'",
        "COPY runs TO '{path}/one/records.jsonl'",
        "DROP TABLE runs",
        "SELECT 1; DROP TABLE runs",
        "SELECT * FROM read_csv('/etc/hosts')",
        "SELEC",
        "",
    ],
)
def test_runs_are_asked_and_never_changed(sql: str, tmp_path: Path) -> None:
    path = made(tmp_path / "one", "agrees")
    before = (path / "records.jsonl").read_text()
    with pytest.raises(QueryError):
        answer(tmp_path, sql.format(path=tmp_path))
    assert (path / "records.jsonl").read_text() == before
    assert not (tmp_path / "x.csv").exists()


def test_without_duckdb_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "one", "agrees")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(QueryError, match=r"silicon-cts\[history\]"):
        connect([tmp_path])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "one", "agrees", "crashed")
    sql = ["query", "--runs", str(tmp_path), "SELECT verdict, ratio, NULL AS no FROM records ORDER BY ALL"]
    shown = {}
    for form in ("table", "csv", "json", "markdown"):
        assert cli.main([*sql, "--format", form]) == 0
        shown[form] = capsys.readouterr().out
    assert re.search(r"agrees +1.5 +-", shown["table"])
    assert "2 rows" in shown["table"]
    assert shown["csv"] == "verdict,ratio,no\nagrees,1.5,\ncrashed,1.5,\n"
    assert json.loads(shown["json"].splitlines()[0]) == {"verdict": "agrees", "ratio": 1.5, "no": None}
    assert shown["markdown"].splitlines()[:3] == [
        "| verdict | ratio | no |",
        "| --- | --- | --- |",
        "| agrees | 1.5 | - |",
    ]


@pytest.mark.parametrize("arguments", [["SELECT nope FROM records"], ["SELECT 1", "--runs", "nowhere"]])
def test_mistakes_are_one_sentence(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "reports" / "runs" / "one", "agrees")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["query", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def table(heading: str) -> dict[str, tuple[str, str]]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| `")
    ]
    return {row[0].strip("`"): (row[1], row[2].replace("`", "")) for row in rows}


def test_the_readme_lists_every_column_of_runs() -> None:
    assert table("Queries") == {
        name: (kind, told.replace("`", "")) for name, (kind, told, _) in queries.RUN_COLUMNS.items()
    }


def test_the_readme_lists_every_field_of_a_measurement() -> None:
    described = table("A measurement")
    assert list(described) == list(measurement.SCHEMA["properties"]) == measurement.SCHEMA["required"]
    assert list(Measurement.__dataclass_fields__) == list(described)
    for name, field in measurement.SCHEMA["properties"].items():
        types = field.get("type", "string")
        assert described[name][0] == (types if isinstance(types, str) else " or ".join(types)), name
        assert described[name][1].startswith(field["description"].split(":")[0]), name
