"""What is read through views only is computed where the views are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

RNG = np.random.default_rng(0)
X, W, B = (RNG.normal(size=s).astype(np.float32) for s in ((20, 12), (12, 8), (8,)))


def _halves(z: Any) -> Any:
    return tf.tanh(z[:, :4]) * tf.sigmoid(z[:, 4:])


# What is fetched, and what is computed in slices then: names of nodes that no step computes as a whole, each stored nowhere.
SUNK: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "slices": (lambda p: _halves(tf.add(p, B, name="z")), ("z",)),
    "parts": (lambda p: tf.tanh(tf.split(tf.add(p, B, name="z"), 2, axis=1)[1]), ("z",)),
    "items": (lambda p: tf.add_n([tf.tanh(i) for i in tf.unstack(tf.add(p, B, name="z"))]), ("z",)),
    "a chain": (lambda p: _halves(tf.exp(tf.add(p, B, name="y"), name="z")), ("y", "z")),
    "a column": (lambda p: _halves(tf.add(p, np.ones((20, 1), np.float32), name="z")), ("z",)),
    "another dtype": (lambda p: tf.cast(tf.greater(p, 0.5, name="z")[:, :3], tf.float32) * 2.0, ("z",)),
    "through a reshape": (lambda p: tf.tanh(tf.reshape(tf.add(p, B, name="z"), (4, 5, 8))[1]), ("z",)),
    "slices of slices": (lambda p: _halves(tf.add(tf.reshape(tf.add(p, B, name="y"), (4, 5, 8))[1], 1.5, name="z")), ("y", "z")),
}
WHOLE: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "also needed whole": (lambda p: [tf.reduce_sum(z := tf.add(p, B, name="z")), _halves(z)], ("z",)),
    "fetched": (lambda p: [z := tf.add(p, B, name="z"), _halves(z)], ("z",)),
    "slice fetched": (lambda p: tf.add(p, B, name="z")[:, :4], ("z",)),
    "multiplied": (lambda p: tf.matmul(tf.add(p, B, name="z")[:, :4], np.ones((4, 3), np.float32)), ("z",)),
    "overlapping": (lambda p: tf.tanh((z := tf.add(p, B, name="z"))[:, :5]) * tf.tanh(z[:, 3:]), ("z",)),
    "an axis more": (lambda p: tf.tanh(tf.expand_dims(tf.add(p, B, name="z"), 0)), ("z",)),
    "transposed": (lambda p: tf.tanh(tf.transpose(tf.add(p, B, name="z"))), ("z",)),
    "from what is not stored": (lambda p: _halves(tf.multiply(tf.cumsum(p) * tf.nn.softmax(p), B, name="z")), ("z",)),
    "no view of the operand": (lambda p: tf.tanh(tf.reshape(tf.add(p, np.ones((20, 1), np.float32), name="z"), (160,))[:70]), ("z",)),
}


def explained(build: Callable[[Any], Any]) -> Any:
    """The explanation of what is computed from a product of matrices, and compiled as it is interpreted."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, X.shape, name="x")
        fetched = build(tf.matmul(x, W, name="product"))
        results = [tf.Session(graph=graph, jit=jit).run(fetched, {x: X}) for jit in (True, False)]
        for got, want in zip(*(r if isinstance(fetched, list) else [r] for r in results), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        return tf.Session().explain(fetched, {x: X})


@pytest.mark.parametrize("name", SUNK)
def test_slices_are_computed_where_they_are_used(name: str) -> None:
    build, sunk = SUNK[name]
    plan = explained(build)
    stored = {n.label for n in plan.program.plan.schedule.stored}
    assert not stored & set(sunk)
    assert plan.steps[-1].kind != "library" and set(sunk) <= set(plan.steps[-1].nodes)


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_needed_whole_stays_whole(name: str) -> None:
    build, whole = WHOLE[name]
    nodes = explained(build).program.plan.order
    for label in whole:
        n, = (n for n in nodes if n.label == label)
        assert n.type.shape == (20, 8)
