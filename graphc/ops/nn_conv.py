"""Convolutions as users call them: in one, two and three axes, transposed, by channel, dilated, with channels first or last."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.node import Node, describe, here, saying
from ..ir.operator import to_node
from .array_join import concat
from .array_move import reshape, sizes
from .conv import conv, conv_filter, conv_input
from .layouts import as_given, channels_last, each_axis, is_first, made, moved, operands, padding_of, ranked, sizes_last, telling
from .scopes import composed, scope

__all__ = ["convolution", "conv1d", "conv2d", "conv3d", "atrous_conv2d", "conv1d_transpose", "conv2d_transpose", "conv3d_transpose",
           "atrous_conv2d_transpose", "conv2d_backprop_input", "conv2d_backprop_filter", "conv3d_backprop_filter", "conv3d_backprop_filter_v2",
           "depthwise_conv2d", "depthwise_conv2d_native", "depthwise_conv2d_native_backprop_input", "depthwise_conv2d_native_backprop_filter",
           "separable_conv2d"]


# ---------------------------------------------------------------------- forward

def _forward(what: str, count: int, x: Any, w: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, name: str) -> Node:
    x, w = operands(what, input=x, filter=w)
    with telling(what, x, w):
        first = is_first(data_format, count)
        x = ranked(x, count + 2, "the input")
        w = ranked(w, count + 2, "the filter")
        how = moved(count, first, strides, padding, dilations)
        y = made(conv, [channels_last(x, first, count), w], how, None if first else name)
        return as_given(y, first, count, name)


def _dilated(what: str, count: int, x: Any, w: Any, strides: Any, padding: Any, data_format: Any, rates: Any, name: str | None) -> Node:
    """A convolution by the name that TensorFlow gives its last part: what brings a dilated one back to its place, or itself."""
    x, w = operands(what, input=x, filter=w)
    last = "BatchToSpaceND" if rates is not None and np.any(np.not_equal(rates, 1)) else "Squeeze" if count == 1 else ""
    with scope(name, "convolution", x, last, last or f"Conv{count}D", input=x, filter=w) as full:
        return _forward(what, count, x, w, strides, padding, data_format, rates, full)


@composed("Conv2D", op="Conv2D")
def conv2d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, use_cudnn_on_gpu: bool = True, data_format: str = "NHWC",
           dilations: Any = None, name: str | None = None, filters: Any = None) -> Node:
    """The convolution of pictures by a filter, the sum over its places and channels of input * filter; not turned round.

    input: number[batch, height, width, channels], filter: number[height, width, channels / groups, outputs] -> number[batch, h, w, outputs].
    `padding`: "SAME" (h = ceil(height / stride), zeros around, the odd one at the end), "VALID" (whole windows only) or four pairs.
    ShapeError: ranks, channels or sizes do not fit. DTypeError: no numbers.

    >>> x, w = tf.ones([1, 2, 3, 1]), tf.ones([2, 2, 1, 1])
    >>> tf.Session(jit=False).run(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID"))[0, :, :, 0]
    array([[4., 4.]], dtype=float32)
    """
    return _forward("conv2d", 2, input, filter if filters is None else filters, strides, padding, data_format, dilations, name or "Conv2D")


@composed("conv1d", "Squeeze", op="Squeeze")
def conv1d(value: Any = None, filters: Any = None, stride: Any = None, padding: Any = None, use_cudnn_on_gpu: Any = None,
           data_format: str | None = None, name: str | None = None, input: Any = None, dilations: Any = None) -> Node:
    """The convolution of rows by a filter, as `conv2d` does it for pictures.

    value: number[batch, width, channels], filters: number[width, channels / groups, outputs] -> number[batch, w, outputs].
    ShapeError: ranks, channels or sizes do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.conv1d([[[1.0], [2.0], [4.0]]], [[[1.0]], [[10.0]]], 1, "SAME"))[0, :, 0]
    array([21., 42.,  4.], dtype=float32)
    """
    return _forward("conv1d", 1, value if input is None else input, filters, stride, padding, data_format, dilations, name or "conv1d")


@composed("Conv3D", op="Conv3D")
def conv3d(input: Any, filter: Any = None, strides: Any = None, padding: Any = None, data_format: str = "NDHWC", dilations: Any = None,
           name: str | None = None, filters: Any = None) -> Node:
    """The convolution of volumes by a filter, as `conv2d` does it for pictures.

    input: number[batch, depth, height, width, channels], filter: number[depth, height, width, channels / groups, outputs].
    ShapeError: ranks, channels or sizes do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.conv3d(tf.ones([1, 2, 2, 2, 1]), tf.ones([2, 2, 2, 1, 1]), [1, 1, 1, 1, 1], "VALID"))[0, 0, 0, 0]
    array([8.], dtype=float32)
    """
    return _forward("conv3d", 3, input, filter if filters is None else filters, strides, padding, data_format, dilations, name or "Conv3D")


def convolution(input: Any, filter: Any = None, padding: Any = None, strides: Any = None, dilation_rate: Any = None, name: str | None = None,
                data_format: str | None = None, filters: Any = None, dilations: Any = None) -> Node:
    """The convolution over one, two or three axes, as many as the filter has.

    input: number[batch, *sizes, channels], filter: number[*sizes, channels / groups, outputs]. ShapeError: ranks, channels or sizes do not fit.

    >>> tf.Session(jit=False).run(tf.nn.convolution([[[1.0], [2.0], [4.0]]], [[[1.0]], [[10.0]]], "VALID"))[0, :, 0]
    array([21., 42.], dtype=float32)
    """
    x, w = operands("convolution", input=input, filter=filter if filters is None else filters)
    rates = dilation_rate if dilations is None else dilations
    with telling("convolution", x, w):
        count = _count(w, 2)
    return _dilated("convolution", count, x, w, strides, padding, data_format, rates, name)


def _count(x: Node, others: int) -> int:
    if x.type.rank is None:
        raise ShapeError(f"the rank of {describe(x)} must be known: it tells over how many axes windows move")
    if not 1 <= x.type.rank - others <= 3:
        raise ShapeError(f"windows move over 1, 2 or 3 axes; {describe(x)} has rank {x.type.rank}, of which {others} are others")
    return x.type.rank - others


def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: Any, name: str | None = None) -> Node:
    """`conv2d` by a filter whose elements are `rate` apart (a trous; Chen et al. 2015).

    value: number[batch, height, width, channels], filters: number[height, width, channels, outputs]. ShapeError: they do not fit.

    >>> x = tf.reshape(tf.linspace(0.0, 4.0, 5), [1, 1, 5, 1])
    >>> tf.Session(jit=False).run(tf.nn.atrous_conv2d(x, tf.ones([1, 2, 1, 1]), 3, "VALID"))[0, 0, :, 0]
    array([3., 5.], dtype=float32)
    """
    return _dilated("atrous_conv2d", 2, value, filters, 1, padding, None, rate, name)


# ---------------------------------------------------------------------- gradients, which are operators of their own

def _to_input(what: str, count: int, whole: Any, w: Any, y: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, name: str) -> Node:
    y, w = operands(what, out_backprop=y, filter=w)
    dims = _sizes(what, whole)
    with telling(what, dims, w, y):
        first = is_first(data_format, count)
        y = ranked(y, count + 2, "what the result is shaped like")
        w = ranked(w, count + 2, "the filter")
        how = moved(count, first, strides, padding, dilations)
        inputs = [w, channels_last(y, first, count), sizes_last(dims, first, count)]
        return as_given(made(conv_input, inputs, how, None if first else name), first, count, name)


def _sizes(what: str, whole: Any) -> Node:
    """A shape that is an operand, as a vector; what depends on tensors too."""
    if whole is None:
        raise ShapeError(f"{what} needs the shape of its result{here()}")
    with saying(what):
        return to_node(list(whole) if isinstance(whole, tuple) else whole)


def _to_filter(what: str, count: int, x: Any, whole: Any, y: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, name: str) -> Node:
    x, y = operands(what, input=x, out_backprop=y)
    dims = _sizes(what, whole)
    with telling(what, x, dims, y):
        first = is_first(data_format, count)
        x = ranked(x, count + 2, "the input")
        y = ranked(y, count + 2, "what the result of the convolution is shaped like")
        how = moved(count, first, strides, padding, dilations)
        return made(conv_filter, [channels_last(x, first, count), channels_last(y, first, count), dims], how, name)


@composed("conv2d_transpose", op="Conv2DBackpropInput")
def conv2d_transpose(value: Any = None, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME",
                     data_format: str = "NHWC", name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None) -> Node:
    """The transpose of `conv2d`: what an input of shape `output_shape` gets as gradient, if `value` is that of the result.

    value: number[batch, height, width, outputs], filter: number[h, w, channels, outputs] -> number[output_shape], whose last is `channels`.
    ShapeError: a convolution of `output_shape` has not the shape of `value`. DTypeError: no numbers.

    >>> x = tf.reshape([1.0, 2.0], [1, 1, 2, 1])
    >>> tf.Session(jit=False).run(tf.nn.conv2d_transpose(x, tf.ones([1, 2, 1, 1]), [1, 1, 4, 1], strides=[1, 1, 2, 1]))[0, 0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """
    return _to_input("conv2d_transpose", 2, output_shape, filter if filters is None else filters, value if input is None else input, strides, padding,
                     data_format, dilations, name or "conv2d_transpose")


@composed("conv1d_transpose", "Squeeze", op="Squeeze")
def conv1d_transpose(input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str = "NWC",
                     dilations: Any = None, name: str | None = None) -> Node:
    """The transpose of `conv1d`, as `conv2d_transpose` is of `conv2d`.

    input: number[batch, width, outputs], filters: number[w, channels, outputs] -> number[output_shape]. ShapeError: they do not fit.

    >>> tf.Session(jit=False).run(tf.nn.conv1d_transpose([[[1.0], [2.0]]], tf.ones([2, 1, 1]), [1, 4, 1], 2))[0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """
    return _to_input("conv1d_transpose", 1, output_shape, filters, input, strides, padding, data_format, dilations, name or "conv1d_transpose")


@composed("conv3d_transpose", op="Conv3DBackpropInputV2")
def conv3d_transpose(value: Any, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: Any = "SAME", data_format: str = "NDHWC",
                     name: str | None = None, input: Any = None, filters: Any = None, dilations: Any = None) -> Node:
    """The transpose of `conv3d`, as `conv2d_transpose` is of `conv2d`.

    value: number[batch, depth, height, width, outputs], filter: number[d, h, w, channels, outputs] -> number[output_shape].
    ShapeError: they do not fit. DTypeError: no numbers.

    >>> y = tf.nn.conv3d_transpose(tf.ones([1, 1, 1, 1, 1]), tf.ones([2, 2, 2, 1, 1]), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1])
    >>> tf.Session(jit=False).run(tf.reduce_sum(y))
    np.float32(8.0)
    """
    return _to_input("conv3d_transpose", 3, output_shape, filter if filters is None else filters, value if input is None else input, strides, padding,
                     data_format, dilations, name or "conv3d_transpose")


@composed("atrous_conv2d_transpose", "BatchToSpaceND", op="BatchToSpaceND")
def atrous_conv2d_transpose(value: Any, filters: Any, output_shape: Any, rate: Any, padding: Any, name: str | None = None) -> Node:
    """The transpose of `atrous_conv2d`, as `conv2d_transpose` is of `conv2d`.

    value: number[batch, height, width, outputs], filters: number[h, w, channels, outputs] -> number[output_shape]. ShapeError: they do not fit.

    >>> y = tf.nn.atrous_conv2d_transpose(tf.ones([1, 1, 1, 1]), tf.ones([1, 2, 1, 1]), [1, 1, 4, 1], 3, "VALID")
    >>> tf.Session(jit=False).run(y)[0, 0, :, 0]
    array([1., 0., 0., 1.], dtype=float32)
    """
    return _to_input("atrous_conv2d_transpose", 2, output_shape, filters, value, 1, padding, None, rate, name or "atrous_conv2d_transpose")


@composed("Conv2DBackpropInput", op="Conv2DBackpropInput")
def conv2d_backprop_input(input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
                          use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Any = None, name: str | None = None,
                          filters: Any = None) -> Node:
    """The gradient of `conv2d` to its input, of shape `input_sizes`, of the gradient of its result; differentiable itself.

    ShapeError: a convolution of `input_sizes` has not the shape of `out_backprop`. DTypeError: no numbers.

    >>> g = tf.nn.conv2d_backprop_input([1, 1, 3, 1], tf.ones([1, 2, 1, 1]), tf.ones([1, 1, 2, 1]), [1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(g)[0, 0, :, 0]
    array([1., 2., 1.], dtype=float32)
    """
    return _to_input("conv2d_backprop_input", 2, input_sizes, filter if filters is None else filters, out_backprop, strides, padding, data_format,
                     dilations, name or "Conv2DBackpropInput")


@composed("Conv2DBackpropFilter", op="Conv2DBackpropFilter")
def conv2d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, use_cudnn_on_gpu: bool = True,
                           data_format: str = "NHWC", dilations: Any = None, name: str | None = None) -> Node:
    """The gradient of `conv2d` to its filter, of shape `filter_sizes`, of the gradient of its result; differentiable itself.

    ShapeError: a convolution by `filter_sizes` has not the shape of `out_backprop`. DTypeError: no numbers.

    >>> g = tf.nn.conv2d_backprop_filter([[[[1.0], [2.0], [4.0]]]], [1, 2, 1, 1], tf.ones([1, 1, 2, 1]), [1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(g)[0, :, 0, 0]
    array([3., 6.], dtype=float32)
    """
    return _to_filter("conv2d_backprop_filter", 2, input, filter_sizes, out_backprop, strides, padding, data_format, dilations,
                      name or "Conv2DBackpropFilter")


@composed("Conv3DBackpropFilterV2", op="Conv3DBackpropFilterV2")
def conv3d_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NDHWC",
                           dilations: Any = None, name: str | None = None) -> Node:
    """The gradient of `conv3d` to its filter, of shape `filter_sizes`, of the gradient of its result; differentiable itself.

    ShapeError: a convolution by `filter_sizes` has not the shape of `out_backprop`. DTypeError: no numbers.

    >>> g = tf.nn.conv3d_backprop_filter(tf.ones([1, 2, 1, 1, 1]), [1, 1, 1, 1, 1], tf.ones([1, 2, 1, 1, 1]), [1, 1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(tf.reshape(g, [1]))
    array([2.], dtype=float32)
    """
    return _to_filter("conv3d_backprop_filter", 3, input, filter_sizes, out_backprop, strides, padding, data_format, dilations,
                      name or "Conv3DBackpropFilter")


conv3d_backprop_filter_v2 = conv3d_backprop_filter


# ---------------------------------------------------------------------- channel by channel

def _by_channel(w: Node) -> Node:
    """A filter [height, width, channels, multiplier] as one of as many groups as there are channels."""
    dims = w.type.shape
    if dims is None:
        raise ShapeError(f"the rank of {describe(w)} must be known")
    if None not in dims:
        return reshape(w, [*dims[:2], 1, dims[2] * dims[3]])
    return reshape(w, concat([sizes(w, [0, 1]), np.array([1], np.int32), sizes(w, [2]) * sizes(w, [3])], 0))


def _channels_fit(channels: Any, w: Node) -> None:
    own = w.type.shape[2] if w.type.shape is not None else None
    if None not in (channels, own) and channels != own:
        raise ShapeError(f"the input has {channels} channels, the filter is for {own}")


def _rates(rate: Any, dilations: Any) -> Any:
    return rate if dilations is None else dilations


@composed("depthwise", op="DepthwiseConv2dNative")
def depthwise_conv2d(input: Any, filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None, data_format: str | None = None,
                     dilations: Any = None) -> Node:
    """The convolution of each channel by filters of its own: output c * multiplier + q is that of channel c by its q-th filter.

    input: number[batch, height, width, channels], filter: number[h, w, channels, multiplier] -> number[..., channels * multiplier].
    ShapeError: they do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.nn.depthwise_conv2d([[[[1.0, 10.0]]]], [[[[1.0, 2.0], [3.0, 4.0]]]], [1, 1, 1, 1], "SAME"))[0, 0, 0]
    array([ 1.,  2., 30., 40.], dtype=float32)
    """
    return _depthwise("depthwise_conv2d", input, filter, strides, padding, data_format, _rates(rate, dilations), name or "depthwise")


@composed("DepthwiseConv2dNative", op="DepthwiseConv2dNative")
def depthwise_conv2d_native(input: Any, filter: Any, strides: Any, padding: Any, data_format: str = "NHWC", dilations: Any = None,
                            name: str | None = None) -> Node:
    """`depthwise_conv2d` by its older name.

    ShapeError, DTypeError: as `depthwise_conv2d`.

    >>> tf.Session(jit=False).run(tf.nn.depthwise_conv2d_native([[[[1.0, 10.0]]]], [[[[2.0], [3.0]]]], [1, 1, 1, 1], "SAME"))[0, 0, 0]
    array([ 2., 30.], dtype=float32)
    """
    return _depthwise("depthwise_conv2d_native", input, filter, strides, padding, data_format, dilations, name or "DepthwiseConv2dNative")


def _depthwise(what: str, x: Any, w: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, name: str) -> Node:
    x, w = operands(what, input=x, filter=w)
    with telling(what, x, w):
        first = is_first(data_format, 2)
        x = ranked(x, 4, "the input")
        w = ranked(w, 4, "the filter")
        moving = channels_last(x, first, 2)
        _channels_fit(moving.type.shape[-1] if moving.type.shape is not None else None, w)
        y = made(conv, [moving, _by_channel(w)], moved(2, first, strides, padding, dilations), None if first else name)
        return as_given(y, first, 2, name)


@composed("DepthwiseConv2dNativeBackpropInput", op="DepthwiseConv2dNativeBackpropInput")
def depthwise_conv2d_native_backprop_input(input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                                           dilations: Any = None, name: str | None = None) -> Node:
    """The gradient of `depthwise_conv2d` to its input, of shape `input_sizes`, of the gradient of its result; differentiable itself.

    ShapeError: they do not fit. DTypeError: no numbers.

    >>> g = tf.nn.depthwise_conv2d_native_backprop_input([1, 1, 2, 1], [[[[1.0]], [[2.0]]]], tf.ones([1, 1, 1, 1]), [1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(g)[0, 0, :, 0]
    array([1., 2.], dtype=float32)
    """
    what = "depthwise_conv2d_native_backprop_input"
    y, w = operands(what, out_backprop=out_backprop, filter=filter)
    with telling(what, w, y):
        w = ranked(w, 4, "the filter")
        flat = _by_channel(w)
    return _to_input(what, 2, input_sizes, flat, y, strides, padding, data_format, dilations, name or "DepthwiseConv2dNativeBackpropInput")


@composed("DepthwiseConv2dNativeBackpropFilter", op="DepthwiseConv2dNativeBackpropFilter")
def depthwise_conv2d_native_backprop_filter(input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
                                            dilations: Any = None, name: str | None = None) -> Node:
    """The gradient of `depthwise_conv2d` to its filter, of shape `filter_sizes`, of the gradient of its result; differentiable itself.

    ShapeError: they do not fit. DTypeError: no numbers.

    >>> g = tf.nn.depthwise_conv2d_native_backprop_filter([[[[1.0], [2.0]]]], [1, 2, 1, 1], tf.ones([1, 1, 1, 1]), [1, 1, 1, 1], "VALID")
    >>> tf.Session(jit=False).run(g)[0, :, 0, 0]
    array([1., 2.], dtype=float32)
    """
    dims = _sizes("depthwise_conv2d_native_backprop_filter", filter_sizes)
    flat = concat([dims[:2], np.array([1], dims.type.dtype.type), dims[2:3] * dims[3:4]], 0)
    found = _to_filter("depthwise_conv2d_native_backprop_filter", 2, input, flat, out_backprop, strides, padding, data_format, dilations,
                       "DepthwiseConv2dNativeBackpropFilter")
    return reshape(found, dims, name=name)


def separable_conv2d(input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: Any, rate: Any = None, name: str | None = None,
                     data_format: str | None = None, dilations: Any = None) -> Node:
    """`depthwise_conv2d`, and of its results a convolution by a filter of one element (Chollet 2017).

    input: number[batch, height, width, channels], depthwise_filter: number[h, w, channels, multiplier],
    pointwise_filter: number[1, 1, channels * multiplier, outputs]. ShapeError: they do not fit. DTypeError: no numbers.

    >>> y = tf.nn.separable_conv2d([[[[1.0, 10.0]]]], [[[[2.0], [3.0]]]], [[[[1.0], [1.0]]]], [1, 1, 1, 1], "SAME")
    >>> tf.Session(jit=False).run(y)[0, 0, 0]
    array([32.], dtype=float32)
    """
    x, w, v = operands("separable_conv2d", input=input, depthwise_filter=depthwise_filter, pointwise_filter=pointwise_filter)
    with telling("separable_conv2d", x, w, v):
        v = ranked(v, 4, "the pointwise filter")
        if v.type.shape is not None and any(n not in (1, None) for n in v.type.shape[:2]):
            raise ShapeError(f"the pointwise filter has height {v.type.shape[0]} and width {v.type.shape[1]}, not 1 and 1")
        if w.type.shape is not None and v.type.shape is not None and len(w.type.shape) == 4:
            between, wanted = w.type.shape[2:], v.type.shape[2]
            if None not in (*between, wanted) and between[0] * between[1] != wanted:
                raise ShapeError(f"the pointwise filter has {wanted} channels, the depthwise one gives {between[0] * between[1]}")
        each_axis(strides, 2, is_first(data_format, 2), "strides")
        padding_of(padding, 2, is_first(data_format, 2))
    with scope(name, "separable_conv2d", x, op="Conv2D") as last:
        middle = _depthwise("separable_conv2d", x, w, strides, padding, data_format, _rates(rate, dilations), "depthwise")
        return _forward("separable_conv2d", 2, middle, v, 1, "VALID", data_format, None, last)
