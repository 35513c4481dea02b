"""The class of the nodes that a graph lists: what `tf.Tensor` is, and what a variable is none of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .node import Node

if TYPE_CHECKING:
    Tensor = Node           # for a checker a variable is a tensor, as everywhere but before `isinstance`
else:
    class Tensor(Node):
        """One use of an operator and its result, as a graph lists it. A variable is none, as in TensorFlow 1: programs ask what they are given."""

        __slots__ = ()
