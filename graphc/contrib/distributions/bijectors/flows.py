"""Bijectors whose shift and scale a function of the other numbers gives: autoregressive flows, couplings, normalized batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .... import initializers, layers
from ....errors import GraphError, ShapeError
from ....ir.graph import name_scope
from ....ir.node import Node, here
from ....ir.operator import to_node
from ....ops.array import concat, identity, reshape, shape, split, stop_gradient, unstack, zeros_like
from ....ops.control_flow import while_loop
from ....ops.math import clip_by_value, exp, less, log
from ....ops.nn import moments, relu
from ....ops.reduce import reduce_sum
from ....sharing import make_template
from .base import Bijector, known_size

__all__ = ["BatchNormalization", "MaskedAutoregressiveFlow", "RealNVP", "masked_autoregressive_default_template", "masked_dense",
           "real_nvp_default_template"]


def _shifted(x: Node, shift: Any, log_scale: Any) -> Node:
    y = x if log_scale is None else x * exp(log_scale)
    return y if shift is None else y + shift


def _unshifted(y: Node, shift: Any, log_scale: Any) -> Node:
    x = y if shift is None else y - shift
    return x if log_scale is None else x * exp(-log_scale)


def _volume(t: Node, log_scale: Any) -> Node:
    return to_node(np.zeros((), t.type.dtype)) if log_scale is None else reduce_sum(log_scale, -1)


class MaskedAutoregressiveFlow(Bijector):
    """y[..., i] = x[..., i] exp(log_scale) + shift, both of y[..., :i]: `shift_and_log_scale_fn` of y gives both, or None for one.

    The inverse is one call of the function, the map as many as an event has numbers: in a loop, or one after the other with `unroll_loop`.
    ShapeError, of an unrolled one: the number is not known. Source: Papamakarios et al. (2017).
    """

    def __init__(self, shift_and_log_scale_fn: Callable[..., Any], is_constant_jacobian: bool = False, validate_args: bool = False,
                 unroll_loop: bool = False, name: str | None = None):
        self._shift_and_log_scale_fn, self._unroll_loop = shift_and_log_scale_fn, unroll_loop
        super().__init__(is_constant_jacobian=is_constant_jacobian, validate_args=validate_args, forward_min_event_ndims=1,
                         name=name or "masked_autoregressive_flow")

    def _forward(self, x: Node) -> Node:
        y = zeros_like(x)
        if self._unroll_loop:
            for _ in range(known_size(x, "MaskedAutoregressiveFlow")):
                y = _shifted(x, *self._shift_and_log_scale_fn(y))
            return y
        self._shift_and_log_scale_fn(y)         # makes the variables, which must not be made within the loop
        size = shape(x)[-1]
        return while_loop(lambda i, y: less(i, size), lambda i, y: (i + 1, _shifted(x, *self._shift_and_log_scale_fn(y))), (0, y))[1]

    def _inverse(self, y: Node) -> Node:
        return identity(_unshifted(y, *self._shift_and_log_scale_fn(y)))

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return -_volume(y, self._shift_and_log_scale_fn(y)[1])


def masked_dense(inputs: Any, units: int, num_blocks: int | None = None, exclusive: bool = False, kernel_initializer: Any = None,
                 reuse: Any = None, name: str | None = None, *args: Any, **kwargs: Any) -> Node:
    """A dense layer whose block of outputs i sees the blocks of inputs up to i, with `exclusive` below i: float[..., k] -> float[..., units].

    What else is given goes to `tf.layers.dense`. ShapeError: the last size is not known. GraphError: no number of blocks.
    """
    x = to_node(inputs)
    size = known_size(x, "masked_dense")
    if not num_blocks or num_blocks < 0:
        raise GraphError(f"masked_dense: num_blocks is a number above 0, not {num_blocks!r:.40}{here()}")
    columns, rows = size // num_blocks, units // num_blocks
    mask = np.zeros([size, units], x.type.dtype)
    for block in range(num_blocks):
        mask[block * columns:(block + 1) * columns, (block + exclusive) * rows:] = 1
    first = initializers.glorot_normal_initializer() if kernel_initializer is None else kernel_initializer

    def masked(shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        return mask * first(shape, dtype)
    names = ("activation", "use_bias")
    return layers.dense(x, units, **dict(zip(names, args, strict=False)), kernel_initializer=masked, kernel_constraint=lambda w: mask * w,
                        name=name, reuse=reuse, **kwargs)


def masked_autoregressive_default_template(hidden_layers: Any, shift_only: bool = False, activation: Any = relu, log_scale_min_clip: float = -5.0,
                                           log_scale_max_clip: float = 3.0, log_scale_clip_gradient: bool = False, name: str | None = None,
                                           *args: Any, **kwargs: Any) -> Any:
    """A function for `MaskedAutoregressiveFlow`: masked dense layers of so many units each, then a shift and a log scale for each number.

    Its calls share the layers' variables. The log scale is clipped; without `log_scale_clip_gradient` its derivative is not. With `shift_only` there
    is no scale. What else is given goes to `masked_dense`. Source: Germain et al. (2015), MADE. ShapeError, by the call: the last size is not known.
    """
    name = name or "masked_autoregressive_default_template"

    def clipped(x: Node) -> Node:
        inside = clip_by_value(x, log_scale_min_clip, log_scale_max_clip)
        return inside if log_scale_clip_gradient else x + stop_gradient(inside - x)

    def shift_and_log_scale(x: Any) -> tuple[Node, Node | None]:
        x = to_node(x)
        size = known_size(x, name)
        sizes = shape(x)
        for i, units in enumerate(hidden_layers):
            x = masked_dense(x, units, size, i == 0, *args, activation=activation, **kwargs)
        x = masked_dense(x, (1 if shift_only else 2) * size, size, False, *args, activation=None, **kwargs)
        if shift_only:
            return reshape(x, sizes), None
        shift, log_scale = unstack(reshape(x, concat([sizes, [2]], 0)), num=2, axis=-1)
        return shift, clipped(log_scale)
    with name_scope(name):
        return make_template(name, shift_and_log_scale)


class RealNVP(Bijector):
    """y = x, but for the numbers behind the first `num_masked`: x1 exp(log_scale) + shift, of which a function of the first ones gives both.

    It is called with them and the number of the others. GraphError: `num_masked` is not positive. ShapeError: events are not longer, or of unknown
    size. Source: Dinh et al. (2017), Density Estimation using Real NVP.
    """

    def __init__(self, num_masked: int, shift_and_log_scale_fn: Callable[..., Any], is_constant_jacobian: bool = False, validate_args: bool = False,
                 name: str | None = None):
        if num_masked <= 0:
            raise GraphError(f"RealNVP: num_masked is a number above 0, not {num_masked}{here()}")
        self._num_masked, self._shift_and_log_scale_fn = num_masked, shift_and_log_scale_fn
        super().__init__(is_constant_jacobian=is_constant_jacobian, validate_args=validate_args, forward_min_event_ndims=1, name=name or "real_nvp")

    def _parts(self, t: Node) -> tuple[Node, Node, Any, Any]:
        """The numbers that stay, the others, and their shift and log scale."""
        size = known_size(t, "RealNVP")
        if self._num_masked >= size:
            raise ShapeError(f"RealNVP: of {size} numbers in an event {self._num_masked} are masked, no others are left{here()}")
        first = t[..., :self._num_masked]
        return first, t[..., self._num_masked:], *self._shift_and_log_scale_fn(first, size - self._num_masked)

    def _forward(self, x: Node) -> Node:
        first, others, shift, log_scale = self._parts(x)
        return concat([first, _shifted(others, shift, log_scale)], -1)

    def _inverse(self, y: Node) -> Node:
        first, others, shift, log_scale = self._parts(y)
        return concat([first, _unshifted(others, shift, log_scale)], -1)

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return -_volume(y, self._parts(y)[3])

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return _volume(x, self._parts(x)[3])


def real_nvp_default_template(hidden_layers: Any, shift_only: bool = False, activation: Any = relu, name: str | None = None, *args: Any,
                              **kwargs: Any) -> Any:
    """A function for `RealNVP`: dense layers of so many units each, then a shift and a log scale for each number, or with `shift_only` a shift.

    Its calls share the layers' variables. What else is given goes to `tf.layers.dense`. ShapeError, by the call: the last size is not known.
    """
    def shift_and_log_scale(x: Any, output_units: int) -> tuple[Node, Node | None]:
        for units in hidden_layers:
            x = layers.dense(x, units, activation, *args, **kwargs)
        x = layers.dense(x, (1 if shift_only else 2) * output_units, None, *args, **kwargs)
        if shift_only:
            return x, None
        shift, log_scale = split(x, 2, -1)
        return shift, log_scale
    with name_scope(name, "real_nvp_default_template"):
        return make_template("real_nvp_default_template", shift_and_log_scale)


class BatchNormalization(Bijector):
    """The inverse normalizes a batch by a layer of batch normalization; the map undoes that by the moving mean and variance.

    `batchnorm_layer`: a `tf.layers.BatchNormalization`, or one whose gamma stays positive. GraphError: it is none. ShapeError: the shape of a batch
    is not known. Source: Papamakarios et al. (2017), with the layer of Ioffe and Szegedy (2015).
    """

    def __init__(self, batchnorm_layer: Any = None, training: bool = True, validate_args: bool = False, name: str = "batch_normalization"):
        layer = layers.BatchNormalization(gamma_constraint=lambda g: relu(g) + 1e-6) if batchnorm_layer is None else batchnorm_layer
        if not isinstance(layer, layers.BatchNormalization):
            raise GraphError(f"BatchNormalization: {layer!r:.60} is no tf.layers.BatchNormalization{here()}")
        self.batchnorm, self._training = layer, training
        axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        super().__init__(validate_args=validate_args, forward_min_event_ndims=len(axes), name=name)

    def _axes(self, t: Node) -> list[int]:
        """The axes of events. ShapeError: the rank or their size is not known."""
        if t.type.shape is None:
            raise ShapeError(f"BatchNormalization: the shape of a batch must be known{here()}")
        axis = self.batchnorm.axis
        return [a % len(t.type.shape) for a in (axis if isinstance(axis, (list, tuple)) else [axis])]

    def _built(self, t: Node) -> None:
        if not self.batchnorm.built:
            self.batchnorm.build(t.shape)

    def _along(self, t: Node, v: Any) -> Any:
        """A value for each place of the events' axis, shaped as a batch."""
        sizes = [1] * len(t.shape)
        for a in self._axes(t):
            sizes[a] = -1
        return v if v is None else reshape(v, sizes)

    def _forward(self, x: Node) -> Node:
        self._built(x)
        layer = self.batchnorm
        mean, variance, beta, gamma = (self._along(x, v) for v in (layer.moving_mean, layer.moving_variance, layer.beta, layer.gamma))
        scale = (variance + layer.epsilon) ** 0.5
        x = x if beta is None else x - beta
        return x * (scale if gamma is None else scale / gamma) + mean

    def _inverse(self, y: Node) -> Node:
        return self.batchnorm.apply(y, training=self._training)

    def _change(self, t: Node, saved: bool) -> Node:
        self._built(t)
        kept = self._axes(t)
        variance = self.batchnorm.moving_variance if saved else moments(t, [i for i in range(len(t.shape)) if i not in kept])[1]
        return reduce_sum(log(self.batchnorm.gamma)) - 0.5 * reduce_sum(log(variance + self.batchnorm.epsilon))

    def _inverse_log_det_jacobian(self, y: Node) -> Node:
        return self._change(y, not self._training)

    def _forward_log_det_jacobian(self, x: Node) -> Node:
        return -self._change(x, True)
