"""Graphs with their variables as constants: the same results without a checkpoint, here and, by the bytes, as TensorFlow reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graphc.python.tools.freeze_graph import freeze_graph

import graphc as tf
from graphc import errors

X = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)


def net() -> Any:
    """A layer, batch normalization with its moving averages, dropout that is off, a loop and a branch over captured variables."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    h = tf.layers.dense(x, 3, tf.nn.relu, name="fc", kernel_initializer=tf.random_normal_initializer(seed=1))
    h = tf.layers.batch_normalization(h, training=False)
    h = tf.nn.dropout(h, tf.placeholder_with_default(1.0, [], name="keep"))
    w = tf.get_variable("w", initializer=[0.5, 2.0, 1.0])
    looped = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * w), (tf.constant(0), h))[1]
    return tf.identity(tf.cond(tf.reduce_sum(w) > 0, lambda: looped + w, lambda: looped - w), name="out")


def plain() -> Any:
    """A layer only: every operator of it is TensorFlow's, too."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    return tf.nn.softmax(tf.layers.dense(x, 3, tf.nn.relu, name="fc", kernel_initializer=tf.random_normal_initializer(seed=1)), name="out")


@pytest.mark.parametrize("build", [net, plain])
@pytest.mark.parametrize("train", [False, True], ids=["initial", "changed"])
def test_the_same_without_variables(build, train, session):
    out = build()
    if train:
        session.run(tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(out)), {"x:0": X})
    wanted = session.run(out, {"x:0": X})
    frozen = tf.graph_util.convert_variables_to_constants(session, session.graph.as_graph_def(), ["out"])
    assert not [n.name for n in frozen.node if n.op.startswith("Variable") or "gradients" in n.name]
    read = tf.GraphDef.FromString(frozen.SerializeToString())
    with tf.Graph().as_default() as graph, tf.Session() as alone:
        tf.import_graph_def(read, name="")
        assert graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES) == []
        np.testing.assert_allclose(alone.run("out:0", {"x:0": X}), wanted, rtol=1e-6)


def test_a_frozen_graph_keeps_types_and_names(session):
    plain()
    frozen = tf.graph_util.convert_variables_to_constants(session, session.graph.as_graph_def(), ["out"])
    found = {n.name: n.op for n in frozen.node}
    assert {k: found[k] for k in ("x", "fc/kernel", "fc/MatMul", "fc/BiasAdd", "fc/Relu", "out")} == {
        "x": "Placeholder", "fc/kernel": "Const", "fc/MatMul": "MatMul", "fc/BiasAdd": "BiasAdd", "fc/Relu": "Relu", "out": "Softmax"}


@pytest.mark.parametrize("binary", [False, True], ids=["text", "bytes"])
def test_the_tool(binary, tmp_path, session):
    wanted = session.run(plain(), {"x:0": X})
    path = tf.train.Saver().save(session, str(tmp_path / "model"))
    tf.train.write_graph(session.graph, str(tmp_path), "graph.pb", as_text=not binary)
    made = freeze_graph(str(tmp_path / "graph.pb"), "", binary, path, "out", None, None, str(tmp_path / "frozen.pb"), True, "")
    assert [n.op for n in made.node].count("Const") == 2
    with tf.Graph().as_default(), tf.Session() as alone:
        tf.import_graph_def(tf.GraphDef.FromString((tmp_path / "frozen.pb").read_bytes()), name="")
        np.testing.assert_allclose(alone.run("out:0", {"x:0": X}), wanted, rtol=1e-6)


def test_a_part_of_a_graph():
    with tf.Graph().as_default() as graph:
        y = tf.nn.relu(tf.placeholder(tf.float32, [], name="x"), name="y")
        tf.tanh(y, name="z")
    part = tf.graph_util.extract_sub_graph(graph.as_graph_def(), ["y"])
    assert {n.name for n in part.node} == {"x", "y"} == {n.name for n in tf.graph_util.extract_sub_graph(part, ["y"]).node}
    assert [n.name for n in tf.graph_util.extract_sub_graph(part, ["x"]).node] == ["x"]
    assert tf.graph_util.remove_training_nodes(part) is part


def definition() -> Any:
    return tf.get_default_graph().as_graph_def()


REFUSED = [
    ("no graph", lambda s: tf.graph_util.convert_variables_to_constants(s, "graph", ["out"]), errors.ArgumentError, "takes a GraphDef"),
    ("a text for a list", lambda s: tf.graph_util.convert_variables_to_constants(s, definition(), "out"), errors.ArgumentError, "a list of names"),
    ("no such name", lambda s: tf.graph_util.convert_variables_to_constants(s, definition(), ["no"]), errors.GraphError, "'no'"),
    ("a variable stays", lambda s: tf.graph_util.convert_variables_to_constants(s, definition(), ["out"], ["fc/bias"]), errors.UnimplementedError,
     "fc/kernel would stay"),
    ("no part", lambda s: tf.graph_util.extract_sub_graph(definition(), ["no"]), errors.GraphError, "'no'"),
    ("no name for the tool", lambda s: freeze_graph("g", "", True, "c", " ", None, None, "", True, ""), errors.ArgumentError, "names no operation"),
    ("no file", lambda s: freeze_graph("/no/such", "", True, "c", "out", None, None, "", True, ""), errors.NotFoundError, "/no/such"),
]


@pytest.mark.parametrize("act, kind, text", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(act, kind, text, session):
    plain()
    with pytest.raises(kind, match=text):
        act(session)
