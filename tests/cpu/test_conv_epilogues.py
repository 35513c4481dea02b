"""Statements in the kernels of convolutions: which loop nests become such, and that their values are those of the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import conv as steps
from graphc.cpu import conv_text, native


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def drawn(shape: Any, seed: int = 0) -> Any:
    return np.random.default_rng([5, seed]).normal(size=shape)


def conv(x: Any, outputs: int = 24, stride: int = 1, padding: Any = "SAME", seed: int = 1) -> Any:
    return tf.nn.conv2d(x, drawn((3, 2, 16, outputs), seed) / 8, stride, padding)


def back(y: Any, shape: Any, stride: int = 1) -> Any:
    return tf.nn.conv2d_backprop_input(shape, drawn((3, 2, 16, 24), 1) / 8, y, [1, stride, stride, 1], "SAME")


def normalised(x: Any) -> Any:
    scale, shift, mean, variance = (drawn(24, seed) for seed in range(4))
    return tf.nn.batch_normalization(conv(x), mean, variance ** 2, shift, scale, 1e-3)


def residual(x: Any) -> Any:
    """The convolution's own operand is added to its result, which is also asked for."""
    y = conv(x, 16)
    return tf.nn.relu(y + x), y


def both_ways(x: Any) -> Any:
    """What is read element by element is read as windows, too."""
    y = tf.nn.relu(conv(x, 16))
    return y + tf.nn.conv2d(y, drawn((3, 3, 16, 16), 4) / 8, 1, "SAME")


def gates(x: Any) -> Any:
    """A factor for each image and channel, and one for each row."""
    return tf.sigmoid(conv(x)) * drawn((2, 1, 1, 24), 7) + drawn((7, 1, 1), 8)


def summed(x: Any) -> Any:
    """A sum over places is no statement of the kernel."""
    return tf.reduce_sum(tf.nn.relu(conv(x)), [0, 1, 2])


def turned(x: Any) -> Any:
    return tf.transpose(conv(x), [0, 2, 1, 3]) + 1.0


def strided_back(x: Any) -> Any:
    """A gradient to the input comes in parts, one for each place within a stride, some of which no window holds."""
    y = tf.square(tf.nn.conv2d(x, drawn((1, 1, 16, 24), 2), 2, "SAME"))
    g = tf.nn.conv2d_backprop_input([2, 7, 6, 16], drawn((1, 1, 16, 24), 2), y, [1, 2, 2, 1], "SAME")
    return tf.where(tf.greater(x, 0.0), g, 0.5 * x)


def volumes(x: Any) -> Any:
    return tf.nn.relu(tf.nn.conv3d(tf.reshape(x, [1, 2, 7, 6, 16]), drawn((2, 2, 3, 16, 9)) / 8, [1, 1, 2, 1, 1], "SAME") + drawn(9))


def grouped(x: Any) -> Any:
    return tf.nn.relu(tf.nn.conv2d(x, drawn((3, 2, 8, 16)) / 8, 1, "SAME") - drawn(16))


# What it is, how it is built of float[2, 7, 6, 16], and how many convolutions have an epilogue.
ROWS: list[tuple[str, Callable[[Any], Any], int]] = [
    ("bias and relu", lambda x: tf.nn.relu(tf.nn.bias_add(conv(x), drawn(24))), 1),
    ("outputs that fill no vector", lambda x: tf.nn.relu(conv(x, 13) + drawn(13)), 1),
    ("strides", lambda x: tf.tanh(conv(x, 24, 2, "VALID") * drawn(24)), 1),
    ("batch normalisation of known moments", normalised, 1),
    ("residual", residual, 1),
    ("a convolution of the result", both_ways, 2),
    ("factors of images and of rows", gates, 1),
    ("whole numbers", lambda x: tf.cast(conv(x) * 4.0, tf.int32), 1),
    ("comparison", lambda x: tf.greater(conv(x), drawn(24)), 1),
    ("sums", summed, 0),
    ("transposed", turned, 0),
    ("gradient to the input", lambda x: tf.nn.relu(back(tf.square(conv(x)), [2, 7, 6, 16]) * x), 2),
    ("gradient to the input by strides", lambda x: back(tf.square(conv(x, 24, 2)), [2, 7, 6, 16], 2) + x, 2),
    ("gradient to the input where no window is", strided_back, 2),
    ("three axes", volumes, 1),
    ("groups", grouped, 1),
]


@pytest.mark.parametrize("build, fused", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_epilogues(build: Any, fused: int, dtype: str) -> None:
    """As the interpreter computes it; the same bits on two threads, and with open sizes."""
    value = drawn((2, 7, 6, 16)).astype(dtype)
    results = []
    for shape in (value.shape, [None, *value.shape[1:]]):
        x = tf.placeholder(dtype, shape)
        fetches = [tf.identity(y) if y is x else y for y in (lambda made: made if isinstance(made, tuple) else [made])(build(x))]
        for threads in (1, 2):
            with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
                results.append(session.run(list(fetches), {x: value}))
                report = session.explain(list(fetches), {x: value})
        wanted = tf.Session(jit=False).run(list(fetches), {x: value})
        assert len({tuple(s.nodes) for s in report.steps if s.kind == "convolution" and len(s.nodes) > 1}) == fused
        for found, right in zip(results[-1], wanted, strict=True):
            np.testing.assert_allclose(found, right, rtol=2e-5 if dtype == "float32" else 1e-12, atol=2e-5 if dtype == "float32" else 1e-12)
    for others in results[1:]:
        for found, same in zip(results[0], others, strict=True):
            np.testing.assert_array_equal(found, same)


@pytest.mark.parametrize("width", [16, 32, 64])
def test_vectors_of_any_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "vector_bytes", lambda: width)
    value, x = drawn((2, 7, 6, 16)).astype("f"), tf.placeholder(tf.float32, [2, 7, 6, 16])
    y = tf.nn.relu(conv(x, 13) + drawn(13))
    np.testing.assert_allclose(tf.Session().run(y, {x: value}), tf.Session(jit=False).run(y, {x: value}), rtol=2e-5, atol=2e-5)


FAULTS = [
    ("minimum(left,", "minimum(left - 1,"), ("image = load(noted, i)", "image = load(noted, 0)"), ("channel = first + j", "channel = column + j"),
    ("place_first0", "place_first1"), ("* place_step1", "* 1"), ("load(beside, i *", "load(beside, 0 *"),
    ("width = minimum(", "width = -1 + minimum("),
]


@pytest.mark.parametrize("old, new", FAULTS, ids=[old for old, _ in FAULTS])
@pytest.mark.usefixtures("spoilt")
def test_planted_faults_are_found(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the text of the kernel makes one of the results wrong."""
    whole = conv_text.conv

    def faulty(*args: Any) -> str:
        text = whole(*args)
        assert len(args) < 3 or old in text
        return text.replace(old, new) if len(args) > 2 and args[2] is not None else text
    value, x = drawn((2, 7, 6, 16)).astype("f"), tf.placeholder(tf.float32, [2, 7, 6, 16])
    fetches = [tf.nn.relu(conv(x, 13) + drawn(13)), back(tf.square(conv(x, 24, 2)), [2, 7, 6, 16], 2) + x, grouped(x)]
    wanted = tf.Session(jit=False).run(fetches, {x: value})
    monkeypatch.setattr(steps.conv_text, "conv", faulty)
    found = tf.Session().run(fetches, {x: value})
    assert not all(np.allclose(a, b, rtol=1e-4, atol=1e-4) for a, b in zip(found, wanted, strict=True))
