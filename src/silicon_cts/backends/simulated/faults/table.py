"""Which bugs are acted out, and which are not? The two tables, put together from the families."""

from . import (
    arguments,
    asynchrony,
    attention,
    channels_last,
    crashes,
    dtypes,
    factorizations,
    gradients,
    indexing,
    layout_reads,
    layout_writes,
    missing_errors,
    offsets,
    randomness,
    repetition,
    sizes,
    special_values,
    training,
)
from .row import NotActed, Row

FAMILIES = (
    layout_writes, layout_reads, offsets, channels_last, sizes, arguments, dtypes, special_values, attention,
    factorizations, indexing, missing_errors, crashes, randomness, repetition, asynchrony, gradients, training,
)  # fmt: skip

TABLE: dict[str, Row] = {row.id: row for family in FAMILIES for row in family.ROWS}
"""The bugs that are acted out, by id."""

NOT_ACTED = (
    NotActed(85297, "F29", "speed: hidden copies leave every answer right"),
    NotActed(100285, "F37", "threads: a dispatch mode belongs to one thread and cannot see the calls of another"),
    NotActed(132332, "F28", "leak: memory grows, every answer is right"),
    NotActed(132596, "F28", "leak: memory grows with the number of shapes, every answer is right"),
    NotActed(168964, "F29", "speed: 15 to 20 % slower, every answer is right"),
    NotActed(171679, "F28", "leak: memory grows with the number of scalars, every answer is right"),
    NotActed(182805, "F29", "speed: seven times slower, every answer is right"),
    NotActed(182815, "F29", "speed: slow in some processes, every answer is right"),
    NotActed(197805, "F37", "threads: a dispatch mode belongs to one thread and cannot see the calls of another"),
)
"""The bugs that a dispatch mode over CPU tensors cannot honestly act out."""
