"""Convolutions and pools: what TensorFlow gave, loops over the definition, TensorFlow's rules in special cases, and bad input."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest

import graphc as tf
from graphc.ops.conv import conv, conv_filter, conv_input
from graphc.ops.pool import max_pool_nd, pool_index, pool_mean, pool_put, pool_spread, pool_sum, pool_take
from graphc.ops.windows import overlaid
from tests import ROOT

GOLDEN = ROOT / "tests" / "data" / "tf_golden"
CASES = json.loads((GOLDEN / "conv_golden.json").read_text())
RECORDED = dict(np.load(GOLDEN / "conv_golden.npz"))


def run(fetches, feeds=None, jit=True):
    return tf.Session(jit=jit).run(fetches, feeds)


# ---------------------------------------------------------------------- what TensorFlow gave

def recorded(case, key):
    found = [RECORDED[f"{case}/{key}/{i}"] for i in range(9) if f"{case}/{key}/{i}" in RECORDED]
    return found or ([RECORDED[f"{case}/{key}"]] if f"{case}/{key}" in RECORDED else [])


def function(path):
    found = tf
    for name in path.split("."):
        found = getattr(found, name)
    return found


def close(found, wanted, what):
    tolerance = (1e-10 if wanted.dtype == np.float64 else 1e-5) * max(1.0, float(np.max(np.abs(wanted), initial=0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance, err_msg=what)


@pytest.mark.parametrize("sizes", ["static", "open"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_as_tensorflow_recorded(case, sizes):
    """Value, gradients, and the gradients of these; compiled, with known sizes and without."""
    inputs, name = recorded(case["name"], "input"), case["name"]
    xs = [tf.placeholder(x.dtype, [None] * x.ndim if sizes == "open" and not i else x.shape) for i, x in enumerate(inputs)]
    made = function(case["function"])(*xs, **case["attrs"])
    ys = list(made) if isinstance(made, tuple) else [made]
    fetches, wanted = ys[:len(recorded(name, "result"))], recorded(name, "result")
    probe, second = recorded(name, "probe"), recorded(name, "probe2")
    if probe:
        gradients = tf.gradients(tf.reduce_sum(ys[0] * probe[0]), xs)
        fetches, wanted = [*fetches, *gradients], [*wanted, *recorded(name, "gradient")]
        if second:
            total = tf.add_n([tf.reduce_sum(g * p) for g, p in zip(gradients, second, strict=True)])
            fetches += tf.gradients(total, xs, unconnected_gradients="zero")
            wanted += recorded(name, "second")
    assert len(fetches) == len(wanted)
    for i, (found, right) in enumerate(zip(run(fetches, dict(zip(xs, inputs, strict=True))), wanted, strict=True)):
        close(found, right, f"result {i}")


def test_there_are_sixty_one_cases_with_their_gradients():
    assert len(CASES) == 61
    assert sum(bool(recorded(c["name"], "gradient")) for c in CASES) == 59 and sum(bool(recorded(c["name"], "second")) for c in CASES) == 54


# ---------------------------------------------------------------------- loops over the definition

class Looped:
    """Places along axes by loops of Python: for each window and each of its elements, where in the operand it lies, if it does."""

    def __init__(self, sizes, sides, strides, padding, dilations):
        self.sizes, self.sides = sizes, sides
        self.axes = []
        for i, (n, k, s, d) in enumerate(zip(sizes, sides, strides, dilations, strict=True)):
            covered = (k - 1) * d + 1
            if padding == "SAME":
                count = (n + s - 1) // s
                before = max(0, (count - 1) * s + covered - n) // 2
            else:
                before, after = (0, 0) if padding == "VALID" else padding[i]
                count = (n + before + after - covered) // s + 1
            self.axes.append((count, s, d, before))
        self.counts = [a[0] for a in self.axes]

    def places(self):
        """(window, element, place in the operand) of those that are no padding, in order of windows and elements."""
        for window in itertools.product(*map(range, self.counts)):
            for element in itertools.product(*map(range, self.sides)):
                at = tuple(o * s + t * d - before for o, t, (_, s, d, before) in zip(window, element, self.axes, strict=True))
                if all(0 <= q < n for q, n in zip(at, self.sizes, strict=True)):
                    yield window, element, at


def looped_products(x, w, loops, groups):
    """Sums of products over the definition; and the gradients of sum(y * probe), by the same loops turned round."""
    n, outputs, inner = x.shape[0], w.shape[-1], w.shape[-2]
    probe = np.random.default_rng(1).normal(size=(n, *loops.counts, outputs))
    y, dx, dw = np.zeros(probe.shape), np.zeros(x.shape), np.zeros(w.shape)
    for window, element, at in loops.places():
        for b, o, c in itertools.product(range(n), range(outputs), range(inner)):
            channel = o // (outputs // groups) * inner + c
            y[(b, *window, o)] += x[(b, *at, channel)] * w[(*element, c, o)]
            dx[(b, *at, channel)] += probe[(b, *window, o)] * w[(*element, c, o)]
            dw[(*element, c, o)] += probe[(b, *window, o)] * x[(b, *at, channel)]
    return probe, y, dx, dw


def drawn_movement(rng, count, plain=False):
    sizes = [int(rng.integers(3, 8 if count > 1 else 12)) for _ in range(count)]
    sides = [int(rng.integers(1, 4)) for _ in range(count)]
    strides = [int(rng.integers(1, 4)) for _ in range(count)]
    dilations = [1 if plain and s > 1 else int(rng.integers(1, 3)) for s in strides]
    pairs = [tuple(int(v) for v in rng.integers(0, k, 2)) for k in sides]
    padding = ["SAME", "VALID", tuple(pairs)][int(rng.integers(3))]
    fits = padding == "SAME" or all(n >= (k - 1) * d + 1 for n, k, d in zip(sizes, sides, dilations, strict=True))
    return (sizes, sides, strides, padding, dilations) if fits else drawn_movement(rng, count, plain)


@pytest.mark.parametrize("seed", range(24))
def test_convolutions_against_loops(seed):
    """Random sizes, strides, dilations, paddings and groups over one to three axes, with known sizes and without."""
    rng = np.random.default_rng(seed)
    count = [1, 2, 2, 3][seed % 4]
    sizes, sides, strides, padding, dilations = drawn_movement(rng, count)
    groups, inner, each = int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
    x, w = rng.normal(size=(2, *sizes, groups * inner)), rng.normal(size=(*sides, inner, groups * each))
    loops = Looped(sizes, sides, strides, padding, dilations)
    probe, *wanted = looped_products(x, w, loops, groups)
    how = {"strides": tuple(strides), "padding": padding, "dilations": tuple(dilations)}
    for shape in (x.shape, [None] * x.ndim):
        a, b = tf.placeholder(tf.float64, shape), tf.placeholder(tf.float64, w.shape)
        y = conv(a, b, **how)
        found = run([y, *tf.gradients(tf.reduce_sum(y * probe), [a, b]), conv_input(b, probe, x.shape, **how),
                     conv_filter(a, probe, w.shape, **how)], {a: x, b: w})
        for f, right in zip(found, [*wanted, *wanted[1:]], strict=True):
            np.testing.assert_allclose(f, right, rtol=0, atol=1e-12 * max(1, np.max(np.abs(right))), err_msg=f"{how}, {groups} groups")


def looped_pools(x, loops):
    """Largest number, its element, sum and count of each window, and of a probe the gradients of maximum and sum."""
    n, channels = x.shape[0], x.shape[-1]
    shape = (n, *loops.counts, channels)
    probe = np.random.default_rng(2).normal(size=shape)
    largest, index, total, count = np.full(shape, -np.inf), np.full(shape, -1), np.zeros(shape), np.zeros(shape)
    where = {}
    for window, element, at in loops.places():
        number = int(np.ravel_multi_index(element, loops.sides))
        for b, c in itertools.product(range(n), range(channels)):
            place, value = (b, *window, c), x[(b, *at, c)]
            total[place] += value
            count[place] += 1
            if place not in where or value > largest[place] or (np.isnan(value) and not np.isnan(largest[place])):
                largest[place], index[place], where[place] = value, number, (b, *at, c)
    put, spread = np.zeros(x.shape), np.zeros(x.shape)
    for place, at in where.items():
        put[at] += probe[place]
    for window, _, at in loops.places():
        spread[(slice(None), *at)] += probe[(slice(None), *window)]
    return probe, largest, index, total, count, put, spread


@pytest.mark.parametrize("seed", range(16))
def test_pools_against_loops(seed):
    """Random windows over one and two axes, of numbers many of which are equal, some infinite or nan."""
    rng = np.random.default_rng(seed)
    count = [1, 2][seed % 2]
    sizes, sides, strides, padding, dilations = drawn_movement(rng, count, plain=True)
    if seed % 8 == 7:                                   # a large window, which is not written out
        sizes, sides, strides, padding, dilations = [9, 8][:count], [7, 6][:count], [2, 1][:count], "SAME", [1] * count
    x = np.rint(rng.normal(size=(2, *sizes, (3, 19)[seed // 2 % 2])) * 2)        # 19 channels: whole vectors, and a rest
    if seed % 3 == 0:
        x[rng.random(x.shape) < 0.3] = -np.inf
    if seed % 5 == 0:
        x[rng.random(x.shape) < 0.1] = np.nan
    loops = Looped(sizes, sides, strides, padding, dilations)
    probe, largest, index, total, count, put, spread = looped_pools(x, loops)
    calm = np.where(np.isfinite(x), x, 0)
    total = looped_pools(calm, loops)[3]
    how = {"window": tuple(sides), "strides": tuple(strides), "padding": padding, "dilations": tuple(dilations)}
    for shape in (x.shape, [None] * x.ndim):
        a, b = tf.placeholder(tf.float64, shape), tf.placeholder(tf.float64, shape)
        top = max_pool_nd(a, **how)
        found = run([top, pool_index(a, **how), pool_sum(b, **how), pool_mean(b, **how), tf.gradients(tf.reduce_sum(top * probe), a)[0],
                     pool_put(probe, index, x.shape, **how), pool_spread(probe, x.shape, **how), pool_take(a, index, **how)], {a: x, b: calm})
        for f, right in zip(found, [largest, index, total, total / np.where(count == 0, nan, count), put, put, spread, largest], strict=True):
            np.testing.assert_allclose(f, right, rtol=0, atol=1e-12, err_msg=str(how))


# ---------------------------------------------------------------------- rules of TensorFlow's, and of ours

nan, inf = np.nan, np.inf
ROW = {"strides": 1, "padding": "VALID"}


def rows(*values):
    return np.array(values, np.float64).reshape(1, -1, 1)


@pytest.mark.parametrize("x, ksize, padding, wanted, gradient", [
    (rows(nan, 1, 2, 0), 4, "VALID", [nan], [1, 0, 0, 0]), (rows(1, 2, 0, nan), 4, "VALID", [nan], [0, 0, 0, 1]),
    (rows(inf, nan, 3, nan), 4, "VALID", [nan], [0, 1, 0, 0]), (rows(2, nan, 3), 3, "SAME", [nan, nan, nan], [0, 3, 0]),
    (rows(3, 2, nan), 2, "VALID", [3, nan], [1, 0, 1]), (rows(-inf, -inf), 2, "VALID", [-inf], [1, 0]),
    (rows(-inf, -inf), 3, "SAME", [-inf, -inf], [2, 0]),            # the first of a window is padding, which counts as nothing
    (rows(-3, -2), 3, "SAME", [-2, -2], [0, 2]), (rows(3, 3, 1), 2, "VALID", [3, 3], [1, 1, 0]),
    (rows(1, 3, 3), 3, "VALID", [3], [0, 1, 0]), (rows(0, -0.0), 2, "VALID", [0], [1, 0]),
], ids=str)
@pytest.mark.parametrize("jit", [True, False])
def test_max_pool_of(x, ksize, padding, wanted, gradient, jit):
    a = tf.placeholder(tf.float64, x.shape)
    y = tf.nn.max_pool1d(a, ksize, 1, padding)
    found, g = run([y, tf.gradients(y, a)[0]], {a: x}, jit)
    np.testing.assert_array_equal(found[0, :, 0], wanted)
    np.testing.assert_array_equal(g[0, :, 0], gradient)


def test_averages_are_over_what_is_no_padding():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(run(tf.nn.avg_pool(x, 2, 2, "SAME"))[0, :, :, 0], [[2, 3.5], [6.5, 8]])


def test_maximum_of_integers():
    x = tf.constant([[[-5], [-7], [-6]]])
    assert run(tf.nn.max_pool1d(x, 2, 2, "SAME"))[0, :, 0].tolist() == [-5, -6]


@pytest.mark.parametrize("batch, wanted", [(False, [[4, 3], [2, 1]]), (True, [[4, 3], [8, 7]])])
def test_places_of_maxima(batch, wanted):
    """(row * width + column) * channels + channel, within the example or counted on over examples."""
    x = np.array([[[1, 2], [0, 4], [9, 0]], [[0, 7], [3, 0], [2, 1]]], np.float32).reshape(2, 1, 3, 2)
    found = tf.nn.max_pool_with_argmax(x, [1, 1, 3, 1], 1, "VALID", include_batch_in_index=batch)
    assert run(found.argmax).reshape(2, 2).tolist() == wanted and run(found.output).reshape(2, 2).tolist() == [[9, 4], [3, 7]]


def test_channels_of_depthwise_filters_are_in_order():
    found = tf.nn.depthwise_conv2d([[[[1.0, 10.0]]]], [[[[1.0, 2.0], [3.0, 4.0]]]], [1, 1, 1, 1], "SAME")
    assert run(found).reshape(-1).tolist() == [1, 2, 30, 40]


def test_zero_times_infinity_is_kept():
    """A filter's zero makes nan of an infinite pixel, where the window holds it and nowhere else."""
    x = np.array([1, 1, inf, 1, 1, 1]).reshape(1, 6, 1)
    found = run(tf.nn.conv1d(x, np.array([0.0, 1.0]).reshape(2, 1, 1), 1, "VALID"))[0, :, 0]
    np.testing.assert_array_equal(np.isfinite(found), [True, False, False, True, True])
    assert np.isnan(found[2]) and found[1] == inf


@pytest.mark.parametrize("channels, outputs", [(1, 1), (3, 3), (2, 6), (4, 4)])
@pytest.mark.parametrize("stride, size", [(1, 2), (1, 6), (2, 5)])
def test_windows_that_are_not_there_count_as_zeros(channels, outputs, stride, size):
    """The gradient to the input, of a filter with an infinity, is nan where such a window would reach, compiled in any way or not."""
    w = np.ones((4, 1 if outputs > 1 else channels, outputs))
    w[0] = inf
    how = {"strides": (stride,), "padding": "SAME"}
    y = tf.nn.conv1d(tf.ones([1, size, channels], tf.float64), np.ones(w.shape), stride, "SAME")
    g = conv_input(tf.constant(w), tf.ones(y.shape.as_list(), tf.float64), [1, size, channels], **how)
    np.testing.assert_array_equal(run(g), run(g, jit=False))
    with np.errstate(invalid="ignore"):
        wanted = conv_input.reference(w, np.ones(y.shape.as_list()), np.array([1, size, channels]), dilations=(1,), **how)
    np.testing.assert_array_equal(run(g), wanted)


MOVED = [
    ("conv1d", "NCW", lambda f, x, **how: tf.nn.conv1d(x, f((3, 2, 4)), 2, "SAME", **how), (2, 7, 2)),
    ("conv2d", "NCHW", lambda f, x, **how: tf.nn.conv2d(x, f((3, 2, 3, 4)), [1, 2, 2, 1] if not how else [1, 1, 2, 2], "SAME", **how), (2, 5, 6, 3)),
    ("conv2d, explicit", "NCHW", lambda f, x, **how: tf.nn.conv2d(
        x, f((3, 2, 3, 4)), 1, [[0, 0], [0, 0], [1, 2], [0, 1]] if how else [[0, 0], [1, 2], [0, 1], [0, 0]], **how), (2, 5, 6, 3)),
    ("conv3d", "NCDHW", lambda f, x, **how: tf.nn.conv3d(x, f((2, 2, 1, 2, 3)), 1, "VALID", **how), (1, 3, 4, 2, 2)),
    ("conv2d_transpose", "NCHW", lambda f, x, **how: tf.nn.conv2d_transpose(
        x, f((2, 2, 4, 3)), [2, 4, 9, 12] if how else [2, 9, 12, 4], 2, "SAME", **how), (2, 5, 6, 3)),
    ("depthwise_conv2d", "NCHW", lambda f, x, **how: tf.nn.depthwise_conv2d(x, f((3, 2, 3, 2)), [1, 1, 1, 1], "SAME", **how), (2, 5, 6, 3)),
    ("separable_conv2d", "NCHW", lambda f, x, **how: tf.nn.separable_conv2d(
        x, f((3, 2, 3, 2)), f((1, 1, 6, 2)), [1, 1, 1, 1], "SAME", **how), (2, 5, 6, 3)),
    ("max_pool", "NCHW", lambda f, x, **how: tf.nn.max_pool(x, [1, 2, 3, 1] if not how else [1, 1, 2, 3], 2, "SAME", **how), (2, 5, 6, 3)),
    ("avg_pool", "NCHW", lambda f, x, **how: tf.nn.avg_pool(x, 3, 2, "SAME", **how), (2, 5, 6, 3)),
    ("max_pool3d", "NCDHW", lambda f, x, **how: tf.nn.max_pool3d(x, 2, 1, "VALID", **how), (1, 3, 4, 2, 2)),
    ("fused_batch_norm", "NCHW", lambda f, x, **how: tf.nn.fused_batch_norm(x, f((3,)), f((3,)), **how)[0], (2, 5, 6, 3)),
    ("space_to_depth", "NCHW", lambda f, x, **how: tf.space_to_depth(x, 2, **how), (2, 4, 6, 3)),
    ("depth_to_space", "NCHW", lambda f, x, **how: tf.depth_to_space(x, 2, **how), (2, 4, 3, 8)),
]


@pytest.mark.parametrize("format, build, shape", [row[1:] for row in MOVED], ids=[row[0] for row in MOVED])
@pytest.mark.parametrize("sizes", ["static", "open"])
def test_channels_first_are_channels_last(format, build, shape, sizes):
    """The same values and gradients, whichever way the channels stand."""
    x = np.random.default_rng(3).normal(size=shape)
    first = np.moveaxis(x, -1, 1)

    def filters(shape):
        return np.random.default_rng(sum(shape)).normal(size=shape)
    a = tf.placeholder(tf.float64, x.shape if sizes == "static" else (None,) * x.ndim)
    b = tf.placeholder(tf.float64, first.shape if sizes == "static" else (None, first.shape[1], *(None,) * (x.ndim - 2)))
    last, moved = build(filters, a), build(filters, b, data_format=format)
    found, g, turned, h = run([last, tf.gradients(tf.square(last), a)[0], moved, tf.gradients(tf.square(moved), b)[0]], {a: x, b: first})
    np.testing.assert_allclose(np.moveaxis(turned, 1, -1), found, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(np.moveaxis(h, 1, -1), g, rtol=1e-12, atol=1e-12)


def test_the_same_bits_on_any_number_of_threads():
    """A training step's values and gradients: sums are cut by sizes alone."""
    rng = np.random.default_rng(0)
    x = tf.placeholder(tf.float32, [None, 24, 24, 8])
    w, v = (tf.Variable(rng.normal(size=shape).astype(np.float32)) for shape in ((5, 5, 8, 32), (3, 3, 32, 1)))
    y = tf.nn.max_pool(tf.nn.depthwise_conv2d(tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME")), v, [1, 1, 1, 1], "SAME"), 3, 2, "SAME")
    fetches = [y, *tf.gradients(tf.square(tf.nn.avg_pool(y, 2, 2, "VALID")), [x, w, v])]
    feed, found = {x: rng.normal(size=(8, 24, 24, 8))}, []
    for threads in (1, 2, 3):
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
            found.append([a.tobytes() for a in session.run(fetches, feed)])
    assert found[0] == found[1] == found[2]


def test_empty_batches():
    x, w = tf.placeholder(tf.float32, [None, 6, 6, 3]), tf.placeholder(tf.float32, [3, 3, 3, 4])
    y = tf.nn.max_pool(tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME")), 2, 2, "SAME")
    found = run([y, *tf.gradients(y, [x, w])], {x: np.zeros((0, 6, 6, 3)), w: np.ones((3, 3, 3, 4))})
    assert [f.shape for f in found] == [(0, 3, 3, 4), (0, 6, 6, 3), (3, 3, 3, 4)] and not found[2].any()


@pytest.mark.parametrize("sizes", ["static", "open"])
def test_pictures_without_rows(sizes):
    """With "SAME" they have no windows, and no error; a filter gets no gradient."""
    x, w = tf.placeholder(tf.float64, [2, 0, 5, 2] if sizes == "static" else [None] * 4), tf.placeholder(tf.float64, [3, 3, 2, 4])
    y = tf.nn.conv2d(x, w, [1, 2, 1, 1], "SAME")
    z = [tf.nn.max_pool(y, 2, 2, "SAME"), tf.nn.avg_pool(y, 2, 2, "SAME"), pool_index(y, window=(2, 2), strides=(2, 2), padding="SAME")]
    found = run([y, *z, *tf.gradients(tf.add_n([tf.reduce_sum(v) for v in z[:2]]), [x, w])], {x: np.zeros((2, 0, 5, 2)), w: np.ones((3, 3, 2, 4))})
    assert [f.shape for f in found] == [(2, 0, 5, 4), *[(2, 0, 3, 4)] * 3, (2, 0, 5, 2), (3, 3, 2, 4)] and not found[-1].any()


UNRANKED = {
    "conv2d": lambda x: tf.nn.conv2d(x, np.ones((2, 2, 4, 4)), 1, "SAME"), "max_pool": lambda x: tf.nn.max_pool(x, 2, 2, "SAME"),
    "avg_pool": lambda x: tf.nn.avg_pool(x, 2, 2, "SAME"), "depthwise_conv2d": lambda x: tf.nn.depthwise_conv2d(x, np.ones((2, 2, 4, 1)), 1, "SAME"),
    "conv2d, channels first": lambda x: tf.nn.conv2d(x, np.ones((2, 2, 4, 4)), 1, "SAME", data_format="NCHW"),
    "space_to_depth": lambda x: tf.space_to_depth(x, 2), "lrn": tf.nn.lrn,
    "fused_batch_norm": lambda x: tf.nn.fused_batch_norm(x, np.ones(4), np.ones(4))[0],
    "extract_image_patches": lambda x: tf.extract_image_patches(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
}


@pytest.mark.parametrize("build", UNRANKED.values(), ids=UNRANKED)
def test_ranks_that_only_a_run_tells(build):
    """A picture is computed as if its rank were known; a row of pixels is refused."""
    x, known, picture = tf.placeholder(tf.float64), tf.placeholder(tf.float64, [2, 4, 4, 4]), np.random.default_rng(0).normal(size=(2, 4, 4, 4))
    y = build(x)
    assert y.shape.ndims == 4
    np.testing.assert_allclose(run(y, {x: picture}), run(build(known), {known: picture}), rtol=1e-12)
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have rank 4, not 3"):
        run(y, {x: picture[0]})


def test_output_shape_may_be_a_tensor():
    x = tf.placeholder(tf.float32, [None, 2, 2, 3])
    y = tf.nn.conv2d_transpose(x, np.ones((2, 2, 4, 3), np.float32), tf.stack([tf.shape(x)[0], 4, 3, 4]), 2)
    assert run(y, {x: np.ones((5, 2, 2, 3))}).shape == (5, 4, 3, 4)


@pytest.mark.parametrize("mixed, wanted", [(lambda: tf.nn.conv1d(tf.ones([1, 3, 1], tf.float64), np.ones((1, 1, 2)), 1, "SAME"), "float64"),
                                           (lambda: tf.nn.conv1d(tf.ones([1, 3, 1]), [[[2.0]]], 1, "SAME"), "float32"),
                                           (lambda: tf.nn.conv1d(tf.ones([1, 3, 1], tf.int32), [[[2]]], 1, "SAME"), "int32")])
def test_dtypes(mixed, wanted):
    assert run(mixed()).dtype == wanted


# ---------------------------------------------------------------------- derivatives of every order, over batches

def test_jacobian_and_hessian():
    """Forward and reverse mode agree, to the second order, through convolution, pool and transposed convolution."""
    x, w = tf.placeholder(tf.float64, [1, 4, 4, 2]), tf.placeholder(tf.float64, [2, 2, 2, 2])
    y = tf.nn.avg_pool(tf.tanh(tf.nn.conv2d(x, w, 1, "SAME")), 2, 2, "SAME")
    z = tf.reduce_sum(tf.square(tf.nn.conv2d_transpose(y, w, [1, 4, 4, 2], 2, "SAME")))
    (hessian,) = tf.hessians(z, w)
    rng = np.random.default_rng(5)
    feeds = {x: rng.normal(size=(1, 4, 4, 2)), w: rng.normal(size=(2, 2, 2, 2))}
    v = rng.normal(size=(2, 2, 2, 2))
    product = tf.hvp(z, [w], [v])[0]
    full, along = run([hessian, product], feeds)
    np.testing.assert_allclose(np.tensordot(full, v, 4), along, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(full.reshape(16, 16), full.reshape(16, 16).T, rtol=1e-10, atol=1e-10)


# ---------------------------------------------------------------------- bad input

def image(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape, name="x")


def weights(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape, name="w")


BAD = [
    ("rank of the input", lambda: tf.nn.conv2d(image(3, 4, 5), weights(2, 2, 5, 6), 1, "SAME"),
     tf.errors.ShapeError, "the input must have rank 4, not 3"),
    ("rank of the filter", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 5, 6), 1, "SAME"),
     tf.errors.ShapeError, "the filter must have rank 4, not 3"),
    ("channels", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 3, 6), 1, "SAME"), tf.errors.ShapeError,
     "the operand has 5 channels, which is no multiple of the filter's 3"),
    ("groups", lambda: tf.nn.conv2d(image(1, 3, 4, 6), weights(2, 2, 3, 5), 1, "SAME"), tf.errors.ShapeError, "are 2 groups, of which its 5 outputs"),
    ("channels that become known", lambda: run(tf.nn.conv2d(x := image(None, None, None, None), weights(2, 2, 3, 6), 1, "SAME"),
                                               {x: np.ones((1, 3, 4, 5)), tf.get_default_graph().get_tensor_by_name("w:0"): np.ones((2, 2, 3, 6))}),
     tf.errors.InvalidArgumentError, "the operand has 5 channels"),
    ("stride 0", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), [1, 0, 1, 1], "SAME"),
     tf.errors.ShapeError, "strides must be positive"),
    ("strides over channels", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), [1, 1, 1, 2], "SAME"), tf.errors.ShapeError,
     "strides over examples and channels must be 1, not 1 and 2"),
    ("three strides", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), [1, 1, 1], "SAME"), tf.errors.ShapeError,
     "strides must be 1, 2 or 4 numbers"),
    ("a stride that is no number", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), [1, 1.5, 1, 1], "SAME"), tf.errors.DTypeError,
     "strides must be whole numbers"),
    ("a huge stride", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 2**70, "SAME"), tf.errors.ShapeError, "at most 2147483647"),
    ("dilation -1", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1, "SAME", dilations=[1, -1, 1, 1]), tf.errors.ShapeError,
     "dilations must be positive"),
    ("no padding", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1), tf.errors.ShapeError, "padding is missing"),
    ("unknown padding", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1, "HALF"),
     tf.errors.ShapeError, "padding is \"SAME\", \"VALID\""),
    ("negative padding", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1, [[0, 0], [-1, 0], [0, 0], [0, 0]]), tf.errors.ShapeError,
     "pairs of numbers that are not negative"),
    ("padded channels", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1, [[0, 0], [1, 0], [0, 0], [0, 1]]), tf.errors.ShapeError,
     "examples and channels cannot be padded"),
    ("a filter that is too large", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(4, 2, 5, 6), 1, "VALID"), tf.errors.ShapeError,
     "the filter spans 4 elements, axis 0 of those it moves over has 3"),
    ("one that is too large dilated", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1, "VALID", dilations=3), tf.errors.ShapeError,
     "the filter spans 4 elements (dilated by 3)"),
    ("an empty filter", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(0, 2, 5, 6), 1, "SAME"), tf.errors.ShapeError, "is empty"),
    ("data_format", lambda: tf.nn.conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 6), 1, "SAME", data_format="CHWN"), tf.errors.ShapeError,
     "data_format 'CHWN' is none of 'NHWC' and 'NCHW'"),
    ("booleans", lambda: tf.nn.conv2d(image(1, 3, 4, 5, dtype=tf.bool), weights(2, 2, 5, 6, dtype=tf.bool), 1, "SAME"), tf.errors.DTypeError,
     "booleans are not numbers"),
    ("sums of booleans", lambda: overlaid(image(2, 2, 1, dtype=tf.bool), [3, 1], window=(2,), strides=(1,)), tf.errors.DTypeError,
     "booleans are not numbers"),
    ("no filter", lambda: tf.nn.conv2d(image(1, 3, 4, 5), None, 1, "SAME"), tf.errors.DTypeError, "conv2d needs filter"),
    ("output_shape", lambda: tf.nn.conv2d_transpose(image(1, 2, 2, 6), weights(3, 3, 4, 6), [1, 5, 4, 4], 2), tf.errors.ShapeError,
     "a convolution of shape [1,5,4,4] has a result of shape [1,3,2,6], not [1,2,2,6]"),
    ("channels of output_shape", lambda: tf.nn.conv2d_transpose(image(1, 2, 2, 6), weights(3, 3, 4, 6), [1, 4, 4, 3], 2), tf.errors.ShapeError,
     "the operand has 3 channels, which is no multiple of the filter's 4"),
    ("an output_shape of three", lambda: tf.nn.conv2d_transpose(image(1, 2, 2, 6), weights(3, 3, 4, 6), [4, 4, 4], 2), tf.errors.ShapeError, "shape"),
    ("no output_shape", lambda: tf.nn.conv2d_transpose(image(1, 2, 2, 6), weights(3, 3, 4, 6), None, 2),
     tf.errors.ShapeError, "needs the shape of its result"),
    ("filter_sizes", lambda: tf.nn.conv2d_backprop_filter(image(1, 4, 4, 2), [3, 3, 2, 5], image(1, 4, 4, 6), 1, "SAME"), tf.errors.ShapeError,
     "a convolution with a filter of shape [3,3,2,5]"),
    ("depthwise channels", lambda: tf.nn.depthwise_conv2d(image(1, 3, 4, 5), weights(2, 2, 3, 2), [1, 1, 1, 1], "SAME"), tf.errors.ShapeError,
     "the input has 5 channels, the filter is for 3"),
    ("pointwise channels", lambda: tf.nn.separable_conv2d(image(1, 3, 4, 5), weights(2, 2, 5, 2), tf.ones([1, 1, 9, 2]), [1, 1, 1, 1], "SAME"),
     tf.errors.ShapeError, "the pointwise filter has 9 channels, the depthwise one gives 10"),
    ("axes of a filter", lambda: tf.nn.convolution(image(1, 3), weights(2, 3), "SAME"), tf.errors.ShapeError, "windows move over 1, 2 or 3 axes"),
    ("a window that is too large", lambda: tf.nn.max_pool(image(1, 3, 4, 5), 4, 1, "VALID"), tf.errors.ShapeError, "the window spans 4 elements"),
    ("no window", lambda: tf.nn.max_pool(image(1, 3, 4, 5), None, 1, "VALID"), tf.errors.ShapeError, "ksize is missing"),
    ("a window over channels", lambda: tf.nn.max_pool(image(1, 3, 4, 5), [1, 1, 1, 2], 1, "VALID"), tf.errors.ShapeError,
     "ksize over examples and channels must be 1"),
    ("an empty window", lambda: tf.nn.avg_pool(image(1, 3, 4, 5), [1, 0, 1, 1], 1, "VALID"), tf.errors.ShapeError, "ksize must be positive"),
    ("means of integers", lambda: tf.nn.avg_pool(image(1, 3, 4, 5, dtype=tf.int32), 2, 1, "VALID"),
     tf.errors.DTypeError, "means are of floating numbers"),
    ("windows in padding", lambda: tf.nn.max_pool(image(1, 3, 4, 5), 2, 1, [[0, 0], [2, 0], [0, 0], [0, 0]]),
     tf.errors.ShapeError, "lie in it altogether"),
    ("dilated windows in steps", lambda: tf.nn.pool(image(1, 3, 4, 5), [2, 2], "MAX", "SAME", [2, 2], [2, 2]), tf.errors.ShapeError,
     "a dilated window moves by 1"),
    ("pooling_type", lambda: tf.nn.pool(image(1, 3, 4, 5), [2, 2], "SUM", "SAME"), tf.errors.ShapeError, "pooling_type is 'MAX' or 'AVG'"),
    ("sizes that overflow", lambda: tf.nn.conv2d(image(2**20, 2**20, 2**20, 1), weights(1, 1, 1, 2**20), 1, "SAME"), tf.errors.ShapeError, "2**63"),
    ("blocks", lambda: tf.space_to_depth(image(1, 3, 4, 5), 2), tf.errors.ShapeError, "height 3 is no multiple of 2"),
    ("a block of one", lambda: tf.space_to_depth(image(1, 3, 4, 5), 1), tf.errors.ShapeError, "block_size must be at least 2"),
    ("channels of blocks", lambda: tf.depth_to_space(image(1, 3, 4, 5), 2), tf.errors.ShapeError, "the number of channels 5 is no multiple of 4"),
    ("a batch of blocks", lambda: tf.batch_to_space(image(3, 3, 4, 5), [[0, 0], [0, 0]], 2),
     tf.errors.ShapeError, "the batch of 3 is no multiple of 4"),
    ("crops", lambda: tf.batch_to_space(image(4, 1, 1, 5), [[2, 1], [0, 0]], 2), tf.errors.ShapeError, "crops [[2, 1], [0, 0]] are larger"),
    ("paddings of blocks", lambda: tf.space_to_batch(image(1, 3, 4, 5), [[0, -1], [0, 0]], 2), tf.errors.ShapeError, "paddings must be 2 pairs"),
    ("a radius", lambda: tf.nn.lrn(image(1, 3, 4, 5), -1), tf.errors.ShapeError, "depth_radius is a whole number"),
    ("statistics", lambda: tf.nn.fused_batch_norm(image(1, 3, 4, 5), tf.ones([5]), tf.ones([5]), is_training=False), tf.errors.ShapeError,
     "mean and variance are needed"),
    ("channels of a dilation", lambda: tf.nn.dilation2d(image(1, 3, 4, 5), weights(2, 2, 3), 1, 1, "SAME"), tf.errors.ShapeError,
     "the input has 5 channels, the filter is for 3"),
]


@pytest.mark.parametrize("build, error, message", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input(build, error, message):
    """The error names the function, its operands and this file's line."""
    with pytest.raises(error, match=re.escape(message)) as caught:
        build()
    assert "test_conv.py:" in str(caught.value)
    assert "x: " in str(caught.value) or "needs" in str(caught.value)


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("stride", [1, 2, 7])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_pools_of_absurd_windows_see_all_of_an_axis(n, stride, jit):
    """And make no padding of their length."""
    value = np.random.default_rng(n).normal(size=(2, n, 3, 1)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        x = tf.constant(value)
        for absurd, long in ((10**9, 2 * n), (2 * n + 1, 2 * n)):
            for pool in (tf.nn.max_pool, tf.nn.avg_pool, lambda *how: tf.nn.max_pool_with_argmax(*how).argmax):
                one, two = (pool(x, [1, k, 2, 1], [1, stride, 1, 1], "SAME") for k in (absurd, long))
                pair = [one, two] + [tf.gradients(y, x)[0] for y in (one, two) if y.dtype.is_floating]
                found = session.run(pair)
                np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
                np.testing.assert_allclose(found[-2], found[-1], rtol=1e-6)
        largest = session.run(tf.nn.max_pool(x, [1, 10**9, 10**9, 1], [1, stride, 1, 1], "SAME"))
        np.testing.assert_array_equal(largest, np.broadcast_to(value.max((1, 2), keepdims=True), largest.shape))


@pytest.mark.parametrize("side", [100, 2**31 - 1])
@pytest.mark.parametrize("known", ["sizes", "rank", "nothing"])
def test_pools_longer_than_what_they_move_over_take_no_more_memory(session, known, side):
    """As those of a known size: each window sees all of the picture, and padding beyond twice its size is none."""
    picture = np.random.default_rng(3).normal(size=(2, 3, 5, 2)).astype(np.float32)
    x = tf.placeholder(tf.float32, {"sizes": picture.shape, "rank": [None] * 4, "nothing": None}[known])
    y = tf.reshape(x, [-1, tf.shape(x)[1], tf.shape(x)[2], 2]) if known == "nothing" else x
    how = ([1, side, side, 1], [1, 2, 2, 1], "SAME")
    largest, average, placed = tf.nn.max_pool(y, *how), tf.nn.avg_pool(y, *how), tf.nn.max_pool_with_argmax(y, *how)
    flat = picture.reshape(2, 15, 2)
    most, mean, at, slope = session.run([largest, average, placed.argmax, tf.gradients(largest, x)[0]], {x: picture})
    assert most.shape == mean.shape == at.shape == (2, 2, 3, 2)
    np.testing.assert_array_equal(most, np.broadcast_to(flat.max(1)[:, None, None], most.shape))
    np.testing.assert_allclose(mean, np.broadcast_to(flat.mean(1)[:, None, None], mean.shape), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(at, np.broadcast_to((flat.argmax(1) * 2 + np.arange(2))[:, None, None], at.shape))
    np.testing.assert_array_equal(slope.reshape(flat.shape), 6.0 * (flat == flat.max(1, keepdims=True)))
