"""A user's mistake is one sentence that lists what there is, close matches first, and exit status 4."""

import pytest

MISTAKES = {
    "backend": (["--backend", "cou"], "unknown backend 'cou'; did you mean one of: cpu"),
    "dtype": (["--dtype", "float23"], "unknown dtype 'float23'; did you mean one of: float32"),
    "aspect": (["--aspect", "forwards"], "unknown aspect 'forwards'; did you mean one of: forward"),
    "budget": (["--budget", "fast"], "unknown budget 'fast'"),
    "operator": (["--op", "nn.functional.conv2"], "unknown operator 'nn.functional.conv2'; did you mean one of: nn.functional.conv"),
    "deadline": (["--deadline", "0"], "--deadline 0: give seconds greater than 0"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_sentence(project: pytest.Pytester, options: list[str], sentence: str):
    run = project.runpytest_subprocess(*options)
    assert run.ret == pytest.ExitCode.USAGE_ERROR == 4
    assert f"ERROR: {sentence}" in run.stderr.str()
    assert "Traceback" not in run.stderr.str()


def test_a_run_folder_that_holds_a_run_is_not_written_over(project: pytest.Pytester):
    (project.path / "run").mkdir()
    (project.path / "run" / "records.jsonl").write_text("")
    run = project.runpytest_subprocess("--backend", "cpu", "--op", "add", "--run-dir", "run")
    assert run.ret == 4
    assert "run already holds a run: give another --run-dir, or remove it" in run.stderr.str()


def test_an_unwritable_run_folder_is_an_error_before_anything_runs(project: pytest.Pytester):
    (project.path / "file").write_text("")
    run = project.runpytest_subprocess("--backend", "cpu", "--op", "add", "--run-dir", "file/run")
    assert run.ret == 4
    assert "cannot write the run folder file/run: Not a directory" in run.stderr.str()
    assert "test_suite.py ." not in run.stdout.str()
