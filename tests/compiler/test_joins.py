"""Concats whose parts are concats or products: what lies where it belongs, and what is copied there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.compiler.groups import viewed

A, B = (np.random.default_rng(i).normal(size=(6, 6)).astype(np.float32) for i in range(2))


def pair(a: Any, b: Any) -> Any:
    """float32[6,12], whose parts are computed where they lie."""
    return tf.concat([tf.exp(a), tf.sin(b)], 1)


# What is fetched, and how many steps copy a concat into another, or a product into one.
NESTED: dict[str, tuple[Callable[[Any, Any], list[Any]], int]] = {
    "one behind the other": (lambda a, b: [tf.concat([pair(a, b), pair(b, a)], 0)], 0),
    "under another shape": (lambda a, b: [tf.concat([tf.reshape(pair(a, b), (1, 6, 12)), tf.zeros((1, 6, 12))], 0)], 0),
    "used elsewhere too": (lambda a, b: [tf.concat([p := pair(a, b), tf.cos(p)], 0), tf.matmul(tf.ones((3, 6)), p)], 0),
    "side by side": (lambda a, b: [tf.concat([pair(a, b), pair(b, a)], 1)], 2),
    "twice": (lambda a, b: [tf.concat([p := pair(a, b), p], 0)], 1),
    "in two": (lambda a, b: [tf.concat([p := pair(a, b), tf.cos(p)], 0), tf.concat([tf.cos(p), p], 0)], 1),
    "three deep": (lambda a, b: [tf.concat([tf.concat([pair(a, b), pair(b, a)], 0), pair(a, a)], 0)], 1),
    "fetched": (lambda a, b: [p := pair(a, b), tf.concat([p, tf.cos(p)], 0)], 1),
    "products, side by side": (lambda a, b: [tf.concat([tf.matmul(a, b), tf.matmul(b, a, transpose_a=True)], 1)], 0),
    "products, in a concat that is in another": (lambda a, b: [tf.concat([tf.concat([tf.matmul(a, b), tf.sin(b)], 1), pair(a, b)], 0)], 0),
    "stacks of products": (lambda a, b: [tf.concat([tf.matmul(tf.stack([a, b]), b), tf.sin(tf.stack([b, a]))], 2)], 0),
    "a product beside others of which it is an operand": (lambda a, b: [tf.concat([p := tf.matmul(a, b), tf.matmul(p, b)], 1)], 1),
    "a product, read elsewhere": (lambda a, b: [tf.concat([p := tf.matmul(a, b), a], 1), tf.reshape(p, (36,))], 1),
    "a product, twice": (lambda a, b: [tf.concat([p := tf.matmul(a, b), p], 1)], 2),
    "a product, fetched": (lambda a, b: [p := tf.matmul(a, b), tf.concat([p, a], 1)], 1),
    "a product, transposed": (lambda a, b: [tf.concat([tf.transpose(tf.matmul(a, b)), a], 1)], 1),
    "fetched under another shape": (lambda a, b: [tf.reshape(p := pair(a, b), (72,)), tf.concat([p, tf.cos(p)], 0)], 0),
}


def _whole(copy: Any) -> Any:
    """What a copy is made of, whatever the view of it."""
    x = copy.inputs[0]
    while (seen := viewed(x)) is not None:
        x = seen
    return x


@pytest.mark.parametrize("name", NESTED)
def test_a_concat_lies_within_another(name: str) -> None:
    build, copies = NESTED[name]
    with tf.Graph().as_default() as graph:
        a, b = tf.placeholder(tf.float32, (6, 6)), tf.placeholder(tf.float32, (6, 6))
        fetched = build(a, b)
        compiled, plain = (tf.Session(graph=graph, jit=jit).run(fetched, {a: A, b: B}) for jit in (True, False))
        for got, want in zip(compiled, plain, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5)
        plan = tf.Session().explain(fetched, {a: A, b: B}).program.plan
    made = [n for n in plan.order if n.operator.name == "copy" and (_whole(n).operator.family.joins or _whole(n).operator.family.multiplies)]
    assert len(made) == copies


# The same, of what kernels and the library make; and all copies that are left.
PLACED: dict[str, tuple[Callable[[Any, Any], list[Any]], int]] = {
    "read by a product too": (lambda a, b: [tf.concat([s := tf.sin(a), tf.cos(b)], 0), tf.matmul(s, b)], 0),
    "read under another shape": (lambda a, b: [tf.concat([s := tf.sin(a), b], 0), tf.matmul(tf.reshape(s, (4, 9)), tf.reshape(b, (9, 4)))], 1),
    "joined under another shape": (lambda a, b: [tf.stack([s := tf.sin(a), tf.cos(b)]) * 2.0, tf.matmul(s, b)], 0),
    "a sum of columns": (lambda a, b: [tf.concat([s := tf.reduce_sum(tf.sin(a), 0), a[0]], 0), tf.matmul(s[None], b)], 1),
    "twice": (lambda a, b: [tf.concat([s := tf.sin(a), s], 0)], 1),
    "in two": (lambda a, b: [tf.concat([s := tf.sin(a), b], 0), tf.concat([b, s], 0)], 3),
    "fetched": (lambda a, b: [s := tf.sin(a), tf.concat([s, tf.cos(b)], 0)], 1),
    "fetched under another shape": (lambda a, b: [tf.reshape(s := tf.sin(a), (36,)), tf.concat([s, tf.cos(b)], 0)], 0),
    "joined as it is fetched": (lambda a, b: [s := tf.reshape(tf.sin(a), (1, 36)), tf.concat([s, tf.reshape(b, (1, 36))], 0)], 2),
    "side by side": (lambda a, b: [tf.concat([s := tf.sin(a), tf.cos(b)], 1), tf.matmul(s, b)], 2),
    "a product, read elsewhere": (lambda a, b: [tf.concat([p := tf.matmul(a, b), tf.sin(a)], 0), tf.matmul(p, b)], 0),
    "a product, fetched": (lambda a, b: [p := tf.matmul(a, b), tf.concat([p, tf.sin(a)], 0)], 1),
    "in a concat within another": (lambda a, b: [tf.concat([tf.concat([s := tf.sin(a), tf.cos(b)], 0), tf.exp(a)], 0), tf.matmul(s, b)], 0),
}


@pytest.mark.parametrize("name", PLACED)
def test_parts_are_computed_where_they_lie(name: str) -> None:
    build, copies = PLACED[name]
    with tf.Graph().as_default() as graph:
        a, b = tf.placeholder(tf.float32, (6, 6)), tf.placeholder(tf.float32, (6, 6))
        fetched = build(a, b)
        compiled, plain = (tf.Session(graph=graph, jit=jit).run(fetched, {a: A, b: B}) for jit in (True, False))
        for got, want in zip(compiled, plain, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        plan = tf.Session().explain(fetched, {a: A, b: B}).program.plan
    assert sum(n.operator.name == "copy" for n in plan.order) == copies


def test_a_variable_may_become_what_is_a_part_too() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v, w = tf.Variable(np.zeros((6, 6), np.float32)), tf.Variable(np.zeros((1, 36), np.float32))
        session.run([v.initializer, w.initializer])
        s, t = tf.sin(tf.constant(A) + v), tf.reshape(tf.cos(tf.constant(B) + v), (1, 36))
        whole, other, *_ = session.run([tf.concat([s, -s], 0), tf.concat([t, -t], 0), v.assign(s), w.assign(t)])
        np.testing.assert_array_equal(whole, np.concatenate([v.eval(session=session), -v.eval(session=session)]))
        np.testing.assert_array_equal(other, np.concatenate([w.eval(session=session), -w.eval(session=session)]))


def test_a_variable_may_become_a_part() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(np.zeros((6, 12), np.float32))
        session.run(v.initializer)
        p = pair(tf.constant(A) + v[:, :6], tf.constant(B))
        whole, _ = session.run([tf.concat([p, -p], 0), v.assign(p)])
        np.testing.assert_array_equal(whole[:6], session.run(v))
        np.testing.assert_array_equal(whole[:6], -whole[6:])
