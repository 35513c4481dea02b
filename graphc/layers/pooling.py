"""Pooling layers: the largest or the mean element of each window."""

from __future__ import annotations

from typing import Any

from .. import nn
from ..ir.node import Node
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_shape
from .base import Layer
from .convolutional import _FORMATS, each, word

__all__ = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "average_pooling1d",
           "average_pooling2d", "average_pooling3d", "max_pooling1d", "max_pooling2d", "max_pooling3d"]

_AXES = {2: "", 3: "3D"}     # as TensorFlow names pools of so many axes


class _Pooling(Layer):
    """What pools over some axes share: how the window moves."""

    rank, largest = 2, True

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.pool_size = each(self._name, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else each(self._name, "strides", strides, self.rank)
        self.padding = word(self._name, "padding", padding, ("valid", "same"))
        self.data_format = word(self._name, "data_format", data_format, ("channels_last", "channels_first"))

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = to_node(inputs)
        self._rank(x, self.rank + 2, exact=True)
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node) -> Node:
        """One element for each window."""
        first = self.data_format == "channels_first"
        window, strides = ([1, 1, *sizes] if first else [1, *sizes, 1] for sizes in (self.pool_size, self.strides))
        pool = getattr(nn, f"{'max' if self.largest else 'avg'}_pool{self.rank}d")
        return pool(inputs, window, strides, self.padding.upper(), data_format=_FORMATS[self.rank][first],
                    name=f"{inputs.graph.get_name_scope()}/" if self.rank == 1 else f"{'Max' if self.largest else 'Avg'}Pool{_AXES[self.rank]}")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the window's places make."""
        dims = list(as_shape(input_shape) or [None] * (self.rank + 2))
        start = 2 if self.data_format == "channels_first" else 1
        for i, (size, stride) in enumerate(zip(self.pool_size, self.strides, strict=True), start):
            d: Any = dims[i]
            dims[i] = None if d is None else -(((0 if self.padding == "same" else size - 1) - d) // stride)
        return TensorShape(dims)


class MaxPooling1D(_Pooling):
    """The largest element of each window of rows: float[batch, width, channels] -> float[batch, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 1, True


class MaxPooling2D(_Pooling):
    """The largest element of each window of pictures: float[batch, height, width, channels] -> float[batch, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.

    >>> tf.layers.MaxPooling2D(2, 2)(tf.zeros([1, 4, 6, 3])).shape
    TensorShape((1, 2, 3, 3))
    """

    rank, largest = 2, True


class MaxPooling3D(_Pooling):
    """The largest element of each window of volumes: float[batch, depth, height, width, channels] -> float[batch, d, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 3, True


class AveragePooling1D(_Pooling):
    """The mean of each window of rows, without what is padding: float[batch, width, channels] -> float[batch, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 1, False


class AveragePooling2D(_Pooling):
    """The mean of each window of pictures, without what is padding: float[batch, height, width, channels] -> float[batch, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 2, False


class AveragePooling3D(_Pooling):
    """The mean of each window of volumes, without what is padding: float[batch, d, h, w, channels] -> the same with fewer places.

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    rank, largest = 3, False


def max_pooling1d(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                  name: str | None = None) -> Node:
    """The largest element of each window of rows: see `MaxPooling1D`. GraphError: an argument that is not right. ShapeError: another rank."""
    return MaxPooling1D(pool_size, strides, padding, data_format, name)(inputs)


def max_pooling2d(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                  name: str | None = None) -> Node:
    """The largest element of each window of pictures: see `MaxPooling2D`. GraphError: an argument that is not right. ShapeError: another rank.

    >>> tf.layers.max_pooling2d(tf.placeholder(tf.float32, [None, 28, 28, 16]), 2, 2).shape
    TensorShape((None, 14, 14, 16))
    """
    return MaxPooling2D(pool_size, strides, padding, data_format, name)(inputs)


def max_pooling3d(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                  name: str | None = None) -> Node:
    """The largest element of each window of volumes: see `MaxPooling3D`. GraphError: an argument that is not right. ShapeError: another rank."""
    return MaxPooling3D(pool_size, strides, padding, data_format, name)(inputs)


def average_pooling1d(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                      name: str | None = None) -> Node:
    """The mean of each window of rows: see `AveragePooling1D`. GraphError: an argument that is not right. ShapeError: another rank."""
    return AveragePooling1D(pool_size, strides, padding, data_format, name)(inputs)


def average_pooling2d(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                      name: str | None = None) -> Node:
    """The mean of each window of pictures: see `AveragePooling2D`. GraphError: an argument that is not right. ShapeError: another rank."""
    return AveragePooling2D(pool_size, strides, padding, data_format, name)(inputs)


def average_pooling3d(inputs: Any, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
                      name: str | None = None) -> Node:
    """The mean of each window of volumes: see `AveragePooling3D`. GraphError: an argument that is not right. ShapeError: another rank."""
    return AveragePooling3D(pool_size, strides, padding, data_format, name)(inputs)


def __dir__() -> list[str]:
    return [*__all__]
