"""`python -m tests.bench.lengths`: updates by policy gradients on episodes of changing length, by graphc and by its peers, each in its usual way."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .compiling import table

UNITS, LONGEST = 32, 500
Update = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]


def start() -> dict[str, np.ndarray]:
    """The parameters of a network 4-32-2 before training."""
    rng = np.random.default_rng(6)
    w, v = (rng.normal(0, 0.3, shape).astype(np.float32) for shape in ((4, UNITS), (UNITS, 2)))
    return {"w": w, "b": np.zeros(UNITS, np.float32), "v": v}


def by_graphc() -> Update:
    import graphc as tf
    seen, taken, gain = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.int64, [None]), tf.placeholder(tf.float32, [None])
    p = {name: tf.Variable(value) for name, value in start().items()}
    logits = tf.matmul(tf.tanh(tf.matmul(seen, p["w"]) + p["b"]), p["v"])
    loss = tf.reduce_mean(gain * tf.nn.sparse_softmax_cross_entropy_with_logits(labels=taken, logits=logits))
    fetches, session = [loss, tf.train.AdamOptimizer(0.01).minimize(loss)], tf.Session()
    session.run(tf.global_variables_initializer())
    return lambda x, a, g: session.run(fetches, {seen: x, taken: a, gain: g})[0]


def by_torch() -> Update:
    import torch
    p = {name: torch.tensor(value, requires_grad=True) for name, value in start().items()}
    optimizer = torch.optim.Adam(p.values(), 0.01)

    def update(x: np.ndarray, a: np.ndarray, g: np.ndarray) -> Any:
        optimizer.zero_grad()
        logits = torch.tanh(torch.from_numpy(x) @ p["w"] + p["b"]) @ p["v"]
        loss = (torch.from_numpy(g) * torch.nn.functional.cross_entropy(logits, torch.from_numpy(a), reduction="none")).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.item()
    return update


def by_jax(padded: bool = False) -> Update:
    """By `jit`, which compiles for each length; padded to the longest episode it compiles once, and computes as if all were as long."""
    import jax
    import jax.numpy as jnp

    @jax.jit
    def step(p: Any, m: Any, v: Any, t: Any, x: Any, a: Any, g: Any, n: Any) -> Any:
        def loss(p: Any) -> Any:
            logits = jnp.tanh(x @ p["w"] + p["b"]) @ p["v"]
            return -(g * jnp.take_along_axis(jax.nn.log_softmax(logits), a[:, None], axis=1)[:, 0]).sum() / n
        value, grads = jax.value_and_grad(loss)(p)
        m = {k: 0.9 * m[k] + 0.1 * grads[k] for k in p}
        v = {k: 0.999 * v[k] + 0.001 * grads[k] ** 2 for k in p}
        rate = 0.01 * (1 - 0.999 ** t) ** 0.5 / (1 - 0.9 ** t)
        return value, {k: p[k] - rate * m[k] / (jnp.sqrt(v[k]) + 1e-8) for k in p}, m, v, t + 1
    params = {k: jnp.array(x) for k, x in start().items()}
    zeros = {k: jnp.zeros_like(x) for k, x in params.items()}
    kept: Any = (params, zeros, zeros, jnp.array(1.0))

    def update(x: np.ndarray, a: np.ndarray, g: np.ndarray) -> Any:
        nonlocal kept
        n = len(x)
        if padded:
            x, a, g = (np.concatenate([y, np.zeros((LONGEST - n, *y.shape[1:]), y.dtype)]) for y in (x, a, g))
        value, *kept = step(*kept, x, a, g, np.float32(n))
        return float(value)
    return update


WAYS: dict[str, Callable[[], Update]] = {"graphc": by_graphc, "torch": by_torch, "jax-padded": lambda: by_jax(True), "jax": by_jax}


def episodes(count: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What is seen, done and gained in so many episodes of 1 to 500 steps."""
    rng = np.random.default_rng(1)
    return [(rng.normal(size=(n, 4)).astype(np.float32), rng.integers(0, 2, n), np.ones(n, np.float32))
            for n in rng.integers(1, LONGEST + 1, count).tolist()]


def rows(ways: list[str], count: int) -> Iterator[tuple[str, str]]:
    """How many updates a second each way does, counted whole and by the median; AssertionError where losses differ."""
    runs, wanted = episodes(count), None
    for name in ways:
        update, losses, took = WAYS[name](), [], []
        for episode in runs:
            begin = time.perf_counter()
            losses.append(update(*episode))
            took.append(time.perf_counter() - begin)
        wanted = losses if wanted is None else wanted
        np.testing.assert_allclose(losses, wanted, rtol=1e-2, atol=1e-3)
        yield name, f"{count / sum(took):,.0f} updates a second, {1 / float(np.median(took)):,.0f} by the median"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lengths", description="Policy gradients on episodes of changing length.")
    parser.add_argument("--ways", default="graphc,torch", help="of " + "; ".join(WAYS) + " (default %(default)s)")
    parser.add_argument("--episodes", type=int, default=1000)
    args = parser.parse_args()
    print(table(rows(args.ways.split(",") if args.ways != "all" else [*WAYS], args.episodes)))
