"""Pools of any ratio, dilation by way of the batch, patches of volumes, labels once each, and the best boxes of several classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import DTypeError, GraphError, InvalidArgumentError, ShapeError
from tests.draws import draws

DRAWN = draws(4)
PICTURES = DRAWN.normal(size=(2, 11, 14, 3)).astype(np.float32)


# ---------------------------------------------------------------------- pools of any ratio

def by_hand(x: Any, edges: Any, axis: int, overlapping: bool, mean: bool) -> Any:
    """The windows of one axis, each by itself."""
    moved = np.moveaxis(x, axis, 0)
    windows = [moved[a:min(b + overlapping, len(moved))] for a, b in zip(edges, edges[1:], strict=False)]
    return np.moveaxis(np.stack([w.mean(0, dtype=np.float64) if mean else w.max(0) for w in windows]), 0, axis)


@pytest.mark.parametrize("mean", [False, True], ids=["max", "mean"])
@pytest.mark.parametrize("pseudo_random", [False, True], ids=["random", "pseudorandom"])
@pytest.mark.parametrize("overlapping", [False, True], ids=["apart", "overlapping"])
@pytest.mark.parametrize("rows", [2, None], ids=["closed", "open"])
def test_windows_as_they_are_told(mean: bool, pseudo_random: bool, overlapping: bool, rows: int | None, session: Any) -> None:
    """The pool of the windows that are returned, which are n // out or one more elements wide, in an order that is drawn."""
    x = tf.placeholder(tf.float32, [rows, *([11, 14] if rows else [None, None]), 3])
    pool = tf.nn.fractional_avg_pool if mean else tf.nn.fractional_max_pool
    made = pool(x, [1.0, 1.5, 2.0, 1.0], pseudo_random, overlapping, seed=3)
    (slope,) = tf.gradients(tf.reduce_sum(made.output), [x])
    out, vertical, horizontal, found = session.run([*made, slope], {x: PICTURES})
    assert vertical.dtype == horizontal.dtype == np.int64
    assert sorted(set(np.diff(vertical))) == [1, 2] and (vertical[0], vertical[-1], len(vertical)) == (0, 11, 8)
    assert horizontal.tolist() == list(range(0, 15, 2))         # 14 / 2 is whole: all are alike
    wanted = by_hand(by_hand(PICTURES, vertical, 1, overlapping, mean), horizontal, 2, overlapping, mean)
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.sum(), out.size, rtol=1e-5)
    assert made.output.shape.as_list() == ([2, 7, 7, 3] if rows else [None, None, None, 3])


def test_windows_that_are_fixed(session: Any) -> None:
    """`deterministic`: each run has them, by the seeds; else they are drawn anew."""
    x = tf.constant(PICTURES)
    fixed, other = (tf.nn.fractional_max_pool(x, [1, 1.3, 1.3, 1], deterministic=True, seed=1, seed2=n).row_pooling_sequence for n in (2, 9))
    free = tf.nn.fractional_max_pool(x, [1, 1.3, 1.3, 1], pseudo_random=True).col_pooling_sequence
    runs = [session.run([fixed, other, free]) for _ in range(12)]
    assert len({tuple(r[0]) for r in runs}) == len({tuple(r[1]) for r in runs}) == 1 and tuple(runs[0][0]) != tuple(runs[0][1])
    assert len({tuple(r[2]) for r in runs}) > 1


def test_pools_of_whole_numbers(session: Any) -> None:
    x = np.arange(36).reshape(1, 6, 6, 1)
    greatest, mean = (session.run(pool(tf.constant(x), [1, 2, 3, 1]).output) for pool in (tf.nn.fractional_max_pool, tf.nn.fractional_avg_pool))
    assert greatest.dtype == mean.dtype == np.int64
    assert greatest[0, :, :, 0].tolist() == [[8, 11], [20, 23], [32, 35]] and mean[0, :, :, 0].tolist() == [[4, 7], [16, 19], [28, 31]]


# ---------------------------------------------------------------------- dilation by way of the batch

@pytest.mark.parametrize("rate, padding, options", [
    ([2, 3], "SAME", {"filter_shape": [3, 2]}), ([2, 1], "VALID", {}), ([1, 1], "SAME", {}), ([2, 2], [[2, 2], [1, 1]], {})], ids=str)
@pytest.mark.parametrize("sizes", [(2, 8, 9), (None, None, None)], ids=["closed", "open"])
def test_dilation_by_way_of_the_batch(rate: Any, padding: Any, options: Any, sizes: Any, session: Any) -> None:
    """As `convolution` with a dilation_rate has it."""
    given, w = DRAWN.normal(size=(2, 8, 9, 2)).astype(np.float32), DRAWN.normal(size=(3, 2, 2, 3)).astype(np.float32)
    x = tf.placeholder(tf.float32, [*sizes, 2])
    found = tf.nn.with_space_to_batch(x, rate, padding, lambda i, n, p: tf.nn.conv2d(i, w, [1] * 4, p), **options)
    around = given if isinstance(padding, str) else np.pad(given, [(0, 0), *padding, (0, 0)])
    wanted = tf.nn.convolution(around, w, padding if isinstance(padding, str) else "VALID", dilation_rate=rate)
    np.testing.assert_allclose(session.run(found, {x: given}), session.run(wanted), rtol=1e-5, atol=1e-5)


def test_axes_between_are_left_alone(session: Any) -> None:
    x, w = DRAWN.normal(size=(2, 6, 3, 8, 2)).astype(np.float32), DRAWN.normal(size=(3, 1, 2, 2, 3)).astype(np.float32)
    found = tf.nn.with_space_to_batch(tf.constant(x), [2, 2], "SAME", lambda i, n, p: tf.nn.conv3d(i, w, [1] * 5, p), [3, 2], spatial_dims=[1, 3])
    wanted = tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 1, 2])
    np.testing.assert_allclose(*session.run([found, wanted]), rtol=1e-5, atol=1e-5)


# ---------------------------------------------------------------------- patches and labels

# The window, the strides, the padding, the shape, and the sum of elements times their places: by TensorFlow 2.15.
VOLUMES = [((1, 2, 2, 3, 1), (1, 1, 2, 1, 1), "VALID", (2, 2, 2, 3, 24), 25900512.0),
           ((1, 2, 3, 2, 1), (1, 2, 2, 3, 1), "SAME", (2, 2, 2, 2, 24), 6598752.0)]


@pytest.mark.parametrize("window, strides, padding, shape, total", VOLUMES)
@pytest.mark.parametrize("sizes", [(2, 3, 4, 5), (None, None, 4, None)], ids=["closed", "open"])
def test_patches_of_volumes(window: Any, strides: Any, padding: str, shape: Any, total: float, sizes: Any, session: Any) -> None:
    x = tf.placeholder(tf.float64, [*sizes, 2])
    made = tf.extract_volume_patches(x, window, strides, padding)
    found = session.run(made, {x: np.arange(240.0).reshape(2, 3, 4, 5, 2)})
    assert found.shape == shape and made.shape.is_compatible_with(shape)
    assert (found.ravel() * np.arange(found.size)).sum() == total


@pytest.mark.parametrize("labels, unique, places", [
    ([[3, 4, 4, 3], [0, 5, 5, 5]], [[3, 4, 0, 0], [0, 5, 0, 0]], [[0, 1, 1, 0], [0, 1, 1, 1]]),        # by TensorFlow 2.15
    ([[7]], [[7]], [[0]]), (np.zeros((0, 3), int).tolist() or np.zeros((0, 3), np.int64), np.zeros((0, 3)).tolist(), np.zeros((0, 3)).tolist()),
])
def test_labels_once_each(labels: Any, unique: Any, places: Any, session: Any) -> None:
    x = tf.placeholder(tf.int64, [None, None])
    found, where = session.run(tf.nn.ctc_unique_labels(x), {x: labels})
    assert (found.dtype, where.dtype) == (np.int64, np.int32) and found.tolist() == unique and where.tolist() == places


# ---------------------------------------------------------------------- the best boxes of several classes

_R = np.random.RandomState(3)
BOXES = np.round(_R.uniform(-0.1, 1.1, size=(2, 6, 3, 4)).astype(np.float32), 2)
SCORES = np.round(_R.uniform(size=(2, 6, 3)), 3).astype(np.float32)
# Options, then scores and classes of both pictures, by TensorFlow 2.15.
_FIRST = [[0.972, 0.965, 0.88, 0.877, 0.841, 0.695], [0.872, 0.848, 0.837, 0.834, 0.832, 0.699]]
_KINDS = [[0, 2, 1, 2, 1, 0], [1, 2, 2, 0, 1, 0]]
BEST: list[tuple[int, int, dict[str, Any], Any, Any]] = [
    (3, 9, {}, _FIRST, _KINDS), (3, 9, {"pad_per_class": True, "clip_boxes": False}, _FIRST, _KINDS),
    (3, 9, {"iou_threshold": 0.2, "score_threshold": 0.3}, [[0.972, 0.965, 0.88, 0.841, 0.799, 0.695], _FIRST[1]], [[0, 2, 1, 1, 2, 0], _KINDS[1]]),
    (1, 4, {}, [row[:4] for row in _FIRST], [row[:4] for row in _KINDS]),
]


@pytest.mark.parametrize("kinds, total, options, scores, classes", BEST)
def test_best_boxes_of_classes(kinds: int, total: int, options: dict[str, Any], scores: Any, classes: Any, session: Any) -> None:
    boxes, given = tf.placeholder(tf.float32, [None, 6, kinds, 4]), tf.placeholder(tf.float32, [2, None, 3])
    made = tf.image.combined_non_max_suppression(boxes, given, 2, total, **options)
    found = session.run(made, {boxes: BOXES[:, :, :kinds], given: SCORES})
    count, wide = len(scores[0]), 6 if options.get("pad_per_class") else total
    assert found[3].tolist() == [count] * 2 and found[3].dtype == np.int32 and found[1].shape == (2, wide)
    np.testing.assert_allclose(found[1], np.pad(scores, [(0, 0), (0, wide - count)]), rtol=1e-6)
    np.testing.assert_array_equal(found[2], np.pad(classes, [(0, 0), (0, wide - count)]))
    for row in range(2):
        for box, score, c in zip(found[0][row, :count], found[1][row, :count], classes[row], strict=True):
            own = BOXES[row, list(SCORES[row, :, c]).index(score), c if kinds > 1 else 0]
            np.testing.assert_array_equal(box, own if options.get("clip_boxes") is False else np.clip(own, 0, 1))
    assert not found[0][:, count:].any() and all(node.shape.is_compatible_with(a.shape) for node, a in zip(made, found, strict=True))


def x4() -> tf.Tensor:
    return tf.zeros([1, 6, 6, 1])


@pytest.mark.parametrize("make, error, message", [
    (lambda: tf.nn.fractional_max_pool(x4(), [1, 2, 2]), ShapeError, r"pooling_ratio is \[1.0, rows, columns, 1.0\]"),
    (lambda: tf.nn.fractional_max_pool(x4(), [1, 0.5, 2, 1]), ShapeError, "of numbers of 1 or more"),
    (lambda: tf.nn.fractional_avg_pool(x4(), [1, 7, 2, 1]), ShapeError, "6 elements leave none by the ratio 7.0"),
    (lambda: tf.nn.fractional_max_pool(tf.zeros([2, 2]), [1, 2, 2, 1]), ShapeError, "fractional_max_pool"),
    (lambda: tf.nn.fractional_max_pool(tf.zeros([1, 6, 6, 1], tf.int8), [1, 2, 2, 1]), DTypeError, "float32, float64, int32 or int64"),
    (lambda: tf.nn.with_space_to_batch(x4(), [2, 2], "SAME", lambda x, n, p: x), GraphError, "needs the filter_shape"),
    (lambda: tf.nn.with_space_to_batch(x4(), [2, 2], "FULL", lambda x, n, p: x), ShapeError, "padding is 'SAME', 'VALID'"),
    (lambda: tf.nn.with_space_to_batch(x4(), [2, 0], "VALID", lambda x, n, p: x), ShapeError, "is no number from 1 on"),
    (lambda: tf.nn.with_space_to_batch(x4(), [2, 2], "VALID", lambda x, n, p: x, spatial_dims=[2, 1]), ShapeError, "in order"),
    (lambda: tf.nn.with_space_to_batch(x4(), [2], "VALID", lambda x, n, p: x, spatial_dims=[5]), ShapeError, "has no axis 5"),
    (lambda: tf.nn.with_space_to_batch(x4(), [2, 2], "SAME", lambda x, n, p: x, filter_shape=[3]), ShapeError, "has not 2 sizes"),
    (lambda: tf.extract_volume_patches(x4(), [1] * 5, [1] * 5, "SAME"), ShapeError, "the volumes"),
    (lambda: tf.nn.ctc_unique_labels([[1.0]]), DTypeError, "not of whole numbers"),
    (lambda: tf.nn.ctc_unique_labels([1]), ShapeError, r"is not \[batch, n\]"),
    (lambda: tf.image.combined_non_max_suppression(BOXES, SCORES, 0, 4), GraphError, "max_output_size_per_class is a number of 1 or more"),
    (lambda: tf.image.combined_non_max_suppression(BOXES, SCORES, 2, 4, iou_threshold=2.0), GraphError, "iou_threshold is from 0 to 1"),
    (lambda: tf.image.combined_non_max_suppression(BOXES[:, :, :2], SCORES, 2, 4), ShapeError, "one for all classes or one each"),
    (lambda: tf.image.combined_non_max_suppression(BOXES[..., :3], SCORES, 2, 4), ShapeError, "boxes are of the shape"),
    (lambda: tf.image.combined_non_max_suppression(BOXES, SCORES.astype(int), 2, 4), DTypeError, "scores are of a floating dtype"),
])
def test_refusals(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_ratios_that_a_run_finds_too_large() -> None:
    x = tf.placeholder(tf.float32, [1, None, None, 1])
    with pytest.raises(InvalidArgumentError):
        tf.Session(jit=False).run(tf.nn.fractional_max_pool(x, [1, 4, 2, 1]).output, {x: np.zeros((1, 3, 4, 1))})
