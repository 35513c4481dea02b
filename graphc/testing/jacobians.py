"""Jacobians as `tf.test` compares them: one from the gradients, one from central differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..autodiff.gradients import gradients
from ..errors import ArgumentError
from ..ir.node import Node, here
from ..ir.types import Array, TensorShape, element_count
from ..ops.sources import placeholder


def compute_gradient(x: Any, x_shape: Any, y: Node, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3, init_targets: Any = None,
                     extra_feed_dict: Mapping[Any, Any] | None = None) -> Any:
    """The Jacobian of `y` by `x`, from the gradients and from central differences: (float[size of x, size of y], the same).

    Lists of `x`, shapes and initial values give a list of pairs. The default session evaluates; `init_targets` are run first.
    GraphError: no default session. ArgumentError: initial values of another shape.
    """
    if init_targets is not None:
        for target in init_targets if isinstance(init_targets, (list, tuple)) else [init_targets]:
            target.run()
    if not isinstance(x, (list, tuple)):
        return _jacobians(x, x_shape, y, y_shape, x_init_value, delta, extra_feed_dict, {})
    initial = x_init_value if x_init_value is not None else [None] * len(x)
    values = {n: _initial(n, shape, value) for n, shape, value in zip(x, x_shape, initial, strict=True)}
    return [_jacobians(n, shape, y, y_shape, values[n], delta, extra_feed_dict, values) for n, shape in zip(x, x_shape, strict=True)]


def _initial(x: Node, shape: Any, value: Any) -> Array:
    sizes: Any = tuple(TensorShape(shape).as_list())
    if value is None:
        return np.random.default_rng(0).random(sizes).astype(x.dtype.as_numpy_dtype)
    array: Array = np.asarray(value, x.dtype.as_numpy_dtype)
    if array.shape != sizes:
        raise ArgumentError(f"compute_gradient: x_init_value has shape {array.shape}, x_shape is {sizes}{here()}")
    return array


def _jacobians(x: Node, x_shape: Any, y: Node, y_shape: Any, value: Any, delta: float, extra: Any, others: Mapping[Node, Array]) -> Any:
    session = y.graph.default_session("compute_gradient")
    at = _initial(x, x_shape, value)
    sizes: Any = tuple(TensorShape(y_shape).as_list())
    count = element_count(sizes)
    known = y.type.shape
    if known is not None and None not in known and element_count(known) == count:
        sizes = known           # programs say [1] for a scalar
    with y.graph.as_default():
        along = placeholder(y.dtype, sizes)
        gradient = gradients(y, x, along)[0]
    feeds = {**(extra or {}), **others, x: at}
    exact, differences = (np.zeros((at.size, count), at.dtype) for _ in range(2))
    for j in range(count if gradient is not None else 0):
        unit: Array = np.zeros(count, y.dtype.as_numpy_dtype)
        unit[j] = 1
        exact[:, j] = session.run(gradient, {**feeds, along: unit.reshape(sizes)}).reshape(-1)
    for i in range(at.size):
        ends = []
        for step in (delta, -delta):
            moved = at.copy()
            moved.reshape(-1)[i] += step
            ends.append(session.run(y, {**feeds, x: moved}).reshape(-1))
        differences[i] = (ends[0] - ends[1]) / (2 * delta)
    return exact, differences


def compute_gradient_error(x: Any, x_shape: Any, y: Node, y_shape: Any, x_init_value: Any = None, delta: float = 1e-3,
                           init_targets: Any = None, extra_feed_dict: Mapping[Any, Any] | None = None) -> float:
    """The largest difference between the two Jacobians of `compute_gradient`, whose arguments it has.

    GraphError, ArgumentError: as of that.
    """
    found = compute_gradient(x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict)
    pairs: Sequence[Any] = found if isinstance(found, list) else [found]
    return max((float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs), default=0.0)
