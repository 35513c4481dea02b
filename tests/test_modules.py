"""`tf.Module` and `tf.function` in a graph: names and order of variables, effects in the order of the program."""

from __future__ import annotations

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, DTypeError, GraphError


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def run(x):
    return tf.Session(jit=False).run(x)


class Dense(tf.Module):
    def __init__(self, units, name=None):
        super().__init__(name)
        with self.name_scope:
            self.w = tf.Variable(tf.ones([2, units]), name="w")
            self.b = tf.Variable(tf.zeros([units]), trainable=False, name="b")

    @tf.Module.with_name_scope
    def __call__(self, x):
        """What a layer computes."""
        return tf.add(tf.matmul(x, self.w), self.b, name="out")


class TwoLayers(tf.Module):
    def __init__(self):
        super().__init__()
        with self.name_scope:
            self.layers = {"z": [Dense(2, "last")], "a": Dense(3)}
            self.again = self.layers["a"]
            self.scale = tf.Variable(2.0, name="scale")
            self.me = self


def names(values):
    return [v.op.name for v in values]


def test_what_a_module_holds():
    """Its own variables by the names of its attributes, then those of the modules in it; each once."""
    net = TwoLayers()
    assert net.name == "two_layers" and [m.name for m in net.submodules] == ["dense", "last"]
    assert names(net.variables) == ["two_layers/scale", "two_layers/dense/b", "two_layers/dense/w", "two_layers/last/b", "two_layers/last/w"]
    assert names(net.trainable_variables) == ["two_layers/scale", "two_layers/dense/w", "two_layers/last/w"]
    assert names(net.non_trainable_variables) == ["two_layers/dense/b", "two_layers/last/b"]


def test_scopes_of_methods():
    layer = Dense(2)
    y = layer(tf.ones([1, 2]))
    assert y.op.name == "dense/out" and run(y).tolist() == [[2, 2]] and Dense.__call__.__doc__ == "What a layer computes."
    assert names(Dense(1).variables) == ["dense_1/b", "dense_1/w"]


def test_layers_of_keras_in_a_module():
    holder = tf.Module("holder")
    holder.layer = tf.keras.layers.Dense(3)
    holder.layer(tf.ones([1, 2]))
    assert sorted(v.shape.as_list() for v in holder.variables) == [[2, 3], [3]] and holder.submodules == ()


@pytest.mark.parametrize("name", ["a/b", "1a", "", 3])
def test_no_names(name):
    with pytest.raises(ArgumentError, match="is no name of a module"):
        tf.Module(name)


# ---------------------------------------------------------------------- functions

def in_order(v):
    """Reads before, between and after two assignments."""
    before = v * 10
    v.assign_add(1.0)
    between = v * 10
    v.assign(v * 3)
    return before, {"between": between, "after": v}


def nested(v):
    @tf.function
    def inner():
        v.assign_add(2.0)
    inner()
    return v * 1


def in_a_branch(v):
    tf.cond(v > 0, lambda: v.assign_add(5.0), lambda: v.assign_add(-5.0))
    return v + 0


def with_a_new_variable(v):
    w = tf.Variable(v.initial_value * 2)
    w.assign_add(1.0)
    return w + v


@pytest.mark.parametrize("call, expected, left", [
    (in_order, (10.0, {"between": 20.0, "after": 6.0}), 6.0), (nested, 3.0, 3.0), (in_a_branch, 6.0, 6.0), (with_a_new_variable, 4.0, 1.0),
    (lambda v: (v.assign_add(1.0), None)[1], None, 2.0), (lambda v: v.assign_add(1.0).op, None, 2.0), (lambda v: v * 2, 2.0, 1.0),
    (lambda v: [3, v.assign_add(1.0)][0] * tf.constant(2.0), 6.0, 2.0),
])
def test_effects_come_in_the_order_of_the_program(call, expected, left):
    v = tf.Variable(1.0)
    made = tf.function(call)(v)
    sess = tf.Session(jit=False)
    assert sess.run(made) == expected and sess.run(v) == left


def test_each_call_builds_its_own():
    v = tf.Variable(1.0)

    @tf.function(autograph=False)
    def add(x, times=1):
        """Adds."""
        v.assign_add(x * times)
        return v * 1
    assert add.__name__ == "add" and add.__doc__ == "Adds." and add.python_function.__name__ == "add" and add.input_signature is None
    sess = tf.Session(jit=False)
    one, two = add(1.0), add(np.float32([2.0])[0], times=2)
    assert sess.run(one) == 2 and sess.run(two) == 6 and sess.run(one) == 7


def test_methods_and_arrays():
    class Scale(tf.Module):
        factor = 2.0

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x):
            assert isinstance(x, tf.Tensor) and x.dtype == tf.float32
            return x * self.factor

        @tf.function
        def of_array(self, x):
            return x.dtype.name, x * self.factor
    assert run(Scale()([1, 2])).tolist() == [2, 4] and Scale().of_array(np.ones(2))[0] == "float64"
    with pytest.raises(ArgumentError, match=r"__call__ takes a tensor of the shape \(\?,\) by its input_signature, not \(1, 1\)"):
        Scale()([[1.0]])
    with pytest.raises(ArgumentError, match="__call__ takes 1 arguments by its input_signature, not 3"):
        Scale()([1], [2])


def test_training_by_a_function():
    """A step of gradient descent by a tape within a function, and the loss from before it."""
    w = tf.Variable(3.0)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = w * w
        w.assign_sub(0.25 * tape.gradient(loss, w))
        return loss
    sess = tf.Session(jit=False)
    one = step()
    assert [sess.run(one), sess.run(one), sess.run(w)] == [9, 2.25, 0.75]


def branching(x):
    return x if x > 0 else -x


def making(x):
    return tf.Variable(1.0) * x


@pytest.mark.parametrize("call, error, said", [
    (lambda: tf.function(branching)(tf.constant(1.0)), DTypeError, "no truth value while the graph is built; use tf.cond, tf.while_loop"),
    (lambda: twice(), GraphError, "making makes the variable Variable_1 by a call after the first"),
    (lambda: tf.function(3), ArgumentError, "takes a function, not 3"),
])
def test_what_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()


def twice():
    made = tf.function(making)
    return [made(1.0), made(2.0)]
