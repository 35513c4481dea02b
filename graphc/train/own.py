"""What a program's own optimizer overrides or asks for, in TensorFlow 1's words: `_create_slots`, `_prepare`, `_apply_dense` and their kin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import DTypeError
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.types import float32, float64
from ..ops.array import shape
from ..ops.array_scan import unique
from ..ops.segments import unsorted_segment_sum
from ..ops.slices import IndexedSlices
from ..ops.state import Variable, group


class Hooks:
    """What `apply_gradients` calls of an optimizer that says by `_apply_dense` or `_resource_apply_dense` how a variable moves.

    Before anything else `_create_slots(variables)`, in the scope of the step `_prepare()`, for each variable `_apply_dense(gradient, variable)`,
    or `_apply_sparse(slices, variable)` of a gradient that names rows, equal rows summed, if that is overridden; at last
    `_finish(operations, name)`.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2
    _name: str
    _slots: dict[tuple[Variable, str], Variable]
    _apart: dict[str, Variable]         # what belongs to no trained variable
    _slot: Callable[..., Any]
    _slot_label: Callable[..., str]

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        """What a checkpoint keeps of the optimizer beside its slots, by name."""
        return sorted(self._apart.items())

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        """Make the variables that are kept beside the trained ones."""

    def _prepare(self) -> None:
        """Make tensors that the updates of all variables share."""

    def _apply_dense(self, grad: Any, var: Variable) -> Any:
        """An operation that moves a variable by its gradient."""
        raise NotImplementedError

    def _resource_apply_dense(self, grad: Any, handle: Variable) -> Any:
        """`_apply_dense` of variables as TensorFlow 2 has them; here they are all of one kind."""
        return self._apply_dense(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Variable) -> Any:
        """An operation that moves rows of a variable by a gradient that names each of them once."""
        return self._move(to_node(grad), var)

    def _resource_apply_sparse(self, grad: Any, handle: Variable, indices: Any) -> Any:
        return self._apply_sparse(IndexedSlices(grad, indices, shape(handle)), handle)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:
        """The operation that is the whole step, of those that move the variables."""
        return group(*update_ops, name=name_scope)

    # ------------------------------------------------------------------ which of them are there, and how they are called

    def _overrides(self, *names: str) -> str | None:
        """The first of these names of which the optimizer's class has a method of its own."""
        return next((name for name in names if next(c for c in type(self).__mro__ if name in vars(c)) not in STANDARD), None)

    def _move(self, grad: Any, var: Variable) -> Any:
        method = getattr(self, self._overrides("_apply_dense", "_resource_apply_dense") or "_apply_dense")
        return method(grad, var)

    def _moved_by_hooks(self, grad: Node, rows: tuple[Node, Node] | None, var: Variable) -> Any:
        """What the program's own method makes of a gradient, or of the places and rows that it names."""
        name = None if rows is None else self._overrides("_apply_sparse", "_resource_apply_sparse")
        if name is None or rows is None:
            return self._move(grad, var)
        found = unique(rows[0])
        summed = unsorted_segment_sum(rows[1], found.idx, shape(found.y)[0])
        if name == "_resource_apply_sparse":
            return self._resource_apply_sparse(summed, var, found.y)
        return self._apply_sparse(IndexedSlices(summed, found.y, shape(var)), var)

    # ------------------------------------------------------------------ what they may ask for

    def _zeros_slot(self, var: Variable, slot_name: str, op_name: str) -> Any:
        """The slot of that name, zeros at first, called after `op_name` in the graph."""
        return self._slot(var, slot_name, 0.0, op_name)

    def _get_or_make_slot(self, var: Variable, val: Any, slot_name: str, op_name: str) -> Any:
        """The slot of that name, `val` at first."""
        found = self._slots.get((var, slot_name))
        if found is None:
            with var.graph.name_scope(None):
                found = self._slots[var, slot_name] = Variable(val, trainable=False, name=self._slot_label(var, slot_name, op_name))
        return found

    def _get_or_make_slot_with_initializer(self, var: Variable, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str) -> Any:
        """The slot of that name, what an initializer gives at first."""
        return self._get_or_make_slot(var, initializer(shape, dtype), slot_name, op_name)

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any = None) -> Any:
        """A variable that belongs to no trained one."""
        if name not in self._apart:
            self._apart[name] = Variable(initial_value, trainable=False, name=name)
        return self._apart[name]

    def _get_non_slot_variable(self, name: str, graph: Any = None) -> Any:
        """The variable that `_create_non_slot_variable` made under that name, or None."""
        return self._apart.get(name)

    def _call_if_callable(self, param: Any) -> Any:
        """A hyperparameter, or what it gives if it is a function."""
        return param() if callable(param) and not isinstance(param, Node) else param

    def _valid_dtypes(self) -> set[Any]:
        """The dtypes that losses and variables may have."""
        return {float32, float64}

    def _assert_valid_dtypes(self, tensors: Sequence[Any]) -> None:
        for t in tensors:
            if t.dtype not in self._valid_dtypes():
                raise DTypeError(f"{self._name}: {describe(to_node(t))} has no dtype that it can train{here()}")


STANDARD: set[type] = {Hooks}        # the classes whose methods are what an optimizer does that says nothing else


def whole_step(optimizer: Hooks, updates: Sequence[Any], scope: str, global_step: Variable | None) -> Operation:
    """`_finish` of the updates, and after it one more counted step."""
    if global_step is None:
        finished = optimizer._finish(list(updates), scope)
        return finished if isinstance(finished, Operation) else group(finished)
    finished = optimizer._finish(list(updates), "update")
    with global_step.graph.control_dependencies([finished]):
        return group(global_step.assign_add(1), name=scope)
