"""Random tensors: each operator has a stream of its own, by its seeds and name, and goes on in it by a step each run that it is part of."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, GraphError, InternalError, ShapeError
from ..ir.default_graph import seed_of, set_random_seed
from ..ir.graph import Graph, get_default_graph
from ..ir.node import OPERATORS, Node, dtype_of, here
from ..ir.operator import Values, constant_node, declare, to_node
from ..ir.types import HALF, DType, TensorType, as_dtype, float32, shape_str
from .array import expand_dims, gather, shape
from .array_move import SHAPE_OPERAND, vector_shape
from .math import add, cast, floor, log, multiply
from .philox import DISTRIBUTIONS, draw
from .sorting_loop import order_loop

__all__ = ["random_normal", "random_uniform", "truncated_normal", "multinomial", "random_shuffle", "set_random_seed"]

_WORD = TensorType(np.dtype(np.uint64), ())


# ---------------------------------------------------------------------- operators

def _stream_attrs(types: Sequence[TensorType], stream: Any = 0) -> dict[str, Any]:
    """Files from before there were streams name none: their operators share one."""
    if type(stream) is not int or not 0 <= stream < 2**64:
        raise GraphError(f"{stream!r:.60} names no stream of random numbers")
    return {"stream": stream}


@declare("source", lambda types, values, stream: _WORD, pure=False, prepare=_stream_attrs)
def run_number(*, stream: int) -> Any:
    """How many runs of the session have drawn from a stream, uint64: every draw of one run sees the same."""
    raise AssertionError("sessions feed the run number")


def _drawn_type(types: Sequence[TensorType], values: Values, distribution: str, dtype: np.dtype[Any],
                bound: int) -> TensorType:
    return TensorType(dtype, vector_shape(types[0], values[0]))


# What TensorFlow calls the operations that draw.
_HALVES = 2048.0                # numbers of half precision in [0, 1) that lie evenly: their distance just below 1
_TYPES = {"normal": "RandomStandardNormal", "uniform": "RandomUniform", "truncated": "TruncatedNormal", "integer": "RandomUniformInt"}


def _drawn_attrs(types: Sequence[TensorType], distribution: Any, dtype: Any, bound: Any = 0) -> dict[str, Any]:
    kind = as_dtype(dtype).dtype
    known = distribution in DISTRIBUTIONS and type(bound) is int
    if not known or (not 0 < bound <= 2**64 or kind.kind not in "iu" if distribution == "integer" else kind.kind != "f" or bound):
        raise DTypeError(f"{kind} numbers below {bound!r:.60} of the distribution {distribution!r:.60} cannot be drawn")
    return {"distribution": distribution, "dtype": kind, "bound": bound}


def _scalar_text(distribution: str, dtype: np.dtype[Any], bound: int) -> str:
    """The draw of one element in a kernel, from {i}, {run} and {key}, all uint64."""
    if distribution == "integer":
        return f"{dtype.name}(philox_integer({{i}}, {{run}}, {{key}}, uint64({bound})))"
    return f"philox_{distribution}{8 * dtype.itemsize}({{i}}, {{run}}, {{key}})"


@declare("random", _drawn_type, name="random", op_type=lambda node: _TYPES[node.attrs["distribution"]], by_value=(0,), fixed=SHAPE_OPERAND,
         prepare=_drawn_attrs, expr=_scalar_text)
def _random(shape: Any, run: Any, key: Any, *, distribution: str, dtype: Any, bound: int = 0) -> Any:
    """Random numbers of a standard distribution: Philox words of (index, run, key), see `ops.philox`."""
    sizes = tuple(int(d) for d in np.asarray(shape))
    return draw(distribution, np.dtype(dtype), math.prod(sizes), int(run), int(key), bound).reshape(sizes)


def _order_type(types: Sequence[TensorType], values: Values) -> TensorType:
    if types[0].rank not in (None, 1):
        raise ShapeError(f"a vector is sorted, not shape {shape_str(types[0].shape)}")
    return TensorType(np.dtype(np.int32), types[0].shape)


@declare("routine", _order_type, loop=order_loop, samples=(([(5,)], {}),))
def sorting_order(x: Any) -> Any:
    """The indices that sort a vector."""
    return np.argsort(x, kind="stable").astype(np.int32)


# ---------------------------------------------------------------------- drawing

def _keys(graph: Graph, seed: int | None, name: str) -> tuple[int, int]:
    """64 bits that name a stream, and 64 that decide its numbers. Without any seed both are fresh; of an operator's own seed only that and the
    graph's decide the numbers, so that two operators of one seed draw the same, as in TensorFlow, though each by its own count of runs.
    """
    seed = seed_of(name.rstrip("/"), seed)
    if seed is None and graph.seed is None:
        key = fresh()
        return key, key
    stream = _digest(f"{graph.seed} {seed} {name}")
    return stream, stream if seed is None else _digest(f"{graph.seed} {seed}")


def fresh() -> int:
    """64 bits that are others each time."""
    return int.from_bytes(os.urandom(8), "little")


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


class Place(NamedTuple):
    """In a seed's stead: tensors, uint64[], that say where in the course of random numbers a draw stands, whatever was run before."""

    run: Node
    key: Node


Seed = int | Place | None


def _standard(distribution: str, sizes: Any, dtype: DType, seed: Seed, scope: str, bound: int = 0,
              name: str | None = None) -> Node:
    """A node of standard random numbers, its stream named after the name scope it stands in."""
    if distribution not in DISTRIBUTIONS:
        raise InternalError(f"there is no distribution {distribution!r}")
    graph = get_default_graph()
    if isinstance(seed, Place):
        return _random.build(graph, (_sizes(sizes), *seed), {"distribution": distribution, "dtype": dtype.dtype, "bound": bound}, name)
    stream, key = _keys(graph, seed, scope)
    inputs = (_sizes(sizes), run_number.build(graph, (), {"stream": stream}), constant_node(graph, np.array(key, np.uint64), "key"))
    return _random.build(graph, inputs, {"distribution": distribution, "dtype": dtype.dtype, "bound": bound}, name)


def _sizes(sizes: Any) -> Node:
    """A shape as a vector; one number is the size of a vector."""
    if isinstance(sizes, (list, tuple)) and not sizes:
        sizes = np.zeros(0, np.int32)
    node = to_node(sizes)
    return expand_dims(node, axis=0) if node.type.rank == 0 else node


def _graph_of(*operands: Any) -> Graph:
    """Where to build: the operands' graph, unless a pass or the default says otherwise."""
    graph = get_default_graph()
    if graph.__class__ is not Graph:
        return graph
    flat = [v for x in operands for v in (x if isinstance(x, (list, tuple)) else [x])]
    return next((x.graph for x in flat if isinstance(x, Node)), graph)


def _real_dtype(what: str, dtype: Any) -> DType:
    kind = dtype_of(what, dtype)
    if not kind.is_floating:
        raise DTypeError(f"{what}: {kind.name} is not a floating dtype{here()}")
    return kind


def _is(x: Any, number: float) -> bool:
    return not isinstance(x, Node) and np.ndim(x) == 0 and x == number


def _scaled(what: str, distribution: str, sizes: Any, offset: Any, scale: Any, dtype: Any, seed: Seed,
            name: str | None) -> Node:
    """offset + scale * standard draws: derivatives reach offset and scale."""
    kind = _real_dtype(what, dtype)
    graph = _graph_of(sizes, offset, scale)
    with graph.as_default(), graph.name_scope(name or what) as scope:
        plain = _is(scale, 1), _is(offset, 0)
        called = scope if all(plain) else None
        if kind.dtype == HALF and distribution == "uniform":      # rounded to the nearest, numbers just below 1 would be 1
            x = cast(floor(_standard(distribution, sizes, float32, seed, scope) * _HALVES) / _HALVES, kind, name=called)
        else:
            x = _standard(distribution, sizes, kind, seed, scope, name=called)
        if not plain[0]:
            x = multiply(x, _as(scale, kind), name=scope if plain[1] else None)
        return x if plain[1] else add(x, _as(offset, kind), name=scope)


def _as(x: Any, kind: DType) -> Any:
    return cast(x, dtype=kind) if isinstance(x, Node) and x.type.dtype != kind.dtype else x


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, seed: Seed = None,
                  name: str | None = None) -> Node:
    """Normally distributed numbers, drawn anew at every run.

    shape: int[rank] -> dtype[shape], floating; mean, stddev: numbers or tensors that broadcast. The same `seed` gives the same numbers.
    DTypeError: not floating. ShapeError: no shape.

    >>> tf.Session(jit=False).run(tf.shape(tf.random_normal([2, 3], stddev=0.1)))
    array([2, 3], dtype=int32)
    """
    return _scaled("random_normal", "normal", shape, mean, stddev, dtype, seed, name)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, seed: Seed = None,
                     name: str | None = None) -> Node:
    """Normally distributed numbers, none further than two standard deviations from the mean.

    shape: int[rank] -> dtype[shape], floating; mean, stddev: numbers or tensors that broadcast. DTypeError: not floating.
    ShapeError: no shape.

    >>> tf.Session(jit=False).run(tf.reduce_max(tf.abs(tf.truncated_normal([1000]))) <= 2.0)
    np.True_
    """
    return _scaled("truncated_normal", "truncated", shape, mean, stddev, dtype, seed, name)


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, seed: Seed = None,
                   name: str | None = None) -> Node:
    """Numbers equally likely anywhere in [minval, maxval). maxval is 1 by default; of integers it must be given.

    shape: int[rank] -> dtype[shape], floating or integers. DTypeError: another dtype. ShapeError: no shape. GraphError: integers without
    maxval.

    >>> tf.Session(jit=False).run(tf.shape(tf.random_uniform([2, 3], -1, 1)))
    array([2, 3], dtype=int32)
    """
    kind = dtype_of("random_uniform", dtype)
    if kind.is_integer:
        return _integers(shape, minval, maxval, kind, seed, name)
    maxval = 1 if maxval is None else maxval
    if isinstance(minval, Node) or isinstance(maxval, Node):
        span: Any = _as(maxval, kind) - _as(minval, kind)
    else:
        span = np.subtract(maxval, minval, dtype=np.float64)
    return _scaled("random_uniform", "uniform", shape, minval, span, dtype, seed, name)


def _integers(sizes: Any, minval: Any, maxval: Any, kind: DType, seed: Seed, name: str | None) -> Node:
    if maxval is None:
        raise GraphError(f"random_uniform of integers needs maxval{here()}")
    graph = _graph_of(sizes, minval, maxval)
    with graph.as_default(), graph.name_scope(name or "random_uniform") as scope:
        if isinstance(minval, Node) or isinstance(maxval, Node):
            # 53 random bits are spread over a range that only the run knows.
            low = cast(to_node(minval), "float64")
            u = _standard("uniform", sizes, as_dtype("float64"), seed, scope)
            return cast(low + floor(u * (cast(to_node(maxval), "float64") - low)), kind, name=scope)
        low, high = int(minval), int(maxval)
        if not kind.min <= low < high <= kind.max + 1:
            raise GraphError(f"random_uniform: no {kind.name} lies in [{low}, {high}){here()}")
        x = _standard("integer", sizes, kind, seed, scope, bound=high - low, name=scope if low == 0 else None)
        return x if low == 0 else add(x, np.array(low, kind.dtype), name=scope)


def multinomial(logits: Any, num_samples: Any, seed: Seed = None, name: str | None = None,
                output_dtype: Any = None) -> Node:
    """Class numbers drawn with probabilities softmax(logits): float[batch, classes] -> int64[batch, num_samples].

    The largest of logits + Gumbel noise is such a draw (Gumbel 1954).
    DTypeError: the logits are not floating. ShapeError: they are no matrix.

    >>> tf.Session(jit=False).run(tf.multinomial([[0.0, 100.0]], 3))
    array([[1, 1, 1]])
    """
    x = to_node(logits)
    graph = _graph_of(x)
    with graph.as_default(), graph.name_scope(name or "multinomial") as scope:
        sizes = shape(x)
        u = _standard("uniform", [sizes[0], num_samples, sizes[1]], x.dtype, seed, scope)
        noisy = expand_dims(x, axis=1) - log(-log(u))
        return OPERATORS["argmax"](noisy, axis=2, output_type=output_dtype or "int64", name=scope)


def categorical(logits: Any, num_samples: Any, dtype: Any = None, seed: Seed = None, name: str | None = None) -> Node:
    """Class numbers drawn with probabilities softmax(logits): float[batch, classes] -> [batch, num_samples], int64 or of `dtype`.

    DTypeError: the logits are not floating, or `dtype` is no int32 or int64. ShapeError: they are no matrix.

    >>> tf.Session(jit=False).run(tf.random.categorical([[0.0, 100.0]], 3, dtype=tf.int32))
    array([[1, 1, 1]], dtype=int32)
    """
    return multinomial(logits, num_samples, seed, name or "categorical", dtype)


def random_shuffle(value: Any, seed: Seed = None, name: str | None = None) -> Node:
    """`value` with its first dimension in random order.

    any[n, ...] -> the same type. ShapeError: `value` is a scalar.

    >>> tf.Session(jit=False).run(tf.reduce_sum(tf.random_shuffle([1, 2, 3])))
    np.int32(6)
    """
    x = to_node(value)
    graph = _graph_of(x)
    with graph.as_default(), graph.name_scope(name or "random_shuffle") as scope:
        order = sorting_order(_standard("uniform", shape(x)[:1], as_dtype("float64"), seed, scope))
        return gather(x, order, name=scope)
