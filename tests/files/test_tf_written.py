"""Graphs leave as TensorFlow's: what is written is read back equal, bytes are those that TensorFlow has run, and what cannot leave is named."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc.files.tf_graph.messages import GraphDef, SavedModel, VariableDef
from tests import ROOT


def mlp():
    """A net's probabilities, loss and accuracy."""
    x, y = tf.placeholder(tf.float32, [None, 8], name="x"), tf.placeholder(tf.float32, [None, 4], name="y")
    logits = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 4)
    hits = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
    return [tf.nn.softmax(logits), tf.losses.softmax_cross_entropy(y, logits), tf.reduce_mean(tf.cast(hits, tf.float32))]


def lenet():
    """Convolutions and pools, of channels last."""
    x = tf.placeholder(tf.float32, [None, 12, 12, 1], name="x")
    first = tf.layers.max_pooling2d(tf.layers.conv2d(x, 3, 5, padding="same", activation=tf.nn.relu), 2, 2)
    second = tf.layers.average_pooling2d(tf.layers.conv2d(first, 4, 3, activation=tf.nn.elu), 2, 2)
    logits = tf.layers.dense(tf.layers.flatten(second), 10)
    return [tf.nn.log_softmax(logits), tf.losses.sparse_softmax_cross_entropy(tf.placeholder(tf.int32, [None], name="y"), logits)]


def lstm():
    """A recurrent cell, written out."""
    steps = tf.unstack(tf.placeholder(tf.float32, [None, 3, 2], name="x"), 3, 1)
    out, state = tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), steps, dtype=tf.float32)
    return [tf.layers.dense(out[-1], 2), state.c]


def gradients():
    """Derivatives of a net by its weights."""
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    loss = tf.reduce_mean(tf.square(tf.layers.dense(tf.layers.dense(x, 6, tf.nn.tanh), 1)))
    return tf.gradients(loss, tf.trainable_variables())


def moving():
    """Slices, joins, gathers, reductions, normalisation, random numbers' shapes."""
    x = tf.placeholder(tf.float32, [3, 4], name="x")
    top = tf.nn.top_k(x, 2)
    mean, variance = tf.nn.moments(x, [0])
    return [x[1], x[::2, 1:3], x[..., tf.newaxis, -1], tf.concat([x, x], 1), tf.stack([x, x], 1), tf.split(x, 2, 1)[1], tf.gather(x, [2, 0]),
            tf.transpose(x), tf.reduce_logsumexp(x, 1), top.values, top.indices, mean, variance, tf.one_hot([1, 3], 5), tf.nn.l2_normalize(x, 1),
            tf.clip_by_value(x, -0.5, 0.5), tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.abs(x), logits=x), tf.pad(x, [[1, 0], [0, 2]]),
            tf.tile(x, [1, 2]), tf.matmul(x, x, transpose_b=True), tf.where(x > 0.0, x, -x), tf.shape(tf.random_normal([2, 3])), tf.fill([2], 7.0),
            tf.cumsum(x, 1), tf.reverse(x, [0]), tf.nn.leaky_relu(x), tf.constant(3) / tf.constant(2)]


def fed(shape):
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


ROWS = {
    "mlp": (mlp, {"x:0": fed((5, 8)), "y:0": np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0]]}),
    "lenet": (lenet, {"x:0": fed((2, 12, 12, 1)), "y:0": np.array([1, 7], np.int32)}),
    "lstm": (lstm, {"x:0": fed((2, 3, 2))}),
    "gradients": (gradients, {"x:0": fed((4, 5))}),
    "moving": (moving, {"x:0": fed((3, 4))}),
}


def written(build, feeds):
    """The bytes of a graph, the names of its results, their values, and those of its variables."""
    tf.set_random_seed(5)
    made = build()
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        values, variables = session.run(made, feeds), session.run({v.op.name: v for v in tf.global_variables()})
    return tf.get_default_graph().as_graph_def().tensorflow(made), [t.name for t in made], values, variables


@pytest.mark.parametrize("name", ROWS)
def test_what_is_written_is_read_back(name):
    build, feeds = ROWS[name]
    data, names, values, variables = written(build, feeds)
    with tf.Graph().as_default() as graph:
        found = tf.import_graph_def(tf.GraphDef.FromString(data), name="", return_elements=names)
        with tf.Session(jit=False) as session:
            for label, value in variables.items():
                session.run(tf.assign(graph.get_operation_by_name(label).outputs[0], value))
            for label, a, b in zip(names, session.run(found, feeds), values, strict=True):
                np.testing.assert_allclose(a, b, 1e-5, 1e-6, err_msg=label)


def test_every_operation_is_theirs():
    x = tf.placeholder(tf.float32, [2], name="x")
    tf.nn.softmax(tf.nn.relu(x) + 1.0, name="p")
    nodes = {n.name: n for n in tf.GraphDef.FromString(tf.get_default_graph().as_graph_def().SerializeToString()).node}
    assert [(n.op, list(n.input)) for n in nodes.values()] == [
        ("Placeholder", []), ("Relu", ["x"]), ("Const", []), ("AddV2", ["Relu", "Const"]), ("Softmax", ["add"])]


@pytest.mark.parametrize("build, at", [(lambda at: tf.one_hot(at, 3), [1, 0]), (lambda at: tf.add_n([at, at]), [1.0, 2.0])], ids=["array", "list"])
def test_arrays_that_change_afterwards_are_written_as_they_were(build, at):
    at = np.array(at)
    y = build(at)
    value = tf.Session(jit=False).run(y)
    at[:] = 2
    data = tf.get_default_graph().as_graph_def().tensorflow([y])
    with tf.Graph().as_default():
        again, = tf.import_graph_def(tf.GraphDef.FromString(data), return_elements=[y.name])
        np.testing.assert_array_equal(tf.Session(jit=False).run(again), value)


def test_scalars_say_their_shapes():
    """TensorFlow refuses a variable without the attribute, and takes a placeholder without it for one of any shape."""
    tf.placeholder(tf.float32, [], name="x")
    tf.Variable(1.0, name="v")
    nodes = {n.name: n for n in tf.GraphDef.FromString(tf.get_default_graph().as_graph_def().SerializeToString()).node}
    assert all(nodes[name].attr["shape"].HasField("shape") for name in ("x", "v"))


def test_bytes_are_those_that_tensorflow_ran():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w")
    tf.nn.softmax(tf.nn.bias_add(tf.matmul(x, w), [0.5, -0.5]), name="p")
    assert tf.get_default_graph().as_graph_def().SerializeToString() == (ROOT / "tests/data/tf_graphs/written.pb").read_bytes()


def test_a_saved_model_is_theirs_too(tmp_path):
    """Its graph and variables by TensorFlow's files alone; what trains, and has no counterpart, is no part of it."""
    x = tf.placeholder(tf.float32, [None, 6, 6, 1], name="x")
    net = tf.layers.flatten(tf.layers.max_pooling2d(tf.layers.conv2d(x, 2, 3), 2, 2))
    y = tf.layers.dense(net, 3, tf.nn.sigmoid)
    train = tf.train.AdamOptimizer().minimize(tf.reduce_sum(tf.square(y)))
    with tf.Session(jit=False) as session:
        session.run(tf.global_variables_initializer())
        session.run(train, {x: fed((2, 6, 6, 1))})
        tf.saved_model.simple_save(session, str(tmp_path / "m"), {"x": x}, {"y": y})
        expected = session.run(y, {x: fed((3, 6, 6, 1))})
    (meta,) = SavedModel.FromString((tmp_path / "m/saved_model.pb").read_bytes()).meta_graphs
    assert meta.saver_def.restore_op_name == "save/restore_all" and list(meta.meta_info_def.tags) == ["serve"]
    signature = meta.signature_def["serving_default"]
    (tmp_path / "m/variables/variables.safetensors").unlink()
    reader = tf.train.NewCheckpointReader(str(tmp_path / "m/variables/variables"))
    with tf.Graph().as_default() as graph, tf.Session(jit=False) as session:
        plain = GraphDef()
        plain.node.extend(n for n in meta.graph_def.node if not n.name.startswith("save/"))
        found, = tf.import_graph_def(plain, name="", return_elements=[signature.outputs["y"].name])
        for v in meta.collection_def["variables"].bytes_list.value:
            name = VariableDef.FromString(v).variable_name
            session.run(tf.assign(graph.get_tensor_by_name(name), reader.get_tensor(name.removesuffix(":0"))))
        np.testing.assert_allclose(session.run(found, {signature.inputs["x"].name: fed((3, 6, 6, 1))}), expected, 1e-5)


def test_what_cannot_leave_is_named():
    x = tf.placeholder(tf.float32, [4], name="x")
    y = tf.while_loop(lambda v: v < 3.0, lambda v: tf.sort(tf.stack([[v], [v + 1.0]]), 0)[1, 0], [x[0]])
    tf.py_func(lambda v: v, [x], tf.float32, name="own")
    message = tf.get_default_graph().as_graph_def()
    said = r"(?s)no operators for 2 of the graph's: .*py_func: own.*sorted_values: while/.*test_tf_written.py"
    with pytest.raises(tf.errors.UnimplementedError, match=said):
        message.tensorflow()
    assert [n.op for n in tf.GraphDef.FromString(message.tensorflow(x)).node] == ["Placeholder"]
    assert y is not None
