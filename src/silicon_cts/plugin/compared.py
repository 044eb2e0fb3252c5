"""Against what is a benchmark run held: the pinned baseline of its machine, or a stored run asked for by name?"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from silicon_cts.plugin.benchmark_run import STATE, State
from silicon_cts.records import fingerprint

BASELINES = Path("reports/baselines")
_ACROSS: pytest.StashKey[list[str]] = pytest.StashKey()


def judge(state: State) -> None:
    """Hold a run that has ended against the pinned baseline; the state keeps what the gate says."""
    from silicon_cts.benchmarks import baselines, gate

    assert state.folder is not None
    try:
        run = baselines.read_session(state.folder.path)
        path = state.config.rootpath / BASELINES / baselines.name(run.fingerprint) / baselines.PINNED
        state.passage = gate.judge(
            baselines.read(path), run, accepted=state.config.option.benchmark_accept, selected=_selected(state)
        )
    except baselines.BaselineError as error:
        state.failure = str(error)


def _selected(state: State) -> frozenset[str] | None:
    """Names that were asked for, where a part was; None where all were, so that one that is gone is missed."""
    option, options = state.config.option, state.session.options
    part = option.keyword or option.markexpr or state.names is not None or not options.complete
    return (state.names or state.collected) if part else None


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """The fingerprint in every stored run."""
    if STATE in config.stash:
        machine_info["silicon_cts"] = fingerprint.fingerprint()


def pytest_benchmark_compare_machine_info(
    config: pytest.Config, machine_info: Mapping[str, Any], compared_benchmark: Mapping[str, Any]
) -> None:
    """A stored run of another machine is refused, unless it was asked for by its path."""
    if STATE not in config.stash:
        return
    from silicon_cts.benchmarks import baselines

    then = compared_benchmark.get("machine_info", {}).get("silicon_cts") or {}
    differing = baselines.differences(baselines.identity(then), baselines.identity(machine_info["silicon_cts"]))
    if not differing:
        return
    config.stash[_ACROSS] = differing
    asked = config.option.benchmark_compare
    if not (isinstance(asked, str) and Path(asked).is_file()):
        raise pytest.UsageError(
            f"the stored run is of another machine or other versions ({'; '.join(differing)}): "
            "give its path to --benchmark-compare to compare all the same"
        )


@pytest.hookimpl(wrapper=True)
def pytest_benchmark_group_stats(config: pytest.Config) -> Generator[None, Any, Any]:
    """Every table of a comparison across machines says so."""
    groups = yield
    differing = config.stash.get(_ACROSS, None)
    if not differing:
        return groups
    return [(f"{name or 'all'} ACROSS MACHINES ({'; '.join(differing)})", found) for name, found in groups]
