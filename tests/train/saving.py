"""What tests of checkpoints save: a network that draws and trains, and how values are compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

import graphc as tf

DATA = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")


def values(session: tf.Session) -> dict[str, np.ndarray]:
    names = session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    return dict(zip([v.op.name for v in names], session.run(names), strict=True))


def same(a: Any, b: Any) -> bool:
    return a.keys() == b.keys() and all(a[n].dtype == b[n].dtype and a[n].tobytes() == b[n].tobytes() for n in a)


def network(optimizer: Any, seed: int | None = 3) -> SimpleNamespace:
    """Dropout, noise and shuffled rows; the same names and streams each time it is made."""
    if seed is not None:
        tf.set_random_seed(seed)
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w, b = tf.get_variable("w", [3, 4]), tf.get_variable("b", [4], initializer=tf.zeros_initializer())
    h = tf.nn.dropout(tf.tanh(tf.matmul(tf.random_shuffle(x), w) + b), 0.7)
    loss = tf.reduce_mean(tf.square(h - tf.random_normal([4])), name="loss")
    step = tf.train.get_or_create_global_step()
    train = optimizer().minimize(loss, global_step=step, name="train")
    return SimpleNamespace(x=x, loss=loss, step=step, train=train)
