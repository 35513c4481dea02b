"""What is computed once more instead of being stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

N = 40
X, W = (np.random.default_rng(i).normal(size=(N, N)).astype(np.float32) for i in range(2))


def later(x: Any) -> Any:
    """A product, which what is computed from it must wait for."""
    return tf.matmul(x, W)


def gelu(x: Any) -> tuple[list[Any], list[Any]]:
    z = later(x) + np.arange(N, dtype=np.float32)
    inner = z * 0.8 + z * z * z * 0.05
    t = tf.tanh(inner)
    h = 0.5 * z * (1.0 + t)
    g = later(h)
    u = g * (0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * (0.8 + 0.15 * z * z))
    return [tf.reduce_sum(u, 0)], [z, inner]


def rows(x: Any) -> tuple[list[Any], list[Any]]:
    centred = x - tf.reduce_mean(x, 1, keepdims=True)
    return [later(tf.exp(centred)) * centred], [centred]


# What is fetched, and what is not stored for it although a later step needs it.
RECOMPUTED: dict[str, Callable[[Any], tuple[list[Any], list[Any]]]] = {
    "gelu": gelu,
    "rows": rows,
    "of a feed": lambda x: ([later(tf.tanh(y := x * 2.0)) + y], [y]),
    "twice": lambda x: ([later(tf.exp(-(later(tf.tanh(y := x * 2.0)) + y))) - y], [y]),
    "for a sum": lambda x: ([tf.reduce_sum(later(tf.tanh(y := x * 2.0)) + y), tf.reduce_max(y, 1)], [y]),
    "through a row's bound": lambda x: ([later(tf.tanh(y := x / tf.reduce_max(x, 1, keepdims=True))) * tf.where(y > 0, y, -y)], [y]),
}
# And what is stored: it is costly, there in any case, or made of more than itself.
STORED: dict[str, Callable[[Any], tuple[list[Any], list[Any]]]] = {
    "costly": lambda x: ([later(tf.tanh(y := tf.sin(x))) + y], [y]),
    "an operand": lambda x: ([later(y := x * 2.0) + y], [y]),
    "two operands": lambda x: ([later(tf.tanh(y := tf.transpose(x) * x)) + y], [y]),
    "a finished sum": lambda x: ([later(tf.tanh(x - (y := tf.reduce_sum(x, 1, keepdims=True)))) + y], [y]),
}


def ran(build: Callable[[Any], tuple[list[Any], list[Any]]], too: bool, threads: int = 1) -> tuple[list[Any], set[str], list[str]]:
    """Results (with what is asked about fetched `too`), what is stored, and the names that are asked about."""
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
        x = tf.placeholder(tf.float32, X.shape)
        fetched, asked = build(x)
        all_of_it = [*fetched, *asked] if too else fetched
        plan = session.explain(all_of_it, {x: X}).program.plan.schedule
        return session.run(all_of_it, {x: X})[:len(fetched)], {n.label for n in plan.stored}, [n.label for n in asked]


@pytest.mark.parametrize(("name", "build", "stays"), [(k, v, False) for k, v in RECOMPUTED.items()] + [(k, v, True) for k, v in STORED.items()])
def test_what_is_cheap_is_computed_once_more(name: str, build: Any, stays: bool) -> None:
    results, stored, asked = ran(build, too=False)
    assert [label in stored for label in asked] == [stays] * len(asked)
    for threads in (1, 2, 3):
        kept, all_stored, _ = ran(build, too=True, threads=threads)
        assert set(asked) <= all_stored
        for got, want in zip(results, kept, strict=True):
            assert got.tobytes() == want.tobytes(), "recomputed and stored values differ"


def test_a_variable_that_changes_is_not_read_once_more() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(X)
        session.run(v.initializer)
        doubled = v * 2.0
        change = v.assign_add(tf.tanh(doubled))
        fetched = [tf.reduce_sum(later(tf.tanh(doubled)) + doubled), change]
        explained = session.explain(fetched)
        assert doubled.label in {n.label for n in explained.program.plan.schedule.stored}
        assert explained.updated_in_place == [v.label]
