"""Loops that Python runs, whose bodies are compiled for open sizes: right for each size, at which they may be compiled anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.ir.body import MOST_SIZES, Body, everywhere

WEIGHTS = np.sin(np.arange(12.0)).reshape(4, 3)
SIZES = [(3, 2), (3, 5), (4, 7), (2, 3), (4, 1), (1, 3), (3, 2)]


def _python(x: Any) -> Any:
    """Twice a scalar, by a function of Python's."""
    found = tf.py_func(lambda v: 2 * v, [x], tf.float64)
    found.set_shape([])
    return found


def _scan(step: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """All states of a loop over the rows of x, [steps, batch, 4], whose `step` makes of the state, [batch, 3], a product and the row another one."""
    return lambda x, w: tf.scan(lambda h, row: tf.tanh(step(h, tf.matmul(row, w), row)), x, initializer=tf.zeros([tf.shape(x)[1], 3], tf.float64))


def _count(row: Any) -> Any:
    return tf.cast(tf.shape(row)[0], tf.float64)


def _array(x: Any, w: Any) -> Any:
    rows = tf.TensorArray(tf.float64, 0, dynamic_size=True, infer_shape=False)
    found = tf.while_loop(lambda i, rows: i < tf.shape(x)[0], lambda i, rows: (i + 1, rows.write(i, tf.tanh(tf.matmul(x[i], w)))), [0, rows])
    return found[1].concat()


def _inner(h: Any, product: Any, row: Any) -> Any:
    more = tf.while_loop(lambda i, t: i < 2, lambda i, t: (i + 1, tf.tanh(t + product + _python(tf.constant(0.5, tf.float64)))), [0, h])[1]
    return more * _count(row)


# The loop of each is one that no kernel runs: Python functions within, factors of matrices, arrays of unknown size.
PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "a product of all rows": _scan(lambda h, product, row: h + product + _python(tf.constant(0.25, tf.float64))),
    "a size within": _scan(lambda h, product, row: h + product * _count(row) + _python(tf.constant(0.25, tf.float64))),
    "a branch": _scan(lambda h, product, row: h + tf.cond(tf.reduce_sum(row) > 0, lambda: product * _count(row),
                                                          lambda: product + _python(tf.constant(1.0, tf.float64)))),
    "a loop within": _scan(_inner),
    "factors": _scan(lambda h, product, row: h + tf.matmul(tf.cholesky(tf.matmul(row, row, transpose_b=True) + 5 * tf.eye(
        tf.shape(row)[0], dtype=tf.float64)), product)),
    "an array": _array,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_size_is_right(name: str) -> None:
    """Values, gradients, their gradients and forward mode, against the interpreter."""
    with tf.Graph().as_default():
        x, w = tf.placeholder(tf.float64, [None, None, 4]), tf.constant(WEIGHTS)
        y = PROGRAMS[name](x, w)
        first, = tf.gradients(tf.reduce_sum(tf.square(y)), x)
        fetches = [y, first, tf.gradients(tf.reduce_sum(tf.sin(first)), x)[0], tf.jvp(y, [x], [tf.cos(x)])]
        with tf.Session() as session, tf.Session(jit=False) as other:
            for steps, batch in SIZES:
                fed = {x: np.cos(np.arange(steps * batch * 4.0)).reshape(steps, batch, 4)}
                for found, wanted in zip(session.run(fetches, fed), other.run(fetches, fed), strict=True):
                    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8, err_msg=f"{steps} x {batch}")


def test_a_body_with_numbers_for_its_sizes() -> None:
    """A body that a compilation has made is given numbers for all sizes in it; the last few such are kept, and no others."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None, None, 4])
        y = tf.gradients(tf.reduce_sum(tf.square(tf.gradients(PROGRAMS["factors"](x, tf.constant(WEIGHTS)), x)[0])), x)[0]
        with tf.Session() as session:
            session.run(y, {x: np.ones((3, 2, 4))})
            call, _ = session.calls.prepare(y, {x: np.ones((3, 2, 4))})
            code = next(iter(call.variants.bound.values())).program.code
    found = [v for step in code.hosts.values() for v in step.node.attrs.values() if isinstance(v, Body)]
    body, = (b for b in found if b.sizes())
    made = [body.at([n] * len(body.sizes())) for n in range(7, 8 + MOST_SIZES)]
    assert made[-1] is body.at([7 + MOST_SIZES] * len(body.sizes())) and len(body._at) == MOST_SIZES and not made[0].sizes()
    assert any(7 in n.type.shape for n in made[0].parameters) and not any(n.operator.name == "bound" for n in everywhere(made[0].order))
