"""Models as estimators of scikit-learn: labels, arguments and where they go, scores, and what is told wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import ArgumentError, FeedError, GraphError

K, L = tf.keras, tf.keras.layers


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    K.backend.set_session(tf.Session(jit=False))
    yield


def classifier(loss: str = "categorical_crossentropy", units: int = 2) -> Any:
    model = K.Sequential([L.Dense(units, input_shape=(2,), activation="softmax" if units > 1 else "sigmoid", kernel_initializer="zeros")])
    model.compile(K.optimizers.SGD(1.0), loss, metrics=["accuracy"])
    return model


X, Y = np.float32([[1, 0], [2, 0], [0, 1], [0, 3]]), np.array(["b", "b", "a", "a"])


@pytest.mark.parametrize("options", [{}, {"loss": "sparse_categorical_crossentropy"}, {"loss": "binary_crossentropy", "units": 1}])
def test_classifiers(options: dict[str, Any]) -> None:
    """Labels may be texts; probabilities are of both classes; arguments go to the function, to `fit` and to `predict`."""
    found = K.wrappers.scikit_learn.KerasClassifier(classifier, epochs=20, verbose=0, **options)
    assert len(found.fit(X, Y).history["loss"]) == 20
    assert found.predict(X).ravel().tolist() == Y.tolist() and found.n_classes_ == 2
    np.testing.assert_allclose(found.predict_proba(X).sum(1), 1.0, rtol=1e-5)
    assert found.score(X, Y) == 1.0
    assert found.set_params(epochs=2).get_params() == {"epochs": 2, "verbose": 0, "build_fn": classifier, **options}
    assert len(found.fit(X, np.eye(2)[[0, 0, 1, 1]] if not options else Y, epochs=1).history["loss"]) == 1


class Doubled(K.wrappers.scikit_learn.KerasRegressor):
    """A regressor that says itself what it makes."""

    def __call__(self, rate: float = 0.1) -> Any:
        model = K.Sequential([L.Dense(1, input_shape=(2,), kernel_initializer="ones")])
        model.compile(K.optimizers.SGD(rate), "mse")
        return model


def test_regressors() -> None:
    found = Doubled(rate=0.0, verbose=0)
    found.fit(X, X.sum(1))
    assert found.predict(X).tolist() == [1.0, 2.0, 1.0, 3.0] and found.score(X, X.sum(1) + 2.0) == -4.0


def uncounted() -> Any:
    model = K.Sequential([L.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("make, error, message", [
    (lambda s: s.KerasClassifier(classifier, epcohs=2), ArgumentError, "'epcohs' is not a legal parameter"),
    (lambda s: s.KerasClassifier(classifier).set_params(lr=2), ArgumentError, "'lr' is not a legal parameter"),
    (lambda s: s.KerasRegressor(), GraphError, "there is no function that makes the model"),
    (lambda s: s.KerasClassifier(classifier).fit(X, np.zeros((2, 2, 2))), FeedError, "labels are of the shape"),
    (lambda s: (lambda c: (c.fit(X, [0, 1, 0, 1]), c.score(X, [0, 1, 0, 1])))(s.KerasClassifier(uncounted, verbose=0)), GraphError, "accuracy"),
])
def test_estimators_that_are_told_wrong(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(K.wrappers.scikit_learn)
