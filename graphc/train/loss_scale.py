"""Losses scaled up before their gradients are taken, and the gradients down again, so that small ones are not 0 in half precision."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, Operation, here
from ..ir.operator import to_node
from ..nest import flatten
from ..ops.control_flow import cond
from ..ops.math import cast, is_finite, maximum
from ..ops.reduce import reduce_all
from ..ops.slices import IndexedSlices
from ..ops.sources import constant
from ..ops.state import Variable, assign, group, no_op
from .optimizer import GradsAndVars, Optimizer

__all__ = ["DynamicLossScale", "FixedLossScale", "LossScale", "MixedPrecisionLossScaleOptimizer", "disable_mixed_precision_graph_rewrite",
           "enable_mixed_precision_graph_rewrite"]


# ---------------------------------------------------------------------- scales

class LossScale(metaclass=ABCMeta):
    """What a loss is multiplied by; a subclass gives it when it is called, and says in `update` how gradients change it.

    Its variables, of `_add_weight`, are kept by a `tf.train.Checkpoint`.
    """

    def __init__(self) -> None:
        self._weights: dict[tuple[str, Graph], Variable] = {}

    @abstractmethod
    def __call__(self) -> Node:
        """The scale of now: float32[]."""

    @abstractmethod
    def update(self, grads: Any) -> tuple[Operation, Any]:
        """What changes the scale by nested gradients, scaled down already, and whether they may be applied: a truth value or bool[]."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The arguments that make the scale anew."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The scale of those arguments."""
        return cls(**config)

    def _add_weight(self, name: str, initial_value: Any, dtype: Any = None) -> Variable:
        """A variable of the scale in the default graph. GraphError: there is one of that name."""
        key = name, get_default_graph()
        if key in self._weights:
            raise GraphError(f"{type(self).__name__}: there is a variable {name!r:.60} already{here()}")
        with get_default_graph().control_dependencies(None):
            made = self._weights[key] = Variable(initial_value, trainable=False, name=name, dtype=dtype)
        return made

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        graph = get_default_graph()
        return sorted((name, v) for (name, of), v in self._weights.items() if of is graph)


class FixedLossScale(LossScale):
    """A scale that does not change. GraphError: it is no number of 1 or more.

    >>> tf.Session(jit=False).run(tf.train.experimental.FixedLossScale(8)())
    np.float32(8.0)
    """

    def __init__(self, loss_scale_value: float):
        if isinstance(loss_scale_value, bool) or not isinstance(loss_scale_value, (int, float)) or not loss_scale_value >= 1:
            raise GraphError(f"FixedLossScale: {loss_scale_value!r:.60} is no number of 1 or more{here()}")
        super().__init__()
        self._value = float(loss_scale_value)

    def __call__(self) -> Node:
        return constant(self._value, "float32")

    def update(self, grads: Any) -> tuple[Operation, Any]:
        """Nothing, and True."""
        return no_op(), True

    def __repr__(self) -> str:
        return f"FixedLossScale({self._value})"

    def get_config(self) -> dict[str, Any]:
        """The argument that makes the scale anew."""
        return {"loss_scale_value": self._value}


class DynamicLossScale(LossScale):
    """A scale that grows by a factor after some steps with finite gradients, and shrinks by it, to 1 at least, after one without.

    After a step whose gradients were not all finite these are not to be applied. DTypeError: a number that is none.

    >>> scale = tf.train.experimental.DynamicLossScale(8, increment_period=1)
    >>> step, applies = scale.update([tf.constant([1.0, float("inf")])])
    >>> sess = tf.Session(jit=False)
    >>> bool(sess.run([applies, step])[0]), sess.run(scale())
    (False, np.float32(4.0))
    """

    def __init__(self, initial_loss_scale: float = 2 ** 15, increment_period: int = 2000, multiplier: float = 2.0):
        super().__init__()
        self._initial, self._period, self._multiplier = float(initial_loss_scale), int(increment_period), float(multiplier)
        self._scale = self._add_weight("current_loss_scale", self._initial, "float32")
        self._good = self._add_weight("good_steps", np.int64(0))

    @property
    def initial_loss_scale(self) -> float:
        """What it begins with."""
        return self._initial

    @property
    def increment_period(self) -> int:
        """After how many steps with finite gradients it grows."""
        return self._period

    @property
    def multiplier(self) -> float:
        """By how much it grows and shrinks."""
        return self._multiplier

    def __call__(self) -> Node:
        return self._scale

    def update(self, grads: Any) -> tuple[Operation, Any]:
        """What changes the scale, and whether all gradients are finite: bool[]."""
        given = [g.values if isinstance(g, IndexedSlices) else to_node(g) for g in flatten(grads) if g is not None]
        finite = reduce_all([reduce_all(is_finite(g)) for g in given])
        old, good = self._scale.read_value(), self._good.read_value()
        grown = old * self._multiplier

        def grow() -> Operation:
            more = cond(is_finite(grown), lambda: group(assign(self._scale, grown)), no_op)
            return group(more, assign(self._good, np.int64(0)))

        def shrink() -> Operation:
            return group(assign(self._good, np.int64(0)), assign(self._scale, maximum(old / self._multiplier, 1.0)))

        def keep() -> Operation:
            return group(assign(self._good, good + 1))
        step = cond(finite, lambda: cond(good + 1 >= self._period, grow, keep), shrink)
        return step, finite

    def __repr__(self) -> str:
        return (f"DynamicLossScale(initial_loss_scale={self._initial}, increment_period={self._period}, multiplier={self._multiplier})")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the scale anew."""
        return {"initial_loss_scale": self._initial, "increment_period": self._period, "multiplier": self._multiplier}


def scale_of(what: str, given: Any) -> LossScale:
    """The scale that a number, the word "dynamic" or a `LossScale` stands for. GraphError: something else."""
    if isinstance(given, LossScale):
        return given
    if isinstance(given, str) and given == "dynamic":
        return DynamicLossScale()
    if isinstance(given, (int, float)):
        return FixedLossScale(given)
    raise GraphError(f"{what}: a loss scale is a number, 'dynamic' or a LossScale, not {given!r:.60}{here()}")


def scaled(loss: Any, scale: LossScale) -> Any:
    """A loss, or what gives one, times the scale, in its own dtype."""
    if callable(loss) and not isinstance(loss, Node):
        return lambda: scaled(loss(), scale)
    return loss * _in(scale(), loss)


def unscaled(grads: Any, scale: LossScale) -> list[Any]:
    """Gradients divided by the scale; None stays None."""
    back = 1.0 / scale()
    return [g if g is None else IndexedSlices(g.values * _in(back, g.values), g.indices, g.dense_shape) if isinstance(g, IndexedSlices)
            else g * _in(back, g) for g in grads]


def _in(scale: Node, x: Any) -> Node:
    return cast(scale, x.dtype)


# ---------------------------------------------------------------------- optimizers

class MixedPrecisionLossScaleOptimizer(Optimizer):
    """An optimizer that takes gradients of its loss times a scale, and applies them divided by it, if all are finite where the scale is dynamic.

    `loss_scale`: a number, "dynamic", or a `LossScale`. A step that is left out counts no step. GraphError: something else, or no optimizer.
    GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable([1.0, 1.0])
    >>> opt = tf.train.experimental.MixedPrecisionLossScaleOptimizer(tf.train.GradientDescentOptimizer(0.5), 128)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(opt.minimize(tf.reduce_sum(v * v)))
    >>> sess.run(v)
    array([0., 0.], dtype=float32)
    """

    def __init__(self, opt: Optimizer, loss_scale: Any):
        if not isinstance(opt, Optimizer):
            raise GraphError(f"MixedPrecisionLossScaleOptimizer: {opt!r:.80} is no optimizer{here()}")
        super().__init__(opt._use_locking, opt.get_name())
        self._optimizer, self._loss_scale = opt, scale_of("MixedPrecisionLossScaleOptimizer", loss_scale)

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return [("base_optimizer", self._optimizer), ("loss_scale", self._loss_scale)]

    def compute_gradients(self, loss: Any, var_list: Any = None, gate_gradients: Any = None, aggregation_method: Any = None,
                          colocate_gradients_with_ops: bool = False, grad_loss: Any = None) -> list[tuple[Node | None, Variable]]:
        """(gradient of `loss`, variable) for each variable, taken of the scaled loss. Errors as of the optimizer inside."""
        pairs = self._optimizer.compute_gradients(scaled(loss, self._loss_scale), var_list, gate_gradients, aggregation_method,
                                                  colocate_gradients_with_ops, grad_loss)
        return list(zip(unscaled([g for g, _ in pairs], self._loss_scale), [v for _, v in pairs], strict=True))

    def apply_gradients(self, grads_and_vars: GradsAndVars, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """An operation that moves the variables, if all gradients are finite, and changes the scale. Errors as of the optimizer inside."""
        pairs = list(grads_and_vars)
        if not isinstance(self._loss_scale, DynamicLossScale):
            return self._optimizer.apply_gradients(pairs, global_step, name)
        called = name or self.get_name()
        return applied(self._loss_scale, pairs, lambda: self._optimizer.apply_gradients(pairs, global_step, f"{called}-wrapped"), called)

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """The variable of that name that the optimizer inside keeps beside `var`."""
        return self._optimizer.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        """The names of the variables that the optimizer inside keeps beside each trained one."""
        return self._optimizer.get_slot_names()

    def variables(self) -> list[Variable]:
        """All that the optimizer inside keeps between steps, and the variables of the scale."""
        return [*self._optimizer.variables(), *self._loss_scale._weights.values()]


def applied(scale: LossScale, pairs: GradsAndVars, step: Callable[[], Operation], name: str | None) -> Operation:
    """A step by gradients, taken where the scale allows it, and the scale's own."""
    update, applies = scale.update([g for g, _ in pairs])
    taken = step() if applies is True else cond(applies, lambda: group(step()), no_op)
    return group(taken, update, name=name)


def enable_mixed_precision_graph_rewrite(opt: Any, loss_scale: Any = "dynamic") -> Any:
    """The optimizer with its loss scaled. What TensorFlow computes in half precision on some graphics cards stays as it is, as on its processors.

    GraphError: no optimizer, or one that scales already.

    >>> opt = tf.train.experimental.enable_mixed_precision_graph_rewrite(tf.train.AdamOptimizer())
    >>> type(opt).__name__
    'MixedPrecisionLossScaleOptimizer'
    """
    if hasattr(opt, "_loss_scale"):
        raise GraphError(f"enable_mixed_precision_graph_rewrite: the loss of {type(opt).__name__} is scaled already{here()}")
    if not isinstance(opt, Optimizer):
        raise ArgumentError(f"enable_mixed_precision_graph_rewrite: {opt!r:.80} is no optimizer{here()}")
    own = getattr(opt, "with_loss_scale", None)     # of Keras' optimizers
    return own(loss_scale) if own is not None else MixedPrecisionLossScaleOptimizer(opt, loss_scale)


def disable_mixed_precision_graph_rewrite() -> None:
    """Nothing: graphs are not rewritten."""
