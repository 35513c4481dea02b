"""A model as an estimator trains as `fit` does with the same batches, to the bit, and says what `evaluate` and `predict` say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import GraphError

L, K = tf.keras.layers, tf.keras
RNG = np.random.RandomState(3)
X, Y = RNG.randn(24, 3).astype("f4"), RNG.randn(24, 1).astype("f4")
CLASSES, WEIGHTS = (RNG.rand(24) * 3).astype("i4"), RNG.rand(24).astype("f4")


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    tf.set_random_seed(1)
    yield


def row() -> Any:
    model = K.Sequential([L.Dense(4, "tanh", input_shape=(3,), name="a"), L.BatchNormalization(name="bn"), L.Dense(1, name="b")])
    model.compile(K.optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["mae"])
    return model


def classes() -> Any:
    model = K.Sequential([L.Dense(3, "softmax", input_shape=(3,), name="p")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def machine() -> Any:
    model = K.Sequential([L.Dense(1, input_shape=(3,), name="only")])
    model.compile(tf.train.AdagradOptimizer(0.1), "mse")
    return model


def forked() -> Any:
    one, two = K.Input((3,), name="one"), K.Input((3,), name="two")
    h = L.Dense(4, "relu", name="h")(L.concatenate([one, two], name="both"))
    model = K.Model([one, two], [L.Dense(1, name="u")(h), L.Dense(1, name="v", activity_regularizer="l2")(h)])
    model.compile(K.optimizers.RMSprop(0.01), {"u": "mse", "v": "mae"}, metrics={"u": ["mse"]}, loss_weights={"u": 1.0, "v": 0.5})
    return model


# A model | what its estimator is given, and what `fit` is, as arrays.
SAME: list[tuple[str, Callable[[], Any], Any, Any]] = [
    ("row", row, (X, Y), ((X, Y), {})),
    ("numbers for rows of one", row, (X, Y[:, 0]), ((X, Y), {})),
    ("float64", row, (X.astype("f8"), Y.astype("f8")), ((X, Y), {})),
    ("weights", row, ({"features": X, "sample_weights": WEIGHTS}, Y), ((X, Y), {"sample_weight": WEIGHTS})),
    ("classes", classes, (X, CLASSES), ((X, CLASSES), {})),
    ("by name", classes, ({"p_input": X, "other": Y}, {"p": CLASSES}), ((X, CLASSES), {})),
    ("machine", machine, (X, Y), ((X, Y), {})),
    ("forked", forked, ({"two": X, "one": X + 1}, {"v": Y, "u": Y + 1}), (([X + 1, X], [Y + 1, Y]), {})),
]


@pytest.mark.parametrize("make, given, fed", [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_an_estimator_is_its_model(make, given, fed):
    model = make()
    arrays, options = fed
    before = model.get_weights()
    estimator = K.estimator.model_to_estimator(model)

    def batches() -> Any:
        return tf.data.Dataset.from_tensor_slices(given).batch(8)
    estimator.train(batches)
    for value, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)              # the model itself stays
    model.fit(*arrays, batch_size=8, shuffle=False, verbose=0, **options)
    for variable, value in zip(model.weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(estimator.get_variable_value(variable.op.name), value, err_msg=variable.name)
    found = estimator.evaluate(batches)
    assert found["global_step"] == 3
    told = dict(zip(model.metrics_names, np.ravel(model.evaluate(*arrays, batch_size=8, verbose=0, **options)), strict=True))
    assert {*found} - {"global_step"} == {n for n in told if n == "loss" or not n.endswith("_loss")}
    for name in {*found} - {"global_step"}:
        np.testing.assert_allclose(found[name], told[name], rtol=1e-6, err_msg=name)
    first = next(iter(estimator.predict(batches)))
    outputs = model.predict(arrays[0], batch_size=8)
    for name, y in zip(model.output_names, outputs if isinstance(outputs, list) else [outputs], strict=True):
        np.testing.assert_array_equal(first[name], y[0])


def test_training_goes_on_from_a_checkpoint(tmp_path):
    estimator = K.estimator.model_to_estimator(machine(), model_dir=str(tmp_path))
    data = lambda: tf.data.Dataset.from_tensors((X, Y)).repeat()  # noqa: E731
    estimator.train(data, steps=2)
    value = estimator.get_variable_value("only/kernel")
    again = K.estimator.model_to_estimator(machine(), model_dir=str(tmp_path))
    np.testing.assert_array_equal(again.get_variable_value("only/kernel"), value)
    again.train(data, max_steps=5)
    assert again.get_variable_value("global_step") == 5


def test_a_model_comes_from_a_file(tmp_path):
    model = row()
    path = str(tmp_path / "model")
    model.save(path)
    estimator = K.estimator.model_to_estimator(keras_model_path=path, custom_objects={"nothing": abs})
    estimator.train(lambda: tf.data.Dataset.from_tensors((X, Y)))
    model.fit(X, Y, batch_size=24, shuffle=False, verbose=0)
    np.testing.assert_array_equal(estimator.get_variable_value("a/kernel"), model.get_weights()[0])


def test_copies_lie_on_the_tensors_they_are_given():
    model = forked()
    x = tf.keras.Input((3,), name="mine")
    copied = K.models.clone_model(model, [x, tf.zeros([2, 3])])
    assert copied.input_names == ["mine", "two"] and copied.output_names == ["u", "v"]
    assert [layer.name for layer in copied.layers] == ["mine", "two", "both", "h", "u", "v"]
    assert copied.get_layer("h") is not model.get_layer("h")
    with pytest.raises(GraphError, match="takes 2 inputs, not 1"):
        K.models.clone_model(model, [x])


class Subclass(K.Model):
    def call(self, inputs: Any) -> Any:
        return inputs


def uncompiled() -> Any:
    return K.Sequential([L.Dense(1, input_shape=(3,))])


@pytest.mark.parametrize("build, message", [
    (lambda: K.estimator.model_to_estimator(), "takes keras_model or keras_model_path, none is given"),
    (lambda: K.estimator.model_to_estimator(row(), "path"), "takes keras_model or keras_model_path, both are given"),
    (lambda: K.estimator.model_to_estimator(row(), checkpoint_format="h5"), "checkpoint_format is 'saver' or 'checkpoint', .* not 'h5'"),
    (lambda: K.estimator.model_to_estimator(uncompiled()), r"is not compiled: model.compile\(optimizer, loss\) comes before it"),
    (lambda: K.estimator.model_to_estimator(Subclass()), "is a subclass, described by its code alone"),
    (lambda: K.estimator.model_to_estimator(forked()).train(lambda: tf.data.Dataset.from_tensors(({"one": X}, {"u": Y, "v": Y}))),
     "features have no 'two'; there are one, and the model asks for one, two"),
    (lambda: K.estimator.model_to_estimator(forked()).train(lambda: tf.data.Dataset.from_tensors((X, {"u": Y, "v": Y}))),
     "takes 2 inputs, the features are 1"),
])
def test_refusals(build, message):
    with pytest.raises(GraphError, match=message):
        build()
