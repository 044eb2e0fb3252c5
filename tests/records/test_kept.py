"""What of an earlier run is not found out again, and what always is?"""

import os
import sqlite3
import time
from dataclasses import replace

import pytest
import torch

from silicon_cts.backends import outcome, registry
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.verdict import judge
from silicon_cts.records import kept
from silicon_cts.records.kept import Kept
from silicon_cts.sampling.plan import Question, generated, own
from silicon_cts.sampling.recipe import Recipe

CPU = registry.get("cpu").capability()
TASK = Task(Recipe("add", "float32", 9), "forward")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kept"


def ran(task=TASK):
    return registry.get("cpu").run([task], lambda stage: None)[0]


def judged(folder, found, task=TASK, capability=CPU):
    """The judgement on an outcome in a process of its own, and how often something was judged for it."""
    asked = []

    def really():
        asked.append(task)
        return judge(task, found, operators()[task.recipe.operator], capability)

    memory = Kept(folder)
    judgement = memory.judgement(task, found, capability, really)
    memory.close()
    return judgement, len(asked)


def test_an_answer_that_agreed_is_not_judged_again(folder):
    first, second = judged(folder, ran()), judged(folder, ran())
    assert (first[1], second[1]) == (1, 0)
    assert replace(second[0], seconds=0.0) == replace(first[0], seconds=0.0)


def _other_bits(found):
    (tensor,) = found.observed
    moved = tensor.clone()
    moved.view(torch.int32).view(-1)[3] ^= 1
    return replace(found, observed=[moved])


def _other_strides(found):
    return replace(found, observed=[found.observed[0].mT.contiguous().mT])


@pytest.mark.parametrize(
    "other",
    [
        _other_bits,
        _other_strides,
        lambda found: replace(found, observed=[found.observed[0].reshape(-1)]),
        lambda found: replace(found, observed=[found.observed[0].view(torch.int32)]),
        lambda found: replace(found, observed=[*found.observed, None]),
        lambda found: replace(found, violations=("tensor 0, an input, was changed",)),
        lambda found: replace(found, elsewhere="cpu"),
        lambda found: replace(found, notes=("fault fired",)),
        lambda found: replace(found, spread=[torch.zeros(5, 5, dtype=torch.float64)]),
    ],
    ids=["a bit", "strides", "shape", "dtype", "count", "violation", "placement", "note", "spread"],
)
def test_an_answer_that_is_different_in_anything_is_judged(folder, other):
    judged(folder, ran())
    assert judged(folder, other(ran()))[1] == 1


def test_the_same_bits_of_another_call_or_backend_are_judged(folder):
    judged(folder, ran())
    assert judged(folder, ran(), replace(TASK, recipe=Recipe("add", "float32", 9, seed=1)))[1] == 1
    assert judged(folder, ran(), capability=replace(CPU, narrows={"int64": "int32"}))[1] == 1


def test_an_answer_that_is_wrong_is_judged_every_time(folder):
    wrong = replace(ran(), observed=[ran().observed[0] + 1])
    assert [judged(folder, wrong)[1] for _ in range(2)] == [1, 1]
    assert judged(folder, wrong)[0].verdict == "disagrees"


def test_what_left_no_answer_is_judged_every_time(folder):
    refused = outcome.refusal("not implemented", "run")
    assert [judged(folder, refused)[1] for _ in range(2)] == [1, 1]


def test_other_sources_and_other_versions_judge_anew(folder, monkeypatch):
    judged(folder, ran())
    monkeypatch.setattr(kept, "versions", lambda packages: {"torch": "9"})
    kept._judges.cache_clear()
    try:
        assert judged(folder, ran())[1] == 1
    finally:
        monkeypatch.undo()
        kept._judges.cache_clear()


def test_recipes_are_drawn_once(folder):
    question = Question("cumsum", "layout", "float32", "quick", 0)
    drawn = Kept(folder)
    expected = drawn.recipes(question, "generated", generated)
    drawn.close()
    assert expected and Kept(folder).recipes(question, "generated", lambda _: pytest.fail("drawn again")) == expected
    assert Kept(folder).recipes(question, "own", lambda _: []) == []


def test_a_file_that_is_no_database_is_made_anew(folder):
    judged(folder, ran())
    (path,) = folder.glob("*.sqlite")
    for beside in folder.glob("*.sqlite-*"):
        beside.unlink()
    path.write_bytes(b"not a database" * 100)
    assert [judged(folder, ran())[1] for _ in range(2)] == [1, 0]


def test_a_database_that_another_process_holds_is_left_alone(folder, monkeypatch):
    judged(folder, ran())

    def locked(path):
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(kept, "_database", locked)
    assert judged(folder, ran())[1] == 1
    monkeypatch.undo()
    assert judged(folder, ran())[1] == 0


def test_several_processes_keep_their_findings_in_one_place(folder):
    one, other = Kept(folder), Kept(folder)
    for memory, seed in ((one, 0), (other, 1)):
        memory.recipes(Question("add", "forward", "float32", "quick", seed), "own", lambda _: [])
    one.close()
    other.close()
    assert kept.count(folder) == 2


def test_without_a_folder_that_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file" / "below"):
        assert [judged(folder, ran())[1] for _ in range(2)] == [1, 1]


def test_what_nobody_asked_for_in_a_month_is_thrown_away(folder):
    judged(folder, ran())
    (now,) = folder.glob("*.sqlite")
    old, recent = folder / "0123.sqlite", folder / "4567.sqlite"
    for path, days in ((old, 31), (recent, 3)):
        path.write_bytes(now.read_bytes())
        os.utime(path, (time.time() - 86400 * days,) * 2)
    kept.tidy(folder)
    assert not old.exists() and recent.exists() and kept.count(folder) == 1


def test_a_folder_that_is_too_large_is_emptied(folder, monkeypatch):
    judged(folder, ran())
    monkeypatch.setattr(kept, "_MOST_BYTES", 1000)
    kept.tidy(folder)
    assert kept.count(folder) == 0


@pytest.mark.parametrize(
    "tensor", [torch._efficientzerotensor(2), torch.eye(3).to_sparse(), torch.ones(1, 4)[:, ::3][:, :1]]
)
def test_whatever_a_tensor_is_made_of_it_is_told_apart_from_others(folder, tensor):
    assert [judged(folder, replace(ran(), observed=[one]))[1] for one in (tensor, torch.ones(7))] == [1, 1]


def test_pytest_keeps_it_in_its_cache_and_says_so(project):
    arguments = ("--backend", "cpu", "--op", "add", "--dtype", "float32")
    project.runpytest_subprocess(*arguments).assert_outcomes(passed=2)
    (database,) = project.path.glob(".pytest_cache/d/silicon-cts/*.sqlite")
    question = Question("add", "forward", "float32", "quick", 0)
    found = len({*own(question), *generated(question)}) + len(("own", "generated"))
    assert kept.count(database.parent) == found
    again = project.runpytest_subprocess(*arguments, "--collect-only")
    again.stdout.fnmatch_lines([f"cache: {found} findings of earlier runs *"])
