"""Optimizers of `tf.contrib.opt` around another one: averages of what it trains, bounds of its variables' norms, tasks that are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import DTypeError, FailedPreconditionError, GraphError
from ...ir.collecting import GraphKeys
from ...ir.graph import get_default_graph
from ...ir.node import Node, Operation, here
from ...ops.control_flow import cond
from ...ops.math import equal, where
from ...ops.reduce import reduce_all
from ...ops.state import Variable, assign, group, no_op
from ...train.averages import ExponentialMovingAverage
from ...train.clipping import clip_by_global_norm, clip_by_norm
from ...train.optimizer import Optimizer, touched_rows
from ...train.saver import Saver

__all__ = ["MovingAverageOptimizer", "MultitaskOptimizerWrapper", "VariableClippingOptimizer", "clip_gradients_by_global_norm"]


class _Around(Optimizer):
    """An optimizer that has another one make the steps."""

    def __init__(self, opt: Optimizer, use_locking: bool, name: str):
        if not isinstance(opt, Optimizer):
            raise DTypeError(f"{type(self).__name__} takes an optimizer, not {opt!r:.80}{here()}")
        super().__init__(use_locking, name)
        self._inner = opt

    def compute_gradients(self, *args: Any, **kwargs: Any) -> list[tuple[Node | None, Variable]]:
        """`compute_gradients` of the optimizer within, with its errors."""
        return self._inner.compute_gradients(*args, **kwargs)

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """The variable of that name that the optimizer within keeps beside `var`."""
        return self._inner.get_slot(var, name)

    def get_slot_names(self) -> list[str]:
        """The names of the variables that the optimizer within keeps beside each trained one."""
        return self._inner.get_slot_names()

    def variables(self) -> list[Variable]:
        """All that the optimizer within keeps between steps."""
        return self._inner.variables()


class MovingAverageOptimizer(_Around):
    """Another optimizer's steps, and after each the moving averages of what it trains, which `swapping_saver` saves in the variables' places.

    `average_decay`, `num_updates`: as of `tf.train.ExponentialMovingAverage`. `sequential_update=False`: averages of what was before the step.
    DTypeError: no optimizer is given; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> optimizer = tf.contrib.opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(1.0), 0.5)
    >>> step = optimizer.apply_gradients([(tf.constant(1.0), v)])
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step), sess.run(v), sess.run(tf.moving_average_variables()[0]), sess.run(optimizer.average(v))
    (None, np.float32(0.0), np.float32(0.0), np.float32(0.5))
    """

    def __init__(self, opt: Optimizer, average_decay: Any = 0.9999, num_updates: Any = None, sequential_update: bool = True):
        super().__init__(opt, False, "MovingAverage")
        self._averaging = ExponentialMovingAverage(average_decay, num_updates)
        self._sequential = sequential_update
        self._swapped: dict[str, str] | None = None

    def average(self, var: Variable) -> Variable | None:
        """The average of a variable, itself a variable; None of one that is not trained."""
        return self._averaging.average(var)

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """An operation that makes the step, and moves the averages. The errors are those of the optimizer within."""
        pairs = list(grads_and_vars)
        step = self._inner.apply_gradients(pairs, global_step, name)
        trained = [v for g, v in pairs if g is not None]
        with step.graph.control_dependencies([step] if self._sequential else []):
            moved = self._averaging.apply(trained)
        self._swapped = {}
        for v in trained:
            average = self._averaging.average(v)
            assert average is not None
            self._swapped.update({v.op.name: average.op.name, average.op.name: v.op.name})
        return group(step, moved, name="train_with_avg")

    def swapping_saver(self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any) -> Saver:
        """A saver under whose names averages and variables have changed places: what reads its files takes averages for values.

        `var_list`: variables, by name or in a list; by default all. FailedPreconditionError: there is no step yet. GraphError: a variable
        without its average, or the other way round.
        """
        if self._swapped is None:
            raise FailedPreconditionError(f"MovingAverageOptimizer: minimize or apply_gradients comes before swapping_saver{here()}")
        given = get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES) if var_list is None else var_list
        named: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {v.op.name: v for v in given}
        other = {key: self._swapped.get(key, key) for key in named}
        missing = [name for name in other.values() if name not in named]
        if missing:
            raise GraphError(f"MovingAverageOptimizer: {missing[0]!r} is not among the variables to save, and what it changes places with is{here()}")
        return Saver({key: named[by] for key, by in other.items()}, name=name, **kwargs)


class VariableClippingOptimizer(_Around):
    """Another optimizer's steps, after which the L2 norm of variables, along some of their axes, is at most `max_norm` (Hinton et al. 2012).

    `vars_to_clip_dims`: {variable: axes}. Of a sparse gradient the rows are bounded that it names, unless the axes have the rows' own.
    DTypeError: no optimizer is given; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable([3.0, 4.0])
    >>> optimizer = tf.contrib.opt.VariableClippingOptimizer(tf.train.GradientDescentOptimizer(0.0), {v: [0]}, 1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(optimizer.minimize(v * v)), sess.run(v)
    (None, array([0.6, 0.8], dtype=float32))
    """

    def __init__(self, opt: Optimizer, vars_to_clip_dims: Mapping[Variable, Sequence[int]], max_norm: Any, use_locking: bool = False,
                 colocate_clip_ops_with_vars: bool = False, name: str = "VariableClipping"):
        super().__init__(opt, use_locking, name)
        self._axes = {v: [*axes] for v, axes in vars_to_clip_dims.items()}
        self._most = max_norm

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """An operation that makes the step, and bounds the norms after it. The errors are those of the optimizer within."""
        pairs = list(grads_and_vars)
        step = self._inner.apply_gradients(pairs, global_step)
        with step.graph.name_scope(name or self._name) as scope:
            with step.graph.control_dependencies([step]):
                bounded = [self._bounded(g, v) for g, v in pairs if g is not None and v in self._axes]
            return group(step, *bounded, name=scope)

    def _bounded(self, g: Any, v: Variable) -> Node:
        now, axes = v.read_value(), self._axes[v]
        touched = touched_rows(self._dense(g, v)) if 0 not in axes else None
        new = clip_by_norm(now, self._most, axes)
        return assign(v, new if touched is None else where(touched, new, now))


class MultitaskOptimizerWrapper:
    """An optimizer of which a gradient that is all 0 changes nothing, slots neither: that of a task which a batch does not have.

    It has the optimizer's methods, and changes the optimizer itself. DTypeError: no optimizer is given.

    >>> v = tf.Variable(1.0)
    >>> optimizer = tf.contrib.opt.MultitaskOptimizerWrapper(tf.train.MomentumOptimizer(1.0, 0.5))
    >>> slope = tf.placeholder(tf.float32, [])
    >>> step = optimizer.apply_gradients([(slope, v)])
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step, {slope: 2.0}), sess.run(step, {slope: 0.0}), sess.run(v), sess.run(optimizer.get_slot(v, "momentum"))
    (None, None, np.float32(-1.0), np.float32(2.0))
    """

    def __init__(self, opt: Optimizer):
        if not isinstance(opt, Optimizer):
            raise DTypeError(f"MultitaskOptimizerWrapper takes an optimizer, not {opt!r:.80}{here()}")
        self._opt = opt
        setattr(opt, "_update", self._updates(opt._update, opt._moved))             # noqa: B010
        setattr(opt, "_by_hooks", self._hooks(opt._by_hooks))                       # noqa: B010

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opt, name)

    def _updates(self, update: Callable[..., Any], moved: Callable[..., Any]) -> Callable[..., Any]:
        """An optimizer's `_update`, whose new values are the old ones where the whole gradient is 0."""
        def changed(g: Node, v: Any, **hyper: Any) -> Any:
            absent = reduce_all(equal(g, 0))
            setattr(self._opt, "_moved", lambda updates: moved([(x, where(absent, x, new), name) for x, new, name in updates]))     # noqa: B010
            try:
                return update(g, v, **hyper)
            finally:
                setattr(self._opt, "_moved", moved)                                 # noqa: B010
        return changed

    def _hooks(self, by_hooks: Callable[..., Any]) -> Callable[..., Any]:
        """What a program's own optimizer does by a gradient, which is not done where the whole gradient is 0."""
        def changed(g: Any, v: Variable) -> Any:
            absent = reduce_all(equal(self._opt._dense(g, v), 0))
            return cond(absent, no_op, lambda: group(by_hooks(g, v)))
        return changed


def clip_gradients_by_global_norm(gradients_variables: Any, clip_norm: Any = 20.0) -> tuple[list[tuple[Any, Variable]], Node]:
    """Pairs of a gradient and a variable, the gradients scaled so that their common norm is at most `clip_norm`; and the norm before.

    Gradients that are all 0 add nothing to it. DTypeError: no numbers.

    >>> v = tf.Variable(1.0)
    >>> pairs, norm = tf.contrib.opt.clip_gradients_by_global_norm([(tf.constant(8.0), v)], 2.0)
    >>> tf.Session(jit=False).run([pairs[0][0], norm])
    [np.float32(2.0), np.float32(8.0)]
    """
    pairs = list(gradients_variables)
    clipped, norm = clip_by_global_norm([g for g, _ in pairs], clip_norm)
    return list(zip(clipped, [v for _, v in pairs], strict=True)), norm
