"""Networks of any number of steps: a cell in a loop over time, one way or both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import GraphError, ShapeError
from ..ir import nest
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import compatible
from ..ops.array import concat, expand_dims, reverse, reverse_sequence, transpose, zeros_like
from ..ops.array import range as numbers
from ..ops.array import shape as shape_of
from ..ops.control_loops import repeated
from ..ops.math import greater_equal
from ..variables import variable_scope
from .cell import tensors_of
from .nested import mapped
from .unrolled import first_state, kept, lengths_of, stepped
from .wrappers import a_cell

__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "stack_bidirectional_dynamic_rnn"]


def turned(x: Node) -> Node:
    """The tensor with its first two axes, of rows and of steps, in the other order."""
    return transpose(x, perm=[1, 0, *range(2, x.type.rank or 2)])


def _steps(what: str, inputs: Any, time_major: bool) -> Any:
    """The inputs, nested as they are, with the axis of steps first. ShapeError: no such axes, or other numbers of rows or steps."""
    given = tensors_of(inputs) if nest.is_nested(inputs) and any(isinstance(x, Node) for x in nest.flatten(inputs)) else to_node(inputs)
    leaves = nest.flatten(given)
    for x in leaves:
        if x.type.rank is None or x.type.rank < 2:
            order = "[steps, batch, ...]" if time_major else "[batch, steps, ...]"
            raise ShapeError(f"{what}: the inputs {describe(x)} are not {order}, of a known rank{here()}")
        if not compatible(x.type.shape[:2], leaves[0].type.shape[:2]):
            raise ShapeError(f"{what}: {describe(x)} and {describe(leaves[0])} differ in the numbers of rows and steps{here()}")
    return given if time_major else nest.mapped(turned, given)


def dynamic_rnn(cell: Any, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
                parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Any = None) -> tuple[Any, Any]:
    """The outputs of a cell for all steps of its inputs, and the last state: one loop, whatever the number of steps.

    inputs: float[batch, steps, ...], or nested ([steps, batch, ...] if `time_major`, and so the outputs), `initial_state`: nested as the cell's
    state (else zeros of `dtype`), `sequence_length`: int[batch]: after a row's last step its outputs are zeros and its state is kept. Variables
    lie in the scope `rnn`; `parallel_iterations` and `swap_memory` change nothing. GraphError: no cell, neither state nor dtype, a state that
    is nested otherwise. ShapeError: inputs without steps, lengths for other rows. DTypeError: lengths that are no numbers.

    >>> outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(3), tf.ones([2, 5, 4]), dtype=tf.float32)
    >>> outputs.shape, state.shape
    (TensorShape((2, 5, 3)), TensorShape((2, 3)))
    """
    a_cell("dynamic_rnn", cell)
    with variable_scope(scope if scope is not None else "rnn"):
        steps = _steps("dynamic_rnn", inputs, time_major)
        first = nest.flatten(steps)[0]
        rows = first.type.shape[1] if isinstance(first.type.shape[1], int) else shape_of(first)[1]
        lengths = lengths_of("dynamic_rnn", sequence_length, rows)
        state = first_state("dynamic_rnn", cell, initial_state, rows, dtype)
        outputs, last = _walked(cell, steps, lengths, state, shape_of(first)[0])
        return (outputs if time_major else nest.mapped(turned, outputs)), last


def _walked(cell: Any, steps: Any, lengths: Node | None, state: Any, count: Any) -> tuple[Any, Any]:
    """The outputs of all steps, one after the other, and the last state."""
    def free(before: Any, x: Any) -> tuple[Any, Any]:
        output, new = stepped("dynamic_rnn", cell, x, before)
        return new, output

    def bounded(before: Any, row: Any) -> tuple[Any, Any]:
        done, x = row
        output, new = stepped("dynamic_rnn", cell, x, before)
        return kept(done, before, new), kept(done, mapped(zeros_like, output), output)
    if lengths is None:
        last, outputs = repeated("dynamic_rnn", free, state, steps, "while")
        return outputs, last
    # Which rows are over does not depend on the loop: it is known of all steps before.
    over = greater_equal(expand_dims(numbers(count), 1), expand_dims(lengths, 0))
    last, outputs = repeated("dynamic_rnn", bounded, state, (over, steps), "while")
    return outputs, last


def bidirectional_dynamic_rnn(cell_fw: Any, cell_bw: Any, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
                              initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None, swap_memory: bool = False,
                              time_major: bool = False, scope: Any = None) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """`dynamic_rnn` of two cells, one of which gets each row's steps in reverse order: ((outputs, outputs), (last state, last state)).

    The outputs of the second stand at the steps that they belong to. Arguments as of `dynamic_rnn`; variables lie in `bidirectional_rnn/fw` and
    `bidirectional_rnn/bw`. GraphError, ShapeError, DTypeError: as there.

    >>> cells = [tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.GRUCell(2)]
    >>> outputs, states = tf.nn.bidirectional_dynamic_rnn(*cells, tf.ones([2, 5, 4]), dtype=tf.float32)
    >>> tf.concat(outputs, 2).shape
    TensorShape((2, 5, 5))
    """
    what = "bidirectional_dynamic_rnn"
    for cell in (cell_fw, cell_bw):
        a_cell(what, cell)
    with variable_scope(scope if scope is not None else "bidirectional_rnn"):
        steps = _steps(what, inputs, time_major)
        lengths = lengths_of(what, sequence_length)

        def back(x: Node) -> Node:
            return reverse(x, [0]) if lengths is None else reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)
        with variable_scope("fw") as forth:
            ahead, state_fw = dynamic_rnn(cell_fw, steps, lengths, initial_state_fw, dtype, time_major=True, scope=forth)
        with variable_scope("bw") as behind:
            after, state_bw = dynamic_rnn(cell_bw, nest.mapped(back, steps), lengths, initial_state_bw, dtype, time_major=True, scope=behind)
        after = nest.mapped(back, after)
        outputs = (ahead, after) if time_major else (nest.mapped(turned, ahead), nest.mapped(turned, after))
    return outputs, (state_fw, state_bw)


def stack_bidirectional_dynamic_rnn(cells_fw: Sequence[Any], cells_bw: Sequence[Any], inputs: Any, initial_states_fw: Any = None,
                                    initial_states_bw: Any = None, dtype: Any = None, sequence_length: Any = None,
                                    parallel_iterations: int | None = None, time_major: bool = False,
                                    scope: Any = None) -> tuple[Node, tuple[Any, ...], tuple[Any, ...]]:
    """`bidirectional_dynamic_rnn` in layers: the outputs of both ways, side by side, are the inputs of the next layer.

    -> (the outputs of the last, the last states of each layer forth, and back). Arguments as there, lists with one part for each layer;
    variables lie in `stack_bidirectional_rnn/cell_0/bidirectional_rnn/fw` and so on. GraphError: lists of other lengths; else as there.

    >>> cells = [[tf.nn.rnn_cell.GRUCell(3) for _ in range(2)] for _ in range(2)]
    >>> outputs, forth, back = tf.contrib.rnn.stack_bidirectional_dynamic_rnn(*cells, tf.ones([2, 5, 4]), dtype=tf.float32)
    >>> outputs.shape, len(forth)
    (TensorShape((2, 5, 6)), 2)
    """
    what = "stack_bidirectional_dynamic_rnn"
    given = (cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    if not cells_fw or any(x is not None and (not isinstance(x, (list, tuple)) or len(x) != len(cells_fw)) for x in given):
        raise GraphError(f"{what}: cells and initial states are lists with one part for each layer{here()}")
    states_fw, states_bw, x = [], [], inputs
    with variable_scope(scope if scope is not None else "stack_bidirectional_rnn"):
        for i, (forth, back) in enumerate(zip(cells_fw, cells_bw, strict=True)):
            with variable_scope(f"cell_{i}"):
                outputs, (one, other) = bidirectional_dynamic_rnn(
                    forth, back, x, sequence_length, initial_states_fw and initial_states_fw[i], initial_states_bw and initial_states_bw[i], dtype,
                    time_major=time_major)
            states_fw.append(one)
            states_bw.append(other)
            x = concat(outputs, 2)
    return x, tuple(states_fw), tuple(states_bw)
