"""Keras beyond its core: layers of feature columns, ready models, schedules along cosines, copies, files and servers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, GraphError, ShapeError

K, L, E, col = tf.keras, tf.keras.layers, tf.keras.experimental, tf.feature_column
WORDS = np.array([["x"], ["y"], ["x"], ["z"]])


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    K.backend.set_session(tf.Session(jit=False))
    yield


def run(fetch: Any, feed: Any = None) -> Any:
    return K.backend.get_session().run(fetch, feed)


# ---------------------------------------------------------------------- layers of feature columns

def columns(**options: Any) -> list[Any]:
    words = col.categorical_column_with_vocabulary_list("w", ["x", "y"], num_oov_buckets=1)
    return [col.numeric_column("n", shape=[2], normalizer_fn=half), col.indicator_column(words), col.embedding_column(words, 2, **options),
            col.bucketized_column(col.numeric_column("b"), [0.0, 1.0]),
            col.indicator_column(col.crossed_column(["w", "c"], 4, hash_key=5)),
            col.indicator_column(col.weighted_categorical_column(col.categorical_column_with_identity("c", 3), "k"))]


def half(x: Any) -> Any:
    return x * 0.5


def features() -> dict[str, Any]:
    return {"n": np.arange(8.0, dtype=np.float32).reshape(4, 2), "w": WORDS, "b": np.array([[-1.0], [0.5], [2.0], [0.0]], np.float32),
            "c": np.array([[0], [2], [1], [1]]), "k": np.array([[0.5], [2.0], [1.0], [3.0]], np.float32)}


def test_dense_features_are_the_columns_side_by_side() -> None:
    """Every column by its name, as `input_layer` has it; another call has the same variables."""
    table = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    layer, told = L.DenseFeatures(columns(), name="first"), {}
    one, other = layer(features(), cols_to_output_tensors=told), layer(features())
    layer.set_weights([table])
    whole = run(col.input_layer(features(), columns(initializer=tf.constant_initializer(table))))
    np.testing.assert_array_equal(run(one), whole)
    np.testing.assert_array_equal(run(other), whole)
    assert [v.name for v in layer.weights] == ["first/w_embedding/embedding_weights:0"] and len(told) == 6
    assert layer.compute_output_shape({"n": (4, 2)}).as_list() == [4, 2 + 3 + 2 + 3 + 4 + 3]


def test_a_layer_of_columns_is_described_by_data() -> None:
    layer = L.DenseFeatures(columns(initializer=tf.keras.initializers.Constant(2.0)), trainable=False)
    config = json.loads(json.dumps(layer.get_config()))
    made = L.DenseFeatures.from_config(config, {"half": half})
    one, other = layer(features()), made(features())
    np.testing.assert_array_equal(run(one), run(other))
    assert made.trainable_weights == [] and made.name == layer.name
    with pytest.raises(GraphError, match="'half' is not known"):
        L.DenseFeatures.from_config(config)
    with pytest.raises(GraphError, match="does not describe a feature column"):
        L.DenseFeatures.from_config({"feature_columns": [{"class_name": "Column"}]})


@pytest.mark.parametrize("source", ["arrays", "dataset", "functional"])
def test_models_of_dicts(source: str, tmp_path: Path) -> None:
    """A model that begins with columns takes a dict, by its keys in any order, in training and from a file."""
    words = col.embedding_column(col.categorical_column_with_vocabulary_list("w", ["x", "y"]), 2)
    inner = [L.DenseFeatures([col.numeric_column("b"), words]), L.Dense(1)]
    x, y = {"w": WORDS, "b": np.ones((4, 1), np.float32)}, np.ones((4, 1), np.float32)
    if source == "functional":
        given = {"w": K.Input((1,), name="w", dtype="string"), "b": K.Input((1,), name="b")}
        model = K.Model(given, inner[1](inner[0](given)))
    else:
        model = K.Sequential(inner)
    model.compile(K.optimizers.SGD(0.1), "mse")
    before = None if source != "functional" else model.get_weights()
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4) if source == "dataset" else x
    history = model.fit(data, None if source == "dataset" else y, epochs=3, verbose=0)
    losses = history.history["loss"]
    assert losses[2] < losses[1] < losses[0] and before is None or not np.array_equal(before[0], model.get_weights()[0])
    path = str(tmp_path / "model")
    model.save(path)
    np.testing.assert_array_equal(K.models.load_model(path).predict(x), model.predict(x))


def test_features_of_sequences() -> None:
    words = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 0, 2], [2, 2])
    numbers = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1.0, 2.0, 3.0], [2, 2])
    steps = [col.sequence_numeric_column("n"), col.indicator_column(col.sequence_categorical_column_with_identity("w", 3))]
    x, lengths = E.SequenceFeatures(steps)({"w": words, "n": numbers})
    assert run(lengths).tolist() == [2, 1]
    assert run(x).tolist() == [[[1, 0, 1, 0], [2, 1, 0, 0]], [[3, 0, 0, 1], [0, 0, 0, 0]]]


@pytest.mark.parametrize("make, error, message", [
    (lambda: L.DenseFeatures([]), ArgumentError, "takes a list of feature columns"),
    (lambda: L.DenseFeatures(col.categorical_column_with_identity("c", 3)), ArgumentError, "DenseFeatures takes dense columns"),
    (lambda: L.DenseFeatures([col.sequence_numeric_column("n")]), ArgumentError, "is one of sequences"),
    (lambda: E.SequenceFeatures([col.numeric_column("n")]), ArgumentError, "SequenceFeatures takes sequence_numeric_column"),
    (lambda: L.DenseFeatures([col.numeric_column("n")])(tf.zeros([2, 1])), ArgumentError, "takes a dict of features"),
    (lambda: L.DenseFeatures([col.numeric_column("n")])({"m": [1.0]}), GraphError, "n"),
])
def test_columns_that_do_not_fit(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---------------------------------------------------------------------- ready models

def test_a_linear_model_is_a_weighted_sum() -> None:
    model = E.LinearModel(2, activation="tanh")
    a, b = np.float32([[1.0, 2.0]]), np.float32([[3.0]])
    y = model([tf.constant(a), tf.constant(b)])
    bias, first, second = np.float32([0.5, -0.5]), np.float32([[0.1, 0.2], [0.3, 0.4]]), np.float32([[-0.1, 0.2]])
    model.set_weights([{(2,): bias, (2, 2): first, (1, 2): second}[tuple(v.shape.as_list())] for v in model.weights])
    np.testing.assert_allclose(run(y), np.tanh(a @ first + b @ second + bias), rtol=1e-6)
    assert E.LinearModel.from_config(model.get_config()).get_config() == model.get_config()
    with pytest.raises(ShapeError, match="expected 2 inputs, but got 1"):
        model(tf.constant(a))


def test_two_optimizers_of_a_wide_and_deep_model() -> None:
    """Each moves the variables of its model: one step of descent with other rates."""
    wide = E.LinearModel(use_bias=False, kernel_initializer="ones")
    deep = K.Sequential([L.Dense(1, use_bias=False, kernel_initializer="ones")])
    model = E.WideDeepModel(wide, deep)
    model.compile([K.optimizers.SGD(0.25), K.optimizers.SGD(0.5)], "mse")
    x = np.float32([[1.0]])
    model.fit([x, 2 * x], np.float32([[0.5]]), verbose=0)       # (1 + 2) / 2 - 1/2 = 1, slopes 1 and 2
    assert [float(m.get_weights()[0].item()) for m in (wide, deep)] == [0.75, 0.0]
    assert [type(o).__name__ for o in model.optimizer] == ["SGD", "SGD"]
    assert E.WideDeepModel.from_config(model.get_config()).get_config()["activation"] == "linear"
    with pytest.raises(ArgumentError, match="3 optimizers"):
        model.compile(["sgd"] * 3, "mse")


# By TensorFlow 2.15, at steps 0, 3, 7 and 12.
RATES = [
    (lambda: E.CosineDecay(0.5, 10, alpha=0.1), [0.5, 0.4072516858577728, 0.14274832606315613, 0.05000000074505806]),
    (lambda: E.CosineDecayRestarts(0.5, 4, t_mul=2.0, m_mul=0.5, alpha=0.1), [0.5, 0.11590097844600677, 0.205551877617836, 0.16249999403953552]),
    (lambda: E.LinearCosineDecay(0.5, 10, num_periods=1.5, alpha=0.2, beta=0.01), None),
    (lambda: E.NoisyLinearCosineDecay(0.5, 10, initial_variance=0.0, num_periods=1.5, alpha=0.2, beta=0.01), None),
]


@pytest.mark.parametrize("make, wanted", RATES, ids=lambda v: "")
def test_rates_along_cosines(make: Any, wanted: Any) -> None:
    rate, steps = make(), np.float32([0, 3, 7, 12])
    if wanted is None:              # the line and the cosine as Bello et al. have them
        part = np.minimum(steps, 10) / 10
        wanted = 0.5 * ((0.2 + 1 - part) * 0.5 * (1 + np.cos(np.pi * 2 * 1.5 * part)) + 0.01)
    np.testing.assert_allclose([run(rate(t)) for t in steps], wanted, rtol=1e-5, atol=1e-7)
    again = K.optimizers.schedules.deserialize(K.optimizers.schedules.serialize(rate))
    assert type(again) is type(rate) and again.get_config() == rate.get_config()
    K.optimizers.SGD(rate).get_updates(tf.square(tf.Variable(1.0)), [tf.trainable_variables()[0]])


def test_a_cell_with_peepholes() -> None:
    """Against the equations of Gers and Schmidhuber, in NumPy."""
    x = np.random.default_rng(0).normal(size=(2, 3, 2)).astype(np.float32)
    layer = L.RNN(E.PeepholeLSTMCell(2, recurrent_activation="sigmoid"), return_sequences=True)
    y = layer(tf.constant(x))
    draws = np.random.default_rng(1)
    layer.set_weights([draws.normal(size=v.shape.as_list()).astype(np.float32) for v in layer.weights])
    kernel, recurrent, bias, of_i, of_f, of_o = layer.get_weights()
    h, c, wanted = np.zeros((2, 2)), np.zeros((2, 2)), []
    for t in range(3):
        i, f, new, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
        old, c = c, sigmoid(f + of_f * c) * c + sigmoid(i + of_i * c) * np.tanh(new)
        assert old.shape == c.shape
        h = sigmoid(o + of_o * c) * np.tanh(c)
        wanted.append(h)
    np.testing.assert_allclose(run(y), np.stack(wanted, 1), rtol=1e-5, atol=1e-6)


def test_cells_of_a_programs_own() -> None:
    class Plain(L.AbstractRNNCell):
        @property
        def state_size(self) -> Any:
            return (tf.TensorShape([2, 3]), 4)
    assert [x.shape.as_list() for x in Plain().get_initial_state(batch_size=5, dtype=tf.float32)] == [[5, 2, 3], [5, 4]]
    for ask in (lambda: Plain().call(0, 0), lambda: Plain().output_size, lambda: L.AbstractRNNCell().state_size):
        with pytest.raises(NotImplementedError, match="does not say"):
            ask()


# By TensorFlow 2.15: the kernel has its own places as numbers.
RINGS = {2: [[0, 0], [0, 0]], 3: [[4, 4, 4], [4, 0, 4], [4, 4, 4]], 4: [[15, 15, 15, 15], [15, 5, 5, 15], [15, 5, 5, 15], [15, 15, 15, 15]],
         5: [[18, 18, 18, 18, 18], [18, 12, 12, 12, 18], [18, 12, 6, 12, 18], [18, 12, 12, 12, 18], [18, 18, 18, 18, 18]],
         6: [[35] * 6, [35, *[28] * 4, 35], [35, 28, 14, 14, 28, 35], [35, 28, 14, 14, 28, 35], [35, *[28] * 4, 35], [35] * 6]}


@pytest.mark.parametrize("size", RINGS)
def test_kernels_of_rings(size: int) -> None:
    w = np.arange(size * size, dtype=np.float32)[:, None] * np.float32([1, 10, 100, 1000, 0, -1])
    found = run(K.constraints.get("radial_constraint")(tf.constant(w.reshape(size, size, 2, 3))))
    np.testing.assert_array_equal(found[:, :, 0, 0], RINGS[size])
    np.testing.assert_array_equal(found.reshape(size, size, 6)[:, :, [1, 5]], np.float32(RINGS[size])[:, :, None] * np.float32([10, -1]))


@pytest.mark.parametrize("shape", [(3, 4, 1, 1), (3, 3), (1, 1, 2, 2), None])
def test_kernels_without_rings(shape: Any) -> None:
    with pytest.raises(ShapeError, match="RadialConstraint"):
        K.constraints.RadialConstraint()(tf.placeholder(tf.float32, shape))


# ---------------------------------------------------------------------- utilities

def test_a_model_as_copies() -> None:
    """Rows are shared out, the last copy has what is left over, and training moves the variables of the model."""
    a, b = K.Input((2,)), K.Input((2,))
    model = K.Model([a, b], [L.Dense(3, name="one")(L.add([a, b])), L.Dense(1, name="two")(b)])
    copies = K.utils.multi_gpu_model(model, gpus=[0, 2, 3])
    x = [np.random.default_rng(i).normal(size=(7, 2)).astype(np.float32) for i in range(2)]
    for one, other in zip(model.predict(x), copies.predict(x), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-6)
    assert copies.output_names == ["one", "two"]
    before = model.get_weights()
    copies.compile("sgd", "mse")
    copies.fit(x, [np.ones((7, 3)), np.ones((7, 1))], verbose=0)
    assert not np.array_equal(before[0], model.get_weights()[0])
    clone = K.utils.multi_gpu_model(K.Sequential([L.Dense(1, input_shape=(2,))]), 2, cpu_relocation=True)
    assert clone.predict(x[0]).shape == (7, 1)
    with pytest.raises(ArgumentError, match="gpus is 2 or more"):
        K.utils.multi_gpu_model(model, 1)


def test_kernels_turned_around() -> None:
    """Those of convolutions, along the window alone, and of no other layer."""
    model = K.Sequential([L.Conv2D(2, (2, 3), input_shape=(4, 5, 1)), L.Flatten(), L.Dense(1)])
    before = model.get_weights()
    K.utils.convert_all_kernels_in_model(model)
    after = model.get_weights()
    np.testing.assert_array_equal(after[0], before[0][::-1, ::-1])
    np.testing.assert_array_equal(after[2], before[2])


def test_rows_of_a_file(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = str(tmp_path / "rows.h5")
    with h5py.File(path, "w") as file:
        file["x"], file["y"] = np.arange(20.0, dtype=np.float32).reshape(10, 2), np.arange(10.0, dtype=np.float32)
    x, y = K.utils.HDF5Matrix(path, "x", start=2, normalizer=lambda a: a + 1), K.utils.HDF5Matrix(path, "y", 2, 10)
    assert (len(x), x.shape, x.ndim, x.size, x.dtype) == (8, (8, 2), 2, 16, np.float32)
    assert x[0].tolist() == [5, 6] and x[1:3].tolist() == [[7, 8], [9, 10]] and x[[0, 7]].tolist() == [[5, 6], [19, 20]]
    assert y[np.array([1, 2])].tolist() == [3, 4] and y[:].tolist() == list(range(2, 10))
    for key in (8, slice(0, 9), [0, 8]):
        with pytest.raises(IndexError, match="beyond the 8 rows"):
            x[key]
    model = K.Sequential([L.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    assert len(model.fit(x, y, batch_size=3, shuffle="batch", verbose=0).history["loss"]) == 1
    assert model.predict(x).shape == (8, 1)


def test_who_hands_out_batches_says_what_they_are() -> None:
    with pytest.raises(NotImplementedError, match="has no get"):
        K.utils.SequenceEnqueuer([1]).get()
    assert isinstance(K.utils.OrderedEnqueuer([1]), K.utils.SequenceEnqueuer)
    assert E.terminate_keras_multiprocessing_pools() is None


# ---------------------------------------------------------------------- a server that is told

class Heard(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers that it did not understand."""

    kept: list[tuple[str, str, str]] = []

    def do_POST(self) -> None:          # noqa: N802  (the name that the library calls)
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.kept.append((self.path, self.headers["Content-Type"], text))
        self.send_response(500)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.mark.parametrize("as_json", [True, False])
def test_a_server_is_told_of_epochs(as_json: bool) -> None:
    Heard.kept = []
    with HTTPServer(("127.0.0.1", 0), Heard) as server:
        listening = threading.Thread(target=server.handle_request)
        listening.start()
        monitor = K.callbacks.RemoteMonitor(f"http://127.0.0.1:{server.server_port}", "/here", field="f", send_as_json=as_json)
        monitor.on_epoch_end(3, {"loss": np.float32(0.5)})
        listening.join()
    ((path, kind, text),) = Heard.kept
    assert path == "/here" and kind == ("application/json" if as_json else "application/x-www-form-urlencoded")
    assert json.loads(text if as_json else parse_qs(text)["f"][0]) == {"epoch": 3, "loss": 0.5}


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("graphc.keras.callbacks_remote.warning", lambda text, *args: told.append(text % args))
    for root in ("file:///etc", "http://127.0.0.1:1"):
        K.callbacks.RemoteMonitor(root).on_epoch_end(0)
    assert len(told) == 2 and all("could not reach RemoteMonitor root server" in text for text in told)
