"""`raw_rnn`: a loop that a function drives, against `dynamic_rnn` and NumPy, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

C = tf.nn.rnn_cell
RANDOM = draws(6)


@pytest.mark.parametrize("rows", [3, None])
@pytest.mark.parametrize("cell", [lambda: C.GRUCell(2), lambda: C.MultiRNNCell([C.BasicLSTMCell(3), C.GRUCell(2)])], ids=["gru", "stack"])
def test_as_dynamic_rnn(cell, rows, session):
    """The loop that TensorFlow's documentation shows: values and gradients."""
    value, long = RANDOM.normal(size=(3, 5, 4)).astype("float32"), np.array([4, 0, 5])
    x = tf.placeholder(tf.float32, [rows, None, 4])
    lengths = tf.constant(long, tf.int32)
    net = cell()
    inputs = tf.TensorArray(tf.float32, size=tf.shape(x)[1]).unstack(tf.transpose(x, [1, 0, 2]))

    def loop_fn(time, output, state, loop_state):
        done = time >= lengths
        new = net.zero_state(tf.shape(x)[0], tf.float32) if output is None else state
        following = tf.cond(tf.reduce_all(done), lambda: tf.zeros([tf.shape(x)[0], 4]), lambda: inputs.read(time))
        following.set_shape([rows, 4])
        return done, following, new, output, None
    with tf.variable_scope("n"):
        arrays, state, none = tf.nn.raw_rnn(net, loop_fn)
    outputs = tf.transpose(arrays.stack(), [1, 0, 2])
    with tf.variable_scope("n", reuse=True):
        wanted, last = tf.nn.dynamic_rnn(net, x, lengths, dtype=tf.float32)
    both = []
    for y, s in ((outputs, state), (wanted, last)):
        loss = tf.reduce_sum(tf.sin(y)) + tf.reduce_sum(leaves(s)[0])
        both.append(session.run([y, leaves(s), tf.gradients(loss, [x, *tf.trainable_variables()])], {x: value}))
    assert none is None
    for a, b in zip(leaves(both[0]), leaves(both[1]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def leaves(value):
    return [x for v in value for x in leaves(v)] if isinstance(value, (list, tuple)) else [value]


def test_outputs_are_the_next_inputs_and_the_loop_has_a_state(session):
    class Add(C.RNNCell):
        state_size = output_size = 2

        def call(self, inputs, state):
            return inputs + state, state + 1.0
    cell = Add()

    def loop_fn(time, output, state, loop_state):
        if output is None:
            return tf.constant([False, False]), tf.ones([2, 2]), tf.zeros([2, 2]), {"y": tf.zeros([2]), "n": tf.constant(0)}, tf.constant(100)
        return tf.stack([time >= 2, time >= 3]), output, state, {"y": output * 10.0, "n": tf.fill([2], time)}, loop_state + time
    arrays, state, count = tf.nn.raw_rnn(cell, loop_fn)
    y, n, last, total = session.run([arrays["y"].stack(), arrays["n"].stack(), state, count])
    np.testing.assert_array_equal(y[:, :, 0], [[10, 10], [20, 20], [0, 40]])        # 1; 1 + 1; 2 + 2, of one row zeros
    np.testing.assert_array_equal(n, [[1, 1], [2, 2], [0, 3]])
    assert last[:, 0].tolist() == [2.0, 3.0] and total == 106


def driven(**changed):
    cell = C.GRUCell(2)

    def loop_fn(time, output, state, loop_state):
        when = "first" if output is None else "then"
        made = {"finished": tf.fill([3], time >= 2), "input": tf.zeros([3, 4]), "output": output, "loop": None,
                "state": cell.zero_state(3, tf.float32) if output is None else state}
        made.update({k.removeprefix(when + "_"): v for k, v in changed.items() if k.startswith(when)})
        return [made[k] for k in ("finished", "input", "state", "output", "loop") if k in made and made[k] is not Ellipsis]
    return tf.nn.raw_rnn(cell, loop_fn)


WRONG = [
    (lambda: tf.nn.raw_rnn(C.GRUCell, None), "GraphError", "raw_rnn: <class 'graphc.rnn.cells.GRUCell'> is no cell"),
    (lambda: tf.nn.raw_rnn(C.GRUCell(2), None), "GraphError", "raw_rnn: loop_fn is a function, not None"),
    (lambda: driven(first_loop=...), "GraphError", "raw_rnn: loop_fn gives (finished, input, state, output, loop_state), not [*, *, *, *]"),
    (lambda: driven(first_finished=0), "DTypeError", "raw_rnn: loop_fn says by bool[batch] which rows are finished, not by rnn/Const"),
    (lambda: driven(first_state=(0.0, 0.0)), "GraphError", "raw_rnn: the initial state and the cell's state_size: (*, *) and *"),
    (lambda: driven(then_state=(0.0, 0.0)), "GraphError", "raw_rnn: the states of two steps: * and (*, *)"),
    (lambda: driven(then_input=[np.zeros((3, 4))] * 2), "GraphError", "raw_rnn: the inputs of two steps: * and [*, *]"),
    (lambda: driven(then_output=(0.0, 0.0)), "GraphError", "raw_rnn: the outputs of two steps: * and (*, *)"),
    (lambda: driven(then_input=np.zeros((3, 5), "float32")), "ShapeError", "while"),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_raw.py:" in str(caught.value)
