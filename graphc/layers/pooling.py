"""Pooling layers: the largest or the mean element of each window."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..keras.layers import pooling as _pooling
from .base import Layer

__all__ = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "average_pooling1d",
           "average_pooling2d", "average_pooling3d", "max_pooling1d", "max_pooling2d", "max_pooling3d"]


class MaxPooling1D(_pooling.MaxPooling1D, Layer):
    """The largest element of each window of rows: float[batch, width, channels] -> float[batch, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class MaxPooling2D(_pooling.MaxPooling2D, Layer):
    """The largest element of each window of pictures: float[batch, height, width, channels] -> float[batch, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.

    >>> tf.layers.MaxPooling2D(2, 2)(tf.zeros([1, 4, 6, 3])).shape
    TensorShape((1, 2, 3, 3))
    """

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class MaxPooling3D(_pooling.MaxPooling3D, Layer):
    """The largest element of each window of volumes: float[batch, depth, height, width, channels] -> float[batch, d, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class AveragePooling1D(_pooling.AveragePooling1D, Layer):
    """The mean of each window of rows, without what is padding: float[batch, width, channels] -> float[batch, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class AveragePooling2D(_pooling.AveragePooling2D, Layer):
    """The mean of each window of pictures, without what is padding: float[batch, height, width, channels] -> float[batch, h, w, channels].

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


class AveragePooling3D(_pooling.AveragePooling3D, Layer):
    """The mean of each window of volumes, without what is padding: float[batch, d, h, w, channels] -> the same with fewer places.

    `strides`: None for the window's size. GraphError: an argument that is not right. ShapeError, by the call: another rank.
    """

    def __init__(self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last", name: str | None = None,
                 **kwargs: Any):
        super().__init__(pool_size, strides, padding, data_format, name=name, **kwargs)


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
