"""A fault that never fired is told; one that took its process down has fired."""

from silicon_cts.records.exercise import fired, not_exercised, summed
from silicon_cts.records.record import Record


def record(backend: str, verdict: str = "agrees", notes: tuple[str, ...] = ()) -> Record:
    return Record("std", "", "forward", "float32", backend, verdict, counts={verdict: 3}, notes=notes)


def test_notes_of_samples_are_summed_and_lead():
    notes = ("strides a", "fault fired 2 times", "strides a", "strides b", "strides c", "fault fired 2 times", "d")
    assert summed(notes) == ("fault fired 4 times", "strides a", "strides b", "strides c")
    assert fired(summed(notes)) == 4
    assert summed(["strides"]) == ("strides",)


def test_only_faults_that_did_nothing_are_told():
    backends = ["cpu", "simulated", "simulated:a", "simulated:b", "simulated:c", "simulated:d"]
    records = [
        record("cpu"),
        record("simulated"),
        record("simulated:a", notes=("fault fired 1 times",)),
        record("simulated:b", "crashed"),
        record("simulated:c"),
        record("simulated:c", notes=("strides",)),
    ]
    assert not_exercised(records, backends) == [
        "fault c never fired in 6 checks: a gap of the sampling, not a pass",
        "fault d never fired in 0 checks: a gap of the sampling, not a pass",
    ]
