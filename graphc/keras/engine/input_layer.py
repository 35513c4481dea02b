"""Where a model begins: `Input`, and the layer that its tensor comes from."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ...ir.node import Node, dtype_of, here
from ...ir.types import as_dtype, as_shape
from ...ops.sources import placeholder
from ..backend import state
from . import history
from .layer import Layer

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """A layer without inputs, whose output is fed: a placeholder, or `input_tensor`. `input_shape`: without the batch.

    GraphError: neither a shape nor a tensor is given, or a sparse one is wanted.

    >>> tf.keras.layers.InputLayer(input_shape=(3,), name="rows").output.shape
    TensorShape((None, 3))
    """

    def __init__(self, input_shape: Any = None, batch_size: int | None = None, dtype: Any = None, input_tensor: Any = None,
                 sparse: bool = False, name: str | None = None, ragged: bool = False, **kwargs: Any):
        super().__init__(name=name or f"input_{history.uid('input')}", dtype=dtype or state.floatx())
        if sparse or ragged:
            raise GraphError(f"{self._name}: sparse and ragged inputs are not offered; tf.sparse_placeholder stands outside of models{here()}")
        shape = kwargs.pop("batch_input_shape", None)
        if kwargs:
            raise GraphError(f"InputLayer has no argument {min(kwargs)!r:.60}{here()}")
        self.built, self.sparse = True, False
        if shape is None and input_shape is not None:
            shape = (batch_size, *(as_shape(input_shape) or ()))
        if input_tensor is None:
            if shape is None:
                raise GraphError(f"{self._name}: an input has a shape, or is a tensor that is given{here()}")
            self._dtype = dtype_of(self._name, self._dtype)
            input_tensor = placeholder(self._dtype, shape, name=self._name)
        elif not isinstance(input_tensor, Node):
            raise GraphError(f"{self._name}: {input_tensor!r:.60} is no tensor{here()}")
        self._dtype = as_dtype(input_tensor.type.dtype)
        self._batch_input_shape = tuple(shape if shape is not None else input_tensor.shape.as_list())
        history.layered(input_tensor.graph).made[input_tensor] = history.Origin(self, 0, 0)
        self._calls.append(history.Call(input_tensor, (), {}, input_tensor))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer anew."""
        assert self._dtype is not None
        return {"batch_input_shape": self._batch_input_shape, "dtype": self._dtype.name, "sparse": False, "name": self._name}


def Input(shape: Any = None, batch_size: int | None = None, name: str | None = None, dtype: Any = None, sparse: bool = False,
          tensor: Any = None, ragged: bool = False, batch_shape: Any = None) -> Node:
    """The tensor that a model begins with: one row for each example, of that shape.

    `shape`: without the batch, sizes or None; or `batch_shape`, with it. `tensor`: one to take instead of a placeholder. GraphError: no shape
    and no tensor. DTypeError, ShapeError: no such dtype or shape.

    >>> tf.keras.Input((28, 28), name="images").shape
    TensorShape((None, 28, 28))
    """
    if batch_shape is not None:
        layer = InputLayer(batch_input_shape=batch_shape, dtype=dtype, input_tensor=tensor, sparse=sparse, name=name, ragged=ragged)
    else:
        layer = InputLayer(shape, batch_size, dtype, tensor, sparse, name, ragged)
    made: Node = layer.output
    return made
