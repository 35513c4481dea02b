"""Pictures moved, fitted and compared at several scales: values of TensorFlow 2.15's operators, derivatives against differences."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import graphc as tf

X = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 4, 1)
TILTED = [[1.1, 0.2, -1, 0.1, 0.9, 0.5, 0.01, -0.02]]
Y = (np.sin(np.arange(552, dtype=np.float32)) / 2 + 0.5).reshape(1, 24, 23, 1)
Z = Y + (np.cos(np.arange(552, dtype=np.float32) * 1.1) / 10).reshape(1, 24, 23, 1)
C = tf.contrib.image


def transformed(transforms, interpolation, size, x=X):
    return C.transform(x, transforms, interpolation, output_shape=size)[0, :, :, 0]


# What is computed, and what TensorFlow gives.
ROWS = {
    "nearest": (lambda: transformed(TILTED, "NEAREST", [3, 4]), [[0, 5, 6, 7], [0, 9, 10, 11], [0, 10, 0, 0]]),
    "between": (lambda: transformed(TILTED, "BILINEAR", None), [[0, 3.47525, 4.92157, 6.33981], [1.23324, 7.36364, 8.8, 10.20792],
                                                               [2.03906, 5.00298, 4.77384, 4.38292]]),
    "halves away from zero": (lambda: transformed([[1, 0, 0.5, 0, 1, -0.5, 0, 0]], "NEAREST", [3, 4]), [[0, 0, 0, 0], [6, 7, 8, 0], [10, 11, 12, 0]]),
    "another size": (lambda: transformed([[0.5, 0, 0, 0, 0.5, 0, 0, 0]], "bilinear", [2, 7]), [[1, 1.5, 2, 2.5, 3, 3.5, 4],
                                                                                              [3, 3.5, 4, 4.5, 5, 5.5, 6]]),
    "nowhere": (lambda: transformed([1, 0, 0, 0, 1, 0, -0.5, 0], "NEAREST", [3, 4]), [[1, 3, 0, 0], [5, 11, 0, 0], [9, 0, 0, 0]]),
    "of bytes": (lambda: transformed(TILTED, "BILINEAR", [3, 4], (X * 20).astype(np.uint8)), [[0, 69, 98, 126], [24, 147, 176, 204],
                                                                                           [40, 100, 95, 87]]),
    "turned": (lambda: C.rotate(X[0, :2, :2], np.pi / 2)[:, :, 0], [[2, 6], [1, 5]]),
    "moved": (lambda: C.translate(X[0, :, :, 0], [[-1.0, 1.0]]), [[0, 0, 0, 0], [2, 3, 4, 0], [6, 7, 8, 0]]),
    "two after another": (lambda: C.translate(C.translate(X, [1.0, 0]), [0, 1.0])[0, :, :, 0] - C.transform(X, C.compose_transforms(
        C.translations_to_projective_transforms([1.0, 0]), C.translations_to_projective_transforms([0, 1.0])))[0, :, :, 0], np.zeros((3, 4))),
    "warped": (lambda: C.dense_image_warp(X, np.broadcast_to(np.float32([0.5, -1.0]), (1, 3, 4, 2)))[0, :, :, 0],
               [[2, 3, 4, 4], [4, 5, 6, 6], [8, 9, 10, 10]]),
    "fitted, smaller": (lambda: tf.image.resize_image_with_pad(X, 2, 2)[0, :, :, 0], [[1, 3], [0, 0]]),
    "fitted, in height": (lambda: tf.image.resize_image_with_pad(X, 5, 3)[0, :, :, 0],
                          [[0, 0, 0], [1, 2.33333, 3.66667], [7, 8.33333, 9.66667], [0, 0, 0], [0, 0, 0]]),
    "fitted, in width": (lambda: tf.image.resize_image_with_pad(X, 4, tf.constant(9))[0, :, :, 0],
                         [[0, 1, 1.8, 2.6, 3.4, 4, 0, 0, 0], [0, 4, 4.8, 5.6, 6.4, 7, 0, 0, 0], [0, 7, 7.8, 8.6, 9.4, 10, 0, 0, 0],
                          [0, 9, 9.8, 10.6, 11.4, 12, 0, 0, 0]]),
    "a glimpse": (lambda: tf.image.extract_glimpse(X, [2, 3], [[0.0, 0.2]])[0, :, :, 0], [[1, 2, 3], [5, 6, 7]]),
    "a glimpse in pixels": (lambda: tf.image.extract_glimpse(X, [2, 2], [[1.0, 2.5]], centered=False, normalized=False)[0, :, :, 0],
                            [[2, 3], [6, 7]]),
    "a glimpse beyond": (lambda: tf.image.extract_glimpse(X, [1, 3], [[0.0, 3.5]], centered=False, normalized=False, uniform_noise=False)[0, :, :, 0],
                         [[3, 4, 0]]),
    "alike at two scales": (lambda: tf.image.ssim_multiscale(Y, Z, 1.0, power_factors=(0.3, 0.7), filter_size=7), [0.94304305]),
    "transposed": (lambda: tf.image.transpose(X)[0, :, :, 0], X[0, :, :, 0].T),
}


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_values(name, jit):
    build, expected = ROWS[name]
    with tf.Session(jit=jit) as session:
        np.testing.assert_allclose(session.run(build()), expected, atol=2e-5)       # of which five digits are recorded


def test_noise_outside_of_a_glimpse():
    with tf.Session() as session:
        found = session.run(tf.image.extract_glimpse(X, [6, 6], [[0.0, 0.0]]))[0, :, :, 0]
    assert np.array_equal(found[2:5, 1:5], X[0, :, :, 0]) or np.array_equal(found[1:4, 1:5], X[0, :, :, 0])
    rest = [*found[0], *found[-1]]
    assert all(0 <= v < 1 for v in rest) and len(set(rest)) > 6


FLOW = np.random.RandomState(3).uniform(-0.9, 0.9, (1, 3, 4, 2))
SLOPES = {
    "by pictures": ((1, 3, 4, 1), lambda v: C.transform(v, TILTED, "BILINEAR")),
    "by pictures, the nearest": ((1, 3, 4, 1), lambda v: C.transform(v, TILTED)),
    "by transforms": ((1, 8), lambda v: C.transform(X.astype(np.float64), v * [1, 0.1, 1, 0.1, 1, 1, 0.01, 0.01] + TILTED, "BILINEAR")),
    "by warped pictures": ((1, 3, 4, 1), lambda v: C.dense_image_warp(v, FLOW)),
    "by flows": ((1, 3, 4, 2), lambda v: C.dense_image_warp(X.astype(np.float64), v * 0.05 + FLOW)),
    "by compared pictures": ((1, 16, 15, 1), lambda v: tf.image.ssim_multiscale(v, Y[:, :16, :15].astype(np.float64), 1.0, (0.3, 0.7), 3)),
    "by fitted pictures": ((1, 3, 4, 1), lambda v: tf.image.resize_image_with_pad(v, 4, 9)),
}


@pytest.mark.parametrize("name", SLOPES)
def test_derivatives(name):
    """Against central differences of float64, of a sum with weights of all signs: exact, as TensorFlow's of `transform` is not."""
    shape, function = SLOPES[name]
    at = np.random.RandomState(4).uniform(0.2, 0.8, shape)
    x = tf.placeholder(tf.float64, shape)
    y = tf.cast(function(x), tf.float64)
    total = tf.reduce_sum(y * np.cos(np.arange(int(np.prod(y.shape.as_list())))).reshape(y.shape.as_list()))
    slope = tf.gradients(total, x)[0]
    with tf.Session(jit=False) as session:
        found, step = session.run(slope, {x: at}), 1e-3 if name == "by transforms" else 1e-4        # transforms are float32
        for place in list(np.ndindex(*shape))[::max(1, at.size // 12)]:
            up, down = at.copy(), at.copy()
            up[place] += step
            down[place] -= step
            rise = (session.run(total, {x: up}) - session.run(total, {x: down})) / (2 * step)
            assert abs(rise - found[place]) < 2e-2 * max(1.0, abs(rise)), place


REFUSED = {
    "interpolation": (lambda: C.transform(X, TILTED, "CUBIC"), "'NEAREST' or 'BILINEAR', not 'CUBIC'"),
    "transforms": (lambda: C.transform(X, [[1.0, 2.0]]), "of 8 numbers"),
    "rank": (lambda: C.rotate([1.0], 0.5), "pictures have rank 2"),
    "no transforms": (lambda: C.compose_transforms(), "at least one transform"),
    "indexing": (lambda: C.interpolate_bilinear(X, np.zeros((1, 1, 2), np.float32), indexing="ji"), "'ij' or 'xy'"),
    "too small": (lambda: C.dense_image_warp(X[:, :1], np.zeros((1, 1, 4, 2), np.float32)), "at least two rows"),
    "channels": (lambda: tf.image.decode_bmp("x", 2), "0, for what the picture has, 1, 3 or 4"),
    "qualities": (lambda: tf.image.random_jpeg_quality(X[0], 50, 50), "from 50 to before 50"),
    "window": (lambda: tf.image.ssim_multiscale(X, X, 1.0, filter_size=0), "a window of 0 pixels"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    build, text = REFUSED[name]
    with pytest.raises(tf.errors.GraphcError, match=text) as caught:
        build()
    assert "test_image_warp.py:" in str(caught.value)


# ---------------------------------------------------------------------- files

def written(format, *pictures, **how):
    out = io.BytesIO()
    first, *rest = (Image.fromarray(p) for p in pictures)
    first.save(out, format, **({"save_all": True, "append_images": rest} if rest else {}), **how)
    return out.getvalue()


PIXELS = (np.arange(72).reshape(4, 6, 3) * 3).astype(np.uint8)
FILM = [np.full((4, 6, 3), v, np.uint8) for v in (0, 90, 200)]
SMOOTH = np.broadcast_to((np.arange(32) * 7)[:, None, None], (32, 24, 3)).astype(np.uint8)
FILES = {
    "bitmap": (lambda: tf.image.decode_bmp(written("BMP", PIXELS)), PIXELS),
    "grey bitmap": (lambda: tf.io.decode_bmp(written("BMP", PIXELS[:, :, 0])), PIXELS[:, :, :1]),
    "film": (lambda: tf.image.decode_gif(written("GIF", *FILM)), np.stack(FILM)),
    "sizes of a JPEG file": (lambda: tf.image.extract_jpeg_shape(written("JPEG", SMOOTH), tf.int64), [32, 24, 3]),
    "a JPEG file": (lambda: tf.image.is_jpeg(written("JPEG", SMOOTH)), True),
    "no JPEG file": (lambda: tf.image.is_jpeg(written("PNG", SMOOTH)), False),
    "part of a JPEG file": (lambda: tf.image.decode_and_crop_jpeg(written("JPEG", SMOOTH), [8, 4, 16, 8]),
                            np.asarray(Image.open(io.BytesIO(written("JPEG", SMOOTH))))[8:24, 4:12]),
    "in the best quality, of a tensor": (lambda: tf.image.adjust_jpeg_quality(tf.constant(SMOOTH), 100),
                                         np.asarray(Image.open(io.BytesIO(written("JPEG", SMOOTH, quality=100))))),
    "in another quality": (lambda: tf.image.adjust_jpeg_quality(SMOOTH, 30),
                           np.asarray(Image.open(io.BytesIO(written("JPEG", SMOOTH, quality=30))))),
}


@pytest.mark.parametrize("name", FILES)
def test_files(name):
    build, expected = FILES[name]
    with tf.Session(jit=False) as session:
        assert np.array_equal(session.run(build()), expected)


def test_qualities_are_drawn():
    quality = tf.image.random_jpeg_quality(SMOOTH.astype(np.float32) / 255, 5, 90, seed=1)
    with tf.Session() as session:
        first, second = session.run(quality), session.run(quality)
        assert first.shape == SMOOTH.shape and first.dtype == np.float32 and not np.array_equal(first, second)
        with pytest.raises(tf.errors.InvalidArgumentError, match="0 to 100"):
            session.run(tf.image.adjust_jpeg_quality(SMOOTH, 101))
        with pytest.raises(tf.errors.InvalidArgumentError, match="no picture in the format GIF"):
            session.run(tf.image.decode_gif("GIF89a"))
