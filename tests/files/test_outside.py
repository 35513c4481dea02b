"""Graphs that take something from outside, elements or what a function of Python gives, are saved without it, and fed when they are read."""

from __future__ import annotations

import json

import pytest

import graphc as tf
from graphc import errors
from graphc.ir.graph import Graph
from tests.files.test_graph_json import again, same_nodes

# What a program has from outside: the tensors that it brings, and the operation that takes.
OUTSIDE = {
    "an iterator of pairs": lambda: (lambda it: (it.get_next(), it.initializer))(
        tf.data.Dataset.from_tensor_slices(([1.0, 2.0], [3.0, 4.0])).make_initializable_iterator()),
    "an iterator of single elements": lambda: (lambda it: ([it.get_next()], it.make_initializer(tf.data.Dataset.range(3))))(
        tf.data.Iterator.from_structure(tf.int64, [])),
    "a queue": lambda: (lambda q: ([q.dequeue()], q.enqueue([1.0])))(tf.FIFOQueue(3, tf.float32, [[]])),
    "a function": lambda: (lambda y: ([y], y.op))(tf.py_func(abs, [-3], tf.int64)),
    "a function of two results": lambda: (lambda a, b: ([a, b], a.op))(*tf.py_func(lambda a: (a, a), [1.5], [tf.float64] * 2, stateful=False)),
    "a function of no results": lambda: ([], tf.py_func(print, ["a"], [])),
}


@pytest.mark.parametrize("make", OUTSIDE.values(), ids=OUTSIDE)
@pytest.mark.parametrize("jit", [True, False])
def test_what_comes_from_outside_is_fed_to_a_graph_that_was_read(make, jit):
    with Graph().as_default() as graph:
        brought, taking = make()
        doubled = [tf.identity(x * 2, name="doubled") for x in brought]
    read = again(graph)
    same_nodes(graph, read)
    with tf.Session(graph=read, jit=jit) as session:
        fetches = [x.name for x in doubled]
        assert session.run(fetches, {x.name: 5 for x in brought}) == [10] * len(brought)
        for wanted in [w for w in (fetches, taking.name) if w]:
            with pytest.raises(errors.FailedPreconditionError, match="no (dataset and no queue|Python function) in a graph that was read"):
                session.run(wanted)


@pytest.mark.parametrize("outside, out, message", [("present", {"type": "float32[]"}, "'present' is not 'absent'"),
                                                   ("absent", 3, "no types of what is brought"), ("absent", [], "no types of what is brought"),
                                                   ("absent", ["float32[]"], "no types of what is brought")])
def test_what_a_file_says_of_the_outside_is_checked(outside, out, message):
    with Graph().as_default() as graph:
        tf.data.Dataset.range(3).make_one_shot_iterator().get_next()
    text = json.loads(graph.to_json())
    text["nodes"][0]["attrs"] = {"outside": {"outside": outside}, "out": out}
    with pytest.raises(errors.SerializationError, match=message):
        Graph.from_json(json.dumps(text))


@pytest.mark.parametrize("attrs, message", [({"func": 3}, "3 is no function"), ({"out": 3}, "no types of what a function gives"),
                                            ({"out": []}, "no types of what a function gives"), ({"func": {"outside": "x"}}, "is not 'absent'")])
def test_what_a_file_says_of_a_function_is_checked(attrs, message):
    with Graph().as_default() as graph:
        tf.py_func(abs, [-3], tf.int64)
    text = json.loads(graph.to_json())
    text["nodes"][-1]["attrs"].update(attrs)
    with pytest.raises(errors.SerializationError, match=message):
        Graph.from_json(json.dumps(text))
