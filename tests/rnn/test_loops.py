"""Networks in loops: values of TensorFlow's, the same as unrolled, both ways, in layers, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws
from tests.rnn.cases import CELLS, GOLDEN, INDEX, WIDTH, held_to, leaves, lengths

C, R = tf.nn.rnn_cell, tf.contrib.rnn
RANDOM = draws(8)


@pytest.mark.parametrize("name", [n for n, row in INDEX.items() if row["kind"] != "static"])
def test_as_tensorflow(name, session):
    x, kind = tf.placeholder(tf.float32, [None, None, WIDTH]), INDEX[name]["kind"]
    if kind == "bi":
        outputs, state = tf.nn.bidirectional_dynamic_rnn(CELLS[name](), CELLS[name](), x, dtype=tf.float32, **lengths(name))
    elif kind == "dynamic_tm":
        outputs, state = tf.nn.dynamic_rnn(CELLS[name](), tf.transpose(x, [1, 0, 2]), dtype=tf.float32, time_major=True, **lengths(name))
    else:
        outputs, state = tf.nn.dynamic_rnn(CELLS[name](), x, dtype=tf.float32, **lengths(name))
    held_to(name, x, [outputs, state], session)


def made(looped, cells, x, **options):
    """The outputs, as one tensor, and the leaves of the last state, by a loop or unrolled, of the same variables."""
    with tf.variable_scope("n", reuse=tf.AUTO_REUSE, initializer=tf.random_uniform_initializer(-1, 1, seed=3), dtype=x.dtype):
        if looped:
            outputs, state = tf.nn.dynamic_rnn(cells(), x, **options)
        else:
            outputs, state = tf.nn.static_rnn(cells(), tf.unstack(x, axis=1), **options)
            outputs = tf.stack(outputs, 1)
    return [outputs, *leaves(state)]


STACK = {"gru": lambda: C.GRUCell(3), "peepholes": lambda: C.LSTMCell(3, use_peepholes=True, num_proj=2),
         "stack": lambda: C.MultiRNNCell([C.GRUCell(3), C.ResidualWrapper(C.BasicLSTMCell(3))])}


@pytest.mark.parametrize("long", [None, [4, 0, 2]])
@pytest.mark.parametrize("cells", STACK.values(), ids=STACK)
def test_loop_equals_unrolled(cells, long, session):
    """Values, gradients and second derivatives."""
    x = tf.constant(RANDOM.normal(size=(3, 4, 2)))
    probe = RANDOM.normal(size=(3, 4, 2))
    found = []
    for looped in (True, False):
        results = made(looped, cells, x, dtype=tf.float64, sequence_length=long)
        variables = tf.trainable_variables()
        loss = tf.add_n([tf.reduce_sum(tf.sin(y + 0.1 * i)) for i, y in enumerate(results)])
        first = tf.gradients(loss, [x, *variables])
        second = tf.gradients(tf.reduce_sum(first[0] * probe) + tf.reduce_sum(tf.square(first[1])), [x, *variables])
        found.append(session.run([results, first, second]))
    for looped, unrolled in zip(*found, strict=True):
        for a, b in zip(looped, unrolled, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_any_number_of_rows_and_steps(session):
    x = tf.placeholder(tf.float32, [None, None, 2])
    outputs, state = tf.nn.dynamic_rnn(C.GRUCell(3), x, dtype=tf.float32)
    (gradient,) = tf.gradients(tf.reduce_sum(outputs), x)
    assert outputs.shape.as_list() == [None, None, 3] and state.shape.as_list() == [None, 3]
    whole = RANDOM.normal(size=(4, 6, 2)).astype("float32")
    right = session.run(outputs, {x: whole})
    for rows, steps in ((4, 6), (1, 3), (2, 1), (3, 0)):
        y, last, g = session.run([outputs, state, gradient], {x: whole[:rows, :steps]})
        np.testing.assert_allclose(y, right[:rows, :steps], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(last, right[:rows, steps - 1] if steps else np.zeros((rows, 3)), rtol=1e-5, atol=1e-6)
        assert g.shape == (rows, steps, 2)


def test_another_length_compiles_nothing():
    x, n = tf.placeholder(tf.float32, [None, None, 4]), tf.placeholder(tf.int32, [None])
    outputs, _ = tf.nn.dynamic_rnn(C.MultiRNNCell([C.GRUCell(3), C.BasicLSTMCell(2)]), x, n, dtype=tf.float32)
    train = tf.train.AdamOptimizer(0.01).minimize(tf.reduce_sum(tf.square(outputs)))
    with tf.Session() as session:
        # Sizes of their own: where two happen to be the same, or rows so few that a product is a sum in a loop, a plan may do better.
        session.run(train, {x: np.ones((12, 17, 4)), n: [3] * 12})
        before = session.compile_stats()
        session.run(train, {x: np.ones((14, 19, 4)), n: [9] * 14})
        assert session.compile_stats() == before


def test_network_is_saved_with_its_loop(tmp_path, session):
    x = tf.placeholder(tf.float32, [None, None, 4], name="x")
    outputs, _ = tf.nn.dynamic_rnn(C.LSTMCell(3, use_peepholes=True), x, dtype=tf.float32)
    value = RANDOM.normal(size=(2, 5, 4))
    wanted = session.run(outputs, {x: value})
    path = tf.train.Saver().save(session, str(tmp_path / "model"))
    with tf.Graph().as_default(), tf.Session() as other:
        tf.train.import_meta_graph(path + ".meta").restore(other, path)
        np.testing.assert_allclose(other.run(outputs.name, {"x:0": value}), wanted, rtol=1e-5, atol=1e-6)


class Sum(C.RNNCell):
    """The sum of the inputs so far, nested, with a count that has no rows."""

    state_size, output_size = ({"a": 2, "b": 2}, tf.TensorShape([])), 1

    def call(self, inputs, state):
        new = ({"a": state[0]["a"] + inputs["x"], "b": inputs["x"]}, state[1] + 1.0)
        return {"sum": new[0]["a"], "pair": (inputs["n"], new[0]["b"])}, new


def test_nested_inputs_outputs_and_states(session):
    x = RANDOM.normal(size=(3, 4, 2)).astype("float32")
    first = ({"a": tf.ones([3, 2]), "b": tf.zeros([3, 2])}, tf.constant(5.0))
    given = {"x": tf.constant(x), "n": tf.ones([3, 4, 1])}
    outputs, state = tf.nn.dynamic_rnn(Sum(), given, initial_state=first, sequence_length=[4, 1, 0])
    total, one, b, last, count = session.run([outputs["sum"], *outputs["pair"], state[0]["a"], state[1]])
    there = np.arange(4) < np.array([[4], [1], [0]])
    np.testing.assert_allclose(total, np.where(there[:, :, None], 1 + np.cumsum(x, 1), 0), rtol=1e-5)
    np.testing.assert_array_equal(one[:, :, 0], there)
    np.testing.assert_allclose(b, np.where(there[:, :, None], x, 0))
    np.testing.assert_allclose(last, 1 + (x * there[:, :, None]).sum(1), rtol=1e-5)
    assert count == 9.0


def test_state_goes_in_and_on(session):
    """Two halves of a sequence are the whole; a plain tuple is a pair (c, h)."""
    x, cell = tf.constant(RANDOM.normal(size=(2, 6, 3)).astype("float32")), C.BasicLSTMCell(4)
    with tf.variable_scope("n"):
        whole, end = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    with tf.variable_scope("n", reuse=True):
        _, half = tf.nn.dynamic_rnn(cell, x[:, :2], dtype=tf.float32)
        rest, other = tf.nn.dynamic_rnn(cell, x[:, 2:], initial_state=tuple(half))
    assert isinstance(other, C.LSTMStateTuple)
    a, b, c, d = session.run([whole[:, 2:], rest, end.c, other.c])
    np.testing.assert_allclose(a, b, rtol=1e-6)
    np.testing.assert_allclose(c, d, rtol=1e-6)


def test_layers_both_ways(session):
    x, long = tf.constant(RANDOM.normal(size=(3, 4, 2)).astype("float32")), [4, 0, 2]
    cells = [[C.GRUCell(3), C.GRUCell(2)] for _ in range(2)]
    outputs, forth, back = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(*cells, x, dtype=tf.float32, sequence_length=long)
    names = {v.op.name.rpartition("/gru_cell")[0] for v in tf.trainable_variables()}
    assert names == {f"stack_bidirectional_rnn/cell_{i}/bidirectional_rnn/{way}" for i in (0, 1) for way in ("fw", "bw")}
    with tf.variable_scope("stack_bidirectional_rnn", reuse=True):
        y = x
        for i in (0, 1):
            with tf.variable_scope(f"cell_{i}"):
                y, states = tf.nn.bidirectional_dynamic_rnn(C.GRUCell(3 - i), C.GRUCell(3 - i), y, long, dtype=tf.float32)
                y = tf.concat(y, 2)
    a, b, c, d = session.run([outputs, y, [forth[1], back[1]], states])
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(c, d)


@pytest.mark.parametrize("long", [None, [4, 0, 2]])
def test_cells_for_all_steps(long, session):
    """As dynamic_rnn, and reversed as the second half of bidirectional_dynamic_rnn; with the names of TensorFlow's variables."""
    x = tf.constant(RANDOM.normal(size=(4, 3, 2)).astype("float32"))
    fused = R.LSTMBlockFusedCell(3, use_peephole=True, forget_bias=0.5)
    with tf.variable_scope("s", initializer=tf.random_uniform_initializer(-1, 1, seed=3)):
        found = [*leaves(fused(x, sequence_length=long)), *leaves(R.TimeReversedFusedRNN(fused)(x, sequence_length=long))]
    names = ["kernel", "bias", *(f"w_{gate}_diag" for gate in "fio")]
    assert [v.op.name for v in fused.variables] == [f"s/lstm_fused_cell/{name}" for name in names]
    cell = C.LSTMCell(3, use_peepholes=True, forget_bias=0.5, name="lstm_fused_cell")
    with tf.variable_scope("s", reuse=True) as scope:
        y, state = tf.nn.dynamic_rnn(cell, x, long, dtype=tf.float32, time_major=True, scope=scope)
        back = (lambda x: tf.reverse(x, [0])) if long is None else (lambda x: tf.reverse_sequence(x, long, 0, 1))
        z, last = tf.nn.dynamic_rnn(cell, back(x), long, dtype=tf.float32, time_major=True, scope=scope)
        z = back(z)
    for a, b in zip(*session.run([found, [y, *state, z, *last]]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    adapted = [R.FusedRNNCellAdaptor(cell, d)(x, dtype=tf.float32, sequence_length=long)[0] for d in (True, False)]
    for made in session.run(adapted):
        np.testing.assert_allclose(made, session.run(y), rtol=1e-5, atol=1e-6)
    with pytest.raises(errors.GraphError, match="does not take all steps at once"):
        R.TimeReversedFusedRNN(cell)


def test_older_paths_of_cells():
    assert R.core_rnn_cell.GRUCell is R.GRUCell is C.GRUCell and R.core_rnn.static_rnn.__name__ == "static_rnn"


def test_dropout_draws_anew_in_each_step(session):
    cell = C.DropoutWrapper(C.BasicRNNCell(50, activation=tf.ones_like), output_keep_prob=0.5, seed=1)
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.zeros([2, 4, 3]), dtype=tf.float32)
    y = session.run(outputs)
    assert {*np.unique(y)} == {0.0, 2.0} and all(not np.array_equal(y[:, t], y[:, t + 1]) for t in range(3))


def test_training(session):
    """A network of few units tells whether the sum of a sequence is above 0."""
    x, long = RANDOM.normal(size=(60, 7, 1)).astype("float32"), RANDOM.integers(1, 8, 60)
    labels = (np.where(np.arange(7) < long[:, None], x[:, :, 0], 0).sum(1) > 0).astype("int32")
    tf.set_random_seed(2)
    _, state = tf.nn.dynamic_rnn(C.GRUCell(5), tf.constant(x), dtype=tf.float32, sequence_length=long)
    logits = tf.layers.dense(state, 2)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    step = tf.train.AdamOptimizer(0.05).minimize(loss)
    for _ in range(50):
        session.run(step)
    assert (session.run(logits).argmax(1) == labels).mean() > 0.95


def test_lengths_may_be_floats(session):
    """Programs sum a mask for them; TensorFlow rounds them towards 0."""
    x = np.random.default_rng(3).normal(size=(2, 4, 3)).astype("float32")
    tf.set_random_seed(2)
    cell = C.GRUCell(2)
    found, wanted = (tf.nn.dynamic_rnn(cell, x, n, dtype=tf.float32)[0] for n in ([2.0, 3.9], [2, 3]))
    np.testing.assert_array_equal(*session.run([found, wanted]))


# ---------------------------------------------------------------------- what is refused

def looped(x, cell=None, **options):
    return tf.nn.dynamic_rnn(cell or C.GRUCell(2), x, **options)


class Grown(C.RNNCell):
    state_size = output_size = 2

    def call(self, inputs, state):
        return inputs, (state, state)


class Wide(C.RNNCell):
    state_size = output_size = 2

    def call(self, inputs, state):
        return inputs, tf.concat([state, state], 1)


X = np.zeros((2, 4, 3), "float32")
WRONG = [
    (lambda: looped(X), "GraphError", "dynamic_rnn: without initial_state it takes dtype"),
    (lambda: looped(X, C.GRUCell, dtype=tf.float32), "GraphError", "dynamic_rnn: <class 'graphc.rnn.cells.GRUCell'> is no cell"),
    (lambda: looped(X[0], dtype=tf.float32), "ShapeError", "gru_cell: "),
    (lambda: looped(X[0, 0], dtype=tf.float32), "ShapeError", "dynamic_rnn: the inputs rnn/Const: float32[3]"),
    (lambda: looped(tf.placeholder(tf.float32), dtype=tf.float32), "ShapeError", "are not [batch, steps, ...], of a known rank"),
    (lambda: looped(X, dtype=tf.float32, sequence_length=["1", "2"]), "DTypeError", "dynamic_rnn: the lengths"),
    (lambda: looped(X, dtype=tf.float32, sequence_length=[1, 2, 3]), "ShapeError", "dynamic_rnn: there is one length for each row"),
    (lambda: looped(X, C.LSTMCell(2), initial_state=tf.zeros([2, 2])), "GraphError", "dynamic_rnn: initial_state and the cell's state_size"),
    (lambda: looped(X, Grown(), dtype=tf.float32), "GraphError", "dynamic_rnn: the states before and after a step: * and (*, *) are not nested"),
    (lambda: looped(X, Wide(), dtype=tf.float32), "ShapeError", "while"),
    (lambda: looped([X, tf.constant(X[:, :2])], Sum(), dtype=tf.float32), "ShapeError", "differ in the numbers of rows and steps"),
    (lambda: tf.nn.bidirectional_dynamic_rnn(C.GRUCell(2), None, X, dtype=tf.float32), "GraphError", "bidirectional_dynamic_rnn: None is no cell"),
    (lambda: tf.contrib.rnn.stack_bidirectional_dynamic_rnn([C.GRUCell(2)], [], X, dtype=tf.float32), "GraphError", "one part for each layer"),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_loops.py:" in str(caught.value)


def test_golden_has_lengths():
    assert GOLDEN["lstm_lengths/sequence_length"].tolist() == [5, 2, 0]
