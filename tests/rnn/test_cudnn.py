"""`tf.contrib.cudnn_rnn`: levels of cells are those cells one above the other, by the names that checkpoints have, and learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf

K = tf.contrib.cudnn_rnn
X = np.random.default_rng(0).normal(size=(4, 2, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def fresh_graph() -> Any:
    with tf.Graph().as_default():
        yield


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def lstm(x: Any, w: Any, b: Any) -> tuple[Any, Any]:
    """The outputs of all steps and the last state (h, c): gates i, j, f, o, no forget bias."""
    h = c = np.zeros((x.shape[1], len(b) // 4))
    out = []
    for row in x:
        i, j, f, o = np.split(np.concatenate([row, h], 1) @ w + b, 4, 1)
        c = c * sigmoid(f) + sigmoid(i) * np.tanh(j)
        h = np.tanh(c) * sigmoid(o)
        out.append(h)
    return np.array(out), (h, c)


def gru(x: Any, gates: Any, gates_bias: Any, wi: Any, bi: Any, wh: Any, bh: Any) -> tuple[Any, Any]:
    h = np.zeros((x.shape[1], len(bi)))
    out = []
    for row in x:
        r, u = np.split(sigmoid(np.concatenate([row, h], 1) @ gates + gates_bias), 2, 1)
        h = u * h + (1 - u) * np.tanh(row @ wi + bi + r * (h @ wh + bh))
        out.append(h)
    return np.array(out), (h,)


def plain(activation: Any) -> Any:
    def run(x: Any, w: Any, b: Any) -> tuple[Any, Any]:
        h = np.zeros((x.shape[1], len(b)))
        out = []
        for row in x:
            h = activation(np.concatenate([row, h], 1) @ w + b)
            out.append(h)
        return np.array(out), (h,)
    return run


KINDS: dict[str, tuple[Any, Any, int]] = {         # the layer, one level of it by hand, its variables
    "CudnnLSTM": (K.CudnnLSTM, lstm, 2), "CudnnGRU": (K.CudnnGRU, gru, 6), "CudnnRNNTanh": (K.CudnnRNNTanh, plain(np.tanh), 2),
    "CudnnRNNRelu": (K.CudnnRNNRelu, plain(lambda x: np.maximum(x, 0)), 2),
}


@pytest.mark.parametrize("direction", ["unidirectional", "bidirectional"])
@pytest.mark.parametrize("make, level, count", KINDS.values(), ids=KINDS)
def test_levels_by_hand(make: Any, level: Any, count: int, direction: str) -> None:
    layer = make(2, 5, direction=direction, bias_initializer=None)
    outputs, states = layer(X)
    variables = tf.trainable_variables()
    ways = 1 if direction == "unidirectional" else 2
    assert len(variables) == 2 * ways * count
    with tf.Session(jit=False) as session:
        session.run([v.assign(np.random.default_rng(i).normal(0, 0.5, v.shape.as_list())) for i, v in enumerate(variables)])
        found, ends, weights = session.run([outputs, states, variables])
    x, lasts = X.astype(float), []
    for k in range(2):
        both = []
        for d in range(ways):
            part = weights[(k * ways + d) * count:(k * ways + d + 1) * count]
            out, last = level(x[::-1] if d else x, *part)
            both.append(out[::-1] if d else out)
            lasts.append(last)
        x = np.concatenate(both, 2)
    np.testing.assert_allclose(found, x, rtol=1e-4, atol=1e-6)
    for i, end in enumerate(ends):
        np.testing.assert_allclose(end, np.array([last[i] for last in lasts]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("direction, name", [
    ("unidirectional", "cudnn_lstm/rnn/multi_rnn_cell/cell_1/cudnn_compatible_lstm_cell/bias"),
    ("bidirectional", "cudnn_lstm/stack_bidirectional_rnn/cell_1/bidirectional_rnn/bw/cudnn_compatible_lstm_cell/bias"),
])
def test_names_of_checkpoints(direction: str, name: str) -> None:
    K.CudnnLSTM(2, 3, direction=direction)(X)
    assert name in [v.op.name for v in tf.global_variables()]


@pytest.mark.parametrize("make", [row[0] for row in KINDS.values()], ids=KINDS)
def test_initial_values_of_all_variables(make: Any) -> None:
    make(2, 3, kernel_initializer=tf.constant_initializer(0.25), bias_initializer=tf.constant_initializer(-0.5))(X)
    with tf.Session(jit=False) as session:
        for v in tf.trainable_variables():
            assert (session.run(v) == (-0.5 if v.op.name.endswith("bias") else 0.25)).all(), v.name


def test_a_layer_goes_on_from_a_state_and_learns() -> None:
    layer = K.CudnnLSTM(1, 4, dropout=0.5)
    first, state = layer(X[:2], training=False)
    rest, _ = layer(X[2:], initial_state=state, training=False)
    whole, _ = layer(X, training=False)
    loss = tf.reduce_mean(tf.square(whole - 0.5))
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    with tf.Session(jit=False) as session:
        np.testing.assert_allclose(np.concatenate(session.run([first, rest])), session.run(whole), rtol=1e-5)
        before = session.run(loss)
        for _ in range(20):
            session.run(train)
        assert session.run(loss) < before / 2 and len(tf.trainable_variables()) == 2


@pytest.mark.parametrize("build, error, message", [
    (lambda: K.CudnnLSTM(1, 2, direction="both"), tf.errors.ArgumentError, "unidirectional, bidirectional, not 'both'"),
    (lambda: K.CudnnGRU(1, 2, input_mode="skip_input"), tf.errors.ArgumentError, "linear_input, auto_select, not 'skip_input'"),
    (lambda: K.CudnnLSTM(1, 2)(tf.zeros([2, 3])), tf.errors.ShapeError, "CudnnLSTM: inputs are float.steps, batch, n., not"),
    (lambda: K.CudnnGRU(0, 2), tf.errors.GraphError, "num_layers"),
], ids=["direction", "mode", "rank", "levels"])
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        build()
