"""The recurrent layers that Keras has for CuDNN, with the same arithmetic and the same weights on the processor."""

from __future__ import annotations

from typing import Any

from .recurrent import OfCell
from .recurrent_cells import GRUCell, LSTMCell, forgetting

__all__ = ["CuDNNGRU", "CuDNNLSTM"]


class _GRUCell(GRUCell):
    """A `GRUCell` whose biases, of inputs and of states, stand behind each other."""

    def _bias_shape(self) -> list[int]:
        return [6 * self.units]

    def _biases(self) -> tuple[Any, Any]:
        return self.bias[:3 * self.units], self.bias[3 * self.units:]


class _LSTMCell(LSTMCell):
    """An `LSTMCell` whose biases, of inputs and of states, stand behind each other."""

    def _bias_shape(self) -> list[int]:
        return [8 * self.units]

    def _bias_start(self) -> Any:
        return forgetting(self.units, self.bias_initializer, 5) if self.unit_forget_bias else self.bias_initializer

    def _biases(self) -> Any:
        return self.bias[:4 * self.units] + self.bias[4 * self.units:]


class CuDNNGRU(OfCell):
    """`GRU` as CuDNN has it, sigmoids as gates and `reset_after`: float[batch, steps, n] -> float[batch, units]; GraphError, ShapeError: as there.

    The bias is one row, [6 units]: that of the inputs, and that of the state.

    >>> tf.keras.layers.CuDNNGRU(3)(tf.zeros([2, 5, 4])).shape
    TensorShape((2, 3))
    """

    _cell = _GRUCell
    _options = {"recurrent_activation": "sigmoid", "reset_after": True}

    def __init__(self, units: int, kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
                 bias_initializer: Any = "zeros", kernel_regularizer: Any = None, recurrent_regularizer: Any = None, bias_regularizer: Any = None,
                 activity_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None, bias_constraint: Any = None,
                 return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False, stateful: bool = False, **kwargs: Any):
        super().__init__({**locals(), **self._options}, **kwargs)


class CuDNNLSTM(OfCell):
    """`LSTM` as CuDNN has it, sigmoids as gates: float[batch, steps, n] -> float[batch, units]; GraphError, ShapeError: as there.

    The bias is one row, [8 units]: that of the inputs, and that of the state.
    """

    _cell = _LSTMCell
    _options = {"recurrent_activation": "sigmoid"}

    def __init__(self, units: int, kernel_initializer: Any = "glorot_uniform", recurrent_initializer: Any = "orthogonal",
                 bias_initializer: Any = "zeros", unit_forget_bias: bool = True, kernel_regularizer: Any = None, recurrent_regularizer: Any = None,
                 bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None, recurrent_constraint: Any = None,
                 bias_constraint: Any = None, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
                 stateful: bool = False, **kwargs: Any):
        super().__init__({**locals(), **self._options}, **kwargs)
