"""What a chip can do with a model is told from records, and what was not measured is said to be so."""

from pathlib import Path

from silicon_cts.records.measurement import Measurement, append
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run, RunFolder
from silicon_cts.reports import html, markdown, terminal
from silicon_cts.reports.answers import answers
from silicon_cts.reports.model_speed import speeds


def record(operator: str, backend: str, verdict: str = "agrees", grade: str = "A", **more) -> Record:
    variant = "fifty_steps" if operator.startswith("training.") else ""
    return Record(
        operator, variant, "forward", "float32", backend, verdict, grade if verdict == "agrees" else "", **more
    )


ON_ANE = [["conv", "ane", ["cpu", "ane"], 0.9], ["cast", "cpu", ["cpu"], 0.1], ["conv", "ane", ["ane"], 0.2]]
RECORDS = (
    record("add", "cpu"),
    record("models.mlp", "cpu"),
    record("models.mlp", "coreml-ane", placement=ON_ANE, signal_to_noise=63.8, top_1=1.0),
    record("models.gru", "coreml-ane", "error", reason="no shape"),
    record("training.mlp.adam", "cpu", grade="B"),
    record("training.mlp.sgd", "cpu"),
)
DESCRIPTION = {"backends": {"mps": {"absent": "no Apple GPU", "remedy": ""}}}


def run(records=RECORDS) -> Run:
    return Run(Path("run"), DESCRIPTION, tuple(records), 0)


def test_a_cell_is_the_worst_of_its_records():
    rows = answers(run(), RECORDS).rows
    assert list(rows) == [("mlp", "inference"), ("gru", "inference"), ("mlp", "training")]
    assert str(rows["mlp", "training"]["cpu"]) == "right, grade B"
    assert str(rows["mlp", "inference"]["coreml-ane"]) == "right, grade A; 64 dB, top-1 100 %; ane 2, cpu 1"
    assert str(rows["gru", "inference"]["coreml-ane"]) == "error 1"
    assert str(rows["gru", "inference"]["cpu"]) == str(rows["mlp", "training"]["coreml-ane"]) == "not measured"


def test_some_of_several_wrong_are_counted():
    wrong = (record("training.mlp.adamw", "cpu", "disagrees"), *RECORDS)
    assert str(answers(run(wrong), wrong).rows["mlp", "training"]["cpu"]) == "disagrees 1 of 3"


def test_each_backend_has_a_sentence():
    assert answers(run(), RECORDS).sentences == {
        "cpu": "runs the one model asked, mlp, right; trains the one model asked, mlp, right",
        "coreml-ane": "runs 1 of 2 models right, not gru (error); no model was trained; "
        "how fast against the CPU: not measured",
        "mps": "not measured: no Apple GPU",
    }


FINGERPRINT = {"chip": "Apple M9", "memory_gib": 64}


def measurement(operator: str, backend: str, seconds: float | None, **more) -> Measurement:
    return Measurement(
        f"{operator}-{backend}-{more}", operator, backend=backend, seconds=seconds, **{"dtype": "float32", **more}
    )


MEASUREMENTS = (
    measurement("models.mlp", "cpu", 0.02),
    measurement("models.mlp", "coreml-ane", 0.01),
    measurement("models.mlp", "coreml-ane", 9.0, metric="first_call"),
    measurement("training.mlp.adam", "cpu", 0.01),
    measurement("training.mlp.adam", "coreml-ane", 0.04),
    measurement("linear", "coreml-ane", 0.001),
)


def folder(path: Path, fingerprint: dict, measurements=()) -> Run:
    RunFolder(path, {"fingerprint": fingerprint}).finish()
    for one in measurements:
        append(path, one)
    return Run(path, {"fingerprint": fingerprint}, RECORDS, 0)


def test_how_fast_is_told_from_the_newest_measurements_of_the_same_machine(tmp_path):
    folder(tmp_path / "1", FINGERPRINT, MEASUREMENTS[:1])
    folder(tmp_path / "2", FINGERPRINT, MEASUREMENTS)
    folder(tmp_path / "3", {**FINGERPRINT, "chip": "Apple M1"}, MEASUREMENTS[:2])
    here = folder(tmp_path / "4", FINGERPRINT)
    found = answers(here, RECORDS)
    assert (
        str(found.rows["mlp", "inference"]["coreml-ane"]) == "right, grade A; 64 dB, top-1 100 %; ane 2, cpu 1; 2 x cpu"
    )
    assert found.rows["mlp", "training"]["coreml-ane"].speed == 0.25
    assert found.rows["gru", "inference"]["coreml-ane"].speed is found.rows["mlp", "inference"]["cpu"].speed is None
    assert found.sentences["coreml-ane"].endswith("; times as fast as the CPU (2): inference 2, training 0.25")
    assert "CPU" not in found.sentences["cpu"]


def test_float32_is_held_against_float32_and_float16_only_where_there_is_no_other(tmp_path):
    measured = [
        measurement("models.mlp", "cpu", 0.01),
        measurement("models.mlp", "cpu", 1.0, dtype="float16"),
        measurement("models.mlp", "coreai", 0.04),
        measurement("models.mlp", "coreai", 0.001, dtype="float16"),
        measurement("models.gru", "cpu", 0.01),
        measurement("models.gru", "coreai", None, outcome="skipped"),
        measurement("models.gru", "coreml-ane", 0.002, dtype="float16"),
        measurement("models.mlp", "coreai", 0.3, metric="conversion"),
        measurement("models.mlp", "coreai", 0.08),
    ]
    assert speeds(folder(tmp_path / "1", FINGERPRINT, measured)).times == {
        ("mlp", "inference", "coreai"): 0.125,
        ("gru", "inference", "coreml-ane"): 5.0,
    }


def test_inference_and_training_are_told_apart(tmp_path):
    measured = [
        *(measurement(f"models.{name}", "cpu", 0.01) for name in ("mlp", "gru")),
        measurement("models.mlp", "mps", 0.0025),
        measurement("models.gru", "mps", 0.04),
        measurement("training.mlp.adam", "cpu", 0.1),
        measurement("training.mlp.adam", "mps", 0.05),
    ]
    here = folder(tmp_path / "1", FINGERPRINT, measured)
    told = answers(here, (record("models.mlp", "mps"),)).sentences["mps"]
    assert told.endswith("; times as fast as the CPU (1): inference 0.25 to 4, training 2")


def test_what_was_timed_alone_says_nothing(tmp_path):
    here = folder(tmp_path / "1", FINGERPRINT, [one for one in MEASUREMENTS if one.backend != "cpu"])
    assert answers(here, RECORDS).rows["mlp", "inference"]["coreml-ane"].speed is None


def test_a_run_without_models_has_no_table():
    assert not answers(run(RECORDS[:1]), RECORDS[:1])
    for text in (
        html.render(run(RECORDS[:1])),
        markdown.render(run(RECORDS[:1])),
        terminal.render(run(RECORDS[:1]), 100),
    ):
        assert "with your model" not in text and "models  " not in text


def test_every_report_shows_it():
    page, summary, end = html.render(run()), markdown.render(run()), terminal.render(run(), 200)
    for text in (page, summary):
        assert "What can this chip do with your model?" in text
    for text in (page, summary, end):
        assert (
            "right, grade A; 64 dB, top-1 100 %; ane 2, cpu 1" in text and "runs 1 of 2 models right, not gru" in text
        )


def test_models_are_not_counted_as_operators():
    end = terminal.render(run(), 200)
    assert "1/1" in next(line for line in end.splitlines() if line.startswith("cpu"))
    assert "inference" in end and "training" in end
