"""What a layer demands of its inputs: rank, sizes, dtype; checked at each call."""

from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...ir.node import Node, describe, here
from ...ir.types import as_dtype, as_shape
from ...nest import flatten

__all__ = ["InputSpec"]


class InputSpec:
    """Rank, shape and dtype that the inputs of a layer have. `axes`: sizes of some axes, by number.

    >>> tf.keras.layers.InputSpec(ndim=2, axes={-1: 3})
    InputSpec(ndim=2, axes={-1: 3})
    """

    def __init__(self, dtype: Any = None, shape: Any = None, ndim: int | None = None, max_ndim: int | None = None,
                 min_ndim: int | None = None, axes: Any = None):
        self.dtype = as_dtype(dtype).name if dtype is not None else None
        self.shape = shape
        self.ndim = len(shape) if shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(k): axes[k] for k in axes or {}}

    def __repr__(self) -> str:
        given = {"dtype": self.dtype, "shape": self.shape, "ndim": self.ndim, "max_ndim": self.max_ndim, "min_ndim": self.min_ndim,
                 "axes": self.axes or None}
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in given.items() if v is not None)})"

    def check(self, what: str, x: Node) -> None:
        """ShapeError: the tensor is not as demanded."""
        dims = x.type.shape
        if dims is None:
            if self.ndim is not None or self.min_ndim is not None:
                raise ShapeError(f"{what} is incompatible with the layer: {describe(x)} has no known rank{here()}")
            return
        rank = len(dims)
        for wanted, bad, word in ((self.ndim, rank != self.ndim, "ndim"), (self.max_ndim, rank > (self.max_ndim or rank), "max_ndim"),
                                  (self.min_ndim, rank < (self.min_ndim or 0), "min_ndim")):
            if wanted is not None and bad:
                raise ShapeError(f"{what} is incompatible with the layer: expected {word}={wanted}, found ndim={rank}, {describe(x)}{here()}")
        sizes = {**self.axes, **dict(enumerate(as_shape(self.shape) or ()))}
        for axis, size in sizes.items():
            if size is not None and -rank <= axis < rank and isinstance(dims[axis], int) and dims[axis] != int(size):
                raise ShapeError(f"{what} is incompatible with the layer: expected axis {axis} of input shape to have value {int(size)}, "
                                 f"but received {describe(x)}{here()}")


def check_inputs(name: str, specs: Any, inputs: Any) -> None:
    """ShapeError: the inputs of the layer of that name are not as its `input_spec` demands."""
    if specs is None:
        return
    given, wanted = flatten(inputs), specs if isinstance(specs, (list, tuple)) else [specs]
    if len(given) != len(wanted) and isinstance(specs, (list, tuple)):
        raise ShapeError(f"layer {name} expects {len(wanted)} inputs, but it received {len(given)} input tensors{here()}")
    for i, (spec, x) in enumerate(zip(wanted, given, strict=False)):
        if spec is not None and isinstance(x, Node):
            spec.check(f"input {i} of layer {name}", x)
