"""Templates, scopes by older names, partitioners, local variables, and what is asked of variables and tensors, against TensorFlow 2.15."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

import graphc as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def run(*fetches):
    return tf.Session(jit=False).run(list(fetches))


def names(variables):
    return [v.op.name for v in variables]


def weight():
    return tf.get_variable("w", [2], initializer=tf.zeros_initializer())


# ---------------------------------------------------------------------- templates

def test_calls_of_a_template_share():
    template = tf.make_template("t", lambda x, k: x * weight() * k, k=2.0)
    assert template.variable_scope is None and template.variables == []
    first, second = template(1.0), template(2.0, k=3.0)
    assert names(tf.global_variables()) == names(template.variables) == names(template.trainable_variables) == ["t/w"]
    assert first.op.name.startswith("t/") and second.op.name.startswith("t_1/")
    assert template.variable_scope_name == "t" and template.name == "t" and template.local_variables == []


@pytest.mark.parametrize("made, expected", [
    (lambda: [tf.make_template("t", weight)() for _ in range(2)], ["t/w", "t_1/w"]),
    (lambda: [tf.make_template("t", weight, unique_name_="u")()], ["u/w"]),
    (lambda: tf.make_template("outer", lambda: [tf.make_template("inner", weight)() for _ in range(2)])(), ["outer/inner/w", "outer/inner_1/w"]),
])
def test_scopes_of_templates(made, expected):
    made()
    assert names(tf.global_variables()) == expected


def test_scope_that_is_made_at_once_comes_first():
    now, later = (tf.make_template("t", weight, create_scope_now_=now) for now in (True, False))
    later()
    now()
    assert names(now.variables) == ["t/w"] and names(later.variables) == ["t_1/w"]


def test_template_refuses_new_variables():
    template = tf.make_template("t", lambda: tf.Variable(1.0))
    template()
    with pytest.raises(tf.errors.GraphError, match="the template t: t_1/Variable is made by a call after the first"):
        template()


def test_getter_of_a_template():
    seen = []

    def getter(make, name, *args, **kwargs):
        seen.append(name)
        return make(name, *args, **kwargs)
    tf.make_template("t", weight, custom_getter_=getter)()
    assert seen == ["t/w"]


def test_getter_asks_for_the_variable_of_another_scope():
    """A second model takes the variables of the first: names are whole where a getter sees them."""
    def getter(make, name, *args, **kwargs):
        return make(name.replace("train/", "", 1), *args, **kwargs)
    with tf.variable_scope("model"):
        first = weight()
    with tf.variable_scope("train", reuse=True, custom_getter=getter), tf.variable_scope("model"):
        assert weight() is first


# ---------------------------------------------------------------------- variables and scopes

def test_scopes_by_older_names():
    with tf.op_scope([], None, "a") as scope, tf.variable_op_scope([], None, "b", reuse=tf.AUTO_REUSE):
        assert (scope, weight().op.name) == ("a/", "b/w")


def test_local_variable():
    with tf.variable_scope("s"):
        v = tf.get_local_variable("w", [2], initializer=tf.ones_initializer())
    assert tf.local_variables() == [v] and tf.global_variables() == tf.trainable_variables() == []
    assert tf.GraphKeys.VARIABLES == tf.GraphKeys.GLOBAL_VARIABLES


def test_no_variable_is_without_a_value():
    v = tf.Variable(1.0, name="a")
    names_of_all, names_of_one = tf.report_uninitialized_variables(), tf.report_uninitialized_variables([v])
    assert names_of_all.dtype == tf.string and [a.tolist() for a in run(names_of_all, names_of_one)] == [[], []]


def test_arguments_of_more_than_one_device():
    policy = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM, "use_resource": True}
    assert [v.shape.as_list() for v in (tf.get_variable("a", [2], **policy), tf.Variable([1.0, 2.0], **policy))] == [[2], [2]]


def test_shape_of_a_variable_that_changes():
    v = tf.Variable([1.0, 2.0], shape=[None])
    assert v.shape.as_list() == [None]
    with tf.Session() as sess:
        assert sess.run(v).tolist() == [1, 2] and sess.run(tf.assign(v, [1.0, 2.0, 3.0], validate_shape=False)).tolist() == [1, 2, 3]
    with pytest.raises(tf.errors.ShapeError, match=re.escape("has not the shape [3]")):
        tf.Variable([1.0, 2.0], shape=[3])


# Numbers of parts that TensorFlow 2.15 gives for shapes and dtypes.
@pytest.mark.parametrize("partitioner, shape, expected", [
    (tf.fixed_size_partitioner(3), [8, 2], [3, 1]),
    (tf.fixed_size_partitioner(3, axis=1), [8, 2], [1, 2]),
    (tf.variable_axis_size_partitioner(64), [8, 4], [2, 1]),
    (tf.variable_axis_size_partitioner(8), [8, 4], [8, 1]),
    (tf.variable_axis_size_partitioner(64, max_shards=1), [8, 4], [1, 1]),
    (tf.min_max_variable_partitioner(4, min_slice_size=64), [8, 4], [2, 1]),
    (tf.min_max_variable_partitioner(4), [8, 4], [1, 1]),
    (tf.min_max_variable_partitioner(4, min_slice_size=16), [8, 4], [4, 1]),
])
def test_partitioners(partitioner, shape, expected):
    assert partitioner(shape=tf.TensorShape(shape), dtype=tf.float32) == expected


# ---------------------------------------------------------------------- facts

@pytest.mark.parametrize("values, rises, never_falls", [([1, 2, 3], True, True), ([1, 1, 2], False, True), ([2, 1], False, False),
                                                        ([], True, True), ([[1.0, 2.0], [2.0, 3.0]], False, True)])
def test_numbers_that_rise(values, rises, never_falls):
    assert run(tf.is_strictly_increasing(np.array(values, np.float32)), tf.is_non_decreasing(np.array(values, np.float32))) == [rises, never_falls]


def test_facts_of_tensors():
    sparse = tf.SparseTensor([[0]], [1.0], [2])
    assert [tf.is_tensor(x) for x in (tf.constant(1), tf.Variable(1), sparse, 1, [1])] == [True, True, True, False, False]
    assert [tf.is_numeric_tensor(x) for x in (tf.constant(1), tf.constant("a"), tf.constant(True), 1)] == [True, False, False, False]
    assert tf.convert_to_tensor_or_indexed_slices(sparse) is sparse and tf.get_static_value(tf.placeholder(tf.float32)) is None
    assert tf.dimension_at_index(tf.TensorShape(None), 1).value is None and tf.dimension_value(tf.Dimension(2)) == 2


def test_time_goes_on():
    now = tf.timestamp()
    with tf.Session() as sess:
        first, second = sess.run(now), sess.run(now)
    assert abs(first - time.time()) < 600 and second >= first


# ---------------------------------------------------------------------- errors as programs raise them

@pytest.mark.parametrize("error, message, op, code", [
    (lambda: tf.errors.OutOfRangeError(None, None, "end"), "end", None, tf.errors.OUT_OF_RANGE),
    (lambda: tf.errors.InvalidArgumentError(node_def=None, op="op", message="bad"), "bad", "op", tf.errors.INVALID_ARGUMENT),
    (lambda: tf.OpError(None, None, "any", 2), "any", None, tf.errors.UNKNOWN),
    (lambda: tf.errors.NotFoundError("text", "op"), "text", "op", tf.errors.NOT_FOUND),
])
def test_errors_of_programs(error, message, op, code):
    made = error()
    assert (made.message, str(made), made.op, made.error_code) == (message, message, op, code)
