"""Kernels of fused groups: where values wait for a later sweep over a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

ROWS, SIZE = 3000, 50                     # enough for several chunks on two threads; rows that are no whole cache lines
X = np.random.default_rng(0).normal(size=(ROWS, SIZE)).astype(np.float32)
ROW = 64 * 4                              # bytes of a row of scratch: 50 float32 in whole cache lines


def share(m: Any, x: Any) -> Any:
    """Of either namespace: exp is needed for the sum and, a sweep later, for the quotient."""
    e = m.exp(x)
    return e / total(m, e)


def total(m: Any, x: Any) -> Any:
    return m.reduce_sum(x, axis=1, keepdims=True) if m is tf else m.sum(x, axis=1, keepdims=True)


def cast(m: Any, x: Any) -> Any:
    return m.cast(x, m.float64) if m is tf else x.astype(np.float64)


WAITING: dict[str, tuple[Callable[[Any, Any], Any], int]] = {           # what is computed, bytes of scratch a chunk
    "in the result": (share, 0),
    "a result of another dtype holds nothing": (lambda m, x: cast(m, share(m, x)), ROW),
    "a result of one value a row holds nothing": (lambda m, x: total(m, m.exp(x) * (x - total(m, m.exp(x)))), ROW),
    "one result holds one of two": (lambda m, x: share(m, x) + m.tanh(x) / total(m, m.tanh(x)), ROW),
    "two results hold two": (lambda m, x: [share(m, x), m.tanh(x) / total(m, m.tanh(x) + m.exp(x))], 0),
    "until the last of three sweeps": (lambda m, x: m.exp(x) / total(m, m.exp(x) - total(m, m.exp(x))), 0),
}


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", WAITING)
def test_what_waits_for_a_later_sweep(name: str, threads: int) -> None:
    compute, bytes_a_chunk = WAITING[name]
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as session:
        x = tf.placeholder(tf.float32, X.shape)
        fetched = compute(tf, x)
        explained = session.explain(fetched, {x: X})
        np.testing.assert_allclose(session.run(fetched, {x: X}), compute(np, X), rtol=2e-4, atol=1e-5)
    step, = explained.steps
    assert step.kind == "row" and (threads == 1) == (step.pieces == 1)
    assert sum(b.bytes for b in explained.buffers if b.name.startswith("scratch")) == bytes_a_chunk * step.pieces
    results = fetched if isinstance(fetched, list) else [fetched]
    moved = X.nbytes + sum(r.type.dtype.itemsize * np.prod(r.shape.as_list()) for r in results)
    assert step.bytes_read + step.bytes_written == moved + 2 * bytes_a_chunk * step.pieces


def test_a_variable_that_is_read_until_the_end_holds_nothing_else() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(X)
        session.run(v.initializer)
        session.run(v.assign(share(tf, v) + v))
        np.testing.assert_allclose(session.run(v), share(np, X) + X, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_sizes_that_are_decided_on_while_a_kernel_is_written(depth: int) -> None:
    """A size that turns out to be 0, or 1, hashes as that number: what is kept of an operand is found all the same."""
    with tf.Graph().as_default(), tf.Session() as session:
        count = tf.placeholder(tf.int32, [])
        found = session.run(tf.one_hot([0, 1, 2], count), {count: depth})
    np.testing.assert_array_equal(found, np.eye(3, depth))
