"""Programs are timed stage by stage, and one that takes its process down takes nothing else with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome
from silicon_cts.benchmarks.figures import Work
from silicon_cts.benchmarks.measure import ROWS
from silicon_cts.benchmarks.programs import table, timed
from silicon_cts.benchmarks.programs.program import METRICS, Called, Program
from silicon_cts.benchmarks.programs.timed import Asked, Timed, Times, stages
from silicon_cts.benchmarks.table import Row
from silicon_cts.plugin.staging import Replay

ADD = Row("add", "2x3", lambda new: (new(2, 3), new(2, 3)), torch.add)
ALL = {"conversion": "convert", "compile": "compile", "load_cold": "load", "load_warm": "load", "first_call": "run", "steady": "run"}  # fmt: skip


class Runtime(Program):
    """A runtime that does not exist, on a machine whose time is what it says. What is built is fast after that."""

    stages: ClassVar[Mapping[str, str]] = ALL
    fails_at = ""

    def __init__(self, folder: Path) -> None:
        super().__init__("none", ADD, "float32", folder)
        self.time, self.warm, self.closed = 0.0, set[str](), False

    def spend(self, stage: str, cold: float, warm: float) -> None:
        if stage == self.fails_at:
            raise ValueError("confused")
        self.time += warm if stage in self.warm else cold
        self.warm.add(stage)

    @staticmethod
    def failure(error: Exception, stage: str) -> Outcome:
        return outcome.refusal(str(error), stage)

    def convert(self) -> None:
        self.spend("convert", 4.0, 4.0)

    def compile(self) -> None:
        self.spend("compile", 2.0, 2.0)

    def load(self) -> None:
        self.spend("load", 1.0, 0.5)

    def call(self) -> None:
        self.spend("call", 0.25, 0.015625)

    def close(self) -> None:
        self.closed = True


def time(runtime: Runtime, metrics: tuple[str, ...] = METRICS) -> Timed:
    return stages(runtime, metrics, 0.2, lambda stage: None, lambda: runtime.time)


def test_every_stage_is_a_time_of_its_own(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path)
    found = time(runtime)
    assert found.kind == "result"
    assert found.rounds.pop("steady") == [0.015625] * 12  # 0.2 s of them
    assert found.rounds == {
        "conversion": [4.0], "compile": [2.0], "load_cold": [1.0], "load_warm": [0.5], "first_call": [0.25],
    }  # fmt: skip
    assert runtime.closed
    assert min(found.memory.values()) > 1e7


def test_what_was_timed_before_a_stage_that_fails_is_kept(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path)
    runtime.fails_at = "load"
    found = time(runtime)
    assert (found.kind, found.reason, found.stage) == ("refusal", "confused", "load")
    assert list(found.rounds) == ["conversion", "compile"]
    assert runtime.closed


def test_a_replay_takes_as_long_as_what_was_timed() -> None:
    replay, seconds = Replay(), []
    replay.load([0.5, 0.25])
    for _ in range(2):
        begin = replay()
        replay.step()
        seconds.append(replay() - begin)
    assert seconds == [0.5, 0.25]


def dies(_backend: object, batch: list[Asked], enter: object) -> list[Timed]:
    """Work that converts everything, and aborts as it loads ``bad``; it knows its process."""
    enter("convert")
    (asked,) = batch
    if asked.row == "bad" and asked.before != "load":
        enter("load")
        os.abort()
    return [Timed("result", rounds={"conversion": [1.0]}, memory={"conversion": float(os.getpid())})]


def test_a_crash_takes_its_own_process_and_no_time_that_was_there(fake_package: Path) -> None:
    times = Times("fake", 0.2, dies)
    try:
        good, bad, again = times.ask("good", "float32"), times.ask("bad", "float32"), times.ask("bad", "float32")
        other = times.ask("other", "float32")
    finally:
        times.close()
    assert good.kind == "result" and good.rounds
    assert (bad.kind, bad.stage, bad.rounds) == ("crash", "load", {"conversion": [1.0]})
    assert "SIGABRT" in bad.reason
    assert again is bad  # asked once for all of its metrics
    assert other.kind == "result" and other.memory != good.memory


def test_which_stages_of_which_rows_are_asked_where() -> None:
    names = [case.name for case in table.cases(["coreml-reference", "coreml-cpu", "coreml-ane"])]
    assert len(set(names)) == len(names)
    asked: dict[str, list[tuple[str, str, str]]] = {}
    for case in table.cases(["coreml-reference", "coreml-cpu", "coreml-ane", "coreai"]):
        asked.setdefault(case.backend, []).append((case.row.operator, case.dtype, case.metric))
    assert {metric for *_, metric in asked["coreml-reference"]} == {"conversion"}
    assert {dtype for _, dtype, _ in asked["coreml-ane"]} == {"float16"}
    assert [metric for operator, _, metric in asked["coreml-cpu"][:6]] == list(METRICS)
    assert asked["coreml-cpu"][0][0] == "matmul"  # the yardstick comes first
    for backend, rows in asked.items():
        operators = {operator for operator, *_ in rows}
        assert not operators & {"to_host", "to_device"}
        assert ("training.lstm.adam" in operators) == (backend in ("coreml-cpu", "coreai"))
        assert "training.gru.adam" not in operators and "models.gru" in operators
    assert not table.runs_programs("mps")


def test_a_model_is_held_by_its_program_with_its_weights() -> None:
    (row,) = (row for row in ROWS if row.operator == "models.mlp")
    called = Called(row, "float16")
    assert [one.dtype for one in called.inputs] == [torch.float16]
    exported = called.exported()
    assert len(exported.graph_signature.user_inputs) == 1 and exported.graph_signature.parameters
    assert torch.equal(exported.module()(*called.inputs), called(*called.inputs))


def run(backend: str, row: Row, folder: Path, dtype: str = "float32") -> Timed:
    program = table.kind(backend, row)(backend, row, dtype, folder)
    return stages(program, [one for one in METRICS if one in program.stages], 0.001, lambda stage: None)


def test_core_ai_is_timed_and_answers_as_pytorch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("coreai_torch")
    from silicon_cts.benchmarks.programs.coreai import CoreAIProgram

    kept = []
    call = CoreAIProgram._call

    async def calls(program: CoreAIProgram) -> None:
        await call(program)
        kept.append((await program._function(program._given))[program._function.desc.output_names[0]].numpy().copy())

    monkeypatch.setattr(CoreAIProgram, "_call", calls)
    found = run("coreai", ADD, tmp_path)
    assert (found.kind, found.reason) == ("result", "")
    assert list(found.rounds) == ["conversion", "load_cold", "load_warm", "first_call", "steady"]
    assert all(seconds > 0 for rounds in found.rounds.values() for seconds in rounds)
    assert found.work == Work(bytes=3 * 6 * 4.0)
    inputs = Called(ADD, "float32").inputs
    assert torch.equal(torch.from_numpy(kept[0]), inputs[0] + inputs[1])
    fft = next(row for row in ROWS if row.operator == "fft")
    (tmp_path / "other").mkdir()
    refused = run("coreai", fft, tmp_path / "other")
    assert (refused.kind, refused.rounds) == ("refusal", {}), refused


def test_core_ml_is_timed_through_apples_native_layer_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("coremltools")
    from backends.coreml import native

    native.install(monkeypatch)
    found = run("coreml-ane", ADD, tmp_path, "float16")
    assert (found.kind, found.reason) == ("result", "")
    assert list(found.rounds) == list(METRICS)
    assert len(native._MLModelProxy.compiled) == 1
    assert run("coreml-reference", ADD, tmp_path).rounds.keys() == {"conversion"}


def test_a_step_of_training_is_timed(tmp_path: Path) -> None:
    pytest.importorskip("coreai_torch")
    (row,) = (row for row in ROWS if row.operator == "training.mlp.adam")
    found = run("coreai", row, tmp_path)
    assert (found.kind, found.reason) == ("result", "")
    assert list(found.rounds) == ["conversion", "first_call", "steady"]
    assert found.work == Work()


SUITE = """
import pytest

pytestmark = pytest.mark.benchmark

def test_program(staging):
    staging.time()
"""
RUN = ("--benchmark-only", "--backend=coreai", "--op=add", "--dtype=float32")


def test_pytest_is_told_what_was_timed_elsewhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("coreai_torch")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(test_benchmarks=SUITE)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\n")
    came: list[Outcome] = [
        Timed("crash", reason="killed by SIGABRT", stage="run", rounds={"conversion": [0.5], "load_cold": [0.25]}, memory={"conversion": 7.0, "load_cold": 8.0}),
        Timed("refusal", reason="no lowering", stage="convert"),
    ]  # fmt: skip
    monkeypatch.setattr(timed.Times, "ask", lambda self, row, dtype: came[0])
    pytester.runpytest(*RUN).assert_outcomes(passed=2, xfailed=3)
    (path,) = (pytester.path / "reports" / "runs").glob("2*/benchmarks.jsonl")
    found = {one["metric"]: one for one in map(json.loads, path.read_text().splitlines())}
    assert list(found) == ["conversion", "load_cold", "load_warm", "first_call", "steady"]
    assert (found["conversion"]["seconds"], found["conversion"]["memory"], found["load_cold"]["seconds"]) == (
        0.5,
        7.0,
        0.25,
    )
    assert (found["steady"]["outcome"], found["steady"]["reason"]) == ("skipped", "crash: killed by SIGABRT")
    came.pop(0)
    pytester.runpytest(*RUN).assert_outcomes(skipped=5)
