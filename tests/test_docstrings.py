"""Docstrings of what is public: each says what it computes and what it raises, does so, and the most used show an example that runs."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import modes, resource_loader, sysconfig
from graphc.ir.operator import Operator
from tests.test_signatures import NAMESPACES, callables, namespace


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def public(path: str) -> Any:
    value: Any = tf
    for name in path.split("."):
        value = getattr(value, name)
    return value


# ---------------------------------------------------------------------- what is raised

def x(*shape: int | None) -> tf.Tensor:
    return tf.placeholder(tf.float32, list(shape))


def i(*shape: int | None) -> tf.Tensor:
    return tf.placeholder(tf.int32, list(shape))


def other() -> tf.Tensor:
    with tf.Graph().as_default():
        return tf.constant(1.0)


def other_variable() -> tf.Variable:
    with tf.Graph().as_default():
        return tf.Variable(1.0)


def run(fetch: Any) -> Any:
    return tf.Session(jit=False).run(fetch)


# What is wrong with a call, and the error that the docstring foretells.
RAISED: list[tuple[str, str, Callable[[], Any]]] = [
    ("constant", "DTypeError", lambda: tf.constant(object())), ("constant", "ShapeError", lambda: tf.constant([1, 2, 3], shape=[2])),
    ("placeholder", "DTypeError", lambda: tf.placeholder("float99")), ("placeholder", "ShapeError", lambda: tf.placeholder(tf.float32, [-3])),
    ("placeholder", "InvalidArgumentError", lambda: run(x(2))),
    ("placeholder", "FeedError", lambda: (lambda p: tf.Session(jit=False).run(p, {p: [1]}))(x(2))),
    ("placeholder_with_default", "ShapeError", lambda: tf.placeholder_with_default([1.0], [3])),
    ("convert_to_tensor", "DTypeError", lambda: tf.convert_to_tensor(object())),
    ("convert_to_tensor", "DTypeError", lambda: tf.convert_to_tensor(x(1), tf.int32)),
    ("assign", "DTypeError", lambda: tf.assign(tf.Variable(1.0), i())), ("assign", "ShapeError", lambda: tf.assign(tf.Variable(1.0), x(2))),
    ("assign", "GraphError", lambda: tf.assign(tf.Variable(1.0), other())),
    ("assign_add", "DTypeError", lambda: tf.assign_add(tf.Variable(1.0), i())),
    ("assign_add", "ShapeError", lambda: tf.assign_add(tf.Variable(1.0), x(2))),
    ("assign_add", "GraphError", lambda: tf.assign_add(tf.Variable(1.0), other())),
    ("assign_sub", "DTypeError", lambda: tf.assign_sub(tf.Variable(1.0), i())),
    ("assign_sub", "ShapeError", lambda: tf.assign_sub(tf.Variable(1.0), x(2))),
    ("assign_sub", "GraphError", lambda: tf.assign_sub(tf.Variable(1.0), other())), ("group", "GraphError", lambda: tf.group(x(1), other())),
    ("tuple", "GraphError", lambda: tf.tuple([object()])), ("py_func", "DTypeError", lambda: tf.py_func(abs, [1], "float99")),
    ("py_func", "InvalidArgumentError", lambda: run(tf.py_func(lambda a: np.ones(1), [1], tf.float32))),
    ("Variable", "GraphError", lambda: tf.Variable()), ("Variable", "GraphError", lambda: tf.Variable(other())),
    ("Variable", "DTypeError", lambda: tf.Variable("text")), ("Variable", "DTypeError", lambda: tf.Variable(x(1), dtype=tf.int32)),
    ("Variable.load", "FeedError", lambda: tf.Variable(1.0).load([1, 2], tf.Session())),
    ("Variable.load", "FeedError", lambda: tf.Variable(1.0).load("a", tf.Session())),
    ("Variable.load", "GraphError", lambda: tf.Variable(1.0).load(1.0)), ("gather", "DTypeError", lambda: tf.gather(x(2), x(2))),
    ("gather", "ShapeError", lambda: tf.gather(x(2), i(2), axis=3)), ("gather", "InvalidArgumentError", lambda: run(tf.gather([1], [4]))),
    ("boolean_mask", "ShapeError", lambda: tf.boolean_mask(x(2), tf.placeholder(tf.bool))),
    ("boolean_mask", "ShapeError", lambda: tf.boolean_mask(x(2), [True])), ("boolean_mask", "DTypeError", lambda: tf.boolean_mask(x(2), [1, 0])),
    ("concat", "ShapeError", lambda: tf.concat([x(2, 2), x(3, 3)], 0)), ("concat", "ShapeError", lambda: tf.concat([x(2)], 4)),
    ("split", "ShapeError", lambda: tf.split(x(5), 2)), ("split", "ShapeError", lambda: tf.split(x(5), 5, 3)),
    ("unstack", "ShapeError", lambda: tf.unstack(x(None))), ("unstack", "ShapeError", lambda: tf.unstack(x(2), num=3)),
    ("unstack", "ShapeError", lambda: tf.unstack(x(2), axis=3)), ("fill", "ShapeError", lambda: tf.fill([-1], 0)),
    ("fill", "DTypeError", lambda: tf.fill([1], object())), ("ones", "DTypeError", lambda: tf.ones([1], "float99")),
    ("ones", "ShapeError", lambda: tf.ones([-1])), ("zeros", "DTypeError", lambda: tf.zeros([1], "float99")),
    ("zeros", "ShapeError", lambda: tf.zeros([-1])), ("ones_like", "DTypeError", lambda: tf.ones_like(object())),
    ("zeros_like", "DTypeError", lambda: tf.zeros_like(object())), ("ones_like", "DTypeError", lambda: tf.ones_like(1, "float99")),
    ("one_hot", "DTypeError", lambda: tf.one_hot(x(2), 3)), ("one_hot", "ShapeError", lambda: tf.one_hot(i(2), 3, axis=4)),
    ("range", "DTypeError", lambda: tf.range("a")), ("range", "ShapeError", lambda: tf.range([1, 2])),
    ("range", "ShapeError", lambda: run(tf.range(1, 2, 0))), ("linspace", "DTypeError", lambda: tf.linspace("a", 1, 3)),
    ("eye", "DTypeError", lambda: tf.eye(2, dtype="float99")), ("diag", "DTypeError", lambda: tf.diag(object())),
    ("diag_part", "ShapeError", lambda: tf.diag_part(x(2))), ("size", "DTypeError", lambda: tf.size(object())),
    ("rank", "DTypeError", lambda: tf.rank(object())), ("pad", "ShapeError", lambda: tf.pad(x(2), [[1, 2], [3, 4]])),
    ("pad", "ShapeError", lambda: tf.pad(x(2), [[1, 2]], mode="NO")), ("meshgrid", "ShapeError", lambda: tf.meshgrid(x(2), x(2), indexing="ab")),
    ("matrix_band_part", "ShapeError", lambda: tf.matrix_band_part(x(2), 0, 0)), ("matrix_diag", "ShapeError", lambda: tf.matrix_diag(x())),
    ("matrix_set_diag", "ShapeError", lambda: tf.matrix_set_diag(x(2, 2), x(3))),
    ("segment_sum", "DTypeError", lambda: tf.segment_sum(x(2), x(2))), ("segment_sum", "ShapeError", lambda: tf.segment_sum(x(2), i(3))),
    ("unsorted_segment_sum", "DTypeError", lambda: tf.unsorted_segment_sum(x(2), x(2), 2)),
    ("unsorted_segment_sum", "ShapeError", lambda: tf.unsorted_segment_sum(x(2), i(3), 2)),
    ("sequence_mask", "DTypeError", lambda: tf.sequence_mask(i(2), 3, "float99")),
    ("strided_slice", "ShapeError", lambda: tf.strided_slice(x(2), [0, 0], [1, 1], [1, 1])),
    ("strided_slice", "ShapeError", lambda: tf.strided_slice(x(2), [0], [1], [0])), ("unique", "ShapeError", lambda: tf.unique(x(2, 2))),
    ("unique", "DTypeError", lambda: tf.unique(x(2), "float99")), ("where", "DTypeError", lambda: tf.where(x(2), 1, 2)),
    ("where", "ShapeError", lambda: tf.where([True, False], x(3), x(3))), ("where", "GraphError", lambda: tf.where([True], x(1))),
    ("saturate_cast", "DTypeError", lambda: tf.saturate_cast(1, "float99")), ("add_n", "DTypeError", lambda: tf.add_n([x(2), i(2)])),
    ("add_n", "ShapeError", lambda: tf.add_n([x(2), x(3)])), ("add_n", "GraphError", lambda: tf.add_n([])),
    ("div", "DTypeError", lambda: tf.div("a", 1)), ("div", "ShapeError", lambda: tf.div(x(2), x(3))),
    ("round", "DTypeError", lambda: tf.round("a")), ("count_nonzero", "DTypeError", lambda: tf.count_nonzero(x(2), dtype="float99")),
    ("einsum", "ShapeError", lambda: tf.einsum("a,b->abc", x(2), x(2))),
    ("einsum", "ShapeError", lambda: tf.einsum("ab,bc->ac", x(2, 2), x(3, 3))), ("tensordot", "ShapeError", lambda: tf.tensordot(x(2), x(3), 1)),
    ("tensordot", "DTypeError", lambda: tf.tensordot(["a"], ["b"], 1)), ("norm", "ShapeError", lambda: tf.norm(x(2), ord="no")),
    ("norm", "ShapeError", lambda: tf.norm(x(2), axis=3)), ("norm", "DTypeError", lambda: tf.norm("a")),
    ("cross", "ShapeError", lambda: tf.cross(x(2), x(2))), ("cross", "DTypeError", lambda: tf.cross(["a", "b", "c"], ["a", "b", "c"])),
    ("trace", "ShapeError", lambda: tf.trace(x(2))), ("trace", "DTypeError", lambda: tf.trace([["a"]])),
    ("batch_matmul", "ShapeError", lambda: tf.batch_matmul(x(2, 2), x(3, 3))),
    ("batch_matmul", "DTypeError", lambda: tf.batch_matmul([["a"]], x(3, 3))),
    ("matrix_transpose", "ShapeError", lambda: tf.matrix_transpose(x(2))),
    ("cholesky_solve", "ShapeError", lambda: tf.cholesky_solve(x(2, 2), x(3, 3))),
    ("cholesky_solve", "DTypeError", lambda: tf.cholesky_solve(i(2, 2), i(2, 2))),
    ("self_adjoint_eig", "DTypeError", lambda: tf.self_adjoint_eig(i(2, 2))),
    ("self_adjoint_eig", "ShapeError", lambda: tf.self_adjoint_eig(x(2, 3))),
    ("random_normal", "DTypeError", lambda: tf.random_normal([2], dtype=tf.int32)),
    ("random_normal", "ShapeError", lambda: tf.random_normal([-2])),
    ("truncated_normal", "DTypeError", lambda: tf.truncated_normal([2], dtype=tf.int32)),
    ("truncated_normal", "ShapeError", lambda: tf.truncated_normal([-2])),
    ("random_uniform", "DTypeError", lambda: tf.random_uniform([2], dtype=tf.bool)),
    ("random_uniform", "ShapeError", lambda: tf.random_uniform([-2])),
    ("random_uniform", "GraphError", lambda: tf.random_uniform([2], dtype=tf.int32)),
    ("random_shuffle", "ShapeError", lambda: tf.random_shuffle(x())), ("multinomial", "DTypeError", lambda: tf.multinomial(i(2, 2), 1)),
    ("multinomial", "ShapeError", lambda: tf.multinomial(x(2), 1)),
    ("nn.sparse_softmax_cross_entropy_with_logits", "ShapeError",
     lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i(2, 2), logits=x(2, 2))),
    ("nn.sparse_softmax_cross_entropy_with_logits", "InvalidArgumentError",
     lambda: run(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[5], logits=[[0.0, 0.0]]))),
    ("nn.sigmoid_cross_entropy_with_logits", "GraphError", lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=x(2))),
    ("nn.weighted_cross_entropy_with_logits", "GraphError", lambda: tf.nn.weighted_cross_entropy_with_logits(x(2))),
    ("nn.weighted_cross_entropy_with_logits", "DTypeError", lambda: tf.nn.weighted_cross_entropy_with_logits(x(2), i(2), 1.0)),
    ("nn.weighted_cross_entropy_with_logits", "ShapeError", lambda: tf.nn.weighted_cross_entropy_with_logits(x(2), x(3), 1.0)),
    ("nn.moments", "DTypeError", lambda: tf.nn.moments(tf.constant(["a"]), [0])), ("nn.moments", "ShapeError", lambda: tf.nn.moments(x(2), [3])),
    ("nn.batch_normalization", "ShapeError", lambda: tf.nn.batch_normalization(x(2), x(3), 1.0, None, None, 0.0)),
    ("nn.batch_normalization", "DTypeError", lambda: tf.nn.batch_normalization("a", x(3), 1.0, None, None, 0.0)),
    ("nn.l2_normalize", "DTypeError", lambda: tf.nn.l2_normalize("a", 0)),
    ("nn.l2_normalize", "ShapeError", lambda: tf.nn.l2_normalize(x(2), 3)), ("nn.bias_add", "ShapeError", lambda: tf.nn.bias_add(x(2, 2), x(3))),
    ("nn.bias_add", "DTypeError", lambda: tf.nn.bias_add([["a"]], x(1))),
    ("nn.xw_plus_b", "ShapeError", lambda: tf.nn.xw_plus_b(x(2, 2), x(3, 3), x(3))),
    ("nn.xw_plus_b", "DTypeError", lambda: tf.nn.xw_plus_b([["a"]], x(3, 3), x(3))),
    ("nn.dropout", "DTypeError", lambda: tf.nn.dropout(i(2), 0.5)), ("nn.dropout", "GraphError", lambda: tf.nn.dropout(x(2), 1.5)),
    ("nn.dropout", "ShapeError", lambda: tf.nn.dropout(x(2), 0.5, [3])),
    ("nn.embedding_lookup", "DTypeError", lambda: tf.nn.embedding_lookup(x(2, 2), x(2))),
    ("nn.embedding_lookup", "InvalidArgumentError", lambda: run(tf.nn.embedding_lookup(tf.constant([1.0]), [4]))),
    ("nn.embedding_lookup", "ArgumentError", lambda: tf.nn.embedding_lookup([x(2, 2), x(2, 2)], i(2), "in halves")),
    ("nn.top_k", "ShapeError", lambda: tf.nn.top_k(x(2), 3)), ("nn.top_k", "DTypeError", lambda: tf.nn.top_k(["a"], 1)),
    ("nn.top_k", "DTypeError", lambda: tf.nn.top_k(x(2), tf.placeholder(tf.float32, []))),
    ("nn.top_k", "InvalidArgumentError", lambda: run(tf.nn.top_k(x(2), tf.placeholder_with_default(3, [])).values)),
    ("Print", "DTypeError", lambda: tf.Print(x(2), [object()])),
    ("verify_tensor_all_finite", "InvalidArgumentError", lambda: run(tf.verify_tensor_all_finite([np.nan], "m"))),
    ("add_check_numerics_ops", "InvalidArgumentError", lambda: (lambda c: run(tf.add_check_numerics_ops()))(tf.log(tf.constant(-1.0)))),
    ("assert_near", "DTypeError", lambda: tf.assert_near(["a"], ["a"])), ("assert_near", "ShapeError", lambda: tf.assert_near(x(2), x(3))),
    ("assert_near", "InvalidArgumentError", lambda: run(tf.assert_near(1.0, 2.0))),
    ("assert_equal", "ShapeError", lambda: tf.assert_equal(x(2), x(3))),
    ("assert_equal", "InvalidArgumentError", lambda: run(tf.assert_equal(1, 2))),
    ("assert_positive", "InvalidArgumentError", lambda: run(tf.assert_positive(-1))),
    ("assert_equal", "DTypeError", lambda: tf.assert_equal(object(), 1)), ("assert_positive", "DTypeError", lambda: tf.assert_positive(["a"])),
    ("control_dependencies", "GraphError", lambda: tf.control_dependencies([other()]).__enter__()),
    ("control_dependencies", "GraphError", lambda: tf.control_dependencies([object()]).__enter__()),
    ("variables_initializer", "GraphError", lambda: tf.variables_initializer([tf.Variable(1.0), other_variable()])),
    ("variable_scope", "GraphError", lambda: tf.variable_scope(None).__enter__()), ("as_dtype", "DTypeError", lambda: tf.as_dtype("float99")),
    ("train.exponential_decay", "DTypeError", lambda: tf.train.exponential_decay("a", 1, 1, 1)),
    ("global_norm", "DTypeError", lambda: tf.global_norm([tf.constant("a")])), ("global_norm", "GraphError", lambda: tf.global_norm([])),
    ("clip_by_global_norm", "GraphError", lambda: tf.clip_by_global_norm([], 1.0)),
    ("clip_by_global_norm", "DTypeError", lambda: tf.clip_by_global_norm([tf.constant("a")], 1.0)),
    ("clip_by_norm", "DTypeError", lambda: tf.clip_by_norm("a", 1.0)), ("clip_by_norm", "ShapeError", lambda: tf.clip_by_norm(x(2), 1.0, [3])),
    ("train.Optimizer.compute_gradients", "DTypeError", lambda: tf.train.AdamOptimizer().compute_gradients(1.0)),
    ("train.Optimizer.apply_gradients", "GradientError", lambda: tf.train.AdamOptimizer().apply_gradients([(None, tf.Variable(1.0))])),
    ("train.Optimizer.apply_gradients", "ShapeError", lambda: tf.train.AdamOptimizer().apply_gradients([(x(2), tf.Variable(1.0))])),
    ("train.Optimizer.apply_gradients", "DTypeError", lambda: tf.train.AdamOptimizer().apply_gradients([(i(), tf.Variable(1.0))])),
    ("constant_initializer", "ShapeError", lambda: tf.constant_initializer([1, 2, 3])([2])),
    ("variance_scaling_initializer", "GraphError", lambda: tf.variance_scaling_initializer(-1)),
    ("get_variable", "ShapeError", lambda: tf.get_variable("w")),
    ("get_variable", "GraphError", lambda: [tf.get_variable("w", [1]), tf.get_variable("w", [1])]),
    ("summary.scalar", "DTypeError", lambda: tf.summary.scalar("a", tf.constant("b"))),
    ("summary.scalar", "ShapeError", lambda: tf.summary.scalar("a", x(2))), ("summary.merge", "DTypeError", lambda: tf.summary.merge([x(2)])),
    ("summary.merge_all", "DTypeError", lambda: (tf.add_to_collection("k", x(2)), tf.summary.merge_all("k"))),
    ("summary.image", "ShapeError", lambda: tf.summary.image("a", x(2))), ("summary.text", "DTypeError", lambda: tf.summary.text("a", x(2))),
    ("Graph.get_operation_by_name", "GraphError", lambda: tf.Graph().get_operation_by_name("no")),
    ("Graph.as_graph_element", "GraphError", lambda: tf.Graph().as_graph_element(other())),
    ("Session.partial_run", "FailedPreconditionError", lambda: tf.Session().partial_run(1)),
    ("Operation.run", "GraphError", lambda: tf.no_op().run()), ("TensorShape.as_list", "ShapeError", lambda: tf.TensorShape(None).as_list()),
    ("train.Saver", "GraphError", lambda: tf.train.Saver([])), ("train.Saver", "DTypeError", lambda: tf.train.Saver([x(2)])),
    ("train.Saver.save", "GraphError", lambda: tf.train.Saver([tf.Variable(1.0)]).save(tf.Session(), 3)),
    ("train.Saver.save", "DTypeError", lambda: tf.train.Saver([tf.Variable(1.0)]).save("m", tf.Session())),
    ("train.Saver.restore", "NotFoundError", lambda: tf.train.Saver([tf.Variable(1.0)]).restore(tf.Session(), "no/m")),
    ("train.NewCheckpointReader", "NotFoundError", lambda: tf.train.NewCheckpointReader("no/m")),
    ("train.load_checkpoint", "NotFoundError", lambda: tf.train.load_checkpoint("no/m")),
    ("train.import_meta_graph", "NotFoundError", lambda: tf.train.import_meta_graph("no/m")),
    ("train.checkpoint_exists", "GraphError", lambda: tf.train.checkpoint_exists(3)),
    ("train.ExponentialMovingAverage.apply", "GraphError", lambda: tf.train.ExponentialMovingAverage(0.9).apply([])),
    ("train.piecewise_constant", "GraphError", lambda: tf.train.piecewise_constant(1, [1], [1.0])),
    ("layers.flatten", "ShapeError", lambda: tf.layers.flatten(tf.constant(1.0))),
    ("layers.dropout", "GraphError", lambda: tf.layers.dropout(x(2), 2.0)),
    ("losses.cosine_distance", "GraphError", lambda: tf.losses.cosine_distance(x(2), x(2))),
    ("losses.get_total_loss", "GraphError", lambda: tf.losses.get_total_loss()),
    ("losses.add_loss", "DTypeError", lambda: tf.losses.add_loss(1.0)),
    ("metrics.auc", "GraphError", lambda: tf.metrics.auc(x(2), x(2), curve="no")),
    ("contrib.layers.l1_regularizer", "GraphError", lambda: tf.contrib.layers.l1_regularizer(-1.0)),
    ("contrib.layers.embed_sequence", "GraphError", lambda: tf.contrib.layers.embed_sequence(i(2, 2))),
    ("contrib.layers.optimize_loss", "GraphError", lambda: tf.contrib.layers.optimize_loss(x(), None, 0.1, "no")),
    ("contrib.layers.variance_scaling_initializer", "GraphError", lambda: tf.contrib.layers.variance_scaling_initializer(mode="no")),
    ("Variable.assign", "ShapeError", lambda: tf.Variable(1.0).assign(x(2))),
    ("Variable.assign_add", "ShapeError", lambda: tf.Variable(1.0).assign_add(x(2))),
    ("Variable.assign_sub", "DTypeError", lambda: tf.Variable(1.0).assign_sub(i())),
]
_LOSSES = "nn.softmax_cross_entropy_with_logits nn.softmax_cross_entropy_with_logits_v2"
_MADE = ("random_normal_initializer truncated_normal_initializer random_uniform_initializer glorot_uniform_initializer glorot_normal_initializer "
         "orthogonal_initializer variance_scaling_initializer zeros_initializer ones_initializer uniform_unit_scaling_initializer "
         "initializers.identity initializers.he_normal initializers.he_uniform initializers.lecun_normal initializers.lecun_uniform")
_RATED = ("train.GradientDescentOptimizer train.AdagradOptimizer train.RMSPropOptimizer train.AdamOptimizer train.AdadeltaOptimizer "
          "train.FtrlOptimizer train.ProximalGradientDescentOptimizer train.ProximalAdagradOptimizer")
_TWO = ("losses.absolute_difference losses.mean_squared_error losses.huber_loss losses.hinge_loss losses.log_loss losses.sigmoid_cross_entropy "
        "losses.softmax_cross_entropy losses.mean_pairwise_squared_error")
_STREAMED = "accuracy mean_absolute_error mean_squared_error root_mean_squared_error true_positives false_negatives precision recall auc".split()
# The same of several functions.
RAISED_BY_ALL: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("to_float to_double to_int32 to_int64 to_bool", "DTypeError", lambda f: f(object())),
    ("reduce_mean reduce_logsumexp reduce_std reduce_variance", "DTypeError", lambda f: f("a")),
    ("reduce_mean reduce_logsumexp reduce_std reduce_variance count_nonzero", "ShapeError", lambda f: f(x(2), axis=3)),
    ("nn.softmax nn.log_softmax nn.crelu nn.l2_loss nn.gelu nn.log_sigmoid nn.zero_fraction", "DTypeError", lambda f: f("a")),
    ("nn.softmax nn.log_softmax nn.crelu", "ShapeError", lambda f: f(x(2), axis=3)),
    (f"{_LOSSES} nn.sparse_softmax_cross_entropy_with_logits", "GraphError", lambda f: f(x(2, 2), x(2, 2))),
    (f"{_LOSSES} nn.sparse_softmax_cross_entropy_with_logits nn.sigmoid_cross_entropy_with_logits", "DTypeError",
     lambda f: f(labels=i(2, 2), logits=i(2, 2))),
    (f"{_LOSSES} nn.sigmoid_cross_entropy_with_logits", "ShapeError", lambda f: f(labels=x(2, 3), logits=x(2, 2))),
    (f"{_MADE} constant_initializer", "DTypeError", lambda f: f()([2], "float99")),
    (_MADE, "ShapeError", lambda f: f()([-2, 2])),
    (_RATED, "DTypeError", lambda f: f("a").minimize(tf.Variable(1.0) * 2)),
    (_RATED, "GradientError", lambda f: f(0.1).minimize(tf.Variable(1.0) - tf.Variable(2.0), var_list=[tf.Variable(3.0)])),
    ("train.MomentumOptimizer", "DTypeError", lambda f: f(0.1, "a").minimize(tf.Variable(1.0) * 2)),
    ("assert_equal assert_less assert_near", "ShapeError", lambda f: f(x(2), x(3))),
    ("tanh exp nn.relu6", "DTypeError", lambda f: f("a")),
    ("cumsum cumprod", "DTypeError", lambda f: f([True, False])),
    ("add multiply maximum less", "ShapeError", lambda f: f(x(2), x(3))),
    ("reduce_sum argmax", "ShapeError", lambda f: f(x(2), axis=3)),
    ("tanh reduce_sum", "ArgumentError", lambda f: f(x(2), nmae="t")),
    ("add matmul", "GraphError", lambda f: f(x(2, 2), other())),
    (_TWO, "ShapeError", lambda f: f(x(2, 3), x(2, 2))), (_TWO, "GraphError", lambda f: f(None, x(2, 2))),
    (_TWO, "DTypeError", lambda f: f([["a"]], x(1, 1))),
    (" ".join(f"metrics.{name}" for name in _STREAMED), "ShapeError", lambda f: f(x(3), x(2))),
    ("layers.dense layers.Dense contrib.layers.fully_connected", "GraphError", lambda f: f(x(2, 2), "a") if f is not tf.layers.Dense else f("a")),
    ("layers.dense contrib.layers.fully_connected contrib.layers.linear", "ShapeError", lambda f: f(x(2, None), 3)),
    ("layers.dense contrib.layers.fully_connected contrib.layers.relu", "DTypeError", lambda f: f(i(2, 2), 3)),
    ("layers.batch_normalization contrib.layers.batch_norm", "ShapeError", lambda f: f(x(2, None))),
    ("layers.batch_normalization contrib.layers.batch_norm contrib.layers.layer_norm", "DTypeError", lambda f: f(i(2, 2))),
    ("train.natural_exp_decay train.inverse_time_decay train.polynomial_decay", "GraphError", lambda f: f(0.1, None, 1, 1)),
    ("train.cosine_decay train.cosine_decay_restarts train.linear_cosine_decay", "DTypeError", lambda f: f("a", 1, 1)),
]


@pytest.mark.parametrize("path, error, call", [*RAISED, *((p, e, lambda p=p, c=c: c(public(p))) for ps, e, c in RAISED_BY_ALL for p in ps.split())])
def test_error_is_the_one_foretold(path, error, call):
    with pytest.raises(Exception) as raised:
        call()
    assert type(raised.value).__name__ == error and error in public(path).__doc__


# What gives the same at every call of the right arguments, and takes none that it could refuse.
_RAISES_NOTHING = {
    *(f"graphc.contrib.gan.{name}" for name in ("get_joint_train_hooks", "get_sequential_train_hooks", "get_sequential_train_steps")),
    "graphc.add_to_collections",
    "graphc.compat.forward_compatibility_horizon",
    *(f"graphc.config.experimental.{name}" for name in ("get_device_policy", "get_synchronous_execution", "get_visible_devices",
        "list_logical_devices", "list_physical_devices", "set_device_policy", "set_synchronous_execution")),
    *(f"graphc.config.{name}" for name in ("experimental_list_devices", "get_soft_device_placement", "set_soft_device_placement")),
    *(f"graphc.config.optimizer.{name}" for name in ("get_experimental_options", "get_jit", "set_experimental_options", "set_jit")),
    *(f"graphc.config.threading.{name}" for name in ("get_inter_op_parallelism_threads", "get_intra_op_parallelism_threads",
        "set_inter_op_parallelism_threads")),
    *(f"graphc.contrib.distribute.{name}" for name in ("get_distribution_strategy", "has_distribution_strategy")),
    *(f"graphc.contrib.tpu.{name}" for name in ("bfloat16_scope", "core", "initialize_system", "outside_compilation", "shutdown_system")),
    "graphc.debugging.is_numeric_tensor",
    *(f"graphc.distribute.{name}" for name in ("get_loss_reduction", "get_replica_context", "get_strategy", "has_strategy",
        "in_cross_replica_context")),
    "graphc.errors.error_code_from_exception_type",
    *(f"graphc.initializers.{name}" for name in ("global_variables", "local_variables", "tables_initializer")),
    "graphc.nn.ctc_beam_search_decoder_v2",
    *(f"graphc.test.{name}" for name in ("is_built_with_gpu_support", "is_built_with_rocm")),
    *(f"graphc.tpu.{name}" for name in ("bfloat16_scope", "core", "initialize_system", "outside_compilation", "shutdown_system")),
    *(f"graphc.xla.experimental.{name}" for name in ("compile", "jit_scope")),
    "graphc.add_to_collection", "graphc.all_variables", "graphc.colocate_with", "graphc.container", "graphc.get_collection",
    "graphc.data.experimental.copy_to_device", "graphc.contrib.data.copy_to_device",
    "graphc.get_collection_ref", *(f"graphc.saved_model.{name}" for name in (
        "build_signature_def", "is_valid_signature", "main_op.main_op", "main_op.main_op_with_restore", "signature_def_utils.build_signature_def",
        "signature_def_utils.is_valid_signature")),
    "graphc.get_default_graph", "graphc.get_default_session", "graphc.get_variable_scope", "graphc.global_variables",
    "graphc.global_variables_initializer", "graphc.initialize_all_variables", "graphc.is_variable_initialized", "graphc.local_variables",
    "graphc.local_variables_initializer", "graphc.model_variables", "graphc.moving_average_variables", "graphc.name_scope", "graphc.no_op",
    "graphc.trainable_variables", "graphc.initialize_local_variables", "graphc.report_uninitialized_variables", "graphc.no_regularizer",
    "graphc.fixed_size_partitioner", "graphc.min_max_variable_partitioner", "graphc.variable_axis_size_partitioner", "graphc.op_scope",
    *(f"graphc.{name}" for name in ("dimension_value", "is_numeric_tensor", "is_tensor", "timestamp")),
    *(f"graphc.keras.backend.{name}" for name in (
        "clear_session", "epsilon", "floatx", "get_session", "get_uid", "image_data_format", "image_dim_ordering", "is_placeholder", "is_sparse",
        "is_tensor", "learning_phase", "manual_variable_initialization", "name_scope", "reset_uids", "set_epsilon")),
    *(f"graphc.keras.{name}" for name in (
        "activations.linear", "metrics.categorical_accuracy",
        "preprocessing.sequence.make_sampling_table", "preprocessing.sequence.skipgrams", "preprocessing.text.hashing_trick",
        "preprocessing.text.one_hot", "preprocessing.text.text_to_word_sequence", "utils.custom_object_scope", "utils.get_custom_objects",
        "utils.model_to_dot", "backend.backend", "experimental.terminate_keras_multiprocessing_pools")),
    "graphc.extend.rewrite", "graphc.extend.temporary", "graphc.extend.typed_like", "graphc.testing.complex_steps",
    "graphc.testing.differentiable", "graphc.testing.reference", "graphc.testing.samples",
    "graphc.testing.some_samples", "graphc.testing.testable",
    "graphc.train.get_global_step", "graphc.losses.get_losses", "graphc.losses.get_regularization_losses",
    *(f"graphc.logging.{name}" for name in ("debug", "error", "fatal", "flush", "get_verbosity", "info", "log", "log_every_n", "log_first_n",
                                            "log_if", "vlog", "warn", "warning")),
    *(f"graphc.{name}" for name in modes.__all__ if name not in ("enable_eager_execution", "enable_v2_behavior")),
    *(f"graphc.compat.{name}" for name in ("as_str_any", "dimension_value", "forward_compatible", "path_to_str")),
    "graphc.app.run", "graphc.flags.text_wrap",
    *(f"graphc.gfile.{name}" for name in ("Exists", "Glob", "IsDirectory", "Walk", "exists", "glob", "isdir", "walk")),
    *(f"graphc.nest.{name}" for name in ("flatten", "is_nested", "is_sequence")), "graphc.examples.tutorials.mnist.input_data.dense_to_one_hot",
    *(f"graphc.resource_loader.{name}" for name in resource_loader.__all__ if name != "load_resource"),
    *(f"graphc.sysconfig.{name}" for name in sysconfig.__all__), "graphc.initialize_all_tables", "graphc.tables_initializer",
    *(f"graphc.contrib.{space}.{name}" for space in ("framework", "slim") for name in (
        "add_arg_scope", "add_model_variable", "arg_scoped_arguments", "current_arg_scope", "filter_variables", "get_global_step",
        "get_local_variables", "get_model_variables", "get_name_scope", "get_trainable_variables", "get_variable_full_name", "get_variables",
        "get_variables_by_name", "get_variables_by_suffix", "has_arg_scope")), "graphc.contrib.framework.is_tensor",
    "graphc.contrib.training.clip_gradient_norms_fn",
    *(f"graphc.contrib.slim.{name}" for name in ("model_analyzer.analyze_ops", "model_analyzer.analyze_vars", "model_analyzer.tensor_description",
                                                 "utils.convert_collection_to_dict", "utils.get_tensor_aliases", "utils.smart_cond")),
    *(f"graphc.contrib.slim.nets.resnet_v{v}.resnet_v{v}_block" for v in (1, 2)), "graphc.contrib.learn.preprocessing.tokenizer",
    "graphc.contrib.losses.get_losses", "graphc.contrib.losses.get_regularization_losses",
    *(f"graphc.test.{name}" for name in ("get_temp_dir", "gpu_device_name", "is_built_with_cuda", "is_gpu_available", "main", "test_src_dir_path"))
}


def test_every_public_callable_says_what_it_computes():
    silent = [path for path, value in callables() if not inspect.getdoc(value) or inspect.getdoc(value) == inspect.getdoc(type(value))]
    assert silent == []


def test_every_public_function_says_what_it_raises():
    functions = {path for path, value in callables() if path.rpartition(".")[0] in NAMESPACES and not isinstance(value, type)}
    assert {path for path in functions if "Error" not in public(path.removeprefix("graphc.")).__doc__} == _RAISES_NOTHING


# ---------------------------------------------------------------------- examples

# The names of TensorFlow 1 that programs use most, the most frequent first.
MOST_USED = """Session placeholder global_variables_initializer reduce_mean Variable matmul train.AdamOptimizer random_normal nn.relu square
reduce_sum argmax variable_scope cast set_random_seed equal train.GradientDescentOptimizer reshape zeros add constant summary.FileWriter log
nn.softmax get_variable nn.sigmoid gradients name_scope squeeze get_collection nn.softmax_cross_entropy_with_logits sqrt assign concat shape
multiply random_uniform transpose expand_dims train.RMSPropOptimizer exp reset_default_graph subtract InteractiveSession truncated_normal nn.tanh
summary.merge_all summary.scalar one_hot ConfigProto sigmoid nn.embedding_lookup clip_by_value nn.sigmoid_cross_entropy_with_logits abs
random_normal_initializer trainable_variables nn.dropout initialize_all_variables nn.softmax_cross_entropy_with_logits_v2 constant_initializer
nn.sparse_softmax_cross_entropy_with_logits tanh device group get_default_graph summary.histogram stop_gradient Graph stack ones ones_like maximum
squared_difference nn.softplus gather zeros_like global_variables range pow reduce_max nn.bias_add to_float get_default_session add_n minimum
negative slice zeros_initializer contrib.opt.ScipyOptimizerInterface placeholder_with_default div get_variable_scope nn.relu6 split
clip_by_global_norm argmin tile control_dependencies nn.elu truncated_normal_initializer greater multinomial round where train.MomentumOptimizer sub
unstack diag""".split()


@pytest.mark.parametrize("path", MOST_USED)
def test_most_used_show_an_example(path):
    assert ">>> " in public(path).__doc__


@pytest.mark.parametrize("name", ["graphc", "graphc.nn"])
def test_examples_of_operators_are_run(name):
    """`test_docs` runs what doctest finds in each module: the operators of a namespace are in it."""
    space = namespace(name)
    found = {test.name.removeprefix(f"{name}.") for test in doctest.DocTestFinder().find(space) if test.examples}
    operators = [v for n, v in vars(space).items() if isinstance(v, Operator) and v.__module__ == name and n == v.name]
    shown = {op.name for op in operators if ">>> " in (op.__doc__ or "")}
    assert shown and shown <= found
