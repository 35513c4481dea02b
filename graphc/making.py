"""Variables of programs that make them in a way of their own, by functions in a scope or in parts along an axis, and check that they have values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import GraphError
from .ir.graph import get_default_graph
from .ir.node import Node, Operation, here
from .ops.creators import CREATORS
from .ops.sources import convert_to_tensor
from .ops.state import Variable, no_op
from .variables import get_variable, global_variables, variable_scope

__all__ = ["assert_variables_initialized", "create_partitioned_variables", "variable_creator_scope"]


@contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """Let a function make the variables inside: `variable_creator(next_creator, **kwargs)` gives what `tf.Variable` and `tf.get_variable` give.

    `next_creator(**kwargs)` is that of the scope around, or the one that makes a variable; `kwargs` are the arguments of `tf.Variable`, which
    the function may change. GraphError: no function.

    >>> def doubled(next_creator, **kwargs):
    ...     kwargs["initial_value"] = kwargs["initial_value"] * 2
    ...     return next_creator(**kwargs)
    >>> with tf.variable_creator_scope(doubled):
    ...     v = tf.Variable(3.0)
    >>> tf.Session(jit=False).run(v)
    np.float32(6.0)
    """
    if not callable(variable_creator):
        raise GraphError(f"variable_creator_scope: {variable_creator!r:.80} is no function{here()}")
    creators = CREATORS.setdefault(get_default_graph(), [])
    creators.append(variable_creator)
    try:
        yield
    finally:
        creators.pop()


def create_partitioned_variables(shape: Any, slicing: Sequence[int], initializer: Any, dtype: Any = np.float32, trainable: bool = True,
                                 collections: Any = None, name: str | None = None, reuse: bool | None = None) -> list[Variable]:
    """The parts of a variable along one axis, `name/part_0`, `name/part_1`, ...: the first ones are larger where it does not divide.

    `slicing`: the number of parts for each axis, 1 but for one. `initializer`: an initializer, which is given the shape of a part, or a value of the
    whole shape. GraphError: not as many numbers as axes, more than one above 1, or a number below 1 or above the size.

    >>> parts = tf.create_partitioned_variables([5, 2], [2, 1], tf.zeros_initializer(), name="table")
    >>> [(v.op.name, v.shape.as_list()) for v in parts]
    [('table/part_0', [3, 2]), ('table/part_1', [2, 2])]
    """
    sizes, counts = [int(n) for n in shape], [int(n) for n in slicing]
    what = "create_partitioned_variables"
    if not sizes or len(counts) != len(sizes):
        raise GraphError(f"{what}: the shape {sizes} and the numbers of parts {counts} are not as long, and at least 1{here()}")
    if any(not 1 <= n <= max(1, size) for n, size in zip(counts, sizes, strict=True)) or sum(n > 1 for n in counts) > 1:
        raise GraphError(f"{what}: {counts} does not part {sizes} along one axis{here()}")
    axis = max(range(len(counts)), key=lambda i: counts[i])
    each, more = divmod(sizes[axis], counts[axis])
    ends = np.cumsum([each + (i < more) for i in range(counts[axis])]).tolist()
    whole = initializer if callable(initializer) and not isinstance(initializer, Node) else convert_to_tensor(initializer, dtype)
    made = []
    with variable_scope(name, "PartitionedVariable", reuse=reuse):
        for i, end in enumerate(ends):
            start = ends[i - 1] if i else 0
            part = [end - start if k == axis else size for k, size in enumerate(sizes)]
            value = whole[(slice(None),) * axis + (slice(start, end),)] if isinstance(whole, Node) else whole
            made.append(get_variable(f"part_{i}", None if isinstance(value, Node) else part, dtype, value, trainable=trainable,
                                     collections=collections))
    return made


def assert_variables_initialized(var_list: Iterable[Variable] | None = None) -> Operation | None:
    """An operation that fails if a variable has no value: it never does, as variables initialise themselves; None without variables.

    >>> v = tf.Variable(1.0)
    >>> tf.Session(jit=False).run(tf.assert_variables_initialized([v]))
    """
    return no_op() if list(global_variables() if var_list is None else var_list) else None
