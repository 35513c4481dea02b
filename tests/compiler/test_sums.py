"""Sums of products of rows: which become one product, what is copied for it, and that nothing waits for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.compiler import sums
from graphc.compiler.groups import viewed
from tests.compiler.test_open_sizes import lstm, numbers, same_elsewhere

RNG = np.random.default_rng(0)
X, Y = (RNG.normal(size=s).astype(np.float32) for s in ((4, 6, 4), (4, 6, 5)))


def product(x: Any, y: Any) -> Any:
    return tf.matmul(x, y, transpose_a=True)


def each(x: Any, y: Any, times: Any = range(4)) -> list[Any]:
    return [product(x[t], y[t]) for t in times]


def rows(x: Any, f: Callable[[Any], Any]) -> list[Any]:
    """What kernels make of the parts of x, each also read by a product: so it lies in memory."""
    return [f(x[t]) for t in range(4)]


def through(x: Any, y: Any) -> list[Any]:
    """A sum that a later addend of another needs: rows that lie below each other must not wait for themselves."""
    a, b = rows(x, tf.sin), rows(y, tf.exp)
    first = product(a[0], b[0]) + product(a[1], b[1])
    b[2] = b[2] + tf.reduce_sum(first)
    joined = tf.concat(b, 0)
    return [first + 0.0, product(a[2], b[2]) + product(a[3], b[3]), joined * 2.0]


def crossed(x: Any, y: Any) -> list[Any]:
    """Two sums, each of rows of a concat another part of which needs the other sum."""
    a, b, c = rows(x, tf.sin), rows(y, tf.exp), rows(y, tf.cos)
    first, second = (product(a[0], z[0]) + product(a[1], z[1]) for z in (b, c))
    b[2], c[2] = b[2] + second[0], c[2] + first[0]
    return [first * 2.0, second * 2.0, tf.concat(b, 0) * 2.0, tf.concat(c, 0) * 2.0]


# What is fetched of x: float32[4,6,4], y: float32[4,6,5]; how many products are left, and how many of the parts of concats are copied.
SUMS: dict[str, tuple[Callable[[Any, Any], list[Any]], int, int]] = {
    "parts of two arrays": (lambda x, y: [tf.add_n(each(x, y))], 1, 0),
    "from behind": (lambda x, y: [tf.add_n(each(x, y, (3, 2, 1, 0)))], 1, 0),
    "some of the parts": (lambda x, y: [tf.add_n(each(x, y, (2, 1)))], 1, 0),
    "one part twice": (lambda x, y: [tf.add_n([product(x[0], y[0]), product(x[0], y[1])])], 2, 0),
    "not beside each other": (lambda x, y: [tf.add_n(each(x, y, (0, 2)))], 2, 0),
    "what is computed there": (lambda x, y: [tf.add_n([product(a, b) for a, b in zip(rows(x, tf.sin), rows(y, tf.exp), strict=True)])], 1, 0),
    "read elsewhere too": (lambda x, y: [tf.add_n([product(a := tf.sin(x[t]), y[t]) for t in range(4)]), a, tf.matmul(a, tf.ones((4, 6)))], 1, 1),
    "parts of a concat": (lambda x, y: [tf.concat(b := rows(y, tf.exp), 0) * 2.0, tf.add_n([product(x[t], b[t]) for t in (3, 2, 1)])], 1, 0),
    "of a stack": (lambda x, y: [tf.stack(b := rows(y, tf.exp)) * 2.0, tf.add_n([product(x[t], b[t]) for t in (2, 3)])], 1, 0),
    "of a concat, side by side": (lambda x, y: [tf.concat(b := rows(y, tf.exp), 1) * 2.0, tf.add_n([product(x[t], b[t]) for t in range(4)])], 4, 4),
    "two sums of the same rows": (lambda x, y: [tf.add_n([product(x[t], b[t]) for b in [rows(y, tf.exp)] for t in range(4)]),
                                                tf.add_n([product(tf.sin(x[t]), b[t]) for b in [rows(y, tf.exp)] for t in (1, 2)])], 2, 0),
    "with other addends": (lambda x, y: [tf.ones((4, 5)) + product(x[0], y[0]) + tf.ones((4, 5)) * x[0, 0, 0] + product(x[1], y[1])], 1, 0),
    "broadcast": (lambda x, y: [product(x[0], y[0]) + product(x[1, :, :1], y[1])], 1, 0),
    "a product that is fetched": (lambda x, y: [p := product(x[0], y[0]), p + product(x[1], y[1]) + product(x[2], y[2])], 2, 0),
    "a partial sum that is used": (lambda x, y: [s := product(x[0], y[0]) + product(x[1], y[1]),
                                                 s * (product(x[2], y[2]) + product(x[3], y[3]) + s)], 2, 0),
    "columns of rows": (lambda x, y: [tf.add_n([product(x[t, :, :3], y[t]) for t in range(4)])], 4, 0),
    "by columns": (lambda x, y: [tf.add_n([tf.matmul(x[t], x[t], transpose_b=True) for t in range(4)])], 0, 0),
    "of products": (lambda x, y: [tf.add_n([product(tf.matmul(x[t], tf.ones((4, 4))), y[t]) for t in range(4)])], 1, 0),
    "of what waits for a sum": (through, 3, 0),
    "of what waits for each other": (crossed, 3, 0),
}


@pytest.fixture
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of any size are large enough, so that small ones show it."""
    monkeypatch.setattr(sums, "LARGE", 1)


@pytest.mark.usefixtures("any_size")
@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("batch", [6, None])
def test_sums_of_products(name: str, batch: int | None) -> None:
    build, products, copies = SUMS[name]
    with tf.Graph().as_default() as graph:
        x, y = tf.placeholder(tf.float32, [4, batch, 4]), tf.placeholder(tf.float32, [4, batch, 5])
        fetched = build(x, y)
        for feeds in ({x: X, y: Y}, {x: np.resize(X, (4, 9, 4)), y: np.resize(Y, (4, 9, 5))})[:1 if batch else 2]:
            compiled, plain = (tf.Session(graph=graph, jit=jit).run(fetched, feeds) for jit in (True, False))
            for got, want in zip(compiled, plain, strict=True):
                np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)
        plan = tf.Session().explain(fetched, {x: X, y: Y}).program.plan
    left = [n for n in plan.order if n.operator.name == "matmul" and n.type.shape[-1] == 5]
    assert len(left) == products
    parts = [x for n in plan.order if n.operator.name == "concat" for x in n.inputs]
    assert sum(x.operator.name == "copy" and viewed(x.inputs[0]) is None for x in parts) == copies


# Rows of three products, the shape of their results, and whether one product is faster.
FASTER: list[tuple[int, int, int, bool]] = [(128, 128, 256, True), (1000, 256, 256, True), (128, 64, 256, False), (16, 64, 64, True),
                                            (17, 64, 64, False), (4, 16, 64, False)]


@pytest.mark.parametrize("k, m, n, faster", FASTER)
def test_what_is_faster_as_one(k: int, m: int, n: int, faster: bool) -> None:
    with tf.Graph().as_default():
        x, y = tf.placeholder(tf.float32, [3, k, m]), tf.placeholder(tf.float32, [3, k, n])
        plan = tf.Session().explain(tf.add_n(each(x, y, range(3))), {x: np.zeros((3, k, m)), y: np.zeros((3, k, n))}).program.plan
    assert sum(n.operator.name == "matmul" for n in plan.order) == (1 if faster else 3)


@pytest.mark.parametrize("rows", [3, 40])
def test_what_would_be_copied_for_nothing_stays(rows: int) -> None:
    """Feeds must be copied to lie below each other: more than results are saved, of many rows."""
    with tf.Graph().as_default():
        feeds = {tf.placeholder(tf.float32, [rows, 64]): np.ones((rows, 64), np.float32) for _ in range(6)}
        xs = [*feeds]
        plan = tf.Session().explain(tf.add_n([product(a, b) for a, b in zip(xs[:3], xs[3:], strict=True)]), feeds).program.plan
    assert sum(n.operator.name == "matmul" for n in plan.order) == (1 if rows == 3 else 3)


@pytest.mark.usefixtures("any_size")
def test_gradients_of_a_weight_used_at_every_step_are_one_product() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds = lstm()
        session.run(tf.global_variables_initializer())
        plan = session.explain(fetches, feeds).program.plan
        assert [n.operator.name for n in plan.order].count("matmul") == 1 + 6 + 1 + 2 + 2 + 5


@pytest.mark.usefixtures("any_size")
def test_one_plan_serves_all_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound to other sizes, it is what is compiled there."""
    monkeypatch.setattr("graphc.runtime.call.PREFERRING", 0)
    with tf.Graph().as_default(), tf.Session() as session:
        fetches, feeds = lstm()
        assert numbers(feeds)
        for step in (1, 2, 5, 300):
            assert same_elsewhere(session, fetches, feeds, step)
    for name, (build, *_) in SUMS.items():
        with tf.Graph().as_default(), tf.Session() as session:
            x, y = tf.placeholder(tf.float32, [4, None, 4], name="x"), tf.placeholder(tf.float32, [4, None, 5], name="y")
            assert same_elsewhere(session, build(x, y), {x: X, y: Y}, 1), name
