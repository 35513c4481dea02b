"""`tf.contrib.layers.spatial_softmax`: where in a picture each channel is high, by the mean place under a softmax."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError, ShapeError
from ..initializers import constant_initializer, ones_initializer
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ops.array import concat, linspace, reshape, shape, tile, transpose
from ..ops.math import cast
from ..ops.nn import softmax
from ..ops.reduce import reduce_sum
from ..variables import variable_scope
from .framework import model_variable
from .scopes import add_arg_scope

__all__ = ["spatial_softmax"]


@add_arg_scope
def spatial_softmax(features: Any, temperature: float | None = None, name: str | None = None, variables_collections: Any = None,
                    trainable: bool = True, data_format: str = "NHWC") -> Node:
    """The mean place of each channel, [i1, j1, ..., iN, jN] between -1 and 1, under a softmax over its picture, by a variable `temperature`.

    float[n, h, w, c], or of data_format "NCHW" float[n, c, h, w] -> float[n, 2 c]. The variable begins with `temperature`, or 1. GraphError:
    another format. ShapeError: no such pictures, or the number of channels is not known. Source: Finn et al. (2015), arXiv:1509.06113.

    >>> pictures = tf.one_hot([[[0, 0], [0, 1]]], 2, on_value=50.0)
    >>> with tf.Session(jit=False) as sess:
    ...     places = tf.contrib.layers.spatial_softmax(100.0 * pictures)
    ...     print(sess.run(places).round(3))
    [[-0.333 -0.333  1.     1.   ]]
    """
    if data_format not in ("NHWC", "NCHW"):
        raise GraphError(f"spatial_softmax: data_format is NHWC or NCHW, not {data_format!r:.40}{here()}")
    x = to_node(features)
    if x.type.rank != 4 or x.shape[data_format.index("C")].value is None:
        raise ShapeError(f"spatial_softmax: {describe(x)} is no batch of pictures of so many channels{here()}")
    channels = x.shape[data_format.index("C")].value
    sizes = shape(x)
    height, width = sizes[data_format.index("H")], sizes[data_format.index("W")]
    with variable_scope(name, "spatial_softmax"):
        with name_scope("spatial_softmax_op"):
            rows, columns = (linspace(-1.0, 1.0, size) for size in (height, width))
            row = reshape(tile(reshape(rows, [-1, 1]), [1, width]), [-1])
            column = tile(columns, [height])
            named = variables_collections.get("temperature") if isinstance(variables_collections, dict) else variables_collections
            value = model_variable("temperature", [], "float32", ones_initializer() if temperature is None else constant_initializer(temperature),
                                   trainable=trainable, collections=named if trainable else None)
            flat = reshape(x if data_format == "NCHW" else transpose(x, [0, 3, 1, 2]), [-1, height * width])
            share = softmax(flat / cast(value, x.dtype))
            places = [reduce_sum(cast(where, x.dtype) * share, 1, True) for where in (row, column)]
            found = reshape(concat(places, 1), [-1, channels * 2])
            found.set_shape([x.shape[0], channels * 2])
            return found
