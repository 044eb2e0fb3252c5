"""What several tests share: a fake backend, installed as any other package would install one, in one file."""

import os
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

FAKE = Path(__file__).parent / "fake_backend.py"


@pytest.fixture
def fake_package(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path of this and every child process that holds the distribution ``fake-backend``."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "fake_backend.py").write_text(FAKE.read_text())
    metadata = folder / "fake_backend-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-backend\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[silicon_cts.backends]\nfake = fake_backend:Fake\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])))
    from silicon_cts.backends import registry

    registry.names.cache_clear()
    registry.get.cache_clear()
    yield folder
    registry.names.cache_clear()
    registry.get.cache_clear()
    sys.modules.pop("fake_backend", None)


SUITE = """
import pytest

@pytest.mark.aspect("forward")
def test_forward(check):
    check.agrees()

def test_is_here(backend_here):
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester, fake_package: Path) -> pytest.Pytester:
    """Somebody's project that uses the plugin, with the fake backend installed."""
    pytester.makepyfile(test_suite=SUITE)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\n")
    return pytester
