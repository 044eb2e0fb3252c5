"""A run folder keeps every verdict, finished or not."""

import json

import jsonschema
import pytest

from silicon_cts.records.fingerprint import fingerprint, headline
from silicon_cts.records.record import SCHEMA, Record
from silicon_cts.records.run_folder import RunFolder, RunFolderError, new_path, point_latest, read

RECORD = Record("add", "", "forward", "float32", "cpu", "agrees", "A", 0.5, 0.25, recipe={"operator": "add", "dtype": "float32", "sample": 0, "seed": 0})  # fmt: skip


def test_records_come_back_as_they_were(tmp_path):
    folder = RunFolder(tmp_path / "run", {"options": {}})
    folder.append(RECORD)
    folder.finish(seconds=1.0)
    run = read(tmp_path / "run")
    assert run.records == (RECORD,)
    assert run.finished
    assert run.description["totals"] == {"agrees": 1}
    assert run.description["seconds"] == 1.0


def test_every_record_is_on_disk_at_once_and_a_torn_line_loses_only_itself(tmp_path):
    folder = RunFolder(tmp_path / "run", {})
    folder.append(RECORD)
    with (tmp_path / "run" / "records.jsonl").open("a") as stream:
        stream.write('{"operator": "su')
    run = read(tmp_path / "run")
    assert (run.records, run.damaged, run.finished) == ((RECORD,), 1, False)


def test_a_record_follows_the_schema_and_json_knows_no_infinity():
    data = Record("add", "", "forward", "float32", "cpu", "disagrees", ratio=float("inf"), ulp=float("nan")).to_json()
    jsonschema.validate(data, SCHEMA)
    assert (data["ratio"], data["ulp"]) == (None, None)
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_what_is_no_run_folder_says_so(tmp_path):
    with pytest.raises(RunFolderError, match="is not a run folder"):
        read(tmp_path)


def test_names_sort_by_time_differ_within_a_second_and_latest_follows(tmp_path):
    paths = [new_path(tmp_path) for _ in range(20)]
    assert len(set(paths)) == 20
    for path in paths[:2]:
        path.mkdir()
        point_latest(path)
        assert (tmp_path / "latest").resolve() == path


def test_the_fingerprint_is_json_and_reads_as_one_line():
    found = json.loads(json.dumps(fingerprint()))
    assert found["versions"]["torch"].startswith("2.")
    assert "\n" not in headline(found)
    assert found["chip"] in headline(found)
