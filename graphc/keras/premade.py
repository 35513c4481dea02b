"""Models that are ready: a weighted sum of the inputs, and such a sum beside a deeper model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError, ShapeError
from ..ir.node import here
from ..nn import bias_add
from . import activations, initializers, optimizers, regularizers, serial
from .engine.layer import Layer
from .engine.model import Model
from .engine.network import flatten_shapes
from .layers.core import Dense
from .named import serialize_keras_object


class LinearModel(Model):
    """activation(sum of each input times its kernel + bias): float[rows, n], or a list of such, -> float[rows, units].

    GraphError: no such activation, initializer or regularizer. ShapeError, by the call: a size is not known, or another number of inputs.

    >>> model = tf.keras.experimental.LinearModel(kernel_initializer="ones")
    >>> model.compile("sgd", "mse")
    >>> model.predict([np.ones((2, 3)), np.ones((2, 1))])
    array([[4.],
           [4.]], dtype=float32)
    """

    def __init__(self, units: int = 1, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.units, self.activation, self.use_bias = units, activations.get(activation), use_bias
        self.kernel_initializer, self.bias_initializer = initializers.get(kernel_initializer), initializers.get(bias_initializer)
        self.kernel_regularizer, self.bias_regularizer = regularizers.get(kernel_regularizer), regularizers.get(bias_regularizer)
        self.dense_layers: list[Dense] = []
        self.bias: Any = None

    def _begin(self, count: int) -> None:
        """Make a layer for each input, and the bias."""
        self.dense_layers = [Dense(self.units, use_bias=False, kernel_initializer=self.kernel_initializer,
                                   kernel_regularizer=self.kernel_regularizer) for _ in range(count)]
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.units], initializer=self.bias_initializer, regularizer=self.bias_regularizer)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The weighted sum."""
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if not self.dense_layers:
            self._begin(len(given))
        if len(given) != len(self.dense_layers):
            raise ShapeError(f"{self._name}: expected {len(self.dense_layers)} inputs, but got {len(given)}{here()}")
        first, *rest = (layer(x) for layer, x in zip(self.dense_layers, given, strict=True))
        total = sum(rest, first)
        return self.activation(total if self.bias is None else bias_add(total, self.bias))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As many rows as there are, with `units` numbers."""
        return self.dense_layers[0].compute_output_shape(flatten_shapes(input_shape)[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the model anew."""
        return {**Layer.get_config(self), "units": self.units, "activation": activations.serialize(self.activation), "use_bias": self.use_bias,
                "kernel_initializer": initializers.serialize(self.kernel_initializer),
                "bias_initializer": initializers.serialize(self.bias_initializer),
                "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
                "bias_regularizer": regularizers.serialize(self.bias_regularizer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """The model of those arguments, with new variables."""
        return cls(**config)


class WideDeepModel(Model):
    """activation(half of what `linear_model` gives and half of what `dnn_model` gives), trained together (Cheng et al. 2016).

    Inputs: a list of two, those of the linear model and those of the other, or one for both. `compile(optimizer=[a, b], ...)`: a moves the
    variables of the linear model, b those of the other. GraphError: no such activation, or no such optimizers. ArgumentError: a list of other than
    two optimizers.

    >>> linear, deep = tf.keras.experimental.LinearModel(), tf.keras.Sequential([tf.keras.layers.Dense(4), tf.keras.layers.Dense(1)])
    >>> model = tf.keras.experimental.WideDeepModel(linear, deep)
    >>> model.compile(["sgd", "adam"], "mse")
    >>> history = model.fit([np.ones((2, 3)), np.ones((2, 5))], np.ones((2, 1)), verbose=0)
    >>> sorted(v.shape.as_list() for v in model.weights)
    [[1], [1], [3, 1], [4], [4, 1], [5, 4]]
    """

    def __init__(self, linear_model: Any, dnn_model: Any, activation: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.linear_model, self.dnn_model, self.activation = linear_model, dnn_model, activations.get(activation)

    def compile(self, optimizer: Any = "rmsprop", *args: Any, **kwargs: Any) -> None:
        """Say how the model is trained and measured, as `Model.compile`; two optimizers: of the linear model, and of the other."""
        super().compile(_Beside(self, optimizer) if isinstance(optimizer, (list, tuple)) else optimizer, *args, **kwargs)

    @property
    def optimizer(self) -> Any:
        """The optimizer that `compile` was given, of two a list; None before."""
        found = super().optimizer
        return found.each if isinstance(found, _Beside) else found

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """What both give together."""
        for_linear, for_deep = inputs if isinstance(inputs, (tuple, list)) and len(inputs) == 2 else (inputs, inputs)
        return self.activation(0.5 * (self.linear_model(for_linear) + self.dnn_model(for_deep)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the model anew, its models as data. GraphError: one is described by its code alone."""
        return {**Layer.get_config(self), "linear_model": serialize_keras_object(self.linear_model),
                "dnn_model": serialize_keras_object(self.dnn_model), "activation": activations.serialize(self.activation)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """The model of those arguments, with new variables. GraphError: a model in it is not known."""
        models = {name: serial.layer_of(config[name], custom_objects) for name in ("linear_model", "dnn_model")}
        return cls(**models, **{k: v for k, v in config.items() if k not in models})


class _Beside:
    """Two optimizers as one, each of the variables of its model."""

    def __init__(self, model: WideDeepModel, given: Any):
        if len(given) != 2:
            raise ArgumentError(f"WideDeepModel.compile: {len(given)} optimizers are given: one is of both models, two are one for each{here()}")
        self._model, self.each = model, [optimizers.get(g) for g in given]

    @property
    def weights(self) -> list[Any]:
        """What both keep."""
        return [v for optimizer in self.each for v in optimizer.weights]

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """The operations of one step of each."""
        wide = set(self._model.linear_model.trainable_weights)
        parts = ([v for v in params if v in wide], [v for v in params if v not in wide])
        return [update for optimizer, held in zip(self.each, parts, strict=True) if held for update in optimizer.get_updates(loss, held)]
