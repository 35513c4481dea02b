"""TensorFlow's operators of variables, sources, random numbers and summaries as graphc has them: what the rows of state name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import GraphError
from ...ir.node import OPERATORS, Node, describe
from ...ops import array, counting, random, random_draws, sources, state, updates
from ...ops.state import Variable

_ASSIGNS = ("assign", "assign_add", "assign_sub")


def const(value: Any, dtype: Any) -> Node:
    """A constant; `value` is an array, or a `Filled`, whose elements are one number."""
    return sources.constant(value) if isinstance(value, np.ndarray) else array.fill(list(value.shape), value.element)


def placeholder(dtype: Any, shape: Any = None) -> Node:
    return sources.placeholder(dtype, shape)


# ---------------------------------------------------------------------- variables

def variable(dtype: Any, shape: Any = None, shared_name: str = "", initial: Callable[[], Node] | None = None) -> Variable:
    """A variable; the graph says what its initial value is."""
    return Variable(initial, trainable=False, collections=(), validate_shape=shape is not None)


def variable_of(ref: Any) -> Variable:
    """The variable that a reference stands for: itself, or what an assignment gives, which goes on being one in TensorFlow."""
    while isinstance(ref, Node) and not isinstance(ref, Variable) and ref.operator.name in _ASSIGNS:
        ref = ref.inputs[0]
    if not isinstance(ref, Variable):
        raise GraphError(f"{describe(ref) if isinstance(ref, Node) else type(ref).__name__} is no variable")
    return ref


def read(ref: Any) -> Node:
    return array.identity(ref)


def assign(ref: Any, value: Node, validate_shape: bool = True) -> Node:
    return state.assign(variable_of(ref), value, validate_shape)


def assign_add(ref: Any, value: Node) -> Node:
    return state.assign_add(variable_of(ref), value)


def assign_sub(ref: Any, value: Node) -> Node:
    return state.assign_sub(variable_of(ref), value)


def initialised(ref: Any) -> Node:
    return state.is_variable_initialized(variable_of(ref))


def variable_shape(ref: Any, out_type: Any = "int32") -> Node:
    return array.shape(variable_of(ref), out_type=out_type)


def nothing(ref: Any) -> Any:
    return state.no_op()


def gather_rows(ref: Any, indices: Node, batch_dims: int = 0) -> Node:
    return array.gather(variable_of(ref), indices, batch_dims=batch_dims)


def count_up_to(ref: Any, limit: int) -> Node:
    return counting.count_up_to(variable_of(ref), limit)


def scatter(how: str) -> Callable[..., Node]:
    """The function that changes slices of a variable in a way: `update`, `add`, `nd_sub`, ..."""
    change = getattr(updates, f"scatter_{how}")

    def changed(ref: Any, indices: Node, updates: Node) -> Node:
        found: Node = change(variable_of(ref), indices, updates)
        return found
    return changed


# ---------------------------------------------------------------------- random numbers

def _seed(seed: int, seed2: int) -> int | None:
    """One seed of TensorFlow's two; none if both are 0."""
    return (seed * 0x9E3779B97F4A7C15 + seed2) % 2**63 if seed or seed2 else None


def uniform(shape: Node, dtype: Any, seed: int = 0, seed2: int = 0) -> Node:
    return random.random_uniform(shape, dtype=dtype, seed=_seed(seed, seed2))


def normal(shape: Node, dtype: Any, seed: int = 0, seed2: int = 0) -> Node:
    return random.random_normal(shape, dtype=dtype, seed=_seed(seed, seed2))


def truncated(shape: Node, dtype: Any, seed: int = 0, seed2: int = 0) -> Node:
    return random.truncated_normal(shape, dtype=dtype, seed=_seed(seed, seed2))


def uniform_integers(shape: Node, minval: Any, maxval: Any, dtype: Any, seed: int = 0, seed2: int = 0) -> Node:
    return random.random_uniform(shape, int(minval), int(maxval), dtype=dtype, seed=_seed(seed, seed2))


def multinomial(logits: Node, num_samples: Any, seed: int = 0, seed2: int = 0, output_dtype: Any = "int64") -> Node:
    return random.multinomial(logits, int(num_samples), seed=_seed(seed, seed2), output_dtype=output_dtype)


def shuffle(value: Node, seed: int = 0, seed2: int = 0) -> Node:
    return random.random_shuffle(value, seed=_seed(seed, seed2))


def gamma(shape: Node, alpha: Node, seed: int = 0, seed2: int = 0) -> Node:
    return random_draws.random_gamma(shape, alpha, dtype=alpha.dtype, seed=_seed(seed, seed2))


def poisson(shape: Node, rate: Node, seed: int = 0, seed2: int = 0, dtype: Any = "int64") -> Node:
    return random_draws.random_poisson(rate, shape, dtype=dtype, seed=_seed(seed, seed2))


# ---------------------------------------------------------------------- summaries

def _summary(kind: str, tag: Any, value: Node, *options: int) -> Node:
    word: str = np.asarray(tag, object).reshape(-1)[0]
    found: Node = OPERATORS["summary"](value, kind=kind, tag=word, options=options)
    return found


def scalar_summary(tag: Any, values: Node) -> Node:
    return _summary("scalar", tag, values)


def histogram_summary(tag: Any, values: Node) -> Node:
    return _summary("histogram", tag, values)


def image_summary(tag: Any, values: Node, max_images: int = 3) -> Node:
    return _summary("image", tag, values, max_images)


def merge_summary(inputs: Sequence[Node]) -> Node:
    found: Node = OPERATORS["merge_summary"](list(inputs))
    return found
