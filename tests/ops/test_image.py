"""Pictures: against numpy's own functions and loops over pixels, files through Pillow, and bad input."""

from __future__ import annotations

import colorsys
import io
import re

import numpy as np
import pytest
from PIL import Image

import graphc as tf
from graphc.image import ResizeMethod

PICTURES = np.random.default_rng(7).random((2, 5, 4, 3))
ONE = PICTURES[0]
BYTES = np.random.default_rng(8).integers(0, 256, (5, 4, 3)).astype(np.uint8)


def run(fetches, feeds=None, jit=True):
    return tf.Session(jit=jit).run(fetches, feeds)


def both(build, x):
    """What is built of a picture of known sizes, and of unknown ones."""
    found = []
    for shape in (x.shape, [None] * x.ndim):
        a = tf.placeholder(x.dtype, shape)
        found.append(run(build(a), {a: x}))
    return found


# ---------------------------------------------------------------------- turned, flipped, cut

@pytest.mark.parametrize("build, wanted", [
    (tf.image.flip_left_right, lambda x: np.flip(x, -2)), (tf.image.flip_up_down, lambda x: np.flip(x, -3)),
    (tf.image.transpose_image, lambda x: np.swapaxes(x, -2, -3)),
    *((lambda x, k=k: tf.image.rot90(x, k), lambda x, k=k: np.rot90(x, k, (-3, -2))) for k in (0, 1, 2, 3, -1, 5)),
    (lambda x: tf.image.central_crop(x, 0.5), lambda x: x[..., 1:4, 1:3, :]), (lambda x: tf.image.central_crop(x, 1.0), lambda x: x),
    (lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 3, 2), lambda x: x[..., 1:4, 2:4, :]),
    (lambda x: tf.image.pad_to_bounding_box(x, 1, 2, 8, 7), lambda x: np.pad(x, [(0, 0)] * (x.ndim - 3) + [(1, 2), (2, 1), (0, 0)])),
    (lambda x: tf.image.resize_image_with_crop_or_pad(x, 2, 7), lambda x: np.pad(x[..., 1:3, :, :], [(0, 0)] * (x.ndim - 2) + [(1, 2), (0, 0)])),
])
@pytest.mark.parametrize("x", [PICTURES, ONE, BYTES], ids=["batch", "one", "bytes"])
def test_pixels_move(build, wanted, x):
    for found in both(build, x):
        np.testing.assert_array_equal(found, wanted(x))
        assert found.dtype == x.dtype


@pytest.mark.parametrize("build, wanted", [
    (tf.image.flip_left_right, lambda x: np.flip(x, -2)), (tf.image.flip_up_down, lambda x: np.flip(x, -3)),
    (tf.image.transpose_image, lambda x: np.swapaxes(x, 0, 1)), (tf.image.rot90, np.rot90),
    (lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 3, 2), lambda x: x[1:4, 2:4]),
    (lambda x: tf.image.pad_to_bounding_box(x, 1, 2, 8, 7), lambda x: np.pad(x, [(1, 2), (2, 1), (0, 0)])),
    (lambda x: tf.image.resize_image_with_crop_or_pad(x, 5, 6), lambda x: np.pad(x, [(0, 0), (1, 1), (0, 0)])),
])
def test_picture_of_unknown_rank_is_one_picture(build, wanted):
    x = tf.placeholder(ONE.dtype)
    y = build(x)
    assert y.shape.ndims == 3
    with tf.Session(jit=False) as session:
        np.testing.assert_array_equal(session.run(y, {x: ONE}), wanted(ONE))
        with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.FeedError)):
            session.run(y, {x: PICTURES})


@pytest.mark.parametrize("build, turned", [(tf.image.random_flip_left_right, lambda x: np.flip(x, -2)),
                                           (tf.image.random_flip_up_down, lambda x: np.flip(x, -3))])
def test_random_flips_are_drawn_for_each(build, turned):
    x = np.random.default_rng(1).random((64, 2, 3, 1))
    tf.set_random_seed(3)
    found = run(build(x))
    flipped = [np.array_equal(f, turned(a)) for f, a in zip(found, x, strict=True)]
    assert all(np.array_equal(f, a) or t for f, a, t in zip(found, x, flipped, strict=True)) and 16 < sum(flipped) < 48


def test_random_crops_are_parts_at_many_places():
    x = np.arange(30).reshape(5, 6)
    tf.set_random_seed(4)
    y, seen = tf.random_crop(x, [2, 3]), set()
    with tf.Session() as session:
        for _ in range(60):
            found = session.run(y)
            row, column = divmod(int(found[0, 0]), 6)
            np.testing.assert_array_equal(found, x[row:row + 2, column:column + 3])
            seen.add((row, column))
    assert len(seen) > 10 and {r for r, _ in seen} == {0, 1, 2, 3} and {c for _, c in seen} == {0, 1, 2, 3}


# ---------------------------------------------------------------------- resized

def place(i, n, size, corners, centers):
    scale = (n - 1) / (size - 1) if corners and size > 1 else n / size
    return (i + 0.5) * scale - 0.5 if centers else i * scale


def bilinear(x, rows, columns, corners, centers):
    """Pixel by pixel over the definition."""
    _, h, w, _ = x.shape
    y = np.zeros((x.shape[0], rows, columns, x.shape[3]))
    for i in range(rows):
        for j in range(columns):
            a, b = place(i, h, rows, corners, centers), place(j, w, columns, corners, centers)
            top, left = int(np.floor(a)), int(np.floor(b))
            for di, wi in ((0, 1 - (a - top)), (1, a - top)):
                for dj, wj in ((0, 1 - (b - left)), (1, b - left)):
                    y[:, i, j] += wi * wj * x[:, min(max(top + di, 0), h - 1), min(max(left + dj, 0), w - 1)]
    return y


def nearest(x, rows, columns, corners, centers):
    _, h, w, _ = x.shape

    def pixel(i, n, size):
        if corners:
            return min(int(np.floor(place(i, n, size, True, False) + 0.5)), n - 1)
        return min(int(np.floor((i + 0.5 * centers) * n / size)), n - 1)
    return x[:, [pixel(i, h, rows) for i in range(rows)]][:, :, [pixel(j, w, columns) for j in range(columns)]]


def area(x, rows, columns, corners, centers):
    """Means over the pixels, by 60 samples of each."""
    fine = np.repeat(np.repeat(x, 60 * rows, 1), 60 * columns, 2)
    n, _, _, c = x.shape
    return fine.reshape(n, rows, 60 * x.shape[1], columns, 60 * x.shape[2], c).mean((2, 4))


@pytest.mark.parametrize("build, wanted", [(tf.image.resize_bilinear, bilinear), (tf.image.resize_nearest_neighbor, nearest)],
                         ids=["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(8, 6), (3, 9), (2, 1), (5, 4)], ids=str)
@pytest.mark.parametrize("corners, centers", [(False, False), (True, False), (False, True)])
def test_resizing_against_loops(build, wanted, size, corners, centers):
    how = {"align_corners": corners, "half_pixel_centers": centers}
    for found in both(lambda x: build(x, size, **how), PICTURES):
        np.testing.assert_allclose(found, wanted(PICTURES, *size, corners, centers), atol=2e-6)


@pytest.mark.parametrize("size", [(3, 2), (7, 3), (5, 4)], ids=str)
def test_means_over_areas(size):
    for found in both(lambda x: tf.image.resize_area(x, size), PICTURES):
        np.testing.assert_allclose(found, area(PICTURES, *size, False, False), atol=2e-6)


@pytest.mark.parametrize("centers", [False, True])
def test_cubic_resizing_has_cubics_and_keeps_constants(centers):
    """A picture of one value stays it, twice the size or half; and between four pixels in a row lies what Keys' kernel says."""
    flat = np.full((1, 6, 6, 1), 3.0)
    np.testing.assert_allclose(run(tf.image.resize_bicubic(flat, (12, 3), half_pixel_centers=centers)), np.full((1, 12, 3, 1), 3.0), rtol=1e-6)
    x = np.array([1.0, -2.0, 4.0, 0.5]).reshape(1, 1, 4, 1)
    found = run(tf.image.resize_bicubic(x, (1, 8), half_pixel_centers=centers))[0, 0, :, 0]
    a = -0.5 if centers else -0.75

    def kernel(t):
        t = abs(t)
        return (a + 2) * t**3 - (a + 3) * t**2 + 1 if t <= 1 else a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0
    at = 1.25 if centers else 1.5                   # of pixel 3, whose four neighbours are all there
    wanted = sum(kernel(at - k) * x[0, 0, k, 0] for k in range(4))
    np.testing.assert_allclose(found[3], wanted, atol=1e-6)


def test_resize_images_takes_one_picture_and_keeps_proportions():
    x = tf.constant(ONE)
    assert run(tf.image.resize_images(x, (10, 10), preserve_aspect_ratio=True)).shape == (10, 8, 3)
    np.testing.assert_array_equal(run(tf.image.resize_images(x, (5, 4), ResizeMethod.BICUBIC)), ONE)
    assert run(tf.image.resize_images(BYTES, (3, 3), ResizeMethod.NEAREST_NEIGHBOR)).dtype == np.uint8
    assert run(tf.image.resize_images(BYTES, (3, 3))).dtype == np.float32


def test_boxes_against_loops():
    boxes = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.9, 0.6], [0.5, 0.8, 0.1, -0.3], [-0.5, 0, 1.5, 1]])
    which, size = np.array([0, 1, 1, 0]), (3, 4)
    wanted = np.full((4, *size, 3), 9.0)
    for k, (top, left, bottom, right) in enumerate(boxes):
        for i in range(size[0]):
            for j in range(size[1]):
                a, b = (top + i * (bottom - top) / (size[0] - 1)) * 4, (left + j * (right - left) / (size[1] - 1)) * 3
                if 0 <= a <= 4 and 0 <= b <= 3:
                    r, c = min(int(a), 3), min(int(b), 2)
                    x = PICTURES[which[k]]
                    wanted[k, i, j] = ((1 - (a - r)) * (1 - (b - c)) * x[r, c] + (a - r) * (1 - (b - c)) * x[r + 1, c]
                                       + (1 - (a - r)) * (b - c) * x[r, c + 1] + (a - r) * (b - c) * x[r + 1, c + 1])
    for found in both(lambda x: tf.image.crop_and_resize(x, boxes, which, size, extrapolation_value=9), PICTURES):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("build", [
    lambda x: tf.image.resize_bilinear(x, (4, 7)), lambda x: tf.image.resize_bicubic(x, (4, 7)), lambda x: tf.image.resize_area(x, (3, 3)),
    lambda x: tf.image.resize_nearest_neighbor(x, (4, 7)), lambda x: tf.image.total_variation(x), lambda x: tf.image.adjust_contrast(x, 2.0),
    lambda x: tf.image.per_image_standardization(x), lambda x: tf.image.adjust_hue(x, 0.2), lambda x: tf.image.rgb_to_grayscale(x),
    lambda x: tf.image.psnr(x, x * 0.9 + 0.02, 1.0), lambda x: tf.image.ssim(x, x * x, 1.0, filter_size=3), lambda x: tf.image.sobel_edges(x),
    lambda x: tf.image.crop_and_resize(x, [[0.1, 0.2, 0.7, 0.8]], [1], (2, 3)),
])
def test_pictures_have_gradients(build):
    tf.testing.check_grads(build, (PICTURES,), order=1)


# ---------------------------------------------------------------------- colours

def test_hues_are_those_of_colorsys():
    colours = np.concatenate([PICTURES.reshape(-1, 3), [[0, 0, 0], [1, 1, 1], [0.3, 0.3, 0.3], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]]])
    x = tf.constant(colours)
    hsv, back = run([tf.image.rgb_to_hsv(x), tf.image.hsv_to_rgb(tf.image.rgb_to_hsv(x))])
    np.testing.assert_allclose(hsv, [colorsys.rgb_to_hsv(*c) for c in colours], atol=1e-12)
    np.testing.assert_allclose(back, colours, atol=1e-12)


# The channels of (0.2, 0.5, 0.9) and (1, 0, 0.25) in other signals, by TensorFlow 2.15.
SIGNALS = {
    "rgb_to_yuv": [[0.45590001344680786, 0.21854647994041443, -0.22449670732021332], [0.32749998569488525, -0.03813859820365906, 0.5899728536605835]],
    "yuv_to_rgb": [[1.2258946895599365, -0.5198807716369629, 1.2160309553146362], [1.284970760345459, 0.8548445701599121, 1.0]],
    "rgb_to_yiq": [[0.45590001344680786, -0.30730774998664856, 0.06101148948073387], [0.32749998569488525, 0.5155646204948425, 0.2892999053001404]],
    "yiq_to_rgb": [[1.236735463142395, -0.518490195274353, 1.1804373264312744], [1.1552062034606934, 0.8381989598274231, 1.4260575771331787]],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SIGNALS)
def test_signals_are_tensorflows(name, dtype):
    (found,) = run([getattr(tf.image, name)(tf.constant(np.array([[0.2, 0.5, 0.9], [1.0, 0.0, 0.25]], dtype)))])
    assert found.dtype == dtype
    np.testing.assert_allclose(found, SIGNALS[name], atol=1e-6)


@pytest.mark.parametrize("build, wanted", [
    (lambda x: tf.image.adjust_brightness(x, 0.25), lambda x: x + 0.25), (lambda x: tf.image.adjust_gamma(x, 2.0, 0.5), lambda x: 0.5 * x**2),
    (lambda x: tf.image.adjust_contrast(x, 1.5), lambda x: (x - x.mean((-3, -2), keepdims=True)) * 1.5 + x.mean((-3, -2), keepdims=True)),
    (lambda x: tf.image.rgb_to_grayscale(x), lambda x: x @ np.array([[0.2989], [0.587], [0.114]])),
    (lambda x: tf.image.grayscale_to_rgb(x[..., :1]), lambda x: np.repeat(x[..., :1], 3, -1)),
    (lambda x: tf.image.per_image_standardization(x), lambda x: (x - x.mean((-3, -2, -1), keepdims=True)) / x.std((-3, -2, -1), keepdims=True)),
    (lambda x: tf.image.adjust_hue(x, 0.0), lambda x: x), (lambda x: tf.image.adjust_saturation(x, 1.0), lambda x: x),
    (lambda x: tf.image.adjust_hue(tf.image.adjust_hue(x, 0.3), -0.3), lambda x: x),
    (lambda x: tf.image.adjust_saturation(x, 0.0), lambda x: np.repeat(x.max(-1, keepdims=True), 3, -1)),
    (lambda x: tf.image.total_variation(x), lambda x: np.abs(np.diff(x, axis=-3)).sum((-3, -2, -1)) + np.abs(np.diff(x, axis=-2)).sum((-3, -2, -1))),
    (lambda x: tf.image.psnr(x, x / 2, 2.0), lambda x: 10 * np.log10(4 / np.mean((x / 2) ** 2, (-3, -2, -1)))),
    (lambda x: tf.image.image_gradients(x)[0] if x.type.rank == 4 else x[0], lambda x: np.concatenate(
        [np.diff(x, axis=1), np.zeros_like(x[:, :1])], 1) if x.ndim == 4 else x[0]),
])
@pytest.mark.parametrize("x", [PICTURES, ONE], ids=["batch", "one"])
def test_pixels_change(build, wanted, x):
    for found in both(build, x):
        np.testing.assert_allclose(found, wanted(x), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype, value, into, wanted", [
    ("uint8", 255, "float32", 1.0), ("float32", 1.0, "uint8", 255), ("float32", 0.5, "uint8", 127), ("uint8", 7, "int32", 7 << 23),
    ("int32", 7 << 23, "uint8", 7), ("float32", 0.25, "float64", 0.25), ("int16", 32767, "float64", 1.0),
])
def test_dtypes_of_pictures(dtype, value, into, wanted):
    found = run(tf.image.convert_image_dtype(np.array([value], dtype), into))
    assert found.dtype == into and found[0] == pytest.approx(wanted, rel=1e-6)


def test_bytes_are_changed_as_floats():
    np.testing.assert_array_equal(run(tf.image.adjust_brightness(BYTES, 0.1)), np.minimum(BYTES / 255 + 0.1, 1) * 255.5 // 1)


def test_similarity_is_that_of_its_definition():
    """Means, variances and covariance over a window of Gauss, pixel by pixel (Wang et al. 2004, equation 13)."""
    rng = np.random.default_rng(9)
    x, y = rng.random((12, 13, 2)), rng.random((12, 13, 2))
    line = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    w = np.outer(line, line)[:, :, None] / np.outer(line, line).sum()
    values = []
    for i in range(2):
        for j in range(3):
            a, b = x[i:i + 11, j:j + 11], y[i:i + 11, j:j + 11]
            ma, mb = (w * a).sum((0, 1)), (w * b).sum((0, 1))
            va, vb, cov = (w * a * a).sum((0, 1)) - ma**2, (w * b * b).sum((0, 1)) - mb**2, (w * a * b).sum((0, 1)) - ma * mb
            values.append((2 * ma * mb + 1e-4) * (2 * cov + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)))
    np.testing.assert_allclose(run(tf.image.ssim(x, y, 1.0)), np.mean(values), rtol=1e-10)


@pytest.mark.parametrize("build, low, high", [
    (lambda x: tf.image.random_brightness(x, 0.2), -0.2, 0.2), (lambda x: tf.image.random_contrast(x, 0.5, 0.9), -1, 1),
    (lambda x: tf.image.random_hue(x, 0.1), -1, 1), (lambda x: tf.image.random_saturation(x, 0.5, 1.5), -1, 1),
])
def test_random_changes_differ_from_run_to_run(build, low, high):
    y = build(tf.constant(ONE))
    with tf.Session() as session:
        first, second = session.run(y), session.run(y)
    assert not np.array_equal(first, second) and np.all(first - ONE >= low) and np.all(first - ONE <= high)


# ---------------------------------------------------------------------- files

def file(pixels, format, mode=None):
    out = io.BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[-1] == 1 else pixels)
    (image if mode is None else image.convert(mode)).save(out, format)
    return out.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("read", [tf.image.decode_png, tf.image.decode_image])
def test_png_files_are_what_pillow_writes_and_reads(read, channels):
    pixels = np.random.default_rng(channels).integers(0, 256, (5, 3, channels)).astype(np.uint8)
    text = tf.placeholder(tf.string, [])
    np.testing.assert_array_equal(run(read(text), {text: file(pixels, "PNG")}), pixels)
    written = run(tf.image.encode_png(pixels))
    back = np.asarray(Image.open(io.BytesIO(written)))
    np.testing.assert_array_equal(back.reshape(pixels.shape), pixels)
    np.testing.assert_array_equal(run(read(tf.image.encode_png(pixels))), pixels)


def test_jpeg_files():
    pixels = np.full((16, 16, 3), 80, np.uint8)
    assert np.abs(run(tf.image.decode_jpeg(file(pixels, "JPEG"))).astype(int) - 80).max() <= 2
    assert Image.open(io.BytesIO(run(tf.image.encode_jpeg(pixels, quality=50)))).format == "JPEG"
    assert run(tf.image.decode_jpeg(file(pixels, "JPEG"), channels=1)).shape == (16, 16, 1)


def test_a_picture_goes_on_as_a_tensor():
    text = tf.placeholder(tf.string, [])
    x = tf.image.decode_png(text, channels=3)
    y = tf.image.resize_images(tf.image.convert_image_dtype(x, tf.float32), (4, 4))
    assert run(tf.reduce_mean(y), {text: file(np.full((6, 5, 3), 255, np.uint8), "PNG")}) == pytest.approx(1.0)


# ---------------------------------------------------------------------- bad input

def image(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape, name="x")


BAD = [
    ("rank", lambda: tf.image.flip_left_right(image(3, 3)), tf.errors.ShapeError, "a picture has rank 3"),
    ("rank of a batch", lambda: tf.image.resize_bilinear(image(3, 3, 1), (2, 2)), tf.errors.ShapeError, "pictures must have rank 4, not 3"),
    ("three sizes", lambda: tf.image.resize_bilinear(image(1, 3, 3, 1), (2, 2, 2)), tf.errors.ShapeError, "size must be two numbers"),
    ("size 0", lambda: tf.image.resize_area(image(1, 3, 3, 1), (0, 2)), tf.errors.ShapeError, "sizes must be positive"),
    ("a size of floats", lambda: tf.image.resize_bicubic(image(1, 3, 3, 1), (1.5, 2)), tf.errors.DTypeError, "size must be integers"),
    ("method", lambda: tf.image.resize_images(image(1, 3, 3, 1), (2, 2), 7), tf.errors.ShapeError, "method 7 is none of tf.image.ResizeMethod"),
    ("corners and centers", lambda: tf.image.resize_bilinear(image(1, 3, 3, 1), (2, 2), True, half_pixel_centers=True), tf.errors.ShapeError,
     "exclude each other"),
    ("fraction", lambda: tf.image.central_crop(image(3, 3, 1), 0), tf.errors.ShapeError, "central_fraction is above 0"),
    ("crop", lambda: tf.image.crop_to_bounding_box(image(3, 3, 1), 2, 0, 2, 2), tf.errors.ShapeError, "height 3 ends before 2 + 2"),
    ("pad", lambda: tf.image.pad_to_bounding_box(image(3, 3, 1), 2, 0, 4, 4), tf.errors.ShapeError, "height 3 from 2 on does not fit in 4"),
    ("random crop", lambda: tf.random_crop(image(3, 3), [4, 1]), tf.errors.ShapeError, "axis 0 of size 3 has no part of size 4"),
    ("channels", lambda: tf.image.rgb_to_grayscale(image(3, 3, 4)), tf.errors.ShapeError, "must have 3 channels"),
    ("luma of integers", lambda: tf.image.rgb_to_yuv(image(3, 3, 3, dtype=tf.uint8)), tf.errors.DTypeError, "not defined for uint8"),
    ("luma of two channels", lambda: tf.image.rgb_to_yiq(image(3, 3, 2)), tf.errors.ShapeError, "3 channels"),
    ("hues of integers", lambda: tf.image.rgb_to_hsv(image(3, 3, 3, dtype=tf.uint8)), tf.errors.DTypeError, "not defined for uint8"),
    ("delta", lambda: tf.image.adjust_hue(image(3, 3, 3), "much"), tf.errors.DTypeError, "delta must be a number"),
    ("gamma", lambda: tf.image.adjust_gamma(image(3, 3, 3), -1.0), tf.errors.ShapeError, "gamma must not be negative"),
    ("two dtypes", lambda: tf.image.psnr(image(3, 3, 1), image(3, 3, 1, dtype=tf.float64), 1.0),
     tf.errors.DTypeError, "the dtypes float32 and float64"),
    ("two sizes", lambda: tf.image.ssim(image(13, 13, 1), image(12, 13, 1), 1.0), tf.errors.ShapeError, "have not the same height"),
    ("a small picture", lambda: tf.image.ssim(image(9, 9, 1), image(9, 9, 1), 1.0), tf.errors.ShapeError, "the filter spans 11 elements"),
    ("boxes", lambda: tf.image.crop_and_resize(image(1, 3, 3, 1), tf.ones([2, 3]), [0, 0], (2, 2)), tf.errors.ShapeError, "a box has four numbers"),
    ("no file", lambda: run(tf.image.decode_png(tf.constant(b"no picture"))),
     tf.errors.InvalidArgumentError, "10 bytes are no picture in the format PNG: they begin b'no pictu'\n"),
    ("another file", lambda: run(tf.image.decode_jpeg(tf.constant(file(BYTES, "PNG")))), tf.errors.InvalidArgumentError, "in the format JPEG"),
    ("half a file", lambda: run(tf.image.decode_png(tf.constant(file(BYTES, "PNG")[:60]))),
     tf.errors.InvalidArgumentError, "60 bytes are no picture"),
    ("contents", lambda: tf.image.decode_png(image(3)), tf.errors.DTypeError, "the contents must be a string"),
    ("five channels", lambda: tf.image.decode_png(tf.constant(b""), channels=5), tf.errors.ShapeError, "channels are 0"),
    ("a picture of floats", lambda: tf.image.encode_png(image(3, 3, 1)), tf.errors.DTypeError, "a picture is written as uint8, not float32"),
    ("compression", lambda: tf.image.encode_png(image(3, 3, 1, dtype=tf.uint8), 10), tf.errors.ShapeError, "compression is a whole number up to 9"),
]


@pytest.mark.parametrize("build, error, message", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input(build, error, message):
    with pytest.raises(error, match=re.escape(message)) as caught:
        build()
    assert "test_image.py:" in str(caught.value)
