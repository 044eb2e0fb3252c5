"""How many checks a second, beside the loop that everybody writes first?

    python tests/checks_per_second.py [BUDGET [OPERATORS [SEED]]]

The loop: op_db's own samples, one call each, ``assert_close`` against the same call in float64. Ours: every aspect at a
budget, on ``cpu``, with what it takes to judge it. Both run by turns over the same operators, chosen at random, in one
process, so that a busy machine slows both; what is printed is the ratio.
"""

from __future__ import annotations

import random
import sys
import time
import warnings
from collections import Counter

import torch
from torch.utils._pytree import tree_map_only

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task
from silicon_cts.backends.torch_device import ALL_DTYPES
from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.operators import Operator, op_info, operators
from silicon_cts.numerics.verdict import judge
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.effort import BUDGETS
from silicon_cts.sampling.plan import Question, dtypes, generated, own


def naive(operator: Operator, budget: str) -> int:
    """The loop, in the dtypes of the budget; returns how many checks it made."""
    info, checks = op_info(operator.id), 0
    for dtype in BUDGETS[budget].dtypes:
        if dtype not in operator.dtypes:
            continue
        for sample in info.sample_inputs("cpu", DTYPES[dtype].torch):
            checks += 1
            try:
                answer = info.op(sample.input, *sample.args, **sample.kwargs)
                wide = tree_map_only(
                    torch.Tensor,
                    lambda t: t.to(torch.complex128 if t.is_complex() else torch.float64) if t.dtype.is_floating_point or t.is_complex() else t,
                    (sample.input, sample.args, sample.kwargs),
                )  # fmt: skip
                expected = info.op(wide[0], *wide[1], **wide[2])
                torch.testing.assert_close(answer, expected, check_dtype=False)
            except Exception:
                continue
    return checks


def ours(operator: Operator, budget: str) -> Counter[str]:
    """Every aspect and dtype of the budget; returns how many checks of each aspect."""
    backend, checks = registry.get("cpu"), Counter[str]()
    capability = backend.capability()
    for aspect in ASPECTS:
        for dtype in dtypes(operator, aspect, budget, ALL_DTYPES):
            question = Question(operator.id, aspect, dtype, budget, 0)
            tasks = [Task(recipe, aspect) for recipe in dict.fromkeys([*own(question), *generated(question)])]
            for task, outcome in zip(tasks, backend.run(tasks, lambda _: None), strict=True):
                judge(task, outcome, operator, capability)
            checks[aspect] += len(tasks)
    return checks


def main(budget: str = "standard", count: str = "40", seed: str = "0") -> None:
    """Print both rates and their ratio."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    possible = [one for one in operators().values() if not one.unchecked]
    chosen = random.Random(int(seed)).sample(possible, min(int(count), len(possible)))
    registry.get("cpu").start()
    seconds, checks = Counter[str](), Counter[str]()
    for number, operator in enumerate(chosen, 1):
        begin = time.perf_counter()
        checks["naive"] += naive(operator, budget)
        middle = time.perf_counter()
        found = ours(operator, budget)
        checks["ours"] += found.total()
        seconds["naive"] += middle - begin
        seconds["ours"] += time.perf_counter() - middle
        print(f"\r{number}/{len(chosen)} {operator.id:50}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    rates = {name: checks[name] / seconds[name] for name in ("naive", "ours")}
    for name, rate in rates.items():
        print(f"{name:6} {checks[name]:7} checks  {seconds[name]:7.1f} s  {rate:7.0f} a second")
    print(f"ratio  {rates['ours'] / rates['naive']:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
