"""`python -m tests.bench.derivatives`: what derivatives cost beside the functions and the gradients that they are of."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import graphc as tf

from . import workloads
from .backends import tf1_ops
from .compiling import table

CALLS = 200


def best(fetches: Any, feeds: Sequence[tuple[Any, Any]], calls: int) -> float:
    """Seconds of the fastest of so many calls."""
    with tf.Session() as session:
        call = session.make_callable(fetches, [x for x, _ in feeds])
        values = [value for _, value in feeds]
        call(*values)
        times = []
        for _ in range(calls):
            start = time.perf_counter()
            call(*values)
            times.append(time.perf_counter() - start)
        return min(times)


def mixture(points: int, dimensions: int, parts: int, calls: int) -> tuple[float, float]:
    """Seconds for the value of a Gaussian mixture's likelihood, and for value and gradient."""
    w = workloads.mixture(points, dimensions, parts)
    with tf.Graph().as_default():
        feeds = {name: tf.placeholder(value.dtype.name, value.shape) for name, value in w.inputs.items()}
        y = w.forward(tf1_ops(tf), **feeds)
        pairs = [(feeds[name], value) for name, value in w.inputs.items()]
        return best(y, pairs, calls), best([y, *tf.gradients(y, [feeds[name] for name in w.wrt])], pairs, calls)


def network(size: int, calls: int) -> dict[str, float]:
    """Seconds for derivatives of two layers of tanh and of the sum of their squares, float32."""
    rng = np.random.default_rng(0)
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [size])
        y = tf.reshape(x, [1, size])
        for _ in range(2):
            y = tf.tanh(tf.matmul(y, tf.constant(rng.normal(size=(size, size), scale=size**-0.5).astype("f"))))
        y = tf.reshape(y, [size])
        total = tf.reduce_sum(y * y)
        wanted = {"gradient": tf.gradients(total, x), "jacobian": tf.jacobian(y, x), "hessian": tf.hessian(total, x),
                  "hvp": tf.hvp(total, x, tf.ones([size]))}
        feeds = [(x, rng.normal(size=size).astype("f"))]
        return {name: best(fetch, feeds, calls) for name, fetch in wanted.items()}


def rows(calls: int = CALLS, points: int = 1000, size: int = 64) -> Iterator[tuple[str, str]]:
    for dimensions in (10, 32):
        value, both = mixture(points, dimensions, 25, calls)
        yield (f"mixture of 25 Gaussians in {dimensions} dimensions, {points:,} points: value and gradient, beside the value alone",
               f"{1e3 * both:.2f} ms, {1e3 * value:.2f} ms: {both / value:.1f} times")
    found = {name: 1e6 * seconds for name, seconds in network(size, calls).items()}
    slope, root = found["gradient"], size**0.5
    yield (f"Jacobian of two tanh layers of {size}, beside the gradient of a scalar of it",
           f"{found['jacobian']:.1f} us, {slope:.1f} us: {found['jacobian'] / slope / root:.1f} times the gradient times {root:g}")
    yield f"Hessian of that scalar, {size} by {size}", f"{found['hessian']:.0f} us"
    yield "product with its Hessian", f"{found['hvp']:.1f} us: {found['hvp'] / slope:.1f} gradients"


if __name__ == "__main__":
    print(table(rows()))
