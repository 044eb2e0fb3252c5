"""A known issue makes exactly its verdict an expected failure; anything else about it fails the run."""

import json

import pytest

from silicon_cts.plugin.case import Case
from silicon_cts.plugin.session import SESSION

ENTRY = """
[[issue]]
id = "fake-sub"
backend = "fake"
verdict = "{verdict}"
kind = "formula"
reason = "adds one"
call = "torch.sub(a, b)"
got = "a - b + 1"
expected = "a - b"
when = {{ torch = ">=2" }}
cases = [{{ operator = "{operator}", aspect = "forward", dtype = "float32", sample = 3 }}]
"""


def run(project: pytest.Pytester, operator: str, verdict: str) -> pytest.RunResult:
    (project.path / "known_issues.toml").write_text(ENTRY.format(operator=operator, verdict=verdict))
    return project.runpytest_subprocess(
        "--backend", "fake", "--op", operator, "--dtype", "float32", "--run-dir", "run", "-rxf"
    )


def test_the_expected_verdict_is_an_expected_failure(project):
    result = run(project, "sub", "disagrees")
    result.assert_outcomes(passed=1, xfailed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["XFAIL*fake-sub: adds one*"])
    assert '"known_issue": "fake-sub"' in (project.path / "run" / "records.jsonl").read_text()


def test_another_verdict_fails(project):
    result = run(project, "sub", "crashed")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*known issue fake-sub expects it to be crashed*"])


def test_one_that_stopped_happening_fails_the_run(project):
    result = run(project, "add", "disagrees")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*fixed: it agrees now; remove it from fake-sub in known_issues.toml:2*"])
    assert result.ret == 1


def test_what_is_unstable_may_come_out_right(project):
    run(project, "add", "unstable").assert_outcomes(passed=2)


def test_the_sample_that_shows_it_is_asked_whatever_the_seed_of_the_run(project):
    (project.path / "known_issues.toml").write_text(ENTRY.format(operator="sub", verdict="disagrees"))
    options = ["--backend", "fake", "--op", "sub", "--dtype", "float32", "--run-dir"]
    project.runpytest_subprocess(*options, "same", "--seed", "0").assert_outcomes(passed=1, xfailed=1)
    project.runpytest_subprocess(*options, "other", "--seed", "7").assert_outcomes(passed=1, xfailed=1)
    same, other = (json.loads((project.path / name / "records.jsonl").read_text()) for name in ("same", "other"))
    assert (same["counts"], other["counts"]) == ({"disagrees": 8}, {"disagrees": 9})  # the ninth is that of seed 0


def test_a_mistake_in_the_file_names_its_line(project):
    (project.path / "known_issues.toml").write_text(ENTRY.format(operator="add", verdict="wrong"))
    result = project.runpytest_subprocess("--backend", "fake")
    assert result.ret == 4
    assert "known_issues.toml:2: verdict: 'wrong' is not one of" in result.stderr.str()


OF_THE_CPU = ENTRY.replace('backend = "fake"', 'backend = "cpu"').format(operator="add", verdict="disagrees")


def test_a_control_may_have_what_is_known_of_the_cpu_or_not(project):
    (project.path / "known_issues.toml").write_text(OF_THE_CPU)
    asked = ("--op", "add", "--dtype", "float32", "--run-dir")
    project.runpytest_subprocess("--backend", "cpu-one-thread", *asked, "control").assert_outcomes(passed=2)
    fixed = project.runpytest_subprocess("--backend", "cpu", *asked, "cpu")
    fixed.assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("backend", "expected"),
    [("cpu-scalar", True), ("simulated", True), ("simulated:mps-96153", False)],
)
def test_what_has_the_kernels_of_the_cpu_may_have_its_errors(project, backend, expected):
    """Not an accelerator under a fault, which the error would hide."""
    (project.path / "known_issues.toml").write_text(OF_THE_CPU)
    session = project.parseconfigure("--backend", "cpu").stash[SESSION]
    found = session.expectation(Case("add", "forward", "float32", backend))
    assert (found is not None) is expected
