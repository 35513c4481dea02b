"""`tf.GraphDef`, `import_graph_def`, `write_graph`: graphs as messages, read back, put in the place of tensors; and what they refuse."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf


def saved():
    """y = (x + c) * v, in a graph of its own."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None], name="x")
        tf.multiply(x + tf.constant([1.0, 2.0], name="c"), tf.Variable(3.0, name="v"), name="y")
    return graph


def parsed(data):
    made = tf.GraphDef()
    made.ParseFromString(data)
    return made


# TensorFlow's bytes know nothing of collections, in which variables are found.
@pytest.mark.parametrize("way, listed", [(lambda g: g.as_graph_def(), True), (lambda g: parsed(g.as_graph_def().SerializeToString()), False),
                                         (lambda g: tf.GraphDef.FromString(g.to_json().encode()), True), (lambda g: g, True)])
def test_graphs_are_imported(way, listed):
    found = tf.import_graph_def(way(saved()), return_elements=["x:0", "y:0", "y", "v"], name="net")
    x, y, op, v = found
    assert [n.name for n in found] == ["net/x:0", "net/y:0", "net/y", "net/v"] and op.outputs == [y]
    assert tf.get_default_graph().get_tensor_by_name("net/y:0") is y
    assert tf.Session(jit=False).run(y, {x: [1.0, 1.0]}).tolist() == [6.0, 9.0] and (v.node in tf.global_variables()) == listed


def test_inputs_are_replaced():
    mine = tf.constant([5.0, 5.0], name="mine")
    y, = tf.import_graph_def(saved().as_graph_def(), input_map={"x:0": mine * 2.0, "c": tf.constant([0.0, 1.0])}, return_elements=["y:0"])
    assert y.name == "import/y:0" and tf.Session(jit=False).run(y).tolist() == [30.0, 33.0]
    assert tf.Session(jit=False).run(tf.gradients(y, mine)[0]).tolist() == [6.0, 6.0]


def test_twice_and_without_a_name():
    first, second = (tf.import_graph_def(saved().as_graph_def(), return_elements=["y:0"])[0].name for _ in range(2))
    assert (first, second) == ("import/y:0", "import_1/y:0")
    assert tf.import_graph_def(saved().as_graph_def(), name="") is None and tf.get_default_graph().get_tensor_by_name("y:0") is not None


def test_what_is_in_a_message():
    d = saved().as_graph_def()
    by_name = {n.name: n for n in d.node}
    assert by_name["y"].op == "Mul" and by_name["y"].attr["T"] == tf.float32 and by_name["c"].attr["value"].tolist() == [1.0, 2.0]
    other = tf.GraphDef()
    other.CopyFrom(d)
    assert [n.name for n in other.node] == [n.name for n in d.node] and "name: 'y' op: 'Mul'" in repr(other)


def test_a_message_is_of_its_moment():
    graph = saved()
    d = graph.as_graph_def()
    with graph.as_default():
        tf.constant(1.0, name="later")
    assert "later" not in {n.name for n in d.node} and "later" not in {n.label for n in d.graph.nodes}


@pytest.mark.parametrize("of", [lambda g: g, lambda g: g.as_graph_def()])
def test_graphs_are_written(tmp_path, of):
    path = tf.train.write_graph(of(saved()), str(tmp_path / "deep"), "graph.pbtxt", as_text=False)
    assert path == str(tmp_path / "deep" / "graph.pbtxt") and [p.name for p in (tmp_path / "deep").iterdir()] == ["graph.pbtxt"]
    with open(path, "rb") as file:
        found = parsed(file.read()).node
    assert [n.name for n in found if n.name != "v/Assign"] == [n.name for n in saved().as_graph_def().node]


@pytest.mark.parametrize("call, error, message", [
    (lambda: parsed(b"\x0a\x10"), tf.errors.SerializationError, "the field 1 of 16 bytes does not end within its message"),
    (lambda: parsed(b"{"), tf.errors.SerializationError, "JSON"), (lambda: parsed(b"{\xff}"), tf.errors.SerializationError, "not UTF-8"),
    (lambda: tf.import_graph_def(b"{}"), tf.errors.InvalidArgumentError, "takes a GraphDef"),
    (lambda: tf.import_graph_def(saved().as_graph_def(), return_elements=["no:0"]), tf.errors.GraphError, "nothing named 'no:0'"),
    (lambda: tf.import_graph_def(saved().as_graph_def(), {"no:0": tf.constant(1.0)}), tf.errors.GraphError, "nothing named 'no:0'"),
    (lambda: tf.import_graph_def(saved().as_graph_def(), {"x:0": tf.constant([1])}), tf.errors.GraphError, "cannot stand for x: float32[?]"),
    (lambda: tf.import_graph_def(saved().as_graph_def(), {"x:0": tf.constant(1.0)}), tf.errors.GraphError, "cannot stand for x: float32[?]"),
    (lambda: [tf.constant(1.0, name="y"), tf.import_graph_def(saved().as_graph_def(), name="")], tf.errors.GraphError, "'y' is read, and the graph"),
    (lambda: tf.train.write_graph(3, ".", "a"), tf.errors.InvalidArgumentError, "takes a graph"),
    (lambda: tf.train.write_graph(saved(), "/dev/null", "a"), tf.errors.InvalidArgumentError, "nothing can be written"),
])
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_mutated_messages_raise_typed_errors():
    rng, raw = np.random.default_rng(0), saved().as_graph_def().SerializeToString()
    refused = 0
    for _ in range(500):
        data = bytearray(raw)
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
        try:
            tf.import_graph_def(parsed(bytes(data)), name=f"n{refused}")
        except tf.errors.GraphcError:
            refused += 1
    assert refused > 100
