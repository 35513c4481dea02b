"""Networks unrolled in time: a list of inputs, one for each step, through a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.default_graph import control_dependencies
from ..ir.node import Node, describe, here
from ..ir.operator import to_node
from ..ir.types import compatible
from ..ops.array import concat, identity, reshape, reverse_sequence, stack, unstack, zeros_like
from ..ops.math import cast, greater_equal, where
from ..ops.sources import constant
from ..variables import variable_scope
from .cell import dims_of, rows_of, tensors_of
from .nested import alike, flatten, is_nested, mapped, packed, shown
from .wrappers import a_cell

__all__ = ["static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn"]


def lengths_of(what: str, lengths: Any, rows: Any = None) -> Node | None:
    """The lengths of sequences, numbers[batch], as int32: TensorFlow rounds floats towards 0. DTypeError, ShapeError: they are none."""
    if lengths is None:
        return None
    x = to_node(lengths)
    if x.type.dtype.kind not in "iuf":
        raise DTypeError(f"{what}: the lengths {describe(x)} are no numbers{here()}")
    if not compatible(x.type.shape, (rows if isinstance(rows, int) else None,)):
        raise ShapeError(f"{what}: there is one length for each row of the inputs, [{rows if isinstance(rows, int) else 'batch'}]; "
                         f"{describe(x)} are not{here()}")
    return cast(x, "int32") if x.type.dtype != "int32" else x


def first_state(what: str, cell: Any, initial: Any, rows: Any, dtype: Any) -> Any:
    """The state before the first step, nested as the cell's. GraphError: there is neither a state nor a dtype."""
    if initial is not None:
        sizes = cell.state_size
        if len(flatten(initial)) != len(flatten(sizes)) and isinstance(sizes, list):        # the shape of one tensor
            return tensors_of(initial)
        alike(f"{what}: initial_state and the cell's state_size", initial, sizes)
        return packed(sizes if is_nested(sizes) and is_nested(initial) else initial, flatten(tensors_of(initial)))
    if dtype is None:
        raise GraphError(f"{what}: without initial_state it takes dtype, that of the zeros which it begins with{here()}")
    made = getattr(cell, "get_initial_state", None)
    return cell.zero_state(rows, dtype) if made is None else made(batch_size=rows, dtype=dtype)


def stepped(what: str, cell: Any, x: Any, state: Any) -> tuple[Any, Any]:
    """Output and new state of a cell, the state nested as the one before. GraphError: it is nested otherwise."""
    output, new = cell(x, state)
    alike(f"{what}: the states before and after a step", state, new)
    return output, packed(state, flatten(new)) if is_nested(state) else new


def kept(done: Any, old: Any, new: Any) -> Any:
    """Where a row's sequence is over the old value, else the new one. What has no rows, a scalar or a TensorArray, stays new."""
    def one(a: Any, b: Any) -> Any:
        if not isinstance(b, Node) or b.type.rank == 0:
            return b
        y = where(done, a, b)
        y.set_shape(b.type.shape)
        return y
    return mapped(one, old, new)


def static_rnn(cell: Any, inputs: Sequence[Any], initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
               scope: Any = None) -> tuple[list[Any], Any]:
    """The outputs of a cell for a list of inputs, one for each step, and the last state: unrolled, so that the steps are known.

    inputs: float[batch, n] each, or nested, `initial_state`: nested as the cell's state (else zeros of `dtype`), `sequence_length`: int[batch]:
    after a row's last step its outputs are zeros and its state is kept. Variables lie in the scope `rnn`. GraphError: no cell, no inputs,
    neither state nor dtype. ShapeError: inputs of several shapes, lengths for other rows. DTypeError: lengths that are no numbers.

    >>> xs = [tf.ones([2, 4]), tf.ones([2, 4])]
    >>> outputs, state = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(3), xs, dtype=tf.float32)
    >>> len(outputs), state.shape
    (2, TensorShape((2, 3)))
    """
    a_cell("static_rnn", cell)
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise GraphError(f"static_rnn: the inputs are a list, one for each step, not {inputs!r:.60}{here()}")
    steps = [tensors_of(x) for x in inputs]
    for x in steps[1:]:
        alike("static_rnn: the inputs of two steps", steps[0], x)
    outputs: list[Any] = []
    with _entered(scope, "rnn") as entered:
        rows = _rows("static_rnn", steps)
        state = first_state("static_rnn", cell, initial_state, rows, dtype)
        lengths = lengths_of("static_rnn", sequence_length, rows)
        for t, x in enumerate(steps):
            if t:
                entered.reuse_variables()
            output, new = stepped("static_rnn", cell, x, state)
            if lengths is not None:
                done = greater_equal(constant(t), lengths)
                output, new = kept(done, mapped(zeros_like, output), output), kept(done, state, new)
            outputs.append(output)
            state = new
    return outputs, state


def _entered(scope: Any, default: str) -> Any:
    return variable_scope(scope if scope is not None else default)


def _rows(what: str, steps: Sequence[Any]) -> Any:
    """The number of rows of the inputs, which is one for all."""
    nodes = [x for step in steps for x in flatten(step)]
    for x in nodes:
        if not isinstance(x, Node) or x.type.rank == 0:
            raise ShapeError(f"{what}: {describe(x) if isinstance(x, Node) else repr(x)[:60]} has no rows{here()}")
        if not compatible(x.type.shape and x.type.shape[:1], nodes[0].type.shape and nodes[0].type.shape[:1]):
            raise ShapeError(f"{what}: {describe(x)} and {describe(nodes[0])} differ in the number of rows{here()}")
    known = next((x.type.shape[0] for x in nodes if x.type.shape and isinstance(x.type.shape[0], int)), None)
    return rows_of(nodes[0]) if known is None else known


def static_state_saving_rnn(cell: Any, inputs: Sequence[Any], state_saver: Any, state_name: Any, sequence_length: Any = None,
                            scope: Any = None) -> tuple[list[Any], Any]:
    """`static_rnn` from the state that an object keeps, and to it: `state_saver.state(name)` gives it, `state_saver.save_state(name, value)`
    gives an operation that keeps the last one, which the outputs need.

    `state_name`: a name, or names nested as the state. GraphError: they are not. Else as `static_rnn`.
    """
    sizes = cell.state_size
    alike("static_state_saving_rnn: state_name and the cell's state_size", state_name, mapped(lambda s: 0, sizes))
    names = flatten(state_name)
    initial = packed(sizes, [reshape(to_node(state_saver.state(n)), [-1, *dims_of("static_state_saving_rnn", s)])
                             for n, s in zip(names, flatten(sizes), strict=True)])
    outputs, state = static_rnn(cell, inputs, initial, sequence_length=sequence_length, scope=scope)
    saves = [state_saver.save_state(n, s) for n, s in zip(names, flatten(state), strict=True)]
    with control_dependencies([s for s in saves if s is not None]):
        outputs[-1] = mapped(identity, outputs[-1])
        return outputs, mapped(identity, state)


def reversed_steps(what: str, steps: Sequence[Node], lengths: Node | None) -> list[Node]:
    """The inputs of all steps in reverse order, each row from its own last step on; what is behind that stays."""
    if lengths is None:
        return list(reversed(steps))
    whole = reverse_sequence(stack(list(steps), axis=0), lengths, seq_axis=0, batch_axis=1)
    return list(unstack(whole, num=len(steps), axis=0))


def static_bidirectional_rnn(cell_fw: Any, cell_bw: Any, inputs: Sequence[Any], initial_state_fw: Any = None, initial_state_bw: Any = None,
                             dtype: Any = None, sequence_length: Any = None, scope: Any = None) -> tuple[list[Node], Any, Any]:
    """Two cells, one of which gets the inputs in reverse order: their outputs side by side at each step, and the last state of each.

    Arguments as of `static_rnn`; variables lie in `bidirectional_rnn/fw` and `bidirectional_rnn/bw`. GraphError, ShapeError, DTypeError: as there.

    >>> cells = [tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.GRUCell(2)]
    >>> outputs, forth, back = tf.nn.static_bidirectional_rnn(*cells, [tf.ones([2, 4])], dtype=tf.float32)
    >>> outputs[0].shape, forth.shape, back.shape
    (TensorShape((2, 5)), TensorShape((2, 3)), TensorShape((2, 2)))
    """
    what = "static_bidirectional_rnn"
    a_cell(what, cell_fw), a_cell(what, cell_bw)
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise GraphError(f"{what}: the inputs are a list, one for each step, not {inputs!r:.60}{here()}")
    if any(is_nested(x) for x in inputs):
        raise GraphError(f"{what}: the input of a step is one tensor, not {shown(inputs[0])}{here()}")
    steps = [to_node(x) for x in inputs]
    lengths = lengths_of(what, sequence_length, _rows(what, steps))
    with _entered(scope, "bidirectional_rnn"):
        with variable_scope("fw") as forth:
            ahead, state_fw = static_rnn(cell_fw, steps, initial_state_fw, dtype, lengths, forth)
        with variable_scope("bw") as back:
            behind, state_bw = static_rnn(cell_bw, reversed_steps(what, steps, lengths), initial_state_bw, dtype, lengths, back)
        turned = [reversed_steps(what, part, lengths) for part in zip(*map(flatten, behind), strict=True)]
        outputs = [packed(ahead[t], [concat([f, turned[k][t]], 1) for k, f in enumerate(flatten(ahead[t]))]) for t in range(len(steps))]
    return outputs, state_fw, state_bw
