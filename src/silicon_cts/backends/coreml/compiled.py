"""Where is a compiled model kept, so that no model is compiled twice for the same machine?"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any


def compiled(model: Any, folder: Path | None = None) -> Path:
    """The ``.mlmodelc`` of an ``MLModel``, from the cache if it has been compiled on this OS build and chip before.

    Raises whatever ``coremltools.models.utils.compile_model`` raises.
    """
    from coremltools.models.utils import compile_model

    cache_folder = folder or default_folder()
    place = cache_folder / f"{key(Path(model.package_path))}.mlmodelc"
    if place.exists():
        return place
    cache_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder) as scratch:
        made = compile_model(str(model.package_path), str(Path(scratch) / "model.mlmodelc"))
        try:
            Path(made).rename(place)
        except OSError:  # another process was faster
            if not place.exists():
                shutil.copytree(made, place)
    return place


def key(package: Path) -> str:
    """Of what is in a package, without the names it was given at random, and of this machine."""
    digest = hashlib.sha256("\0".join(machine()).encode())
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.name != "Manifest.json":  # has a new identifier each time
            digest.update(path.relative_to(package).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


@cache
def machine() -> tuple[str, str]:
    """OS build and chip: a compiled model is specialised for both."""
    if platform.system() != "Darwin":
        return platform.version(), platform.machine()
    return _say("sw_vers", "-buildVersion"), _say("sysctl", "-n", "machdep.cpu.brand_string")


def default_folder() -> Path:
    """``SILICON_CTS_CACHE``, or the user's cache folder."""
    root = os.environ.get("SILICON_CTS_CACHE") or Path.home() / "Library" / "Caches" / "silicon-cts"
    return Path(root) / "coreml"


def _say(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout.strip()
