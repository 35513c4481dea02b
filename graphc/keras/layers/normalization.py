"""Layers that normalize: by the batch, with moving averages for use, or each row by itself."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError, ShapeError
from ...ir.node import Node, describe, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape
from ...nn import batch_normalization as normalize
from ...nn import moments
from ...ops.array import reshape
from ...ops.array import shape as shape_of
from ...ops.math import cast, choose, maximum
from ...ops.state import Variable, assign_sub
from ..engine.input_spec import InputSpec
from .base import SameShape, trains

__all__ = ["BatchNormalization", "LayerNormalization"]


class BatchNormalization(SameShape):
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta, mean and variance along every axis but `axis` (Ioffe and Szegedy 2015).

    float[...] -> the same type. In training they are the batch's, and moving averages, `average <- momentum * average + (1 - momentum) *
    batch's`, are among the layer's `updates`; in use those averages. The variance that the averages take of four axes is the unbiased one.
    GraphError: an argument that is not right. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> layer = tf.keras.layers.BatchNormalization(epsilon=0.0, name="norm")
    >>> tf.Session(jit=False).run(layer(tf.constant([[1.0], [3.0]]), training=True)).ravel()
    array([-1.,  1.], dtype=float32)
    >>> [v.op.name for v in layer.weights]
    ['norm/gamma', 'norm/beta', 'norm/moving_mean', 'norm/moving_variance']
    """

    def __init__(self, axis: Any = -1, momentum: Any = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
                 beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
                 moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
                 gamma_constraint: Any = None, renorm: bool = False, renorm_clipping: Any = None, renorm_momentum: Any = 0.99,
                 fused: bool | None = None, trainable: bool = True, virtual_batch_size: int | None = None, adjustment: Any = None,
                 name: str | None = None, **kwargs: Any):
        super().__init__(trainable, name, **kwargs)
        for what, given in (("renorm", renorm), ("virtual_batch_size", virtual_batch_size), ("adjustment", adjustment)):
            if given:
                raise GraphError(f"{self._name}: {what} is not offered{here()}")
        self._state(locals())
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else [axis]
        if len(self.axis) != 1 or not isinstance(self.axis[0], int) or isinstance(self.axis[0], bool):
            raise GraphError(f"{self._name}: axis is one number, not {axis!r:.60}{here()}")
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def build(self, input_shape: TensorShape) -> None:
        """Make gamma and beta, and the moving averages."""
        size = self._size(input_shape, self.axis[0])
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                setattr(self, name, self.add_weight(name, [size], initializer=getattr(self, f"{name}_initializer"),
                                                    regularizer=getattr(self, f"{name}_regularizer"),
                                                    constraint=getattr(self, f"{name}_constraint")))
        self.moving_mean, self.moving_variance = (
            self.add_weight(name, [size], initializer=getattr(self, f"{name}_initializer"), trainable=False)
            for name in ("moving_mean", "moving_variance"))
        self.input_spec = InputSpec(axes={self.axis[0]: size})
        self.built = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        x = self._floats(inputs)
        if not -self._rank(x, 1) <= self.axis[0] < self._rank(x, 1):
            raise ShapeError(f"{self._name}: {describe(x)} has no axis {self.axis[0]}{here()}")
        return super().__call__(x, *args, **kwargs)

    def call(self, inputs: Node, training: Any = None) -> Node:
        """The inputs, normalized by the batch in `training`, which a run may decide, and by the averages otherwise."""
        rank, now = self._rank(inputs, 1), trains(self._name, training)
        axis = self.axis[0] % rank
        others = [i for i in range(rank) if i != axis]
        mean: Any = self.moving_mean
        variance: Any = self.moving_variance
        if now is not False:
            batch_mean, batch_variance = moments(inputs, others)
            spread = self._unbiased(inputs, others, batch_variance) if rank == 4 and self.fused is not False else batch_variance
            if isinstance(now, Node):
                mean, variance = choose(now, batch_mean, mean), choose(now, batch_variance, variance)
                # The averages move by their distance to themselves where a run does not train: not at all.
                batch_mean, spread = mean, choose(now, spread, self.moving_variance)
            else:
                mean, variance = batch_mean, batch_variance
            self.add_update([self._moved(self.moving_mean, batch_mean), self._moved(self.moving_variance, spread)], inputs=True)
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

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew."""
        config = super().get_config()
        for name in ("renorm", "renorm_clipping", "renorm_momentum", "fused", "virtual_batch_size", "adjustment"):
            config.pop(name, None)
        return {**config, "axis": list(self.axis)}


class LayerNormalization(SameShape):
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta, mean and variance of each row along `axis` (Ba, Kiros and Hinton 2016).

    float[...] -> the same type. GraphError: no axes. ShapeError, DTypeError, by the call: inputs that do not fit.

    >>> tf.Session(jit=False).run(tf.keras.layers.LayerNormalization(epsilon=0.0)(tf.constant([[1.0, 3.0]])))
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 0.001, center: bool = True, scale: bool = True, beta_initializer: Any = "zeros",
                 gamma_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None, beta_constraint: Any = None,
                 gamma_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any):
        super().__init__(trainable, name, **kwargs)
        if not isinstance(axis, (int, list, tuple)) or isinstance(axis, bool):
            raise GraphError(f"{self._name}: axis is a number or a list of them, not {axis!r:.60}{here()}")
        self._state(locals())
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def build(self, input_shape: TensorShape) -> None:
        """Make gamma and beta, of the sizes of the axes."""
        dims = as_shape(input_shape)
        if dims is None:
            raise ShapeError(f"{self._name}: the rank of the inputs is not known{here()}")
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        sizes = [self._size(input_shape, a) for a in axes]
        self._axes, self._sizes = [a % len(dims) for a in axes], sizes
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                setattr(self, name, self.add_weight(name, sizes, initializer=getattr(self, f"{name}_initializer"),
                                                    regularizer=getattr(self, f"{name}_regularizer"),
                                                    constraint=getattr(self, f"{name}_constraint")))
        self.built = True

    def call(self, inputs: Any) -> Node:
        """The inputs, each row normalized."""
        x = self._floats(to_node(inputs))
        rank = self._rank(x, 1)
        mean, variance = moments(x, self._axes, keep_dims=True)
        wide = [1] * rank
        for axis, size in zip(self._axes, self._sizes, strict=True):
            wide[axis] = size
        beta, gamma = (p if p is None else reshape(p, wide) for p in (self.beta, self.gamma))
        out = normalize(x, mean, variance, beta, gamma, self.epsilon)
        out.set_shape(x.shape)
        return out
