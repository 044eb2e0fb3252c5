"""Which faults can an accelerator have that does not exist? Bugs of a real one, acted out on CPU tensors.

Every row of the table is one bug of PyTorch's MPS backend as it was reported, with its issue number. `by_id` finds a
row, its `make()` returns a dispatch mode; `load` takes the user's own from a file; `resolve` takes either.
"""

from .call import Call
from .fault import Fault, Rule, Watcher
from .issues import ISSUES
from .loading import FaultError, by_id, ids, load, resolve, rows
from .row import ASPECTS, NotActed, Row
from .table import NOT_ACTED, TABLE

__all__ = [
    "ASPECTS",
    "ISSUES",
    "NOT_ACTED",
    "TABLE",
    "Call",
    "Fault",
    "FaultError",
    "NotActed",
    "Row",
    "Rule",
    "Watcher",
    "by_id",
    "ids",
    "load",
    "resolve",
    "rows",
]
