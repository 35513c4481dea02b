"""Batch normalization: by the batch's own mean and variance in training, by their moving averages otherwise."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..keras.layers import normalization as _normalization
from .base import Layer

__all__ = ["BatchNormalization", "batch_normalization"]


class BatchNormalization(_normalization.BatchNormalization, Layer):
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta along every axis but `axis` (Ioffe and Szegedy 2015).

    With `training` mean and variance are the batch's, and operations in the collection UPDATE_OPS move their averages by 1 - momentum; run
    them with the training step. Otherwise they are the averages. As in TensorFlow the average of the variance of inputs of rank 4 is of the
    unbiased one, unless `fused=False`. `center`, `scale`: with beta, with gamma. GraphError: an argument that is not right, or
    that is not offered (`renorm`, `virtual_batch_size`, `adjustment`). ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.layers.BatchNormalization(epsilon=0.0, name="norm")
    >>> tf.Session(jit=False).run(layer(tf.constant([[1.0], [3.0]]), training=True)).ravel()
    array([-1.,  1.], dtype=float32)
    >>> [v.op.name for v in layer.weights]
    ['norm/gamma', 'norm/beta', 'norm/moving_mean', 'norm/moving_variance']
    """

    def call(self, inputs: Node, training: Any = False) -> Node:
        """The inputs, normalized by the batch in `training`, which a run may decide, and by the averages otherwise."""
        return super().call(inputs, training=training)


def batch_normalization(inputs: Any, axis: Any = -1, momentum: Any = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
                        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
                        beta_constraint: Any = None, gamma_constraint: Any = None, training: Any = False, trainable: bool = True,
                        name: str | None = None, reuse: Any = None, renorm: bool = False, renorm_clipping: Any = None,
                        renorm_momentum: Any = 0.99, fused: bool | None = None, virtual_batch_size: int | None = None,
                        adjustment: Any = None) -> Node:
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta along every axis but `axis` (Ioffe and Szegedy 2015).

    float[...] -> the same type; `training`, a truth value or a tensor, decides whether mean and variance are the batch's or moving averages.
    The averages move only when the operations in the collection UPDATE_OPS run: see `BatchNormalization`. GraphError: an argument that is not
    right. ShapeError, DTypeError: inputs that do not fit.

    >>> x = tf.constant([[1.0], [3.0]])
    >>> y = tf.layers.batch_normalization(x, epsilon=0.0, training=True, name="bn")
    >>> with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope="bn")):
    ...     step = tf.no_op()
    >>> sess = tf.Session(jit=False)
    >>> sess.run([y, step])[0].ravel(), sess.run("bn/moving_mean:0").round(2)
    (array([-1.,  1.], dtype=float32), array([0.02], dtype=float32))
    """
    layer = BatchNormalization(axis, momentum, epsilon, center, scale, beta_initializer, gamma_initializer, moving_mean_initializer,
                               moving_variance_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, renorm,
                               renorm_clipping, renorm_momentum, fused, trainable, virtual_batch_size, adjustment, name, _scope=name, _reuse=reuse)
    return layer(inputs, training=training)
