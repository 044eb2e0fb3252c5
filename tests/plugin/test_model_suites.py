"""Which models and training runs a suite asks, and of whom."""

import pytest

from silicon_cts.backends.protocol import Capability
from silicon_cts.backends.torch_device import TorchDevice
from silicon_cts.catalog.models.calls import CALLS, CAPTURABLE
from silicon_cts.catalog.operators import find, model_calls
from silicon_cts.plugin.case import dtypes, is_asked
from silicon_cts.plugin.options import Options, check_globs
from silicon_cts.records.regressions import Regressions

EAGER, PROGRAMS = Capability(("float32",)), Capability(("float32",), ahead_of_time=True)


def options(budget: str = "quick", operators: tuple[str, ...] | None = None) -> Options:
    return Options(None, operators, None, None, budget, 0, None, None, 0.0, False)


def asked(options: Options, capability: Capability, backend: str) -> set[str]:
    return {name for name, one in model_calls().items() if is_asked(options, capability, backend, one)}


def test_few_are_trained_at_quick_most_at_standard_and_all_at_deep():
    quick, standard, deep = (asked(options(budget), EAGER, "mps") for budget in ("quick", "standard", "deep"))
    assert deep == {name for name, call in CALLS.items() if not (call.is_half or call.is_capturable)}
    assert quick < standard == {name for name in deep if not name.endswith("lbfgs.fifty_steps")}
    assert {name for name in standard if name.startswith("models.")} <= quick
    assert "training.residual_cnn.adam.fifty_steps" in asked(options("quick", ("training.*",)), EAGER, "mps")


def test_what_needs_graphs_is_asked_of_devices_that_have_them():
    graphs = Capability(("float32",), capturable=True)
    more = asked(options(), graphs, "cuda") - asked(options(), EAGER, "mps")
    assert more == {f"training.mlp.{one}.capturable" for one in CAPTURABLE}
    assert TorchDevice("cuda").capability().capturable and TorchDevice("torch:xpu:1").capability().capturable
    assert not (TorchDevice("cpu").capability().capturable or TorchDevice("mps").capability().capturable)


def test_programs_train_three_models_with_three_optimizers():
    found = asked(options("standard"), PROGRAMS, "coreai")
    trained = {name for name in found if name.startswith("training.")}
    assert len(trained) == 9 + 2 * 9 and {CALLS[name].way for name in trained} == {
        "fifty_steps",
        "float16",
        "float16_scaled",
    }
    quick = {CALLS[name].way for name in asked(options(), PROGRAMS, "coreai") & trained}
    assert quick == {"fifty_steps"}  # a step in float16 takes a minute to train with
    assert trained <= asked(options("standard"), PROGRAMS, "coreml-ane")
    assert not [name for name in asked(options("standard"), PROGRAMS, "of-another") if name.startswith("training.")]


def test_a_step_in_float16_is_asked_of_programs_that_take_float32():
    case = ("forward", Regressions())
    assert dtypes(options(), PROGRAMS, find("training.lstm.sgd.float16"), *case) == ["float16"]
    assert dtypes(options(), PROGRAMS, find("training.lstm.sgd.fifty_steps"), *case) == ["float32"]


def test_a_decoder_that_keeps_its_cache_is_asked_everywhere():
    for capability, backend in ((EAGER, "mps"), (PROGRAMS, "coreai"), (PROGRAMS, "coreml-ane")):
        assert "models.stateful_decoder" in asked(options(), capability, backend)


def test_modules_are_asked_of_what_runs_call_by_call():
    batch_norm = find("modules.nn.BatchNorm2d.train")
    assert is_asked(options(), EAGER, "mps", batch_norm) and not is_asked(options(), PROGRAMS, "coreai", batch_norm)


def test_operators_are_always_asked():
    assert is_asked(options(), PROGRAMS, "coreai", find("add"))


SUITE = """
import pytest

@pytest.mark.models
@pytest.mark.aspect("forward")
def test_models(check):
    check.agrees()

@pytest.mark.training("one_step")
@pytest.mark.aspect("forward")
def test_one_step(check):
    check.agrees()
"""


@pytest.fixture
def suite(pytester):
    pytester.makepyfile(test_suite=SUITE)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\n")
    return pytester


def test_a_suite_of_models_runs_and_is_recorded(suite):
    result = suite.runpytest_subprocess(
        "--backend", "cpu", "--op", "models.mlp", "--op", "training.mlp.muon.one_step", "-q"
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*inference*dB, top-1 100 %*", "*models*cpu runs the one model asked, mlp, right; trains the one*"]
    )


def test_a_wrong_length_is_said(suite):
    suite.makepyfile(test_suite=SUITE.replace('"one_step"', '"a_week"'))
    result = suite.runpytest_subprocess("--backend", "cpu", "--collect-only")
    result.stdout.fnmatch_lines(["*mark it with training(one_step or accumulated or *"])


def test_an_unknown_model_is_said():
    check_globs(options("quick", ("models.*", "add")))
    with pytest.raises(pytest.UsageError, match="unknown operator 'models.gpt9'"):
        check_globs(options("quick", ("models.gpt9",)))
