"""Random numbers that their seed alone decides: the same in each run, each session and each process."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, ShapeError
from ..ir.graph import name_scope
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import float32
from .math import cast
from .random import Place, multinomial, random_normal, random_uniform, truncated_normal

__all__ = ["stateless_categorical", "stateless_multinomial", "stateless_normal", "stateless_truncated_normal", "stateless_uniform"]


def _placed(what: str, seed: Any) -> Place:
    """A seed of two integers as what decides a draw."""
    pair = to_node(seed, "int64") if not isinstance(seed, Node) else seed
    if pair.type.dtype.kind not in "iu":
        raise DTypeError(f"{what}: the seed {describe(pair)} is no pair of integers{here()}")
    if pair.type.rank is not None and (pair.type.rank != 1 or pair.type.shape[0] not in (2, None)):
        raise ShapeError(f"{what}: the seed {describe(pair)} is no pair of integers{here()}")
    pair.set_shape([2])
    words = cast(pair, "uint64")
    return Place(words[1], words[0])


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = float32, name: str | None = None) -> Node:
    """`tf.random_uniform` of numbers that the seed, int[2], alone decides.

    DTypeError, ShapeError, GraphError: as there, or the seed is no pair of integers.

    >>> x = tf.random.stateless_uniform([3], seed=[1, 2])
    >>> first, again = (tf.Session(jit=False).run(x) for _ in range(2))
    >>> (first == again).all()
    np.True_
    """
    with name_scope(name, "stateless_random_uniform"):
        return random_uniform(shape, minval, maxval, dtype, _placed("stateless_uniform", seed))


def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None) -> Node:
    """`tf.random_normal` of numbers that the seed, int[2], alone decides; DTypeError, ShapeError: as there, or the seed is no such pair."""
    with name_scope(name, "stateless_random_normal"):
        return random_normal(shape, mean, stddev, dtype, _placed("stateless_normal", seed))


def stateless_truncated_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = float32, name: str | None = None) -> Node:
    """`tf.truncated_normal` of numbers that the seed, int[2], alone decides; DTypeError, ShapeError: as there, or the seed is no such pair."""
    with name_scope(name, "stateless_truncated_normal"):
        return truncated_normal(shape, mean, stddev, dtype, _placed("stateless_truncated_normal", seed))


def stateless_multinomial(logits: Any, num_samples: Any, seed: Any, output_dtype: Any = "int64", name: str | None = None) -> Node:
    """`tf.multinomial` of draws that the seed, int[2], alone decides; DTypeError, ShapeError: as there, or the seed is no such pair."""
    with name_scope(name, "stateless_multinomial"):
        return multinomial(logits, num_samples, _placed("stateless_multinomial", seed), output_dtype=output_dtype)


def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: Any = "int64", name: str | None = None) -> Node:
    """`tf.random.categorical` of draws that the seed, int[2], alone decides; DTypeError, ShapeError: as there, or the seed is no such pair."""
    with name_scope(name, "stateless_categorical"):
        return multinomial(logits, num_samples, _placed("stateless_categorical", seed), output_dtype=dtype)
