"""Every verdict, produced by a small fake backend, and what pytest makes of it."""

import json
from pathlib import Path

import jsonschema
import pytest

from silicon_cts.records.record import SCHEMA

OPERATORS = ("add", "sub", "sin", "cos", "tan", "mul", "reciprocal", "exp", "log", "neg")


def records(folder: Path) -> dict[str, dict]:
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    return {line["operator"]: line for line in lines}


@pytest.fixture
def run(project: pytest.Pytester):
    globs = [argument for name in OPERATORS for argument in ("--op", name)]
    options = ["--backend", "fake", "--dtype", "float32", "--deadline", "8", "--run-dir", "run"]
    return project.runpytest_subprocess(*options, *globs)


def test_every_verdict_has_its_outcome_and_its_record_and_the_run_its_reports(run, project):
    found = records(project.path / "run")
    assert {name: record["verdict"] for name, record in found.items()} == {
        "add": "agrees",
        "sub": "disagrees",
        "sin": "unstable",
        "cos": "disagrees",
        "tan": "disagrees",
        "mul": "unsupported",
        "reciprocal": "crashed",
        "exp": "hung",
        "log": "error",
        "neg": "not_placed",
    }
    run.assert_outcomes(passed=2, skipped=2, failed=7)  # the second pass: the backend is here
    for record in found.values():
        jsonschema.validate(record, SCHEMA)
    assert found["cos"]["reason"].endswith("dtype=float64, but should be float32")
    assert found["tan"]["reason"].endswith("outputs=2, but should be 1")
    assert "SIGABRT in stage run; last words: assertion failed in the driver" in found["reciprocal"]["reason"]
    assert "no answer in stage run within 8 s" in found["exp"]["reason"]
    assert "asked again in a fresh process: agrees" in found["sin"]["reason"]
    assert "; before it ran " in found["sin"]["reason"]
    assert found["add"]["grade"] == "A"
    assert 0 < found["add"]["ratio"] < 8
    assert found["add"]["script"] is None

    description = json.loads((project.path / "run" / "run.json").read_text())
    assert description["finished"] is True
    assert description["totals"]["disagrees"] == 3
    assert description["options"]["dtype"] == ["float32"]
    assert description["backends"]["fake"]["marks"] == ["fake"]
    assert (project.path / "run" / "index.html").read_text().startswith("<!")
    assert "fake" in (project.path / "run" / "summary.md").read_text()
    run.stdout.fnmatch_lines(["*silicon-cts*", "*fake*float32*"])
