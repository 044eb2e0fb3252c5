"""Which options does a person give, and are they possible?"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from silicon_cts.backends import registry
from silicon_cts.backends.registry import UnknownBackendError, unknown
from silicon_cts.catalog import aspects
from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.sampling.effort import BUDGETS

KNOWN_ISSUES_INI = "silicon_cts_known_issues"
REGRESSIONS_INI = "silicon_cts_regressions"


def add(parser: pytest.Parser) -> None:
    """Add the options of a conformance run to pytest's."""
    group = parser.getgroup("silicon-cts", "conformance of PyTorch backends (silicon-cts)")
    group.addoption("--backend", action="append", metavar="NAME", help="only this backend (repeatable); torch:NAME too")
    group.addoption("--fault", action="append", metavar="FAULT", help="also the simulated accelerator with this fault")
    group.addoption("--op", action="append", metavar="GLOB", help="only operators whose name matches (repeatable)")
    group.addoption("--dtype", action="append", metavar="DTYPE", help="only this dtype (repeatable)")
    group.addoption("--aspect", action="append", metavar="ASPECT", help="only this aspect (repeatable)")
    group.addoption("--budget", metavar="BUDGET", default="quick", help=f"how much is asked: {', '.join(BUDGETS)}")
    group.addoption(
        "--seed", type=int, metavar="N", help="seed of all samples (default 0; drawn and printed with deep)"
    )
    group.addoption("--deadline", type=float, metavar="SECONDS", help="deadline of every stage of a worker")
    group.addoption("--run-dir", type=Path, metavar="DIR", help="run folder (default reports/runs/<UTC time>-<id>)")
    group.addoption(
        "--shrink", type=float, metavar="SECONDS", default=20.0, help="most spent on simplifying a failure; 0: none"
    )
    group.addoption("--promote", action="store_true", help="keep the recipes of new failures, asked first from then on")
    parser.addini(REGRESSIONS_INI, "folder of the recipes that --promote keeps", default="suites/operators/regressions")
    parser.addini(KNOWN_ISSUES_INI, "known issues, a TOML file; naming one makes a project's runs conformance runs")


@dataclass(frozen=True)
class Options:
    """The options of one run, checked."""

    backends: tuple[str, ...] | None
    """Names asked for; None for all that are installed."""
    operators: tuple[str, ...] | None
    dtypes: tuple[str, ...] | None
    aspects: tuple[str, ...] | None
    budget: str
    seed: int
    deadline: float | None
    run_dir: Path | None
    shrink: float
    """Most seconds spent on simplifying one failure."""
    promote: bool
    """Whether the recipes of new failures are kept."""

    @property
    def complete(self) -> bool:
        """Whether nothing was filtered, so that what was not asked is a gap."""
        return not (self.backends or self.operators or self.dtypes or self.aspects)

    def wants_operator(self, name: str, operator_id: str) -> bool:
        """Whether the globs, if any, match the name or the id."""
        return self.operators is None or any(
            fnmatchcase(one, glob) for glob in self.operators for one in (name, operator_id)
        )


def check(config: pytest.Config) -> Options:
    """The options of this run. Raises pytest.UsageError with a sentence that lists what there is."""
    option = config.option
    if option.seed is None:  # kept on the option, so that the workers of pytest-xdist are given the same
        option.seed = secrets.randbelow(2**31) if option.budget == "deep" else 0
    if option.fault:
        _check_faults(option.fault)
        faulty = [f"simulated:{fault}" for fault in option.fault]
        option.backend = list(dict.fromkeys([*(option.backend or []), *faulty]))
    _known("budget", [option.budget], BUDGETS)
    _known("dtype", option.dtype, DTYPES)
    _known("aspect", option.aspect, aspects.NAMES)
    for name in option.backend or ():
        try:
            registry.get(name)
        except UnknownBackendError as error:
            raise pytest.UsageError(str(error)) from None
    if option.deadline is not None and option.deadline <= 0:
        raise pytest.UsageError(f"--deadline {option.deadline:g}: give seconds greater than 0")
    if not option.shrink >= 0:
        raise pytest.UsageError(f"--shrink {option.shrink:g}: give seconds, 0 to leave failures as they were found")
    return Options(
        backends=_tuple(option.backend),
        operators=_tuple(option.op),
        dtypes=_tuple(option.dtype),
        aspects=_tuple(option.aspect),
        budget=option.budget,
        seed=option.seed,
        deadline=option.deadline,
        run_dir=option.run_dir,
        shrink=option.shrink,
        promote=option.promote,
    )


def _check_faults(given: list[str]) -> None:
    from silicon_cts.backends.simulated import faults

    for fault in given:
        try:
            faults.resolve(fault)
        except faults.FaultError as error:
            raise pytest.UsageError(str(error)) from None


def check_globs(options: Options) -> None:
    """Every operator glob must match something. Loads the catalog, so only asked when there are globs."""
    from silicon_cts.catalog.operators import everything

    for glob in options.operators or ():
        known = everything()
        if not any(fnmatchcase(one, glob) for op in known.values() for one in (op.name, op.id)):
            raise pytest.UsageError(unknown("operator", glob, known))


def _known(what: str, given: Iterable[str] | None, known: Iterable[str]) -> None:
    for name in given or ():
        if name not in known:
            raise pytest.UsageError(unknown(what, name, known))


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return tuple(dict.fromkeys(values)) if values else None
