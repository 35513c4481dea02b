"""Tensors and arrays that datasets begin with: tensors have their values when an iterator is initialised, of arrays there are copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.node import Node, here, saying
from ..ir.operator import to_node
from ..ir.types import Array, TensorType, as_array
from .run import Run
from .sparse_rows import cut
from .structure import Structure, taken_apart


class Given:
    """What `from_tensors` and `from_tensor_slices` are given. DTypeError, ShapeError: no tensors."""

    def __init__(self, what: str, tensors: Any):
        form, parts = taken_apart(tensors)
        self.what = what
        self.held = [_held(what, part) for part in parts]
        types = [p.type if isinstance(p, Node) else TensorType(p.dtype, p.shape) for p in self.held]
        self.structure = Structure(form, tuple(types))

    @property
    def needs(self) -> list[Node]:
        """Those that are tensors."""
        return [p for p in self.held if isinstance(p, Node)]

    def values(self, run: Run) -> Sequence[Array]:
        """The arrays of all."""
        return [run.value(p) if isinstance(p, Node) else p for p in self.held]

    def rows(self) -> Structure:
        """The structure of their rows. ShapeError: a scalar, or not as many rows each."""
        within = {p for w in self.structure.wholes for p in w.places}
        dense = [t for i, t in enumerate(self.structure.types) if i not in within]
        if any(t.shape == () for t in dense):
            raise ShapeError(f"{self.what}: a component is a scalar, which has no rows{here()}")
        if len({t.shape[0] for t in dense if t.shape} - {None}) > 1:
            raise ShapeError(f"{self.what}: components {', '.join(map(str, dense))} have not as many rows each{here()}")
        return cut(self.what, self.structure)


def _held(what: str, part: Any) -> Any:
    if isinstance(part, Node) or (isinstance(part, (list, tuple)) and any(isinstance(p, Node) for p in part)):
        return to_node(part)
    with saying(what):
        return np.array(as_array(part), copy=True, order="C")
