"""Recurrent layers of Keras beyond their values: states that are given or kept, cells of a program's own, masks, and what is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphError, ShapeError

K, L = tf.keras, tf.keras.layers
X = np.random.default_rng(5).normal(size=(2, 6, 4)).astype(np.float32)


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def alike(*layers: Any) -> None:
    """Let layers have the weights of the first."""
    for layer in layers[1:]:
        layer.set_weights(layers[0].get_weights())


def run(fetch: Any, feed: Any = None) -> Any:
    return K.backend.get_session().run(fetch, feed)


@pytest.fixture
def interpreted(fresh_graph: None) -> None:
    """Keras's session, interpreted: two ways to write one computation come to the same; what is compiled of either is asked in test_layer_values."""
    K.backend.set_session(tf.Session(jit=False))


KINDS = [L.SimpleRNN, L.GRU, L.LSTM]


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"unroll": True}, {"return_sequences": True}])
def test_a_state_that_is_given_goes_on(kind: Any, options: dict[str, Any]) -> None:
    """Three steps, and three more that begin with the state of these, are six."""
    layer, states = kind(3, **options), kind(3, return_state=True)
    output, *half = states(tf.constant(X[:, :3]))
    whole, rest = layer(tf.constant(X)), layer(tf.constant(X[:, 3:]), initial_state=half)
    also = layer([tf.constant(X[:, 3:]), *half])
    alike(layer, states)
    one, two, three = run([whole, rest, also])
    np.testing.assert_allclose(two, one[:, 3:] if one.ndim == 3 else one, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(two, three)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stateful_layer_keeps_its_state_over_batches(kind: Any) -> None:
    model, whole = K.Sequential([kind(3, stateful=True, batch_input_shape=(2, 3, 4))]), kind(3)
    wanted = whole(tf.constant(X))
    alike(model.layers[0], whole)
    first = model.predict(X[:, :3], batch_size=2)
    np.testing.assert_allclose(model.predict(X[:, 3:], batch_size=2), run(wanted), rtol=1e-5, atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(model.predict(X[:, :3], batch_size=2), first, rtol=1e-6)
    model.layers[0].reset_states([np.ones((2, 3))] * len(model.layers[0].states))
    assert all((run(s) == 1).all() for s in model.layers[0].states)
    assert len(model.get_weights()) == 3            # a state is no weight


def test_a_stateful_layer_in_training() -> None:
    model = K.Sequential([L.LSTM(3, stateful=True, batch_input_shape=(2, 3, 4)), L.Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(X[:, :3], np.zeros((2, 1)))
    assert all((run(s) != 0).all() for s in model.layers[0].states)


class Leaky(L.Layer):
    """A cell of a program's own, with a constant."""

    def __init__(self, units: int, **kwargs: Any):
        self.units = self.state_size = units
        super().__init__(**kwargs)

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), initializer="ones")
        self.built = True

    def call(self, inputs: Any, states: Any, constants: Any = None) -> Any:
        output = K.backend.dot(inputs, self.kernel) + 0.5 * states[0]
        output = output if constants is None else output + constants[0]
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("constant", [None, 2.0])
def test_a_cell_of_a_programs_own(constant: float | None) -> None:
    layer = L.RNN(Leaky(3), return_sequences=True)
    found = run(layer(tf.constant(X), constants=None if constant is None else [tf.constant(constant)]))
    h, wanted = np.zeros((2, 3)), []
    for t in range(6):
        h = X[:, t].sum(axis=1, keepdims=True) + 0.5 * h + (constant or 0.0)
        wanted.append(h)
    np.testing.assert_allclose(found, np.stack(wanted, axis=1), rtol=1e-5, atol=1e-5)
    assert [v.name for v in layer.weights] == ["rnn/kernel:0"]
    again = L.RNN.from_config(layer.get_config(), {"Leaky": Leaky})
    assert isinstance(again.cell, Leaky) and again.cell.units == 3 and again.return_sequences


@pytest.mark.usefixtures("interpreted")
def test_cells_in_a_stack_are_layers_in_a_row() -> None:
    stack = L.RNN([L.LSTMCell(3), L.GRUCell(2)], return_state=True, return_sequences=True)
    one, two = L.LSTM(3, return_sequences=True, return_state=True), L.GRU(2, return_sequences=True, return_state=True)
    outputs, h, c, g = stack(tf.constant(X))
    middle, *first = one(tf.constant(X))
    last, second = two(middle)
    weights = stack.get_weights()
    one.set_weights(weights[:3])
    two.set_weights(weights[3:])
    for found, wanted in zip(run([outputs, h, c, g]), run([last, *first, second]), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    again = L.deserialize(L.serialize(stack))
    assert [type(cell) for cell in again.cell.cells] == [L.LSTMCell, L.GRUCell]
    assert run(L.RNN(L.StackedRNNCells([L.LSTMCell(3, recurrent_dropout=0.5), L.GRUCell(2)]))(tf.constant(X), training=True)).shape == (2, 2)


@pytest.mark.usefixtures("interpreted")
def test_a_cell_by_itself_is_one_step() -> None:
    cell, layer = L.LSTMCell(3), L.LSTM(3)
    output, states = cell(tf.constant(X[:, 0]), [tf.zeros([2, 3]), tf.zeros([2, 3])])
    wanted = layer(tf.constant(X[:, :1]))
    alike(layer, cell)
    np.testing.assert_allclose(run(output), run(wanted), rtol=1e-6)
    assert len(states) == 2 and [v.name for v in cell.weights] == [f"lstm_cell/{n}:0" for n in ("kernel", "recurrent_kernel", "bias")]


@pytest.mark.usefixtures("interpreted")
def test_masks_come_from_embeddings_and_are_handed_on() -> None:
    words = tf.constant([[1, 2, 0, 0], [3, 1, 2, 0]])
    table = L.Embedding(4, 4, mask_zero=True, embeddings_initializer="ones")
    inner, outer, plain, last = L.GRU(3, return_sequences=True), L.GRU(2), L.GRU(3, return_sequences=True), L.GRU(2)
    found = outer(L.Dropout(0.5)(inner(table(words)), training=False))
    rows = [last(plain(tf.ones([1, n, 4]))) for n in (2, 3)]
    alike(inner, plain)
    alike(outer, last)
    np.testing.assert_allclose(run(found), np.concatenate(run(rows)), rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("interpreted")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("implementation", [1, 2])
def test_what_is_dropped_is_dropped_in_all_steps(kind: Any, implementation: int) -> None:
    """Inputs of which all but one are dropped make, step after step, what that one makes; in use nothing is dropped."""
    options: dict[str, Any] = {} if kind is L.SimpleRNN else {"implementation": implementation}
    layer, plain = kind(3, dropout=0.5, recurrent_dropout=0.5, **options), kind(3, **options)
    on, off = layer(tf.constant(X), training=True), layer(tf.constant(X), training=False)
    same = plain(tf.constant(X))
    alike(layer, plain)
    np.testing.assert_allclose(run(off), run(same), rtol=1e-6)
    assert (run(on) != run(off)).any() and (run(on) != run(on)).any()
    # One step without a state: with the whole input kept or dropped at odds, outputs take few values only.
    single = kind(1, dropout=0.5, use_bias=False, kernel_initializer="ones", activation="linear", **options)
    steps = single(tf.ones([200, 1, 1]), training=True)
    assert len(np.unique(np.round(run(steps), 4))) <= 2 ** {L.SimpleRNN: 1, L.GRU: 3, L.LSTM: 4}[kind]


@pytest.mark.usefixtures("interpreted")
def test_both_ways_is_two_layers() -> None:
    both = L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="concat")
    forth, back = L.LSTM(3, return_sequences=True), L.LSTM(3, return_sequences=True, go_backwards=True)
    found, one, two = both(tf.constant(X)), forth(tf.constant(X)), back(tf.constant(X))
    weights = both.get_weights()
    forth.set_weights(weights[:3])
    back.set_weights(weights[3:])
    value, first, second = run([found, one, two])
    np.testing.assert_allclose(value, np.concatenate([first, second[:, ::-1]], axis=2), rtol=1e-6)
    assert both.forward_layer.name == "forward_lstm" and both.backward_layer.go_backwards


@pytest.mark.parametrize("build, error, text", [
    (lambda: L.RNN(3), GraphError, "3 is no cell"), (lambda: L.LSTM(0), GraphError, "units is a number of 1 or more, not 0"),
    (lambda: L.LSTM(3)(tf.zeros([2, 4])), ShapeError, "have no steps"), (lambda: L.LSTM(3, stateful=True)(tf.placeholder(tf.float32, [None, 3, 4])),
                                                                        ShapeError, "needs a known number of rows"),
    (lambda: L.LSTM(3)(tf.zeros([2, 3, 4]), initial_state=[tf.zeros([2, 3])]), GraphError, "1 states are given to a layer that has 2"),
    (lambda: L.LSTM(3).reset_states(), GraphError, "only a stateful layer keeps states"),
    (lambda: L.GRU(3, unroll=True)(tf.placeholder(tf.float32, [2, None, 4])), ShapeError, "their number is not known"),
    (lambda: L.Bidirectional(L.Dense(3)), GraphError, "is no recurrent layer"), (lambda: L.TimeDistributed(3), GraphError, "3 is no layer"),
    (lambda: L.Bidirectional(L.LSTM(3), merge_mode="max"), GraphError, "merge_mode is one of"),
    (lambda: L.LSTM(3, activation="tanhh"), GraphError, "'tanhh' is no activation function"),
    (lambda: L.StackedRNNCells([L.Dense(3)]), GraphError, "is no cell"),
])
def test_errors(build: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        build()
