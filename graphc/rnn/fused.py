"""Cells that take all steps at once, as TensorFlow had them for speed; here each is a loop like any other."""

from __future__ import annotations

from typing import Any

from ..errors import GraphError
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..ops.array import reverse, reverse_sequence, stack, unstack
from ..variables import get_variable_scope
from .loops import dynamic_rnn
from .more_cells import LSTMBlockCell
from .unrolled import lengths_of, static_rnn
from .wrappers import a_cell

__all__ = ["FusedRNNCell", "FusedRNNCellAdaptor", "LSTMBlockFusedCell", "TimeReversedFusedRNN"]


class FusedRNNCell:
    """What takes the inputs of all steps, float[steps, batch, n], and gives all outputs and the last state; a subclass says how."""

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes")


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell as one for all steps, by `dynamic_rnn`, or unrolled with `use_dynamic_rnn=False`. GraphError: no cell.

    >>> fused = tf.contrib.rnn.FusedRNNCellAdaptor(tf.nn.rnn_cell.GRUCell(3), use_dynamic_rnn=True)
    >>> fused(tf.ones([5, 2, 4]), dtype=tf.float32)[0].shape
    TensorShape((5, 2, 3))
    """

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False):
        self._cell, self._dynamic = a_cell("FusedRNNCellAdaptor", cell), bool(use_dynamic_rnn)

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None) -> Any:
        if self._dynamic:
            return dynamic_rnn(self._cell, inputs, sequence_length, initial_state, dtype, time_major=True, scope=scope)
        given = isinstance(inputs, list)
        outputs, state = static_rnn(self._cell, inputs if given else unstack(to_node(inputs)), initial_state, dtype, sequence_length, scope)
        return (outputs if given else stack(outputs)), state


class LSTMBlockFusedCell(FusedRNNCell):
    """`LSTMBlockCell` for all steps at once, with variables `NAME/kernel` and `NAME/bias`.

    inputs: float[steps, batch, n], initial_state: a pair (c, h), or zeros of `dtype` (that of the inputs) -> (float[steps, batch, units], the
    last pair). Arguments and errors as there.

    >>> outputs, state = tf.contrib.rnn.LSTMBlockFusedCell(3)(tf.ones([5, 2, 4]))
    >>> outputs.shape, state.c.shape
    (TensorShape((5, 2, 3)), TensorShape((2, 3)))
    """

    def __init__(self, num_units: int, forget_bias: float = 1.0, cell_clip: float | None = None, use_peephole: bool = False, reuse: Any = None,
                 name: str = "lstm_fused_cell"):
        self._cell = LSTMBlockCell(num_units, forget_bias, cell_clip, use_peephole, reuse=reuse, name=name)

    @property
    def num_units(self) -> int:
        """The number of units."""
        return self._cell.output_size

    @property
    def variables(self) -> list[Any]:
        """Kernel and bias, and peepholes."""
        return self._cell.variables

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None) -> Any:
        x = stack(inputs) if isinstance(inputs, list) else to_node(inputs)
        if x.type.rank != 3:
            raise GraphError(f"LSTMBlockFusedCell: the inputs are [steps, batch, n], not of rank {x.type.rank}{here()}")
        # Its variables lie in the scope around: no `rnn` before the name.
        around = get_variable_scope() if scope is None else scope
        return dynamic_rnn(self._cell, x, sequence_length, initial_state, dtype or x.dtype, time_major=True, scope=around)


class TimeReversedFusedRNN(FusedRNNCell):
    """Another one whose inputs and outputs are in reverse order, each row's from its own last step on. GraphError: it is none.

    >>> fused = tf.contrib.rnn.TimeReversedFusedRNN(tf.contrib.rnn.LSTMBlockFusedCell(3, name="back"))
    >>> fused(tf.ones([5, 2, 4]))[0].shape
    TensorShape((5, 2, 3))
    """

    def __init__(self, cell: Any):
        if not isinstance(cell, FusedRNNCell):
            raise GraphError(f"TimeReversedFusedRNN: {cell!r:.60} does not take all steps at once, as tf.contrib.rnn.LSTMBlockFusedCell{here()}")
        self._cell = cell

    def __call__(self, inputs: Any, initial_state: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Any = None) -> Any:
        lengths = lengths_of("TimeReversedFusedRNN", sequence_length)

        def back(x: Any) -> Node:
            return reverse(x, [0]) if lengths is None else reverse_sequence(x, lengths, seq_axis=0, batch_axis=1)
        outputs, state = self._cell(back(to_node(inputs)), initial_state, dtype, lengths, scope)
        return back(outputs), state
