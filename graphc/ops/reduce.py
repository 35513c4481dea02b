"""Reductions over axes: those that kernels know, and what is composed of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.axes import normal_axes, reduced_shape
from ..ir.home import home
from ..ir.node import Node, describe, dtype_of, here
from ..ir.operator import Values, bound_node, declare, reduction, to_node
from ..ir.sizes import fixed
from ..ir.types import TensorType, compatible, dtype_name, element_count, int64, shape_str
from . import continued
from .array_move import Types, broadcast_to, expand_dims, identity, reshape, shape, sizes, squeeze, stop_gradient
from .array_scan import accumulator, cumprod
from .from_tensors import from_tensors
from .math import cast, equal, exp, is_finite, log, maximum, not_equal, sqrt, square, truncatediv, where
from .math_complex import imag, is_complex, real
from .scopes import composed

__all__ = ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_any", "reduce_all", "reduce_mean",
           "reduce_euclidean_norm", "reduce_logsumexp", "reduce_std", "reduce_variance", "count_nonzero"]

Axes = tuple[int, ...] | None

_SAMPLES = (([(2, 3)], {"axis": None}), ([(2, 3, 4)], {"axis": (0, 2)}), ([(2, 3)], {"axis": 1, "keepdims": True}),
            ([()], {"axis": None}), ([(0, 3)], {"axis": 0}), ([(3, 0)], {"axis": 0}), ([(7, 5)], {"axis": 0}))
_TRUTH = (([np.array([[True, False], [True, True]])], {"axis": 1}), ([np.zeros((0, 2), bool)], {"axis": 0}),
          ([np.array([[True, False]])], {"axis": None, "keepdims": True}))


def kept(y: Node, axis: Axes, keepdims: bool) -> Node:
    """A reduction's result, or its gradient, so that it broadcasts against the operand; of all axes (None) it does."""
    return y if keepdims or axis is None or not axis else expand_dims(y, axis)


def _numeric(x: Any) -> Any:
    if np.asarray(x).dtype.kind == "b":
        raise TypeError("booleans are not numbers")
    return x


@reduction("add", samples=_SAMPLES, shape_math=True, label="Sum",
           grad=lambda g, y, x, axis, keepdims: (broadcast_to(kept(g, axis, keepdims), shape(x)),), complex=True)
def reduce_sum(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum over `axis` (all axes without it), in the operand's dtype.

    >>> tf.Session(jit=False).run(tf.reduce_sum([[1, 2], [3, 4]], axis=0))
    array([4, 6], dtype=int32)
    """
    x = _numeric(input_tensor)
    total = np.sum(x, axis=axis, keepdims=keepdims, dtype=accumulator(x, axis))
    return np.asarray(total).astype(x.dtype, copy=False)       # a size, of sizes


def _prod_grad(g: Node, y: Node, x: Node, axis: Axes, keepdims: bool) -> tuple[Node]:
    """The product of the others, as running products from both ends: exact at zeros, which a quotient is not."""
    if axis is None or len(axis) == x.type.rank:
        others = reshape(_others(reshape(x, [-1]), 0), shape(x))
    elif not axis:
        return (g,)
    else:           # axis by axis, which needs no rank: what an element's row is multiplied by are the products of the other rows
        others, rows = _others(x, axis[0]), x
        for before, along in pairwise(axis):
            rows = reduce_prod(rows, axis=before, keepdims=True)
            others = others * _others(rows, along)
    return (kept(g, axis, keepdims) * others,)


def _others(x: Node, axis: int) -> Node:
    return cumprod(x, axis, True, False) * cumprod(x, axis, True, True)


_ZEROS = (([np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 5.0]])], {"axis": 1}),
          ([np.array([[2.0, 0.0], [4.0, 3.0]])], {"axis": None}),
          ([np.array([[[2.0, 0.0], [4.0, 3.0]], [[1.5, -2.0], [0.0, 0.0]]])], {"axis": (-1, 0)}))


@reduction("mul", samples=(*_SAMPLES, *_ZEROS), shape_math=True, grad=_prod_grad, label="Prod", complex=True)
def reduce_prod(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Product over `axis` (all axes without it), in the operand's dtype.

    >>> tf.Session(jit=False).run(tf.reduce_prod([[1, 2], [3, 4]], axis=1))
    array([ 2, 12], dtype=int32)
    """
    x = _numeric(input_tensor)
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _extreme_grad(g: Node, y: Node, input_tensor: Node, axis: Axes, keepdims: bool) -> tuple[Node]:
    """Ties share equally, as in TensorFlow; where a nan is the result, nothing equals it, and all gradients are nan."""
    best = cast(equal(input_tensor, kept(y, axis, keepdims)), y.type.dtype)
    count = reduce_sum(best, axis=axis, keepdims=True)
    return (best * (kept(g, axis, keepdims) / count),)


def _least(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


@reduction("max", samples=_SAMPLES, grad=_extreme_grad, label="Max", analytic=continued.reduce_max)
def reduce_max(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element over `axis` (all axes without it); nan if there is one; of no elements the dtype's least.

    >>> tf.Session(jit=False).run(tf.reduce_max([[1, 2], [3, 4]], axis=1, keepdims=True))
    array([[2],
           [4]], dtype=int32)
    """
    x = _numeric(input_tensor)
    found = np.max(x, axis=axis, keepdims=keepdims, initial=_least(x.dtype))
    return found if x.dtype.kind != "f" else _of_zeros(found, np.any((x == 0) & ~np.signbit(x), axis, keepdims=keepdims), 0.0)


@reduction("min", samples=_SAMPLES, grad=_extreme_grad, label="Min", analytic=continued.reduce_min)
def reduce_min(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element over `axis` (all axes without it); nan if there is one; of no elements the dtype's greatest.

    >>> tf.Session(jit=False).run(tf.reduce_min([[1, 2], [3, 4]]))
    np.int32(1)
    """
    x = _numeric(input_tensor)
    found = np.min(x, axis=axis, keepdims=keepdims, initial=np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max)
    return found if x.dtype.kind != "f" else _of_zeros(found, np.any((x == 0) & np.signbit(x), axis, keepdims=keepdims), -0.0)


def _of_zeros(found: Any, there: Any, zero: float) -> Any:
    """An extreme; where it is 0, `zero` if that is there, else the other one: 0 is larger than -0."""
    return np.where(found == 0, np.where(there, zero, -zero), found).astype(found.dtype)


def _truth(x: Any) -> Any:
    if np.asarray(x).dtype.kind != "b":
        raise TypeError("only booleans are true or false")
    return x


@reduction("any", samples=_TRUTH, label="Any")
def reduce_any(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element over `axis` is true."""
    return np.any(_truth(input_tensor), axis=axis, keepdims=keepdims)


@reduction("all", samples=_TRUTH, label="All")
def reduce_all(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether all elements over `axis` are true.

    >>> tf.Session(jit=False).run(tf.reduce_all([[True, False], [True, True]], axis=1))
    array([False,  True])
    """
    return np.all(_truth(input_tensor), axis=axis, keepdims=keepdims)


# ---------------------------------------------------------------------- composed

def _arguments(what: str, x: Any, axis: Any, keepdims: Any, reduction_indices: Any = None,
               keep_dims: Any = None) -> tuple[Node, Axes, bool]:
    """Operand, axes and keepdims from what the caller wrote, in TensorFlow's new or old words."""
    x = to_node(x)
    if axis is not None and reduction_indices is not None:
        raise ShapeError(f"{what}: axis and reduction_indices are two names of one thing{here()}")
    try:
        axes = normal_axes(axis if axis is not None else reduction_indices, x.type.rank)
    except (ShapeError, DTypeError) as e:
        raise e.__class__(f"{what}({describe(x)}): {e}{here()}") from None
    return x, axes, bool(keepdims or keep_dims)


def _float(x: Node) -> Node:
    return x if x.type.dtype.kind in "fc" else cast(x, np.float64)


def square_sizes(x: Node) -> Node:
    """x^2; of complex numbers the squares of their moduli, which are real."""
    return square(real(x)) + square(imag(x)) if is_complex(x) else square(x)


def count_over(x: Node, axis: Axes) -> Node:
    """How many elements of x one result over `axis` comes from, as a scalar of x's dtype."""
    known = None if x.type.shape is None or axis is None else [x.type.shape[i] for i in axis]
    if known is not None and None not in known:
        count = element_count(tuple(known))
        if fixed(count):
            return to_node(np.array(np.float64(count), x.type.dtype), graph=home(x))
        return bound_node(home(x), count, x.type.dtype)
    return cast(reduce_prod(shape(x, out_type=int64) if axis is None else sizes(x, axis, int64)), x.type.dtype)


def _mean_type(types: Types, values: Values, axis: Any, keepdims: bool) -> TensorType:
    (x,) = types
    dtype = np.dtype(np.float64) if x.dtype.kind == "b" else x.dtype
    if x.shape is None:
        return TensorType(dtype, () if axis is None and not keepdims else None)
    return TensorType(dtype, reduced_shape(x.shape, axis, keepdims))


def _mean_attrs(types: Types, axis: Any, keepdims: Any) -> dict[str, Any]:
    return {"axis": normal_axes(axis, types[0].rank), "keepdims": bool(keepdims)}


def _all_axes(x: Node, axis: Axes) -> tuple[int, ...]:
    return tuple(range(x.type.rank or 0)) if axis is None else axis


def _mean_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, axis: Axes, keepdims: bool) -> Node:
    (x,) = inputs
    if x.type.dtype.kind in "iu":
        total = reduce_sum(cast(x, np.int64), axis=axis, keepdims=keepdims)
        return cast(truncatediv(total, maximum(count_over(cast(x, np.int64), _all_axes(x, axis)), 1)), x.type.dtype)
    x = _float(x)
    return reduce_sum(x, axis=axis, keepdims=keepdims) / count_over(x, _all_axes(x, axis))


def _mean_grad(g: Node, y: Node, x: Node, axis: Axes, keepdims: bool) -> tuple[Node]:
    return (mean_gradient(x, g, axis=axis, keepdims=keepdims),)


@declare("average", _mean_type, prepare=_mean_attrs, lower=_mean_lower, label="Mean", samples=_SAMPLES, grad=_mean_grad, complex=True,
         from_tensors={"axis": "axes"})
def reduce_mean(input_tensor: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean over `axis` (all axes without it); nan of no elements. Of integers an integer, towards zero, as in TensorFlow; of bools in float64.

    >>> tf.Session(jit=False).run(tf.reduce_mean([[1.0, 2.0], [3.0, 4.0]], axis=1))
    array([1.5, 3.5], dtype=float32)
    """
    x = np.asarray(input_tensor)
    if x.dtype.kind in "iu":
        total, count = x.sum(axis, np.int64, keepdims=keepdims), _count(x.shape, axis, np.dtype(np.int64))
        return (np.sign(total) * (np.abs(total) // np.maximum(count, 1))).astype(x.dtype)
    x = x.astype(np.float64) if x.dtype.kind == "b" else x
    return reduce_sum.reference(x, axis=axis, keepdims=keepdims) / _count(x.shape, axis, x.dtype)


def _count(shape: Sequence[int], axis: Axes, dtype: np.dtype[Any]) -> Any:
    return np.array(np.prod(shape if axis is None else [shape[i] for i in axis], dtype=np.float64), dtype)


def _mean_gradient_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, axis: Axes, keepdims: bool) -> Node:
    x, g = inputs
    return broadcast_to(kept(g / count_over(x, _all_axes(x, axis)), axis, keepdims), types[0].shape)


def _mean_gradient_type(types: Types, values: Values, axis: Any, keepdims: bool) -> TensorType:
    if types[1].dtype.kind not in "fc":
        raise DTypeError(f"not defined for {dtype_name(types[1].dtype)}")
    wanted = _mean_type(types[:1], (), axis, keepdims)
    if not compatible(types[1].shape, wanted.shape):
        raise ShapeError(f"the gradient of a mean of shape {shape_str(wanted.shape)} has not the shape {shape_str(types[1].shape)}")
    return TensorType(types[1].dtype, types[0].shape)


@declare("average", _mean_gradient_type, prepare=_mean_attrs, weak=False, complex=True,
         lower=_mean_gradient_lower,
         grad=lambda h, y, x, g, axis, keepdims: (None, reduce_mean(h, axis=axis, keepdims=keepdims)),
         samples=(([(2, 3), ()], {"axis": None}), ([(2, 3, 4), (3,)], {"axis": (0, 2)}), ([(2, 3), (2, 1)], {"axis": (1,), "keepdims": True})))
def mean_gradient(x: Any, g: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The gradient of `reduce_mean` to x, from that of its result: in equal parts for all elements."""
    rows = g if keepdims or axis is None else np.expand_dims(g, axis)
    return np.broadcast_to(rows / _count(np.shape(x), axis, np.asarray(g).dtype), np.shape(x))


@from_tensors("input_tensor", label="reduce_variance", axis="axes")
@composed("reduce_variance", "Mean_1")
def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None) -> Node:
    """Mean squared distance from the mean over `axis`.

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.reduce_variance([1.0, 3.0]))
    np.float32(1.0)
    """
    x, axis, keepdims = _arguments("reduce_variance", input_tensor, axis, keepdims)
    x = _float(x)
    return reduce_mean(square_sizes(x - reduce_mean(x, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims, name=name or "reduce_variance")


@from_tensors("input_tensor", label="reduce_std", axis="axes")
@composed("reduce_std", "Sqrt")
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None) -> Node:
    """Square root of `reduce_variance`.

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.reduce_std([1.0, 3.0]))
    np.float32(1.0)
    """
    return sqrt(reduce_variance(input_tensor, axis, keepdims), name=name or "reduce_std")


@from_tensors("input_tensor", label="EuclideanNorm", axis="axes")
@composed("EuclideanNorm", op="EuclideanNorm")
def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None) -> Node:
    """Square root of the sum of squares over `axis`; of complex numbers of the squares of their moduli.

    number[...] -> its dtype, as TensorFlow has it: of integers what is behind the point is dropped. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.math.reduce_euclidean_norm([[3.0, 4.0], [0.0, 2.0]], axis=1))
    array([5., 2.], dtype=float32)
    """
    x, axis, keepdims = _arguments("reduce_euclidean_norm", input_tensor, axis, keepdims)
    if x.type.dtype.kind in "iu":
        return cast(norm_of(_float(x), axis, keepdims, "root"), dtype=x.type.dtype, name=name or "reduce_euclidean_norm")
    return norm_of(_float(x), axis, keepdims, name or "reduce_euclidean_norm")


def norm_of(x: Node, axis: Axes, keepdims: bool, name: str) -> Node:
    """The root of the sum of squares over `axis`, in x's dtype."""
    total = reduce_sum(square_sizes(x), axis=axis, keepdims=keepdims)
    return cast(sqrt(total), dtype=x.type.dtype, name=name) if is_complex(x) else sqrt(total, name=name)


@from_tensors("input_tensor", label="ReduceLogSumExp", axis="axes", reduction_indices="axes")
@composed("ReduceLogSumExp", op="AddV2")
def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: Any = None, name: str | None = None,
                     reduction_indices: Any = None, keep_dims: Any = None) -> Node:
    """log(sum(exp(x))) over `axis`, about the largest element so that nothing overflows; -inf of no elements.

    number[...] -> floating. DTypeError: no numbers. ShapeError: no such axis.

    >>> tf.Session(jit=False).run(tf.reduce_logsumexp([1000.0, 1000.0]))
    np.float32(1000.6932)
    """
    x, axis, keepdims = _arguments("reduce_logsumexp", input_tensor, axis, keepdims, reduction_indices, keep_dims)
    x = _float(x)
    top = stop_gradient(reduce_max(x, axis=axis, keepdims=True))
    top = where(is_finite(top), top, 0.0)
    total = log(reduce_sum(exp(x - top), axis=axis, keepdims=True)) + top
    return identity(total if keepdims else squeeze_reduced(total, axis), name=name or "reduce_logsumexp")


def squeeze_reduced(x: Node, axis: Axes) -> Node:
    """Without the axes that a reduction kept at size 1; None: all of them."""
    return reshape(x, []) if axis is None else squeeze(x, axis) if axis else x


@from_tensors("input_tensor", label="count_nonzero", axis="axes", reduction_indices="axes")
@composed("count_nonzero", "Sum")
def count_nonzero(input_tensor: Any, axis: Any = None, keepdims: Any = None, dtype: Any = int64,
                  name: str | None = None, reduction_indices: Any = None, keep_dims: Any = None) -> Node:
    """How many elements over `axis` are not 0; of texts, not empty.

    any[...] -> dtype. ShapeError: no such axis. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.count_nonzero([0, 3, 4]))
    np.int64(2)
    """
    x, axis, keepdims = _arguments("count_nonzero", input_tensor, axis, keepdims, reduction_indices, keep_dims)
    there = x if x.type.dtype.kind == "b" else not_equal(x, "" if x.type.dtype.hasobject else 0)
    return reduce_sum(cast(there, dtype_of("count_nonzero", dtype).dtype), axis=axis, keepdims=keepdims, name=name or "count_nonzero")
