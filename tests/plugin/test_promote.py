"""From failure to case: a new failure is simplified, printed, kept on disk, and asked first from then on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = """
import torch
from torch.utils._python_dispatch import TorchDispatchMode

class Strided(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        wrong = func.overloadpacket is torch.ops.aten.exp and not args[0].is_contiguous()
        return out + 1 if wrong else out

class Nothing(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))
"""
SUITE = """
import pytest

@pytest.mark.aspect("layout")
def test_layout(check):
    check.agrees()
"""
FOLDER = Path("suites/operators/regressions")


@pytest.fixture
def faulty(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(own=FAULTS, test_suite=SUITE)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\n")
    return pytester


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("--op", "exp", "--budget", "standard", *options)


def records(pytester: pytest.Pytester, folder: str) -> list[dict]:
    return [json.loads(line) for line in (pytester.path / folder / "records.jsonl").read_text().splitlines()]


def test_from_failure_to_case(faulty: pytest.Pytester):
    found = run(faulty, "--fault", "own.py:Strided", "--dtype", "float32", "--promote", "--run-dir", "run")
    found.assert_outcomes(failed=1)
    record, *_ = records(faulty, "run")
    recipe = record["recipe"]
    assert (recipe["operator"], recipe["sample"], len(recipe["layouts"])) == ("exp", 0, 1)
    assert set(recipe) <= {"operator", "dtype", "sample", "seed", "layouts"}
    assert record["notes"][0].startswith("fault fired ")
    found.stdout.fnmatch_lines([f"recipe: exp float32 sample 0 seed 0 {recipe['layouts'][0]}", "*return torch.exp(t0)"])
    found.stdout.fnmatch_lines(["promoted *suites/operators/regressions/exp-float32-layout-*.json"])

    (script,) = (faulty.path / "run" / "repro").iterdir()
    shown = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=faulty.path).stdout
    cpu, backend = shown.split("simulated:own.py:Strided: ")
    assert cpu.removeprefix("cpu: ") != backend

    (kept,) = (faulty.path / FOLDER).iterdir()
    assert json.loads(kept.read_text())["recipe"] == recipe
    again = run(faulty, "--backend", "cpu", "--dtype", "float32", "--seed", "5", "--run-dir", "cpu", "--promote")
    again.assert_outcomes(passed=1)
    assert "promoted" not in again.stdout.str()
    asked = run(faulty, "--fault", "own.py:Strided", "--dtype", "float32", "--shrink", "0", "--run-dir", "first")
    asked.assert_outcomes(failed=1)
    assert records(faulty, "first")[0]["recipe"] == recipe


def test_a_regression_is_asked_in_its_dtype_though_the_budget_leaves_that_out(faulty: pytest.Pytester):
    run(faulty, "--fault", "own.py:Strided", "--dtype", "bfloat16", "--promote").assert_outcomes(failed=1)
    run(faulty, "--backend", "cpu", "--budget", "quick", "--run-dir", "run").assert_outcomes(passed=2)
    assert {record["dtype"] for record in records(faulty, "run")} == {"float32", "bfloat16"}


def test_without_promote_nothing_is_kept(faulty: pytest.Pytester):
    run(faulty, "--fault", "own.py:Strided", "--dtype", "float32", "--shrink", "0").assert_outcomes(failed=1)
    assert not (faulty.path / "suites").exists()


def test_a_file_that_cannot_be_used_is_a_sentence(faulty: pytest.Pytester):
    (faulty.path / FOLDER).mkdir(parents=True)
    (faulty.path / FOLDER / "broken.json").write_text("{")
    found = run(faulty, "--backend", "cpu")
    assert found.ret == 4
    assert "regressions/broken.json: not JSON: " in found.stderr.str()
    assert "Traceback" not in found.stderr.str()
    gone = {"aspect": "layout", "recipe": {"operator": "solve", "dtype": "float32", "sample": 0}}
    (faulty.path / FOLDER / "broken.json").write_text(json.dumps({**gone, "reason": "wrong", "torch": "2.12.0"}))
    found = run(faulty, "--backend", "cpu")
    assert found.ret == 4
    assert "broken.json: found with torch 2.12.0; torch " in found.stderr.str()


def test_a_fault_that_never_fires_is_told_at_the_end(faulty: pytest.Pytester):
    options = ["--fault", "own.py:Nothing", "--fault", "own.py:Strided", "--dtype", "float32", "--shrink", "0"]
    found = run(faulty, *options, "--run-dir", "run")
    told = "fault own.py:Nothing never fired in * checks: a gap of the sampling, not a pass"
    found.stdout.fnmatch_lines([f"gaps * {told[:50]}*"])
    said = json.loads((faulty.path / "run" / "run.json").read_text())["not_exercised"]
    assert len(said) == 1 and said[0].startswith("fault own.py:Nothing never fired in ")
    for report in ("summary.md", "index.html"):
        assert "Nothing never fired in" in (faulty.path / "run" / report).read_text()


def test_a_mistake_in_shrink_is_a_sentence(faulty: pytest.Pytester):
    found = run(faulty, "--shrink", "-1")
    assert found.ret == 4
    assert "--shrink -1: give seconds, 0 to leave failures as they were found" in found.stderr.str()
