"""A text that is written for one group serves those that are like it: it is what would have been written for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu import alike, code
from graphc.ir.node import OPERATORS
from tests.fuzz.generate import recipe
from tests.fuzz.recipe import build

SEEDS = range(120)


class Compared(alike.Writer):
    """Writes, and finds groups alike over all graphs, not of one plan only; each text is held against one written for its group alone."""

    known: dict[Any, Any] = {}
    served = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._written = Compared.known

    def __call__(self, group: Any) -> Any:
        before = len(self._written)
        found = super().__call__(group)
        assert [replace(text, annotated=list(text.annotated)) for text in found] == alike.emit(group, self.stored, self.place)
        Compared.served += len(self._written) == before
        return found


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Plans what is fetched, with no kernel compiled; gives how many groups were served by another's text."""
    monkeypatch.setattr(code, "Writer", Compared)
    monkeypatch.setattr(code.native, "compile_kernels", lambda sources: [SimpleNamespace(address=1)] * len(sources))
    monkeypatch.setattr(Compared, "known", {})
    monkeypatch.setattr(Compared, "served", 0)

    def plan(graph: tf.Graph, fetches: Any, feeds: Any) -> int:
        with tf.Session(graph=graph) as session:
            call, fed = session.calls.prepare(fetches, feeds)
            call.compile(call.arrays([np.asarray(v) for v in fed]))
        return Compared.served
    return plan


def test_over_graphs_of_all_kinds(planned: Callable[..., int]) -> None:
    served, refused = 0, list[int]()
    for seed in SEEDS:
        built = build(recipe(seed))
        try:
            served = planned(built.graph, built.fetches, built.feeds)
        except tf.errors.InvalidArgumentError:         # an operator of it does not take what it is fed
            refused.append(seed)
    assert served > 20 and len(refused) < 6


# Steps that a network repeats: each from the value before, a weight and the step's number.
REPEATED = {
    "map": lambda h, w, t: tf.tanh(tf.matmul(h, w) + 1.0),
    "row": lambda h, w, t: tf.nn.softmax(tf.matmul(h, w)),
    "column": lambda h, w, t: tf.matmul(h, w) + tf.reduce_max(h, 0),
    "whole": lambda h, w, t: tf.matmul(h, w) / tf.reduce_sum(tf.square(h)),
    "gather": lambda h, w, t: tf.gather(tf.matmul(h, w), [2, 0, 1]),
    "random": lambda h, w, t: tf.matmul(h, w) + tf.random_normal([3, 40], seed=t),
    "iota": lambda h, w, t: tf.matmul(h, w) * tf.cast(tf.range(40), tf.float32),
    "views": lambda h, w, t: tf.concat([tf.sigmoid(p) for p in tf.split(tf.matmul(h, w), 4, 1)], 1),
    "checked": lambda h, w, t: tf.matmul(h, w) + tf.one_hot(tf.cast(tf.reduce_max(h, 1), tf.int32), 40),
}


@pytest.mark.parametrize("name", REPEATED)
def test_of_what_is_unrolled(name: str, planned: Callable[..., int]) -> None:
    with tf.Graph().as_default() as graph:
        x, w = tf.placeholder(tf.float32, [3, 40]), tf.placeholder(tf.float32, [40, 40])
        h = x
        for t in range(6):
            h = REPEATED[name](h, w, t)
        assert planned(graph, [h, *tf.gradients(h, [x, w])], {x: np.ones((3, 40)), w: np.ones((40, 40))}) >= 4


def _reduced(how: str, axis: Any, keep: bool = True) -> Callable[..., Any]:
    return lambda x, y: [getattr(tf, how)(tf.exp(x), axis, keep) * y]


# Pairs of graphs of two [7, 7] tensors whose groups differ in one thing.
DIFFERENT = {
    "operator": (lambda x, y: [tf.exp(x)], lambda x, y: [tf.tanh(x)]),
    "literal": (lambda x, y: [x * 2.0], lambda x, y: [x * 0.5]),
    "literal or not": (lambda x, y: [x * 2.0], lambda x, y: [x * 3.0]),
    "order of operands": (lambda x, y: [tf.exp(x) - y], lambda x, y: [y - tf.exp(x)]),
    "one operand twice": (lambda x, y: [x * y], lambda x, y: [x * x]),
    "an earlier result": (lambda x, y: [tf.exp(x) + tf.exp(tf.exp(x))], lambda x, y: [x + tf.exp(tf.exp(x))]),
    "a later result": (lambda x, y: [tf.exp(x) / tf.sin(tf.exp(x))], lambda x, y: [tf.sin(tf.exp(x)) / tf.sin(tf.exp(x))]),
    "attribute": (lambda x, y: [tf.nn.leaky_relu(x, 0.2)], lambda x, y: [tf.nn.leaky_relu(x, 0.3)]),
    "dtype": (lambda x, y: [tf.exp(x)], lambda x, y: [tf.exp(tf.cast(x, tf.float64))]),
    "dtype cast to": (lambda x, y: [tf.cast(x, tf.int32)], lambda x, y: [tf.cast(x, tf.int64)]),
    "stored": (lambda x, y: [tf.exp(x) * y], lambda x, y: [tf.exp(x), tf.exp(x) * y]),
    "which is stored": (lambda x, y: [tf.exp(x) * y, tf.exp(x)], lambda x, y: [tf.exp(x) * y, tf.sin(tf.exp(x) * y)]),
    "strides": (lambda x, y: [tf.exp(x)], lambda x, y: [tf.exp(tf.transpose(x))]),
    "strides of one": (lambda x, y: [x * y], lambda x, y: [x * tf.transpose(y)]),
    "place in memory": tuple(lambda x, y, at=at: [tf.slice(x, [0, 0], [3, 7]) * tf.reshape(tf.slice(tf.reshape(x, [49]), [at], [21]), [3, 7])]
                             for at in (0, 21)),
    "sizes": (lambda x, y: [tf.exp(tf.slice(x, [0, 0], [3, 7]))], lambda x, y: [tf.exp(tf.slice(x, [0, 0], [4, 7]))]),
    "axis broadcast over": (lambda x, y: [x * y[0]], lambda x, y: [x * tf.expand_dims(y[0], 1)]),
    "axis reduced": (_reduced("reduce_sum", 1), _reduced("reduce_sum", 0)),
    "reduction": (_reduced("reduce_sum", 1), _reduced("reduce_max", 1)),
    "axes reduced": (_reduced("reduce_sum", 1), _reduced("reduce_sum", [0, 1])),
    "axis of the result": (_reduced("reduce_sum", 1), _reduced("reduce_sum", 1, False)),
    "index along an axis": (lambda x, y: [x * tf.cast(tf.range(7), tf.float32)],
                            lambda x, y: [x * tf.expand_dims(tf.cast(tf.range(7), tf.float32), 1)]),
    "axis gathered": (lambda x, y: [tf.gather(x, [1, 0, 3, 2, 5, 6, 4])], lambda x, y: [tf.gather(x, [1, 0, 3, 2, 5, 6, 4], axis=1)]),
    "rows of a table": (lambda x, y: [tf.gather(x, [1, 2])], lambda x, y: [tf.gather(tf.slice(x, [0, 0], [3, 7]), [1, 2])]),
    "numbers drawn": (lambda x, y: [x + tf.random_normal([7, 7], 0.0)], lambda x, y: [x + tf.random_uniform([7, 7], 0.0)]),
    "elements drawn": (lambda x, y: [x + tf.random_normal([7, 7], seed=1)], lambda x, y: [x + tf.random_normal([7], seed=1)]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_of_what_differs_in_one_thing(name: str, planned: Callable[..., int]) -> None:
    for build_one in DIFFERENT[name]:
        with tf.Graph().as_default() as graph:
            x, y = tf.placeholder(tf.float32, [7, 7]), tf.placeholder(tf.float32, [7, 7])
            planned(graph, build_one(x, y), {x: np.ones((7, 7)), y: np.ones((7, 7))})
    assert len(Compared.known) > 1, "the two are served by one text"


def test_a_text_written_for_another_group_names_ones_own_lines() -> None:
    """The node, the bound and the line of an error are of the step that fails, not of the one that it is like."""
    with tf.Graph().as_default():
        table = tf.placeholder(tf.float32, [5])
        first, second = (tf.placeholder(tf.int32, [2], name=name) for name in ("first", "second"))
        made = [tf.gather(table, first, name="one"), tf.gather(table, second, name="two")]
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=r"second is wrong: 9 is not in \[0, 5\)") as caught:
            session.run(made, {table: np.ones(5), first: [0, 1], second: [2, 9]})
        assert caught.value.op is not None and caught.value.op.label == "two"


def test_checks_against_an_array_of_bounds() -> None:
    """The bounds are no number that a message could name; they are looked at all the same."""
    x = tf.placeholder(tf.int32, [2])
    y = OPERATORS["check_index"](x, np.array([3, 4])) * 2
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(y, {x: [2, 3]}), [4, 6])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Placeholder is wrong: 3 is not in \[0, its bound\)"):
            session.run(y, {x: [3, 3]})
