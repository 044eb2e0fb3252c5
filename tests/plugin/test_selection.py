"""What is collected, under which names and marks, and what an absent backend costs."""

from pathlib import Path

import pytest
import torch  # here: what a test of pytester imports first is unloaded after it, and torch cannot be loaded twice

SUITES = Path(__file__).parents[2] / "suites"


def test_ids_read_as_operator_dtype_backend(project: pytest.Pytester):
    run = project.runpytest_subprocess(
        "--collect-only", "-q", "--op", "nn.functional.conv2d", "--backend", "cpu", "--backend", "fake"
    )
    run.stdout.fnmatch_lines(
        [
            "test_suite.py::test_forward[[]nn.functional.conv2d-float32-cpu[]]",
            "test_suite.py::test_forward[[]nn.functional.conv2d-complex64-cpu[]]",
            "test_suite.py::test_forward[[]nn.functional.conv2d-float32-fake[]]",
        ],
        consecutive=False,
    )


@pytest.mark.parametrize("options", [["-m", "mps"], ["-m", "cuda"], ["-m", "ane"]], ids=lambda options: options[1])
def test_each_absent_backend_is_one_skip_with_its_reason(pytester: pytest.Pytester, options: list[str], request):
    present = {"mps": "torch.backends.mps.is_available()", "cuda": "torch.cuda.is_available()", "ane": "False"}
    if eval(present[options[1]], {"torch": torch}):
        pytest.skip("this machine has it")
    run = pytester.runpytest_subprocess(
        "-rs", *options, f"--rootdir={SUITES.parent}", f"-c={SUITES.parent / 'pyproject.toml'}", str(SUITES)
    )
    assert run.ret == 0
    absent = {"mps": ["mps"], "cuda": ["cuda"], "ane": ["coreai-ane", "coreml-ane"]}[options[1]]
    run.assert_outcomes(skipped=len(absent), deselected=run.parseoutcomes()["deselected"])
    run.stdout.fnmatch_lines([f"SKIPPED*backend {name} is absent: *" for name in absent])


def test_another_project_without_conformance_tests_is_left_alone(pytester: pytest.Pytester):
    pytester.makepyfile("import sys\ndef test_plain():\n    assert 'torch' not in sys.modules")
    run = pytester.runpytest_subprocess()
    run.assert_outcomes(passed=1)
    assert "silicon-cts 0" not in run.stdout.str()
    assert not list(pytester.path.glob("**/run.json"))


def test_all_that_is_asked_of_an_operator_stands_together(project: pytest.Pytester):
    """What one aspect has drawn and made is at hand for the next; and no line begins for each file in turn."""
    project.makepyfile(
        test_a="def test_plain():\n    pass\n",
        test_b="import pytest\n@pytest.mark.aspect('layout')\ndef test_layout(check):\n    check.agrees()\n",
    )
    run = project.runpytest_subprocess(
        "--collect-only", "-q", "--op", "re*l*", "--backend", "cpu", "--dtype", "float32"
    )
    asked = [line for line in run.outlines if "float32" in line]
    operators = [line.partition("[")[2].partition("-")[0] for line in asked]
    assert len(set(operators)) > 3
    assert operators == sorted(operators, key=operators.index)
    assert {line.partition("::")[0] for line in asked if "[real-" in line} == {"test_b.py", "test_suite.py"}
    shown = project.runpytest_subprocess("--op", "re*l", "--backend", "cpu", "--dtype", "float32")
    assert not any(line.startswith("test_b.py") for line in shown.outlines)
