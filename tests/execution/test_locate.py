"""Where a wrong answer comes from is asked in a process of its own, and nothing that goes wrong there shows."""

from silicon_cts.backends.outcome import Task
from silicon_cts.execution.locate import located
from silicon_cts.sampling.recipe import Recipe

TASK = Task(Recipe("models.mlp", "float32", 0), "forward")


def test_a_backend_that_cannot_say_says_nothing():
    assert located("cpu", TASK, 8.0) == ""


def test_a_process_that_ends_without_an_answer_says_nothing():
    assert located("no-such-backend", TASK, 8.0) == ""
