"""One optimizer in two graphs, as an estimator that is trained twice has it: what it keeps is each graph's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import graphc as tf

T, C = tf.train, tf.contrib.opt
OPTIMIZERS: dict[str, Callable[[], Any]] = {
    "SGD": lambda: T.GradientDescentOptimizer(0.1), "Momentum": lambda: T.MomentumOptimizer(0.1, 0.9), "Adagrad": lambda: T.AdagradOptimizer(0.1),
    "RMSProp": lambda: T.RMSPropOptimizer(0.1), "Adadelta": lambda: T.AdadeltaOptimizer(0.1), "Adam": lambda: T.AdamOptimizer(0.1),
    "Ftrl": lambda: T.FtrlOptimizer(0.1), "ProximalAdagrad": lambda: T.ProximalAdagradOptimizer(0.1), "AdaMax": lambda: C.AdaMaxOptimizer(0.1),
    "Nadam": lambda: C.NadamOptimizer(0.1), "LazyAdam": lambda: C.LazyAdamOptimizer(0.1), "AddSign": lambda: C.AddSignOptimizer(0.1),
    "PowerSign": lambda: C.PowerSignOptimizer(0.1), "LARS": lambda: C.LARSOptimizer(0.1), "RegAdagrad": lambda: C.RegAdagradOptimizer(0.1),
    "AdamW": lambda: C.AdamWOptimizer(0.01, 0.1), "MomentumW": lambda: C.MomentumWOptimizer(0.01, 0.1, 0.9),
    "Keras' Adam": lambda: tf.keras.optimizers.Adam(0.1), "Keras' SGD": lambda: tf.keras.optimizers.SGD(0.1, 0.9),
}


def trained(optimizer: Any) -> float:
    """A variable after three steps in a graph of its own, which is finalized when they are taken."""
    with tf.Graph().as_default() as graph:
        v = tf.Variable(2.0, name="v")
        step = optimizer.minimize(v * v)
        graph.finalize()
        with tf.Session(jit=False) as session:
            for _ in range(3):
                session.run(step)
            return float(session.run(v))


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optimizer_of_two_graphs(make: Callable[[], Any]) -> None:
    one = make()
    first = trained(one)
    assert trained(one) == trained(make()) == first != 2.0
