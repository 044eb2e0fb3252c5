"""A recipe that failed is kept and found again; a file that cannot be used is named, with what to do."""

import json
import re
from pathlib import Path

import pytest

from silicon_cts.records import regressions
from silicon_cts.records.record import Record
from silicon_cts.records.regressions import SCHEMA, RegressionError
from silicon_cts.sampling.recipe import Recipe

RECIPE = Recipe("T", "float32", 0, layouts=("sliced",))
RECORD = Record(
    "T",
    "",
    "layout",
    "float32",
    "mps",
    "disagrees",
    reason="values=[0.5], but should be [0.7]",
    recipe=RECIPE.to_json(),
)
README = Path(__file__).parents[2] / "reports" / "README.md"


def test_what_is_written_is_found_again(tmp_path):
    path = regressions.write(tmp_path / "kept", RECORD, "2.13.0")
    assert re.fullmatch(r"T_-float32-layout-[0-9a-f]{8}\.json", path.name)
    found = regressions.load(tmp_path / "kept")
    assert found.find("T", "layout", "float32") == [RECIPE]
    assert found.find("T", "forward", "float32") == found.find("T", "layout", "float16") == []
    assert found.dtypes("T", "layout") == {"float32"}
    assert [path] == list((tmp_path / "kept").iterdir())


def test_the_same_recipe_is_kept_once_and_another_beside_it(tmp_path):
    assert regressions.write(tmp_path, RECORD, "2.13.0")
    assert regressions.write(tmp_path, RECORD, "2.14.0") is None
    other = Record("T", "", "layout", "float32", "mps", "disagrees", recipe=Recipe("T", "float32", 1).to_json())
    assert regressions.write(tmp_path, other, "2.13.0")
    assert len(regressions.load(tmp_path).all) == 2


def test_a_folder_that_is_not_there_holds_none(tmp_path):
    assert regressions.load(tmp_path / "none").all == ()


GOOD = {"aspect": "layout", "recipe": RECIPE.to_json(), "reason": "wrong", "torch": "2.12.0"}
MISTAKES = {
    "cut off": ("{", "not JSON"),
    "not an object": ("[]", "is not of type 'object'"),
    "a field too few": (json.dumps({**GOOD, "reason": ""}), "reason: '' should be non-empty"),
    "a field too many": (json.dumps({**GOOD, "seed": 1}), "'seed' was unexpected"),
    "no recipe": (json.dumps({**GOOD, "recipe": {**GOOD["recipe"], "sample": "first"}}), "sample and seed are integers"),
    "another field in it": (json.dumps({**GOOD, "recipe": {**GOOD["recipe"], "size": 3}}), "unknown keys ['size']"),
    "an operator that is gone": (
        json.dumps({**GOOD, "recipe": {**GOOD["recipe"], "operator": "solve"}}),
        "found with torch 2.12.0; torch",
    ),
    "no aspect": (json.dumps({**GOOD, "aspect": "forwards"}), "no aspect 'forwards'; there are forward"),
    "no dtype": (json.dumps({**GOOD, "recipe": {**GOOD["recipe"], "dtype": "f32"}}), "no dtype 'f32'; there are float32"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_sentence_that_names_the_file(tmp_path, text, sentence):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(RegressionError) as caught:
        regressions.load(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and sentence in said and said.endswith("mend the file, or remove it")


def test_a_sample_that_is_gone_is_named_when_it_is_asked(tmp_path):
    (tmp_path / "mine.json").write_text(json.dumps({**GOOD, "recipe": {**GOOD["recipe"], "sample": 10_000}}))
    found = regressions.load(tmp_path)
    with pytest.raises(RegressionError, match=r"mine\.json: found with torch 2\.12\.0: T has \d+ samples .* no 10000"):
        found.find("T", "layout", "float32")


def test_the_readme_lists_every_field():
    section = README.read_text().split("## A regression\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", section, re.MULTILINE)
    assert [row[0] for row in rows] == list(SCHEMA["properties"])
    for name, kind, told in rows:
        assert kind == SCHEMA["properties"][name]["type"]
        assert told.replace("`", "").startswith(SCHEMA["properties"][name]["description"].split(":")[0])
