"""Models of Keras: values of TensorFlow for training them, by a table of one row each, and what fit takes, says and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import FeedError, GraphError, NotFoundError, ShapeError
from tests import ROOT
from tests.keras.model_cases import CASES, ran

K, L = tf.keras.backend, tf.keras.layers
GOLDEN = np.load(ROOT / "tests" / "data" / "keras_golden" / "models.npz")
TOLD = json.loads(GOLDEN["told"].tobytes())
# TensorFlow 2.15, whose values these are, names the cells within a recurrent layer; 1.15 does not.
CELLS = re.compile(r"(lstm_cell|simple_rnn_cell)/")
# It scales the loss of masked steps by how many there are, which 1.15 does not; and it lists operators of `add_loss` among the layers.
SCALED, LISTED = {"each_step"}, {"added"}


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def parts(name: str, what: str) -> list[Any]:
    count = sum(key.startswith(f"{name}/{what}/") for key in GOLDEN.files)
    return [GOLDEN[f"{name}/{what}/{i}"] for i in range(count)]


@pytest.mark.parametrize("name", CASES)
def test_training_gives_what_tensorflow_gives(name: str) -> None:
    wanted, found = TOLD[name], ran(tf.keras, CASES[name], parts(name, "weights"))
    assert found["metrics_names"] == wanted["metrics_names"] and list(found["history"]) == list(wanted["history"])
    assert name in LISTED or found["layers"] == wanted["layers"]
    if name in SCALED:
        return
    assert found["names"] == [CELLS.sub("", n) for n in wanted["names"]]
    # Sums in another order, over a few steps: 1e-4 of what they come to.
    for key, values in wanted["history"].items():
        np.testing.assert_allclose(found["history"][key], values, rtol=1e-4, atol=1e-5, err_msg=key)
    np.testing.assert_allclose(found["evaluated"], wanted["evaluated"], rtol=1e-4, atol=1e-5)
    for what in ("predicted", "after"):
        for mine, theirs in zip(found[what], parts(name, what), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


# ---------------------------------------------------------------------- models

X = np.random.RandomState(0).randn(20, 4).astype("float32")
Y = (X.sum(1) > 0).astype("int64")


def small(**compiled: Any) -> Any:
    model = tf.keras.Sequential([L.Dense(3, activation="tanh", input_shape=(4,), name="inner"), L.Dense(1, name="outer")], name="small")
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


def constant(value: float = 0.5) -> Any:
    """A model whose only weight is a number that multiplies the sum of a row."""
    model = tf.keras.Sequential([L.Dense(1, use_bias=False, kernel_initializer=tf.constant_initializer(value), input_shape=(4,))])
    model.compile(tf.train.GradientDescentOptimizer(0.0), "mse", metrics=["mae"])
    return model


SUMMARY = '''\
Model: "small"
_________________________________________________________________
Layer (type)                 Output Shape              Param #   
=================================================================
inner (Dense)                (None, 3)                 15        
_________________________________________________________________
outer (Dense)                (None, 1)                 4         
=================================================================
Total params: 19
Trainable params: 19
Non-trainable params: 0
_________________________________________________________________
'''  # noqa: W291


def test_summary(capsys: Any) -> None:
    small().summary()
    assert capsys.readouterr().out == SUMMARY


def test_summary_of_branches_says_what_each_takes(capsys: Any) -> None:
    a = tf.keras.Input((4,), name="rows")
    b = L.Dense(4, name="one")(a)
    tf.keras.Model(a, L.add([a, b], name="both"), name="two").summary()
    lines = capsys.readouterr().out.splitlines()
    assert "rows (InputLayer)               [(None, 4)]          0                                            " in lines
    assert "both (Add)                      (None, 4)            0           rows[0][0]                       " in lines
    assert " " * 65 + "one[0][0]                        " in lines


def test_lines_that_fit_prints(capsys: Any) -> None:
    model = constant()
    model.fit(X, Y, epochs=2, batch_size=20, verbose=2, validation_split=0.5, shuffle=False)
    losses = [np.mean((X[rows].sum(1) * 0.5 - Y[rows])**2) for rows in (slice(10), slice(10, 20))]
    assert re.fullmatch(
        rf"Train on 10 samples, validate on 10 samples\nEpoch 1/2\n10/10 - \d+s - loss: {losses[0]:.4f} - mean_absolute_error: \d\.\d{{4}}"
        rf" - val_loss: {losses[1]:.4f} - val_mean_absolute_error: \d\.\d{{4}}\nEpoch 2/2\n10/10 - \d+s .*\n", capsys.readouterr().out)
    model.fit(X, Y, batch_size=20, verbose=1)
    assert re.search(r"20/20 \[={30}\] - \d+s \d+[mu]?s/sample - loss: \d\.\d{4}", capsys.readouterr().out)


@pytest.mark.parametrize("loss, metric, name", [
    (lambda t, p: tf.reduce_mean(tf.square(t - p)), lambda: lambda t, p: tf.reduce_max(p), "<lambda>"),
    ("mse", lambda: tf.keras.metrics.MeanMetricWrapper(lambda t, p: p, name="mean of p"), "mean of p"),
], ids=["lambdas", "a name with blanks"])
def test_names_that_no_scope_has(loss: Any, metric: Any, name: str) -> None:
    model = small()
    model.compile("sgd", loss, metrics=[metric()])
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", name] and model.metrics_names == ["loss", name]


def test_operators_between_layers_are_layers() -> None:
    a = tf.keras.Input((4,))
    y = L.Dense(1, use_bias=False, kernel_initializer="ones")(tf.nn.relu(a * 2.0 + 1.0))
    model = tf.keras.Model(a, y)
    np.testing.assert_allclose(model.predict(X)[:, 0], np.maximum(2 * X + 1, 0).sum(1), rtol=1e-5)
    again = tf.keras.Input((4,))
    np.testing.assert_allclose(tf.keras.Model(again, model(again + 1.0)).predict(X)[:, 0], np.maximum(2 * X + 3, 0).sum(1), rtol=1e-5)
    assert [type(layer).__name__ for layer in model.layers[1:4]] == ["TensorFlowOpLayer"] * 3


def test_layers_of_tf_layers_are_layers_of_keras() -> None:
    assert issubclass(tf.layers.Layer, L.Layer)
    model = tf.keras.Sequential([L.InputLayer((4,)), tf.layers.Dense(2, tf.nn.relu, name="old"), L.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert model.weights[0].name == "old/kernel:0" and len(model.trainable_weights) == 4


def test_model_on_tensors_trains_by_hand() -> None:
    model = small()
    x = tf.placeholder(tf.float32, [None, 4])
    loss = tf.reduce_mean(model(x)**2)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=model.trainable_weights)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first = sess.run(loss, {x: X})
        for _ in range(5):
            sess.run(step, {x: X})
        assert sess.run(loss, {x: X}) < first and model.evaluate(X, np.zeros(20), verbose=0) == pytest.approx(sess.run(loss, {x: X}), rel=1e-5)


def test_learning_phase_is_that_of_the_run() -> None:
    model = tf.keras.Sequential([L.Dropout(0.5, input_shape=(100,)), L.Dense(1, use_bias=False, kernel_initializer="ones")])
    ones = np.ones((1, 100))
    run = K.function([model.input, K.learning_phase()], [model.layers[0].output])
    assert (run([ones, 0])[0] == 1).all() and set(run([ones, 1])[0].ravel()) == {0.0, 2.0}
    assert model.predict(ones)[0, 0] == 100
    K.clear_session()
    K.set_learning_phase(1)
    assert 0 in tf.keras.Sequential([L.Dropout(0.5, input_shape=(100,))]).predict(ones)


def test_updates_and_losses_are_those_of_the_inputs() -> None:
    a, b = tf.keras.Input((4,)), tf.keras.Input((4,))
    norm = L.BatchNormalization()
    one, two = tf.keras.Model(a, norm(a)), tf.keras.Model(b, norm(b))
    assert len(norm.updates) == 4 and len(one.updates) == len(two.updates) == 2
    norm.trainable = False
    assert one.updates == [] and one.trainable_weights == [] and len(one.non_trainable_weights) == 4


def test_frozen_layers_stay_as_they_were_compiled() -> None:
    model = small()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    changed = [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True]


# The losses of a generative adversarial net, step by step, from these weights on: TensorFlow 2.15's `tf.compat.v1.keras`.
ADVERSARIAL = [(0.68026495, 0.7290994, 0.66057587), (0.6652972, 0.729879, 0.6603135), (0.65277386, 0.72927356, 0.6601622)]


def drawn(model: Any) -> Any:
    rng = np.random.RandomState(7)
    model.set_weights([(rng.randn(*w.shape) * 0.1 + (0 if w.ndim > 1 else w)).astype("f") for w in model.get_weights()])
    return model


def test_nets_that_share_layers_train_what_each_was_compiled_with(caplog: pytest.LogCaptureFixture) -> None:
    judge = drawn(tf.keras.Sequential([L.Dense(8, input_dim=8), L.LeakyReLU(0.2), L.Dropout(0.0), L.Dense(1, activation="sigmoid")]))
    judge.compile(tf.keras.optimizers.Adam(0.01, 0.5), "binary_crossentropy")
    maker = drawn(tf.keras.Sequential([L.Dense(8, input_dim=3), L.LeakyReLU(0.2), L.BatchNormalization(momentum=0.8), L.Dense(8, activation="tanh")]))
    noise = tf.keras.Input((3,))
    judge.trainable = False
    both = tf.keras.Model(noise, judge(maker(noise)))
    both.compile(tf.keras.optimizers.Adam(0.01, 0.5), "binary_crossentropy")
    real, rng, losses = np.random.RandomState(0).rand(64, 8).astype("f")[:16], np.random.RandomState(1), []
    for _ in range(3):
        z = rng.randn(16, 3)
        made = maker.predict(z)
        losses.append((judge.train_on_batch(real, np.ones((16, 1))), judge.train_on_batch(made, np.zeros((16, 1))),
                       both.train_on_batch(z, np.ones((16, 1)))))
    np.testing.assert_allclose(losses, ADVERSARIAL, rtol=2e-6)
    assert judge.trainable_weights == [] and "compile says so anew" in caplog.text


def test_what_is_updated_is_as_it_was_compiled() -> None:
    norm = L.BatchNormalization(input_shape=(4,))
    alone, over = tf.keras.Sequential([norm, L.Dense(1)]), tf.keras.Sequential([L.Dense(4, input_shape=(4,))])
    alone.compile("sgd", "mse")
    norm.trainable = False
    over.add(norm)
    over.compile("sgd", "mse")
    before = norm.get_weights()
    over.train_on_batch(X, np.ones((20, 4)))
    assert all((a == b).all() for a, b in zip(before, norm.get_weights(), strict=True))
    alone.train_on_batch(X, Y)
    assert not any((a == b).all() for a, b in zip(before, norm.get_weights(), strict=True))


def test_model_of_several_graphs_keeps_a_session_each() -> None:
    first = small()
    with tf.Graph().as_default():
        second = small()
        second.fit(X, Y, verbose=0)
    first.fit(X, Y, verbose=0)
    assert first.predict(X).shape == second.predict(X).shape == (20, 1)


# ---------------------------------------------------------------------- data

def generator(count: int = 5) -> Iterator[Any]:
    while True:
        for at in range(0, 20, 20 // count):
            yield X[at:at + 20 // count], Y[at:at + 20 // count]


class Rows(tf.keras.utils.Sequence):
    ended = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return X[4 * index:4 * index + 4], Y[4 * index:4 * index + 4]

    def on_epoch_end(self) -> None:
        self.ended += 1


def dataset() -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)


def tensors() -> Any:
    return dataset().repeat().make_one_shot_iterator().get_next()


# What holds all examples, as `fit` takes it, in batches of 4.
SOURCES: dict[str, Callable[[], dict[str, Any]]] = {
    "arrays": lambda: {"x": X, "y": Y, "batch_size": 4}, "lists": lambda: {"x": [X], "y": [Y], "batch_size": 4},
    "plain": lambda: {"x": X.tolist(), "y": Y.tolist(), "batch_size": 4},
    "names": lambda: {"x": {"dense_input": X}, "y": {"dense": Y}, "batch_size": 4},
    "dataset": lambda: {"x": dataset()}, "steps": lambda: {"x": dataset().repeat(), "steps_per_epoch": 5},
    "iterator": lambda: {"x": dataset().repeat().make_one_shot_iterator(), "steps_per_epoch": 5},
    "generator": lambda: {"x": generator(), "steps_per_epoch": 5}, "sequence": lambda: {"x": Rows()},
    "tensors": lambda: dict(zip(("x", "y", "steps_per_epoch"), (*tensors(), 5), strict=True)),
}


@pytest.mark.parametrize("name", SOURCES)
def test_data_of_every_kind_come_to_the_same(name: str) -> None:
    model = constant()
    found = model.fit(**SOURCES[name](), epochs=2, verbose=0).history
    loss, error = np.mean((X.sum(1) * 0.5 - Y)**2), np.mean(abs(X.sum(1) * 0.5 - Y))
    assert found == {"loss": pytest.approx([loss] * 2, rel=1e-5), "mean_absolute_error": pytest.approx([error] * 2, rel=1e-5)}
    given = {("steps" if k == "steps_per_epoch" else k): v for k, v in SOURCES[name]().items()}
    assert model.evaluate(**given, verbose=0) == pytest.approx([loss, error], rel=1e-5)
    validated = model.fit(X, Y, verbose=0, validation_data=given["x"] if "y" not in given else (given["x"], given["y"]),
                          validation_steps=given.get("steps")).history
    assert validated["val_loss"] == pytest.approx([loss], rel=1e-5)


def test_sequence_is_told_of_the_end_of_epochs() -> None:
    rows = Rows()
    constant().fit(rows, epochs=3, verbose=0)
    assert rows.ended == 3


class Unmade(L.Layer):                  # a layer whose constructor forgets that of Layer
    def __init__(self) -> None:
        self.units = 1


WRONG: list[tuple[str, type[Exception], str, Callable[[Any], Any]]] = [
    ("not compiled", GraphError, "is not compiled", lambda m: tf.keras.models.clone_model(m).fit(X, Y)),
    ("width", FeedError, r"expected inner_input to have shape \(4,\) but got array with shape \(3,\)", lambda m: m.fit(X[:, :3], Y)),
    ("rank", FeedError, "expected inner_input to have 2 dimensions", lambda m: m.predict(X[None])),
    ("count", FeedError, "Found 20 input samples and 19 target samples", lambda m: m.fit(X, Y[1:])),
    ("several", FeedError, r"the model expects 1 arrays \(inner_input\), but got 2", lambda m: m.fit([X, X], Y)),
    ("no target", FeedError, "it needs targets", lambda m: m.fit(X)),
    ("target", FeedError, r"expected outer to have shape \(1,\)", lambda m: m.fit(X, np.zeros((20, 2)))),
    ("name", FeedError, "no data provided for 'inner_input'", lambda m: m.fit({"other": X}, Y)),
    ("class", FeedError, "class_weight must contain all classes", lambda m: m.fit(X, Y, class_weight={0: 1.0})),
    ("nothing left", FeedError, "leaves no example", lambda m: m.fit(X, Y, validation_split=0.99)),
    ("split of a generator", FeedError, "give validation_data", lambda m: m.fit(generator(), steps_per_epoch=1, validation_split=0.5)),
    ("loss", GraphError, "cubes", lambda m: m.compile("sgd", "cubes")),
    ("loss of another output", GraphError, "'inner' is no output", lambda m: m.compile("sgd", {"inner": "mse"})),
    ("weights", ShapeError, "3 arrays for 4 variables", lambda m: m.set_weights(m.get_weights()[:3])),
    ("weight", ShapeError, "inner/kernel:0 has shape", lambda m: m.set_weights([w.T for w in m.get_weights()])),
    ("layer", GraphError, "there are inner, outer", lambda m: m.get_layer("third")),
    ("name twice", GraphError, "unique names", lambda m: m.add(L.Dense(1, name="inner"))),
    ("no layer", GraphError, "instance of class Layer", lambda m: m.add("dense")),
    ("disconnected", GraphError, "graph disconnected", lambda m: tf.keras.Model(tf.keras.Input((4,)), m.output)),
    ("no target to validate", FeedError, "it needs targets", lambda m: m.fit(X, Y, validation_data=X, verbose=0)),
    ("no target after training", FeedError, "it needs targets", lambda m: (m.fit(X, Y, verbose=0), m.evaluate(X))),
    ("batch below 0", FeedError, "batch_size is a whole number above 0, not -3", lambda m: m.fit(X, Y, batch_size=-3)),
    ("part of a batch", FeedError, "not 2.5", lambda m: m.predict(X, batch_size=2.5)),
    ("callback", GraphError, "instance of tf.keras.callbacks.Callback, not 3", lambda m: m.fit(X, Y, callbacks=[3], verbose=0)),
    ("no super", GraphError, r"Unmade.__init__ comes without super\(\).__init__\(\)", lambda m: m.add(Unmade())),
    ("configuration", GraphError, "zeros_initializer is not made from {'dtvpe': 1}.*dtvpe",
     lambda m: tf.keras.initializers.deserialize({"class_name": "Zeros", "config": {"dtvpe": 1}})),
    ("no file", NotFoundError, "there is no file", lambda m: m.load_weights("nowhere")),
]


@pytest.mark.parametrize("error, message, call", [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said(error: type[Exception], message: str, call: Callable[[Any], Any]) -> None:
    with pytest.raises(error, match=message):
        call(small())


# ---------------------------------------------------------------------- a step is one run

def test_a_step_is_one_run_of_one_program() -> None:
    model = small(metrics=["mae"])
    for size in (5, 7):
        model.fit(X, Y, batch_size=size, verbose=0)
    session = K.get_session()
    programs, runs = session.compile_stats()["programs"], int(session.values.counter(None)[0])
    model.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    # Other sizes of batches make no other program; each of the 3 batches of 3 epochs is one run, and the metric's 2 numbers are set each time.
    assert session.compile_stats()["programs"] == programs and int(session.values.counter(None)[0]) - runs == 9 + 6
