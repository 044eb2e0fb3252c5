"""How often does a gate cry wolf, and how often does it miss one? On processes made up with a noise of 2 %."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from silicon_cts.benchmarks import trial
from silicon_cts.benchmarks.baselines import Session
from silicon_cts.records import measurement
from silicon_cts.records.measurement import Measurement

PAIRS, COMPARISONS, BENCHMARKS = 12, 10, 40


@pytest.fixture(scope="module")
def session() -> Session:
    generator = random.Random(0)
    measured = [
        Measurement(
            f"bench{place}",
            process=process,
            seconds=(taken := 1e-2 * (1 + 0.3 * process / 240) * generator.lognormvariate(0, 0.02)),
            minimum=taken * generator.lognormvariate(-0.02, 0.01),
        )
        for process in range(2 * PAIRS * COMPARISONS)
        for place in range(BENCHMARKS)
    ]
    return Session("run", {}, tuple(measured))


def test_windows_share_no_process_and_turn_their_order(session: Session) -> None:
    windows = list(trial.comparisons(session, PAIRS))
    assert len(windows) == COMPARISONS
    processes = [[(base["bench0"].process, head["bench0"].process) for base, head in window] for window in windows]
    assert processes[0][:4] == [(0, 1), (3, 2), (4, 5), (7, 6)]
    assert len({one for window in processes for pair in window for one in pair}) == 2 * PAIRS * COMPARISONS


def test_ours_raises_no_alarm_and_misses_little(session: Session) -> None:
    found = trial.score("ours", trial.ours, list(trial.comparisons(session, PAIRS)), planted=5)
    assert found.alarmed == found.accused == 0
    assert found.found >= 0.95 * found.planted == 47.5


def test_two_numbers_cry_wolf(session: Session) -> None:
    found = trial.score("min:5%", trial.fastest_round, list(trial.comparisons(session, PAIRS)), planted=5)
    assert found.alarmed >= 8
    assert found.accused > 0


def test_the_command(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run.json").write_text("{}")
    lines = [
        json.dumps(one.to_json()) for one in session.measured if one.process < 2 * PAIRS and one.benchmark < "bench12"
    ]
    (tmp_path / measurement.MEASUREMENTS).write_text("\n".join(lines))
    assert trial.main([str(tmp_path), "--pairs", "6", "--planted", "1"]) == 0
    text = capsys.readouterr().out
    assert "2 comparisons of 4 benchmarks, 6 pairs each" in text
    assert "silicon-cts ab" in text
    with pytest.raises(SystemExit):
        trial.main([str(tmp_path), "--pairs", "100"])
