"""Which class does a classifier name, and how probable is each?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import op
from ..values import Array


@op("classify")
def classify(probabilities: Array, classes: Sequence[Any]) -> tuple[Any, dict[Any, float]]:
    """The most probable class (the first of equals), and the probability of every class."""
    labels = [label if isinstance(label, str) else int(label) for label in classes]
    scores = probabilities.reshape(-1)
    if scores.size != len(labels):
        raise ValueError(f"{scores.size} probabilities for {len(labels)} classes")
    return labels[int(np.argmax(scores))], dict(zip(labels, scores.astype(np.float64).tolist(), strict=True))
