"""What all optimizers share: they add, for each variable, the graph that updates it from its gradient; the compiler makes one kernel of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..autodiff.gradients import gradients
from ..errors import ArgumentError, DTypeError, GradientError, GradientWarning, GraphError, ShapeError, UnimplementedError
from ..ir.collecting import GraphKeys
from ..ir.node import Node, Operation, describe, here, topological, warn
from ..ir.operator import many, to_node
from ..ir.types import differentiable, exactly
from ..ops.array import concat, expand_dims, gather, ones_like, reshape, shape, zeros_like
from ..ops.array_fill import everywhere
from ..ops.array_gather import scatter_sum
from ..ops.math import cast, greater, logical_or, maximum, where
from ..ops.slices import IndexedSlices, united_rows
from ..ops.state import Variable, assign, assign_add, gradient_of_variable, group, latest
from ..ops.updates import changed
from .own import STANDARD, Hooks, whole_step

__all__ = ["Optimizer"]

GradsAndVars = Sequence[tuple[Node | None, Variable]]


class Optimizer(Hooks):
    """What all optimizers share; a subclass says how one variable moves. A program's own does so as in TensorFlow 1, by `_apply_dense`:

    >>> class Descent(tf.train.Optimizer):
    ...     def __init__(self, rate):
    ...         super().__init__(use_locking=False, name="Descent")
    ...         self.rate = rate
    ...     def _apply_dense(self, grad, var):
    ...         return var.assign_sub(self.rate * grad)
    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(Descent(0.25).minimize(v * v))
    >>> sess.run(v)
    np.float32(0.5)

    `learning_rate` and the other hyperparameters of those that are here are numbers, tensors or functions that give one.
    ArgumentError: the name is empty. GradientError, DTypeError: by the methods.
    """

    _by_rows = False        # of the class with the `_update`: it may be given rows of a variable for the whole, and ends with `_moved` or `_sparse`

    def __init__(self, use_locking: bool, name: str, **hyper: Any):
        if not name:
            raise ArgumentError(f"{type(self).__name__}: an optimizer has a name{here()}")
        self._name, self._use_locking = name, use_locking
        self._hyper = hyper
        self._slots: dict[tuple[Variable, str], Variable] = {}
        self._apart: dict[str, Variable] = {}
        self._rows: Node | None = None                  # of a step by rows: their places, -1 for one that is left out
        self._whole: dict[Node, Variable] = {}          # ... and the variables that parts are of
        self._assigned: set[Node] = set()               # what the graph assigned to before the step that is being built
        self._stands: dict[Node, Variable] = {}         # ... and what stands for those of its variables
        self._hyper_at: dict[np.dtype[Any], dict[str, Any]] = {}        # of the step that is being built, by dtype
        self._common_at: dict[str, Any] = {}

    def get_name(self) -> str:
        """The name that the optimizer's operations and slots begin with."""
        return self._name

    def minimize(self, loss: Node, global_step: Variable | None = None, var_list: Any = None, gate_gradients: Any = None,
                 aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, name: str | None = None,
                 grad_loss: Any = None) -> Operation:
        """An operation that moves the variables one step against the gradient of `loss`.

        `var_list`: the variables (default: all trainable ones). `global_step`: a variable that counts the steps.
        GradientError: no variable has a path to the loss; of some that were asked for and have none a GradientWarning tells.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        missing = [v for g, v in pairs if g is None]
        if len(missing) == len(pairs):
            raise GradientError(self._no_path(loss, missing))
        if var_list is not None and missing:
            warn(self._no_path(loss, missing), GradientWarning)
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(self, loss: Any, var_list: Any = None, gate_gradients: Any = None, aggregation_method: Any = None,
                          colocate_gradients_with_ops: bool = False, grad_loss: Any = None) -> list[tuple[Node | None, Variable]]:
        """(gradient of `loss`, variable) for each variable; the gradient is None where no path leads to the loss.

        `var_list`: a variable, or what holds some; default all trainable ones; `grad_loss`: the gradient of the loss itself, 1 by default.
        DTypeError: the loss is no tensor. GradientError: an operator on the way has no gradient.
        """
        if not isinstance(loss, Node):
            raise DTypeError(f"{self._name}: the loss must be a tensor, not {loss!r:.80}{here()}")
        variables = loss.graph.get_collection(GraphKeys.TRAINABLE_VARIABLES) if var_list is None else list(_flat(var_list))
        if not variables:
            raise GraphError(f"{self._name}: there are no variables to train{here()}")
        for v in variables:
            if not isinstance(v, Variable):
                raise DTypeError(f"{self._name}: {v!r:.80} is not a Variable{here()}")
        return list(zip(gradients(loss, variables, None if grad_loss is None else [grad_loss]), variables, strict=True))

    def apply_gradients(self, grads_and_vars: Any, global_step: Variable | None = None, name: str | None = None) -> Operation:
        """An operation that moves each variable by its gradient, in the collection TRAIN_OP; pairs without a gradient are left out.

        GradientError: every gradient is None. DTypeError, ShapeError: one does not fit its variable.
        """
        pairs = [(g, v) for g, v in map(self._pair, many(f"{self._name}.apply_gradients", grads_and_vars)) if g is not None]
        if not pairs:
            raise GradientError(f"{self._name}: no gradients are given for any variable{here()}")
        graph = pairs[0][1].graph
        own = self._overrides("_apply_dense", "_resource_apply_dense", "_apply_sparse", "_resource_apply_sparse") is not None
        self._assigned, self._stands = set(graph.assigned), {}
        with graph.as_default(), graph.control_dependencies(None):
            self._begin(pairs)
            self._create_slots([v for _, v in pairs])
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(name or self._name) as scope:
            updates: list[Any] = []
            self._hyper_at = {dtype: self._values(dtype) for dtype in dict.fromkeys(v.type.dtype for _, v in pairs)}
            self._common_at = self._common(pairs, self._hyper_at[pairs[0][1].type.dtype])
            self._prepare()
            for g, v in pairs:
                with graph.name_scope(f"update_{v.op.name}"):       # as TensorFlow names it: pictures fold it
                    changes = self._constrained(v, [self._by_hooks(g, v)] if own else self._changes(g, v))
                self._assigned.update(u.inputs[0] for u in changes if isinstance(u, Node) and u.operator.family.assigns)
                updates += changes
            updates += self._closing(self._common_at)
            finished = own or self._overrides("_finish") is not None
            if finished:
                step = whole_step(self, updates, scope, global_step)
            elif global_step is not None:
                updates.append(assign_add(global_step, 1))
        if not finished:
            step = group(*updates, name=scope)
        graph.add_to_collection(GraphKeys.TRAIN_OP, step)
        return step

    def _constrained(self, v: Variable, moved: list[Any]) -> list[Any]:
        """What moves a variable, and what puts it back to where its constraint lets it be."""
        if v.constraint is None:
            return moved
        new = next((u for u in reversed(moved) if isinstance(u, Node) and u.inputs and u.inputs[0] is v), None)
        if new is None:
            with v.graph.control_dependencies(moved):
                new = v.read_value()
        return [*moved, assign(v, v.constraint(new))]

    def _by_hooks(self, g: Any, v: Variable) -> Any:
        """What the program's own method makes of a gradient."""
        dense = self._dense(g, v)
        return self._moved_by_hooks(dense, gradient_rows(dense), v)

    def _apply_dense(self, grad: Any, var: Variable) -> Any:
        """As the optimizer moves a variable; a program's own may call it, before or after what it does beside."""
        return group(*self._changes(grad, var))

    def _dense(self, g: Any, v: Variable) -> Node:
        return gradient_of_variable(scatter_sum(g.indices, g.values, shape(v)) if isinstance(g, IndexedSlices) else to_node(g), v)

    def _changes(self, g: Any, v: Variable) -> list[Any]:
        """What changes by one step: rows that a sparse gradient names alone, where the update may be done by rows."""
        dense, hyper = self._dense(g, v), {**self._hyper_at[v.type.dtype], **self._common_at}
        rows = gradient_rows(dense) if self._takes_rows() else None
        if rows is None or v.type.rank is None or _as_many(rows[0], v):
            return self._update(dense, self._present(v), **hyper)
        united = united_rows(*rows)
        self._rows = united.places
        part = self._part(v)
        try:
            return self._update(united.sums, part, **hyper)
        finally:
            self._rows, self._whole = None, {}

    def _takes_rows(self) -> bool:
        """Whether the class that says how a variable moves lets it be a part of one."""
        own = next(c for c in type(self).__mro__ if "_update" in vars(c))
        return bool(vars(own).get("_by_rows", False))

    def _part(self, v: Variable) -> Node:
        """The rows of a variable that the present step changes, which stand for it in `_update`."""
        part: Node = gather(self._present(v), maximum(self._rows, 0))
        self._whole[part] = v
        return part

    def _present(self, v: Variable) -> Node:
        """What stands for a variable in `_update`: where the graph assigns to it before, the value that this leaves in the same run.

        So two steps of one variable in a run both count, as in TensorFlow, whose steps change variables in place.
        """
        if v not in self._assigned:
            return v
        now = latest.build(v.graph, (v,), {})
        self._stands[now] = v
        return now

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
        return [*self._slots.values(), *self._apart.values()]

    def _slot(self, v: Any, name: str, start: float = 0.0, label: str | None = None) -> Any:
        """The variable of that name beside `v`, made if need be; in the graph it is called after `label`, by default the optimizer's name.

        Of rows of a variable, the same rows.
        """
        if v in self._whole:
            return self._part(self._slot(self._whole[v], name, start, label))
        if v in self._stands:
            return self._present(self._slot(self._stands[v], name, start, label))
        found = self._slots.get((v, name))
        if found is None:
            shape = v.initial_value.type.shape
            called, known = self._slot_label(v, name, label), v.initial_value.type.known
            initial = partial(everywhere, shape, start, v.type.dtype, called) if known else zeros_like(v.initialized_value()) + start
            with v.graph.name_scope(None):
                found = self._slots[v, name] = Variable(initial, trainable=False, name=called)
        return found

    def _slot_label(self, v: Variable, name: str, label: str | None) -> str:
        """What the slot of that name beside `v` is called in the graph."""
        return f"{v.op.name}/{label or self._name}"

    def _values(self, dtype: np.dtype[Any], names: Iterable[str] | None = None) -> dict[str, Any]:
        """The hyperparameters in a dtype; those of some names, or all."""
        chosen = {k: self._hyper[k] for k in (names if names is not None else self._hyper)}
        return {k: scalar(x() if callable(x) and not isinstance(x, Node) else x, dtype, k) for k, x in chosen.items()}

    def _begin(self, pairs: GradsAndVars) -> None:
        """Make the variables that belong to no other variable: as in TensorFlow they stand outside of the optimizer's scope."""

    def _common(self, pairs: GradsAndVars, hyper: dict[str, Any]) -> dict[str, Any]:
        """What the updates of all variables share."""
        return {}

    def _closing(self, shared: dict[str, Any]) -> list[Any]:
        """What changes once a step, after the variables."""
        return []

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        """What changes by one step: assignments to the variable and to its slots."""
        raise UnimplementedError(f"{type(self).__name__} does not say how a variable moves: it has neither _apply_dense nor "
                                 f"_resource_apply_dense{here()}")

    def _moved(self, updates: Sequence[tuple[Any, Node, str | None]]) -> list[Any]:
        """The assignments (variable or its rows, new value, name) of one variable's update."""
        rows = self._rows
        if rows is None:
            return [assign(self._stands.get(v, v), new, name=name) for v, new, name in updates]
        at = expand_dims(rows, 1)
        return [assign(whole := self._whole[v], changed(self._present(whole), at, new, how="set", skip=True), name=name) for v, new, name in updates]

    def _sparse(self, g: Node, updates: Sequence[tuple[Any, Node, str | None]]) -> list[Any]:
        """`_moved`, where rows that a sparse gradient does not name stay as they are, whatever the update makes of a gradient of 0."""
        touched = touched_rows(g) if self._rows is None else None
        return self._moved([(v, new if touched is None else where(touched, new, v), name) for v, new, name in updates])

    def _no_path(self, loss: Node, missing: Sequence[Variable]) -> str:
        names = ", ".join(describe(v) for v in missing[:5])
        cut = _broken_path(loss, missing[0]) if missing else None
        why = f"; the path ends at {describe(cut)}, made by {cut.operator.name}, which passes no gradient" if cut is not None else ""
        return f"{self._name}: no gradient leads from {describe(loss)} to {names}{why}{here()}"


STANDARD.add(Optimizer)


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
        elif n.operator.name in ("identity", "cast", "contract"):
            stack.append(n.inputs[0])
        else:
            return None
    found: Node | None = None
    for n in named:
        rows = reshape(n.inputs[0], [-1])
        there = greater(scatter_sum(rows, ones_like(rows, dtype=np.float32), n.inputs[2][:1]), 0.0)
        found = there if found is None else logical_or(found, there)
    return found


def gradient_rows(g: Node) -> tuple[Node, Node] | None:
    """The places and the rows whose sum a gradient through `gather` is, equal places included; None of any other gradient."""
    places: list[Node] = []
    rows: list[Node] = []
    stack: list[tuple[Node, list[tuple[Any, Node]]]] = [(g, [])]
    while stack:
        n, scales = stack.pop()
        if n.operator.name == "scatter_sum" and n.attrs["axis"] == 0:
            indices, updates = n.inputs[:2]
            if None in (indices.type.rank, updates.type.rank):
                return None
            part = updates if indices.type.rank == 1 else reshape(updates, concat([[-1], shape(updates)[indices.type.rank:]], 0))
            for operator, x in reversed(scales):
                part = operator(part, x)
            places.append(reshape(cast(indices, dtype=np.int64), [-1]))
            rows.append(part)
        elif n.operator.name == "add":
            stack += [(x, scales) for x in n.inputs]
        elif n.operator.name in ("multiply", "truediv") and n.inputs[1].type.rank == 0:
            stack.append((n.inputs[0], [*scales, (n.operator, n.inputs[1])]))
        elif n.operator.name in ("identity", "contract"):
            stack.append((n.inputs[0], scales))
        else:
            return None
    return concat(places, 0) if len(places) > 1 else places[0], concat(rows, 0) if len(rows) > 1 else rows[0]


def _as_many(places: Node, v: Variable) -> bool:
    """Whether a gradient is known to name no fewer rows than the variable has."""
    n, rows = places.type.shape, v.type.shape
    return bool(n and rows and n[0] is not None and rows[0] is not None and n[0] >= rows[0])


def _flat(given: Any) -> Iterator[Any]:
    """The members of lists, dicts and whatever else holds some, in order; a variable itself."""
    stack = [given]
    while stack:
        x = stack.pop()
        if isinstance(x, Iterable) and not isinstance(x, (Node, str)):
            stack += reversed(list(x.values() if isinstance(x, Mapping) else x))
        else:
            yield x


def _broken_path(loss: Node, variable: Variable) -> Node | None:
    """The operator nearest to the loss on a path to the variable that stops the gradient."""
    uses: dict[Node, bool] = {}
    order = topological([loss])
    for n in order:
        uses[n] = n is variable or any(uses[x] for x in n.inputs)
    blocked = [n for n in order if uses[n] and n is not variable and
               (n.operator.grad is None or not differentiable(n.type.dtype) or gradients(n, n.inputs[:1])[0] is None)]
    return max(blocked, key=lambda n: n.index) if blocked else None


def scalar(value: Any, dtype: np.dtype[Any], name: str | None = None) -> Any:
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
