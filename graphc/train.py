"""Optimizers: they add, for each variable, the graph that updates it from its gradient; the compiler makes one kernel of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .autodiff.gradients import gradients
from .errors import ArgumentError, DTypeError, GradientError, GraphError, ShapeError
from .ir.graph import GraphKeys, get_default_graph
from .ir.node import Node, Operation, describe, here, topological
from .ir.operator import many, to_node
from .ir.types import exactly
from .ops.array import ones_like, reshape, zeros_like
from .ops.array_gather import scatter_sum
from .ops.math import cast, floor, greater, is_finite, logical_or, maximum, minimum, multiply, pow, sqrt, square, where
from .ops.reduce import reduce_sum
from .ops.state import Variable, assign, assign_add, gradient_of_variable, group

if TYPE_CHECKING:
    from .optimize import ScipyOptimizerInterface

__all__ = ["Optimizer", "GradientDescentOptimizer", "MomentumOptimizer", "AdagradOptimizer", "RMSPropOptimizer", "AdamOptimizer",
           "AdadeltaOptimizer", "exponential_decay", "global_norm", "clip_by_global_norm", "clip_by_norm", "get_global_step",
           "get_or_create_global_step", "create_global_step", "ScipyOptimizerInterface"]

GradsAndVars = Sequence[tuple[Node | None, Variable]]


class Optimizer:
    """What all optimizers share; a subclass says how one variable moves.

    `learning_rate` and the other hyperparameters are numbers, tensors or functions that give one.
    GradientError, DTypeError: by the methods.
    """

    def __init__(self, name: str, **hyper: Any):
        self._name = name
        self._hyper = hyper
        self._slots: dict[tuple[Variable, str], Variable] = {}

    def get_name(self) -> str:
        """The name that the optimizer's operations and slots begin with."""
        return self._name

    def minimize(self, loss: Node, global_step: Variable | None = None, var_list: Any = None, gate_gradients: Any = None,
                 aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
                 grad_loss: Any = None) -> Operation:
        """An operation that moves the variables one step against the gradient of `loss`.

        `var_list`: the variables (default: all trainable ones). `global_step`: a variable that counts the steps.
        GradientError: a variable that was asked for, or every one, has no path to the loss.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        missing = [v for g, v in pairs if g is None]
        if len(missing) == len(pairs) or (var_list is not None and missing):
            raise GradientError(self._no_path(loss, missing))
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(self, loss: Any, var_list: Any = None, gate_gradients: Any = None, aggregation_method: Any = None,
                          colocate_gradients_with_ops: bool = False, grad_loss: Any = None) -> list[tuple[Node | None, Variable]]:
        """(gradient of `loss`, variable) for each variable; the gradient is None where no path leads to the loss.

        `var_list`: default all trainable variables; `grad_loss`: the gradient of the loss itself, 1 by default. DTypeError: the loss is no tensor.
        GradientError: an operator on the way has no gradient.
        """
        if not isinstance(loss, Node):
            raise DTypeError(f"{self._name}: the loss must be a tensor, not {loss!r:.80}{here()}")
        variables = list(var_list) if isinstance(var_list, (list, tuple)) else [var_list] if var_list is not None else \
            loss.graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        if not variables:
            raise GraphError(f"{self._name}: there are no variables to train{here()}")
        for v in variables:
            if not isinstance(v, Variable):
                raise DTypeError(f"{self._name}: {v!r:.80} is not a Variable{here()}")
        return list(zip(gradients(loss, variables, None if grad_loss is None else [grad_loss]), variables, strict=True))

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """An operation that moves each variable by its gradient; pairs without a gradient are left out.

        GradientError: every gradient is None. DTypeError, ShapeError: one does not fit its variable.
        """
        pairs = [(g, v) for g, v in map(self._pair, many(f"{self._name}.apply_gradients", grads_and_vars)) if g is not None]
        if not pairs:
            raise GradientError(f"{self._name}: no gradients are given for any variable{here()}")
        graph = pairs[0][1].graph
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(name or self._name) as scope:
            updates: list[Any] = []
            hyper = {dtype: self._values(dtype) for dtype in dict.fromkeys(v.type.dtype for _, v in pairs)}
            shared = self._prepare(pairs, hyper[pairs[0][1].type.dtype])
            for g, v in pairs:
                with graph.name_scope(f"update_{v.op.name}"):       # as TensorFlow names it: pictures fold it
                    updates += self._update(gradient_of_variable(to_node(g), v), v, **hyper[v.type.dtype], **shared)
            updates += self._finish(shared)
            if global_step is not None:
                updates.append(assign_add(global_step, 1))
        return group(*updates, name=scope)

    def _pair(self, pair: Any) -> tuple[Any, Variable]:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not isinstance(pair[1], Variable):
            raise ArgumentError(f"{self._name}.apply_gradients takes pairs of a gradient and a Variable, not {pair!r:.80}{here()}")
        return pair[0], pair[1]

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """The variable of that name that the optimizer keeps beside `var`."""
        return self._slots.get((var, name))

    def get_slot_names(self) -> list[str]:
        """The names of the variables kept beside each trained one."""
        return sorted({name for _, name in self._slots})

    def variables(self) -> list[Variable]:
        """All that the optimizer keeps between steps."""
        return list(self._slots.values())

    def _slot(self, v: Variable, name: str, start: float = 0.0) -> Variable:
        found = self._slots.get((v, name))
        if found is None:
            shape = v.initial_value.type.shape
            initial = np.full(shape, start, v.type.dtype) if v.initial_value.type.known else zeros_like(v.initialized_value()) + start
            with v.graph.name_scope(None):
                found = self._slots[v, name] = Variable(initial, trainable=False, name=f"{v.op.name}/{self._name}")
        return found

    def _values(self, dtype: np.dtype[Any]) -> dict[str, Any]:
        """The hyperparameters in a dtype."""
        return {k: _scalar(x() if callable(x) and not isinstance(x, Node) else x, dtype, k) for k, x in self._hyper.items()}

    def _prepare(self, pairs: GradsAndVars, hyper: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _finish(self, shared: dict[str, Any]) -> list[Any]:
        return []

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
        raise NotImplementedError(f"{type(self).__name__} does not say how a variable moves")

    def _sparse(self, g: Node, updates: Sequence[tuple[Variable, Node, str | None]]) -> list[Any]:
        """The assignments (variable, new value, name) of one variable's update; rows that a sparse gradient does not name stay as they are."""
        touched = touched_rows(g)
        return [assign(v, new if touched is None else where(touched, new, v), name=name) for v, new, name in updates]

    def _no_path(self, loss: Node, missing: Sequence[Variable]) -> str:
        names = ", ".join(describe(v) for v in missing[:5])
        cut = _broken_path(loss, missing[0]) if missing else None
        why = f"; the path ends at {describe(cut)}, made by {cut.operator.name}, which passes no gradient" if cut is not None else ""
        return f"{self._name}: no gradient leads from {describe(loss)} to {names}{why}{here()}"


def touched_rows(g: Node) -> Node | None:
    """bool[rows]: the rows that a gradient through `gather` names, which TensorFlow's sparse updates change; None of any other gradient."""
    named: list[Node] = []
    stack = [g]
    while stack:
        n = stack.pop()
        if n.operator.name == "scatter_sum" and n.attrs["axis"] == 0:
            named.append(n)
        elif n.operator.name == "add":
            stack += n.inputs
        elif n.operator.name in ("multiply", "truediv") and n.inputs[1].type.rank == 0:
            stack.append(n.inputs[0])
        elif n.operator.name in ("identity", "cast", "contract", "gradient_of_variable"):
            stack.append(n.inputs[0])
        else:
            return None
    found: Node | None = None
    for n in named:
        rows = reshape(n.inputs[0], [-1])
        there = greater(scatter_sum(rows, ones_like(rows, dtype=np.float32), n.inputs[2][:1]), 0.0)
        found = there if found is None else logical_or(found, there)
    return found


def _broken_path(loss: Node, variable: Variable) -> Node | None:
    """The operator nearest to the loss on a path to the variable that stops the gradient."""
    uses: dict[Node, bool] = {}
    order = topological([loss])
    for n in order:
        uses[n] = n is variable or any(uses[x] for x in n.inputs)
    blocked = [n for n in order if uses[n] and n is not variable and
               (n.operator.grad is None or n.type.dtype.kind != "f" or gradients(n, n.inputs[:1])[0] is None)]
    return max(blocked, key=lambda n: n.index) if blocked else None


def _scalar(value: Any, dtype: np.dtype[Any], name: str | None = None) -> Any:
    if isinstance(value, Node):
        node = to_node(value)
        if node.type.rank:
            raise ShapeError(f"{name or 'a scalar'}: {describe(node)} is no scalar{here()}")
        return node if node.type.dtype == dtype else cast(node, dtype, name=name)
    try:
        if value is None or isinstance(value, (str, bytes)) or np.ndim(value):
            raise TypeError
        array = exactly(value, dtype)
    except (TypeError, ValueError):
        raise DTypeError(f"{name or 'a scalar'}: {value!r:.60} is no number{here()}") from None
    return to_node(array, name=name)


class GradientDescentOptimizer(Optimizer):
    """v <- v - learning_rate g (Robbins and Monro 1951).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.GradientDescentOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"):
        super().__init__(name, learning_rate=learning_rate)

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
        return [assign(v, v - hyper["learning_rate"] * g, name="ApplyGradientDescent")]


class MomentumOptimizer(Optimizer):
    """a <- momentum a + g; v <- v - learning_rate a (Polyak 1964), or with Nesterov's look-ahead (Sutskever et al. 2013).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.MomentumOptimizer(0.1, 0.9).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    def __init__(self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum", use_nesterov: bool = False):
        super().__init__(name, learning_rate=learning_rate, momentum=momentum)
        self._nesterov = use_nesterov

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
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

    def __init__(self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False, name: str = "Adagrad"):
        super().__init__(name, learning_rate=learning_rate)
        self._start = initial_accumulator_value

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
        slot = self._slot(v, "accumulator", self._start)
        a = slot + square(g)
        return [assign(slot, a), assign(v, v - hyper["learning_rate"] * g / sqrt(a), name="ApplyAdagrad")]


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

    def __init__(self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10, use_locking: bool = False,
                 centered: bool = False, name: str = "RMSProp"):
        super().__init__(name, learning_rate=learning_rate, decay=decay, momentum=momentum, epsilon=epsilon)
        self._centered = centered

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
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
        super().__init__(name, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)
        self._powers: tuple[Variable, Variable] | None = None

    def _prepare(self, pairs: GradsAndVars, hyper: dict[str, Any]) -> dict[str, Any]:
        if self._powers is None:
            dtype = pairs[0][1].type.dtype
            self._powers = (Variable(hyper["beta1"], trainable=False, name="beta1_power", dtype=dtype),
                            Variable(hyper["beta2"], trainable=False, name="beta2_power", dtype=dtype))
        p1, p2 = self._powers
        return {"rate": hyper["learning_rate"] * sqrt(1 - p2) / (1 - p1), "first": hyper}

    def variables(self) -> list[Variable]:
        """The variables the optimizer has made: slots, and the powers of its decay rates."""
        return [*super().variables(), *(self._powers or ())]

    def _finish(self, shared: dict[str, Any]) -> list[Any]:
        assert self._powers is not None
        p1, p2 = self._powers
        return [assign(p1, p1 * shared["first"]["beta1"]), assign(p2, p2 * shared["first"]["beta2"])]

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
        m_slot, v_slot = self._slot(v, "m"), self._slot(v, "v")
        m = m_slot + (1 - hyper["beta1"]) * (g - m_slot)
        s = v_slot + (1 - hyper["beta2"]) * (square(g) - v_slot)
        rate = _scalar(hyper["rate"], v.type.dtype)
        return [assign(m_slot, m), assign(v_slot, s), assign(v, v - rate * m / (sqrt(s) + hyper["epsilon"]), name="ApplyAdam")]


class AdadeltaOptimizer(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1), scaled by learning_rate.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.train.AdadeltaOptimizer(0.1).minimize(v * v))
    >>> bool(sess.run(v) < 1)
    True
    """

    def __init__(self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-8, use_locking: bool = False, name: str = "Adadelta"):
        super().__init__(name, learning_rate=learning_rate, rho=rho, epsilon=epsilon)

    def _update(self, g: Node, v: Variable, **hyper: Any) -> list[Any]:
        rho, epsilon = hyper["rho"], hyper["epsilon"]
        a_slot, d_slot = self._slot(v, "accum"), self._slot(v, "accum_update")
        a = rho * a_slot + (1 - rho) * square(g)
        step = sqrt(d_slot + epsilon) / sqrt(a + epsilon) * g
        d = rho * d_slot + (1 - rho) * square(step)
        return self._sparse(g, [(a_slot, a, None), (d_slot, d, None), (v, v - hyper["learning_rate"] * step, "ApplyAdadelta")])


# ---------------------------------------------------------------------- rates, norms, steps

def exponential_decay(learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
                      name: str | None = None) -> Node:
    """learning_rate * decay_rate ** (global_step / decay_steps); with `staircase` the quotient is rounded down.

    learning_rate * decay_rate ** (global_step / decay_steps), in whole steps if `staircase`. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.train.exponential_decay(0.1, 20, decay_steps=10, decay_rate=0.5))
    np.float32(0.025)
    """
    rate = to_node(learning_rate)
    steps = cast(to_node(global_step), rate.type.dtype) / _scalar(decay_steps, rate.type.dtype)
    exponent = floor(steps) if staircase else steps
    return multiply(rate, pow(_scalar(decay_rate, rate.type.dtype), exponent), name=name)


def global_norm(t_list: Sequence[Node | None], name: str | None = None) -> Node:
    """sqrt of the sum of squares of all elements of all tensors; None entries are left out.

    float[...] each -> float[]. DTypeError: no numbers. GraphError: no tensor at all.

    >>> tf.Session(jit=False).run(tf.global_norm([tf.constant([3.0]), tf.constant([4.0])]))
    np.float32(5.0)
    """
    parts = [reduce_sum(square(t)) for t in many("global_norm", t_list) if t is not None]
    if not parts:
        raise GraphError(f"global_norm: there are no tensors{here()}")
    total = parts[0]
    for p in parts[1:]:
        total = total + p
    return sqrt(total, name=name or "global_norm")


def clip_by_global_norm(t_list: Sequence[Node | None], clip_norm: Any, use_norm: Node | None = None,
                        name: str | None = None) -> tuple[list[Node | None], Node]:
    """The tensors scaled by clip_norm / max(global norm, clip_norm), and the norm before (Pascanu, Mikolov and Bengio 2013).

    `use_norm`: the norm, where it is known. DTypeError: no numbers. GraphError: no tensor at all.

    >>> tf.Session(jit=False).run(tf.clip_by_global_norm([tf.constant([3.0, 4.0])], 1.0))
    ([array([0.6, 0.8], dtype=float32)], np.float32(5.0))
    """
    t_list = [None if t is None else to_node(t) for t in many("clip_by_global_norm", t_list)]
    norm = to_node(use_norm) if use_norm is not None else global_norm(t_list)
    limit = _scalar(clip_norm, norm.type.dtype)
    scale = where(is_finite(norm), limit / maximum(norm, limit), np.nan)         # an overflow does not train on as zero
    return [None if t is None else t * _scalar(scale, t.type.dtype) for t in t_list], norm


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Node:
    """`t` scaled so that its L2 norm (along `axes`) is at most `clip_norm`.

    float[...] -> the same type. DTypeError: no numbers. ShapeError: no such axes.

    >>> tf.Session(jit=False).run(tf.clip_by_norm([3.0, 4.0], 1.0))
    array([0.6, 0.8], dtype=float32)
    """
    x = to_node(t)
    limit = _scalar(clip_norm, x.type.dtype)
    norm = sqrt(reduce_sum(square(x), axis=axes, keepdims=True))
    return multiply(x, minimum(limit / maximum(norm, _scalar(np.finfo(x.type.dtype).tiny, x.type.dtype)), _scalar(1, x.type.dtype)), name=name)


def get_global_step(graph: Any = None) -> Variable | None:
    """The graph's global step, or None."""
    found = (graph or get_default_graph()).get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


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


if not TYPE_CHECKING:       # where a checker reads it, every misspelt name would exist
    def __getattr__(name: str) -> Any:
        if name != "ScipyOptimizerInterface":
            from .tf1_names import getter
            getter(__name__)(name)             # AttributeError, with what to write instead
        from .optimize import ScipyOptimizerInterface  # with all other minimisers: only where it is wanted
        return ScipyOptimizerInterface


def __dir__() -> list[str]:
    return [*__all__]
