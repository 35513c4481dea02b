"""Initial values of variables from checkpoints: `init_from_checkpoint`, and the operator that reads one when a variable is initialised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, NotFoundError, ShapeError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import describe, here
from ..ir.operator import declare
from ..ir.types import TensorType, compatible
from ..ops.state import Variable
from .checkpoints import NewCheckpointReader, latest_checkpoint, path_of

__all__ = ["init_from_checkpoint"]


@declare("host", lambda types, values, path, tensor, part, type: type, name="checkpoint_value", label="checkpoint_initializer", pure=False,
         kinds={"path": (str,), "tensor": (str,), "part": (tuple, NoneType), "type": (TensorType,)})
def checkpoint_value(*, path: Any, tensor: Any, part: Any, type: Any) -> Any:
    """What a checkpoint holds by a name when the graph runs, or a part of it: an axis, and from where to where along it."""
    value = NewCheckpointReader(path).get_tensor(tensor)
    if part is not None:
        axis, start, stop = part
        value = value[(slice(None),) * axis + (slice(start, stop),)]
    if value.dtype != type.dtype or not compatible(type.shape, value.shape):
        raise ShapeError(f"{path} has {tensor} as {TensorType(value.dtype, value.shape)} now, no longer as {type}")
    return np.array(value)


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Any) -> None:
    """Let variables of the default graph begin with what a checkpoint, or the latest one of a folder, holds: their initial values are replaced.

    `assignment_map`: a dict or a list of pairs of a name in the checkpoint and a variable, the name that `tf.get_variable` gave one, or a list of
    the variables that hold its parts along an axis; or of two scopes, "theirs/" and "ours/" ("/" for all), where each variable of the second is
    sought in the first. The checkpoint is read when variables are initialised. NotFoundError: there is no checkpoint, or it lacks a variable.
    ShapeError, DTypeError: a variable is of another type there. GraphError: no such variable. Then no variable has changed.

    >>> with tf.Graph().as_default(), tf.Session(jit=False) as sess:
    ...     path = tf.train.Saver({"theirs/w": tf.Variable([1.0, 2.0])}).save(sess, "trained/first")
    >>> with tf.variable_scope("ours"):
    ...     w = tf.get_variable("w", [2])
    >>> tf.train.init_from_checkpoint("trained", {"theirs/": "ours/"})
    >>> tf.Session(jit=False).run(w)
    array([1., 2.], dtype=float32)
    """
    path = path_of(ckpt_dir_or_file, "init_from_checkpoint")
    path = latest_checkpoint(path) or path
    kinds = NewCheckpointReader(path).types()
    found: list[tuple[Variable, dict[str, Any]]] = []
    for name, given in _pairs(assignment_map):
        for tensor, variables in _meant(name, given, get_default_graph()):
            if tensor not in kinds:
                raise NotFoundError(f"init_from_checkpoint: {path} has no {tensor!r:.200} for {describe(variables[0])}{here()}")
            found += [(v, {"path": path, "tensor": tensor, "part": part, "type": kind})
                      for v, part, kind in _parts(tensor, kinds[tensor], variables)]
    for v, attrs in found:
        with v.graph.control_dependencies(None), v.graph.name_scope(None):
            v.initial_value = checkpoint_value.build(v.graph, (), attrs, f"{v.label}/checkpoint_initializer")


def _pairs(assignment_map: Any) -> list[tuple[str, Any]]:
    """Names in the checkpoint and what is given for them, by name as TensorFlow goes: of two for a variable the last counts."""
    given = assignment_map.items() if isinstance(assignment_map, Mapping) else assignment_map
    pairs: list[Any] = list(given) if isinstance(given, Iterable) else [None]
    for pair in pairs:
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str)):
            raise DTypeError(f"init_from_checkpoint: assignment_map is a dict or a list of pairs by names in the checkpoint, "
                             f"not {assignment_map!r:.80}{here()}")
    return sorted(pairs, key=lambda pair: pair[0])


def _meant(name: str, given: Any, graph: Graph) -> list[tuple[str, Sequence[Variable]]]:
    """The names in the checkpoint that a pair speaks of, each with its variable or the variables of its parts. GraphError: there are none."""
    if isinstance(given, Variable):
        return [(name, [given])]
    if isinstance(given, (list, tuple)) and given and all(isinstance(v, Variable) for v in given):
        return [(name, given)]
    if not isinstance(given, str):
        raise DTypeError(f"init_from_checkpoint: {name!r:.60} goes to a variable, the name of one or a list of parts, not {given!r:.60}{here()}")
    store: dict[str, Variable] = {n: v for n, v in graph.variable_store.items() if isinstance(n, str)}
    if given in store or f"{given}/part_0" in store:
        return [(name, _of_store(store, given))]
    scope, theirs = ("" if s == "/" else s for s in (given, name))
    if not given.endswith("/") or not name.endswith("/"):
        raise GraphError(f"init_from_checkpoint: tf.get_variable has made no {given!r:.60}, for {name!r:.60}; scopes end with / both{here()}")
    inside = sorted({n.partition("/part_")[0] for n in store if n.startswith(scope)})
    if not inside:
        raise GraphError(f"init_from_checkpoint: tf.get_variable has made no variable in the scope {given!r:.60}{here()}")
    return [(theirs + n.removeprefix(scope), _of_store(store, n)) for n in inside]


def _of_store(store: Mapping[str, Variable], name: str) -> list[Variable]:
    """The variable of a name, or its parts `name/part_0`, `name/part_1`, ..."""
    if name in store:
        return [store[name]]
    found: list[Variable] = []
    while (part := f"{name}/part_{len(found)}") in store:
        found.append(store[part])
    return found


def _parts(tensor: str, kind: TensorType, variables: Sequence[Variable]) -> list[tuple[Variable, Any, TensorType]]:
    """For each variable what it takes of a tensor, all or a part along the axis that the parts follow each other on; and its type."""
    wrong = next((v for v in variables if v.type.dtype != kind.dtype), None)
    if wrong is not None:
        raise DTypeError(f"init_from_checkpoint: {tensor} is {kind} in the checkpoint, the variable is {describe(wrong)}{here()}")
    if len(variables) == 1 and compatible(variables[0].type.shape, kind.shape):
        return [(variables[0], None, kind)]
    shape = kind.shape or ()
    for axis in range(len(shape)) if all(v.type.known and len(v.type.shape) == len(shape) for v in variables) else ():
        sizes = [v.type.shape[axis] for v in variables]
        rest = [v.type.shape[:axis] + v.type.shape[axis + 1:] == shape[:axis] + shape[axis + 1:] for v in variables]
        if sum(sizes) == shape[axis] and all(rest):
            ends = np.cumsum(sizes).tolist()
            return [(v, (axis, end - size, end), v.type) for v, size, end in zip(variables, sizes, ends, strict=True)]
    what = ", ".join(map(describe, variables))
    raise ShapeError(f"init_from_checkpoint: {tensor} is {kind} in the checkpoint, the variable is {what:.400}{here()}")
