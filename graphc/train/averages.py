"""Moving averages of variables and tensors, which forget exponentially."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..initializers import zeros_initializer
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ops.array_fill import everywhere
from ..ops.math import cast, minimum, pow
from ..ops.state import Variable, assign, assign_add, assign_sub, group
from ..variables import AUTO_REUSE, get_variable, variable_scope
from .optimizer import scalar

__all__ = ["ExponentialMovingAverage"]


def assign_moving_average(variable: Variable, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None) -> Node:
    """variable <- decay * variable + (1 - decay) * value; what layers of normalisation written by hand keep their statistics by.

    `zero_debias`: what the start from 0 does to the average is divided out, by two variables beside it (Kingma and Ba 2015, section 3).
    The result is the variable's new value. DTypeError: no variable of a floating dtype.
    """
    if not isinstance(variable, Variable) or variable.type.dtype.kind != "f":
        raise DTypeError(f"assign_moving_average takes a variable of a floating dtype, not {variable!r:.80}{here()}")
    with variable.graph.name_scope(name or "AssignMovingAvg") as scope:
        forgotten, wanted = 1.0 - scalar(decay, variable.type.dtype), cast(to_node(value), variable.dtype)
        if not zero_debias:
            return assign_sub(variable, (variable.value() - wanted) * forgotten, name=scope)
        with variable.graph.control_dependencies(None), variable_scope(variable.op.name, reuse=AUTO_REUSE):
            options: dict[str, Any] = {"initializer": zeros_initializer(), "trainable": False}
            biased = get_variable("biased", variable.type.shape, variable.dtype, **options)
            count = get_variable("local_step", [], variable.dtype, **options)
        moved, steps = assign_sub(biased, (biased - wanted) * forgotten), assign_add(count, 1.0)
        return assign(variable, moved / (1.0 - pow(1.0 - forgotten, steps)), name=scope)


def weighted_moving_average(value: Any, decay: Any, weight: Any, truediv: bool = True, collections: Any = None, name: str | None = None) -> Node:
    """The average of values by weights, which forgets exponentially: of value * weight and of weight, one divided by the other.

    value, weight: float, of one shape or as they broadcast; ShapeError: the value's shape is not known.
    """
    x, w = to_node(value), to_node(weight)
    if not x.type.known:
        raise ShapeError(f"weighted_moving_average: the shape of {describe(x)} is not known{here()}")
    with variable_scope(name, default_name="WeightedMovingAvg", reuse=False):
        options: dict[str, Any] = {"initializer": zeros_initializer(), "trainable": False, "collections": collections}
        top = get_variable("value_x_weight", x.type.shape, x.dtype, **options)
        below = get_variable("weight", w.type.shape, w.dtype, **options)
        moved = assign_moving_average(top, x * w, decay, zero_debias=False), assign_moving_average(below, w, decay, zero_debias=False)
        return moved[0] / moved[1]


class ExponentialMovingAverage:
    """Averages beside variables: average <- decay * average + (1 - decay) * value, by the operation that `apply` gives.

    `decay`: a number or tensor, near 1. `num_updates`: a count of steps, with which the decay is at most (1 + n) / (10 + n): it forgets
    quickly at first. An average starts as its variable does; one of a tensor starts at 0, and what that does to it is divided out, as with
    `zero_debias` for variables (Kingma and Ba 2015, section 3). DTypeError, GraphError, by the methods.

    >>> v = tf.Variable(0.0, name="v")
    >>> ema = tf.train.ExponentialMovingAverage(0.5)
    >>> with tf.control_dependencies([v.assign(8.0)]):
    ...     step = ema.apply([v])
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step), sess.run(ema.average(v)), ema.average_name(v)
    (None, np.float32(4.0), 'v/ExponentialMovingAverage')
    """

    def __init__(self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"):
        self._decay, self._num_updates, self._zero_debias, self._name = decay, num_updates, zero_debias, name
        self._averages: dict[Node, Variable] = {}

    @property
    def name(self) -> str:
        """What the averages' names end with."""
        return self._name

    def apply(self, var_list: Any = None) -> Operation:
        """An operation that moves the averages of variables or tensors (default: of all trained variables), which are made if need be.

        DTypeError: not floating. GraphError: there is nothing to average. ShapeError: a tensor of unknown shape.
        """
        graph = get_default_graph()
        wanted = graph.get_collection(GraphKeys.TRAINABLE_VARIABLES) if var_list is None else \
            list(var_list) if isinstance(var_list, Iterable) and not isinstance(var_list, Node) else [var_list]
        if not wanted:
            raise GraphError(f"{self._name}: there is nothing to average{here()}")
        for x in wanted:
            if not isinstance(x, Node) or x.type is None or x.type.dtype.kind != "f":
                raise DTypeError(f"{self._name}: {describe(x) if isinstance(x, Node) else repr(x)[:80]} is no variable or tensor of a floating "
                                 f"dtype{here()}")
        for x in wanted:
            if x not in self._averages:
                self._averages[x] = self._made(x)
        with graph.name_scope(self._name) as scope:
            updates = [update for x in dict.fromkeys(wanted) for update in self._moved(x, self._averages[x])]
            return group(*updates, name=scope)

    def _made(self, x: Node) -> Variable:
        """The average's variable; the value of a variable that has none yet is its initial value."""
        graph, called = x.graph, f"{x.op.name}/{self._name}"
        with graph.control_dependencies(None), graph.name_scope(None):
            initial: Any
            if isinstance(x, Variable):
                graph.add_to_collections([GraphKeys.MOVING_AVERAGE_VARIABLES], x)
                initial = x.initialized_value()
            else:
                if not x.type.known:
                    raise ShapeError(f"{self._name}: the shape of {describe(x)} is not known{here()}")
                initial = partial(everywhere, x.type.shape, 0, x.type.dtype, called)
            return Variable(initial, trainable=False, name=called)

    def _moved(self, x: Node, average: Variable) -> list[Node]:
        decay = scalar(self._decay, average.type.dtype)
        if self._num_updates is not None:
            n = cast(to_node(self._num_updates), average.dtype)
            decay = minimum(decay, (1.0 + n) / (10.0 + n))
        value = to_node(x) if not isinstance(x, Variable) else x.value()
        if isinstance(x, Variable) and not self._zero_debias:
            return [assign_sub(average, (average - value) * (1.0 - decay), name="AssignMovingAvg")]
        graph = average.graph
        with graph.control_dependencies(None), graph.name_scope(None):
            called = f"{average.op.name}/biased"
            biased = Variable(partial(everywhere, average.type.shape, 0, average.type.dtype, called), trainable=False, name=called)
            count = Variable(np.zeros((), average.type.dtype), trainable=False, name=f"{average.op.name}/local_step")
        moved, steps = assign_sub(biased, (biased - value) * (1.0 - decay)), assign_add(count, 1.0)
        return [assign(average, moved / (1.0 - pow(decay, steps)), name="AssignMovingAvg")]

    def average(self, var: Node) -> Variable | None:
        """The average of a variable or tensor, itself a variable; None if `apply` was not asked for it."""
        return self._averages.get(var)

    def average_name(self, var: Node) -> str:
        """The name that the average has, or would get. DTypeError: no variable or tensor."""
        if not isinstance(var, Node):
            raise DTypeError(f"{self._name}: {var!r:.80} is no variable or tensor{here()}")
        found = self._averages.get(var)
        return found.op.name if found is not None else f"{var.op.name}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Variable]:
        """For `tf.train.Saver`: each variable by the name of its average, so that restoring puts averages in place of values; others by their own.

        `moving_avg_variables`: those that are averaged; by default all that are trained or averaged.
        """
        graph = get_default_graph()
        averaged = list(moving_avg_variables) if moving_avg_variables is not None else \
            [*graph.get_collection(GraphKeys.TRAINABLE_VARIABLES), *graph.get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES)]
        found = {self.average_name(v): v for v in dict.fromkeys(averaged)}
        others = [v for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if v not in averaged and v.op.name not in found]
        return {**found, **{v.op.name: v for v in others}}
