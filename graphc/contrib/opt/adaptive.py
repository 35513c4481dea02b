"""Optimizers of `tf.contrib.opt` that scale each step by what gradients were: by their moments, their signs, or the norm of a layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import GraphError
from ...ir.node import Node, Operation, here
from ...ops.math import abs, exp, greater, maximum, sign, sqrt, square, where
from ...ops.reduce import reduce_sum
from ...ops.state import Variable, assign
from ...train.optimizer import GradsAndVars, Optimizer, scalar, touched_rows
from ...train.optimizers import AdagradOptimizer, AdamOptimizer, MomentumOptimizer

__all__ = ["AdaMaxOptimizer", "AddSignOptimizer", "LARSOptimizer", "NadamOptimizer", "PowerSignOptimizer", "RegAdagradOptimizer"]

Decay = Callable[[Any], Any]


class NadamOptimizer(AdamOptimizer):
    """Adam with Nesterov's momentum: v <- v - rate (beta1 m + (1 - beta1) g) / (sqrt(s) + epsilon), of Adam's new m and s (Dozat 2016).

    The rate is Adam's: what Dozat's schedule of momentum makes of beta1 is left out, as in TensorFlow 1. A sparse gradient has the moments
    of all rows decay, and moves those that it names.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.NadamOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        m_slot, s_slot = self._slot(v, "m"), self._slot(v, "v")
        beta1, rate = hyper["beta1"], scalar(hyper["rate"], v.type.dtype)
        m = m_slot + (1 - beta1) * (g - m_slot)
        s = s_slot + (1 - hyper["beta2"]) * (square(g) - s_slot)
        new = v - rate * (beta1 * m + (1 - beta1) * g) / (sqrt(s) + hyper["epsilon"])
        return [*self._moved([(m_slot, m, None), (s_slot, s, None)]), *self._sparse(g, [(v, new, "ApplyAdam")])]


class AdaMaxOptimizer(AdamOptimizer):
    """m <- beta1 m + (1 - beta1) g; u <- max(beta2 u, |g|); v <- v - rate / (1 - beta1^t) m / (u + epsilon) (Kingma and Ba 2015, section 7.1).

    Their algorithm 2 has no epsilon; TensorFlow 1 has. Rows that a sparse gradient does not name stay as they are, moments too.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.AdaMaxOptimizer(0.1).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.9)
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8, use_locking: bool = False,
                 name: str = "AdaMax"):
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)
        self._power: Variable | None = None

    def _begin(self, pairs: GradsAndVars) -> None:
        if self._power is None or self._power.graph is not pairs[0][1].graph:       # each graph has its own
            self._power = Variable(self._values(pairs[0][1].type.dtype, ("beta1",))["beta1"], trainable=False, name="beta1_power")

    def _common(self, pairs: GradsAndVars, hyper: dict[str, Any]) -> dict[str, Any]:
        assert self._power is not None
        return {"rate": hyper["learning_rate"] / (1 - self._present(self._power)), "first": hyper}

    def variables(self) -> list[Variable]:
        """The variables the optimizer has made: slots, and the power of its decay rate."""
        return [*super().variables(), *([self._power] if self._power is not None else [])]

    def _closing(self, shared: dict[str, Any]) -> list[Any]:
        assert self._power is not None
        return [assign(self._power, self._present(self._power) * shared["first"]["beta1"])]

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        m_slot, u_slot = self._slot(v, "m"), self._slot(v, "v")
        m = m_slot + (1 - hyper["beta1"]) * (g - m_slot)
        u = maximum(hyper["beta2"] * u_slot, abs(g))
        new = v - scalar(hyper["rate"], v.type.dtype) * m / (u + hyper["epsilon"])
        return self._sparse(g, [(m_slot, m, None), (u_slot, u, None), (v, new, "ApplyAdaMax")])


class _BySigns(Optimizer):
    """What `AddSignOptimizer` and `PowerSignOptimizer` share: the running mean m of gradients, and how a step's count fades the signs."""

    def __init__(self, learning_rate: Any, beta: Any, sign_decay_fn: Decay | None, use_locking: bool, name: str, **hyper: Any):
        super().__init__(use_locking, name, learning_rate=learning_rate, beta=beta, sign_decay=1.0, **hyper)
        self._fading = sign_decay_fn

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """`Optimizer.apply_gradients`, with the signs faded by the steps that `global_step` has counted; the same errors."""
        if self._fading is not None:
            self._hyper["sign_decay"] = self._fading(global_step)
        return super().apply_gradients(grads_and_vars, global_step, name)

    def _factor(self, signs: Node, **hyper: Any) -> Node:
        """What a gradient is multiplied by, of the signs' agreement, which is faded."""
        raise NotImplementedError

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        slot = self._slot(v, "m")
        m = hyper["beta"] * slot + (1 - hyper["beta"]) * g
        factor = self._factor(hyper["sign_decay"] * sign(g) * sign(m), **hyper)
        return self._moved([(slot, m, None), (v, v - hyper["learning_rate"] * factor * g, f"Apply{type(self).__name__.removesuffix('Optimizer')}")])


class AddSignOptimizer(_BySigns):
    """m <- beta m + (1 - beta) g; v <- v - rate (alpha + f sign(g) sign(m)) g (Bello et al. 2017, section 5.3).

    `sign_decay_fn`: f as a function of `global_step`, such as `get_linear_decay_fn(steps)`; 1 without one. A sparse gradient has m decay in
    all rows, and moves those that it names.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.AddSignOptimizer(0.125).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.5)
    """

    def __init__(self, learning_rate: Any = 0.1, alpha: Any = 1.0, beta: Any = 0.9, sign_decay_fn: Decay | None = None,
                 use_locking: bool = False, name: str = "AddSignOptimizer"):
        super().__init__(learning_rate, beta, sign_decay_fn, use_locking, name, alpha=alpha)

    def _factor(self, signs: Node, **hyper: Any) -> Node:
        found: Node = hyper["alpha"] + signs
        return found


class PowerSignOptimizer(_BySigns):
    """m <- beta m + (1 - beta) g; v <- v - rate base^(f sign(g) sign(m)) g (Bello et al. 2017, section 5.3).

    `sign_decay_fn`: f as a function of `global_step`, such as `get_cosine_decay_fn(steps)`; 1 without one. A sparse gradient has m decay in
    all rows, and moves those that it names. GraphError: the base is not above 0.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.PowerSignOptimizer(0.125, base=2.0).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.5)
    """

    def __init__(self, learning_rate: Any = 0.1, base: float = math.e, beta: Any = 0.9, sign_decay_fn: Decay | None = None,
                 use_locking: bool = False, name: str = "PowerSignOptimizer"):
        if not base > 0:
            raise GraphError(f"{name}: the base is {base}, not above 0{here()}")
        super().__init__(learning_rate, beta, sign_decay_fn, use_locking, name, log=math.log(base))

    def _factor(self, signs: Node, **hyper: Any) -> Node:
        found: Node = exp(hyper["log"] * signs)
        return found


class LARSOptimizer(MomentumOptimizer):
    """Momentum whose rate is scaled in each variable by eeta |v| / (|g| + weight_decay |v| + epsilon) (You, Gitman and Ginsburg 2017).

    The scale is 1 where a norm is 0, or a text of `skip_list` is in the variable's name, and of sparse gradients. The weights themselves do
    not decay, as in TensorFlow 1: a penalty in the loss does so. GraphError: a momentum or decay below 0.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.LARSOptimizer(1.0, weight_decay=0.0, eeta=0.5).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.5)
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, momentum: float = 0.9, weight_decay: float = 0.0001, eeta: Any = 0.001, epsilon: Any = 0.0,
                 name: str = "LARSOptimizer", skip_list: Any = None, use_nesterov: bool = False):
        for word, value in (("momentum", momentum), ("weight_decay", weight_decay)):
            if isinstance(value, (int, float)) and value < 0:
                raise GraphError(f"{name}: {word} is {value}, below 0{here()}")
        super().__init__(learning_rate, momentum, False, name, use_nesterov)
        self._hyper.update(weight_decay=weight_decay, eeta=eeta, epsilon=epsilon)
        self._skipped = [*(skip_list or ())]

    def compute_lr(self, grad: Any, var: Any) -> Any:
        """The rate at which a variable is moved by a gradient. DTypeError: a hyperparameter is no number or tensor."""
        return self._rate(grad, var, **self._values(var.type.dtype))

    def _rate(self, g: Node, v: Any, **hyper: Any) -> Any:
        whole = self._whole.get(v) or self._stands.get(v, v)
        if any(text in whole.name for text in self._skipped):
            return hyper["learning_rate"]
        size, slope = (sqrt(reduce_sum(square(x))) for x in (v, g))
        ratio = hyper["eeta"] * size / (slope + hyper["weight_decay"] * size + hyper["epsilon"])
        return hyper["learning_rate"] * where(greater(size, 0.0), where(greater(slope, 0.0), ratio, 1.0), 1.0)

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        sparse = self._rows is not None or touched_rows(g) is not None
        return super()._update(g, v, **hyper if sparse else {**hyper, "learning_rate": self._rate(g, v, **hyper)})


class RegAdagradOptimizer(AdagradOptimizer):
    """Adagrad (Duchi, Hazan and Singer 2011), with steps that leave the sums of squares alone: those of penalties, which slow no rate down.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> optimizer = tf.contrib.opt.RegAdagradOptimizer(0.1, initial_accumulator_value=0.25)
    >>> with optimizer.avoid_updating_slots():
    ...     step = optimizer.minimize(v * v)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(step), sess.run(v).round(3), sess.run(optimizer.get_slot(v, "accumulator"))
    (None, np.float32(0.6), np.float32(0.25))
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False, name: str = "RegAdagrad"):
        super().__init__(learning_rate, initial_accumulator_value, use_locking, name)
        self._gathering = True

    @contextmanager
    def avoid_updating_slots(self) -> Iterator[None]:
        """Within it, steps are built that leave the sums of squares as they are."""
        before, self._gathering = self._gathering, False
        try:
            yield
        finally:
            self._gathering = before

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        if self._gathering:
            return super()._update(g, v, **hyper)
        return self._moved([(v, v - hyper["learning_rate"] * g / sqrt(self._slot(v, "accumulator", self._start)), "ApplyAdagrad")])
