"""Which checks does a suite consist of on this machine?"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest.mark import ParameterSet

from silicon_cts.catalog import aspects
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.catalog.models.runs import RUNS
from silicon_cts.catalog.operators import Operator, model_calls, module_calls, operators
from silicon_cts.plugin.case import Case, cases
from silicon_cts.plugin.session import SESSION, Session


def generate(metafunc: pytest.Metafunc) -> None:
    """Parametrise a test that takes ``check`` over all cases of its aspect, and one that takes ``backend_here``."""
    session = metafunc.config.stash[SESSION]
    if "backend_here" in metafunc.fixturenames:
        names = session.backend_names
        metafunc.parametrize(
            "backend_here", [pytest.param(name, marks=_marks(session, name), id=name) for name in names], indirect=True
        )
    if "check" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("aspect")
        if marker is None or not marker.args or marker.args[0] not in aspects.NAMES:
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid}: mark it with pytest.mark.aspect(...): {', '.join(aspects.NAMES)}"
            )
        parameters = [
            pytest.param(case, id=case.id, marks=_marks(session, case.backend))
            for case in cases(
                session.options, session.capabilities, marker.args[0], session.regressions, _catalog(metafunc)
            )
        ]
        metafunc.parametrize("check", [*parameters, *_programs(metafunc, session)], indirect=True)


def by_operator(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """All that is asked of an operator in one place, where the first of it stood: what one aspect has drawn and made of
    it is still at hand for the next."""
    begins: dict[str, int] = {}
    places = []
    for index, item in enumerate(items):
        parameters = getattr(item, "callspec", None)  # of a parametrised test
        case = parameters.params.get("check") if parameters is not None else None
        places.append(begins.setdefault(case.operator, index) if isinstance(case, Case) else index)
    return [item for _, item in sorted(zip(places, items, strict=True), key=lambda pair: pair[0])]


def _catalog(metafunc: pytest.Metafunc) -> list[Operator]:
    """What a test asks: modules or models, where it is marked so; some ways of their training; else the operators."""
    if metafunc.definition.get_closest_marker("modules") is not None:
        return list(module_calls().values())
    training = metafunc.definition.get_closest_marker("training")
    if training is None and metafunc.definition.get_closest_marker("models") is None:
        return list(operators().values())
    ways = training.args if training is not None else ("",)
    if training is not None and not (ways and set(ways) <= set(RUNS)):
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: mark it with training({' or '.join(RUNS)})")
    return [operator for name, operator in model_calls().items() if CALLS[name].way in ways]


def _programs(metafunc: pytest.Metafunc, session: Session) -> list[ParameterSet]:
    """One skipped test for each backend that runs programs, in place of hundreds, where a test asks modules."""
    if metafunc.definition.get_closest_marker("modules") is None:
        return []
    return [
        pytest.param(
            None,
            id=name,
            marks=[
                *_marks(session, name),
                pytest.mark.skip(f"{name} runs programs: a module goes forward and backward"),
            ],
        )
        for name, capability in session.capabilities.items()
        if capability.ahead_of_time
    ]


def _marks(session: Session, backend: str) -> list[pytest.MarkDecorator]:
    return [getattr(pytest.mark, name) for name in session.backend(backend).marks]
