"""A stand-alone script prints what the aspect observes: run for each aspect, laid out, sized and called as drawn."""

import subprocess
import sys

import pytest
import torch

from silicon_cts.backends import registry
from silicon_cts.catalog.operators import op_info
from silicon_cts.records.script import script
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.plan import Question, generated, own
from silicon_cts.sampling.recipe import Recipe

ASKED = {
    "forward": ["add", "cat", "std", "nn.functional.triplet_margin_with_distance_loss", "zeros"],
    "gradient": ["mul", "svd", "nn.functional.conv2d", "linalg.lu"],
    "layout": ["addmm", "sum", "where"],
    "inplace": ["add", "index_add", "sigmoid"],
    "out": ["add", "sort", "linalg.slogdet", "cumsum"],
    "special_values": ["exp", "maximum"],
    "repeat": ["addmm", "nn.functional.gelu"],
}
ERRORS = ["cat", "amax", "index_select"]
SEEN = [
    (recipe, aspect)
    for aspect, operators in ASKED.items()
    for operator in operators
    for question in [Question(operator, aspect, "float32", "quick", 0)]
    for recipe in (own(question)[:1] + generated(question))[:3]
]


SEEN += [
    (Recipe("add", "float32", 9, form="out", destination=destination), "out") for destination in ("empty", "short")
]


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    torch.set_grad_enabled(True)


def printed(text: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, list[str]]:
    """What the script printed for the CPU and for the backend, and what was changed."""
    exec(compile(text, "script", "exec"), {})
    out = capsys.readouterr().out
    first, _, second = out.partition("simulated: ")
    changed = [line for line in out.splitlines() if " changed: " in line]
    return first.partition("cpu changed:")[0].removeprefix("cpu: ").strip(), [
        second.partition("simulated changed:")[0].strip(),
        *changed,
    ]


def shown(tensors: list[torch.Tensor | None]) -> list[str]:
    return [str(tensor).split("requires_grad")[0].split(", grad_fn")[0].rstrip(" ,)") for tensor in tensors]


@pytest.mark.parametrize(("recipe", "aspect"), SEEN, ids=lambda one: str(one))
def test_it_prints_what_is_observed(recipe, aspect, capsys):
    wanted = OBSERVE[aspect](recipe, Setting()).tensors
    text = script(registry.get("simulated"), recipe, aspect, "a headline\nof two lines")
    assert text.startswith("# a headline\n# of two lines\nimport torch\n")
    cpu, (backend, *changed) = printed(text, capsys)
    assert cpu == backend
    squeezed = "".join(cpu.split())
    for one in shown(wanted):
        assert "".join(one.split()) in squeezed
    assert cpu.count("tensor(") == sum(one is not None for one in wanted)
    assert all(line.endswith("changed: []") for line in changed)
    assert len(changed) == 2 * (aspect in ("inplace", "out"))


@pytest.mark.parametrize("operator", ERRORS)
def test_it_prints_the_error_of_a_wrong_call(operator, capsys):
    asked = own(Question(operator, "rejects", "float32", "quick", 0))
    for recipe in asked[:3]:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            OBSERVE["rejects"](recipe, Setting())
        cpu, (backend, *_) = printed(script(registry.get("simulated"), recipe, "rejects", "x"), capsys)
        assert cpu == backend == f"{type(caught.value).__name__}: {caught.value}".strip()
    assert asked


def test_there_is_one_for_every_aspect():
    assert {*ASKED, "rejects", "random", "flexible"} == set(ASPECTS)


FAULT = """
import torch
from torch.utils._python_dispatch import TorchDispatchMode

class BesideIt(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func.overloadpacket is torch.ops.aten.add_:
            args[0].as_strided((1,), (1,), 0).fill_(7)
        return out
"""


def test_it_needs_no_silicon_cts_and_shows_what_was_changed_beside_a_destination(tmp_path):
    (tmp_path / "own.py").write_text(FAULT)
    recipe = next(one for one, aspect in SEEN if aspect == "inplace" and one.operator == "add")
    text = script(registry.get(f"simulated:{tmp_path}/own.py:BesideIt"), recipe, "inplace", "x")
    alone = script(registry.get("cpu"), recipe, "inplace", "x")
    assert "silicon_cts" not in alone
    run = [subprocess.run([sys.executable, "-c", one], capture_output=True, text=True) for one in (alone, text)]
    assert [one.stderr for one in run] == ["", ""]
    assert run[0].stdout.count("cpu changed: []") == 2
    assert "BesideIt changed: ['memory of tensor 0, elements [0]']" in run[1].stdout


def test_one_seed_gives_one_answer_of_a_random_operator(monkeypatch):
    names = op_info("bernoulli").op.__globals__
    monkeypatch.setitem(names, "wrapper_set_seed", names["wrapper_set_seed"])  # the script sets another
    recipe = Recipe("bernoulli", "float32", 3, sizes=((2, 17),))
    scope = {}
    exec(script(registry.get("simulated"), recipe, "random", "x"), scope)
    first, again, other, _ = scope["answer"]
    assert torch.equal(first, again)
    assert first.numel() > 10
    assert not torch.equal(first, other)
