"""`tf.keras.wrappers.scikit_learn`: models as the estimators of scikit-learn, whose searches and pipelines take them; it need not be there."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...errors import ArgumentError, FeedError, GraphError
from ...ir.node import here
from ...tf1_names import namespace as _namespace
from ..engine.compiled import function_name
from ..engine.sequential import Sequential
from ..utils.arrays import to_categorical

__all__ = ["KerasClassifier", "KerasRegressor"]
__path__: list[str] = []


def _takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


class _Wrapper:
    """What both share: a function that makes a compiled model, and arguments, for it and for the model's methods, by their names."""

    model: Any = None

    def __init__(self, build_fn: Any = None, **sk_params: Any):
        self.build_fn, self.sk_params = build_fn, sk_params
        self.check_params(sk_params)

    def _maker(self) -> Callable[..., Any]:
        """What makes the model: the function that was given, or the method `__call__` of a subclass. GraphError: there is none."""
        found = self.build_fn if self.build_fn is not None else getattr(self, "__call__", None)  # noqa: B004
        if not callable(found):
            raise GraphError(f"{type(self).__name__}: there is no function that makes the model: give build_fn, or a subclass that has "
                             f"__call__{here()}")
        return found

    def check_params(self, params: Mapping[str, Any]) -> None:
        """See that each is an argument of the function, or of `fit`, `predict`, `predict_classes` or `evaluate`. ArgumentError: one is not."""
        known = (Sequential.fit, Sequential.predict, Sequential.predict_classes, Sequential.evaluate, self._maker())
        for name in params:
            if name != "nb_epoch" and not any(_takes(function, name) for function in known):
                raise ArgumentError(f"{type(self).__name__}: {name!r:.60} is not a legal parameter: neither the function that makes the model nor "
                                    f"fit, predict, predict_classes or evaluate takes it{here()}")

    def get_params(self, **params: Any) -> dict[str, Any]:
        """The arguments that make the estimator again."""
        return {**copy.deepcopy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> Any:
        """Change arguments; itself. ArgumentError: of that name there is none."""
        self.check_params(params)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Those of the arguments that a function takes, and `override` over them."""
        return {**{name: value for name, value in self.sk_params.items() if _takes(fn, name)}, **(override or {})}

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a new model and train it; the history. `kwargs`: of `fit` of the model. FeedError: data that do not fit it."""
        maker = self._maker()
        self.model = maker(**self.filter_sk_params(maker))
        return self.model.fit(x, _as_wanted(self.model, y), **{**copy.deepcopy(self.filter_sk_params(Sequential.fit)), **kwargs})


def _as_wanted(model: Any, y: Any) -> Any:
    """Classes as rows, where the model's loss takes rows."""
    loss = model.loss
    name = loss if isinstance(loss, str) else function_name(loss)
    rows = name in ("categorical_crossentropy", "CategoricalCrossentropy") and np.ndim(y) != 2
    return to_categorical(y) if rows else y


class KerasClassifier(_Wrapper):
    """A model as a classifier of scikit-learn: `build_fn(**arguments)` makes it, compiled, for each `fit`.

    `sk_params`: arguments of it, and of `fit`, `predict` and `evaluate`. The labels may be any numbers or texts, one for each row, or one-hot
    rows. ArgumentError: an argument that none of them has. GraphError: there is no function.

    >>> def build(units=4):
    ...     model = tf.keras.Sequential([tf.keras.layers.Dense(units, input_shape=(2,)), tf.keras.layers.Dense(2, activation="softmax")])
    ...     model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    ...     return model
    >>> found = tf.keras.wrappers.scikit_learn.KerasClassifier(build, units=3, epochs=1, verbose=0)
    >>> history = found.fit(np.ones((4, 2)), np.array(["a", "b", "a", "b"]))
    >>> found.classes_.tolist(), found.predict_proba(np.ones((3, 2))).shape
    (['a', 'b'], (3, 2))
    """

    classes_: Any = None
    n_classes_ = 0

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Make a new model and train it; the history. FeedError: labels of another shape, or data that do not fit the model."""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        elif y.ndim == 1 or y.ndim == 2 and y.shape[1] == 1:
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        else:
            raise FeedError(f"KerasClassifier: labels are of the shape [rows] or [rows, classes], not {y.shape}{here()}")
        self.n_classes_ = len(self.classes_)
        return super().fit(x, y, **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The label of each row. FeedError: data that do not fit the model."""
        return self.classes_[self.model.predict_classes(x, **self.filter_sk_params(Sequential.predict_classes, kwargs))]

    def predict_proba(self, x: Any, **kwargs: Any) -> Any:
        """The probabilities of the classes for each row, of two classes both. FeedError: data that do not fit the model."""
        found = self.model.predict_proba(x, **self.filter_sk_params(Sequential.predict_proba, kwargs))
        return np.hstack([1 - found, found]) if found.shape[1] == 1 else found

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """The accuracy of the model on data. GraphError: it was compiled without metrics=["accuracy"]. FeedError: data that do not fit it."""
        y = _as_wanted(self.model, np.searchsorted(self.classes_, y))
        found = self.model.evaluate(x, y, **self.filter_sk_params(Sequential.evaluate, kwargs))
        told = dict(zip(self.model.metrics_names, found if isinstance(found, list) else [found], strict=True))
        for name in ("accuracy", "acc"):
            if name in told:
                return told[name]
        raise GraphError(f"KerasClassifier.score: the model is not configured to compute accuracy: compile it with metrics=['accuracy']{here()}")


class KerasRegressor(_Wrapper):
    """A model as a regressor of scikit-learn: `build_fn(**arguments)` makes it, compiled, for each `fit`.

    `sk_params`: arguments of it, and of `fit`, `predict` and `evaluate`. ArgumentError: an argument that none of them has. GraphError: there is
    no function.
    """

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """What the model gives for each row. FeedError: data that do not fit the model."""
        return np.squeeze(self.model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs)))

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any:
        """Less the loss of the model on data: more is better. FeedError: data that do not fit it."""
        found = self.model.evaluate(x, y, **self.filter_sk_params(Sequential.evaluate, kwargs))
        return -(found[0] if isinstance(found, list) else found)


_namespace(globals())
