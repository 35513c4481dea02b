"""Layers of several inputs: their sum, product, mean, extremes, what they are side by side, and products of their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from ...errors import GraphError, ShapeError
from ...ir.node import Node, here
from ...ir.operator import to_node
from ...ir.types import TensorShape, as_shape, shape_str
from ...nn import l2_normalize
from ...ops import math as _math
from ...ops.array import concat, expand_dims, ones_like, squeeze, stack, transpose
from ...ops.linalg import matmul
from ...ops.reduce import reduce_all, reduce_sum
from .base import StatedLayer

__all__ = ["Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "add", "average", "concatenate", "dot", "maximum",
           "minimum", "multiply", "subtract"]


class _Merge(StatedLayer):
    """What layers of several inputs share: they are broadcast, those of fewer axes along the ones behind the first."""

    supports_masking = True
    _merged: Callable[[Node, Node], Node]

    def _several(self, inputs: Any, least: int = 2) -> list[Node]:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < least:
            raise GraphError(f"{self._name}: a layer of several inputs is called with a list of {least} or more, not {inputs!r:.60}{here()}")
        return [to_node(x) for x in inputs]

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(self._several(inputs), *args, **kwargs)

    def call(self, inputs: Any) -> Any:
        """What the inputs make."""
        return self._made(self._aligned(inputs))

    def _made(self, inputs: list[Node]) -> Node:
        return reduce(type(self)._merged, inputs)

    def _aligned(self, inputs: list[Node]) -> list[Node]:
        """The inputs, of one rank: sizes of 1 behind the rows for those of fewer axes."""
        ranks = [x.type.rank for x in inputs]
        if None in ranks or len(set(ranks)) == 1:
            return inputs
        most = max(r for r in ranks if r is not None)
        out = []
        for x, rank in zip(inputs, ranks, strict=True):
            for _ in range(most - (rank or 0)):
                x = expand_dims(x, axis=1)
            out.append(x)
        return out

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What all masks that there are let count."""
        masks = [m for m in mask or [] if m is not None]
        return reduce_all(stack(masks, axis=0), axis=0) if len(masks) > 1 else masks[0] if masks else None

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape that the inputs broadcast to."""
        dims = [as_shape(s) for s in input_shape]
        if any(d is None for d in dims):
            return TensorShape(None)
        most = max(len(d or ()) for d in dims)
        filled = [[*(d or ())[:1], *[1] * (most - len(d or ())), *(d or ())[1:]] for d in dims]
        out = []
        for sizes in zip(*filled, strict=True):
            known = {d for d in sizes if d is not None and d != 1}
            if len(known) > 1:
                raise ShapeError(f"{self._name}: {', '.join(map(shape_str, dims))} cannot be broadcast together{here()}")
            out.append(next(iter(known)) if known else None if None in sizes else 1)
        return TensorShape(out)


class Add(_Merge):
    """The sum of the inputs: a list of number[batch, ...] -> the shape that they broadcast to. GraphError: no list. ShapeError: as of `tf.add`.

    >>> tf.Session(jit=False).run(tf.keras.layers.Add()([tf.constant([1.0]), tf.constant([2.0])]))
    array([3.], dtype=float32)
    """

    _merged = _math.add


class Subtract(_Merge):
    """The first of two inputs less the second: as `Add`. GraphError: no list of two. ShapeError: as of `tf.subtract`."""

    _merged = _math.subtract

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if len(self._several(inputs)) != 2:
            raise GraphError(f"{self._name}: there are two inputs, not {len(inputs)}{here()}")
        return super().__call__(inputs, *args, **kwargs)


class Multiply(_Merge):
    """The product of the inputs: as `Add`. GraphError: no list. ShapeError: as of `tf.multiply`."""

    _merged = _math.multiply


class Average(_Merge):
    """The mean of the inputs: as `Add`. GraphError: no list. ShapeError: as of `tf.add`."""

    _merged = _math.add

    def _made(self, inputs: list[Node]) -> Node:
        return super()._made(inputs) / float(len(inputs))


class Maximum(_Merge):
    """The largest of the inputs, elementwise: as `Add`. GraphError: no list. ShapeError: as of `tf.maximum`."""

    _merged = _math.maximum


class Minimum(_Merge):
    """The smallest of the inputs, elementwise: as `Add`. GraphError: no list. ShapeError: as of `tf.minimum`."""

    _merged = _math.minimum


class Concatenate(_Merge):
    """The inputs, one after the other along an axis: a list of any[batch, ...] -> the same rank. GraphError: no list. ShapeError: sizes of the
    other axes differ.

    >>> tf.keras.layers.Concatenate()([tf.zeros([2, 3]), tf.zeros([2, 4])]).shape
    TensorShape((2, 7))
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any) -> Any:
        """The inputs, one after the other."""
        return concat(inputs, self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks, one after the other; ones for an input that has none."""
        if mask is None or all(m is None for m in mask):
            return None
        parts = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                parts.append(ones_like(x, dtype="bool"))
            else:
                parts.append(expand_dims(m, axis=-1) if m.type.rank < x.type.rank else m)
        return reduce_all(concat(parts, self.axis), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The sizes of the inputs, that of the axis their sum."""
        dims: list[Any] = [as_shape(s) or () for s in input_shape]
        out = list(dims[0])
        for more in dims[1:]:
            if len(more) != len(out):
                raise ShapeError(f"{self._name}: {', '.join(map(shape_str, dims))} are not of one rank{here()}")
            axis = self.axis % len(out)
            out = [(None if None in (a, b) else a + b) if i == axis else a if a is not None else b
                   for i, (a, b) in enumerate(zip(out, more, strict=True))]
        return TensorShape(out)


class Dot(_Merge):
    """Products of the rows of two inputs, summed along an axis of each; with `normalize` of rows made 1 long: the cosine of their angle.

    float[batch, ...] both -> float[batch, what is left of the first, of the second], at least one size of 1. GraphError: no axes. ShapeError:
    they have other sizes.

    >>> tf.Session(jit=False).run(tf.keras.layers.Dot(axes=1)([tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0]])]))
    array([[11.]], dtype=float32)
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(axes, int) and not (isinstance(axes, (list, tuple)) and len(axes) == 2 and all(isinstance(a, int) for a in axes)):
            raise GraphError(f"{self._name}: axes is a number, or two of them, not {axes!r:.60}{here()}")
        self.axes, self.normalize = axes, normalize

    def _places(self, shapes: Sequence[Any]) -> tuple[int, int]:
        given = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        ranks = [len(as_shape(s) or ()) for s in shapes]
        one, other = (a % r if r else a for a, r in zip(given, ranks, strict=True))
        return one, other

    def call(self, inputs: Any) -> Any:
        """The products."""
        x, y = inputs
        one, other = self._places([x.shape, y.shape])
        if self.normalize:
            x, y = l2_normalize(x, axis=one), l2_normalize(y, axis=other)
        return batch_dot(x, y, one, other)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the steps are summed."""
        return None

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The rows, and what is left of both."""
        first, second = (list(as_shape(s) or ()) for s in input_shape)
        one, other = self._places(input_shape)
        if None not in (first[one], second[other]) and first[one] != second[other]:
            raise ShapeError(f"{self._name}: {TensorShape(first)} and {TensorShape(second)} differ along the axes {self.axes}{here()}")
        rest = [d for i, d in enumerate(first) if i != one] + [d for i, d in enumerate(second[1:], 1) if i != other]
        return TensorShape([*rest, 1] if len(rest) == 1 else rest)


def batch_dot(x: Node, y: Node, one: int, other: int) -> Node:
    """Products of the rows of two tensors, summed along an axis of each: float[batch, ...] -> float[batch, ...], of two axes or more."""
    rank_x, rank_y = x.type.rank or 2, y.type.rank or 2
    if rank_x == 2 and rank_y == 2:
        return reduce_sum(x * y, axis=1, keepdims=True)
    x = transpose(x, perm=[*(i for i in range(rank_x) if i != one), one]) if one != rank_x - 1 else x
    y = transpose(y, perm=[0, other, *(i for i in range(1, rank_y) if i != other)]) if other != 1 else y
    if rank_x == 2:
        return squeeze(matmul(expand_dims(x, axis=1), y), axis=1)
    if rank_y == 2:
        return squeeze(matmul(x, expand_dims(y, axis=-1)), axis=-1)
    return matmul(x, y)


def _function(layer: type[_Merge], name: str) -> Callable[..., Any]:
    def merged(inputs: Any, **kwargs: Any) -> Any:
        return layer(**kwargs)(inputs)
    merged.__name__ = merged.__qualname__ = name
    merged.__doc__ = f"`{layer.__name__}` of a list of inputs, which makes that layer. GraphError: no list. ShapeError: operands that do not fit."
    return merged


add, subtract, multiply = _function(Add, "add"), _function(Subtract, "subtract"), _function(Multiply, "multiply")
average, maximum, minimum = _function(Average, "average"), _function(Maximum, "maximum"), _function(Minimum, "minimum")


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` of a list of inputs, which makes that layer. GraphError: no list. ShapeError: operands that do not fit.

    >>> tf.keras.layers.concatenate([tf.zeros([2, 3]), tf.zeros([2, 4])]).shape
    TensorShape((2, 7))
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """`Dot` of two inputs, which makes that layer. GraphError: no list. ShapeError: operands that do not fit."""
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
