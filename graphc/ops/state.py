"""Variables and assignments, operations that do nothing or many things, and one of several results."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph
from ..ir.node import OPERATORS, Node, Operation, caller, describe, here, in_order, reached, saying
from ..ir.operator import Values, declare, to_node, typed_like
from ..ir.types import Shape, TensorType, as_array, as_dtype, as_shape, compatible, merge, shape_str
from .contract import held
from .creators import Created
from .sources import constant

__all__ = ["Variable", "assign", "assign_add", "assign_sub", "no_op", "group", "tuple", "is_variable_initialized"]


# ---------------------------------------------------------------------- variables

@declare("source", lambda types, values: None, name="variable", label="Variable", op_type="VariableV2")
def _variable() -> Any:
    """State kept by a session between runs; as an operand: its value before the run."""
    raise AssertionError("a variable has no reference: a session keeps its value")


@declare("alias", typed_like(), name="read", grad=lambda g, y, ref: (g,), samples=(([np.ones(3)], {}),), label="read", op_type="Identity")
def _read(ref: Any) -> Any:
    """The value of a variable at this point of the order that control dependencies set."""
    return ref


@declare("alias", typed_like(), name="latest", grad=lambda g, y, ref: (g,), samples=(([np.ones(3)], {}),), label="latest", op_type="Identity")
def latest(ref: Any) -> Any:
    """The value of a variable after all assignments to it that come before in a run: what a body that assigns to it goes on from."""
    return ref


READS = ("read", "latest")      # operators that give a variable's value, and of which nothing is left when a run's order is known


def _operand(node: Node, graph: Graph) -> Node:
    return _read.build(graph, (node,), {}) if graph.current_control else node


_variable.read = _operand  # type: ignore[method-assign]


class Variable(Node, metaclass=Created):
    """A tensor whose value a session keeps between runs; used as an operand it is its value before the run.

    `initial_value`: array, number, tensor, or a function that makes one. A variable initialises itself on first use.
    `validate_shape=False`: its shape is not known before the graph runs, and each assigned value may have another.
    `shape`: what of the shape lasts where others may be assigned, None for a size that changes.
    `trainable`: whether optimizers train it; `constraint`: a function of the
    value that an optimizer applies after a step. GraphError: no initial value, or one of another graph. DTypeError: not a number, or not of
    `dtype`.

    >>> v = tf.Variable([1.0, 2.0], name="v")
    >>> tf.Session(jit=False).run(v.assign_add([1.0, 1.0]))
    array([2., 3.], dtype=float32)
    """

    __slots__ = ("initial_value", "trainable", "_initializer", "constraint")

    def __init__(self, initial_value: Any = None, trainable: bool = True, collections: Iterable[str] | None = None,
                 validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
                 dtype: Any = None, expected_shape: Any = None, import_scope: Any = None, constraint: Any = None,
                 use_resource: Any = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None):
        graph = get_default_graph()
        if initial_value is None:
            raise GraphError(f"a Variable needs an initial value{here()}")
        with graph.control_dependencies(None):
            if callable(initial_value) and not isinstance(initial_value, Node):
                initial_value = initial_value()
            label = graph.unique_name(name or "Variable")
            initial = to_node(initial_value, None if isinstance(initial_value, Node) else dtype, name=label + "/initial_value/")
            if dtype is not None and initial.type.dtype != as_dtype(dtype).dtype:
                raise DTypeError(f"Variable {label}: the initial value {describe(initial)} is not {as_dtype(dtype).name}{here()}")
        if initial.type.dtype.hasobject:
            raise DTypeError(f"Variable {label}: {describe(initial)} is a text; variables hold numbers{here()}")
        if initial.graph is not graph:
            raise GraphError(f"Variable {label}: the initial value {describe(initial)} is of another graph{here()}")
        kind = initial.type if validate_shape else TensorType(initial.type.dtype, None)
        if shape is not None:
            if not compatible(as_shape(shape), initial.type.shape):
                raise ShapeError(f"Variable {label}: the initial value {describe(initial)} has not the shape {shape}{here()}")
            kind = TensorType(initial.type.dtype, as_shape(shape))
        super().__init__(_variable, (), {}, kind, label, caller(), (), graph)
        self.initial_value = initial
        self.trainable = trainable
        self.constraint = constraint
        self._initializer: Node | None = None
        graph.adopt(self)
        names = list(collections) if collections is not None else [GraphKeys.GLOBAL_VARIABLES]
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in names:
            names.append(GraphKeys.TRAINABLE_VARIABLES)
        graph.add_to_collections(names, self)

    @classmethod
    def restored(cls, graph: Graph, initial_value: Any, type: TensorType, trainable: bool, label: str, loc: Any) -> Variable:
        """A variable as a file describes it; the caller adds it to the graph and its collections, and the initial value if it is not there yet."""
        variable = cls.__new__(cls)
        Node.__init__(variable, _variable, (), {}, type, label, loc, (), graph)
        variable.initial_value, variable.trainable, variable.constraint, variable._initializer = initial_value, trainable, None, None
        return variable

    def __bool__(self) -> bool:
        return True             # as in TensorFlow 1, where programs ask by it whether there is a variable

    def restore_initializer(self, node: Node) -> None:
        """Take `node`, read from a file, for the operation that sets the variable to its initial value."""
        self._initializer = node

    @property
    def initializer(self) -> Operation:
        """The operation that sets the variable to its initial value."""
        if self._initializer is None:
            with self.graph.control_dependencies(None):
                self._initializer = self.graph.add(_initialize, (), {"variable": self}, None, self.label + "/Assign/")
        return Operation(self._initializer)

    def eval(self, session: Any = None, feed_dict: Any = None) -> Any:  # type: ignore[override]
        """The value in a session, by default the default one. GraphError: there is none."""
        if isinstance(session, dict):           # as of other tensors
            session, feed_dict = feed_dict, session
        return super().eval(feed_dict, session)

    def value(self) -> Node:
        """The value as a tensor: before the run, or after what `control_dependencies` names."""
        return to_node(self)

    def read_value(self) -> Node:
        """A read of its own: after what `control_dependencies` names."""
        return _read.build(self.graph, (self,), {})

    def initialized_value(self) -> Node:
        """The variable's value for the initial value of another: if it had none yet, it is set to its own initial value first."""
        with self.graph.control_dependencies(None):
            return self.read_value()

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Node:
        """`tf.assign` to this variable; DTypeError, ShapeError: the value does not fit."""
        return assign(self, value, name=name)

    def assign_add(self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Node:
        """`tf.assign_add` to this variable; DTypeError, ShapeError: the value does not fit."""
        return assign_add(self, delta, name=name)

    def assign_sub(self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Node:
        """`tf.assign_sub` from this variable; DTypeError, ShapeError: the value does not fit."""
        return assign_sub(self, delta, name=name)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Node:
        """`tf.scatter_add` of the rows of `IndexedSlices`; DTypeError: no such."""
        return self._changed("scatter_add", "add", sparse_delta, name)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Node:
        """`tf.scatter_sub` of the rows of `IndexedSlices`; DTypeError: no such."""
        return self._changed("scatter_sub", "sub", sparse_delta, name)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Node:
        """`tf.scatter_update` with the rows of `IndexedSlices`; DTypeError: no such."""
        return self._changed("scatter_update", "set", sparse_delta, name)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Node:
        """`tf.scatter_nd_add` to this variable; DTypeError, ShapeError: the updates do not fit."""
        return self._changed("scatter_nd_add", "add", (indices, updates), name)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Node:
        """`tf.scatter_nd_sub` from this variable; DTypeError, ShapeError: the updates do not fit."""
        return self._changed("scatter_nd_sub", "sub", (indices, updates), name)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Node:
        """`tf.scatter_nd_update` of this variable; DTypeError, ShapeError: the updates do not fit."""
        return self._changed("scatter_nd_update", "set", (indices, updates), name)

    def _changed(self, what: str, how: str, given: Any, name: str | None) -> Node:
        """The variable with some slices changed: by pairs of places and updates, or by rows (`IndexedSlices`)."""
        if not isinstance(given, builtins.tuple) and not (hasattr(given, "indices") and hasattr(given, "values")):
            raise DTypeError(f"{what} of {describe(self)} takes IndexedSlices, not {given!r:.60}{here()}")
        at, new = given if isinstance(given, builtins.tuple) else (OPERATORS["expand_dims"](given.indices, axis=-1), given.values)
        return assign(self, OPERATORS["changed"](self, at, to_node(new, None if isinstance(new, Node) else self.dtype), how=how), name=name)

    def count_up_to(self, limit: int) -> Node:
        """`tf.count_up_to` of this variable. DTypeError: it is no integer."""
        return OPERATORS["count_up_to"](self, limit)

    def load(self, value: Any, session: Any = None) -> None:
        """Set the value in a session, without a graph.

        `session`: default the default one. FeedError: the value does not fit. GraphError: no session.
        """
        (session or self.graph.default_session("load")).load(self, value)


@declare("host", lambda types, values, variable: None, name="initialize", label="Assign", effect=True, pure=False,
         kinds={"variable": (Variable,)})
def _initialize(*, variable: Any) -> Any:
    """Set a variable to its initial value."""
    raise AssertionError("sessions carry out initialisation")


def closure(fetches: Iterable[Node]) -> list[Node]:
    """All that the fetches need, inputs first: inputs, control inputs, the variables' initial values."""
    def uses(node: Node) -> list[Node]:
        named = [v for v in node.attrs.values() if isinstance(v, Variable) and v.graph is node.graph]
        return [*node.inputs, *node.control_inputs, *named, *([node.initial_value] if isinstance(node, Variable) else [])]
    return in_order(reached(fetches, uses))


def is_variable_initialized(variable: Variable) -> Node:
    """Always true: variables initialise themselves on first use."""
    return constant(True)


def _updated(types: Sequence[TensorType], values: Values, validate_shape: bool = True) -> TensorType:
    """The type of a variable's new value. It is asked again when a run knows the shapes: nothing broadcasts into a variable."""
    ref, value = types
    if ref.dtype != value.dtype:
        raise DTypeError(f"a {value.dtype} cannot be assigned to a {ref.dtype} variable; tf.cast converts")
    return TensorType(ref.dtype, _merged(ref.shape, value.shape))


def _merged(ref: Shape | None, value: Shape | None) -> Shape | None:
    if not compatible(ref, value):
        raise ShapeError(f"shape {shape_str(value)} cannot be assigned to a variable of shape {shape_str(ref)}")
    return merge(ref, value)


def _assigned(types: Sequence[TensorType], values: Values, validate_shape: bool = True) -> TensorType:
    ref, value = types
    return _updated([ref if validate_shape else TensorType(ref.dtype, None), value], values)


@declare("state", _assigned, name="assign", label="Assign", effect=True, pure=False, resizes=True)
def _assign(ref: Any, value: Any, *, validate_shape: bool = True) -> Any:
    """Set a variable; the result is the new value."""
    return value


@declare("state", _updated, name="assign_add", label="AssignAdd", effect=True, pure=False)
def _assign_add(ref: Any, value: Any, *, validate_shape: bool = True) -> Any:
    """Add to a variable; the result is the new value."""
    return ref + value


@declare("state", _updated, name="assign_sub", label="AssignSub", effect=True, pure=False)
def _assign_sub(ref: Any, value: Any, *, validate_shape: bool = True) -> Any:
    """Subtract from a variable; the result is the new value."""
    return ref - value


def _state(operator: Any, ref: Any, value: Any, name: str | None, validate_shape: bool = True) -> Node:
    if not isinstance(ref, Variable):
        raise DTypeError(f"{operator.name}: {ref!r:.80} is not a Variable{here()}")
    if isinstance(value, Node):
        node = value
    else:
        with saying(f"{operator.name} to {describe(ref)}"):
            node = to_node(as_array(value, ref.type.dtype), graph=ref.graph)
    if node.graph is not ref.graph:
        raise GraphError(f"{operator.name}: {describe(node)} is of another graph than {describe(ref)}{here()}")
    if node.operator is _variable:
        node = _operand(node, ref.graph)
    return operator.build(ref.graph, (ref, node), {"validate_shape": bool(validate_shape)}, name)


def assign(ref: Any, value: Any, validate_shape: bool = True, use_locking: bool = True, name: str | None = None) -> Node:
    """Set the variable `ref` to `value` when run; the result is the new value.

    With `validate_shape=False`, or where the variable itself was made so, the variable takes the shape of the value. Otherwise another shape
    than the variable's is a ShapeError, or, where only a run knows it, an InvalidArgumentError that leaves all variables as they were.
    DTypeError: the value is of another dtype. GraphError: it is of another graph.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.assign(v, 5.0)), sess.run(v)
    (np.float32(5.0), np.float32(5.0))
    """
    return _state(_assign, ref, value, name, validate_shape)


def assign_add(ref: Any, value: Any, use_locking: bool = False, name: str | None = None) -> Node:
    """Add `value` to the variable `ref` when run; the result is the new value.

    ref: a Variable; value: of its dtype and shape. DTypeError, ShapeError, GraphError: as `assign`.

    >>> v = tf.Variable([1, 2])
    >>> tf.Session(jit=False).run(tf.assign_add(v, [10, 10]))
    array([11, 12], dtype=int32)
    """
    return _state(_assign_add, ref, value, name)


def assign_sub(ref: Any, value: Any, use_locking: bool = False, name: str | None = None) -> Node:
    """Subtract `value` from the variable `ref` when run; the result is the new value.

    ref: a Variable; value: of its dtype and shape. DTypeError, ShapeError, GraphError: as `assign`.

    >>> v = tf.Variable([1, 2])
    >>> tf.Session(jit=False).run(tf.assign_sub(v, [1, 1]))
    array([0, 1], dtype=int32)
    """
    return _state(_assign_sub, ref, value, name)


def gradient_of_variable(value: Node, ref: Variable) -> Node:
    """The value if its shape is known to be the variable's, otherwise a tensor that any run refuses where it is not."""
    if not compatible(ref.type.shape, value.type.shape):
        raise ShapeError(f"a gradient of {describe(ref)} has its shape, which {describe(value)} has not{here()}")
    return held("apply_gradients", "assigned", value, ref)


@declare("elementwise", typed_like(), expr="{x}", grad=lambda g, y, x: (g,), complex=True)
def copy(x: Any) -> Any:
    """The same value in memory of its own."""
    return x


# ---------------------------------------------------------------------- groups and results

@declare("control", lambda types, values: None, name="no_op", label="NoOp")
def _no_op() -> Any:
    """Nothing: a place for control dependencies."""
    return None


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing."""
    return Operation(_no_op.build(get_default_graph(), (), {}, name))


def group(*inputs: Any, name: str | None = None) -> Operation:
    """One operation that runs all of `inputs` (tensors, operations, nested lists of them).

    GraphError: inputs of two graphs.

    >>> a, b = tf.Variable(0), tf.Variable(0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.group(a.assign(1), b.assign(2)))
    >>> sess.run([a, b])
    [np.int32(1), np.int32(2)]
    """
    flat: list[Any] = []
    stack = list(reversed(inputs))
    while stack:
        x = stack.pop()
        if isinstance(x, (list, builtins.tuple)):
            stack.extend(reversed(x))
        elif isinstance(x, (Node, Operation)):
            flat.append(x)
        elif x is not None:
            raise GraphError(f"group: {x!r:.60} is nothing that runs{here()}")
    graph = flat[0].graph if flat else get_default_graph()
    with graph.control_dependencies(flat):
        return Operation(_no_op.build(graph, (), {}, name or "group_deps"))


def tuple(tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The tensors again, none of which is there before all are (and `control_inputs` have run).

    The results have the inputs' types. GraphError: one of them is no tensor.

    >>> tf.Session(jit=False).run(tf.tuple([tf.constant(1), tf.constant(2)]))
    [np.int32(1), np.int32(2)]
    """
    with get_default_graph().control_dependencies([*tensors, *(control_inputs or ())]):
        return [OPERATORS["identity"](t) for t in tensors]


def _item_type(types: Sequence[Any], values: Values, index: int) -> TensorType:
    if not 0 <= index < len(types[0]):
        raise GraphError(f"there are {len(types[0])} results, and no result {index}")
    return types[0][index]


@declare("item", _item_type, name="item", shape_math=False, text=True, kinds={"index": (int,)})
def _item(results: Any, *, index: int) -> Any:
    """One of the results of an operator that has several."""
    return results[index]
