"""A backend may abort, hang or refuse: each task still gets its own outcome."""

import os
import signal
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from silicon_cts.backends import outcome, registry
from silicon_cts.backends.outcome import Task
from silicon_cts.backends.protocol import Backend, Capability
from silicon_cts.execution.executor import Executor
from silicon_cts.sampling.recipe import Recipe


@pytest.fixture
def executor(fake_package: Path):
    with Executor(registry.get("fake")) as executor:
        yield executor


def tasks(operator: str, count: int = 4) -> list[Task]:
    return [Task(Recipe(operator, "float32", index), "forward") for index in range(count)]


def test_results_come_in_the_order_of_the_tasks(executor):
    outcomes = executor.run(tasks("add", 6))
    assert [one.kind for one in outcomes] == ["result"] * 6
    assert all(one.seconds > 0 for one in outcomes)


def test_refusal_and_exception_carry_the_words_of_the_backend(executor):
    assert executor.run(tasks("mul", 1))[0].reason == "no kernel for mul"
    found = executor.run(tasks("log", 1))[0]
    assert (found.kind, found.reason, found.stage) == ("exception", "ValueError: the driver is confused", "run")


def test_a_crash_names_signal_stage_and_last_words_and_the_next_task_runs(executor):
    found = executor.run(tasks("reciprocal", 1))[0]
    assert found.kind == "crash"
    assert found.stage == "run"
    assert "SIGABRT in stage run" in found.reason
    assert "assertion failed in the driver" in found.reason
    assert executor.run(tasks("add", 1))[0].kind == "result"


def test_after_a_crash_that_repeats_alone_the_likes_of_it_are_not_tried_for_ever(executor):
    kinds = [one and one.kind for one in executor.run(tasks("reciprocal", 4))]
    assert kinds == ["crash", None, None, None]


def test_only_the_task_that_crashes_is_lost(executor):
    mixed = [*tasks("add", 2), *tasks("reciprocal", 1), *tasks("add", 1)]
    assert [one.kind for one in executor.run(mixed)] == ["result", "result", "crash", "result"]


def test_a_hang_that_holds_the_gil_is_killed_at_its_deadline(fake_package):
    with Executor(registry.get("fake"), deadline=1.0) as executor:
        executor.run(tasks("add", 1))
        begin = time.monotonic()
        found = executor.run(tasks("exp", 1))[0]
        assert found.kind == "hang"
        assert "no answer in stage run within 1 s" in found.reason
        assert time.monotonic() - begin < 30


def test_megabytes_on_stdout_disturb_nothing(executor):
    assert [one.kind for one in executor.run(tasks("abs", 1) * 2)] == ["result"] * 2


def test_a_worker_killed_from_outside_is_a_crash_and_is_replaced(fake_package):
    with Executor(registry.get("fake"), deadline=60.0) as executor:
        executor.run(tasks("add", 1))
        victim = executor._worker._process.pid
        threading.Timer(0.5, os.kill, (victim, signal.SIGKILL)).start()
        found = executor.run(tasks("exp", 1))[0]
        assert (found.kind, "SIGKILL" in found.reason) == ("crash", True)
        assert executor.run(tasks("add", 1))[0].kind == "result"


@pytest.mark.parametrize("isolation", ["forkserver", "spawn"])
def test_what_a_killed_worker_left_behind_is_removed(fake_package, monkeypatch, tmp_path, isolation):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    backend = registry.get("fake")
    capability = replace(backend.capability(), isolation=isolation)
    monkeypatch.setattr(backend, "capability", lambda: capability)
    left = []
    with Executor(backend) as executor:
        executor.run(tasks("add", 1))
        worker = executor._worker
        monkeypatch.setattr(
            worker, "close", lambda: (left.extend(tmp_path.rglob("left-behind-*")), type(worker).close(worker))
        )
        assert executor.run(tasks("ceil", 1))[0].kind == "crash"
    assert len(left) == 1
    assert list(tmp_path.rglob("left-behind-*")) == list(tmp_path.glob("silicon-cts-worker-*")) == []


def test_a_fresh_worker_has_run_nothing_before(executor):
    warm = executor.run(tasks("sin", 1) * 2)
    fresh = executor.run_fresh(tasks("sin", 1)[0])
    assert (warm[1].observed[0] - fresh.observed[0]).abs().max() > 0.5


def test_what_ran_before_a_task_in_its_process_is_remembered(executor):
    executor.run(tasks("add", 3))
    executor.run(tasks("cos", 1))
    (last,) = tasks("sin", 1)
    assert executor.before(last) == []
    executor.run([last])
    assert executor.before(last) == ["add (forward, float32) 3 times", "cos (forward, float32)"]
    executor.run_fresh(last)
    assert executor.before(last) == []


def test_a_shorter_deadline_for_one_task_does_not_last(executor):
    executor.run(tasks("add", 1))
    begin = time.monotonic()
    assert "within 1 s" in executor.ask(tasks("exp", 1)[0], 1.0).reason
    assert time.monotonic() - begin < 15
    assert executor.ask(tasks("add", 1)[0]).kind == "result"


class Counting(Backend):
    """Ahead of time, in this process; remembers how many tasks it was given at once."""

    name, marks = "counting", ()

    def __init__(self, splits):
        self.splits, self.given = splits, []

    def absence(self):
        return None

    def capability(self):
        return Capability(("float32",), isolation="none", ahead_of_time=True, splits=self.splits)

    def run(self, tasks, enter):
        self.given.append(len(tasks))
        return [outcome.result([]) for _ in tasks]


@pytest.mark.parametrize(("splits", "given"), [(False, [1, 1, 1, 3]), (True, [6])])
def test_what_is_expected_to_fail_runs_apart_unless_a_batch_splits_by_itself(splits, given):
    backend, groups = Counting(splits), [tasks("add"), tasks("sub", 2)]
    found = Executor(backend).run_groups(groups, [*groups[0][:2], groups[1][0]])
    assert backend.given == given
    assert [len(group) for group in found] == [4, 2]
