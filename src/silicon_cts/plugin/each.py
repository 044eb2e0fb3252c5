"""Whose verdict is it, where pytest-xdist runs every test on each of several machines (``--dist=each``)?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from silicon_cts.plugin.session import Session
from silicon_cts.records import fingerprint, machines
from silicon_cts.records.record import Record

_OUTPUT = "silicon_cts_fingerprint"
"""What a worker tells the process that prints, when it ends."""


def is_each(config: pytest.Config) -> bool:
    """Whether this run asks all of its tests of each of its workers."""
    return bool(config.getoption("dist", "no") == "each")


def tell(config: pytest.Config, session: Session) -> None:
    """In a worker that ends: on which machine it ran."""
    if hasattr(config, "workeroutput"):
        config.workeroutput[_OUTPUT] = {**fingerprint.fingerprint(), "versions": session.versions}


def of_machine(record: Record, report: pytest.TestReport) -> Record:
    """The record with its worker, ``gw0``, in front of the backend; as it is in any other run."""
    node = getattr(report, "node", None)
    if node is None or not is_each(node.config):
        return record
    return replace(record, backend=machines.on(node.gateway.id, record.backend))


def described(node: Any) -> dict[str, dict[str, Any]]:
    """A worker that has ended, as ``run.json`` describes the machines of a fleet."""
    found = getattr(node, "workeroutput", {}).get(_OUTPUT)
    state = "" if found else "UNFINISHED: this worker was lost."
    return {node.gateway.id: {"fingerprint": found, "runs": [str(node.gateway.spec)], "state": state}}
