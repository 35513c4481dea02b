"""The graphs in checkpoints: read again, behind a scope, exported, left out, and written anew when they have grown."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import graphc as tf
from graphc import errors
from tests.train.saving import DATA, network, same, values

SOURCES = [("the path", lambda p: p), ("with .meta", lambda p: p + ".meta"), ("the file", lambda p: p + ".safetensors"), ("a Path", Path)]


@pytest.mark.parametrize("source", [row[1] for row in SOURCES], ids=[row[0] for row in SOURCES])
def test_graph_of_a_checkpoint(source, folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        net = network(tf.train.AdamOptimizer)
        tf.add_to_collection("kept", net.loss)
        session.run(net.train, {net.x: DATA})
        path = tf.train.Saver(max_to_keep=3).save(session, "m.1", 5)
        wanted = values(session)
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
        saver = tf.train.import_meta_graph(source(path))
        saver.restore(session, path)
        assert same(values(session), wanted) and saver.as_saver_def()["max_to_keep"] == 3
        assert tf.get_collection("kept") == [graph.get_tensor_by_name("loss:0")] and len(tf.trainable_variables()) == 2
        assert all(n.graph is graph for n in graph.nodes)
        tf.tanh(tf.constant(1.0), name="loss")
        assert graph.get_tensor_by_name("loss_1:0").operator.name == "tanh"


def test_graph_behind_a_scope(folder):
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
        tf.identity(v * 3.0, name="y")
        path = tf.train.Saver().save(session, "m")
    tf.get_variable("v", [2], initializer=tf.zeros_initializer())
    saver = tf.train.import_meta_graph(path, import_scope="a/b", max_to_keep=1)
    with tf.Session(jit=False) as session:
        saver.restore(session, path)
        assert session.run("a/b/y:0").tolist() == [3.0, 3.0] and session.run("v:0").tolist() == [0.0, 0.0]
        assert saver.as_saver_def()["max_to_keep"] == 1
    with tf.variable_scope("a/b", reuse=True):
        assert tf.get_variable("v", [2]).op.name == "a/b/v"


def test_exported_graph(folder):
    with tf.Graph().as_default() as graph:
        v = tf.Variable([1.0], name="v")
        text = tf.train.Saver().export_meta_graph("d/graph.meta")
        assert text == tf.train.export_meta_graph(graph=graph) == graph.to_json()
    with tf.Graph().as_default():
        assert isinstance(tf.train.import_meta_graph("d/graph.meta"), tf.train.Saver)
    with tf.Graph().as_default():
        tf.train.import_meta_graph(text)
        assert [v.name for v in tf.global_variables()] == ["v:0"]
        again = tf.train.Saver.from_proto(tf.train.Saver({"x": tf.global_variables()[0]}, max_to_keep=9).to_proto())
        assert again.as_saver_def()["variables"] == {"x": "v"} and again.as_saver_def()["max_to_keep"] == 9
    with tf.Graph().as_default() as plain:
        tf.constant(1.0)
        text = plain.to_json()
    with tf.Graph().as_default():
        assert tf.train.import_meta_graph(text) is None
    assert v.op.name == "v"


def test_a_graph_with_a_python_function_is_left_out(folder):
    v = tf.Variable([1.0], name="v")
    tf.py_func(lambda a: a, [v], tf.float32)
    with tf.Session(jit=False) as session:
        with pytest.warns(errors.CheckpointWarning, match="without its graph: func of PyFunc: .* is a Python object") as caught:
            path = tf.train.Saver().save(session, "m")
        assert [w.filename for w in caught] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tf.train.Saver().save(session, "m", write_meta_graph=False)
        tf.train.Saver().restore(session, path)


def test_a_graph_that_has_grown_is_written_anew(folder):
    tf.Variable([1.0], name="v")
    saver = tf.train.Saver()
    with tf.Session(jit=False) as session:
        saver.save(session, "m", 1)
        tf.constant(5.0, name="late")
        path = saver.save(session, "m", 2)
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(path)
        assert graph.get_operation_by_name("late").type == "Const"


def test_absorbing_is_all_or_nothing():
    with tf.Graph().as_default() as other:
        tf.constant(1.0, name="a")
        tf.constant(1.0, name="b")
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="b")
    with pytest.raises(errors.GraphError, match="'b' is read, and the graph has b: float32"):
        graph.absorb(other)
    assert (len(graph.nodes), len(other.nodes)) == (1, 2) and other.nodes[0].graph is other
    graph.finalize()
    with pytest.raises(errors.FinalizedError):
        graph.absorb(other, "scope")
