"""Models of Keras, one row each, as functions of a `keras` module: run by graphc, and by TensorFlow for the values in tests/data/keras_golden.

`python -m tests.keras.model_cases FILE`, where TensorFlow 2.15 is installed, writes them anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


def rows(count: int = 24, width: int = 6) -> Any:
    return np.random.RandomState(0).randn(count, width).astype("float32")


def classes(x: Any, count: int = 3) -> Any:
    return (np.abs(x).sum(axis=tuple(range(1, x.ndim))) * 10).astype("int64") % count


def mlp(k: Any) -> Any:
    return k.models.Sequential([k.layers.Dense(5, activation="relu", input_shape=(6,)), k.layers.Dense(3, activation="softmax")])


def deferred(k: Any) -> Any:
    return k.models.Sequential([k.layers.Dense(5, activation="tanh"), k.layers.Dense(3, activation="softmax")])


def regression(k: Any) -> Any:
    model = k.models.Sequential(name="line")
    model.add(k.layers.InputLayer(input_shape=(6,)))
    model.add(k.layers.Dense(4, kernel_regularizer=k.regularizers.l2(0.1), activity_regularizer=k.regularizers.l1(0.01), name="hidden"))
    model.add(k.layers.Dense(1, use_bias=False))
    return model


def branches(k: Any) -> Any:
    a, b = k.layers.Input((6,), name="left"), k.layers.Input((2,), name="right")
    x = k.layers.Dense(4, activation="relu")(a)
    both = k.layers.concatenate([x, b])
    return k.models.Model([a, b], [k.layers.Dense(3, activation="softmax", name="kind")(both), k.layers.Dense(1, name="size")(x)])


def shared(k: Any) -> Any:
    a = k.layers.Input((6,))
    layer = k.layers.Dense(6, activation="tanh", name="again")
    y = k.layers.add([layer(layer(a)), a])
    return k.models.Model(a, k.layers.Dense(3, activation="softmax")(y))


def nested(k: Any) -> Any:
    inner = k.models.Sequential([k.layers.Dense(4, activation="relu", input_shape=(6,)), k.layers.Dense(4)], name="inner")
    a = k.layers.Input((6,))
    return k.models.Model(a, k.layers.Dense(3, activation="softmax")(k.layers.add([inner(a), inner(k.layers.Activation("tanh")(a))])))


def normed(k: Any) -> Any:
    return k.models.Sequential([k.layers.Dense(5, input_shape=(6,)), k.layers.BatchNormalization(momentum=0.8), k.layers.Activation("relu"),
                                k.layers.Dense(3, activation="softmax")])


def frozen(k: Any) -> Any:
    model = mlp(k)
    model.layers[0].trainable = False
    return model


def pictures(k: Any) -> Any:
    return k.models.Sequential([k.layers.Conv2D(3, 3, activation="relu", input_shape=(6, 6, 1)), k.layers.MaxPooling2D(), k.layers.Flatten(),
                                k.layers.Dense(3, activation="softmax")])


def masked(k: Any) -> Any:
    return k.models.Sequential([k.layers.Embedding(7, 4, mask_zero=True, input_length=5), k.layers.LSTM(4), k.layers.Dense(1, activation="sigmoid")])


def each_step(k: Any) -> Any:
    return k.models.Sequential([k.layers.Masking(input_shape=(5, 2)), k.layers.SimpleRNN(3, return_sequences=True),
                                k.layers.TimeDistributed(k.layers.Dense(2))])


def subclass(k: Any) -> Any:
    class Net(k.models.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__(name="net")
            self.first, self.rest = k.layers.Dense(5, activation="relu"), [k.layers.Dense(4), k.layers.Dense(3, activation="softmax")]

        def call(self, inputs: Any) -> Any:
            x = self.first(inputs)
            for layer in self.rest:
                x = layer(x)
            return x
    return Net()


def added(k: Any) -> Any:
    a = k.layers.Input((6,))
    y = k.layers.Dense(3, activation="softmax")(a)
    model = k.models.Model(a, y)
    model.add_loss(0.1 * k.backend.mean(k.backend.square(y)))
    return model


class Case(NamedTuple):
    """A model, what `compile` is told, what `fit` is; `x`, `y`: made of nothing."""

    make: Callable[[Any], Any]
    compiled: dict[str, Any]
    data: Callable[[], tuple[Any, Any]]
    fit: dict[str, Any] = {}


def flat() -> tuple[Any, Any]:
    return rows(), classes(rows())


def one_hot() -> tuple[Any, Any]:
    return rows(), np.eye(3, dtype="float32")[classes(rows())]


def numbers() -> tuple[Any, Any]:
    return rows(), rows().sum(1)


def two() -> tuple[Any, Any]:
    return [rows(), rows(24, 2)], [classes(rows()), rows().sum(1)]


def words() -> tuple[Any, Any]:
    x = np.random.RandomState(1).randint(0, 7, (24, 5))
    x[:, 3:] *= x[:, 3:] > 3
    return x, x.sum(1) % 2


def steps() -> tuple[Any, Any]:
    x = rows(24, 10).reshape(24, 5, 2)
    x[::2, 3:] = 0
    return x, np.cumsum(x, 1)


def images() -> tuple[Any, Any]:
    x = np.random.RandomState(2).rand(24, 6, 6, 1).astype("float32")
    return x, classes(x)


SPARSE = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
CASES = {
    "mlp": Case(mlp, SPARSE, flat, {"validation_split": 0.25}),
    "mlp_sgd": Case(mlp, {"optimizer": "sgd", "loss": "categorical_crossentropy", "metrics": ["acc", "mse"]}, one_hot, {"shuffle": False}),
    "mlp_rmsprop": Case(mlp, {**SPARSE, "optimizer": "rmsprop"}, flat, {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}),
    "mlp_adagrad": Case(mlp, {**SPARSE, "optimizer": "adagrad"}, flat, {"sample_weight": np.linspace(0.5, 2, 24).astype("float32")}),
    "mlp_weighted": Case(mlp, {**SPARSE, "weighted_metrics": ["accuracy"]}, flat, {"sample_weight": np.linspace(0, 2, 24).astype("float32")}),
    "mlp_batches": Case(mlp, SPARSE, flat, {"batch_size": 7, "shuffle": "batch"}),
    "deferred": Case(deferred, SPARSE, flat), "subclass": Case(subclass, SPARSE, flat),
    "regression": Case(regression, {"optimizer": "sgd", "loss": "mse", "metrics": ["mae"]}, numbers),
    "branches": Case(branches, {"optimizer": "adam", "loss": ["sparse_categorical_crossentropy", "mse"], "loss_weights": [1.0, 0.5],
                                "metrics": {"kind": ["accuracy"], "size": ["mae"]}}, two),
    "shared": Case(shared, SPARSE, flat), "nested": Case(nested, SPARSE, flat), "normed": Case(normed, SPARSE, flat),
    "frozen": Case(frozen, SPARSE, flat), "pictures": Case(pictures, SPARSE, images),
    "masked": Case(masked, {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy"]}, words),
    "each_step": Case(each_step, {"optimizer": "adam", "loss": "mse", "metrics": ["mae"]}, steps),
    "added": Case(added, SPARSE, flat),
}


def ran(k: Any, case: Case, weights: list[Any] | None = None) -> dict[str, Any]:
    """What a model of a case comes to, from these weights on, or from its own."""
    model = case.make(k)
    x, y = case.data()
    model.compile(**case.compiled)
    if not model.built or model.inputs is None:
        model.predict(x[:2])
    if weights is None:
        weights = model.get_weights()
    model.set_weights(weights)
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    np.random.seed(3)
    history = model.fit(x, y, **{"epochs": 3, "batch_size": 8, "verbose": 0, **case.fit}).history
    found = model.predict(x)
    evaluated = model.evaluate(x, y, verbose=0)
    return {"weights": weights, "names": [w.name for w in model.weights], "layers": [layer.name for layer in model.layers], "summary": lines,
            "history": {name: [float(v) for v in values] for name, values in history.items()},
            "predicted": found if isinstance(found, list) else [found], "metrics_names": list(model.metrics_names),
            "evaluated": [float(v) for v in np.atleast_1d(evaluated)], "after": model.get_weights()}


def write(path: str) -> None:
    """Write what TensorFlow makes of all cases."""
    import tensorflow.compat.v1 as tf
    tf.disable_v2_behavior()
    arrays: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for name, case in CASES.items():
        tf.keras.backend.clear_session()
        result = ran(tf.keras, case)
        for part in ("weights", "predicted", "after"):
            arrays.update({f"{name}/{part}/{i}": a for i, a in enumerate(result.pop(part))})
        told[name] = result
    np.savez_compressed(path, told=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)


if __name__ == "__main__":
    write(sys.argv[1])
