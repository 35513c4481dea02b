"""Boxes in pictures, as their corners [y1, x1, y2, x2]: the best of those that overlap, drawn, and cut at random around what they hold."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.node import Node, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import Array, TensorType, compatible, shape_str
from .array_fill import fill
from .array_index import size
from .array_join import concat
from .array_move import expand_dims
from .math import cast
from .random_draws import generator_of, stream_of

__all__ = ["draw_bounding_boxes", "non_max_suppression", "non_max_suppression_overlaps", "non_max_suppression_padded",
           "non_max_suppression_with_scores", "sample_distorted_bounding_box"]

Types = Sequence[TensorType]
_BOXES = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 10.0, 1.0, 11.0], [1.0, 1.0, 0.0, 0.0]])
_SCORES = np.array([0.9, 0.75, 0.6, 0.95])


# ---------------------------------------------------------------------- the best of those that overlap

def _chosen_types(types: Types, values: Values, threshold: float, least: float, sigma: float) -> tuple[TensorType, TensorType]:
    boxes, scores, count = types
    _expect("boxes, or their overlaps,", boxes, (None, None))
    _expect("scores", scores, (None,))
    if count.dtype.kind not in "iu" or not compatible(count.shape, ()):
        raise DTypeError(f"max_output_size is a whole number, not {count}")
    if boxes.shape is not None and scores.shape is not None and not compatible(boxes.shape[:1], scores.shape):
        raise ShapeError(f"{shape_str(boxes.shape[:1])} boxes have not {shape_str(scores.shape)} scores")
    return TensorType(np.dtype(np.int32), (None,)), TensorType(scores.dtype, (None,))


def _box_types(types: Types, values: Values, threshold: float, least: float, sigma: float) -> tuple[TensorType, TensorType]:
    if not compatible(types[0].shape, (None, 4)):
        raise ShapeError(f"boxes are of the shape [n,4], not {shape_str(types[0].shape)}")
    return _chosen_types(types, values, threshold, least, sigma)


def _overlap_types(types: Types, values: Values, threshold: float, least: float, sigma: float) -> tuple[TensorType, TensorType]:
    shape = types[0].shape
    if shape is not None and len(shape) == 2 and not compatible(shape[:1], shape[1:]):
        raise ShapeError(f"overlaps are a square matrix, not of the shape {shape_str(shape)}")
    return _chosen_types(types, values, threshold, least, sigma)


def _expect(what: str, t: TensorType, shape: tuple[int | None, ...]) -> None:
    if t.dtype.kind != "f":
        raise DTypeError(f"{what} are of a floating dtype, not {t.dtype}")
    if not compatible(t.shape, shape):
        raise ShapeError(f"{what} are of rank {len(shape)}, not of the shape {shape_str(t.shape)}")


def _chosen(overlaps: Callable[[int, Array], Array], scores: Array, count: Any, threshold: float, least: float, sigma: float) -> tuple[Array, Array]:
    """Boxes from the best score on: each takes away those that it overlaps by more, or lessens their scores; of equal ones the first comes first.

    With `sigma` a score is multiplied by exp(-overlap^2 / (2 sigma)) for each box chosen before (Bodla et al. 2017, "Soft-NMS"), and `threshold`
    has no effect, as in TensorFlow.
    """
    if int(count) < 0:
        raise InvalidArgumentError(f"max_output_size is at least 0, not {int(count)}")
    own = scores.astype(np.float64)
    threshold, least = (float(scores.dtype.type(v)) for v in (threshold, least))        # as what they are compared with is
    heap = [(-own[i], i) for i in np.flatnonzero(own > least).tolist()]
    heapq.heapify(heap)
    chosen: list[int] = []
    seen = dict.fromkeys((i for _, i in heap), 0)
    while heap and len(chosen) < int(count):
        score, i = -heap[0][0], heapq.heappop(heap)[1]
        found = overlaps(i, np.array(chosen[seen[i]:], np.int64))
        seen[i] = len(chosen)
        if not sigma and (found > threshold).any():
            continue
        lessened = score * float(np.prod(np.exp(-0.5 / sigma * found * found))) if sigma > 0 else score
        if lessened == score:
            chosen.append(i)
            own[i] = score
        elif lessened > least:
            heapq.heappush(heap, (-lessened, i))
    places = np.array(chosen, np.int64)
    return places.astype(np.int32), own[places].astype(scores.dtype)


_SUPPRESSION: Any = {"threshold": 0.5, "least": -math.inf, "sigma": 0.0}


@declare("host", _box_types, results=("selected_indices", "selected_scores"), batch="unrolled", weak=False, analytic=False, label="NonMaxSuppression",
         kinds={"threshold": (float,), "least": (float,), "sigma": (float,)},
         samples=(([_BOXES, _SCORES, np.int32(3)], _SUPPRESSION), ([_BOXES, _SCORES, np.int32(9)], {**_SUPPRESSION, "sigma": 0.5}),
                  ([np.zeros((0, 4)), np.zeros(0), np.int32(9)], _SUPPRESSION)))
def best_boxes(boxes: Any, scores: Any, max_output_size: Any, *, threshold: float = 0.5, least: float = -math.inf, sigma: float = 0.0) -> Any:
    """The places of boxes that overlap no better one, best first, and their scores."""
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    area = np.prod(high - low, axis=-1)

    def overlaps(i: int, others: Array) -> Array:
        shared = np.prod(np.maximum(np.minimum(high[i], high[others]) - np.maximum(low[i], low[others]), 0), axis=-1)
        joined = area[i] + area[others] - shared
        return np.where((area[i] <= 0) | (area[others] <= 0), 0, shared / np.where(joined > 0, joined, 1))
    return _chosen(overlaps, scores, max_output_size, threshold, least, sigma)


@declare("host", _overlap_types, results=("selected_indices", "selected_scores"), batch="unrolled", weak=False, analytic=False,
         kinds={"threshold": (float,), "least": (float,), "sigma": (float,)},
         samples=(([np.array([[1.0, 0.6, 0.1], [0.6, 1.0, 0.2], [0.1, 0.2, 1.0]]), np.array([0.5, 0.9, 0.4]), np.int32(3)], _SUPPRESSION),))
def best_by_overlaps(overlaps: Any, scores: Any, max_output_size: Any, *, threshold: float = 0.5, least: float = -math.inf,
                     sigma: float = 0.0) -> Any:
    """The places of what overlaps nothing better, by a matrix of overlaps, best first, and their scores."""
    return _chosen(lambda i, others: overlaps[i, others], scores, max_output_size, threshold, least, sigma)


def _number(what: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise GraphError(f"{what} is a number that is known while the graph is built, not {value!r:.80}{here()}") from None


def _options(what: str, threshold: Any, least: Any, sigma: Any = 0.0) -> dict[str, float]:
    found = {"threshold": _number(f"{what}: the threshold", threshold), "least": _number(f"{what}: score_threshold", least),
             "sigma": _number(f"{what}: soft_nms_sigma", sigma)}
    if not 0 <= found["threshold"] <= 1 or found["sigma"] < 0:
        raise GraphError(f"{what}: the threshold is from 0 to 1, and sigma at least 0, not {found['threshold']} and {found['sigma']}{here()}")
    return found


def non_max_suppression(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = -math.inf,
                        name: str | None = None) -> Node:
    """The places of boxes, best score first, without those whose overlap with a better one is more than a part of both together.

    boxes: float[n, 4], two corners [y1, x1, y2, x2] each; scores: float[n], above `score_threshold` -> int32[at most max_output_size].
    DTypeError, ShapeError, GraphError.

    >>> boxes = [[0.0, 0.0, 1.0, 1.0], [0.0, 0.1, 1.0, 1.1], [0.0, 5.0, 1.0, 6.0]]
    >>> tf.Session(jit=False).run(tf.image.non_max_suppression(boxes, [0.9, 0.8, 0.7], 3))
    array([0, 2], dtype=int32)
    """
    found: Node = best_boxes(boxes, scores, max_output_size, name=name, **_options("non_max_suppression", iou_threshold, score_threshold))[0]
    return found


def non_max_suppression_with_scores(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = -math.inf,
                                    soft_nms_sigma: Any = 0.0, name: str | None = None) -> tuple[Node, Node]:
    """`non_max_suppression`, and the scores of what is chosen; with `soft_nms_sigma` overlaps lessen scores instead (Bodla et al. 2017).

    DTypeError, ShapeError, GraphError.
    """
    places, left = best_boxes(boxes, scores, max_output_size, name=name,
                              **_options("non_max_suppression_with_scores", iou_threshold, score_threshold, soft_nms_sigma))
    return places, left


def non_max_suppression_overlaps(overlaps: Any, scores: Any, max_output_size: Any, overlap_threshold: Any = 0.5,
                                 score_threshold: Any = -math.inf, name: str | None = None) -> Node:
    """`non_max_suppression` by a matrix that has the overlap of each pair: float[n, n]. DTypeError, ShapeError, GraphError."""
    found: Node = best_by_overlaps(overlaps, scores, max_output_size, name=name,
                                   **_options("non_max_suppression_overlaps", overlap_threshold, score_threshold))[0]
    return found


def non_max_suppression_padded(boxes: Any, scores: Any, max_output_size: Any, iou_threshold: Any = 0.5, score_threshold: Any = -math.inf,
                               pad_to_max_output_size: bool = False, name: str | None = None) -> tuple[Node, Node]:
    """`non_max_suppression`, zeros behind it if asked for, and how many places there are. DTypeError, ShapeError, GraphError."""
    places = non_max_suppression(boxes, scores, max_output_size, iou_threshold, score_threshold, name)
    count = size(places)
    if pad_to_max_output_size:
        missing = expand_dims(cast(max_output_size, np.int32) - count, 0)
        places = concat([places, fill(missing, np.int32(0))], 0)
    return places, count


# ---------------------------------------------------------------------- drawing

# Yellow, blue, red, lime, purple, olive, maroon, navy, aqua and fuchsia, each opaque: the colours of boxes in turn, as in TensorFlow.
_COLOURS = np.array([[1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1], [0.5, 0.5, 0, 1], [0.5, 0, 0, 1], [0, 0, 0.5, 1],
                     [0, 1, 1, 1], [1, 0, 1, 1]])


def _drawn_type(types: Types, values: Values) -> TensorType:
    images, boxes, colours = types
    _expect("pictures", images, (None, None, None, None))
    _expect("boxes", boxes, (None, None, 4))
    _expect("colours", colours, (None, None))
    if images.shape is not None and boxes.shape is not None and not compatible(images.shape[:1], boxes.shape[:1]):
        raise ShapeError(f"{shape_str(images.shape[:1])} pictures have not the boxes of {shape_str(boxes.shape[:1])}")
    if not compatible(images.shape, (None, None, None, None)) or images.shape is not None and images.shape[3] not in (None, 1, 3, 4):
        raise ShapeError(f"pictures have 1, 3 or 4 channels, not those of {shape_str(images.shape)}")
    return images


@declare("host", _drawn_type, label="DrawBoundingBoxes", batch="unrolled", weak=False, analytic=False,
         samples=(([(2, 5, 6, 3), np.array([[[0.1, 0.2, 0.9, 0.8], [-0.5, 0.5, 0.5, 1.5]]] * 2), _COLOURS], {}),
                  ([(1, 4, 4, 1), np.array([[[0.9, 0.2, 0.1, 0.8]]]), _COLOURS], {})))
def boxes_drawn(images: Any, boxes: Any, colors: Any) -> Any:
    """Pictures with the borders of boxes in colours in turn; what lies outside is not drawn."""
    out = images.copy()
    height, width, depth = images.shape[1:]
    table = np.ones((1, 1)) if depth == 1 and not len(colors) else np.asarray(colors)
    if table.shape[1] < depth:
        raise InvalidArgumentError(f"colours of {table.shape[1]} numbers for pictures of {depth} channels")
    ends = (boxes * (np.array([height, width] * 2, boxes.dtype) - 1)).astype(np.int64)
    for picture, own in zip(out, ends, strict=True):
        for k, (top, left, bottom, right) in enumerate(own.tolist()):
            if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
                continue
            colour = table[k % len(table), :depth]
            rows, columns = slice(max(top, 0), min(bottom, height - 1) + 1), slice(max(left, 0), min(right, width - 1) + 1)
            for row in (r for r in (top, bottom) if 0 <= r < height):
                picture[row, columns] = colour
            for column in (c for c in (left, right) if 0 <= c < width):
                picture[rows, column] = colour
    return out


def draw_bounding_boxes(images: Any, boxes: Any, name: str | None = None, colors: Any = None) -> Node:
    """Pictures with the borders of boxes, one pixel wide, each in the next colour.

    images: float[n, height, width, 1, 3 or 4]; boxes: float[n, m, 4], corners [y1, x1, y2, x2] as parts of height and width; colors:
    float[k, channels]. It has no gradient. DTypeError, ShapeError.

    >>> tf.Session(jit=False).run(tf.image.draw_bounding_boxes(tf.zeros([1, 3, 4, 1]), [[[0.0, 0.0, 1.0, 0.67]]]))[0, :, :, 0]
    array([[1., 1., 1., 0.],
           [1., 0., 1., 0.],
           [1., 1., 1., 0.]], dtype=float32)
    """
    x = to_node(images)
    grey = x.type.shape is not None and len(x.type.shape) == 4 and x.type.shape[3] == 1
    table = (np.ones((1, 1)) if grey else _COLOURS).astype(x.type.dtype) if colors is None else colors
    return boxes_drawn(x, boxes, table, name=name)


# ---------------------------------------------------------------------- cut at random

def _crop_types(types: Types, values: Values, **attrs: Any) -> tuple[TensorType, TensorType, TensorType]:
    size, boxes, _ = types
    if size.dtype.kind not in "iu" or not compatible(size.shape, (3,)):
        raise ShapeError(f"image_size is [height, width, channels], three whole numbers, not {size}")
    if boxes.dtype.kind != "f" or not compatible(boxes.shape, (None, None, 4)):
        raise DTypeError(f"bounding_boxes is float[batch, n, 4], not {boxes}")
    return TensorType(size.dtype, (3,)), TensorType(size.dtype, (3,)), TensorType(np.dtype(np.float32), (1, 1, 4))


_MOST_ATTEMPTS = 10_000


def _crop_attrs(types: Types, covered: Any, aspects: Any, areas: Any, attempts: Any, whole: Any) -> dict[str, Any]:
    def pair(what: str, given: Any, most: float) -> tuple[float, float]:
        found = [_number(what, v) for v in given] if isinstance(given, (list, tuple)) else []
        if len(found) != 2 or not 0 < found[0] <= found[1] <= most:
            raise GraphError(f"{what} is two numbers from low to high, not {given!r:.80}")
        return found[0], found[1]
    if isinstance(attempts, bool) or not isinstance(attempts, (int, np.integer)) or not 0 < attempts <= _MOST_ATTEMPTS:
        raise GraphError(f"max_attempts is a number from 1 to {_MOST_ATTEMPTS}, not {attempts!r:.40}")
    return {"covered": _number("min_object_covered", covered), "aspects": pair("aspect_ratio_range", aspects, 1e6),
            "areas": pair("area_range", areas, 1.0), "attempts": int(attempts), "whole": bool(whole)}


def _one_crop(height: int, width: int, areas: tuple[float, float], aspect: float, draw: np.random.Generator) -> tuple[int, int, int, int] | None:
    """Top, left, height and width of a window of that aspect, width by height, whose area is within bounds; None if it does not fit."""
    least, most = (part * height * width for part in areas)
    tall, short = round(math.sqrt(most / aspect)), round(math.sqrt(least / aspect))
    if round(tall * aspect) > width:
        tall = int((width + 0.5 - 1e-7) / aspect)
    tall = min(tall, height)
    h = min(short, tall)
    h += int(draw.integers(tall - h + 1)) if h < tall else 0
    for fixed in (h, h + 1, h - 1):
        w = round(fixed * aspect)
        if 0 < fixed <= height and 0 < w <= width and least <= fixed * w <= most:
            return int(draw.integers(height - fixed + 1)), int(draw.integers(width - w + 1)), fixed, w
    return None


def _covers(crop: tuple[int, int, int, int], boxes: Array, least: float) -> bool:
    """Whether a window has so large a part of one of the boxes, which are in pixels."""
    low, high = np.array(crop[:2]), np.array(crop[:2]) + crop[2:]
    shared = np.prod(np.maximum(np.minimum(high, boxes[:, 2:]) - np.maximum(low, boxes[:, :2]), 0), axis=-1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1)
    return bool(((area > 0) & (shared >= least * area)).any())


@declare("host", _crop_types, results=("begin", "size", "bboxes"), batch="unrolled", weak=False, label="SampleDistortedBoundingBoxV2",
         prepare=_crop_attrs,
         samples=(([np.array([40, 30, 3]), np.array([[[0.1, 0.2, 0.7, 0.9]]], np.float32), np.array([7, 11, 13, 17])],
                   {"covered": 0.1, "aspects": (0.75, 1.33), "areas": (0.05, 1.0), "attempts": 100, "whole": False}),))
def distorted_box(image_size: Any, bounding_boxes: Any, words: Any, *, covered: float, aspects: Any, areas: Any, attempts: int, whole: bool) -> Any:
    """Begin, size and corners of a window that has a part of a box, from a stream that the words name; the whole picture if none is found."""
    height, width = (int(n) for n in image_size[:2])
    boxes = bounding_boxes.reshape(-1, 4).astype(np.float64)
    if not len(boxes) and not whole:
        raise InvalidArgumentError("there are no bounding boxes; use_image_if_no_bounding_boxes takes the whole picture then")
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(f"a picture of {height} by {width} pixels has no parts")
    pixels = (boxes if len(boxes) else np.array([[0.0, 0.0, 1.0, 1.0]])) * [height, width, height, width]
    draw, found = generator_of(words), (0, 0, height, width)
    for _ in range(attempts):
        crop = _one_crop(height, width, areas, float(draw.uniform(*aspects)), draw)
        if crop is not None and _covers(crop, pixels, covered):
            found = crop
            break
    top, left, h, w = found
    corners = np.array([[[top / height, left / width, (top + h) / height, (left + w) / width]]], np.float32)
    return np.array([top, left, 0], image_size.dtype), np.array([h, w, -1], image_size.dtype), corners


def sample_distorted_bounding_box(image_size: Any, bounding_boxes: Any, seed: int | None = None, seed2: int | None = None,
                                  min_object_covered: Any = 0.1, aspect_ratio_range: Any = None, area_range: Any = None,
                                  max_attempts: Any = None, use_image_if_no_bounding_boxes: bool | None = None,
                                  name: str | None = None) -> tuple[Node, Node, Node]:
    """A window of a picture that has a part of one of some boxes, drawn in every run: begin and size for `tf.slice`, and its corners.

    image_size: int[3]; bounding_boxes: float32[batch, n, 4], corners as parts of height and width -> int[3], int[3], float32[1, 1, 4].
    `aspect_ratio_range` (0.75 to 1.33): width by height; `area_range` (0.05 to 1): its part of the picture. After `max_attempts` (100) it is the
    whole picture. Other numbers than TensorFlow's are drawn. DTypeError, ShapeError, GraphError; InvalidArgumentError, when run: no boxes.

    >>> window = tf.image.sample_distorted_bounding_box([40, 30, 3], [[[0.1, 0.2, 0.7, 0.9]]], min_object_covered=0.5)
    >>> tf.Session(jit=False).run(window.bboxes).shape
    (1, 1, 4)
    """
    found: tuple[Node, Node, Node] = distorted_box(
        image_size, bounding_boxes, stream_of(seed, name or "sample_distorted_bounding_box"), covered=min_object_covered,
        aspects=(0.75, 1.33) if aspect_ratio_range is None else aspect_ratio_range, areas=(0.05, 1.0) if area_range is None else area_range,
        attempts=max_attempts or 100, whole=bool(use_image_if_no_bounding_boxes), name=name)
    return found
