"""Can a fault be asked for by id and from a file, and is what is wrong said clearly?"""

import pytest
import torch

from silicon_cts.backends.simulated import faults

FILE = """
from torch.utils._python_dispatch import TorchDispatchMode

class Plain(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

ready = Plain()
def make():
    return Plain()
def needs(argument):
    return Plain()
def nothing():
    return None
NUMBER = 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("name", ["ready", "make", "Plain"])
def test_own_fault_is_loaded(file, name):
    with faults.load(f"{file}:{name}"):
        assert torch.ones(2).sum() == 2


def test_callable_makes_a_fresh_one_each_time(file):
    assert faults.load(f"{file}:make") is not faults.load(f"{file}:make")


def test_by_id_returns_the_row():
    row = faults.by_id("mps-118115")
    assert (row.issue, row.code) == (118115, "F01")
    assert row.make() is not row.make()
    assert list(faults.ids()) == sorted(faults.ids(), key=lambda name: (faults.by_id(name).issue, name))


def test_resolve_takes_either(file):
    assert isinstance(faults.resolve("mps-118115"), faults.Fault)
    assert type(faults.resolve(f"{file}:make")).__name__ == "Plain"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mps-118116", "Did you mean .*mps-118115"),
        ("F01", "There is no fault 'F01' in the table. Ids look like mps-118115; faults.ids"),
        ("", "There is no fault ''"),
    ],
)
def test_unknown_id(name, says):
    with pytest.raises(faults.FaultError, match=says):
        faults.by_id(name)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("{dir}/absent.py:make", "there is no file .*absent.py"),
        ("{dir}:make", "there is no file"),
        ("{dir}/mine.py", "write FILE.py:NAME"),
        ("{dir}/mine.py:", "write FILE.py:NAME"),
        (":make", "write FILE.py:NAME"),
        ("{dir}/mine.py:other", "no 'other' in .*mine.py: it has Plain, make, needs, nothing, ready"),
        ("{dir}/mine.py:NUMBER", "is of type int: it must be a TorchDispatchMode, or a callable"),
        ("{dir}/mine.py:nothing", "returned None: it must be a TorchDispatchMode"),
        ("{dir}/mine.py:needs", "calling it raised TypeError"),
        ("{dir}/broken.py:make", "broken.py raised ZeroDivisionError: division by zero. Mend the file"),
        ("{dir}/empty.py:make", "it defines no mode and no callable"),
        ("{dir}/notes.txt:make", "is no Python file"),
    ],
)
def test_bad_file_or_name(file, spec, says):
    (file.parent / "broken.py").write_text("1 / 0\n")
    (file.parent / "empty.py").write_text("")
    (file.parent / "notes.txt").write_text("")
    with pytest.raises(faults.FaultError, match=says):
        faults.load(spec.format(dir=file.parent))


def test_fault_error_is_a_value_error():
    assert issubclass(faults.FaultError, ValueError)
