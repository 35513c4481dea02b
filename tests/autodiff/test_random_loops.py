"""Random bodies: a loop of a constant number of iterations is its unrolled form, in value and derivatives, compiled and interpreted."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.autodiff import control as derivatives
from graphc.compiler import hoist
from graphc.ops import counted

T, N = 4, 3                     # iterations; states are [N] or [N, N]
SEEDS = range(24)


class Drawn:
    """A body, drawn once and built as often as one likes: `step(states, row, i)` gives new states and an output."""

    def __init__(self, seed: int):
        draw = random.Random(seed)
        self.shapes = [draw.choice([(N,), (N, N), ()]) for _ in range(draw.randint(1, 3))]
        self.row = draw.choice([(N,), (N, N), ()])
        self.lines = [(draw.randrange(len(RULES)), draw.random(), draw.random()) for _ in range(draw.randint(2, 7))]
        self.ends = [draw.random() for _ in range(len(self.shapes) + 1)]
        self.form = draw.choice(["scan", "fold", "while", "reversed"])

    def step(self, states: list[Any], row: Any, i: Any, w: Any) -> tuple[list[Any], Any]:
        """New states, each a mixture of its own and something that was computed, and an output."""
        pool = [*states, row, tf.cast(i, tf.float64) * 0.1]
        for rule, a, b in self.lines:
            x, y = pool[int(a * len(pool))], pool[int(b * len(pool))]
            pool.append(RULES[rule](x, y, w))
        found = [pool[int(end * len(pool))] for end in self.ends]
        new = [tf.tanh(fitted(x, s) + 0.5 * s) for x, s in zip(found, states, strict=False)]
        return new, fitted(found[-1], row) * 1.5


def fitted(x: Any, like: Any) -> Any:
    """A value of the shape of another."""
    return tf.reduce_mean(x) + tf.zeros_like(like) if x.shape.as_list() != like.shape.as_list() else x


def matrix(x: Any) -> Any:
    return tf.reshape(tf.reduce_mean(x) + tf.zeros([N * N], tf.float64), [N, N]) if x.shape.ndims < 2 else x


RULES: list[Callable[[Any, Any, Any], Any]] = [
    lambda x, y, w: tf.sin(x) + 0.3,
    lambda x, y, w: x * fitted(y, x),
    lambda x, y, w: matrix(x) @ w[0],
    lambda x, y, w: matrix(x) @ w[0] + tf.sin(matrix(y)) @ w[0],
    lambda x, y, w: tf.concat([matrix(x), matrix(y)], 1) @ w[1],
    lambda x, y, w: tf.reduce_sum(x) * 0.2,
    lambda x, y, w: tf.cond(tf.reduce_sum(y) > 0.1, lambda: tf.tanh(x), lambda: x * 0.5),
    lambda x, y, w: tf.transpose(matrix(x))[::-1],
    lambda x, y, w: tf.where(fitted(x, y) > 0.0, y, tf.cos(y)),
    lambda x, y, w: tf.while_loop(lambda k, a: k < 2, lambda k, a: (k + 1, tf.sin(a) + fitted(y, a)), [0, x])[1],
    lambda x, y, w: tf.stop_gradient(x) * fitted(y, x),
]


def rolled(drawn: Drawn, states: list[Any], rows: Any, w: Any) -> list[Any]:
    if drawn.form == "while":
        out = tf.TensorArray(tf.float64, size=T)
        data = tf.TensorArray(tf.float64, size=T).unstack(rows)

        def body(i: Any, s: list[Any], out: Any) -> Any:
            new, o = drawn.step(s, data.read(i), i, w)
            return i + 1, new, out.write(i, o)
        _, end, out = tf.while_loop(lambda i, *_: i < T, body, [0, states, out])
        return [*end, out.stack()]
    backwards = drawn.form == "reversed"
    numbers = tf.range(T)
    zero = tf.zeros(drawn.row, tf.float64)
    if drawn.form == "fold":
        end, total = tf.foldl(lambda a, r: _added(drawn, a, r, w), (rows, numbers), (states, zero))
        return [*end, total]
    kept, out = tf.scan(lambda a, r: drawn.step(a[0], r[0], r[1], w), (rows, numbers), (states, zero), reverse=backwards)
    return [*(k[0 if backwards else -1] for k in kept), out]


def _added(drawn: Drawn, a: Any, r: Any, w: Any) -> Any:
    new, o = drawn.step(a[0], r[0], r[1], w)
    return new, a[1] + o


def unrolled(drawn: Drawn, states: list[Any], rows: Any, w: Any) -> list[Any]:
    out: list[Any] = [None] * T
    order = range(T) if drawn.form != "reversed" else range(T - 1, -1, -1)
    for i in order:
        states, out[i] = drawn.step(states, rows[i], tf.constant(i), w)
    if drawn.form == "fold":
        return [*states, sum(out[1:], tf.zeros(drawn.row, tf.float64) + out[0])]
    return [*states, tf.stack(out)]


def compared(seed: int, jit: bool) -> None:
    """AssertionError: value, gradient, second derivative or product with the Jacobian differ; of what is unrolled they are the references'."""
    with tf.Graph().as_default(), tf.Session(jit=jit) as session, tf.Session(jit=False) as references:
        drawn, rng = Drawn(seed), np.random.default_rng(seed)
        sources = [tf.placeholder(tf.float64, s) for s in (*drawn.shapes, (T, *drawn.row), (N, N))]
        feeds = {x: rng.normal(size=x.shape.as_list()) * 0.5 for x in sources}
        *states, rows, w = sources
        found = []
        for make in (rolled, unrolled):
            ys = make(drawn, states, rows, (w, tf.concat([w, w * 0.5], 0)))
            loss = sum(tf.reduce_sum(y * y) for y in ys)
            first = tf.gradients(loss, sources, unconnected_gradients="zero")
            slope = sum(tf.reduce_sum(g * tf.cos(x)) for g, x in zip(first, sources, strict=True))
            second = tf.gradients(slope, sources, unconnected_gradients="zero")
            moved = tf.jvp(loss, sources, [tf.sin(x) for x in sources], unconnected_gradients="zero")
            found.append([*ys, *first, *second, moved])
        for a, b in zip(session.run(found[0], feeds), references.run(found[1], feeds), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_loops_are_their_unrolled_form(seed):
    compared(seed, jit=seed % 2 == 0)


# Mistakes: where they are planted, and what stands there instead.
PLANTS = {
    "a counter that counts from 1": (counted, "_is_constant", lambda x, value: x.operator.name == "constant" and x.type.shape == ()),
    "weights of a concatenation in another order": (hoist, "_rows_of", lambda weight, parts: weight[:sum(e - b for _, _, b, e in parts)]),
    "sums of products without the last factor": (derivatives, "total_of", lambda parts: parts[-1]),
}


@pytest.mark.parametrize("place, name, instead", PLANTS.values(), ids=PLANTS)
def test_planted_mistakes_are_found(monkeypatch, place, name, instead):
    monkeypatch.setattr(place, name, instead)
    found = 0
    for seed in SEEDS:
        try:
            compared(seed, jit=False)
        except Exception:
            found += 1
            break
    if name == "_is_constant":      # loops here all count from 0: one that does not
        i = tf.while_loop(lambda i: i < 5, lambda i: i + 1, [1])
        j = tf.while_loop(lambda i, n: i < 5, lambda i, n: (i + 2, n + 1), [0, 0])[1]
        with tf.Session(jit=False) as session:
            found += session.run([i, j]) != [5, 3]
    if name == "_rows_of":          # the row behind the state
        w = np.random.default_rng(0).normal(size=(2 * N, N))
        y = tf.scan(lambda h, r: tf.concat([h, r], 1) @ tf.Variable(w), tf.ones([2, N, N], tf.float64), tf.ones([N, N], tf.float64))
        first = np.ones((N, 2 * N)) @ w
        with tf.Session(jit=False) as session:
            found += not np.allclose(session.run(y), [first, np.concatenate([first, np.ones((N, N))], 1) @ w])
    assert found
