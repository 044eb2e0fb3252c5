"""Is each backend here? One line for each that is not, with the reason, in place of thousands of skips."""

import pytest

pytestmark = pytest.mark.operators


def test_is_here(backend_here: str) -> None:
    """A backend that is absent is skipped with its reason and what would change that."""
    assert backend_here
