"""Behaviour that programs of TensorFlow 1 rely on and that no list of names shows: each row a line that somebody's program has."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import graphc as tf


def warned(act):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    return [str(w.message) for w in caught]


def variables():
    return {"a": tf.Variable(1.0, name="a"), "b": tf.Variable(2.0, name="b")}


def shape(*dims):
    return tf.TensorShape(dims)


def minimize_values(kind):
    d = variables()
    step = tf.train.GradientDescentOptimizer(0.25).minimize(tf.square(d["a"]) + d["b"], var_list=kind(d))
    with tf.Session(jit=False) as sess:
        sess.run(step)
        return sess.run(list(d.values()))


def lost_variable():
    d = variables()
    return warned(lambda: tf.train.AdamOptimizer().minimize(tf.square(d["a"]), var_list=d.values()))[0].splitlines()[0].split(" (")[0]


def no_variable():
    with pytest.raises(tf.errors.GradientError):
        tf.train.AdamOptimizer().minimize(tf.square(tf.constant(1.0)), var_list=variables().values())


def dropped(keep):
    return tf.nn.dropout(tf.placeholder(tf.float32, [None, 10]), keep).shape


def entropies():
    logits, labels, classes = tf.placeholder(tf.float32, [None, 10]), tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    nn = tf.nn
    return [nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits).shape,
            nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits).shape,
            nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits).shape,
            nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits).shape,
            nn.weighted_cross_entropy_with_logits(labels, logits, 2.0).shape]


def evaluated():
    v, sess = tf.Variable(3.0), tf.Session(jit=False)
    with tf.Session(jit=False).as_default():
        return [v.eval(sess), v.eval(session=sess), v.eval(), (v + 1).eval({v: 5.0}, sess), v.eval({v: 7.0}, sess)]


def scoped():
    with tf.variable_scope("a") as scope:
        names = [scope.get_variable("w", [2]).name]
    with tf.variable_scope("b"):
        return [*names, scope.get_variable("w2", [2]).name]


def operation():
    x = tf.constant(1.5, name="x")
    with tf.control_dependencies([x]):
        y = tf.add(x, 2.0, name="y")
    d = y.op.node_def
    return [x.op.get_attr("dtype"), x.op.get_attr("value").tolist(), y.op.get_attr("T"), d.name, d.op, d.input[0], d.input[-1], d.device, y.op.device,
            y.op.op_def.name, y.op.values() == (y,)]


def consumers():
    x = tf.constant([1.0, 2.0], name="x")
    a, b = tf.exp(x, name="a"), tf.split(x, 2, name="b")
    return [[op.name for op in x.consumers()], a.consumers(), b[1].value_index, x.value_index, [t.name for t in b[0].op.outputs]]


def graph_def():
    tf.add(tf.constant(1.0, name="x"), 2.0, name="y")
    d = tf.get_default_graph().as_graph_def()
    return [[n.name for n in d.node][:1] + [n.name for n in d.node][-1:], d.node[-1].op, d.ByteSize() == len(d.SerializeToString())]


def collections():
    tf.add_to_collection("kept", 1)
    tf.get_collection_ref(key="kept").append(2)
    found = [tf.get_collection(key="kept"), tf.get_collection("kept", scope=None)]
    tf.get_default_graph().clear_collection("kept")
    return [*found, tf.get_collection("kept")]


def devices():
    with tf.device(device_name_or_function=lambda op: "/gpu:0"), tf.get_default_graph().device("/cpu:0"), tf.colocate_with(tf.constant(1)), \
            tf.container("shared") as shared, tf.get_default_graph().container(shared):
        return tf.constant(1).device


def noted():
    tensor, variable = tf.constant(1.0), tf.Variable(1.0)
    tensor.W, variable.scope = variable, "layer"
    return tensor.W.scope, hasattr(tensor + 0.0, "W")


def in_place():
    ops, x = tf.python.ops.inplace_ops, tf.constant([[1, 2], [3, 4]])
    made = [ops.alias_inplace_update(x, 1, [7, 8]), ops.alias_inplace_add(x, [0], [[7, 8]]), ops.alias_inplace_sub(x, None, [[1, 1], [1, 1]]), x]
    return [v.tolist() for v in tf.Session(jit=False).run(made)]


def products():
    """A matrix makes a matrix of what stands beside it; MatMul of TensorFlow 1 is chosen by that."""
    x, matrix, matrices = tf.placeholder(tf.float32), tf.ones([3, 2]), tf.ones([5, 3, 2])
    y = tf.matmul(x, matrix)
    with tf.Session(jit=False) as sess:
        return [y.shape, tf.matmul(matrix, x, transpose_a=True).shape, tf.matmul(x, x).shape, tf.matmul(x, matrices).shape,
                sess.run(y, {x: [[1, 2, 3]]}).tolist(), sess.run(tf.matmul(x, matrices), {x: [[1, 2, 3]]}).shape]


def many_matrices():
    x = tf.placeholder(tf.float32)
    tf.Session(jit=False).run(tf.matmul(x, tf.ones([3, 2])), {x: np.ones((2, 1, 3))})


UNKNOWN = tf.placeholder(tf.float32, [None, 3]).shape[0]

ROWS = [
    (lambda: [bool(tf.Variable(0.0)), tf.get_variable("none", [0]) and 1, bool(tf.Variable([True, False]))], [True, 1, True]),
    (products, [shape(None, 2), shape(2, None), tf.TensorShape(None), tf.TensorShape(None), [[6.0, 6.0]], (5, 1, 2)]),
    (lambda: {getattr(tf.train, n).__base__ for n in dir(tf.train) if n.endswith("Optimizer") and n != "Optimizer"}, {tf.train.Optimizer}),
    (noted, ("layer", False)), (in_place, [[[1, 2], [7, 8]], [[8, 10], [3, 4]], [[0, 1], [2, 3]], [[1, 2], [3, 4]]]),
    (lambda: minimize_values(lambda d: d.values()), [0.5, 1.75]), (lambda: minimize_values(lambda d: (v for v in d.values())), [0.5, 1.75]),
    (lambda: minimize_values(lambda d: {d["a"]}), [0.5, 2.0]), (lambda: minimize_values(lambda d: [d["b"]]), [1.0, 1.75]),
    (lost_variable, "Adam: no gradient leads from Square: float32[]"), (no_variable, None),
    (graph_def, [["x", "y"], "AddV2", True]),
    (lambda: dropped(tf.placeholder(tf.float32)), shape(None, 10)), (lambda: dropped(0.5), shape(None, 10)),
    (entropies, [shape(None), shape(None), shape(None), shape(None, 10), shape(None, 10)]),
    (evaluated, [3.0, 3.0, 3.0, 6.0, 7.0]), (scoped, ["a/w:0", "a/w2:0"]),
    (operation, [tf.float32, 1.5, tf.float32, "y", "AddV2", "x", "^x", "", "", "add", True]),
    (consumers, [["a", "b"], [], 1, 0, ["b:0", "b:1"]]), (collections, [[1, 2], [1, 2], []]), (devices, ""),
    (lambda: tf.Session(jit=False).run(tf.gather([[1, 2], [3, 4]], [[0], [1]], batch_dims=1)).tolist(), [[1], [4]]),
    # Arithmetic of dimensions: what is computed of an unknown one is unknown.
    *[(lambda f=f: (f(UNKNOWN).value), None) for f in (lambda d: d + 1, lambda d: 1 + d, lambda d: d - 1, lambda d: 1 - d, lambda d: d * 2,
                                                      lambda d: 2 * d, lambda d: d // 2, lambda d: 7 // d, lambda d: d % 2, lambda d: 7 % d,
                                                      lambda d: d + d,
                                                      lambda d: d * None, lambda d: tf.Dimension(3) * d)],
    (lambda: [UNKNOWN < 3, UNKNOWN >= 3, UNKNOWN == None, UNKNOWN.is_compatible_with(3)], [None, None, True, True]),  # noqa: E711
    (lambda: [tf.Dimension(3) * 2, tf.Dimension(None).value, tf.Dimension(3).is_compatible_with(None), tf.Dimension(3).is_compatible_with(4)],
     [6, None, True, False]),
    # Shapes.
    (lambda: shape(None, 2).with_rank(2), shape(None, 2)), (lambda: tf.TensorShape(None).with_rank(2), shape(None, None)),
    (lambda: shape(None, 2).merge_with([3, None]), shape(3, 2)), (lambda: tf.TensorShape(None).merge_with([3]), shape(3)),
    (lambda: shape(1).concatenate([2, None]), shape(1, 2, None)), (lambda: shape(1).concatenate(None), tf.TensorShape(None)),
    (lambda: shape(1) + [2], shape(1, 2)), (lambda: shape(1, 2).with_rank_at_least(1), shape(1, 2)),
    (lambda: shape(1, 2).with_rank_at_most(2), shape(1, 2)),
    (lambda: [bool(tf.TensorShape(None)), bool(shape()), bool(shape(1))], [False, True, True]),
    (lambda: [shape(1).assert_has_rank(1), shape(1).assert_same_rank([2]), shape(None).assert_is_compatible_with([2]),
              shape(1).assert_is_fully_defined()],
     [None] * 4),
    (lambda: [tf.TensorShape(None)[1:].ndims, tf.TensorShape(None)[0].value, shape(1, 2, 3)[1:]], [None, None, shape(2, 3)]),
]


@pytest.mark.parametrize("call, value", ROWS)
def test_behaviour(call, value):
    assert call() == value


@pytest.mark.parametrize("call, error", [
    (lambda: shape(1, 2).with_rank(3), tf.errors.ShapeError), (lambda: shape(1, 2).merge_with([1, 3]), tf.errors.ShapeError),
    (lambda: shape(1, 2).with_rank_at_least(3), tf.errors.ShapeError), (lambda: shape(1, 2).with_rank_at_most(1), tf.errors.ShapeError),
    (lambda: shape(1).assert_same_rank([1, 2]), tf.errors.ShapeError), (lambda: shape(None).assert_is_fully_defined(), tf.errors.ShapeError),
    (many_matrices, tf.errors.InvalidArgumentError), (lambda: bool(tf.Variable(1.0) + 0.0), TypeError),
    (lambda: bool(tf.Variable(1.0).read_value()), TypeError),
    (lambda: tf.constant(1).op.get_attr("no"), tf.errors.GraphError), (lambda: np.array(tf.constant(1.0)), TypeError),
    (lambda: np.array([tf.constant(1.0)]), TypeError), (lambda: np.asarray(tf.constant([1.0])), TypeError), (lambda: UNKNOWN + "a", TypeError),
])
def test_behaviour_refused(call, error):
    with pytest.raises(error):
        call()
