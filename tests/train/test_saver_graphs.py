"""The graphs in checkpoints: read again, behind a scope, exported, left out, and written anew when they have grown."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
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
        assert same(values(session), wanted) and saver.as_saver_def().max_to_keep == 3
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
        assert saver.as_saver_def().max_to_keep == 1
    with tf.variable_scope("a/b", reuse=True):
        assert tf.get_variable("v", [2]).op.name == "a/b/v"


def test_exported_graph(folder):
    with tf.Graph().as_default() as graph:
        v = tf.Variable([1.0], name="v")
        message = tf.train.Saver().export_meta_graph("d/graph.meta")
        assert message.graph_def == tf.train.export_meta_graph(graph=graph).graph_def or message.saver_def.save_tensor_name
    with tf.Graph().as_default():
        assert isinstance(tf.train.import_meta_graph("d/graph.meta"), tf.train.Saver)
    with tf.Graph().as_default():
        tf.train.import_meta_graph(message)
        assert [v.name for v in tf.global_variables()] == ["v:0"]
        again = tf.train.Saver.from_proto(tf.train.Saver({"x": tf.global_variables()[0]}, max_to_keep=9).to_proto())
        assert again.described()["variables"] == {"x": "v"} and again.as_saver_def().max_to_keep == 9
        read = tf.train.SaverDef.FromString(again.as_saver_def().SerializeToString())
        assert tf.train.Saver(saver_def=read).as_saver_def() == read and read.version == tf.train.SaverDef.V2
        assert tf.train.Saver.from_proto(read).described()["variables"] == {"v": "v"}
    with tf.Graph().as_default() as plain:
        tf.constant(1.0)
        text = plain.to_json()
    with tf.Graph().as_default():
        assert tf.train.import_meta_graph(text) is None
    assert v.op.name == "v"


def test_a_graph_with_a_constraint_is_left_out(folder):
    tf.Variable([1.0], name="v", constraint=tf.abs)
    with tf.Session(jit=False) as session:
        with pytest.warns(errors.CheckpointWarning, match="without its graph: .* has a constraint, a Python function") as caught:
            path = tf.train.Saver().save(session, "m")
        assert [w.filename for w in caught] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tf.train.Saver().save(session, "m", write_meta_graph=False)
        tf.train.Saver().restore(session, path)


def test_a_python_function_stands_as_absent_in_a_saved_graph(folder):
    v = tf.Variable([1.0], name="v")
    tf.py_func(lambda a: a, [v], tf.float32)
    with tf.Session(jit=False) as session, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = tf.train.Saver().save(session, "m")
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
        tf.train.import_meta_graph(path).restore(session, path)
        assert session.run("v:0").tolist() == [1.0]
        with pytest.raises(tf.errors.GraphcError, match="function"):
            session.run(graph.get_tensor_by_name("PyFunc:0"))


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


def exported():
    """A graph that trains, with collections of each kind: its input, loss and training step."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    loss = tf.reduce_mean(tf.square(tf.layers.dense(x, 4, tf.nn.tanh)), name="loss")
    net = SimpleNamespace(x=x, loss=loss, train=tf.train.AdamOptimizer(0.1).minimize(loss, tf.train.get_or_create_global_step(), name="train"))
    tf.get_default_session().run(tf.global_variables_initializer())
    for key, member in (("tensors", net.loss), ("operations", net.train), ("numbers", 3), ("floats", 1.5), ("texts", "word")):
        tf.add_to_collection(key, member)
    tf.summary.scalar("loss", net.loss)
    return net


@pytest.mark.parametrize("as_text", [False, True], ids=["bytes", "text"])
def test_exported_messages_are_theirs(folder, as_text):
    """TensorFlow 2.15 read such a message, restored its checkpoint by the saver that it describes, and went on training with the same losses."""
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        net = exported()
        session.run(net.train, {net.x: DATA})
        saver = tf.train.Saver(max_to_keep=3)
        path = tf.train.export_checkpoint(saver.save(session, "own/m"), "theirs/m", write_meta_graph=True)
        message = saver.export_meta_graph("again.meta", as_text=as_text)
        session.run(net.train, {net.x: DATA})
        wanted = session.run({v.op.name: v for v in tf.global_variables()})
    assert message.own is None and message.saver_def.save_tensor_name == "save/control_dependency:0" and message.saver_def.max_to_keep == 3
    restored = [n for n in message.graph_def.node if n.op == "RestoreV2"]
    assert len(restored) == 1 and {*message.collection_def} >= {"variables", "trainable_variables", "train_op", "tensors", "numbers", "texts"}
    for file in ("again.meta", "theirs/m.meta"):
        with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
            tf.train.import_meta_graph(file).restore(session, path)
            session.run(net.train.name, {net.x.name: DATA})
            assert all(np.allclose(a, wanted[v], 1e-5, 1e-6) for v, a in session.run({v.op.name: v for v in tf.global_variables()}).items())
            assert [tf.get_collection(key) for key in ("tensors", "numbers", "floats", "texts")] == [
                [graph.get_tensor_by_name(net.loss.name)], [3], [1.5], [b"word"]]
            assert [op.name for op in tf.get_collection("operations")] == [net.train.name]


def test_what_tensorflow_has_not_is_exported_as_json(folder):
    with tf.Graph().as_default() as graph:
        tf.sort(tf.constant([[2.0], [1.0]]), 0, name="y")
        message = tf.train.export_meta_graph("own.meta")
        assert message.own == graph.to_json() and Path("own.meta").read_text() == message.own
        with tf.Session(jit=False) as session:
            tf.get_variable("v", [], initializer=tf.zeros_initializer())
            session.run(tf.global_variables_initializer())
            path = tf.train.Saver().save(session, "m")
    with pytest.raises(errors.UnimplementedError, match="sorted_values"):
        tf.train.export_checkpoint(path, "theirs", write_meta_graph=True)
    for source in ("own.meta", message):
        with tf.Graph().as_default(), tf.Session(jit=False) as session:
            assert tf.train.import_meta_graph(source) is None and session.run("y:0").tolist() == [[1.0], [2.0]]
