"""Two environments, interleaved, until each benchmark is decided."""

from __future__ import annotations

import os
import random
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from silicon_cts import cli
from silicon_cts.benchmarks.ab import LOOKS, Comparison, Side, compare, order
from silicon_cts.benchmarks.baselines import Session
from silicon_cts.benchmarks.collect import CollectError, Environment
from silicon_cts.records.measurement import Measurement
from silicon_cts.reports import speed

FACTORS = {f"bench{place}": 1.0 for place in range(8)}


class Machine:
    """Two environments on a machine that gets hot; a process takes a second by its own clock."""

    def __init__(self, head: dict[str, float], noise: float = 0.01, seed: int = 0) -> None:
        self.head, self.noise, self.random = head, noise, random.Random(seed)
        self.time = 0.0
        self.sides: list[Side] = []
        self.asked: list[tuple[str, ...]] = []

    def measure(self, side: Side, names: Sequence[str] | None) -> list[Measurement]:
        self.time += 1.0
        self.sides.append(side)
        self.asked.append(tuple(names or self.head))
        heat = 1 + 0.3 * min(self.time / 30, 1)
        return [
            Measurement(name, seconds=1e-2 * heat * self.random.lognormvariate(0, self.noise) * self.factor(side, name))
            for name in (names or self.head)
        ]

    def factor(self, side: Side, name: str) -> float:
        return self.head[name] if side == "head" else 1.0

    def compare(self, seconds: float = 1000.0) -> Comparison:
        return list(compare(self.measure, seconds=seconds, now=lambda: self.time))[-1]


def test_the_slower_is_found_and_the_others_are_not_accused() -> None:
    machine = Machine({**FACTORS, "bench3": 1.1, "bench5": 0.9})
    found = machine.compare()
    assert {name: decision.verdict for name, decision in found.decisions.items()} == {
        name: {1.1: "slower", 0.9: "faster", 1.0: "same"}[factor] for name, factor in machine.head.items()
    }
    assert found.slower == ["bench3"]
    assert not found.passed


def test_alike_passes() -> None:
    assert Machine(FACTORS).compare().passed


def test_the_order_turns_with_every_pair() -> None:
    machine = Machine(FACTORS)
    machine.compare()
    assert machine.sides[:8] == ["base", "head", "head", "base", "base", "head", "head", "base"]
    assert order(0) == ("base", "head")


def test_what_is_decided_is_not_measured_again() -> None:
    machine = Machine({"clear": 2.0, "close": 1.03}, noise=0.03)
    machine.compare()
    assert machine.asked[0] == ("clear", "close")
    assert machine.asked[-1] == ("close",)


def test_it_ends_in_time_and_says_what_is_undecided() -> None:
    machine = Machine({"close": 1.025}, noise=0.05)
    found = machine.compare(seconds=31.0)
    assert machine.time <= 31.0
    assert found.finished
    assert found.undecided == ["close"]
    assert found.left < 2.0
    endless = Machine({"close": 1.025}, noise=0.05).compare(seconds=1e9)
    assert endless.pairs == max(LOOKS)


def test_progress_is_told_after_every_pair() -> None:
    machine = Machine(FACTORS)
    told = [
        speed.comparison(one, finished=False)
        for one in compare(machine.measure, seconds=600.0, now=lambda: machine.time)
    ]
    assert told[0] == "1 pair in 2.0 s, 9 min 58 s left at most: undecided 8"
    assert "same" in told[-1]


@pytest.mark.parametrize("trouble", ["missing", "errored", "skipped"])
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_benchmark_that_one_side_cannot_measure_fails(trouble: str, side: Side) -> None:
    machine = Machine(FACTORS)

    def measure(asked: Side, names: Sequence[str] | None) -> list[Measurement]:
        found = machine.measure(asked, names)
        if asked != side:
            return found
        rest = [one for one in found if one.benchmark != "bench2"]
        return rest if trouble == "missing" else [*rest, Measurement("bench2", outcome=trouble, reason="why")]

    found = list(compare(measure, seconds=1000.0, now=lambda: machine.time))[-1]
    assert not found.passed
    assert len(found.problems) == 1
    assert f"bench2 {'is missing' if trouble == 'missing' else trouble} in {side.upper()}" in found.problems[0]
    assert "bench2" not in found.decisions
    assert f"FAILED     {found.problems[0]}" in speed.comparison(found)


def test_nothing_compared_is_no_pass() -> None:
    found = list(compare(lambda side, names: [], seconds=10.0))[-1]
    assert found.finished
    assert not found.passed


def python_that(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("script", ["", "raise SystemExit(3)", "print('{\"torch\": null}')"])
def test_an_environment_that_lacks_something_is_one_sentence(
    script: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = python_that(tmp_path, script)
    assert cli.main(["bench", "ab", "--base", python, "--head", sys.executable]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert cli.main(["bench", "ab", "--base", "/no/such/python", "--head", sys.executable]) == 2


def test_an_environment_that_measures_nothing_says_its_last_words(tmp_path: Path) -> None:
    environment = Environment(python_that(tmp_path, "print('no accelerator'); raise SystemExit(4)"), root=tmp_path)
    with pytest.raises(CollectError, match=r"exit status 4(.|\n)*no accelerator"):
        environment.measure()


def test_versions_of_this_environment() -> None:
    found = Environment(sys.executable).versions()
    assert set(found) == {"torch", "silicon-cts", "pytest-benchmark"}
    assert os.environ.get("PYTEST_CURRENT_TEST")  # which a measuring process is not given
    assert not any(name.startswith("PYTEST_") for name in Environment(sys.executable)._variables())


def test_a_run_in_several_processes_is_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Environment, "versions", lambda self: {})

    def measured(self: Environment, names: object = None, process: int = 0) -> Session:
        return Session("run", {"finished": True}, (Measurement("add", seconds=1.0, process=process),))

    monkeypatch.setattr(Environment, "measure", measured)
    latest = tmp_path / "reports" / "runs" / "latest"
    for processes in (1, 3):
        assert cli.main(["bench", "run", "--processes", str(processes)]) == 0
        assert len((latest / "benchmarks.jsonl").read_text().splitlines()) == processes
    assert len(list(latest.parent.iterdir())) == 3
