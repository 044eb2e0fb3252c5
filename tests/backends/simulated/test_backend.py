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


def verdict(backend: str, operator: str, aspect: str = "forward", form: str = "") -> Judgement:
    task = Task(Recipe(operator, "float32", 0, form=form), aspect)
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


UNSEEN = """
import torch
from torch.utils._python_dispatch import TorchDispatchMode

class NanForZero(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        return out.masked_fill(out == 0, torch.nan) if func.overloadpacket is torch.ops.aten.relu else out

class Beside(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.exp.out:
            out.as_strided((1,), (1,), out.storage_offset() - 1)[0] = 7
        return out
"""


@pytest.mark.parametrize(
    ("fault", "asked"), [("NanForZero", ("nn.functional.relu",)), ("Beside", ("exp", "out", "out"))]
)
def test_a_mode_that_does_not_count_fired_where_any_bit_is_another_also_beside_the_answer(tmp_path, fault, asked):
    (tmp_path / "own.py").write_text(UNSEEN)
    found = verdict(f"simulated:{tmp_path}/own.py:{fault}", *asked)
    assert (found.verdict, *found.notes[:1]) == ("disagrees", "fault fired 1 times")


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
