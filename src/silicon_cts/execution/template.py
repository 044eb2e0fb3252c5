"""What does the template process of forked workers hold?

``multiprocessing``'s fork server imports this module once, in a fresh interpreter; each worker is then forked from it
warm, so that a crash costs milliseconds and not the seconds that importing torch and ``op_db`` takes.
"""

from __future__ import annotations

import os
import warnings

from silicon_cts.execution.worker import start

VARIABLE = "SILICON_CTS_TEMPLATE"
"""Environment variable with the names of the backends to make warm, separated by commas."""


def _warm() -> None:
    for name in filter(None, os.environ.get(VARIABLE, "").split(",")):
        start(name)


if os.environ.get(VARIABLE):
    with warnings.catch_warnings(action="ignore"):
        _warm()
