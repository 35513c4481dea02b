"""Layers with a kernel of its own for each place of the window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import GraphError
from ...ir.node import Node, here
from ...ir.types import TensorShape
from ...ops.array import transpose
from .. import regularizers
from ..backend.local import products
from ..engine.input_spec import InputSpec
from .base import StatedLayer, dims_of, each, format_of, word
from .convolutional import places_of

__all__ = ["LocallyConnected1D", "LocallyConnected2D"]


class _Local(StatedLayer):
    """What layers with kernels for each place share: where the window stands, and the products."""

    rank = 1

    def __init__(self, arguments: Mapping[str, Any], **kwargs: Any):
        super().__init__(activity_regularizer=regularizers.get(arguments["activity_regularizer"]), **kwargs)
        self._state(arguments)
        (self.filters,) = each(self._name, "filters", arguments["filters"], 1)
        self.kernel_size, self.strides = (each(self._name, name, arguments[name], self.rank) for name in ("kernel_size", "strides"))
        self.padding = word(self._name, "padding", arguments["padding"], ("valid",))
        self.data_format = format_of(self._name, arguments["data_format"])
        if self.implementation != 1:
            raise GraphError(f"{self._name}: of the implementations that Keras has there is 1, with kernels [places, window, filters]{here()}")
        self.bias: Any = None
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self) -> bool:
        return bool(self.data_format == "channels_first")

    def _places(self, input_shape: Any) -> list[Any]:
        dims = dims_of(input_shape, self.rank + 2)
        start = 2 if self._first else 1
        return [None if d is None else places_of(d, k, s, "valid")
                for d, k, s in zip(dims[start:start + self.rank], self.kernel_size, self.strides, strict=True)]

    def build(self, input_shape: TensorShape) -> None:
        """Make the kernels, and a bias for each place."""
        start = 2 if self._first else 1
        for i in range(start, start + self.rank):
            self._size(input_shape, i)
        channels, places, window, count = self._size(input_shape, 1 if self._first else -1), self._places(input_shape), 1, 1
        for k, n in zip(self.kernel_size, places, strict=True):
            window, count = window * k, count * n
        self._kernel_shape = [count, window * channels, self.filters]
        self.kernel = self.add_weight("kernel", self._kernel_shape, initializer=self.kernel_initializer,
                                      regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        if self.use_bias:
            self.bias = self.add_weight("bias", [*places, self.filters], initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                                        constraint=self.bias_constraint)
        self._counts = places
        self.built = True

    def call(self, inputs: Node) -> Any:
        """activation(the products of each place + bias)."""
        x = transpose(inputs, perm=[0, *range(2, self.rank + 2), 1]) if self._first else inputs
        out = products(x, self.kernel, self.kernel_size, self.strides, self._counts, self._first)
        out = out if self.bias is None else out + self.bias
        out = transpose(out, perm=[0, self.rank + 1, *range(1, self.rank + 1)]) if self._first else out
        out.set_shape(self.compute_output_shape(inputs.shape))
        return self.activation(out)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the window's places make, with `filters` channels."""
        rows, places = dims_of(input_shape, self.rank + 2)[0], self._places(input_shape)
        return TensorShape([rows, self.filters, *places] if self._first else [rows, *places, self.filters])


class LocallyConnected1D(_Local):
    """`Conv1D` with a kernel for each place: [places, kernel_size * channels, filters], and a bias [places, filters].

    float[batch, width, channels] -> float[batch, w, filters]. GraphError: an argument that is not right. ShapeError, by the call: another rank,
    or a width that is not known.

    >>> tf.keras.layers.LocallyConnected1D(3, 2)(tf.zeros([2, 5, 4])).shape
    TensorShape((2, 4, 3))
    """

    rank = 1

    def __init__(self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
                 activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, implementation: int = 1, **kwargs: Any):
        super().__init__(locals(), **kwargs)


class LocallyConnected2D(_Local):
    """`Conv2D` with a kernel for each place: [places, window * channels, filters], and a bias [h, w, filters].

    float[batch, height, width, channels] -> float[batch, h, w, filters]. GraphError: an argument that is not right. ShapeError, by the call:
    another rank, or sizes that are not known.
    """

    rank = 2

    def __init__(self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
                 activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
                 kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
                 bias_constraint: Any = None, implementation: int = 1, **kwargs: Any):
        super().__init__(locals(), **kwargs)
