"""Does every fault spoil what it must, and leave alone what is only close to it?"""

import re
import subprocess
import sys
import warnings
from fnmatch import fnmatchcase

import pytest
import torch
from fault_cases import CASES
from torch import Tensor
from torch.utils._pytree import tree_leaves

from silicon_cts.backends.simulated import faults
from silicon_cts.backends.simulated.faults import process
from silicon_cts.backends.simulated.faults.memory import same_bits
from silicon_cts.catalog.operators import everything


class Died(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    def die(last_words):
        raise Died(last_words)

    monkeypatch.setattr(process, "abort", die)
    monkeypatch.setattr(process, "segfault", die)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(threads)


def run(call):
    """The values that a call returns, or the words of what it raised."""
    torch.manual_seed(0)
    try:
        return [leaf.detach() if isinstance(leaf, Tensor) else leaf for leaf in tree_leaves(call())]
    except (Died, Exception) as error:
        return [f"{type(error).__name__}: {error}"]


def same(one, other):
    return len(one) == len(other) and all(
        same_bits(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else type(a) is type(b) and a == b
        for a, b in zip(one, other, strict=True)
    )


def test_every_fault_has_a_case():
    assert sorted(CASES) == sorted(faults.TABLE)


@pytest.mark.parametrize("name", faults.ids())
def test_fault_spoils_its_trigger(name):
    right = run(CASES[name].trigger)
    with faults.by_id(name).make() as fault:
        wrong = run(CASES[name].trigger)
    assert fault.fired > 0
    assert not same(right, wrong)
    accepts = "rejects" in faults.by_id(name).aspects
    assert isinstance(right[0], Tensor) or accepts, f"the trigger is no legal call: {right[0]}"


@pytest.mark.parametrize("name", faults.ids())
def test_fault_leaves_near_miss_alone(name):
    right = run(CASES[name].near)
    assert isinstance(right[0], Tensor), f"the near miss is no legal call: {right[0]}"
    with faults.by_id(name).make() as fault:
        answer = run(CASES[name].near)
    assert fault.fired == 0
    assert same(right, answer)


@pytest.mark.parametrize("name", faults.ids())
def test_each_mode_starts_afresh(name):
    row = faults.by_id(name)
    with row.make() as first:
        one = run(CASES[name].trigger)
    with row.make() as second:
        other = run(CASES[name].trigger)
    assert first.fired == second.fired
    assert same(one, other)


def smoke():
    """Ordinary contiguous calls, forward and backward."""
    x, y = torch.rand(5, 6, requires_grad=True), torch.rand(5, 6, requires_grad=True)
    image, kernel = torch.rand(3, 3, 6, 6, requires_grad=True), torch.rand(4, 3, 3, 3, requires_grad=True)
    hidden = torch.relu(torch.nn.functional.conv2d(image, kernel)).flatten(1)
    answers = [
        x + y,
        x * y,
        x / (y + 1),
        x @ y.t(),
        torch.maximum(x, y),
        x.sum(),
        x.mean(1),
        x.var(0),
        x.cumsum(0),
        x.sort()[0],
        torch.nn.functional.linear(x, y),
        torch.softmax(x, 1),
        torch.log_softmax(x, 1),
        torch.cat([x, y]),
        x.t() + 1,
        torch.nn.functional.layer_norm(x, (6,)),
        torch.where(x > y, x, y),
        torch.topk(x, 2)[0],
        x.index_select(0, torch.tensor([0, 2])),
        x[:, torch.tensor([1, 1])],
        x.clamp(0.2, 0.8),
        x.flip(0),
        hidden,
        x.exp(),
        x.abs(),
        torch.nn.functional.avg_pool2d(image, 2),
        torch.nn.functional.batch_norm(image, None, None, training=True),
        torch.linalg.inv(x[:, :5] + 5 * torch.eye(5)),
        torch.nn.functional.pad(x, (1, 2)),
        torch.nn.functional.softplus(x),
    ]
    total = sum(answer.sum() for answer in answers)
    return answers, torch.autograd.grad(total, (x, y, image, kernel))


@pytest.mark.parametrize("name", faults.ids())
def test_ordinary_calls_end(name):
    with faults.by_id(name).make():
        torch.manual_seed(0)
        answers, grads = smoke()
    assert all(isinstance(leaf, Tensor) for leaf in tree_leaves((answers, grads)))


def test_every_issue_stands_in_exactly_one_table():
    acted, not_acted = {row.issue for row in faults.TABLE.values()}, [row.issue for row in faults.NOT_ACTED]
    assert len(faults.ISSUES) == len(set(faults.ISSUES)) == 117
    assert sorted([*acted, *not_acted]) == sorted(faults.ISSUES)
    assert len(acted) >= 80


def test_rows_say_what_they_must():
    for row in faults.TABLE.values():
        assert re.fullmatch(r"F(0[1-9]|[12]\d|3[0-7])", row.code)
        assert set(row.aspects) <= faults.ASPECTS
        assert row.aspects
        assert row.summary
        assert row.operators
        assert all(hasattr(torch.ops.aten, kernel) for kernel in row.kernels), row.id
    assert all(row.reason for row in faults.NOT_ACTED)


def test_operators_of_rows_exist():
    for row in faults.TABLE.values():
        for glob in row.operators:
            assert any(fnmatchcase(name, glob) for name in everything()), f"{row.id}: {glob}"


@pytest.mark.parametrize(("name", "signal"), [("mps-84995", 6), ("mps-167924", 11)])
def test_process_ends_as_reported(name, signal):
    code = (
        "import torch\n"
        "from silicon_cts.backends.simulated import faults\n"
        f"with faults.by_id({name!r}).make():\n"
        "    torch.div(torch.tensor([7]), torch.tensor([2]), rounding_mode='floor')\n"
        "    torch.repeat_interleave(torch.tensor([1, 2, 3])[1:3])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal
    assert done.stderr.strip()


def test_hang_holds_on(capfd):
    from time import monotonic

    start = monotonic()
    process.hang("waiting for the device", seconds=0.2)
    assert monotonic() - start >= 0.2
    assert "waiting for the device" in capfd.readouterr().err


def test_composites_are_taken_apart_in_inference_mode():
    with torch.inference_mode(), faults.by_id("mps-188438").make() as fault:
        torch.nn.functional.linear(torch.ones(3, 4), torch.ones(5, 4), torch.ones(5))
    assert fault.fired == 1


def test_import_of_the_package_does_not_import_torch():
    code = "import sys, silicon_cts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
