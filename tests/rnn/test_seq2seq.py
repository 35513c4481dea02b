"""`contrib.seq2seq`: decoders against loops and NumPy written by hand, beams against every sequence there is, names of variables."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from tests.draws import draws

C, S = tf.nn.rnn_cell, tf.contrib.seq2seq
RANDOM = draws(9)
X, LONG = RANDOM.normal(size=(3, 5, 4)).astype("float32"), np.array([5, 2, 0], "int32")
TABLE = RANDOM.normal(size=(6, 4)).astype("float32")


def leaves(value):
    return [x for v in value for x in leaves(v)] if isinstance(value, (list, tuple)) else [value]


def spread(scale=1.0):
    return tf.random_uniform_initializer(-scale, scale, seed=5)


# ---------------------------------------------------------------------- decoders

@pytest.mark.parametrize("time_major", [True, False])
@pytest.mark.parametrize("layer", [None, 7])
def test_given_inputs_are_dynamic_rnn(time_major, layer, session):
    """Values, lengths, gradients."""
    x, cell = tf.constant(X), C.MultiRNNCell([C.GRUCell(3), C.BasicLSTMCell(2)])
    dense = None if layer is None else tf.layers.Dense(layer, name="out")
    helper = S.TrainingHelper(tf.transpose(x, [1, 0, 2]) if time_major else x, LONG, time_major)
    decoder = S.BasicDecoder(cell, helper, cell.zero_state(3, tf.float32), dense)
    outputs, state, lengths = S.dynamic_decode(decoder, impute_finished=True, output_time_major=time_major)
    y = tf.transpose(outputs.rnn_output, [1, 0, 2]) if time_major else outputs.rnn_output
    with tf.variable_scope("decoder", reuse=True):
        wanted, last = tf.nn.dynamic_rnn(cell, x, LONG, dtype=tf.float32, scope=tf.get_variable_scope())
        if layer is not None:
            wanted = dense(wanted) * tf.to_float(tf.sequence_mask(LONG, 5))[:, :, None]
    found = [session.run([a, leaves(s), tf.gradients(tf.reduce_sum(tf.sin(a)), [x, *tf.trainable_variables()])])
             for a, s in ((y, state), (wanted, last))]
    for a, b in zip(*map(leaves, found), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    ids, n = session.run([outputs.sample_id, lengths])
    assert n.tolist() == LONG.tolist()
    np.testing.assert_array_equal(ids[0] if not time_major else ids[:, 0], found[0][0][0].argmax(1))


class Echo(C.RNNCell):
    """Scores of the symbol behind the one that is read, in a ring of six."""

    state_size, output_size = 1, 6

    def call(self, inputs, state):
        return tf.concat([inputs[:, -1:], inputs[:, :-1]], 1) * 9.0, state + 1.0


def ring(helper, rows=2, **options):
    decoder = S.BasicDecoder(Echo(), helper, tf.zeros([rows, 1]))
    return S.dynamic_decode(decoder, **options)


def test_greedy(session):
    outputs, state, lengths = ring(S.GreedyEmbeddingHelper(np.eye(6, dtype="float32"), [1, 3], 5), impute_finished=True)
    ids, last, n = session.run([outputs.sample_id, state, lengths])
    assert ids.tolist() == [[2, 3, 4, 5], [4, 5, 0, 0]] and n.tolist() == [4, 2] and last[:, 0].tolist() == [4.0, 2.0]


@pytest.mark.parametrize("most", [3, "fed"])
def test_maximum_iterations(most, session):
    bound = tf.placeholder(tf.int32, [])
    helper = S.GreedyEmbeddingHelper(lambda ids: tf.one_hot(ids, 6), [1, 3], 5)
    outputs, _, lengths = ring(helper, maximum_iterations=bound if most == "fed" else most)
    ids, n = session.run([outputs.sample_id, lengths], {bound: 3} if most == "fed" else None)
    assert ids.tolist() == [[2, 3, 4], [4, 5, 0]] and n.tolist() == [3, 2]


def test_samples_follow_the_temperature(session):
    for temperature, certain in ((None, True), (100.0, False)):
        helper = S.SampleEmbeddingHelper(tf.eye(6), [0] * 50, 5, softmax_temperature=temperature, seed=1)
        ids = session.run(ring(helper, 50, maximum_iterations=1)[0].sample_id)
        assert (ids == 1).all() == certain


def test_own_functions(session):
    helper = S.InferenceHelper(lambda y: y + 1.0, [6], tf.float32, tf.zeros([2, 6]), lambda sample: tf.reduce_sum(sample, 1) > 20.0)
    outputs, _, lengths = ring(helper, maximum_iterations=9)
    assert session.run(outputs.sample_id)[0, :, 0].tolist() == [1.0, 10.0] and session.run(lengths).tolist() == [2, 2]
    custom = S.CustomHelper(lambda: (tf.constant([False, True]), tf.ones([2, 6])), lambda time, outputs, state: tf.fill([2], time),
                            lambda time, outputs, state, sample_ids: (tf.fill([2], time >= 2), outputs, state))
    custom.initialize()
    ids = session.run(ring(custom)[0].sample_id)
    assert ids.tolist() == [[0, 0], [1, 1], [2, 2]] or ids.T.tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize("probability", [0.0, 1.0, 0.5])
def test_scheduled_sampling(probability, session):
    one_hot = np.eye(6, dtype="float32")
    given = np.repeat(one_hot[[[0, 0, 0, 0]]], 200, 0)
    helper = S.ScheduledEmbeddingTrainingHelper(given, [4] * 200, one_hot, probability, seed=1, scheduling_seed=2)
    outputs, _, _ = ring(helper, 200)
    ids, y = session.run([outputs.sample_id, outputs.rnn_output])
    assert abs((ids >= 0).mean() - probability) < 0.1
    read = y.argmax(2)              # one behind what was read
    followed = np.where(ids[:, :-1] >= 0, (ids[:, :-1] + 1) % 6, 1)
    np.testing.assert_array_equal(read[:, 1:], followed)


@pytest.mark.parametrize("beside", [False, True])
def test_scheduled_outputs(beside, session):
    class Half(C.RNNCell):
        state_size, output_size = 1, 2

        def call(self, inputs, state):
            return inputs[:, :2] * 0.5, state
    given = RANDOM.normal(size=(2, 3, 2)).astype("float32")
    more = RANDOM.normal(size=(2, 3, 1)).astype("float32")
    for probability in (0.0, 1.0):
        helper = S.ScheduledOutputTrainingHelper(given, [3, 3], probability, auxiliary_inputs=more if beside else None)
        y = session.run(S.dynamic_decode(S.BasicDecoder(Half(), helper, tf.zeros([2, 1])))[0].rnn_output)
        wanted = given * 0.5 if not probability else given[:, :1] * 0.5 ** np.arange(1, 4)[None, :, None]
        np.testing.assert_allclose(y, wanted, rtol=1e-6)


# ---------------------------------------------------------------------- attention

def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def luong(w, keys, q, scale):
    return np.einsum("bn,btn->bt", q, keys) * (w["luong_attention/attention_g"] if scale else 1.0)


def bahdanau(w, keys, q, normalize):
    q = q @ w["bahdanau_attention/query_layer/kernel"]
    v = w["bahdanau_attention/attention_v"]
    if normalize:
        v = v * w["bahdanau_attention/attention_g"] / np.sqrt((v ** 2).sum())
        return (v * np.tanh(keys + q[:, None] + w["bahdanau_attention/attention_b"])).sum(2)
    return (v * np.tanh(keys + q[:, None])).sum(2)


@pytest.mark.parametrize("lengths", [None, [5, 2, 5]])
def test_history_of_attention_over_all_steps(lengths, session):
    """An array that grows within `dynamic_rnn` holds the weights of each step, the last of which the state has too."""
    cell = S.AttentionWrapper(C.GRUCell(2), S.BahdanauAttention(2, RANDOM.normal(size=(3, 4, 5)).astype("float32")), alignment_history=True)
    x = tf.placeholder(tf.float32, [3, None, X.shape[2]])
    outputs, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
    session.run(tf.global_variables_initializer())
    y, weights, history = session.run([outputs, state.alignments, state.alignment_history.stack()], {x: X})
    assert history.shape == (5, 3, 4) and y.shape[:2] == (3, 5)
    np.testing.assert_allclose(history.sum(2), 1, rtol=1e-5)
    np.testing.assert_array_equal(history[[-1, -1 if lengths is None else 1, -1], [0, 1, 2]], weights)


@pytest.mark.parametrize("kind, option", [(luong, False), (luong, True), (bahdanau, False), (bahdanau, True)])
@pytest.mark.parametrize("layer, own", [(6, True), (None, True), (6, False)])
def test_attention_by_hand(kind, option, layer, own, session):
    memory, lengths = RANDOM.normal(size=(3, 4, 5)).astype("float32"), np.array([4, 1, 2])
    with tf.variable_scope("n", initializer=spread()):
        mechanism = (S.LuongAttention if kind is luong else S.BahdanauAttention)(2, memory, lengths, option)
        cell = S.AttentionWrapper(C.BasicRNNCell(2), mechanism, layer, alignment_history=True, output_attention=own)
        decoder = S.BasicDecoder(cell, S.TrainingHelper(X, [5, 5, 5]), cell.zero_state(3, tf.float32))
        outputs, state, _ = S.dynamic_decode(decoder)
    y, weights, history = session.run([outputs.rnn_output, state.alignments, state.alignment_history.stack()])
    w = {v.op.name.removeprefix("n/").removeprefix("decoder/attention_wrapper/"): session.run(v) for v in tf.trainable_variables()}
    there = np.arange(4) < lengths[:, None]
    values = memory * there[:, :, None]
    keys, h, look = values @ w["memory_layer/kernel"], np.zeros((3, 2)), np.zeros((3, layer or 5))
    for t in range(5):
        h = np.tanh(np.concatenate([X[:, t], look, h], 1) @ w["basic_rnn_cell/kernel"] + w["basic_rnn_cell/bias"])
        a = softmax(np.where(there, kind(w, keys, h, option), -np.inf))
        look = np.einsum("bt,btn->bn", a, values)
        if layer:
            look = np.concatenate([h, look], 1) @ w["attention_layer/kernel"]
        np.testing.assert_allclose(y[:, t], look if own else h, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(history[t], a, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(weights, a, rtol=1e-4, atol=1e-5)


def test_several_mechanisms_and_a_state_that_is_given(session):
    memory = tf.constant(RANDOM.normal(size=(3, 4, 5)).astype("float32"))
    inner = C.GRUCell(3)
    cell = S.AttentionWrapper(inner, [S.LuongAttention(3, memory), S.BahdanauAttention(7, memory)], [4, 2], name="both")
    first = cell.zero_state(3, tf.float32).clone(cell_state=tf.ones([3, 3]))
    output, state = cell(tf.constant(X[:, 0]), first)
    assert output.shape == [3, 6] and [a.shape.as_list() for a in state.alignments] == [[3, 4], [3, 4]] and cell.output_size == 6
    y, time, begun = session.run([output, state.time, first.cell_state])
    assert time == 1 and begun.all() and np.isfinite(y).all()
    given = S.AttentionWrapper(inner, S.LuongAttention(3, memory), initial_cell_state=tf.ones([3, 3])).zero_state(3, tf.float32)
    assert session.run(given.cell_state).all()


def test_own_weights(session):
    memory = np.eye(3, dtype="float32")[None].repeat(2, 0)
    attention = S.LuongAttention(3, memory, probability_fn=S.hardmax)
    attention.keys = attention.values
    weights, _ = attention(tf.constant([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]]), None)
    assert session.run(weights).tolist() == [[0, 1, 0], [1, 0, 0]]


# ---------------------------------------------------------------------- beams

def test_tree(session):
    ids, parents = RANDOM.integers(0, 9, (5, 3, 4)), RANDOM.integers(0, 4, (5, 3, 4))
    lengths = np.array([5, 3, 0])
    made = session.run(S.gather_tree(ids, parents, lengths, 0))
    for b, w in itertools.product(range(3), range(4)):
        path, at = [], w
        for t in range(lengths[b] - 1, -1, -1):
            path.insert(0, ids[t, b, at])
            at = parents[t, b, at]
        path = path[:path.index(0)] if 0 in path else path
        assert made[:, b, w].tolist() == path + [0] * (5 - len(path))


def test_tiled(session):
    x = tf.placeholder(tf.float32, [None, 2])
    a, (b,) = session.run(S.tile_batch((x, [tf.constant([5, 6])]), 3), {x: [[1, 2], [3, 4]]})
    assert a.tolist() == [[1, 2]] * 3 + [[3, 4]] * 3 and b.tolist() == [5] * 3 + [6] * 3
    assert S.tile_batch(tf.ones([2, 7]), 3).shape == [6, 7]


@pytest.mark.parametrize("penalty", [0.0, 1.5])
def test_beams_find_the_likeliest_sequences(penalty, session):
    """With as many beams as there are sequences the search is exact: against all of them, end tokens included."""
    end, steps, width = 2, 3, 27
    with tf.variable_scope("n", initializer=spread(2.0)):
        cell, layer = C.GRUCell(4), tf.layers.Dense(3, name="out")
        start = tf.constant(RANDOM.normal(size=(2, 4)).astype("float32"))
        decoder = S.BeamSearchDecoder(cell, TABLE[:3], [0, 1], end, S.tile_batch(start, width), width, layer, penalty)
        outputs, state, lengths = S.dynamic_decode(decoder, maximum_iterations=steps)
    ids, scores, logs = session.run([outputs.predicted_ids, outputs.beam_search_decoder_output.scores, state.log_probs])
    x, h = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [None, 4])
    with tf.variable_scope("n/decoder", reuse=True):
        new = cell(x, h)[1]
        step = tf.nn.log_softmax(layer(new))
    for b in range(2):
        found = {}
        for words in itertools.product(range(3), repeat=steps):
            words = words[:words.index(end) + 1] if end in words else words
            state, total, before = session.run(start)[b:b + 1], 0.0, b
            for word in words:
                p, state = session.run([step, new], {x: TABLE[before:before + 1], h: state})
                total, before = total + p[0, word], word
            # As TensorFlow counts: an end token from the step behind it on.
            length = len(words) if len(words) < steps else len([w for w in words if w != end])
            found[words + (end,) * (steps - len(words))] = (total / ((5 + length) / 6) ** penalty, total)
        best = sorted(found.items(), key=lambda item: -item[1][0])
        for k, (words, (score, total)) in enumerate(best[:9]):
            assert tuple(ids[b, :, k].tolist()) == words
            np.testing.assert_allclose([scores[b, -1, k], logs[b, k]], [score, total], rtol=1e-4)


def test_narrow_beam_is_greedy(session):
    with tf.variable_scope("n", initializer=spread(2.0)):
        cell = C.GRUCell(6)
        beam = S.BeamSearchDecoder(cell, TABLE, [0, 1, 3], 5, cell.zero_state(3, tf.float32), 1)
        one = S.dynamic_decode(beam, maximum_iterations=7)[0].predicted_ids
    with tf.variable_scope("n", reuse=True):
        greedy = S.BasicDecoder(cell, S.GreedyEmbeddingHelper(TABLE, [0, 1, 3], 5), cell.zero_state(3, tf.float32))
        other = S.dynamic_decode(greedy, maximum_iterations=7)[0].sample_id
    a, b = session.run([one[:, :, 0], other])
    for row, wanted in zip(a.tolist(), b.tolist(), strict=True):
        n = wanted.index(5) + 1 if 5 in wanted else len(wanted)
        assert row[:n] == wanted[:n] and {*row[n:]} <= {5}


def test_translation_is_learned(session):
    """Numbers are written backwards, with attention, and read off by beams: training, inference and search share their variables."""
    tf.set_random_seed(3)
    words = RANDOM.integers(2, 6, (40, 3)).astype("int32")
    targets = np.concatenate([words[:, ::-1], np.ones((40, 1), "int32")], 1)
    with tf.variable_scope("model"):
        table = tf.get_variable("table", [6, 8])
        memory, last = tf.nn.dynamic_rnn(C.GRUCell(16), tf.gather(table, words), dtype=tf.float32)
        layer = tf.layers.Dense(6, name="out")

        def net(memory, last):
            return (lambda cell: (cell, cell.zero_state(last.shape[0], tf.float32).clone(cell_state=last)))(
                S.AttentionWrapper(C.GRUCell(16), S.LuongAttention(16, memory), 16, name="net"))
        before = np.concatenate([np.zeros((40, 1), "int32"), targets[:, :-1]], 1)
        with tf.variable_scope("look"):
            cell, first = net(memory, last)
        decoded, _, _ = S.dynamic_decode(S.BasicDecoder(cell, S.TrainingHelper(tf.gather(table, before), [4] * 40), first, layer))
    loss = S.sequence_loss(decoded.rnn_output, targets, np.ones((40, 4), "float32"))
    train = tf.train.AdamOptimizer(0.02).minimize(loss)
    with tf.variable_scope("model", reuse=True):
        with tf.variable_scope("look"):
            cell, first = net(S.tile_batch(memory, 3), S.tile_batch(last, 3))
        search = S.BeamSearchDecoder(cell, table, [0] * 40, 1, first, 3, layer)
        found = S.dynamic_decode(search, maximum_iterations=6)[0].predicted_ids
    assert all(g is not None for g in tf.gradients(loss, tf.trainable_variables()))
    for _ in range(60):
        session.run(train)
    made = session.run(found)[:, :4, 0]
    assert (made == targets).all(1).mean() > 0.9


# ---------------------------------------------------------------------- what is refused

def basic(**changed):
    cell = C.GRUCell(2)
    made = {"cell": cell, "helper": S.TrainingHelper(X, LONG), "initial_state": cell.zero_state(3, tf.float32), **changed}
    return S.dynamic_decode(S.BasicDecoder(**made))


WRONG = [
    (lambda: basic(cell=C.GRUCell), "GraphError", "BasicDecoder: <class 'graphc.rnn.cells.GRUCell'> is no cell"),
    (lambda: basic(helper=3), "GraphError", "BasicDecoder: 3 is no helper"),
    (lambda: basic(output_layer=3), "GraphError", "BasicDecoder: 3 is no layer"),
    (lambda: basic(output_layer=tf.identity), "GraphError", "does not say the shape of its outputs"),
    (lambda: basic(initial_state=tf.zeros([3, 3])), "ShapeError", "gru_cell: the state,"),
    (lambda: S.dynamic_decode("decoder"), "GraphError", "dynamic_decode: 'decoder' is no decoder"),
    (lambda: S.TrainingHelper(X, [1, 2]), "ShapeError", "TrainingHelper: there is one length for each row of the inputs, [3]"),
    (lambda: S.TrainingHelper(X[0, 0], [1]), "ShapeError", "TrainingHelper: the inputs Const: float32[4]"),
    (lambda: S.TrainingHelper(X, None), "GraphError", "TrainingHelper: sequence_length is not given"),
    (lambda: S.GreedyEmbeddingHelper(TABLE, [1.0], 0), "DTypeError", "GreedyEmbeddingHelper: start_tokens, Const"),
    (lambda: S.GreedyEmbeddingHelper(TABLE, [[1]], 0), "ShapeError", "GreedyEmbeddingHelper: start_tokens, Const"),
    (lambda: S.GreedyEmbeddingHelper(TABLE, [1], [0]), "ShapeError", "GreedyEmbeddingHelper: the end token Const"),
    (lambda: S.LuongAttention(2, X[0]), "ShapeError", "LuongAttention: the memory Const: float32[5,4]"),
    (lambda: S.LuongAttention(0, X), "GraphError", "LuongAttention: num_units is a number of 1 or more, not 0"),
    (lambda: S.LuongAttention(2, X)(tf.zeros([3, 3])), "ShapeError", "LuongAttention: the query zeros: float32[3,3]"),
    (lambda: S.AttentionWrapper(C.GRUCell(2), "luong"), "GraphError", "attention_wrapper: 'luong' is no attention mechanism"),
    (lambda: S.AttentionWrapper(C.GRUCell(2), S.LuongAttention(2, X), [1, 2]), "GraphError", "there are 2 layers for 1 mechanisms"),
    (lambda: S.AttentionWrapper(C.GRUCell(2), S.LuongAttention(2, X))(X[:, 0], X[:, 0]), "GraphError", "is an AttentionWrapperState"),
    (lambda: S.BeamSearchDecoder(C.GRUCell(2), TABLE, [0], 0, tf.zeros([3, 2]), 0), "GraphError", "BeamSearchDecoder: beam_width is a number of 1"),
    (lambda: S.tile_batch(tf.constant(1.0), 2), "ShapeError", "tile_batch: Const"),
]


@pytest.mark.parametrize("build, kind, message", WRONG, ids=[row[2][:50] for row in WRONG])
def test_wrong_use_is_named(build, kind, message):
    with pytest.raises(getattr(errors, kind), match=re.escape(message)) as caught:
        build()
    assert "test_seq2seq.py:" in str(caught.value)
