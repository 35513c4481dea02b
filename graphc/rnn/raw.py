"""A cell in a loop whose inputs, states and outputs a function of the program chooses, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import DTypeError, GraphError
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorType
from ..ops.array import concat, reshape, zeros
from ..ops.array import shape as shape_of
from ..ops.control_flow import while_loop
from ..ops.math import logical_not, logical_or
from ..ops.reduce import reduce_all
from ..ops.sources import constant
from ..ops.tensor_array import TensorArray
from ..variables import variable_scope
from .cell import dims_of, rows_of, tensors_of
from .nested import alike, flatten, is_nested, mapped, packed, shown
from .unrolled import kept, stepped
from .wrappers import a_cell

__all__ = ["raw_rnn"]

_WHAT = "raw_rnn"


def _told(given: Any) -> tuple[Any, Any, Any, Any, Any]:
    """What a call of loop_fn gave, five values. GraphError: it gave something else."""
    if not isinstance(given, (tuple, list)) or len(given) != 5:
        raise GraphError(f"{_WHAT}: loop_fn gives (finished, input, state, output, loop_state), not {shown(given)}{here()}")
    return given[0], given[1], given[2], given[3], given[4]


def _finished(given: Any) -> Node:
    done = to_node(given)
    if done.type.dtype.kind != "b":
        raise DTypeError(f"{_WHAT}: loop_fn says by bool[batch] which rows are finished, not by {describe(done)}{here()}")
    return done


def raw_rnn(cell: Any, loop_fn: Callable[..., Any], parallel_iterations: int | None = None, swap_memory: bool = False,
            scope: Any = None) -> tuple[Any, Any, Any]:
    """A cell in a loop that a function drives: (the outputs in TensorArrays, the last state, the last loop state).

    `loop_fn(time, output, state, loop_state)` -> (finished, input, next state, emitted, next loop state), first with time 0 and None for the
    rest, where it gives the initial state, for `emitted` the structure of what is emitted (tensors without the batch; None: as the output),
    and for the loop state None if there is none. finished: bool[batch]; a finished row emits zeros and keeps its state; the loop ends when all
    are. Variables lie in the scope `rnn`. GraphError: no cell, or other structures. DTypeError: finished is not bool.

    >>> cell = tf.nn.rnn_cell.GRUCell(3)
    >>> def loop_fn(time, output, state, loop_state):
    ...     new = cell.zero_state(2, tf.float32) if output is None else state
    ...     return tf.fill([2], time >= 4), tf.ones([2, 5]), new, output, None
    >>> outputs, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    >>> tf.Session(jit=False).run(tf.shape(outputs.stack()))
    array([4, 2, 3], dtype=int32)
    """
    a_cell(_WHAT, cell)
    if not callable(loop_fn):
        raise GraphError(f"{_WHAT}: loop_fn is a function, not {loop_fn!r:.60}{here()}")
    with variable_scope(scope if scope is not None else "rnn"):
        time = constant(0, "int32")
        done, first, initial, emitted, loop_state = _told(loop_fn(time, None, None, None))
        x, state = tensors_of(first), tensors_of(initial)
        alike(f"{_WHAT}: the initial state and the cell's state_size", state, cell.state_size)
        rows = rows_of(flatten(x)[0])
        zero = _zeros(cell, emitted, rows, flatten(state)[0].dtype)
        arrays = mapped(lambda z: TensorArray(z.dtype, size=0, dynamic_size=True, element_shape=z.shape, tensor_array_name="rnn_output"), zero)

        def body(time: Any, done: Any, x: Any, arrays: Any, state: Any, loop_state: Any) -> Any:
            output, new = stepped(_WHAT, cell, x, state)
            over, following, new, emit, after = _told(loop_fn(time + 1, output, new, None if none else loop_state))
            for what, one, other in (("states", state, new), ("inputs", x, following), ("outputs", zero, emit)):
                alike(f"{_WHAT}: the {what} of two steps", one, other)
            emit = kept(done, zero, packed(zero, flatten(emit)) if is_nested(zero) else emit)
            new = kept(done, state, packed(state, flatten(tensors_of(new))) if is_nested(state) else new)
            arrays = mapped(lambda array, value: array.write(time, value), arrays, emit)
            following = packed(x, flatten(tensors_of(following))) if is_nested(x) else following
            return time + 1, logical_or(done, _finished(over)), following, arrays, new, loop_state if after is None else after
        none = loop_state is None
        found = while_loop(lambda time, done, *rest: logical_not(reduce_all(done)), body,
                           (time, _finished(done), x, arrays, state, constant(0) if none else loop_state))
    return found[3], found[4], None if none else found[5]


def _zeros(cell: Any, emitted: Any, rows: Any, dtype: Any) -> Any:
    """What a finished row emits, for all rows."""
    def one(given: Any) -> Node:
        value = to_node(given)
        dims = value.type.shape
        if dims is not None and None not in dims:
            return zeros([rows, *dims], value.dtype)
        made = zeros(concat([reshape(to_node(rows), [1]), shape_of(value)], 0), value.dtype)
        made.type = TensorType(made.type.dtype, None if dims is None else (rows if isinstance(rows, int) else None, *dims))
        return made
    if emitted is not None:
        return mapped(one, emitted)
    return mapped(lambda size: zeros([rows, *dims_of(_WHAT, size)], dtype), cell.output_size)
