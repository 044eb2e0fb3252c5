"""Which boxes are left when those that overlap a better one are removed?

The documentation does not say what the padding holds up to `max_boxes`: zeros here, and -1 for the indices.
"""

import numpy as np

from ..registry import op
from ..values import Array


@op("non_maximum_suppression")
def non_maximum_suppression(
    boxes: Array,
    scores: Array,
    iou_threshold: Array,
    max_boxes: Array,
    score_threshold: Array | None = None,
    per_class_suppression: Array | bool = False,
) -> tuple[Array, ...]:
    """The boxes (x, y, width, height around a centre) that no better box overlaps by more than `iou_threshold`.

    The score of a box is that of its best class; with `per_class_suppression` only boxes of the same best class
    compete. Until iOS16 (`score_threshold`) the boxes are rows, boxes below the threshold are out, and a fourth
    result counts the boxes; from iOS17 on they are columns.
    """
    if score_threshold is None:
        kept = _suppress(
            np.swapaxes(boxes, 1, 2),
            np.swapaxes(scores, 1, 2),
            iou_threshold,
            max_boxes,
            -np.inf,
            per_class_suppression,
        )
        return np.swapaxes(kept[0], 1, 2), np.swapaxes(kept[1], 1, 2), kept[2]
    return _suppress(boxes, scores, iou_threshold, max_boxes, float(score_threshold), per_class_suppression)


def _suppress(
    boxes: Array, scores: Array, iou_threshold: Array, max_boxes: Array, score_threshold: float, per_class: Array | bool
) -> tuple[Array, Array, Array, Array]:
    batch, room = len(boxes), int(max_boxes)
    kept_boxes = np.zeros((batch, room, 4), np.float32)
    kept_scores = np.zeros((batch, room, scores.shape[-1]), np.float32)
    indices = np.full((batch, room), -1, np.int32)
    numbers = np.zeros(batch, np.int32)
    for image in range(batch):
        best = scores[image].max(axis=-1)
        classes = scores[image].argmax(axis=-1) if per_class else np.zeros(len(best), np.int64)
        kept: list[int] = []
        alive = best >= score_threshold
        for box in np.argsort(-best, kind="stable"):
            if len(kept) == room:
                break
            if alive[box]:
                kept.append(int(box))
                rivals = classes == classes[box]
                alive &= ~(rivals & (_overlaps(boxes[image, box], boxes[image]) > iou_threshold))
        number = numbers[image] = len(kept)
        kept_boxes[image, :number], kept_scores[image, :number] = boxes[image, kept], scores[image, kept]
        indices[image, :number] = kept
    return kept_boxes, kept_scores, indices, numbers


def _overlaps(one: Array, others: Array) -> Array:
    """The area that a box shares with each of others, over the area that both cover; 0 if they cover none."""
    low = np.maximum(one[:2] - one[2:] / 2, others[:, :2] - others[:, 2:] / 2)
    high = np.minimum(one[:2] + one[2:] / 2, others[:, :2] + others[:, 2:] / 2)
    shared = np.prod(np.maximum(0, high - low), axis=1)
    covered = np.prod(one[2:]) + np.prod(others[:, 2:], axis=1) - shared
    return np.where(covered > 0, shared / np.where(covered > 0, covered, 1), 0)
