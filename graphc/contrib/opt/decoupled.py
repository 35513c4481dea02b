"""Optimizers of `tf.contrib.opt` whose variables decay apart from the gradient's step: AdamW, MomentumW, and that of any optimizer."""

from __future__ import annotations

from typing import Any

from ...errors import DTypeError
from ...ir.node import Node, Operation, here
from ...ops.math import where
from ...ops.state import Variable
from ...train.optimizer import Optimizer, scalar, touched_rows
from ...train.optimizers import AdamOptimizer, MomentumOptimizer

__all__ = ["AdamWOptimizer", "DecoupledWeightDecayExtension", "MomentumWOptimizer", "extend_with_decoupled_weight_decay"]


class DecoupledWeightDecayExtension(Optimizer):
    """What an optimizer is derived from beside another: v <- v - weight_decay v, and then the other's step (Loshchilov and Hutter 2019).

    Of a variable with a sparse gradient the rows decay that it names. The decay is no part of the loss, so that no moment has it; unlike in
    the paper, no learning rate scales it, as in TensorFlow 1.
    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> class Decaying(tf.contrib.opt.DecoupledWeightDecayExtension, tf.train.GradientDescentOptimizer): pass
    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(Decaying(0.25, learning_rate=0.5).apply_gradients([(tf.constant(1.0), v)]))
    >>> sess.run(v)
    np.float32(0.25)
    """

    def __init__(self, weight_decay: Any, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._hyper["weight_decay"] = weight_decay
        self._decaying: set[Variable] | None = None

    def minimize(self, loss: Node, global_step: Variable | None = None, var_list: Any = None, gate_gradients: Any = None,
                 aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None, grad_loss: Any = None,
                 decay_var_list: Any = None) -> Operation:
        """`Optimizer.minimize`, where the variables of `decay_var_list` alone decay; by default all that are trained. The same errors."""
        with_list, self._decaying = self._decaying, set(decay_var_list) if decay_var_list else None
        try:
            return super().minimize(loss, global_step, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, name, grad_loss)
        finally:
            self._decaying = with_list

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None,
                        decay_var_list: Any = None) -> Operation:
        """`Optimizer.apply_gradients`, where the variables of `decay_var_list` alone decay; by default all. The same errors."""
        before = self._decaying
        self._decaying = set(decay_var_list) if decay_var_list else before
        try:
            return super().apply_gradients(grads_and_vars, global_step, name)
        finally:
            self._decaying = before

    def _takes_rows(self) -> bool:
        own = next(c for c in type(self).__mro__ if "_update" in vars(c) and c is not DecoupledWeightDecayExtension)
        return bool(vars(own).get("_by_rows", False))

    def _decays(self, v: Variable) -> bool:
        return self._decaying is None or v in self._decaying

    def _by_hooks(self, g: Any, v: Variable) -> Any:
        if not self._decays(v):
            return super()._by_hooks(g, v)
        rate = scalar(self._hyper_at[v.type.dtype]["weight_decay"], v.type.dtype)
        with v.graph.control_dependencies([v.assign(self._decayed(self._dense(g, v), v, rate))]):
            return super()._by_hooks(g, v)

    def _decayed(self, g: Node, v: Any, rate: Any) -> Node:
        touched = touched_rows(g) if self._rows is None else None
        less: Node = v - rate * v
        return less if touched is None else where(touched, less, v)

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rate, whole = hyper.pop("weight_decay"), self._whole.get(v)
        variable = whole if whole is not None else self._stands.get(v, v)
        if not self._decays(variable):
            return super()._update(g, v, **hyper)
        # What decayed stands for the variable, or for its rows: the step goes on from there.
        less = self._decayed(g, v, rate)
        (self._stands if whole is None else self._whole)[less] = variable
        return super()._update(g, less, **hyper)


def extend_with_decoupled_weight_decay(base_optimizer: type[Optimizer]) -> type[DecoupledWeightDecayExtension]:
    """A class of optimizers whose variables decay before `base_optimizer`'s step; its first argument is the rate of the decay.

    DTypeError: what is given is no class of optimizers.

    >>> Decaying = tf.contrib.opt.extend_with_decoupled_weight_decay(tf.train.AdamOptimizer)
    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(Decaying(0.25, learning_rate=0.0).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.75)
    """
    if not isinstance(base_optimizer, type) or not issubclass(base_optimizer, Optimizer):
        raise DTypeError(f"extend_with_decoupled_weight_decay takes a class of optimizers, not {base_optimizer!r:.80}{here()}")
    return type("OptimizerWithDecoupledWeightDecay", (DecoupledWeightDecayExtension, base_optimizer), {"__doc__": base_optimizer.__doc__})


class MomentumWOptimizer(DecoupledWeightDecayExtension, MomentumOptimizer):
    """v <- v - weight_decay v, and then `MomentumOptimizer`'s step: SGDW (Loshchilov and Hutter 2019, algorithm 1).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.MomentumWOptimizer(0.25, 0.5, 0.9).apply_gradients([(tf.constant(1.0), v)]))
    >>> sess.run(v)
    np.float32(0.25)
    """

    def __init__(self, weight_decay: Any, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "MomentumW",
                 use_nesterov: bool = False):
        super().__init__(weight_decay, learning_rate=learning_rate, momentum=momentum, use_locking=use_locking, name=name,
                         use_nesterov=use_nesterov)


class AdamWOptimizer(DecoupledWeightDecayExtension, AdamOptimizer):
    """v <- v - weight_decay v, and then `AdamOptimizer`'s step: AdamW (Loshchilov and Hutter 2019, algorithm 2).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.contrib.opt.AdamWOptimizer(0.25, 0.5).minimize(v * v))
    >>> sess.run(v).round(4)
    np.float32(0.25)
    """

    def __init__(self, weight_decay: Any, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-8,
                 use_locking: bool = False, name: str = "AdamW"):
        super().__init__(weight_decay, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon, use_locking=use_locking, name=name)
