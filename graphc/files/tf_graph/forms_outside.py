"""TensorFlow's operators of tables, and of queues, readers and datasets as graphc has them: what is in a table, and what lies outside the graph.

What is in a table is known while the graph is built: from constants, or from a file that the program names, never from one that the graph does.
Queues, readers and datasets are the program's that wrote the graph: what they would bring is fed, and the rest is an error of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import GraphError
from ...ir.graph import get_default_graph
from ...ir.node import Node
from ...ir.types import Array, DType, TensorShape, TensorType, as_dtype, as_shape
from ...ops import outside, sources, state, tables

# ---------------------------------------------------------------------- tables

@dataclass(frozen=True)
class Contents:
    """What is in a table: keys, and the value of each."""

    keys: Array
    values: Array


def contents(keys: Any, values: Any, key_dtype: DType, value_dtype: DType) -> Contents:
    """A table of two tensors. GraphError: they are not known while the graph is built, or do not fit."""
    made = Contents(*(np.asarray(tables.known(x)).reshape(-1) for x in (keys, values)))
    if (made.keys.dtype, made.values.dtype) != (key_dtype.dtype, value_dtype.dtype) or made.keys.shape != made.values.shape:
        raise GraphError(f"a table from {key_dtype.name} to {value_dtype.name} of {made.keys.shape} keys and {made.values.shape} values")
    if len({*made.keys.tolist()}) < len(made.keys):
        raise GraphError("a key is in the table twice")
    return made


def made(**options: Any) -> Contents:
    """A table, for which the graph says what is in it."""
    raise GraphError("nothing fills the table")


def find(table: Contents, keys: Node, default_value: Any) -> Node:
    found: Node = tables.table_lookup(keys, keys=table.keys, found=table.values, default=tables.known(default_value))
    return found


def size(table: Contents) -> Node:
    return sources.constant(np.int64(len(table.keys)))


def export(table: Contents) -> list[Node]:
    return [sources.constant(table.keys), sources.constant(table.values)]


def filled(**inputs: Any) -> Any:
    """Tables have their values from the start."""
    return state.no_op()


# ---------------------------------------------------------------------- what lies outside

@dataclass(frozen=True)
class Outside:
    """A queue, a reader, a dataset or an iterator, which is none here: the types of what a queue holds."""

    shapes: Sequence[TensorShape] = ()


def handle(**options: Any) -> Outside:
    """A reader, or an iterator."""
    return Outside()


def queue(component_types: Sequence[DType], shapes: Sequence[TensorShape] = ()) -> Outside:
    return Outside(tuple(shapes))


def _brought(types: Sequence[DType], shapes: Sequence[Any]) -> list[Node]:
    """Tensors of these types, which are fed."""
    kinds = [TensorType(as_dtype(t).dtype, as_shape(s)) for t, s in zip(types, shapes, strict=True)]
    if not kinds:
        raise GraphError("nothing is brought")
    return outside.arrival(get_default_graph(), outside.Absent(), (), kinds, "value")


def _held(queue: Outside, types: Sequence[DType]) -> Sequence[TensorShape]:
    """The shapes of what a queue holds, as far as it says them: a queue by priorities has these beside."""
    return queue.shapes if len(queue.shapes) == len(types) else [TensorShape(None)] * len(types)


def dequeue(queue: Outside, component_types: Sequence[DType]) -> list[Node]:
    return _brought(component_types, _held(queue, component_types))


def dequeue_many(queue: Outside, n: Any, component_types: Sequence[DType]) -> list[Node]:
    return _brought(component_types, [TensorShape([n]).concatenate(s) if s.rank is not None else s for s in _held(queue, component_types)])


def dequeue_up_to(queue: Outside, n: Node, component_types: Sequence[DType]) -> list[Node]:
    return dequeue_many(queue, None, component_types)


def given(**options: Any) -> Any:
    """What is put into something, or begun, after a run; nobody takes it."""
    tensors = [x for v in options.values() for x in (v if isinstance(v, (list, tuple)) else (v,)) if isinstance(x, Node)]
    return outside.departure(get_default_graph(), outside.Absent(), tensors or [sources.constant(0)], "given")


def nothing(**options: Any) -> Any:
    return state.no_op()


def one(dtype: str) -> Any:
    """The function of what tells one number of something outside."""
    def told(**options: Any) -> list[Node]:
        return _brought([as_dtype(dtype)], [TensorShape([])])
    return told


def record(**options: Any) -> list[Node]:
    return _brought([as_dtype("string")] * 2, [TensorShape([])] * 2)


def records(**options: Any) -> list[Node]:
    return _brought([as_dtype("string")] * 2, [TensorShape([None])] * 2)


def get_next(iterator: Outside, output_types: Sequence[DType], output_shapes: Sequence[TensorShape]) -> list[Node]:
    return _brought(output_types, output_shapes)
