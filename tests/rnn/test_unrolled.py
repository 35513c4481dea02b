"""Networks unrolled in time: values of TensorFlow's both ways, lengths, states that are kept, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws
from tests.rnn.cases import CELLS, INDEX, STEPS, WIDTH, held_to, lengths

C = tf.nn.rnn_cell
RANDOM = draws(8)


@pytest.mark.parametrize("name", [n for n, row in INDEX.items() if row["kind"] == "bi"])
def test_both_ways_as_tensorflow(name, session):
    x = tf.placeholder(tf.float32, [None, STEPS, WIDTH])
    outputs, forth, back = tf.nn.static_bidirectional_rnn(CELLS[name](), CELLS[name](), tf.unstack(x, axis=1), dtype=tf.float32, **lengths(name))
    held_to(name, x, [*tf.split(tf.stack(outputs, 1), 2, axis=2), forth, back], session)


class Sum(C.RNNCell):
    """The sum of the inputs so far, nested and in two forms."""

    state_size = output_size = ({"a": 2}, [1])

    def call(self, inputs, state):
        new = ({"a": state[0]["a"] + inputs["x"]}, [state[1][0] + inputs["n"]])
        return new, new


def test_nested_inputs_outputs_and_states(session):
    xs = [{"x": tf.constant(RANDOM.normal(size=(3, 2)).astype("float32")), "n": tf.ones([3, 1])} for _ in range(4)]
    outputs, state = tf.nn.static_rnn(Sum(), xs, dtype=tf.float32, sequence_length=[4, 1, 0])
    values, made, last = session.run([[x["x"] for x in xs], [(o[0]["a"], o[1][0]) for o in outputs], (state[0]["a"], state[1][0])])
    long = np.array([4, 1, 0])[:, None]
    total = np.zeros((3, 2), np.float32)
    for t, (x, (a, n)) in enumerate(zip(values, made, strict=True)):
        total = np.where(t < long, total + x, total)
        np.testing.assert_allclose(a, np.where(t < long, total, 0), rtol=1e-6)
        np.testing.assert_array_equal(n, np.where(t < long, t + 1, 0))
    np.testing.assert_allclose(last[0], total, rtol=1e-6)
    np.testing.assert_array_equal(last[1], long)


def test_open_batch_and_fed_lengths(session):
    """One program for all sizes of the batch and all lengths."""
    x, long = tf.placeholder(tf.float32, [None, 4, 3]), tf.placeholder(tf.int64, [None])
    outputs, state = tf.nn.static_rnn(C.GRUCell(2), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=long)
    for rows in (1, 5, 2):
        value, size = RANDOM.normal(size=(rows, 4, 3)), np.arange(rows) % 5
        whole, last = session.run([tf.stack(outputs, 1), state], {x: value, long: size})
        for r in range(rows):
            assert not whole[r, size[r]:].any()
            np.testing.assert_allclose(last[r], whole[r, size[r] - 1] if size[r] else 0, rtol=1e-6)
            cut, _ = session.run([tf.stack(outputs, 1), state], {x: value[r:r + 1], long: [4]})
            np.testing.assert_allclose(cut[0, :size[r]], whole[r, :size[r]], rtol=2e-5, atol=1e-6)


def test_state_goes_in(session):
    first = tf.constant(RANDOM.normal(size=(2, 3)).astype("float32"))
    xs = [tf.constant(RANDOM.normal(size=(2, 4)).astype("float32")) for _ in range(4)]
    cell = C.GRUCell(3)
    with tf.variable_scope("n"):
        whole, end = tf.nn.static_rnn(cell, xs, initial_state=first)
    with tf.variable_scope("n", reuse=True):
        _, half = tf.nn.static_rnn(cell, xs[:2], initial_state=first)
        rest, other = tf.nn.static_rnn(cell, xs[2:], initial_state=half)
    a, b, c, d = session.run([whole[3], rest[1], end, other])
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(c, d)


class Saver:
    def __init__(self):
        self.kept = {n: tf.Variable(tf.zeros([2, 3]), trainable=False, name=n) for n in ("c", "h")}

    def state(self, name):
        return self.kept[name]

    def save_state(self, name, value):
        return tf.assign(self.kept[name], value)


def test_states_are_kept_between_runs(session):
    cell, saver, xs = C.BasicLSTMCell(3), Saver(), [tf.ones([2, 4])] * 2
    outputs, state = tf.nn.static_state_saving_rnn(cell, xs, saver, C.LSTMStateTuple("c", "h"))
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        longer, _ = tf.nn.static_rnn(cell, xs * 2, dtype=tf.float32)
    wanted = session.run(longer)
    for i in range(2):
        np.testing.assert_allclose(session.run(outputs), wanted[2 * i:2 * i + 2], rtol=1e-6)
    np.testing.assert_array_equal(session.run(saver.kept["h"]), wanted[-1])


@pytest.mark.parametrize("rows", [2, None])
def test_second_order(rows):
    """Unrolled networks are ordinary graph: `check_grads` finds both orders right."""
    x = RANDOM.normal(size=(2, 3, 2))

    def loss(value):
        with tf.variable_scope("s", reuse=tf.AUTO_REUSE, initializer=tf.random_uniform_initializer(-1, 1, seed=1), dtype=tf.float64):
            return tf.nn.static_rnn(C.LSTMCell(2, use_peepholes=True), tf.unstack(value, axis=1), dtype=tf.float64, sequence_length=[3, 1])[0][1]
    tf.testing.check_grads(loss, (x,), order=2)


# ---------------------------------------------------------------------- what is refused

def unrolled(x, **options):
    return tf.nn.static_rnn(C.GRUCell(2), x, **options)


def ones(*shape):
    return tf.ones(list(shape))


WRONG = [
    (lambda: tf.nn.static_rnn(C.GRUCell, [ones(2, 3)], dtype=tf.float32), "GraphError", "static_rnn: <class 'graphc.rnn.cells.GRUCell'> is no cell"),
    (lambda: unrolled([], dtype=tf.float32), "GraphError", "static_rnn: the inputs are a list, one for each step, not []"),
    (lambda: unrolled(ones(2, 3, 4), dtype=tf.float32), "GraphError", "static_rnn: the inputs are a list, one for each step"),
    (lambda: unrolled([ones(2, 3)]), "GraphError", "static_rnn: without initial_state it takes dtype"),
    (lambda: unrolled([ones(2, 3), ones(3, 3)], dtype=tf.float32), "ShapeError", "differ in the number of rows"),
    (lambda: unrolled([ones(2, 3)], dtype=tf.float32, sequence_length=["1", "1"]), "DTypeError", "static_rnn: the lengths rnn/Const: string[2]"),
    (lambda: unrolled([ones(2, 3)], dtype=tf.float32, sequence_length=[1, 1, 1]), "ShapeError", "static_rnn: there is one length"),
    (lambda: tf.nn.static_rnn(C.LSTMCell(2), [ones(2, 3)], initial_state=ones(2, 2)), "GraphError", "are not nested alike"),
    (lambda: unrolled([ones(2, 3)], initial_state=ones(2, 4)), "ShapeError", "gru_cell: the state, ones"),
    (lambda: tf.nn.static_bidirectional_rnn(C.GRUCell(2), C.GRUCell(2), [(ones(2, 3),)], dtype=tf.float32), "GraphError", "is one tensor, not (*,)"),
    (lambda: tf.nn.static_state_saving_rnn(C.LSTMCell(2), [ones(2, 3)], None, "state"), "GraphError", "state_name and the cell's state_size"),
    (lambda: tf.reverse_sequence(ones(2, 3), [1, 2]), "GraphError", "reverse_sequence takes seq_axis"),
    (lambda: tf.reverse_sequence(ones(2, 3), [1, 2], seq_axis=0), "ShapeError", "seq_axis and batch_axis are both 0"),
    (lambda: tf.reverse_sequence(ones(2, 3), [1, 2, 3], seq_axis=1), "ShapeError", "reverse_sequence("),
    (lambda: tf.reverse_sequence(ones(2, 3), [1.0, 2.0], seq_axis=1), "DTypeError", "reverse_sequence: the lengths ReverseSequence/Const"),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_unrolled.py:" in str(caught.value)


@pytest.mark.parametrize("long", [[4, 0], [0, -1]])
def test_lengths_beyond_the_axis(long, session):
    lengths = tf.placeholder(tf.int32, [None])
    with pytest.raises(errors.InvalidArgumentError, match="test_unrolled.py"):
        session.run(tf.reverse_sequence(ones(2, 3), lengths, seq_axis=1), {lengths: long})


@pytest.mark.parametrize("shape, along, rows", [((3, 4), 1, 0), ((4, 3, 2), 0, 1), ((2, 3, 2, 5), -1, 1), ((3, 0), 1, 0), ((2, 4, 5, 3), 2, -1)])
@pytest.mark.parametrize("known", [True, False])
def test_reverse_sequence(shape, along, rows, known, session):
    """Against a loop over the rows, with gradient; of unknown rank, too."""
    value, lengths = RANDOM.normal(size=shape), RANDOM.integers(0, shape[along] + 1, shape[rows])
    x = tf.placeholder(tf.float64, shape if known else None)
    y = tf.reverse_sequence(x, lengths, along, rows)
    weights = RANDOM.normal(size=shape)
    wanted, turned = (v.copy() for v in (value, weights))
    for made in (wanted, turned):
        lines = np.moveaxis(made, (rows, along), (0, 1))
        for b, n in enumerate(lengths):
            lines[b, :n] = lines[b, :n][::-1].copy()
    found, g = session.run([y, tf.gradients(tf.reduce_sum(y * weights), x)[0]], {x: value})
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(g, turned)
    assert not known or y.shape == list(shape)


def test_older_words_of_reverse_sequence(session):
    x = RANDOM.normal(size=(3, 2, 4)).astype("float32")
    y = session.run(tf.reverse_sequence(x, [1, 3], seq_dim=0, batch_dim=1))
    np.testing.assert_array_equal(y, np.stack([x[:, 0], x[::-1, 1]], 1))
