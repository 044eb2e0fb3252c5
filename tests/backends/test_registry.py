"""Backends are found by name; another package adds one in one file."""

from pathlib import Path

import pytest

from silicon_cts.backends import registry
from silicon_cts.backends.registry import UnknownBackendError, unknown


def test_the_control_comes_first():
    assert registry.names()[0] == "cpu"
    assert {"mps", "cuda", "coreai", "coreai-ane"} <= set(registry.names())


def test_a_package_adds_a_backend_through_its_entry_point(fake_package: Path):
    assert "fake" in registry.names()
    assert registry.get("fake").marks == ("fake",)


def test_any_torch_device_can_be_named():
    backend = registry.get("torch:xpu")
    assert (backend.name, backend.device, backend.marks) == ("torch:xpu", "xpu", ("torch_device",))


def test_an_unknown_name_lists_what_there_is_close_matches_first():
    with pytest.raises(UnknownBackendError, match="unknown backend 'mpx'; did you mean one of: mps, "):
        registry.get("mpx")
    assert unknown("dtype", "zzz", ["a", "b"]) == "unknown dtype 'zzz'; known: a, b"
    assert unknown("thing", "x", map(str, range(100))).endswith("and 60 more")
