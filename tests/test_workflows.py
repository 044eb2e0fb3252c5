"""The workflows of CI call what exists."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def tox() -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None)
    found.read(ROOT / "tox.ini")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_that_runs_something_runs_a_tox_environment(path: Path) -> None:
    environments = {name.removeprefix("testenv:") for name in tox().sections()}
    steps = re.findall(r"^\s*(?:- )?run: (?:>-\s*)?(.+)", path.read_text(), re.MULTILINE)
    assert steps
    for step in steps:
        called = re.search(r"\btox run -e (\S+)", step)
        assert called, step
        assert set(called[1].split(",")) <= environments, step


def test_a_night_keeps_its_records_whatever_happened() -> None:
    text = (ROOT / ".github" / "workflows" / "nightly.yml").read_text()
    order = [
        text.index(name) for name in ("name: conformance", "name: report", "name: benchmarks", "name: keep the rec")
    ]
    assert order == sorted(order)
    for name in ("report", "difference from the night before", "benchmarks, alone", "keep the records"):
        step = text[text.index(f"name: {name}") :].split("- name:")[0]
        assert "if: always()" in step, name


def test_the_gate_checks_the_workflows() -> None:
    assert "actionlint" in tox()["testenv:lint"]["commands"].split("\n")
