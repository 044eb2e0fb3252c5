"""From an outcome to a verdict, and from the verdicts of many samples to the one of their operator."""

import pytest

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Outcome, Task, exception, refusal, result
from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics import verdict as module
from silicon_cts.numerics.oracle import NoOracleError
from silicon_cts.numerics.verdict import VERDICTS, Judgement, judge, summarise
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.recipe import Recipe

RECIPE = Recipe("exp", "float32", 0)
TASK = Task(RECIPE, "forward")
ANSWER = OBSERVE["forward"](RECIPE, Setting()).tensors

OUTCOMES = {
    "agrees": result(ANSWER),
    "disagrees": result([ANSWER[0] + 1]),
    "not_placed": result(ANSWER, elsewhere="planned on the CPU"),
    "unsupported": refusal("no kernel", "run"),
    "error": exception("ValueError: confused", "run"),
    "crashed": Outcome("crash", reason="killed by SIGABRT in stage run", stage="run"),
    "hung": Outcome("hang", reason="no answer", stage="load"),
}


def judged(outcome: Outcome) -> Judgement:
    return judge(TASK, outcome, operators()["exp"], Capability(("float32",)))


@pytest.mark.parametrize(("verdict", "outcome"), OUTCOMES.items(), ids=OUTCOMES)
def test_each_outcome_has_its_verdict(verdict, outcome):
    assert judged(outcome).verdict == verdict


def test_where_the_cpu_cannot_answer_there_is_no_oracle(monkeypatch):
    def no_oracle(*args, **kwargs):
        raise NoOracleError("the CPU fails in float32")

    monkeypatch.setattr(module, "compare", no_oracle)
    found = judged(result(ANSWER))
    assert (found.verdict, found.reason) == ("no_oracle", "the CPU fails in float32")


def test_the_worst_sample_decides_and_the_reason_says_of_how_many():
    found = summarise(
        [judged(OUTCOMES[name]) for name in ("agrees", "unsupported", "disagrees", "agrees")], not_tried=2
    )
    assert found.verdict == "disagrees"
    assert found.reason.startswith("1 of 4 samples: output 0")
    assert found.reason.endswith("(2 more not tried)")
    assert found.counts == {"agrees": 2, "unsupported": 1, "disagrees": 1}
    assert list(VERDICTS).index("crashed") < list(VERDICTS).index("disagrees") < list(VERDICTS).index("agrees")


def test_among_those_that_agree_the_worst_grade_and_ratio_are_kept():
    found = summarise(
        [Judgement("agrees", RECIPE, grade="A", ratio=7.0), Judgement("agrees", RECIPE, grade="B", ratio=1.0)]
    )
    assert (found.grade, found.ratio) == ("B", 1.0)


def test_nothing_cannot_be_summarised():
    with pytest.raises(ValueError, match="no judgement"):
        summarise([])


@pytest.mark.parametrize(
    ("aspect", "recipe"),
    [
        ("forward", {"operator": "nextafter", "dtype": "bfloat16", "sample": 4, "seed": 4, "sizes": [[5, 15], [10, 3]],
                     "apart": ["flatter", 1, 0], "values": ["mixed"], "dtypes": ["", "bfloat16"]}),
        ("special_values", {"operator": "scatter_reduce.prod", "dtype": "float32", "sample": 21, "seed": 2,
                            "sizes": [[3, 8], [2, 3], [4, 128]], "arguments": [["1", -1]], "values": ["large"]}),
        ("forward", {"operator": "linalg.matrix_norm", "dtype": "float32", "sample": 47, "seed": 4,
                     "axes": [[-3, 2, 1024], [-2, 3, 8], [-1, 2, 4]], "values": ["small"]}),
        ("layout", {"operator": "linalg.norm", "dtype": "float32", "sample": 52, "seed": 4, "sizes": [[5, 65]],
                    "leading": [5, 1], "layouts": ["channels_last"]}),
        ("layout", {"operator": "linalg.pinv.singular", "dtype": "float32", "sample": 28, "axes": [[-2, 50, 257], [-1, 1, 9]],
                    "leading": [2], "layouts": ["narrowed", "permuted"]}),
        ("layout", {"operator": "logsumexp", "dtype": "int64", "sample": 1, "seed": 1, "sizes": [[5, 2]],
                    "apart": ["single", 0, 0], "arguments": [["1", 1], ["2", False]], "layouts": ["narrowed"]}),
        ("forward", {"operator": "renorm", "dtype": "bfloat16", "sample": 2, "seed": 1, "leading": [2, 1, 2],
                     "axes": [[-3, 5, 255], [-1, 5, 4]], "values": ["mixed"]}),
    ],
)  # fmt: skip
def test_what_the_cpu_gets_right_is_not_accused(aspect, recipe):
    """The next number of its own dtype; infinity times zero on the way; many small matrices; 21,125 squares; a singular
    vector of one large element; the logarithm of 1.0025; one factor for a whole slice."""
    cpu = registry.get("cpu")
    cpu.start()
    (outcome,) = cpu.run([task := Task(Recipe.from_json(recipe), aspect)], lambda _stage: None)
    assert judge(task, outcome, operators()[recipe["operator"]], cpu.capability()).verdict == "agrees"
