"""The variable that counts the steps of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, describe, here
from ..ops.state import Variable

__all__ = ["assert_global_step", "create_global_step", "get_global_step", "get_or_create_global_step", "global_step"]


def get_global_step(graph: Any = None) -> Variable | None:
    """The graph's global step, or None."""
    found = (graph or get_default_graph()).get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps in a session. FetchError: not of its graph.

    >>> step = tf.train.get_or_create_global_step()
    >>> tf.train.global_step(tf.Session(jit=False), step)
    0
    """
    return int(sess.run(global_step_tensor))


def create_global_step(graph: Any = None) -> Variable:
    """A new int64 variable `global_step`; GraphError if the graph has one."""
    if get_global_step(graph) is not None:
        raise GraphError(f"the graph has a global step already{here()}")
    names = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
    with (graph or get_default_graph()).as_default():
        return Variable(np.int64(0), trainable=False, name="global_step", collections=names)


def get_or_create_global_step(graph: Any = None) -> Variable:
    """The graph's global step, made when there is none.

    GraphError: as `create_global_step`.
    """
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """DTypeError, GraphError: it is no variable or tensor, or not a whole number, a scalar, as the global step is.

    >>> tf.train.assert_global_step(tf.train.get_or_create_global_step())
    """
    if not isinstance(global_step_tensor, Node):
        raise GraphError(f"assert_global_step: {global_step_tensor!r:.80} is no tensor{here()}")
    if global_step_tensor.type.dtype.kind not in "iu":
        raise DTypeError(f"assert_global_step: {describe(global_step_tensor)} is no whole number{here()}")
    if global_step_tensor.type.shape not in ((), None):
        raise GraphError(f"assert_global_step: {describe(global_step_tensor)} is no scalar{here()}")
