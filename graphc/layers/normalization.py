"""Batch normalization: by the batch's own mean and variance in training, by their moving averages otherwise."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorShape, as_shape
from ..nn import batch_normalization as normalize
from ..nn import moments
from ..ops.array import reshape
from ..ops.array import shape as shape_of
from ..ops.math import cast, choose, maximum
from ..ops.state import Variable, assign_sub
from .base import Layer, initializer_of, is_true, switched

__all__ = ["BatchNormalization", "batch_normalization"]


class BatchNormalization(Layer):
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

    def __init__(self, axis: Any = -1, momentum: Any = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
                 moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
                 beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None,
                 renorm_momentum: Any = 0.99, fused: bool | None = None, trainable: bool = True, virtual_batch_size: int | None = None,
                 adjustment: Any = None, name: str | None = None, **kwargs: Any):
        super().__init__(trainable, name, **kwargs)
        for what, given in (("renorm", renorm), ("virtual_batch_size", virtual_batch_size), ("adjustment", adjustment)):
            if given:
                raise GraphError(f"{self._name}: {what} is not offered{here()}")
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else [axis]
        if len(self.axis) != 1 or not isinstance(self.axis[0], int) or isinstance(self.axis[0], bool):
            raise GraphError(f"{self._name}: axis is one number, not {axis!r:.60}{here()}")
        self.momentum, self.epsilon, self.center, self.scale, self.fused = momentum, epsilon, center, scale, fused
        self._makers = {"gamma": (gamma_initializer, gamma_regularizer, gamma_constraint),
                        "beta": (beta_initializer, beta_regularizer, beta_constraint)}
        self._moving = {"moving_mean": moving_mean_initializer, "moving_variance": moving_variance_initializer}
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def build(self, input_shape: TensorShape) -> None:
        """Make gamma and beta, and the moving averages."""
        size = self._size(input_shape, self.axis[0])
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                initial, regularizer, constraint = self._makers[name]
                setattr(self, name, self.add_weight(name, [size], initializer=initializer_of(self._name, initial), regularizer=regularizer,
                                                    constraint=constraint))
        self.moving_mean, self.moving_variance = (
            self.add_weight(name, [size], initializer=initializer_of(self._name, initial), trainable=False) for name, initial in self._moving.items())
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = to_node(inputs)
        if x.type.dtype.kind != "f":
            raise DTypeError(f"{self._name}: {describe(x)} is not of a floating dtype{here()}")
        if not -self._rank(x, 1) <= self.axis[0] < self._rank(x, 1):
            raise ShapeError(f"{self._name}: {describe(x)} has no axis {self.axis[0]}{here()}")
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node, training: Any = False) -> Node:
        """The inputs, normalized by the batch in `training`, which a run may decide, and by the averages otherwise."""
        rank, known = self._rank(inputs, 1), is_true(self._name, training)
        axis = self.axis[0] % rank
        others = [i for i in range(rank) if i != axis]
        mean: Any = self.moving_mean
        variance: Any = self.moving_variance
        if known is not False:
            batch_mean, batch_variance = moments(inputs, others)
            spread = self._unbiased(inputs, others, batch_variance) if rank == 4 and self.fused is not False else batch_variance
            if known is None:
                trains = switched(training)
                mean, variance = choose(trains, batch_mean, mean), choose(trains, batch_variance, variance)
                # The averages move by their distance to themselves where a run does not train: not at all.
                batch_mean, spread = mean, choose(trains, spread, self.moving_variance)
            else:
                mean, variance = batch_mean, batch_variance
            self.add_update([self._moved(self.moving_mean, batch_mean), self._moved(self.moving_variance, spread)])
        wide = [1] * rank
        wide[axis] = -1
        parts = [p if p is None or axis == rank - 1 else reshape(p, wide) for p in (mean, variance, self.beta, self.gamma)]
        mean, variance, beta, gamma = parts
        out = normalize(inputs, mean, variance, beta, gamma, self.epsilon)
        out.set_shape(inputs.shape)
        return out

    def _unbiased(self, inputs: Node, axes: list[int], variance: Node) -> Node:
        """variance * n / (n - 1) of n elements; of one it is the variance."""
        n: Any = 1.0
        for size in (shape_of(inputs)[i] for i in axes):
            n = n * cast(size, variance.dtype)
        return variance * (n / maximum(n - 1.0, 1.0))

    def _moved(self, average: Variable, value: Node) -> Node:
        return assign_sub(average, (average - value) * (1.0 - self.momentum), name="AssignMovingAvg")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of the inputs."""
        return TensorShape(as_shape(input_shape))


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


def __dir__() -> list[str]:
    return [*__all__]
