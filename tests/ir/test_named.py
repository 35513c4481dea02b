"""Open dimensions have names: what is told of them holds whatever is fed, for every operator."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import testing
from graphc.ir.named import named, named_shape
from graphc.ir.node import Node
from graphc.ir.sizes import Size, fixed
from tests.ir.opened import opened

Array = np.ndarray[Any, Any]


def x(*shape: int | None) -> Any:
    return tf.placeholder(tf.float32, shape, name="x")


def z(*shape: int | None) -> Any:
    return tf.placeholder(tf.float32, shape, name="z")


# What is built, and its type as a listing shows it.
SHOWN: list[tuple[str, Callable[[], Any], str]] = [
    ("a feed", lambda: x(None, 3), "float32[x.0,3]"),
    ("known", lambda: x(2, 3), "float32[2,3]"),
    ("of unknown rank", lambda: tf.placeholder(tf.float32, name="x"), "float32[...]"),
    ("beside numbers", lambda: 2 * x(None, 3) + tf.ones([3]), "float32[x.0,3]"),
    ("beside a row of its own", lambda: (lambda v: v - tf.reduce_max(v, 1, keepdims=True))(x(None, None)), "float32[x.0,x.1]"),
    ("beside another's", lambda: tf.add(x(None), z(None), name="y"), "float32[y.0]"),
    ("product", lambda: x(None, 3) @ z(3, None), "float32[x.0,z.1]"),
    ("transposed", lambda: tf.transpose(x(None, None, 2)), "float32[2,x.1,x.0]"),
    ("joined", lambda: tf.concat([x(None, 3), z(None, 3)], 0), "float32[z.0 + x.0,3]"),
    ("twice", lambda: (lambda v: tf.concat([v, v, tf.zeros([1])], 0))(x(None)), "float32[1 + 2*x.0]"),
    ("flat", lambda: tf.reshape(x(None, None, 4), [-1]), "float32[4*x.0*x.1]"),
    ("rows of a batch", lambda: tf.reshape(x(None, None, 4), [-1, 4]), "float32[x.0*x.1,4]"),
    ("as another", lambda: tf.zeros_like(x(None, 3)), "float32[x.0,3]"),
    ("of another's shape", lambda: tf.zeros(tf.shape(x(None, 3))[:1]), "float32[x.0]"),
    ("padded", lambda: tf.pad(x(None), [[1, 2]]), "float32[3 + x.0]"),
    ("of unknown count", lambda: tf.boolean_mask(x(None), [True]), "float32[boolean_mask/mask_indices.0]"),
    ("looked up", lambda: tf.gather(z(7, 5), tf.placeholder(tf.int32, [None, None], name="ids")), "float32[ids.0,ids.1,5]"),
    ("losses", lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.placeholder(tf.int32, [None], name="labels"), logits=x(None, 3)), "float32[x.0]"),
    ("losses, labels first", lambda: (lambda labels: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=x(None, 3)))(
        tf.placeholder(tf.int32, [None], name="labels")), "float32[x.0]"),
]


@pytest.mark.parametrize("what, build, shown", SHOWN, ids=[s[0] for s in SHOWN])
def test_shown(what: str, build: Callable[[], Node], shown: str) -> None:
    with tf.Graph().as_default() as graph:
        y = build()
        assert str(named(y)) == shown
        assert f"{y.label}: {shown} = " in tf.show(graph)


def numbers(given: Mapping[Node, Array], size: Size) -> int | None:
    """The number that a size is where these are fed; None if it is not of their dimensions alone."""
    have = {dim.terms[0][0][0]: n for x, a in given.items() for dim, n in zip(named_shape(x) or (), a.shape, strict=True) if not fixed(dim)}
    free = size.scope.free
    if not all(atom in have for monomial, _ in size.terms for atom in _atoms(monomial)):
        return None
    return int(size.scope.evaluator([size])(*(have.get(atom, 0) for atom in free))[0])


def _atoms(monomial: Any) -> list[Any]:
    found = []
    for atom in monomial:
        if atom.operands is None:
            found.append(atom)
        else:
            found += [a for x in atom.operands if isinstance(x, Size) for m, _ in x.terms for a in _atoms(m)]
    return found


@pytest.mark.parametrize("op", testing.testable(), ids=lambda op: op.name)
def test_operators(op: Any) -> None:
    """What the name of a result's dimension says of the operands' is so, at the sizes of each sample, for the gradients too."""
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        for what, results, gradients, feeds in opened(op):
            fetches = results + gradients
            for y, value in zip(fetches, session.run(fetches, feeds), strict=True):
                for dim, n in zip(named_shape(y) or (), np.shape(value), strict=False):
                    told = dim if fixed(dim) else numbers(feeds, dim)
                    assert told in (None, n), f"{what}: {y}"


def classifier() -> list[Any]:
    """The gradients of a two-layer classifier with an open batch."""
    pixels, labels = tf.placeholder(tf.float32, [None, 20], name="pixels"), tf.placeholder(tf.int64, [None], name="labels")
    w = [tf.Variable(np.zeros(s, np.float32)) for s in ((20, 8), (8,), (8, 5), (5,))]
    logits = tf.nn.relu(pixels @ w[0] + w[1]) @ w[2] + w[3]
    return tf.gradients(tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)), w)


def test_nothing_is_asked_of_equal_names() -> None:
    with tf.Graph().as_default() as graph:
        classifier()
        found = Counter(n.operator.name for n in graph.nodes)
    assert not {"unbroadcast_dynamic", "reduce_prod", "gather"} & found.keys()


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])
def test_fed_beside_what_it_is_made_of(jit: bool) -> None:
    """A value fed for what the graph computes has the sizes that the graph says; alone, any that fit."""
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        v, w = x(None, 3), tf.constant(np.ones((3, 4), np.float32))
        h = tf.matmul(v, w, name="h")
        y = tf.reduce_sum(h * tf.matmul(v, w))
        (g,) = tf.gradients(y, v)
        assert session.run(y, {v: np.ones((2, 3)), h: np.ones((2, 4))}) == 24
        assert session.run(tf.reduce_sum(h), {h: np.ones((5, 4))}) == 20
        with pytest.raises(tf.errors.InvalidArgumentError) as e:
            session.run(g, {v: np.ones((1, 3)), h: np.ones((5, 4))})
        text = str(e.value)
        assert "the value fed for h has 5 elements along axis 0, that for x has 1 along axis 0: in the graph both are x.0" in text
        assert "test_named.py:" in text


def test_set_shape_afterwards() -> None:
    with tf.Graph().as_default():
        v = x(None, 3)
        assert str(named(v * 2)) == "float32[x.0,3]"
        v.set_shape([7, 3])
        assert str(named(v * 2)) == "float32[7,3]"


def test_names_keep_no_graph() -> None:
    graph = tf.Graph()
    with graph.as_default():
        classifier()
        assert graph.shadows is not None
    gone = weakref.ref(graph)
    del graph
    gc.collect()
    assert gone() is None
