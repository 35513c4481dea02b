"""Boxes: what overlaps is left out as a slow search has it, borders are drawn where TensorFlow draws them, and windows hold what they are to."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def boxes_of(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 1, (n, 2))
    boxes = np.concatenate([corner, corner + random.uniform(0, 0.5, (n, 2))], 1).astype("float32")
    boxes[::3] = boxes[::3][:, [2, 3, 0, 1]]                    # the other two corners
    return boxes, np.round(random.uniform(0, 1, n), 1).astype("float32")


def overlap(a, b):
    """Intersection by union, from corners in any order."""
    (a_low, a_high), (b_low, b_high) = (np.sort(np.reshape(v, (2, 2)), axis=0) for v in (a, b))
    shared = math.prod(max(0.0, min(h, k) - max(low, m)) for low, h, m, k in zip(a_low, a_high, b_low, b_high, strict=True))
    area = [math.prod(high - low) for low, high in ((a_low, a_high), (b_low, b_high))]
    return 0.0 if min(area) <= 0 else shared / (sum(area) - shared)


def slow(boxes, scores, count, threshold, least=-math.inf):
    chosen: list[int] = []
    for i in sorted(range(len(scores)), key=lambda k: (-scores[k], k)):
        if scores[i] > np.float32(least) and len(chosen) < count and all(overlap(boxes[i], boxes[j]) <= threshold for j in chosen):
            chosen.append(i)
    return chosen


@pytest.mark.parametrize("n", [0, 1, 5, 60])
@pytest.mark.parametrize("threshold", [0.0, 0.31, 0.53, 1.0])
def test_suppression(n, threshold):
    boxes, scores = boxes_of(n, n)
    with tf.Session(jit=False) as session:
        for count in (0, 3, 100):
            for least in (-math.inf, 0.4):
                found = session.run(tf.image.non_max_suppression(boxes, scores, count, threshold, least))
                assert found.dtype == np.int32 and found.tolist() == slow(boxes, scores, count, threshold, least)


SIX = np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [0, 10.1, 1, 11.1], [0, 100, 1, 101]], "float32")
SCORES = np.array([0.9, 0.75, 0.6, 0.95, 0.5, 0.3], "float32")


def test_soft_suppression_and_scores(session):
    """The boxes of TensorFlow's documentation of soft suppression: what its kernel of version 2.15 gives for sigma 0.5 and 0."""
    soft = tf.image.non_max_suppression_with_scores(SIX, SCORES, 6, 1.0, 0.0, 0.5)
    hard = tf.image.non_max_suppression_with_scores(SIX, SCORES, 6, 0.5)
    (places, left), (few, whole) = session.run([soft, hard])
    assert places.tolist() == [3, 0, 1, 5, 4, 2] and few.tolist() == [3, 0, 5]
    np.testing.assert_allclose(left, [0.95, 0.9, 0.384, 0.3, 0.256, 0.197], atol=1e-3)
    np.testing.assert_array_equal(whole, SCORES[few])


def test_suppression_by_overlaps_and_padded(session):
    matrix = np.array([[overlap(a, b) for b in SIX] for a in SIX], "float32")
    count = tf.placeholder(tf.int32, [])
    found = [tf.image.non_max_suppression_overlaps(matrix, SCORES, count, 0.5), *tf.image.non_max_suppression_padded(SIX, SCORES, count, 0.5),
             *tf.image.non_max_suppression_padded(SIX, SCORES, count, 0.5, pad_to_max_output_size=True)]
    by, plain, n, padded, m = session.run(found, {count: 5})
    assert by.tolist() == plain.tolist() == [3, 0, 5] and n == m == 3 and padded.tolist() == [3, 0, 5, 0, 0]


def test_borders(session):
    """One box within, one that lies half outside, and one the wrong way round, which is not drawn."""
    boxes = np.array([[[0.0, 0.25, 0.5, 0.75], [0.5, 0.75, 1.5, 1.5], [0.9, 0.9, 0.1, 0.1]]], "float32")
    colours = np.array([[1.0], [2.0], [3.0]], "float32")
    found = session.run(tf.image.draw_bounding_boxes(np.zeros((1, 5, 5, 1), "float32"), boxes, colors=colours))[0, :, :, 0]
    assert found.tolist() == [[0, 1, 1, 1, 0], [0, 1, 0, 1, 0], [0, 1, 1, 2, 2], [0, 0, 0, 2, 0], [0, 0, 0, 2, 0]]


def test_colours_in_turn(session):
    boxes = np.array([[[k / 12, 0.0, k / 12, 1.0] for k in range(12)]], "float32")
    found = session.run(tf.image.draw_bounding_boxes(np.zeros((1, 13, 3, 3), "float32"), boxes))[0, :12, 0]
    assert found[0].tolist() == [1, 1, 0] and found[1].tolist() == [0, 0, 1] and found[4].tolist() == [0.5, 0, 0.5]
    assert np.array_equal(found[10:], found[:2])


@pytest.mark.parametrize("covered, areas, aspects", [(0.1, (0.05, 1.0), (0.75, 1.33)), (0.9, (0.3, 1.0), (0.9, 1.1)), (0.5, (0.2, 0.4), (0.5, 2.0))])
def test_windows(covered, areas, aspects):
    tf.set_random_seed(7)
    box = np.array([0.2, 0.3, 0.6, 0.8], "float32")
    drawn = tf.image.sample_distorted_bounding_box([60, 80, 3], box.reshape(1, 1, 4), min_object_covered=covered, area_range=areas,
                                                   aspect_ratio_range=aspects)
    seen = set()
    with tf.Session(jit=False) as session:
        for _ in range(40):
            begin, size, corners = session.run(drawn)
            assert begin[2] == 0 and size[2] == -1 and (begin[:2] >= 0).all() and (begin[:2] + size[:2] <= [60, 80]).all()
            np.testing.assert_allclose(corners[0, 0], [begin[0] / 60, begin[1] / 80, (begin[0] + size[0]) / 60, (begin[1] + size[1]) / 80], rtol=1e-6)
            low, high = np.maximum(corners[0, 0, :2], box[:2]), np.minimum(corners[0, 0, 2:], box[2:])
            assert np.prod(np.maximum(high - low, 0)) >= (covered - 1e-5) * np.prod(box[2:] - box[:2])
            whole = tuple(size[:2]) == (60, 80)
            assert whole or areas[0] <= size[0] * size[1] / 4800 <= areas[1] and aspects[0] - 0.05 <= size[1] / size[0] <= aspects[1] + 0.05
            seen.add((*begin, *size))
    assert len(seen) > 20


def test_windows_without_boxes():
    none = np.zeros((1, 0, 4), "float32")
    with tf.Session(jit=False) as session:
        begin, size, corners = session.run(tf.image.sample_distorted_bounding_box([20, 20, 3], none, use_image_if_no_bounding_boxes=True))
        assert size[0] > 0 and corners.shape == (1, 1, 4)
        with pytest.raises(errors.InvalidArgumentError, match="no bounding boxes"):
            session.run(tf.image.sample_distorted_bounding_box([20, 20, 3], none).size)


MISTAKES = [
    ("boxes of three numbers", lambda: tf.image.non_max_suppression(np.zeros((2, 3)), np.zeros(2), 1), errors.ShapeError, r"\[n,4\]"),
    ("other scores", lambda: tf.image.non_max_suppression(np.zeros((2, 4)), np.zeros(3), 1), errors.ShapeError, "have not"),
    ("a threshold", lambda: tf.image.non_max_suppression(np.zeros((2, 4)), np.zeros(2), 1, 1.5), errors.GraphError, "from 0 to 1"),
    ("whole numbers", lambda: tf.image.non_max_suppression(np.zeros((2, 4), int), np.zeros(2), 1), errors.DTypeError, "floating"),
    ("no square", lambda: tf.image.non_max_suppression_overlaps(np.zeros((2, 3)), np.zeros(2), 1), errors.ShapeError, "square"),
    ("two channels", lambda: tf.image.draw_bounding_boxes(np.zeros((1, 2, 2, 2)), np.zeros((1, 1, 4))), errors.ShapeError, "channels"),
    ("an area", lambda: tf.image.sample_distorted_bounding_box([2, 2, 3], np.zeros((1, 1, 4), "float32"), area_range=[0.5, 2.0]), errors.GraphError,
     "area_range is two numbers"),
]


@pytest.mark.parametrize("build, kind, message", [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistakes(build, kind, message):
    with pytest.raises(kind, match=message):
        build()
