"""The file of known issues: what it accepts, which line a mistake is in, and what a run proposes for it."""

from pathlib import Path

import pytest

from silicon_cts.records.known_issues import KnownIssuesError, load, propose
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run
from silicon_cts.sampling.recipe import Recipe

ISSUE = """
[[issue]]
id = "{id}"
backend = "coreai"
verdict = "disagrees"
kind = "sum"
reason = "why"
call = "f(x)"
got = "1"
expected = "2"
when = {{ coreai-core = "{when}" }}
cases = [{{ operator = "add", aspect = "forward", dtype = "float32", sample = 4 }}]
"""
VERSIONS = {"coreai-core": "1.0.0b3", "torch": "2.13.0+cpu"}


def written(folder: Path, text: str) -> Path:
    path = folder / "known_issues.toml"
    path.write_text(text)
    return path


def test_an_issue_is_found_by_exactly_its_check(tmp_path):
    known = load(written(tmp_path, ISSUE.format(id="one", when="==1.0.0b3")), VERSIONS)
    assert known.find("add", "forward", "float32", "coreai").recipe.sample == 4
    assert known.find("add", "forward", "float16", "coreai") is None
    assert known.find("add", "gradient", "float32", "coreai") is None


@pytest.mark.parametrize(("when", "applies"), [("==1.0.0b3", True), ("<1.0.0b3", False), (">=1.0.0b3,<1.0.0b5", True)])
def test_it_applies_to_the_versions_it_names(tmp_path, when, applies):
    known = load(written(tmp_path, ISSUE.format(id="one", when=when)), VERSIONS)
    assert (known.find("add", "forward", "float32", "coreai") is not None) == applies


@pytest.mark.parametrize(
    ("seen_on", "here", "fixed"),
    [
        ("x86_64", "x86_64", True),
        ("x86_64", "AMD64", True),
        ("x86_64", "arm64", False),
        ("arm64", "aarch64", True),
        ("", "arm64", True),
    ],
)
def test_what_does_not_happen_is_no_news_on_another_kind_of_machine(tmp_path, seen_on, here, fixed):
    """Kernels differ from processor to processor: there it is expected where it happens, and nothing is missed."""
    first = f'machine = "{seen_on}"\n' if seen_on else ""
    known = load(written(tmp_path, first + ISSUE.format(id="one", when="==1.0.0b3")), VERSIONS, here)
    issue = known.find("add", "forward", "float32", "coreai").issue
    assert issue.expects("disagrees") and not issue.expects("crashed")
    assert issue.expects("agrees") is not fixed
    assert bool(known.fixed([record("add", "agrees", "")])) is fixed


def test_another_backend_of_the_same_kernels_may_have_the_error_or_not(tmp_path):
    known = load(written(tmp_path, ISSUE.format(id="one", when="==1.0.0b3")), VERSIONS, "x86_64")
    asked = ("add", "forward", "float32", "coreai")
    of_kin, own = known.find_of_kin(*asked).issue, known.find(*asked).issue
    assert of_kin.expects("disagrees") and of_kin.expects("agrees") and not of_kin.expects("crashed")
    assert not own.expects("agrees")
    assert known.find_of_kin("sub", *asked[1:]) is None


def test_it_does_not_apply_where_the_package_is_not_installed(tmp_path):
    assert load(written(tmp_path, ISSUE.format(id="one", when="==1.0.0b3")), {}).issues == ()


MISTAKES = {
    "toml": ("[[issue]", "not TOML"),
    "missing key": (ISSUE.format(id="a", when="") + '\n[[issue]]\nid = "b"\n', "toml:14: issue: 'backend' is a required property"),
    "unknown key": (ISSUE.format(id="a", when="") + 'colour = "red"\n', "toml:2: issue: Additional properties"),
    "empty text": (ISSUE.format(id="a", when="").replace('"f(x)"', '""'), "toml:2: call: "),
    "kind": (ISSUE.format(id="a", when="").replace('"sum"', '"bug"'), "toml:2: kind: 'bug' is not one of .'sum', 'rounding'"),
    "versions": (ISSUE.format(id="a", when="latest"), "toml:2: when: Invalid specifier: 'latest'"),
    "twice": (ISSUE.format(id="a", when="") * 2, "toml:14: add .forward, float32. on coreai is already in a, line 2"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_its_line(tmp_path, text, message):
    with pytest.raises(KnownIssuesError, match=message):
        load(written(tmp_path, text), VERSIONS)


def test_a_missing_file_holds_nothing(tmp_path):
    assert load(tmp_path / "none.toml", VERSIONS).issues == ()


def record(operator: str, verdict: str, reason: str) -> Record:
    recipe = {"operator": operator, "dtype": "float32", "sample": 1, "seed": 0}
    return Record(operator, "", "forward", "float32", "coreai", verdict, reason=reason, recipe=recipe)


def test_fixed_and_unmatched(tmp_path):
    known = load(written(tmp_path, ISSUE.format(id="one", when="")), VERSIONS)
    assert known.fixed([record("add", "agrees", "")]) == [
        "coreai add (forward, float32) agrees now: remove it from one, known_issues.toml:2"
    ]
    assert known.unmatched([record("sub", "agrees", "")], ["coreai"]) == [
        "coreai add (forward, float32): nothing was asked that matches one, known_issues.toml:2"
    ]
    assert known.unmatched([record("sub", "agrees", "")], ["cpu"]) == []
    assert known.unmatched([], ["coreai"]) == [], "the budget asks no float32 at all"


def test_proposals_group_failures_of_one_cause_and_can_be_read_back_once_completed(tmp_path):
    run = Run(
        tmp_path,
        {"fingerprint": {"versions": VERSIONS}},
        (
            record("add", "error", "1 of 8 samples: IndexError: tuple index out of range"),
            record("sub", "error", "3 of 5 samples: IndexError: tuple index out of range"),
            record("mul", "crashed", "killed by SIGABRT in stage run"),
            record("div", "unsupported", "no lowering"),
            record("exp", "agrees", ""),
        ),
        0,
    )
    proposed = propose(run)
    assert proposed.count("[[issue]]") == 2
    assert "div" not in proposed
    completed = (
        proposed.replace('call = ""', 'call = "f(x)"')
        .replace('kind = ""', 'kind = "argument"')
        .replace('got = ""', 'got = "1"')
        .replace('expected = ""', 'expected = "2"')
    )
    known = load(written(tmp_path, completed), VERSIONS)
    assert known.find("sub", "forward", "float32", "coreai").issue.verdict == "error"
    assert known.find("mul", "forward", "float32", "coreai").issue.verdict == "crashed"


def test_a_sample_of_another_seed_is_proposed_and_read_with_it(tmp_path):
    recipe = {"operator": "add", "dtype": "float32", "sample": 1, "seed": 7}
    failed = Record("add", "", "forward", "float32", "coreai", "crashed", reason="SIGABRT", recipe=recipe)
    proposed = propose(Run(tmp_path, {}, (failed,), 0))
    known = load(written(tmp_path, proposed.replace('kind = ""', 'kind = "sum"').replace('""', '"x"')), VERSIONS)
    found = known.find("add", "forward", "float32", "coreai")
    assert (found.recipe.sample, found.recipe.seed) == (1, 7)


def test_a_generated_recipe_is_proposed_and_read_as_it_was(tmp_path):
    recipe = Recipe("add", "float32", 1, sizes=((5, 17),), layouts=("sliced", "contiguous"), form="inplace")
    failed = Record("add", "", "inplace", "float32", "coreai", "disagrees", reason="7", recipe=recipe.to_json())
    proposed = propose(Run(tmp_path, {}, (failed,), 0)).replace('kind = ""', 'kind = "sum"').replace('""', '"x"')
    found = load(written(tmp_path, proposed), VERSIONS).find("add", "inplace", "float32", "coreai")
    assert found.recipe == recipe
    with pytest.raises(KnownIssuesError, match=r"known_issues.toml:\d+: not a recipe: unknown keys \['sizs'\]"):
        load(written(tmp_path, proposed.replace("sizes", "sizs")), VERSIONS)
