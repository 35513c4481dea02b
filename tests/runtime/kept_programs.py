"""Programs whose plans are kept: random numbers, sizes that values decide, constants, products, convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as tf
from tests.cpu.test_bind import GRAPHS

Array = np.ndarray[Any, Any]
Built = tuple[Any, list[dict[Any, Any]]]         # what to fetch, and what to feed run after run
PROGRAMS: dict[str, Callable[[], Built]] = {}


def program(build: Callable[[], Built]) -> Callable[[], Built]:
    PROGRAMS[build.__name__] = build
    return build


def rows(*sizes: int) -> list[Array]:
    return [np.random.default_rng(n).normal(size=(n, 24)).astype(np.float32) for n in sizes]


def of(name: str) -> Callable[[], Built]:
    """A graph that is bound to open sizes in other tests, for sizes of several variants."""
    def build() -> Built:
        x = tf.placeholder(tf.float32, [None, 24])
        return GRAPHS[name](x), [{x: a} for a in rows(*(31, 40, 31) if name == "pieces" else (37, 1, 53, 0, 1531, 37))]
    return build


@program
def random_numbers() -> Built:
    x = tf.placeholder(tf.float64, [None])
    return [tf.random_normal([3], seed=4) + tf.reduce_sum(x), tf.nn.dropout(x, 0.5, seed=1)], [{x: np.arange(n) * 1.0} for n in (5, 5, 9)]


@program
def values_that_decide_sizes() -> Built:
    x, k, n = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [2])
    fetches = [x[k:k + 2] * 2.0, tf.reshape(x, tf.concat([[-1], n], 0)), tf.tile(x, n)]
    return fetches, [{x: a[:, :4].copy(), k: i, n: m} for a, i, m in zip(rows(10, 10, 15), (3, 4, 0), ([2, 2], [2, 2], [4, 1]), strict=True)]


@program
def fixed_shapes() -> Built:
    x, w = tf.placeholder(tf.float32, [16, 24]), tf.get_variable("w", initializer=np.full((24, 3), 0.1, np.float32))
    y = tf.nn.softmax(x @ w)
    return [y, tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_mean(tf.square(y)))], [{x: rows(16)[0]}] * 3


@program
def constants_and_attributes() -> Built:
    """Host steps with attributes of many kinds, constants that are folded, one that is large."""
    x = tf.placeholder(tf.float32, [None, 3, 3])
    table = tf.constant(np.random.default_rng(0).normal(size=(300, 9)))
    both = tf.matrix_inverse(x + 9.0 * tf.eye(3)), tf.cast(tf.reshape(x, [-1, 9]), tf.float64) * tf.reduce_mean(table) + tf.constant(2.0, tf.float64)
    return [*both, *tf.nn.top_k(x, 2), tf.shape(x)], [{x: np.ones((n, 3, 3), np.float32)} for n in (4, 5, 1)]


@program
def no_tensors() -> Built:
    total = tf.Variable(1.0)
    return [tf.assign_add(total, 2.0).op], [{}] * 2


@program
def small_products() -> Built:
    x = tf.placeholder(tf.int32, [None, 2])
    return [tf.matmul(x, tf.constant([[1, 2], [3, 4]])), tf.argmax(x, 1), tf.cumsum(x)], [{x: np.arange(2 * n).reshape(n, 2)} for n in (4, 90)]


@program
def convolutions() -> Built:
    """In tiles, with open sizes: their kernels, the panels of filters between them, and gradients of two kinds."""
    x = tf.placeholder(tf.float32, [None, None, None, 16])
    w = tf.get_variable("filters", initializer=np.linspace(-1, 1, 9 * 16 * 20, dtype=np.float32).reshape(3, 3, 16, 20))
    y = tf.nn.conv2d(x, w, [1, 2, 1, 1], "SAME")
    pictures = [np.random.default_rng(n).normal(size=(n, 5, n + 2, 16)).astype(np.float32) for n in (2, 3, 7)]
    return [y, *tf.gradients(tf.reduce_sum(tf.square(y)), [x, w])], [{x: p} for p in pictures]


@program
def branches() -> Built:
    """A batch norm that a fed switch turns, trained, with open sizes."""
    x, training = tf.placeholder(tf.float32, [None, 24]), tf.placeholder(tf.bool, [])
    mean = tf.get_variable("mean", initializer=np.zeros(24, np.float32))
    scale = tf.get_variable("scale", initializer=np.ones(24, np.float32))
    now = tf.reduce_mean(x, 0)
    used = tf.cond(training, lambda: tf.identity(now), lambda: tf.identity(mean))
    moved = tf.cond(training, lambda: mean * 0.9 + now * 0.1, lambda: mean + 0.0)
    y = tf.nn.relu((x - used) * scale)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(y)), var_list=[scale])
    fetches = [y, step, tf.assign(mean, moved)]
    return fetches, [{x: a, training: on} for a, on in zip(rows(7, 7, 40), (True, False, True), strict=True)]


@program
def loops() -> Built:
    """Recurrence and its gradient, loops over scalars and over products, one within another, with constants within."""
    x = tf.placeholder(tf.float32, [None, None, 4])
    w = tf.get_variable("w", initializer=np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4))
    h = tf.scan(lambda h, row: tf.tanh(tf.matmul(h, w) + row), x, initializer=tf.zeros([tf.shape(x)[1], 4]))
    n, total = tf.while_loop(lambda i, t: i < 5, lambda i, t: (i + 1, t * 1.5 + tf.cast(i, tf.float32)), [0, tf.reduce_sum(x)])

    def outer(i: Any, m: Any) -> Any:
        shifted = tf.constant([1.0, 2.0, 3.0, 4.0])
        return i + 1, tf.while_loop(lambda j, m: j < i, lambda j, m: (j + 1, tf.nn.softmax(tf.matmul(m, w) + shifted)), [0, m])[1]
    inner = tf.while_loop(lambda i, m: i < 3, outer, [0, x[0]])[1]
    fetches = [h, *tf.gradients(tf.reduce_sum(tf.square(h)), [x, w]), n, total, inner]
    return fetches, [{x: np.sin(np.arange(t * b * 4.0)).reshape(t, b, 4)} for t, b in ((3, 2), (5, 2), (3, 7), (1, 3))]


@program
def checks_in_bodies() -> Built:
    """Kernels that check, in branches within loops of fixed sizes, with random numbers drawn within."""
    x, k = tf.placeholder(tf.float32, [4, 3]), tf.placeholder(tf.int32, [5])

    def step(h: Any, i: Any) -> Any:
        drawn = tf.random_uniform([3], seed=3)
        return tf.cond(i > 0, lambda: h + tf.gather(x, i), lambda: h * 0.5) + drawn
    return [tf.foldl(step, k, initializer=tf.zeros([3]))], [{x: np.ones((4, 3)), k: at} for at in ([0, 1, 2, 3, 0], [3, 3, 3, 0, 1])]


@program
def loops_by_python() -> Built:
    """A factor of each matrix: the body, of which a part is needed, with a constant in it, is a plan of its own."""
    x = tf.placeholder(tf.float32, [None, 3, 3])
    rows = tf.TensorArray(tf.float32, tf.shape(x)[0], element_shape=[3])
    w, spare = tf.constant(np.eye(3, dtype=np.float32) * 2), x[0] + 1.0

    def step(i: Any, total: Any, unused: Any, rows: Any) -> Any:
        made = tf.cholesky(tf.matmul(x[i], x[i], transpose_b=True) + w)
        return i + 1, total + made, unused * 2.0, rows.write(i, tf.reduce_sum(made, 0))
    found = tf.while_loop(lambda i, *_: i < tf.shape(x)[0], step, [0, tf.zeros([3, 3]), spare, rows])
    return [found[1], found[3].stack()], [{x: np.sin(np.arange(n * 9.0)).reshape(n, 3, 3)} for n in (2, 4, 4)]
