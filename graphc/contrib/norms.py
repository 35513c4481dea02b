"""Normalisation of pictures one by one as `contrib.layers` has it: over their places, by channel or by groups of channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import nn
from ..errors import GraphError
from ..initializers import ones_initializer, zeros_initializer
from ..ir.axes import normal_axis
from ..ir.node import Node, describe, here
from ..ops.array import reshape
from ..ops.array import shape as shape_of
from ..variables import variable_scope
from .base import ended, floats, sizes_of, variable_of

__all__ = ["group_norm", "instance_norm"]


def instance_norm(inputs: Any, center: bool = True, scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None,
                  param_initializers: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                  trainable: bool = True, data_format: str = "NHWC", scope: Any = None) -> Node:
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta, both of each channel of each picture (Ulyanov, Vedaldi, Lempitsky 2016).

    float[batch, ..., channels] -> the same type; "NCHW": the channels come second. GraphError: another format. ShapeError: no known channels.
    DTypeError: not floating.

    >>> y = tf.contrib.layers.instance_norm(tf.constant([[[[1.0], [3.0]]]]))
    >>> tf.Session(jit=False).run(y).ravel().round(3), [v.op.name for v in tf.model_variables("InstanceNorm")]
    (array([-1.,  1.], dtype=float32), ['InstanceNorm/beta', 'InstanceNorm/gamma'])
    """
    x = floats("instance_norm", inputs, 3)
    if data_format not in ("NHWC", "NCHW"):
        raise GraphError(f"instance_norm: data_format is 'NHWC' or 'NCHW', not {data_format!r:.40}{here()}")
    rank = x.type.rank or 0
    channel = rank - 1 if data_format == "NHWC" else 1
    axes = [i for i in range(1, rank) if i != channel]
    wide = _around(x, channel)
    with variable_scope(scope, "InstanceNorm", reuse=reuse):
        beta, gamma = _parameters(x, wide, channel, center, scale, param_initializers, trainable, variables_collections)
        mean, variance = nn.moments(x, axes, keep_dims=True)
        return ended(nn.batch_normalization(x, mean, variance, beta, gamma, epsilon, name="instancenorm"), activation_fn, outputs_collections)


def group_norm(inputs: Any, groups: int = 32, channels_axis: int = -1, reduction_axes: Sequence[int] = (-3, -2), center: bool = True,
               scale: bool = True, epsilon: float = 1e-6, activation_fn: Any = None, param_initializers: Any = None, reuse: Any = None,
               variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None,
               mean_close_to_zero: bool = False) -> Node:
    """gamma * (inputs - mean) / sqrt(variance + epsilon) + beta, both of each group of channels of each picture (Wu and He 2018).

    float[batch, ..., channels] -> the same type; `reduction_axes`: those of the places. GraphError: channels that do not make groups, or axes
    that are not such. ShapeError: no known channels. DTypeError: not floating.

    >>> y = tf.contrib.layers.group_norm(tf.constant([[[[1.0, 3.0]]]]), groups=1)
    >>> tf.Session(jit=False).run(y).ravel().round(3)
    array([-1.,  1.], dtype=float32)
    """
    x = floats("group_norm", inputs, 2)
    rank = x.type.rank or 0
    channel = normal_axis(channels_axis, rank)
    axes = [normal_axis(i, rank) for i in reduction_axes]
    count = list(x.type.shape or ())[channel]
    if channel in axes or 0 in (channel, *axes):
        raise GraphError(f"group_norm: the axes {list(reduction_axes)} and {channels_axis} are not those of places and channels{here()}")
    wide = _around(x, channel)
    if not isinstance(groups, int) or groups < 1 or count % groups:
        raise GraphError(f"group_norm: the {count} channels of {describe(x)} do not make {groups} groups{here()}")
    with variable_scope(scope, "GroupNorm", reuse=reuse):
        beta, gamma = _parameters(x, wide, channel, center, scale, param_initializers, trainable, variables_collections)
        # The channels as groups and those within one: the axes behind stand one place further.
        sizes = shape_of(x)
        split = [[groups, count // groups] if i == channel else [sizes[i]] for i in range(rank)]
        grouped = reshape(x, [n for part in split for n in part])
        over = [i + (i > channel) for i in axes] + [channel + 1]
        mean, variance = nn.moments(grouped, over, keep_dims=True)
        out = reshape(nn.batch_normalization(grouped, mean, variance, None, None, epsilon), sizes)
        out.set_shape(x.type.shape)
        out = out if gamma is None else out * gamma
        return ended(out if beta is None else out + beta, activation_fn, outputs_collections)


def _around(x: Node, channel: int) -> list[int]:
    """The shape of a parameter that has the channels' axis alone. ShapeError: their number is not known."""
    count = list(x.type.shape or ())[channel]
    if count is None:
        sizes_of("normalisation", x, channel)
    return [int(count or 0) if i == channel else 1 for i in range(x.type.rank or 0)]


def _parameters(x: Node, wide: list[int], channel: int, center: bool, scale: bool, initializers: Any, trainable: bool,
                collections: Any) -> tuple[Node | None, Node | None]:
    """beta and gamma, of the channels, in the shape in which they broadcast."""
    made: list[Node | None] = []
    for name, wanted, start in (("beta", center, zeros_initializer()), ("gamma", scale, ones_initializer())):
        start = (initializers or {}).get(name, start)
        made.append(reshape(variable_of(name, [wide[channel]], x.dtype, start, None, trainable, collections), wide) if wanted else None)
    return made[0], made[1]
