"""The simulated accelerator: right without a fault, wrong with one, and it says whether the fault fired."""

import pytest

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import operators
from silicon_cts.execution.executor import Executor
from silicon_cts.numerics.verdict import Judgement, judge
from silicon_cts.sampling.recipe import Recipe

OWN = """
import torch
from torch.utils._python_dispatch import TorchDispatchMode

class OffByOne(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        return out + 1 if func.overloadpacket is torch.ops.aten.exp else out
"""


def verdict(backend: str, operator: str, sample: int = 0, aspect: str = "forward") -> Judgement:
    task = Task(Recipe(operator, "float32", sample), aspect)
    with Executor(registry.get(backend)) as executor:
        (outcome,) = executor.run([task])
    return judge(task, outcome, operators()[operator], registry.get(backend).capability())


def test_without_a_fault_it_agrees():
    found = verdict("simulated", "exp")
    assert (found.verdict, found.notes) == ("agrees", ())


def test_a_mode_of_the_users_own_reaches_the_worker(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    found = verdict(f"simulated:{tmp_path}/own.py:OffByOne", "exp")
    assert found.verdict == "disagrees"
    assert found.notes[0] == "fault fired 1 times"
    untouched = verdict(f"simulated:{tmp_path}/own.py:OffByOne", "sin")
    assert (untouched.verdict, untouched.notes) == ("agrees", ())


def test_an_option_adds_it_to_the_run_and_a_mistake_in_it_is_a_sentence(pytester: pytest.Pytester):
    pytester.makepyfile(own=OWN)
    pytester.makepyfile(
        test_suite="import pytest\n@pytest.mark.aspect('forward')\ndef test_forward(check):\n    check.agrees()"
    )
    run = pytester.runpytest_subprocess("--fault", "own.py:OffByOne", "--op", "exp", "--dtype", "float32", "-n", "2")
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["*test_forward[[]exp-float32-simulated:own.py:OffByOne[]]*"])
    for wrong, sentence in {
        "none.py:X": "there is no file",
        "own.py:Nope": "There is no 'Nope'",
        "mps-1": "There is no fault",
    }.items():
        run = pytester.runpytest_subprocess("--fault", wrong)
        assert run.ret == 4
        assert sentence in run.stderr.str()
