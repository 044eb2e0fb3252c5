"""What is a check called as a file?"""

from __future__ import annotations

import re


def stem(*parts: str) -> str:
    """The parts joined by ``-``, without what a file system could take amiss: ``mps-std-float32-forward``.

    Capitals are marked, for file systems that do not tell them apart: ``T`` and ``t`` are two operators.
    """
    plain = re.sub(r"[^\w.-]", "_", "-".join(parts), flags=re.ASCII)
    return re.sub("[A-Z]", r"\g<0>_", plain)
