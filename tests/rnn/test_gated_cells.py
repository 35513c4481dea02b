"""Cells of contrib with other gates, against NumPy by hand: a step of each, its variables, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import graphc as tf
from graphc.errors import GraphError, ShapeError
from tests.draws import draws

C, R = tf.nn.rnn_cell, tf.contrib.rnn
DRAWN = draws(8)
Array = NDArray[Any]
X, Y = (DRAWN.normal(size=(3, 4)).astype(np.float32) for _ in range(2))
H, M, P = (DRAWN.normal(size=(3, n)).astype(np.float32) for n in (4, 4, 2))
TIMES = np.float32([[0.3], [2.5], [7.0]])
PICTURE, BEFORE, HELD = (DRAWN.normal(size=(3, 4, 3, n)).astype(np.float32) for n in (2, 1, 1))
ROWS, ROW_C, ROW_H = (DRAWN.normal(size=(3, 5, n)).astype(np.float32) for n in (2, 2, 2))


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def side(*parts: Array) -> Array:
    return np.concatenate(parts, -1)


def norm(x: Array, gamma: Array, beta: Array) -> Array:
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12) * gamma + beta


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def ugrnn(x: Array, h: Array, k: Array, b: Array) -> tuple[Array, ...]:
    g, c = np.split(side(x, h) @ k + b, 2, 1)
    g = sigmoid(g + 0.5)
    new = g * h + (1 - g) * relu(c)
    return new, new


def crossed(x: Array, h: Array, *w: Array) -> tuple[Array, ...]:
    if len(w) == 4:
        x, w = x @ w[0] + w[1], w[2:]
    gh, t, gy, y = np.split(side(x, h) @ w[0] + w[1], 4, 1)
    gh, gy = sigmoid(gh + 1), sigmoid(gy + 1)
    return gy * x + (1 - gy) * relu(y), gh * h + (1 - gh) * np.tanh(t)


def coupled(x: Array, c: Array, m: Array, k: Array, b: Array, *rest: Array) -> tuple[Array, ...]:
    j, f, o = np.split(side(x, m) @ k + b, 3, 1)
    of_f, of_o, projection = rest if len(rest) == 3 else (0.0, 0.0, rest[0] if rest else np.eye(4))
    f = sigmoid(f + 1 + of_f * c)
    c = f * c + (1 - f) * np.tanh(j)
    m = (sigmoid(o + of_o * c) * np.tanh(c)) @ projection
    return m, c, m


def coupled_normed(x: Array, c: Array, m: Array, first: Array, second: Array, b: Array, *w: Array) -> tuple[Array, ...]:
    j, f, o = (norm(part, *w[2 * i:2 * i + 2]) for i, part in enumerate(np.split(side(x, m) @ np.concatenate([first, second]), 3, 1)))
    f = sigmoid(f + 1)
    c = norm(f * c + (1 - f) * np.tanh(j), *w[6:])
    m = sigmoid(o) * np.tanh(c)
    return m, c, m


def grouped(x: Array, c: Array, m: Array, one: Array, other: Array, *w: Array) -> tuple[Array, ...]:
    parts = [np.split(side(x[:, 2 * g:2 * g + 2], m[:, g * n:g * n + n]) @ k, 4, 1) for g, k in enumerate((one, other)) for n in [m.shape[1] // 2]]
    i, j, f, o = (side(a, b) + bias for a, b, bias in zip(*parts, w, strict=False))
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(j)
    m = sigmoid(o) * np.tanh(c)
    m = m @ w[4] if len(w) == 5 else m
    return m, c, m


def alone_gru(x: Array, h: Array, k: Array, u: Array, b: Array, k2: Array, u2: Array, b2: Array) -> tuple[Array, ...]:
    r, z = np.split(sigmoid(x @ k + side(h, h) * u + b), 2, 1)
    new = z * h + (1 - z) * np.tanh(x @ k2 + r * h * u2 + b2)
    return new, new


def alone_lstm(x: Array, c: Array, h: Array, k: Array, u: Array, b: Array) -> tuple[Array, ...]:
    i, j, f, o = np.split(x @ k + side(h, h, h, h) * u + b, 4, 1)
    c = sigmoid(f + 0.5) * c + sigmoid(i) * np.tanh(j)
    h = np.tanh(c) * sigmoid(o)
    return h, c, h


def sru(x: Array, c: Array, k: Array, b: Array) -> tuple[Array, ...]:
    new, f, r, passed = np.split(x @ k, 4, 1)
    f, r = sigmoid(f + b[:4]), sigmoid(r + b[4:])
    c = f * c + (1 - f) * new
    return r * np.tanh(c) + (1 - r) * passed, c


def highway(x: Array, h: Array, k: Array, b: Array, *w: Array) -> tuple[Array, ...]:
    new = np.tanh(side(x, h) @ k + b)
    carry = sigmoid(x @ w[0] + w[1])
    return x * carry + new * (sigmoid(x @ w[2] + w[3]) if len(w) > 2 else 1 - carry), new


def phased(times: Array, x: Array, c: Array, h: Array, *w: Array) -> tuple[Array, ...]:
    k, b, kn, bn, ko, bo, period, phase, on = w
    peep = k.shape[0] > 8
    i, f = np.split(sigmoid(side(x, h, c) @ k + b if peep else side(x, h) @ k + b), 2, 1)
    memory = c * f + i * np.tanh(side(x, h) @ kn + bn)
    out = np.tanh(memory) * sigmoid((side(x, h, memory) if peep else side(x, h)) @ ko + bo)
    part = np.mod(times - phase, period) / period
    gate = np.where(part < 0.5 * on, 2 * part / on, np.where(part < on, 2 - 2 * part / on, 0.01 * part))
    c, h = gate * memory + (1 - gate) * c, gate * out + (1 - gate) * h
    return h, c, h


def convolved(x: Array, k: Array) -> Array:
    """What a kernel makes of rows or pictures, padded so that they stay as large."""
    window = k.shape[:-2]
    padded = np.pad(x, [(0, 0), *(((n - 1) // 2, n // 2) for n in window), (0, 0)])
    out = np.zeros((*x.shape[:-1], k.shape[-1]))
    for at in np.ndindex(*window):
        out += padded[(slice(None), *(slice(a, a + n) for a, n in zip(at, x.shape[1:-1], strict=True)))] @ k[at]
    return out


def spatial(x: Array, c: Array, h: Array, k: Array, b: Any = 0.0) -> tuple[Array, ...]:
    i, new, f, o = np.split(convolved(side(x, h), k) + b, 4, -1)
    c = sigmoid(f + 1) * c + sigmoid(i) * np.tanh(new)
    h = np.tanh(c) * sigmoid(o)
    return h, c, h


def skipping(x: Array, *rest: Array) -> tuple[Array, ...]:
    h, c, _ = spatial(x, *rest)
    return side(h, x), c, side(h, x)


LSTM = C.LSTMStateTuple(M, H)
# A name, the cell, its inputs and state, what a step is, and the names of its variables.
ROWS_OF_CELLS: list[tuple[str, Callable[[], Any], Any, Any, Callable[..., tuple[Array, ...]], str]] = [
    ("UGRNN", lambda: R.UGRNNCell(4, forget_bias=0.5, activation=tf.nn.relu), X, H, ugrnn, "ugrnn_cell/kernel ugrnn_cell/bias"),
    ("Intersection", lambda: R.IntersectionRNNCell(4), X, H, crossed, "intersection_rnn_cell/kernel intersection_rnn_cell/bias"),
    ("Intersection, wider", lambda: R.IntersectionRNNCell(2, num_in_proj=2), X, P, crossed,
     "*/in_projection/kernel */in_projection/bias */kernel */bias"),
    ("Coupled", lambda: R.CoupledInputForgetGateLSTMCell(4), X, LSTM, coupled, "*/W_0 */B"),
    ("Coupled, projected, with peepholes", lambda: R.CoupledInputForgetGateLSTMCell(4, use_peepholes=True, num_proj=2), X,
     C.LSTMStateTuple(M, P), coupled, "*/W_0 */B */W_F_diag */W_O_diag */W_P_0"),
    ("Coupled, clipped", lambda: R.CoupledInputForgetGateLSTMCell(4, num_proj=2, proj_clip=0.01), X, C.LSTMStateTuple(M, P),
     lambda *a: (lambda m, c, _: (np.clip(m, -0.01, 0.01), c, np.clip(m, -0.01, 0.01)))(*coupled(*a)), "*/W_0 */B */W_P_0"),
    ("Coupled, in one tensor", lambda: R.CoupledInputForgetGateLSTMCell(4, state_is_tuple=False), X, side(M, H),
     lambda x, s, *w: (lambda m, c, _: (m, side(c, m)))(*coupled(x, s[:, :4], s[:, 4:], *w)), "*/W_0 */B"),
    ("Coupled, normalised, in parts", lambda: R.CoupledInputForgetGateLSTMCell(4, layer_norm=True, num_unit_shards=2), X, LSTM, coupled_normed,
     "*/W_0 */W_1 */B " + " ".join(f"*/{s}/{v}" for s in ("transform", "forget", "output", "state") for v in ("gamma", "beta"))),
    ("Groups", lambda: R.GLSTMCell(4, number_of_groups=2), X, LSTM, grouped,
     "*/group0/kernel */group1/kernel */bias_i */bias_j */bias_f */bias_o"),
    ("Groups, projected", lambda: R.GLSTMCell(4, number_of_groups=2, num_proj=2), X, C.LSTMStateTuple(M, P), grouped,
     "*/group0/kernel */group1/kernel */bias_i */bias_j */bias_f */bias_o */projection/kernel"),
    ("IndRNN", lambda: R.IndRNNCell(4, activation=tf.nn.relu), X, H, lambda x, h, k, u, b: (relu(x @ k + h * u + b),) * 2,
     "ind_rnn_cell/kernel_w ind_rnn_cell/kernel_u ind_rnn_cell/bias"),
    ("IndyGRU", lambda: R.IndyGRUCell(4), X, H, alone_gru, "indy_gru_cell/gates/kernel_w indy_gru_cell/gates/kernel_u indy_gru_cell/gates/bias "
     "indy_gru_cell/candidate/kernel indy_gru_cell/candidate/kernel_u indy_gru_cell/candidate/bias"),
    ("IndyLSTM", lambda: R.IndyLSTMCell(4, forget_bias=0.5), X, LSTM, alone_lstm, "*/kernel_w */kernel_u */bias"),
    ("SRU", lambda: R.SRUCell(4), X, H, sru, "sru_cell/kernel sru_cell/bias"),
    ("Highway", lambda: R.HighwayWrapper(C.BasicRNNCell(4)), X, H, highway, "basic_rnn_cell/kernel basic_rnn_cell/bias carry_w carry_b"),
    ("Highway, two gates", lambda: R.HighwayWrapper(C.BasicRNNCell(4), False, 2.0), X, H, highway,
     "basic_rnn_cell/kernel basic_rnn_cell/bias carry_w carry_b transform_w transform_b"),
    ("Compiled", lambda: R.CompiledWrapper(C.BasicRNNCell(4)), X, H, lambda x, h, k, b: (np.tanh(side(x, h) @ k + b),) * 2,
     "basic_rnn_cell/kernel basic_rnn_cell/bias"),
    *((f"Phased{', with peepholes' * peep}", lambda peep=peep: R.PhasedLSTMCell(4, use_peepholes=peep, leak=0.01, period_init_max=10.0),
       (TIMES, X), LSTM, phased, " ".join(f"phased_lstm_cell/{n}" for n in (
           "mask_gates/kernel", "mask_gates/bias", "new_input/kernel", "new_input/bias", "output_gate/kernel", "output_gate/bias", "period", "phase",
           "ratio_on"))) for peep in (False, True)),
    ("ConvLSTM", lambda: R.ConvLSTMCell(2, [4, 3, 2], 1, [3, 2]), PICTURE, C.LSTMStateTuple(BEFORE, HELD), spatial, "*/kernel */biases"),
    ("Conv2DLSTM", lambda: R.Conv2DLSTMCell(input_shape=[4, 3, 2], output_channels=1, kernel_shape=[3, 3], use_bias=False), PICTURE,
     C.LSTMStateTuple(BEFORE, HELD), spatial, "conv_2d_lstm_cell/kernel"),
    ("Conv1DLSTM", lambda: R.Conv1DLSTMCell(input_shape=[5, 2], output_channels=2, kernel_shape=[3]), ROWS, C.LSTMStateTuple(ROW_C, ROW_H), spatial,
     "conv_1d_lstm_cell/kernel conv_1d_lstm_cell/biases"),
    ("Conv3DLSTM", lambda: R.Conv3DLSTMCell(input_shape=[1, 4, 3, 2], output_channels=1, kernel_shape=[1, 3, 3]), PICTURE[:, None],
     C.LSTMStateTuple(BEFORE[:, None], HELD[:, None]), spatial, "conv_3d_lstm_cell/kernel conv_3d_lstm_cell/biases"),
    ("ConvLSTM, skipping", lambda: R.ConvLSTMCell(2, [4, 3, 2], 1, [3, 3], skip_connection=True), PICTURE, C.LSTMStateTuple(BEFORE, HELD), skipping,
     "*/kernel */biases"),
]


def leaves(value: Any) -> list[Any]:
    return [x for v in value for x in leaves(v)] if isinstance(value, (list, tuple)) else [value]


@pytest.mark.parametrize("make, inputs, state, wanted, names", [row[1:] for row in ROWS_OF_CELLS], ids=[row[0] for row in ROWS_OF_CELLS])
def test_step_by_hand(make: Any, inputs: Any, state: Any, wanted: Any, names: str, session: Any) -> None:
    cell = make()
    given = tuple(map(tf.constant, inputs)) if isinstance(inputs, tuple) else tf.constant(inputs)
    output, new = cell(given, state)
    for v in tf.trainable_variables():
        if v.op.name.rpartition("/")[2] not in ("period", "phase", "ratio_on"):
            v.load(DRAWN.normal(size=v.shape.as_list()).astype(np.float32), session)
    found = session.run([output, *leaves(new)])
    parts = (*leaves(inputs), *leaves(state), *session.run(tf.trainable_variables()))
    for got, right in zip(found, wanted(*parts), strict=True):
        np.testing.assert_allclose(got, right, rtol=5e-5, atol=5e-6)
    assert [v.op.name for v in tf.trainable_variables()] == [n.replace("*", tf.trainable_variables()[0].op.name.split("/")[0]) for n in names.split()]
    assert {v.op.name for v in cell.weights} == {v.op.name for v in tf.trainable_variables()}
    assert tf.TensorShape(cell.output_size if not isinstance(cell.output_size, int) else [cell.output_size]).is_compatible_with(output.shape[1:])


def test_cells_of_pictures_and_events_walk_steps(session: Any) -> None:
    """In `dynamic_rnn` as in `static_rnn`, with pictures and with pairs as inputs; training reaches every variable."""
    frames, times = tf.constant(DRAWN.normal(size=(2, 3, 4, 4, 2)).astype(np.float32)), tf.constant(np.float32([[[0.1], [0.7], [4]]] * 2))
    features = tf.constant(DRAWN.normal(size=(2, 3, 5)).astype(np.float32))
    with tf.variable_scope("a"):
        seen, _ = tf.nn.dynamic_rnn(R.ConvLSTMCell(2, [4, 4, 2], 3, [3, 3]), frames, dtype=tf.float32)
    with tf.variable_scope("a", reuse=True):
        again, _ = tf.nn.static_rnn(R.ConvLSTMCell(2, [4, 4, 2], 3, [3, 3]), tf.unstack(frames, axis=1), dtype=tf.float32)
    events, _ = tf.nn.dynamic_rnn(R.PhasedLSTMCell(4, leak=0.1, ratio_on=0.9), (times, features), dtype=tf.float32)
    one, other, heard = session.run([seen, tf.stack(again, 1), events])
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert heard.shape == (2, 3, 4)
    slopes = session.run(tf.gradients(tf.reduce_sum(events ** 2) + tf.reduce_sum(seen ** 2), tf.trainable_variables()))
    assert all(np.abs(g).max() > 0 for g in slopes)


def test_periods_begin_where_they_are_told(session: Any) -> None:
    cell = R.PhasedLSTMCell(500, period_init_min=2.0, period_init_max=50.0)
    cell((tf.zeros([1, 1]), tf.zeros([1, 1])), cell.zero_state(1, tf.float32))
    period, phase = (session.run(v) for v in tf.trainable_variables()[-3:-1])
    assert 2.0 <= period.min() < 3.0 and 30.0 < period.max() <= 50.0 and (phase >= 0).all() and (phase < period).all()


def test_layers_both_ways(session: Any) -> None:
    """As `stack_bidirectional_dynamic_rnn` has them, with its variables' values."""
    x = tf.constant(DRAWN.normal(size=(2, 3, 4)).astype(np.float32))
    cells = lambda: [[C.GRUCell(3), C.GRUCell(2)], [C.GRUCell(2), C.GRUCell(3)]]  # noqa: E731
    outputs, forth, back = R.stack_bidirectional_rnn(*cells(), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=[3, 2], scope="one")
    whole, ahead, behind = R.stack_bidirectional_dynamic_rnn(*cells(), x, dtype=tf.float32, sequence_length=[3, 2], scope="other")
    own = {v.op.name: v for v in tf.trainable_variables("one/")}
    for v in tf.trainable_variables("other/"):
        v.load(session.run(own[v.op.name.replace("other/", "one/").replace("bidirectional_rnn/", "")]), session)
    for got, right in zip(session.run([tf.stack(outputs, 1), *forth, *back]), session.run([whole, *ahead, *behind]), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6)


def test_axes_of_steps(session: Any) -> None:
    assert session.run(R.transpose_batch_time(tf.constant(ROWS))).tolist() == ROWS.swapaxes(0, 1).tolist()
    assert R.transpose_batch_time(tf.constant([1, 2])).shape == [2] and R.transpose_batch_time(tf.zeros([2, 3])).shape == [3, 2]
    open_rows = tf.placeholder(tf.float32, [5, None, 3])
    assert session.run(R.best_effort_input_batch_size([open_rows]), {open_rows: ROWS[:, :, [0, 0, 0]].swapaxes(0, 1)}) == 3


@pytest.mark.parametrize("make, error, message", [
    (lambda: R.UGRNNCell(0), GraphError, "num_units is a number of 1 or more"),
    (lambda: R.UGRNNCell(3)(tf.placeholder(tf.float32, [None, None]), tf.zeros([2, 3])), ShapeError, "of known width"),
    (lambda: R.IntersectionRNNCell(3)(tf.zeros([2, 4]), tf.zeros([2, 3])), ShapeError, "num_in_proj=3 makes them so"),
    (lambda: R.GLSTMCell(5, number_of_groups=2), GraphError, "num_units=5 is not divisible"),
    (lambda: R.GLSTMCell(4, num_proj=3, number_of_groups=2), GraphError, "num_proj=3 is not divisible"),
    (lambda: R.GLSTMCell(4, number_of_groups=2)(tf.zeros([2, 3]), (tf.zeros([2, 4]),) * 2), ShapeError, "not divisible by 2 groups"),
    (lambda: R.CoupledInputForgetGateLSTMCell(3, num_unit_shards=9)(tf.zeros([2, 4]), (tf.zeros([2, 3]),) * 2), GraphError, "9 parts for the 7 rows"),
    (lambda: R.CoupledInputForgetGateLSTMCell(3)(tf.zeros([2, 4]), tf.zeros([2, 3])), GraphError, "the state is a pair"),
    (lambda: R.IndyLSTMCell(3)(tf.zeros([2, 4]), tf.zeros([2, 3])), GraphError, "the state is a pair"),
    (lambda: R.SRUCell(3)(tf.zeros([2, 4]), tf.zeros([2, 4])), ShapeError, "the state"),
    (lambda: R.ConvLSTMCell(2, [4, 4], 1, [3, 3]), GraphError, "do not fit conv_ndims=2"),
    (lambda: R.Conv1DLSTMCell(input_shape=[4, 4], output_channels=1, kernel_shape=[3, 3]), GraphError, "do not fit conv_ndims=1"),
    (lambda: R.PhasedLSTMCell(3)(tf.zeros([2, 4]), (tf.zeros([2, 3]),) * 2), GraphError, "the inputs are a pair"),
    (lambda: R.HighwayWrapper(C.GRUCell(3))(tf.zeros([2, 4]), tf.zeros([2, 3])), ShapeError, "not of the shape of the outputs"),
    (lambda: R.stack_bidirectional_rnn([C.GRUCell(3)], [], [tf.zeros([2, 4])], dtype=tf.float32), GraphError, "one part for each layer"),
    (lambda: R.best_effort_input_batch_size([tf.zeros([3])]), ShapeError, r"not \[steps, batch"),
])
def test_refusals(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
