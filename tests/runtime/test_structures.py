"""Structures that are fetched and fed come back as they are: lists, tuples, mappings, attrs classes, none taken for another."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

import graphc as tf

Pair = namedtuple("Pair", "a b")
Other = namedtuple("Other", "a b")


class Listed(list):
    """A list of a class of its own."""


class Attrs:
    """What the package attrs makes of a class with fields p and q, as far as a fetch looks at it."""

    __attrs_attrs__ = (SimpleNamespace(name="p"), SimpleNamespace(name="q"))

    def __init__(self, p, q):
        self.p, self.q = p, q

    def __eq__(self, other):
        return (self.p, self.q) == (other.p, other.q)


STRUCTURES = [
    ("single", lambda x, y: x, lambda a, b: a),
    ("list", lambda x, y: [x, y], lambda a, b: [a, b]),
    ("tuple", lambda x, y: (x, y), lambda a, b: (a, b)),
    ("dict", lambda x, y: {"p": x, "q": [y]}, lambda a, b: {"p": a, "q": [b]}),
    ("namedtuple", lambda x, y: Pair(x, [y, x]), lambda a, b: Pair(a, [b, a])),
    ("nested", lambda x, y: [x, (y, [x])], lambda a, b: [a, (b, [a])]),
    ("same twice", lambda x, y: [x, x], lambda a, b: [a, a]),
    ("empty", lambda x, y: [], lambda a, b: []),
    ("name", lambda x, y: "double:0", lambda a, b: b),
    ("ordered dict", lambda x, y: OrderedDict(q=x, p=y), lambda a, b: OrderedDict(q=a, p=b)),
    ("default dict", lambda x, y: defaultdict(list, p=x), lambda a, b: defaultdict(None, p=a)),
    ("read-only dict", lambda x, y: MappingProxyType({"p": x}), lambda a, b: {"p": a}),
    ("list of a class", lambda x, y: Listed([x, y]), lambda a, b: [a, b]),
    ("attrs", lambda x, y: Attrs(x, [y]), lambda a, b: Attrs(a, [b])),
    ("deep", lambda x, y: [{"p": Pair(x, OrderedDict(q=(y,)))}], lambda a, b: [{"p": Pair(a, OrderedDict(q=(b,)))}]),
]
# Structures of the same two tensors, among them equal ones of different classes.
TWO = [lambda x, y: [x, y], lambda x, y: (x, y), Pair, Other, lambda x, y: Listed([x, y]), lambda x, y: [(x, y)], lambda x, y: [[x, y]],
       lambda x, y: [Pair(x, y)], lambda x, y: ((x, y),), lambda x, y: ([x, y],), lambda x, y: (Other(x, y),), lambda x, y: Pair(x, (y,)),
       lambda x, y: Pair(x, [y]), lambda x, y: {"a": x, "b": y}, lambda x, y: {"b": y, "a": x}, lambda x, y: OrderedDict(a=x, b=y),
       lambda x, y: [x, [y]], lambda x, y: [x, (y,)], lambda x, y: [[x], y], Attrs, lambda x, y: [], lambda x, y: (), lambda x, y: {}]


@pytest.mark.parametrize("fetch, expect", [r[1:] for r in STRUCTURES], ids=[r[0] for r in STRUCTURES])
def test_fetch_structures(session, fetch, expect):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.multiply(x, 2.0, name="double")
    for _ in range(2):
        got = session.run(fetch(x + 0.0, y), {x: 3})
        want = expect(np.float32(3), np.float32(6))
        assert got == want and type(got) is type(want)


def exact(structure):
    """A structure of results as text, which tells classes and the order of keys."""
    if isinstance(structure, (list, tuple)):
        return f"{type(structure).__name__}({', '.join(map(exact, structure))})"
    if isinstance(structure, (dict, Attrs)):
        items = (vars(structure) if isinstance(structure, Attrs) else structure).items()
        return f"{type(structure).__name__}({', '.join(f'{k}: {exact(v)}' for k, v in items)})"
    return repr(float(structure))


@pytest.mark.parametrize("way", ["run", "callable"])
@pytest.mark.parametrize("fed", [False, True])
def test_structures_are_not_taken_for_one_another(session, fed, way):
    a = tf.placeholder_with_default(3.0, [])
    x, y = a + 0.0, a * 2.0
    feed = {a: 5} if fed else {}
    value = 5.0 if fed else 3.0

    def got(make):
        return session.run(make(x, y), feed) if way == "run" else session.make_callable(make(x, y), list(feed))(*feed.values())
    for make in [*TWO, *reversed(TWO), *TWO]:
        want = make(value, 2 * value)
        assert exact(got(make)) == exact(list(want) if isinstance(want, Listed) else want)
