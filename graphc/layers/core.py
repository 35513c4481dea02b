"""The basic layers: dense, dropout, flatten."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..keras.layers import core as _core
from .base import Layer

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]


class Dense(_core.Dense, Layer):
    """activation(inputs @ kernel + bias): a kernel [inputs, units], along the last axis of the inputs.

    float[..., n] -> float[..., units]. The kernel is Glorot's uniform one by default. GraphError: an argument that is not right. ShapeError,
    by the call: the last dimension is unknown. DTypeError, by the call: inputs that are not floating.

    >>> layer = tf.layers.Dense(3, kernel_initializer=tf.ones_initializer(), name="hidden")
    >>> tf.Session(jit=False).run(layer(tf.constant([[1.0, 2.0]]))), layer.kernel.name
    (array([[3., 3., 3.]], dtype=float32), 'hidden/kernel:0')
    """

    def __init__(self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
                 kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable=trainable, name=name, **kwargs)


def dense(inputs: Any, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = None,
          bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
          kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None, reuse: Any = None) -> Node:
    """activation(inputs @ kernel + bias), with variables `NAME/kernel` and `NAME/bias`; `reuse`: those that are there.

    float[..., n] -> float[..., units]. Regularizers put their losses into the collection REGULARIZATION_LOSSES; constraints are applied by
    optimizers. GraphError: an argument that is not right. ShapeError: the last dimension is unknown. DTypeError: inputs that are not floating.

    >>> x = tf.constant([[1.0, 2.0]])
    >>> tf.Session(jit=False).run(tf.layers.dense(x, 2, tf.nn.relu, kernel_initializer=tf.ones_initializer(), name="out"))
    array([[3., 3.]], dtype=float32)
    """
    layer = Dense(units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
                  kernel_constraint, bias_constraint, trainable, name, _scope=name, _reuse=reuse)
    return layer(inputs)


class Dropout(_core.Dropout, Layer):
    """With `training`, each element is 0 with probability `rate` and else divided by 1 - rate (Srivastava et al. 2014); otherwise the inputs.

    float[...] -> the same type. `noise_shape`: where it is 1, elements stay or go together. GraphError: a rate outside [0, 1). DTypeError, by
    the call: inputs that are not floating.

    >>> tf.Session(jit=False).run(tf.layers.Dropout(0.5)(tf.constant([1.0, 2.0])))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None, **kwargs: Any):
        super().__init__(rate, noise_shape, seed, name=name, **kwargs)

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The inputs, some of them 0 in `training`, which a run may decide."""
        return super().call(inputs, training=training)


def dropout(inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
            name: str | None = None) -> Node:
    """With `training`, each element is 0 with probability `rate` and else divided by 1 - rate; otherwise the inputs.

    float[...] -> the same type. `training` may be a tensor: a run decides. GraphError: a rate outside [0, 1). DTypeError: inputs that are not
    floating.

    >>> tf.Session(jit=False).run(tf.layers.dropout(tf.constant([1.0, 2.0]), training=False))
    array([1., 2.], dtype=float32)
    """
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


class Flatten(_core.Flatten, Layer):
    """Each row as a vector: all dimensions but the first become one. `data_format="channels_first"`: channels, the second, come last.

    any[n, ...] -> any[n, k]. GraphError: another data format. ShapeError, by the call: a scalar, or channels of unknown rank.

    >>> tf.layers.Flatten()(tf.zeros([2, 3, 4])).shape
    TensorShape((2, 12))
    """

    def __init__(self, data_format: str | None = None, name: str | None = None, **kwargs: Any):
        super().__init__(data_format, name=name, **kwargs)


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Node:
    """Each row as a vector: all dimensions but the first become one.

    any[n, ...] -> any[n, k]. GraphError: a data format that there is not. ShapeError: a scalar.

    >>> tf.layers.flatten(tf.placeholder(tf.float32, [None, 3, 4])).shape
    TensorShape((None, 12))
    """
    return Flatten(data_format, name)(inputs)
