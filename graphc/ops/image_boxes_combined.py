"""The best boxes of several classes and pictures at once, as detectors give them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.known import as_int
from ..ir.node import Node, here
from ..ir.operator import Values, declare
from ..ir.types import TensorType, compatible, shape_str
from .image_boxes import best_boxes

__all__ = ["combined_non_max_suppression"]

_BOXES = np.array([[[[0.0, 0.0, 0.5, 0.5]], [[0.0, 0.05, 0.5, 0.55]], [[0.5, 0.5, 1.0, 1.2]], [[0.0, 0.5, 0.2, 0.9]]]])
_SCORES = np.array([[[0.9, 0.1], [0.75, 0.3], [0.6, 0.95], [0.2, 0.5]]])
_HOW: Any = {"each": 2, "total": 3, "threshold": 0.5, "least": -math.inf, "per_class": False, "clip": True}


class CombinedNonMaxSuppression(NamedTuple):
    """The best boxes of each picture, their scores, their classes, and how many of them there are."""

    nmsed_boxes: Node
    nmsed_scores: Node
    nmsed_classes: Node
    valid_detections: Node


def _types(types: Sequence[TensorType], values: Values, each: int, total: int, threshold: float, least: float, per_class: bool,
           clip: bool) -> tuple[TensorType, ...]:
    boxes, scores = types
    for what, t, dims in (("boxes", boxes, (None, None, None, 4)), ("scores", scores, (None, None, None))):
        if t.dtype.kind != "f":
            raise DTypeError(f"{what} are of a floating dtype, not {t.dtype}")
        if not compatible(t.shape, dims):
            raise ShapeError(f"{what} are of the shape {shape_str(dims)}, not {shape_str(t.shape)}")
    if boxes.dtype != scores.dtype:
        raise DTypeError(f"boxes are {boxes.dtype}, and scores {scores.dtype}")
    b, s = boxes.shape or (None,) * 4, scores.shape or (None,) * 3
    if not compatible(b[:2], s[:2]) or b[2] is not None and s[2] is not None and b[2] not in (1, s[2]):
        raise ShapeError(f"boxes of the shape {shape_str(boxes.shape)} are not those, one for all classes or one each, of scores of the shape "
                         f"{shape_str(scores.shape)}")
    rows = b[0] if b[0] is not None else s[0]
    count = total if not per_class else None if s[2] is None else min(total, each * s[2])
    kind = boxes.dtype
    each_one = TensorType(kind, (rows, count))
    return TensorType(kind, (rows, count, 4)), each_one, each_one, TensorType(np.dtype(np.int32), (rows,))


@declare("host", _types, results=("nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"), batch="unrolled", weak=False, analytic=False,
         label="CombinedNonMaxSuppression",
         kinds={"each": (int,), "total": (int,), "threshold": (float,), "least": (float,), "per_class": (bool,), "clip": (bool,)},
         samples=(([_BOXES, _SCORES], _HOW), ([np.tile(_BOXES, (2, 1, 2, 1)), np.tile(_SCORES, (2, 1, 1))], {**_HOW, "clip": False, "total": 9}),
                  ([_BOXES, _SCORES], {**_HOW, "per_class": True, "total": 9, "least": 0.4})))
def best_of_classes(boxes: Any, scores: Any, *, each: int, total: int, threshold: float, least: float, per_class: bool, clip: bool) -> Any:
    """For each picture the best boxes of all classes, best first, zeros behind them."""
    rows, _, classes = scores.shape
    count = min(total, each * classes) if per_class else total
    found = (np.zeros((rows, count, 4), boxes.dtype), np.zeros((rows, count), boxes.dtype), np.zeros((rows, count), boxes.dtype))
    valid = np.zeros(rows, np.int32)
    for row in range(rows):
        taken = []
        for c in range(classes):
            own = boxes[row, :, c if boxes.shape[2] > 1 else 0]
            places, left = best_boxes.reference(own, scores[row, :, c], each, threshold=threshold, least=least, sigma=0.0)
            taken += [(-score, c, own[place]) for place, score in zip(places.tolist(), left.tolist(), strict=True)]
        taken.sort(key=lambda t: t[0])
        valid[row] = min(len(taken), count)
        for i, (score, c, box) in enumerate(taken[:count]):
            found[0][row, i], found[1][row, i], found[2][row, i] = (np.clip(box, 0, 1) if clip else box), -score, c
    return *found, valid


def combined_non_max_suppression(boxes: Any, scores: Any, max_output_size_per_class: Any, max_total_size: Any, iou_threshold: float = 0.5,
                                 score_threshold: float = -math.inf, pad_per_class: bool = False, clip_boxes: bool = True,
                                 name: str | None = None) -> CombinedNonMaxSuppression:
    """The best boxes of each picture: of each class without those that overlap a better one, then of all classes together, best first.

    boxes: float[batch, n, q, 4], q the number of classes or 1, scores: float[batch, n, classes] -> (float[batch, k, 4], their scores and classes,
    float[batch, k], int32[batch], how many there are; zeros stand behind them). k is `max_total_size`, or with `pad_per_class` no more than
    max_output_size_per_class * classes. `clip_boxes`: into [0, 1]. GraphError: sizes that are no numbers above 0, or a threshold that is none.
    ShapeError, DTypeError: operands that do not fit.

    >>> boxes = [[[[0.0, 0.0, 1.0, 1.0]], [[0.0, 0.1, 1.0, 1.1]], [[0.0, 5.0, 1.0, 6.0]]]]
    >>> found = tf.image.combined_non_max_suppression(boxes, [[[0.9, 0.2], [0.8, 0.3], [0.7, 0.1]]], 2, 4, score_threshold=0.15)
    >>> tf.Session(jit=False).run([found.nmsed_scores, found.nmsed_classes, found.valid_detections])
    [array([[0.9, 0.7, 0.3, 0. ]], dtype=float32), array([[0., 0., 1., 0.]], dtype=float32), array([3], dtype=int32)]
    """
    what = "combined_non_max_suppression"
    sizes = {"max_output_size_per_class": as_int(max_output_size_per_class), "max_total_size": as_int(max_total_size)}
    for word, value in sizes.items():
        if value is None or value < 1:
            raise GraphError(f"{what}: {word} is a number of 1 or more that is known, not {value!r:.40}{here()}")
    if not 0.0 <= float(iou_threshold) <= 1.0 or math.isnan(float(score_threshold)):
        raise GraphError(f"{what}: iou_threshold is from 0 to 1, and score_threshold a number, not {iou_threshold} and {score_threshold}{here()}")
    return CombinedNonMaxSuppression(*best_of_classes(
        boxes, scores, each=sizes["max_output_size_per_class"], total=sizes["max_total_size"], threshold=float(iou_threshold),
        least=float(score_threshold), per_class=bool(pad_per_class), clip=bool(clip_boxes), name=name))
