"""Random numbers that are drawn until they fit: gamma and Poisson distributions, by numpy from a stream of the operator's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError
from ..ir.graph import get_default_graph
from ..ir.node import Node, dtype_of, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, as_dtype, float32, int32
from .array_join import concat
from .array_move import Types, broadcast_to, shape
from .math import cast, divide
from .random import _graph_of, _sizes, _standard

_WORDS = np.array([7, 11, 13, 17])


def generator_of(words: Any) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=int.from_bytes(np.asarray(words, np.int32).tobytes(), "little") & (1 << 128) - 1))


@declare("host", lambda types, values: types[0], samples=(([np.array([0.5, 2.0]), _WORDS], {}),), analytic=False)
def gamma_drawn(alpha: Any, words: Any) -> Any:
    """A number of the gamma distribution of each shape, scale 1, from a stream that the words name."""
    return generator_of(words).standard_gamma(alpha.astype(np.float64)).astype(alpha.dtype)


def _poisson_type(types: Types, values: Values, dtype: np.dtype[Any]) -> TensorType:
    if types[0].dtype.kind != "f":
        raise DTypeError(f"the mean is a real number, not {types[0].dtype}")
    return TensorType(dtype, types[0].shape)


@declare("host", _poisson_type, prepare=lambda types, dtype: {"dtype": as_dtype(dtype).dtype},
         samples=(([np.array([0.5, 20.0]), _WORDS], {"dtype": "int32"}),))
def poisson_drawn(lam: Any, words: Any, *, dtype: Any) -> Any:
    """A number of the Poisson distribution of each mean, from a stream that the words name."""
    return generator_of(words).poisson(np.maximum(lam.astype(np.float64), 0.0)).astype(dtype)


def _stream(seed: Any, scope: str) -> Node:
    """128 random bits, others in every run."""
    return _standard("integer", [4], int32, seed, scope, bound=(1 << 31) - 1)


def random_gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = float32, seed: Any = None, name: str | None = None) -> Node:
    """Numbers of the gamma distribution: for each pair of a shape `alpha` and an inverse scale `beta` (1) a tensor of shape `shape`.

    shape: int[k], alpha, beta: dtype[...], repeated to one shape -> dtype[*shape, *alpha.shape]. Differentiable by beta; as a function of
    alpha it is a constant. DTypeError: no floating dtype.

    >>> tf.Session(jit=False).run(tf.random_gamma([10], [0.5, 1.5])).shape
    (10, 2)
    """
    kind = dtype_of("random_gamma", dtype)
    if not kind.is_floating:
        raise DTypeError(f"random_gamma: {kind.name} is not floating{here()}")
    a = _number(alpha, kind)
    b = None if beta is None else _number(beta, kind)
    graph = _graph_of(a, b, shape)
    with graph.as_default(), graph.name_scope(name or "random_gamma") as scope:
        whole = _whole_shape(shape, a if b is None else a + b * 0.0)
        drawn = gamma_drawn(broadcast_to(a, whole), _stream(seed, scope))
        return drawn if b is None else divide(drawn, b, name=scope)


def random_poisson(lam: Any, shape: Any, dtype: Any = float32, seed: Any = None, name: str | None = None) -> Node:
    """Numbers of the Poisson distribution: for each mean a tensor of shape `shape`.

    lam: float[...], shape: int[k] -> dtype[*shape, *lam.shape]. DTypeError: no such dtype.

    >>> tf.Session(jit=False).run(tf.random_poisson([0.5, 20.0], [10])).shape
    (10, 2)
    """
    kind = dtype_of("random_poisson", dtype)
    means = to_node(lam)
    means = means if means.dtype.is_floating else cast(means, dtype=float32)
    graph = _graph_of(means, shape)
    with graph.as_default(), graph.name_scope(name or "random_poisson") as scope:
        return poisson_drawn(broadcast_to(means, _whole_shape(shape, means)), _stream(seed, scope), dtype=kind)


def stream_of(seed: Any, name: str) -> Node:
    """Four words that name a stream, others in every run, of an operator of that name in the default graph."""
    with get_default_graph().name_scope(name) as scope:
        return _stream(seed, scope)


def _number(x: Any, kind: Any) -> Node:
    return cast(x, dtype=kind) if isinstance(x, Node) else to_node(np.asarray(x, kind.dtype))


def _whole_shape(sizes: Any, of: Node) -> Node:
    return concat([cast(_sizes(sizes), dtype=np.int32), shape(of)], 0)


__all__ = ["random_gamma", "random_poisson"]
