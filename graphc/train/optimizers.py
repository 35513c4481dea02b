"""Optimizers: how one variable moves by its gradient, rule by rule."""

from __future__ import annotations

from typing import Any

from ..ir.node import Node
from ..ops.math import sqrt, square
from ..ops.state import Variable, assign
from .optimizer import GradsAndVars, Optimizer, scalar

__all__ = ["GradientDescentOptimizer", "MomentumOptimizer", "AdagradOptimizer", "RMSPropOptimizer", "AdamOptimizer", "AdadeltaOptimizer"]


class GradientDescentOptimizer(Optimizer):
    """v <- v - learning_rate g (Robbins and Monro 1951).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.GradientDescentOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"):
        super().__init__(use_locking, name, learning_rate=learning_rate)

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        return self._moved([(v, v - hyper["learning_rate"] * g, "ApplyGradientDescent")])


class MomentumOptimizer(Optimizer):
    """a <- momentum a + g; v <- v - learning_rate a (Polyak 1964), or with Nesterov's look-ahead (Sutskever et al. 2013).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.MomentumOptimizer(0.1, 0.9).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum", use_nesterov: bool = False):
        super().__init__(use_locking, name, learning_rate=learning_rate, momentum=momentum)
        self._nesterov = use_nesterov

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        lr, momentum = hyper["learning_rate"], hyper["momentum"]
        slot = self._slot(v, "momentum")
        a = momentum * slot + g
        step = g + momentum * a if self._nesterov else a
        return self._sparse(g, [(slot, a, None), (v, v - lr * step, "ApplyMomentum")])


class AdagradOptimizer(Optimizer):
    """a <- a + g^2; v <- v - learning_rate g / sqrt(a) (Duchi, Hazan and Singer 2011).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.AdagradOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False, name: str = "Adagrad"):
        super().__init__(use_locking, name, learning_rate=learning_rate)
        self._start = initial_accumulator_value

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        slot = self._slot(v, "accumulator", self._start)
        a = slot + square(g)
        return self._moved([(slot, a, None), (v, v - hyper["learning_rate"] * g / sqrt(a), "ApplyAdagrad")])


class RMSPropOptimizer(Optimizer):
    """m <- decay m + (1 - decay) g^2; p <- momentum p + learning_rate g / sqrt(m + epsilon); v <- v - p (Tieleman and Hinton 2012).

    `centered` subtracts the squared running mean of g under the root (Graves 2013). m starts at 1, as in TensorFlow 1.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.RMSPropOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10, use_locking: bool = False,
                 centered: bool = False, name: str = "RMSProp"):
        super().__init__(use_locking, name, learning_rate=learning_rate, decay=decay, momentum=momentum, epsilon=epsilon)
        self._centered = centered

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rms, p = self._slot(v, "rms", 1.0), self._slot(v, "momentum")
        decay = hyper["decay"]
        m = decay * rms + (1 - decay) * square(g)
        updates, spread = [(rms, m, None)], m
        if self._centered:
            slot = self._slot(v, "mg")
            mean = decay * slot + (1 - decay) * g
            updates.append((slot, mean, None))
            spread = m - square(mean)
        step = hyper["momentum"] * p + hyper["learning_rate"] * g / sqrt(spread + hyper["epsilon"])
        return self._sparse(g, [*updates, (p, step, None), (v, v - step, "ApplyRMSProp")])


class AdamOptimizer(Optimizer):
    """Adam (Kingma and Ba 2015), with epsilon added to the uncorrected root ("epsilon hat", before their section 2.1) as TensorFlow 1 has it.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.AdamOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    def __init__(self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8, use_locking: bool = False,
                 name: str = "Adam"):
        super().__init__(use_locking, name, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
        self._powers: tuple[Variable, Variable] | None = None

    def _begin(self, pairs: GradsAndVars) -> None:
        if self._powers is None or self._powers[0].graph is not pairs[0][1].graph:       # each graph has its own
            hyper = self._values(pairs[0][1].type.dtype, ("beta1", "beta2"))
            self._powers = (Variable(hyper["beta1"], trainable=False, name="beta1_power"),
                            Variable(hyper["beta2"], trainable=False, name="beta2_power"))

    def _common(self, pairs: GradsAndVars, hyper: dict[str, Any]) -> dict[str, Any]:
        assert self._powers is not None
        p1, p2 = map(self._present, self._powers)
        return {"rate": hyper["learning_rate"] * sqrt(1 - p2) / (1 - p1), "first": hyper}

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return [*super()._checkpoint_dependencies, *((p.op.name.rpartition("/")[2], p) for p in self._powers or ())]

    def variables(self) -> list[Variable]:
        """The variables the optimizer has made: slots, and the powers of its decay rates."""
        return [*super().variables(), *(self._powers or ())]

    def _closing(self, shared: dict[str, Any]) -> list[Any]:
        assert self._powers is not None
        return [assign(p, self._present(p) * shared["first"][rate]) for p, rate in zip(self._powers, ("beta1", "beta2"), strict=True)]

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        m_slot, v_slot = self._slot(v, "m"), self._slot(v, "v")
        m = m_slot + (1 - hyper["beta1"]) * (g - m_slot)
        s = v_slot + (1 - hyper["beta2"]) * (square(g) - v_slot)
        rate = scalar(hyper["rate"], v.type.dtype)
        return self._moved([(m_slot, m, None), (v_slot, s, None), (v, v - rate * m / (sqrt(s) + hyper["epsilon"]), "ApplyAdam")])


class LazyAdamOptimizer(AdamOptimizer):
    """Adam that leaves the rows and moments alone that a sparse gradient does not name: `AdamOptimizer` moves all of a table in every step.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable([1.0, 1.0])
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.LazyAdamOptimizer(0.1).minimize(tf.gather(v, [1])))
    >>> sess.run(v).round(2)
    array([1. , 0.9], dtype=float32)
    """

    _by_rows = True

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        return super()._update(g, v, **hyper)


class AdadeltaOptimizer(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1), scaled by learning_rate.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.AdadeltaOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False, name: str = "Adadelta"):
        super().__init__(use_locking, name, learning_rate=learning_rate, rho=rho, epsilon=epsilon)

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rho, epsilon = hyper["rho"], hyper["epsilon"]
        a_slot, d_slot = self._slot(v, "accum"), self._slot(v, "accum_update")
        a = rho * a_slot + (1 - rho) * square(g)
        step = sqrt(d_slot + epsilon) / sqrt(a + epsilon) * g
        d = rho * d_slot + (1 - rho) * square(step)
        return self._sparse(g, [(a_slot, a, None), (d_slot, d, None), (v, v - hyper["learning_rate"] * step, "ApplyAdadelta")])
