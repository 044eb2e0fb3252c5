"""How much is an ahead-of-time backend asked of an operator, and what of it alone?"""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("coremltools")

from silicon_cts.backends import registry
from silicon_cts.plugin.case import Case
from silicon_cts.plugin.options import Options
from silicon_cts.plugin.session import Session

NAME = "coreml-reference"
INI = {"silicon_cts_known_issues": "suites/known_issues.toml", "silicon_cts_regressions": "no/such/folder"}


class Recorder:
    """An executor that answers nothing."""

    def run_groups(self, groups, suspects):
        self.groups, self.suspects = groups, suspects
        return [[None] * len(group) for group in groups]


def asked(operator, **capability):
    config = SimpleNamespace(rootpath=Path(__file__).parents[2], getini=INI.get)
    session = Session(config, Options((NAME,), None, None, None, "quick", 0, None, None, 0.0, False))
    session.__dict__["capabilities"] = {NAME: replace(registry.get(NAME).capability(), **capability)}
    recorder = session._executors[NAME] = Recorder()
    session.outcomes(Case(operator, "forward", "float32", NAME))
    return recorder


def test_each_dtype_but_the_first_is_asked_a_share_of_the_samples():
    for share, others in ((1.0, 8), (0.5, 4)):
        groups = asked("sub", in_others=share).groups
        indices = {group[0].recipe.dtype: sorted({task.recipe.sample for task in group}) for group in groups}
        assert len(indices["float32"]) >= 8
        assert others <= len(indices["int64"]) <= others + 1  # one of a known issue
