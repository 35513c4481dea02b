"""Variables made by functions of the program, and in parts; what else `tf` has for variables that stand apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def named(prefix: str, seen: list[str]) -> Any:
    def creator(next_creator: Any, **kwargs: Any) -> Any:
        seen.append(f"{prefix}:{kwargs['name']}:{kwargs['trainable']}")
        return next_creator(**kwargs)
    return creator


def test_creators_are_asked_from_the_innermost():
    seen: list[str] = []
    with tf.variable_creator_scope(named("outer", seen)), tf.variable_creator_scope(named("inner", seen)):
        tf.Variable(1.0, name="a")
        tf.get_variable("b", [], trainable=False)
    tf.Variable(1.0, name="c")
    with tf.Graph().as_default():
        tf.Variable(1.0, name="d")
    assert seen == ["inner:a:True", "outer:a:True", "inner:b:False", "outer:b:False"]


def test_a_creator_changes_arguments_or_gives_another_variable():
    def frozen(next_creator: Any, **kwargs: Any) -> Any:
        return next_creator(**{**kwargs, "trainable": False, "initial_value": 5.0})
    with tf.variable_creator_scope(frozen):
        v = tf.Variable(1.0)
    with tf.variable_creator_scope(lambda next_creator, **kwargs: v):
        assert tf.Variable(7.0) is v and isinstance(v, tf.Variable)
    assert not v.trainable and tf.Session().run(v) == 5.0


def test_creators_are_gone_after_an_error():
    with pytest.raises(ValueError), tf.variable_creator_scope(lambda **kwargs: None):
        raise ValueError
    assert isinstance(tf.Variable(1.0), tf.Variable)


# Shape, parts, and names and shapes, as TensorFlow 2.15's `compat.v1.create_partitioned_variables` makes them.
PARTS: dict[str, tuple[list[int], list[int], list[list[int]]]] = {
    "uneven": ([5, 2], [2, 1], [[3, 2], [2, 2]]), "columns": ([5, 2], [1, 2], [[5, 1], [5, 1]]), "one": ([5, 2], [1, 1], [[5, 2]]),
    "of seven": ([7], [3], [[3], [2], [2]]),
}


@pytest.mark.parametrize("what", PARTS)
@pytest.mark.parametrize("value", ["array", "initializer"])
def test_parts(what, value):
    shape, slicing, wanted = PARTS[what]
    whole = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    given = whole if value == "array" else tf.ones_initializer()
    parts = tf.create_partitioned_variables(shape, slicing, given)
    assert [(v.op.name, v.shape.as_list()) for v in parts] == [(f"PartitionedVariable/part_{i}", s) for i, s in enumerate(wanted)]
    axis = slicing.index(max(slicing))
    with tf.Session() as session:
        np.testing.assert_array_equal(np.concatenate(session.run(parts), axis), whole if value == "array" else np.ones(shape))


def test_parts_are_shared():
    first = tf.create_partitioned_variables([4], [2], tf.zeros_initializer(), name="p")
    assert tf.create_partitioned_variables([4], [2], tf.zeros_initializer(), name="p", reuse=True) == first


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "more parts than places": (lambda: tf.create_partitioned_variables([5, 2], [7, 1], 0.0), ValueError, r"\[7, 1\] does not part \[5, 2\]"),
    "two axes": (lambda: tf.create_partitioned_variables([5, 2], [2, 2], 0.0), ValueError, "along one axis"),
    "no parts": (lambda: tf.create_partitioned_variables([5, 2], [0, 1], 0.0), ValueError, "along one axis"),
    "another rank": (lambda: tf.create_partitioned_variables([5], [2, 1], 0.0), ValueError, "are not as long"),
    "a scalar": (lambda: tf.create_partitioned_variables([], [], 0.0), ValueError, "at least 1"),
    "no function": (lambda: tf.variable_creator_scope(3).__enter__(), errors.GraphError, "3 is no function"),
    "tensors are equal": (tf.enable_tensor_equality, errors.FailedPreconditionError, "tf.equal compares"),
    "no library": (lambda: tf.load_op_library("no/ops.so"), errors.NotFoundError, "load_op_library: there is no 'no/ops.so'"),
    "a library": (lambda: tf.load_op_library(__file__), errors.UnimplementedError, "loads no library of machine code.*tf.py_func"),
    "a folder of libraries": (lambda: tf.load_library("."), errors.UnimplementedError, "load_library: graphc loads no library"),
    "a library of files": (lambda: tf.load_file_system_library(__file__), errors.UnimplementedError, "files are those that Python opens"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, kind, told = REFUSED[what]
    with pytest.raises(kind, match=told):
        make()


def test_no_variable_lacks_a_value():
    assert tf.assert_variables_initialized() is None
    v = tf.Variable(1.0)
    with tf.Session() as session:
        session.run(tf.assert_variables_initialized([v]))


def test_shapes_by_name():
    tf.placeholder(tf.float32, [None, 3], name="x")
    shapes = [tf.graph_util.tensor_shape_from_node_def_name(tf.get_default_graph(), name).as_list() for name in ("x", "x:0")]
    assert shapes == [[None, 3]] * 2
