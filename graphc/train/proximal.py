"""Optimizers that take l1 and l2 penalties into the step itself, so that parameters become exactly 0."""

from __future__ import annotations

from typing import Any

from ..errors import DTypeError, GraphError
from ..ir.node import Node, here
from ..ir.operator import to_node
from ..ops.math import abs, cast, maximum, pow, sign, sqrt, square
from .optimizer import Optimizer

__all__ = ["AdagradDAOptimizer", "FtrlOptimizer", "ProximalAdagradOptimizer", "ProximalGradientDescentOptimizer"]


def _not_below(what: str, least: float, **values: Any) -> None:
    """GraphError: a number is below the least one that is allowed; tensors are not looked at."""
    for name, value in values.items():
        if isinstance(value, (int, float)) and not value >= least:
            raise GraphError(f"{what}: {name} is {value}, below {least:g}{here()}")


def _shrunk(x: Node, by: Any) -> Node:
    """x moved towards 0 by a distance, and not beyond it."""
    return sign(x) * maximum(abs(x) - by, 0.0)


class ProximalGradientDescentOptimizer(Optimizer):
    """v <- shrink(v - r g, r l1) / (1 + r l2), with the learning rate r (Duchi and Singer 2009).

    GraphError: a penalty below 0. DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=10.0).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.0)
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0,
                 use_locking: bool = False, name: str = "ProximalGradientDescent"):
        _not_below(name, 0.0, l1_regularization_strength=l1_regularization_strength, l2_regularization_strength=l2_regularization_strength)
        super().__init__(use_locking, name, learning_rate=learning_rate, l1=l1_regularization_strength, l2=l2_regularization_strength)

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rate, l1, l2 = hyper["learning_rate"], hyper["l1"], hyper["l2"]
        step = _shrunk(v - rate * g, rate * l1) / (1.0 + rate * l2)
        return self._sparse(g, [(v, step, "ApplyProximalGradientDescent")])


class ProximalAdagradOptimizer(Optimizer):
    """a <- a + g^2; r = learning_rate / sqrt(a); v <- shrink(v - r g, r l1) / (1 + r l2) (Duchi and Singer 2009; Duchi, Hazan and Singer 2011).

    GraphError: a penalty below 0, or an accumulator that does not begin above it. DTypeError: a hyperparameter is no number or tensor;
    GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.ProximalAdagradOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1, l1_regularization_strength: Any = 0.0,
                 l2_regularization_strength: Any = 0.0, use_locking: bool = False, name: str = "ProximalAdagrad"):
        _not_below(name, 0.0, l1_regularization_strength=l1_regularization_strength, l2_regularization_strength=l2_regularization_strength)
        if not initial_accumulator_value > 0:
            raise GraphError(f"{name}: initial_accumulator_value is {initial_accumulator_value}, and not above 0{here()}")
        super().__init__(use_locking, name, learning_rate=learning_rate, l1=l1_regularization_strength, l2=l2_regularization_strength)
        self._start = initial_accumulator_value

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        slot = self._slot(v, "accumulator", self._start)
        a = slot + square(g)
        rate = hyper["learning_rate"] / sqrt(a)
        step = _shrunk(v - rate * g, rate * hyper["l1"]) / (1.0 + rate * hyper["l2"])
        return self._sparse(g, [(slot, a, None), (v, step, "ApplyProximalAdagrad")])


class AdagradDAOptimizer(Optimizer):
    """s <- s + g; a <- a + g^2; v <- -r shrink(s, l1 t) / (r l2 t + sqrt(a)) in step t: dual averaging (Duchi, Hazan and Singer 2011, eq. 24).

    `global_step`: the count of steps before this one. GraphError: a penalty below 0, or an accumulator that does not begin above it.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v, step = tf.Variable(1.0), tf.Variable(0, trainable=False)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.AdagradDAOptimizer(0.1, step).minimize(v * v, global_step=step))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, global_step: Any, initial_gradient_squared_accumulator_value: float = 0.1,
                 l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0, use_locking: bool = False,
                 name: str = "AdagradDA"):
        _not_below(name, 0.0, l1_regularization_strength=l1_regularization_strength, l2_regularization_strength=l2_regularization_strength)
        if not initial_gradient_squared_accumulator_value > 0:
            raise GraphError(f"{name}: initial_gradient_squared_accumulator_value is {initial_gradient_squared_accumulator_value}, "
                             f"and not above 0{here()}")
        if not isinstance(global_step, Node):
            raise DTypeError(f"{name}: the global step is a variable, not {global_step!r:.60}{here()}")
        super().__init__(use_locking, name, learning_rate=learning_rate, l1=l1_regularization_strength, l2=l2_regularization_strength)
        self._start, self._step = initial_gradient_squared_accumulator_value, global_step

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rate, l1, l2 = hyper["learning_rate"], hyper["l1"], hyper["l2"]
        t = cast(to_node(self._step), v.dtype) + 1.0
        s_slot, a_slot = self._slot(v, "gradient_accumulator"), self._slot(v, "gradient_squared_accumulator", self._start)
        s, a = s_slot + g, a_slot + square(g)
        step = -rate * _shrunk(s, l1 * t) / (rate * l2 * t + sqrt(a))
        return self._sparse(g, [(s_slot, s, None), (a_slot, a, None), (v, step, "ApplyAdagradDA")])


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013, algorithm 1).

    With p = -learning_rate_power: a' = a + g^2; z <- z + g - (a'^p - a^p) / r * v; v <- -shrink(z, l1) / (a'^p / r + 2 l2); a <- a'. A
    shrinkage of s adds 2 s v to the g of z. GraphError: a penalty below 0, a power above it, or an accumulator that begins below it.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.FtrlOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True
    _sum_name = "accum"     # of the slot for a

    def __init__(self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
                 l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0, use_locking: bool = False, name: str = "Ftrl",
                 accum_name: str | None = None, linear_name: str | None = None, l2_shrinkage_regularization_strength: Any = 0.0):
        _not_below(name, 0.0, initial_accumulator_value=initial_accumulator_value, l1_regularization_strength=l1_regularization_strength,
                   l2_regularization_strength=l2_regularization_strength,
                   l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength)
        if isinstance(learning_rate_power, (int, float)) and learning_rate_power > 0:
            raise GraphError(f"{name}: learning_rate_power is {learning_rate_power}, above 0{here()}")
        super().__init__(use_locking, name, learning_rate=learning_rate, power=learning_rate_power, l1=l1_regularization_strength,
                         l2=l2_regularization_strength, shrinkage=l2_shrinkage_regularization_strength)
        self._start, self._labels = initial_accumulator_value, {"accum": accum_name, "linear": linear_name}

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rate, power = hyper["learning_rate"], -hyper["power"]
        a_slot = self._slot(v, self._sum_name, self._start, self._labels["accum"])
        z_slot = self._slot(v, "linear", label=self._labels["linear"])
        a = a_slot + square(g)
        grown, before = pow(a, power), pow(a_slot, power)
        z = z_slot + (g + 2.0 * hyper["shrinkage"] * v) - (grown - before) / rate * v
        step = -_shrunk(z, hyper["l1"]) / (grown / rate + 2.0 * hyper["l2"])
        return self._sparse(g, [(a_slot, a, None), (z_slot, z, None), (v, step, "ApplyFtrl")])
