"""`contrib.legacy_seq2seq` and the losses of sequences: against NumPy written by hand, names of variables as TensorFlow has them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

C, L = tf.nn.rnn_cell, tf.contrib.legacy_seq2seq
RANDOM = draws(4)
SYMBOLS = [RANDOM.integers(0, 5, 3).astype("int32") for _ in range(4)]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Net:
    """A NumPy network of the variables that a graph has made, by the ends of their names."""

    def __init__(self, session):
        self.values = {v.op.name: session.run(v) for v in tf.trainable_variables()}

    def __getitem__(self, end):
        (found,) = [v for n, v in self.values.items() if n == end or n.endswith("/" + end)]
        return found

    def linear(self, scope, *parts):
        return np.concatenate(parts, 1) @ self[f"{scope}/kernel"] + self[f"{scope}/bias"]

    def cell(self, scope, x, h):
        return np.tanh(self.linear(f"{scope}/basic_rnn_cell", x, h))


def test_basic(session):
    xs = [RANDOM.normal(size=(3, 4)).astype("float32") for _ in range(5)]
    outputs, state = L.basic_rnn_seq2seq(xs[:3], xs[3:], C.BasicRNNCell(2))
    made, last = session.run([outputs, state])
    net, h = Net(session), np.zeros((3, 2), np.float32)
    for x in xs[:3]:
        h = net.cell("basic_rnn_seq2seq/rnn", x, h)
    for x, y in zip(xs[3:], made, strict=True):
        h = net.cell("basic_rnn_seq2seq/rnn_decoder", x, h)
        np.testing.assert_allclose(y, h, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(last, made[-1])


def test_tied(session):
    xs = [RANDOM.normal(size=(3, 2)).astype("float32") for _ in range(3)]
    outputs, _ = L.tied_rnn_seq2seq(xs[:2], xs[2:] * 3, C.BasicRNNCell(2), loop_function=lambda y, i: -y * i)
    made = session.run(outputs)
    net, h, scope = Net(session), np.zeros((3, 2), np.float32), "combined_tied_rnn_seq2seq/tied_rnn_seq2seq"
    assert len(net.values) == 2
    for x in xs[:2]:
        h = net.cell(scope, x, h)
    for i, y in enumerate(made):
        h = net.cell(scope, -h * i if i else xs[2], h)
        np.testing.assert_allclose(y, h, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("back", [False, True, "fed"])
def test_embedding(back, session):
    fed = tf.placeholder(tf.bool, [])
    outputs, _ = L.embedding_rnn_seq2seq(SYMBOLS[:2], SYMBOLS[2:] * 2, C.BasicRNNCell(6), 5, 7, 4, feed_previous=fed if back == "fed" else back)
    scope = "embedding_rnn_seq2seq"
    for fed_back in [True, False] if back == "fed" else [back]:
        made = session.run(outputs, {fed: fed_back} if back == "fed" else None)
        net, h = Net(session), np.zeros((3, 6), np.float32)
        table = net[f"{scope}/rnn/embedding_wrapper/embedding"]
        for x in SYMBOLS[:2]:
            h = net.cell(f"{scope}/rnn/embedding_wrapper", table[x], h)
        table, inner = net[f"{scope}/embedding_rnn_decoder/embedding"], f"{scope}/embedding_rnn_decoder/rnn_decoder/output_projection_wrapper"
        for i, (x, y) in enumerate(zip(SYMBOLS[2:] * 2, made, strict=True)):
            h = net.cell(inner, table[logits.argmax(1)] if fed_back and i else table[x], h)  # noqa: F821
            logits = net.linear(inner, h)  # noqa: F841
            np.testing.assert_allclose(y, logits, rtol=1e-5, atol=1e-6)


def test_projection_of_ones_own(session):
    w, b = tf.constant(RANDOM.normal(size=(6, 7)).astype("float32")), tf.constant(RANDOM.normal(size=7).astype("float32"))
    cell, first = C.BasicRNNCell(6), RANDOM.normal(size=(3, 6)).astype("float32")
    outputs, _ = L.embedding_rnn_decoder(SYMBOLS, first, cell, 7, 4, (w, b), feed_previous=True)
    made = session.run(outputs)
    net, h, x = Net(session), first, SYMBOLS[0]
    for y in made:
        h = net.cell("embedding_rnn_decoder/rnn_decoder", net["embedding_rnn_decoder/embedding"][x], h)
        np.testing.assert_allclose(y, h, rtol=1e-5, atol=1e-6)
        x = (h @ session.run(w) + session.run(b)).argmax(1)


@pytest.mark.parametrize("heads, early", [(1, False), (2, True)])
def test_attention(heads, early, session):
    states = RANDOM.normal(size=(3, 5, 4)).astype("float32")
    xs, first = [RANDOM.normal(size=(3, 2)).astype("float32") for _ in range(3)], RANDOM.normal(size=(3, 6)).astype("float32")
    outputs, last = L.attention_decoder(xs, first, states, C.BasicRNNCell(6), output_size=3, num_heads=heads, initial_state_attention=early)
    made = session.run(outputs)
    net, h, scope = Net(session), first, "attention_decoder"

    def looks(h):
        found = []
        for a in range(heads):
            q = net.linear(f"{scope}/Attention_{a}", h)[:, None]
            scores = (net[f"{scope}/AttnV_{a}"] * np.tanh(states @ net[f"{scope}/AttnW_{a}"][0, 0] + q)).sum(2)
            found.append((softmax(scores)[:, :, None] * states).sum(1))
        return found
    seen = looks(h) if early else [np.zeros((3, 4), np.float32)] * heads
    for x, y in zip(xs, made, strict=True):
        h = net.cell(scope, np.concatenate([x, *seen], 1) @ net[f"{scope}/kernel"] + net[f"{scope}/bias"], h)
        seen = looks(h)
        np.testing.assert_allclose(y, net.linear(f"{scope}/AttnOutputProjection", h, *seen), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(session.run(last), h, rtol=1e-5, atol=1e-6)


def test_names_of_the_attention_model():
    outputs, _ = L.embedding_attention_seq2seq(SYMBOLS, SYMBOLS, C.MultiRNNCell([C.GRUCell(4), C.GRUCell(4)]), 5, 7, 4, feed_previous=True)
    assert len(outputs) == 4 and outputs[0].shape == [3, 7]
    top, within = "embedding_attention_seq2seq", "embedding_attention_decoder/attention_decoder"
    gru = ["gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias"]
    assert {v.op.name for v in tf.trainable_variables()} == {f"{top}/{n}" for n in [
        "rnn/embedding_wrapper/embedding", *(f"rnn/embedding_wrapper/multi_rnn_cell/cell_{i}/gru_cell/{g}" for g in gru for i in (0, 1)),
        "embedding_attention_decoder/embedding", f"{within}/AttnW_0", f"{within}/AttnV_0", f"{within}/kernel", f"{within}/bias",
        f"{within}/Attention_0/kernel", f"{within}/Attention_0/bias", f"{within}/AttnOutputProjection/kernel", f"{within}/AttnOutputProjection/bias",
        f"{within}/output_projection_wrapper/kernel", f"{within}/output_projection_wrapper/bias",
        *(f"{within}/output_projection_wrapper/multi_rnn_cell/cell_{i}/gru_cell/{g}" for g in gru for i in (0, 1))]}


def test_tied_embedding(session):
    outputs, _ = L.embedding_tied_rnn_seq2seq(SYMBOLS[:2], SYMBOLS[2:], C.BasicRNNCell(6), 5, 4)
    scope = "embedding_tied_rnn_seq2seq"
    made = session.run(outputs)
    net, h = Net(session), np.zeros((3, 6), np.float32)
    inner, table = f"{scope}/combined_tied_rnn_seq2seq/tied_rnn_seq2seq/output_projection_wrapper", net[f"{scope}/embedding"]
    for i, x in enumerate(SYMBOLS):
        h = net.cell(inner, table[x], h)
        if i >= 2:
            np.testing.assert_allclose(made[i - 2], net.linear(inner, h), rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------- losses

LOGITS, TARGETS = RANDOM.normal(size=(3, 4, 5)).astype("float32"), RANDOM.integers(0, 5, (3, 4)).astype("int32")
WEIGHTS = RANDOM.uniform(size=(3, 4)).astype("float32")
ENTROPY = -np.log(np.take_along_axis(softmax(LOGITS), TARGETS[:, :, None], 2)[:, :, 0]) * WEIGHTS


@pytest.mark.parametrize("steps, rows, wanted", [
    (True, True, ENTROPY.sum() / WEIGHTS.sum()), (False, False, ENTROPY), (True, False, ENTROPY.sum(1) / WEIGHTS.sum(1)),
    (False, True, ENTROPY.sum(0) / WEIGHTS.sum(0))])
@pytest.mark.parametrize("own", [False, True])
def test_sequence_loss(steps, rows, wanted, own, session):
    def entropy(labels, logits):
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.contrib.seq2seq.sequence_loss(LOGITS, TARGETS, WEIGHTS, steps, rows, entropy if own else None)
    np.testing.assert_allclose(session.run(loss), wanted, rtol=2e-6)


LISTS = [[*np.moveaxis(a, 1, 0)] for a in (LOGITS, TARGETS, WEIGHTS)]


@pytest.mark.parametrize("steps, wanted", [(True, ENTROPY.sum(1) / WEIGHTS.sum(1)), (False, ENTROPY.sum(1))])
def test_loss_of_lists(steps, wanted, session):
    np.testing.assert_allclose(session.run(L.sequence_loss_by_example(*LISTS, average_across_timesteps=steps)), wanted, rtol=2e-6)
    np.testing.assert_allclose(session.run(L.sequence_loss(*LISTS, steps)), wanted.sum() / 3, rtol=2e-6)
    np.testing.assert_allclose(session.run(L.sequence_loss(*LISTS, steps, average_across_batch=False)), wanted.sum(), rtol=2e-6)


@pytest.mark.parametrize("by_row", [False, True])
def test_buckets(by_row, session):
    def model(ahead, behind):
        return L.embedding_rnn_seq2seq(ahead, behind, C.BasicRNNCell(3), 5, 5, 2)
    weights = [np.ones(3, "float32")] * 4
    outputs, losses = L.model_with_buckets(SYMBOLS, SYMBOLS, SYMBOLS, weights, [(2, 1), (3, 4)], model, per_example_loss=by_row)
    assert [len(o) for o in outputs] == [1, 4] and len(tf.trainable_variables()) == 8
    for out, loss, steps in zip(outputs, losses, (1, 4), strict=True):
        logits = np.stack(session.run(out), 1)
        entropy = -np.log(np.take_along_axis(softmax(logits), np.stack(SYMBOLS[:steps], 1)[:, :, None], 2)[:, :, 0]).mean(1)
        np.testing.assert_allclose(session.run(loss), entropy if by_row else entropy.mean(), rtol=1e-5)


def test_training_through_attention(session):
    """Reversing short sequences is learned: the gradients reach all variables."""
    xs = [tf.placeholder(tf.int32, [None]) for _ in range(3)]
    go = [tf.zeros_like(xs[0])] * 3
    outputs, _ = L.embedding_attention_seq2seq(xs, go, C.GRUCell(12), 4, 4, 6, feed_previous=True)
    loss = L.sequence_loss(outputs, xs[::-1], [tf.ones([tf.shape(x)[0]]) for x in xs])
    step = tf.train.AdamOptimizer(0.03).minimize(loss)
    assert all(g is not None for g in tf.gradients(loss, tf.trainable_variables()))
    tf.set_random_seed(1)
    feeds = dict(zip(xs, RANDOM.integers(0, 4, (3, 16)), strict=True))
    before = session.run(loss, feeds)
    for _ in range(40):
        session.run(step, feeds)
    assert session.run(loss, feeds) < 0.5 * before


ROW = np.zeros((1, 2), "float32")


def looking(shape, **options):
    return L.attention_decoder([ROW], ROW, tf.zeros(shape), C.GRUCell(2), **options)


def embedded(projection):
    return L.embedding_rnn_decoder(SYMBOLS, tf.zeros([3, 2]), C.GRUCell(2), 5, 4, projection)


WRONG = [
    (lambda: L.rnn_decoder([], ROW, C.GRUCell(2)), "GraphError", "rnn_decoder: the inputs are a list, one for each step, not []"),
    (lambda: L.rnn_decoder([ROW], ROW, "gru"), "GraphError", "rnn_decoder: 'gru' is no cell"),
    (lambda: looking([1, 2]), "ShapeError", "attention_decoder: the attention states"),
    (lambda: looking([1, 2, 3], num_heads=0), "GraphError", "attention_decoder: num_heads is 0"),
    (lambda: embedded(3), "GraphError", "embedding_rnn_decoder: output_projection is a pair (weights, biases), not 3"),
    (lambda: embedded((tf.zeros([2, 4]), tf.zeros([4]))), "ShapeError", "projects onto another number of symbols than 5"),
    (lambda: L.sequence_loss_by_example(LISTS[0], LISTS[1], LISTS[2][1:]), "GraphError", "there are 4 logits, 4 targets and 3 weights"),
    (lambda: L.sequence_loss(LOGITS, LISTS[1], LISTS[2]), "GraphError", "sequence_loss: logits is a list, one for each step"),
    (lambda: L.model_with_buckets(SYMBOLS, SYMBOLS, SYMBOLS, [], [(2, 2)], None), "GraphError", "there are 0 weights"),
    (lambda: tf.contrib.seq2seq.sequence_loss(LOGITS[0], TARGETS, WEIGHTS), "ShapeError", "sequence_loss: the logits Const"),
    (lambda: tf.contrib.seq2seq.sequence_loss(LOGITS, TARGETS, WEIGHTS[:, :1]), "ShapeError", "sequence_loss("),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_legacy.py:" in str(caught.value)
