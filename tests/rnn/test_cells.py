"""Cells of recurrent networks: against values of TensorFlow's, against NumPy written by hand, and what they refuse."""

from __future__ import annotations

import copy
import hashlib
import importlib
import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.rnn.cases import CELLS, GOLDEN, INDEX, STEPS, WIDTH, held_to, lengths

C, R = tf.nn.rnn_cell, tf.contrib.rnn
RANDOM = np.random.default_rng(3)
X, H = RANDOM.normal(size=(3, 4)).astype("float32"), RANDOM.normal(size=(3, 2)).astype("float32")
M = RANDOM.normal(size=(3, 2)).astype("float32")


@pytest.mark.parametrize("name", [n for n, row in INDEX.items() if row["kind"] in ("dynamic", "static")])
def test_unrolled_as_tensorflow(name, session):
    """A cell unrolled gives what TensorFlow's loop gives: results, gradients, names of variables."""
    x = tf.placeholder(tf.float32, [None, STEPS, WIDTH])
    outputs, state = tf.nn.static_rnn(CELLS[name](), tf.unstack(x, axis=1), dtype=tf.float32, **lengths(name))
    held_to(name, x, [tf.stack(outputs, 1) if INDEX[name]["kind"] == "dynamic" else outputs, state], session)


# ---------------------------------------------------------------------- against NumPy

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def norm(x):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12)


def lstm(x, c, h, kernel, bias=0.0, forget=1.0, tail=norm):
    i, j, f, o = (tail(g) for g in np.split(np.concatenate([x, h], 1) @ kernel + bias, 4, 1))
    c = tail(c * sigmoid(f + forget) + sigmoid(i) * np.tanh(j))
    h = np.tanh(c) * sigmoid(o)
    return h, c, h


def gru(x, h, gates, gates_bias, kernel, bias):
    r, u = np.split(sigmoid(np.concatenate([x, h], 1) @ gates + gates_bias), 2, 1)
    new = u * h + (1 - u) * np.tanh(np.concatenate([x, r * h], 1) @ kernel + bias)
    return new, new


def nas(x, c, m, kernel, again):
    a, b = np.split(x @ kernel, 8, 1), np.split(m @ again, 8, 1)
    relu = lambda v: np.maximum(v, 0)  # noqa: E731
    first = [sigmoid(a[0] + b[0]), relu(a[1] + b[1]), sigmoid(a[2] + b[2]), relu(a[3] * b[3]), np.tanh(a[4] + b[4]), sigmoid(a[5] + b[5]),
             np.tanh(a[6] + b[6]), sigmoid(a[7] + b[7])]
    left = np.tanh(np.tanh(first[0] * first[1]) + c)
    c = left * np.tanh(first[2] + first[3])
    m = np.tanh(c * np.tanh(np.tanh(first[4] * first[5]) + sigmoid(first[6] + first[7])))
    return m, c, m


def plain(v):
    return v


def attention(x, state, look, past, kernel, bias, *rest):
    gates, gates_bias, candidate, candidate_bias, w, v, k_query, b_query, k_out, b_out = rest
    output, new = gru(np.concatenate([x, look], 1) @ kernel + bias, state, gates, gates_bias, candidate, candidate_bias)
    past = past.reshape(len(x), 3, 2)
    scores = (v * np.tanh(past @ w[0, 0] + (new @ k_query + b_query)[:, None])).sum(2)
    weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    look = (weights[:, :, None] * past).sum(1)
    output = np.concatenate([output, look], 1) @ k_out + b_out
    return output, new, look, np.concatenate([past[:, 1:], output[:, None]], 1).reshape(len(x), -1)


LSTM = C.LSTMStateTuple(M, H)
PAST = RANDOM.normal(size=(3, 6)).astype("float32")
BY_HAND = [
    ("LSTMBlockCell", lambda: R.LSTMBlockCell(2, forget_bias=0.5), LSTM, lambda x, c, h, *w: lstm(x, c, h, *w, forget=0.5, tail=plain)),
    ("GRUBlockCell", lambda: R.GRUBlockCell(2), H, gru), ("GRUBlockCellV2", lambda: R.GRUBlockCellV2(cell_size=2), H, gru),
    ("LSTM in one tensor", lambda: C.BasicLSTMCell(2, state_is_tuple=False), np.concatenate([M, H], 1),
     lambda x, s, *w: (lambda y, c, h: (y, np.concatenate([c, h], 1)))(*lstm(x, *np.split(s, 2, 1), *w, tail=plain))),
    ("LSTM in one tensor, projected", lambda: C.LSTMCell(3, num_proj=2, state_is_tuple=False), np.concatenate([M, M[:, :1], H], 1),
     lambda x, s, k, b, p: (lambda y, c, h: (h @ p, np.concatenate([c, h @ p], 1)))(*lstm(x, s[:, :3], s[:, 3:], k, b, tail=plain))),
    ("LayerNorm", lambda: R.LayerNormBasicLSTMCell(2), LSTM, lambda x, c, h, kernel, *rest: lstm(x, c, h, kernel)),
    ("LayerNorm without", lambda: R.LayerNormBasicLSTMCell(2, layer_norm=False), LSTM, lambda x, c, h, *w: lstm(x, c, h, *w, tail=plain)),
    ("NASCell", lambda: R.NASCell(2), LSTM, nas),
    ("stack in one tensor", lambda: C.MultiRNNCell([C.BasicRNNCell(2), C.BasicRNNCell(3)], state_is_tuple=False),
     np.concatenate([H, M, M[:, :1]], 1),
     lambda x, s, k, b, p, d: (lambda one: (lambda two: (two, np.concatenate([one, two], 1)))(np.tanh(np.concatenate([one, s[:, 2:]], 1) @ p + d)))(
         np.tanh(np.concatenate([x, s[:, :2]], 1) @ k + b))),
    ("InputProjection", lambda: R.InputProjectionWrapper(C.BasicRNNCell(2), 3, activation=tf.nn.relu), H,
     lambda x, h, k, b, *w: (np.tanh(np.concatenate([np.maximum(x @ k + b, 0), h], 1) @ w[0] + w[1]),) * 2),
    ("OutputProjection", lambda: R.OutputProjectionWrapper(C.BasicRNNCell(2), 3), H,
     lambda x, h, k, b, p, q: (lambda new: (new @ p + q, new))(np.tanh(np.concatenate([x, h], 1) @ k + b))),
    ("Attention", lambda: R.AttentionCellWrapper(C.GRUCell(2), 3), (H, M, PAST), attention),
]


@pytest.mark.parametrize("make, state, wanted", [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND])
def test_step_by_hand(make, state, wanted, session):
    cell = make()
    with tf.variable_scope("s", initializer=tf.random_uniform_initializer(-1.0, 1.0, seed=4)):
        output, new = cell(tf.constant(X), state)
    made = session.run([output, *tf_leaves(new)])
    for got, right in zip(made, wanted(X, *tf_leaves(state), *session.run(tf.trainable_variables())), strict=True):
        np.testing.assert_allclose(got, right, rtol=2e-5, atol=2e-6)
    assert [y.shape.as_list()[1:] for y in tf_leaves(new)] == [[n] for n in tf_leaves(cell.state_size)] and output.shape[1] == cell.output_size
    assert [v.name for v in cell.weights] == [v.name for v in cell.trainable_variables] == [v.name for v in tf.trainable_variables()]


def tf_leaves(value):
    return [x for v in value for x in tf_leaves(v)] if isinstance(value, (list, tuple)) else [value]


def test_embedding_by_hand(session):
    cell = R.EmbeddingWrapper(C.BasicRNNCell(2), 5, 3)
    output, _ = cell(tf.constant([[4], [0], [4]]), tf.constant(H))
    table, kernel, bias, y = session.run([*tf.trainable_variables(), output])
    np.testing.assert_allclose(y, np.tanh(np.concatenate([table[[4, 0, 4]], H], 1) @ kernel + bias), rtol=2e-5, atol=2e-6)
    assert [v.op.name for v in cell.variables] == ["embedding_wrapper/embedding", "embedding_wrapper/basic_rnn_cell/kernel",
                                                   "embedding_wrapper/basic_rnn_cell/bias"]
    assert np.abs(table).max() <= np.sqrt(3) and np.abs(table).max() > 1


def test_clip_that_is_none():
    assert R.LSTMBlockCell(2, cell_clip=-1)._cell_clip is None and C.LSTMCell(2, cell_clip=0.0)._cell_clip == 0.0


# ---------------------------------------------------------------------- dropout

@pytest.mark.parametrize("options, where", [({"input_keep_prob": 0.5}, "x"), ({"output_keep_prob": 0.5}, "y"), ({"state_keep_prob": 0.5}, "h")])
def test_dropout_falls_on_what_it_is_told(options, where, session):
    class Echo(C.RNNCell):
        state_size, output_size = C.LSTMStateTuple(50, 50), 50

        def call(self, inputs, state):
            return inputs, C.LSTMStateTuple(state.c + 1.0, state.h + 1.0)
    cell = C.DropoutWrapper(Echo(), seed=1, **options)
    output, state = cell(tf.ones([40, 50]), cell.zero_state(40, tf.float32))
    found = dict(zip("ych", session.run([output, *state]), strict=True))
    for name, value in found.items():
        dropped = name == where or name == "y" and where == "x"
        assert {*np.unique(value)} == ({0.0, 2.0} if dropped else {1.0})
        assert not dropped or abs((value == 0).mean() - 0.5) < 0.06


def test_dropout_filter_chooses(session):
    class Echo(C.RNNCell):
        state_size, output_size = (40, {"a": 40, "b": 40}), 40

        def call(self, inputs, state):
            return inputs, state
    seen = []
    cell = C.DropoutWrapper(Echo(), state_keep_prob=0.5, dropout_state_filter_visitor=lambda s: (seen.append(s), isinstance(s, dict))[1])
    one = tf.ones([3, 40])
    _, (first, rest) = cell(one, (one, {"a": one, "b": one}))
    a, b, c = session.run([first, rest["a"], rest["b"]])
    assert seen and np.unique(a).tolist() == [1.0]
    for value in (b, c):
        assert {*np.unique(value)} <= {0.0, 1.0, 2.0}


@pytest.mark.parametrize("what", ["input", "output", "state"])
def test_variational_dropout_is_the_same_in_every_step_and_row(what, session):
    cell = C.DropoutWrapper(C.BasicRNNCell(8, activation=lambda x: tf.ones_like(x)), variational_recurrent=True, input_size=8, dtype=tf.float32,
                            **{f"{what}_keep_prob": 0.5})
    seen = []
    inner = cell.wrapped_cell.call
    cell.wrapped_cell.call = lambda inputs, state: (seen.append(inputs), inner(inputs, state))[1]
    outputs, state = tf.nn.static_rnn(cell, [tf.ones([4, 8])] * 3, dtype=tf.float32)
    made = session.run({"input": seen, "output": outputs, "state": [state]}[what])
    for value in made:
        assert {*np.unique(value)} <= {0.0, 2.0}
        np.testing.assert_array_equal(value, np.broadcast_to(made[0][:1], value.shape))
    again = session.run({"input": seen, "output": outputs, "state": [state]}[what])
    assert any(not np.array_equal(a, b) for a, b in zip(made, again, strict=True)) or what == "state"


def test_seeds_of_dropout():
    """As TensorFlow makes them of the one that is given: two places differ, and a program draws the same again."""
    cell = C.DropoutWrapper(C.GRUCell(2), 0.5, 0.5, seed=7)
    wanted = [int(hashlib.md5(text).hexdigest()[:8], 16) % 2**31 for text in (b"7input_0", b"7output_0", b"7output_1")]
    assert [cell._seed_of("input", 0), cell._seed_of("output", 0), cell._seed_of("output", 1)] == wanted and len({*wanted}) == 3
    assert C.DropoutWrapper(C.GRUCell(2), 0.5)._seed_of("input", 0) is None


def test_probability_that_is_fed(session):
    keep = tf.placeholder(tf.float32, [])
    cell = C.DropoutWrapper(C.BasicRNNCell(3), output_keep_prob=keep)
    output, state = cell(tf.ones([2, 3]), tf.zeros([2, 3]))
    y, h = session.run([output, state], {keep: 1.0})
    np.testing.assert_array_equal(y, h)


# ---------------------------------------------------------------------- cells that users derive, and variables

class Derived(C.RNNCell):
    """As programs write cells: `__call__` overridden, no constructor of the base's."""

    def __init__(self, units):
        self.units = units

    @property
    def state_size(self):
        return self.units

    @property
    def output_size(self):
        return self.units

    def __call__(self, inputs, state, scope=None):
        with tf.variable_scope(scope or type(self).__name__):
            w = tf.get_variable("w", [inputs.shape[1] + self.units, self.units])
            new = tf.tanh(tf.matmul(tf.concat([inputs, state], 1), w))
        return new, new


@pytest.mark.parametrize("make", [lambda: Derived(3), lambda: C.MultiRNNCell([Derived(2), Derived(3)]), lambda: C.DropoutWrapper(Derived(3))])
def test_cell_of_a_user(make, session):
    outputs, state = tf.nn.static_rnn(make(), [tf.ones([2, 3])] * 3, dtype=tf.float32)
    names = [v.op.name for v in tf.trainable_variables()]
    assert names in (["rnn/Derived/w"], ["rnn/multi_rnn_cell/cell_0/Derived/w", "rnn/multi_rnn_cell/cell_1/Derived/w"])
    assert session.run(outputs[-1]).shape == (2, 3)


def test_variables_made_by_call_are_the_cells_own():
    class Scaled(C.RNNCell):
        state_size = output_size = 2

        def call(self, inputs, state):
            tf.get_variable("rest", [], trainable=False)
            return inputs * tf.get_variable("scale", []), state
    cell = C.MultiRNNCell([Scaled(), Scaled(name="second")])
    cell(tf.ones([1, 2]), cell.zero_state(1, tf.float32))
    cell(tf.ones([1, 2]), cell.zero_state(1, tf.float32))
    assert [v.op.name for v in cell.trainable_weights] == ["multi_rnn_cell/cell_0/scaled/scale", "multi_rnn_cell/cell_1/second/scale"]
    assert len(cell.non_trainable_weights) == 2 and len(cell.variables) == 4 and cell.count_params() == 4


def test_reuse():
    xs = [tf.ones([2, 3])]
    with tf.variable_scope("a"):
        first, _ = tf.nn.static_rnn(C.GRUCell(2), xs, dtype=tf.float32)
    with tf.variable_scope("a", reuse=True):
        second, _ = tf.nn.static_rnn(C.GRUCell(2), xs, dtype=tf.float32)
    third, _ = tf.nn.static_rnn(C.GRUCell(2, reuse=True), xs, dtype=tf.float32, scope="a/rnn")
    assert len(tf.trainable_variables()) == 4
    values = tf.Session(jit=False).run([first[0], second[0], third[0]])
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_array_equal(values[0], values[2])
    with pytest.raises(errors.GraphError, match="variable rnn/gru_cell/gates/kernel exists"):
        for _ in range(2):
            tf.nn.static_rnn(C.GRUCell(2), xs, dtype=tf.float32)


def test_one_cell_twice_shares_its_variables():
    cell = C.GRUCell(2)
    cell(tf.ones([1, 3]), tf.ones([1, 2]))
    cell(tf.ones([1, 3]), tf.ones([1, 2]))
    assert len(cell.weights) == len(tf.trainable_variables()) == 4


def test_copy_has_variables_of_its_own():
    cell = C.MultiRNNCell([C.GRUCell(2), C.DropoutWrapper(C.LSTMCell(2, initializer=tf.ones_initializer()), 0.5)])
    other = copy.deepcopy(cell)
    for c in (cell, other):
        with tf.variable_scope("one" if c is cell else "other"):
            c(tf.ones([1, 3]), c.zero_state(1, tf.float32))
    assert {v.op.name.partition("/")[0] for v in cell.weights} == {"one"} and {v.op.name.partition("/")[0] for v in other.weights} == {"other"}


def test_initializer_of_the_scope(session):
    with tf.variable_scope("s", initializer=tf.constant_initializer(0.25)):
        cell = C.BasicLSTMCell(2)
        cell(tf.ones([1, 3]), cell.zero_state(1, tf.float32))
    kernel, bias = session.run(cell.weights)
    assert np.unique(kernel).tolist() == [0.25] and np.unique(bias).tolist() == [0.0]


def test_getters_around_a_cell_see_its_variables():
    seen = []

    def getter(make, name, *args, **kwargs):
        seen.append(name)
        return make(name, *args, **kwargs)
    with tf.variable_scope("s", custom_getter=getter):
        C.MultiRNNCell([C.GRUCell(2)])(tf.ones([1, 3]), (tf.ones([1, 2]),))
    assert seen == [f"s/multi_rnn_cell/cell_0/gru_cell/{part}/{name}" for part in ("gates", "candidate") for name in ("kernel", "bias")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_zero_state(dtype):
    cell = C.MultiRNNCell([C.LSTMCell(3, num_proj=2), C.ResidualWrapper(C.GRUCell(2))])
    rows = tf.placeholder(tf.int32, [])
    state = cell.zero_state(rows, dtype)
    assert [s.shape.as_list() for s in tf_leaves(state)] == [[None, 3], [None, 2], [None, 2]] and isinstance(state[0], C.LSTMStateTuple)
    for value in tf.Session(jit=False).run(tf_leaves(state), {rows: 5}):
        assert value.shape[0] == 5 and value.dtype == dtype and not value.any()
    same = cell.get_initial_state(tf.zeros([4, 3], dtype))
    assert [s.shape.as_list() for s in tf_leaves(same)] == [[4, 3], [4, 2], [4, 2]]


# ---------------------------------------------------------------------- what is refused

def called(cell, x, *state):
    return lambda: cell()(x(), *(s() for s in state))


def x(*shape):
    return lambda: tf.placeholder(tf.float32, list(shape), "x")


WRONG = [
    (lambda: C.GRUCell(0), "GraphError", "gru_cell: num_units is a number of 1 or more, not 0"),
    (lambda: C.GRUCell("3"), "GraphError", "gru_cell: num_units is a number of 1 or more, not '3'"),
    (lambda: C.GRUCell(3, activation="nosuch"), "GraphError", "gru_cell: 'nosuch' is no activation"),
    (lambda: C.GRUCell(units=3), "ArgumentError", "GRUCell has no argument 'units' (is it num_units?)"),
    (lambda: C.LSTMCell(3, proj_clip="a"), "GraphError", "lstm_cell: proj_clip is a number of 0 or more, not 'a'"),
    (lambda: C.MultiRNNCell([]), "GraphError", "multi_rnn_cell: [] is no list of cells"),
    (lambda: C.MultiRNNCell([C.GRUCell]), "GraphError", "multi_rnn_cell: <class 'graphc.rnn.cells.GRUCell'> is no cell; give an object"),
    (lambda: C.MultiRNNCell([C.LSTMCell(3)], state_is_tuple=False), "GraphError", "multi_rnn_cell: the states of some cells are tuples"),
    (lambda: C.DropoutWrapper(C.GRUCell(3), 0.0), "GraphError", "DropoutWrapper: input_keep_prob is in (0, 1], not 0.0"),
    (lambda: C.DropoutWrapper(3), "GraphError", "DropoutWrapper: 3 is no cell"),
    (lambda: C.DropoutWrapper(C.GRUCell(3), 0.5, variational_recurrent=True), "GraphError", "DropoutWrapper: variational_recurrent takes dtype"),
    (lambda: C.DropoutWrapper(C.GRUCell(3), 0.5, variational_recurrent=True, dtype=tf.float32), "GraphError", "takes input_size to drop out inputs"),
    (lambda: C.DropoutWrapper(C.GRUCell(3), dropout_state_filter_visitor=1), "GraphError", "dropout_state_filter_visitor is a function, not 1"),
    (lambda: R.GRUBlockCell(), "GraphError", "GRUBlockCell: one of num_units and cell_size is given"),
    (lambda: R.AttentionCellWrapper(C.GRUCell(2), 0), "GraphError", "attn_length is a number of 1 or more, not 0"),
    (lambda: C.GRUCell(3).zero_state(None, tf.float32), "GraphError", "GRUCell.zero_state: the size of the batch is not known; tf.shape(x)[0]"),
    (lambda: C.GRUCell(3).get_initial_state(), "GraphError", "GRUCell.get_initial_state: neither inputs nor batch_size and dtype are given"),
    (called(lambda: C.GRUCell(3), x(2, 4), x(2, 5)), "ShapeError", "gru_cell: the state, x_1: float32[2,5]"),
    (called(lambda: C.GRUCell(3), x(2, 4, 5), x(2, 3)), "ShapeError", "gru_cell: x: float32[2,4,5]"),
    (called(lambda: C.GRUCell(3), x(2, None), x(2, 3)), "ShapeError", "gru_cell: inputs of shape (2, ?) have no known last dimension"),
    (called(lambda: C.GRUCell(3), x(2, 4), lambda: (tf.zeros([2, 3]),) * 2), "GraphError", "gru_cell: the state is one tensor, not (*, *)"),
    (called(lambda: C.BasicLSTMCell(3), x(2, 4), x(2, 6)), "GraphError", "basic_lstm_cell: the state is a pair (c, h), not *"),
    (called(lambda: C.BasicLSTMCell(3), x(2, 4), lambda: (tf.zeros([2, 4]),) * 2), "ShapeError", "basic_lstm_cell: c of the state, zeros"),
    (called(lambda: C.LSTMCell(3), lambda: [[1, 2]], lambda: (tf.zeros([1, 3]),) * 2), "DTypeError", "lstm_cell: the inputs Const"),
    (called(lambda: C.MultiRNNCell([C.GRUCell(3)]), x(2, 4), x(2, 3)), "GraphError", "multi_rnn_cell: the state is a tuple with"),
    (called(lambda: C.ResidualWrapper(C.GRUCell(3)), x(2, 4), x(2, 3)), "ShapeError", "ResidualWrapper: the inputs x: float32[2,4]"),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_cells.py:" in str(caught.value)


def test_cell_that_says_nothing():
    with pytest.raises(NotImplementedError, match="RNNCell does not say the size of its state"):
        C.RNNCell().zero_state(1, tf.float32)


def test_golden_has_a_cell_for_each_case():
    assert {*CELLS} == {*INDEX} and len(GOLDEN.files) == 293


@pytest.mark.parametrize("module", ["tensorflow.python.ops.rnn_cell_impl", "tensorflow.contrib.rnn.python.ops.core_rnn_cell"])
@pytest.mark.parametrize("arguments, scope, expected", [
    (((), {}), "", [[1 * 2 + 2 * 2 + 3 * 2]]),
    (((0.5,), {}), "", [[12.5]]),
    (((), {"bias_start": 0.5, "scope": "s"}), "s/", [[12.5]]),
    (((tf.constant_initializer(3.0),), {}), "", [[15.0]]),
])
def test_linear_of_programs_cells(module, arguments, scope, expected):
    """The function by its name within TensorFlow's modules, its bias given as each of its versions took it."""
    path = module.replace("tensorflow", "graphc")
    linear = importlib.import_module(path)._linear
    with tf.Graph().as_default(), tf.variable_scope("", initializer=tf.constant_initializer(2.0)), tf.Session(jit=False) as sess:
        y = linear([tf.constant([[1.0, 2.0]]), tf.constant([[3.0]])], 1, True, *arguments[0], **arguments[1])
        assert sess.run(y).tolist() == expected and [v.op.name for v in tf.global_variables()] == [f"{scope}kernel", f"{scope}bias"]
        linear(tf.constant([[1.0]]), 2, False, scope="plain")
        assert [v.op.name for v in tf.global_variables()][2:] == ["plain/kernel"]
