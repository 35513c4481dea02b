"""The node, one use of an operator: what every level of the compiler works on; and how messages name it."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError
from . import instead
from .standing import NodeDef, Standing
from .types import DType, TensorShape, TensorType, as_dtype, as_shape, compatible, merge

# Operators by name; `operator.declare` fills it. It stands here so that a node's `+` can find `add`.
OPERATORS: dict[str, Any] = {}

# Files of graphc, and of those between it and a program: NumPy's functions call methods of tensors, contextlib enters scopes.
_NOT_THE_USER = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep, os.path.dirname(np.__file__) + os.sep, contextlib.__file__)
_LONGEST_FILE = 100     # characters of a file's name that messages show: its end
_serial = itertools.count()
_index = attrgetter("index")

Loc = tuple[str, int]


def next_index() -> int:
    """An index greater than those of all nodes so far, and smaller than those of all to come."""
    return next(_serial)


def caller() -> Loc:
    """File and line of the nearest frame outside graphc (and what calls it for a program): where the user made what is being made."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USER):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def loc_str(loc: Loc | None) -> str:
    """`train.py:10`, for people."""
    return "?" if loc is None else f"{os.path.basename(loc[0])[-_LONGEST_FILE:]}:{loc[1]}"


def here() -> str:
    """The end of an error's text: the user's line."""
    return f"\n  at {loc_str(caller())}"


def warn(text: str, category: type[Warning]) -> None:
    """A warning at the user's line, however many functions of graphc lie between."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USER):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


@contextlib.contextmanager
def saying(name: str) -> Iterator[None]:
    """Errors of what stands below, which knows neither function nor line, get both: `placeholder: 'float31' is not a dtype`, `at train.py:7`."""
    try:
        yield
    except (DTypeError, ShapeError) as e:
        raise e.__class__(f"{name}: {e}{here()}") from None


def dtype_of(name: str, value: Any) -> DType:
    """`as_dtype` of an argument of the function of that name, which the error gives, with the user's line."""
    with saying(name):
        return as_dtype(value)


def _operator(name: str) -> Callable[..., Node]:
    return lambda self, *others: OPERATORS[name](self, *others)


def _both(name: str, label: str) -> tuple[Callable[..., Node], Callable[..., Node]]:
    """Python's operator of two operands, and the one that it asks of its right operand; TensorFlow names what they make otherwise."""
    return lambda self, other: OPERATORS[name](self, other, name=label), lambda self, other: OPERATORS[name](other, self, name=label)


class Node:
    """One use of an operator and its result: what TensorFlow 1 calls a Tensor. Only `set_shape` changes one.

    `type` is a `TensorType`, a tuple of them (several results, picked by `item`), or None (an operation without result).
    """

    __slots__ = ("operator", "inputs", "attrs", "type", "label", "loc", "control_inputs", "graph", "index", "gradient", "standing", "__weakref__",
                 "__dict__")        # programs note things on tensors, as TFLearn the weights of a layer on its result
    __array_priority__ = 100.0  # numpy arrays on the left leave the operation to us

    def __init__(self, operator: Any, inputs: tuple[Node, ...], attrs: dict[str, Any], type: Any, label: str,
                 loc: Loc | None, control_inputs: tuple[Node, ...], graph: Any, gradient: str | None = None):
        self.operator = operator
        self.inputs = inputs
        self.attrs = attrs
        self.type = type
        self.label = label
        self.loc = loc
        self.control_inputs = control_inputs
        self.graph, self.gradient = graph, gradient     # a `Graph`, which stands above; the name of a registered one instead of the operator's
        self.standing: Standing | None = None
        self.index = next(_serial)  # inputs always have smaller ones: creation order is a topological order

    def on(self, inputs: tuple[Node, ...], type: TensorType | tuple[TensorType, ...] | None = None) -> Node:
        """The same operation on other inputs, of another type if one is given: what a rewrite makes. No graph lists it."""
        return Node(self.operator, inputs, self.attrs, type or self.type, self.label, self.loc, (), self.graph, self.gradient)

    @property
    def name(self) -> str:
        """TensorFlow's tensor name, `label:output`; of an operation without result its label."""
        return self.label if self.type is None else f"{self.op.node.label}:{self.value_index}"

    @property
    def op(self) -> Operation:
        first = self if self.standing is None else self.standing.results[0]
        return Operation(self.inputs[0] if self.standing is None and self.operator.name == "item" else first)

    @property
    def dtype(self) -> DType:
        return as_dtype(self.type.dtype)

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self.type.shape)

    def get_shape(self) -> TensorShape:
        """The static shape, any part of which may be unknown."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Add what the caller knows of the shape; ShapeError if it contradicts what is known. Values are checked when run."""
        with saying("set_shape"):
            new = as_shape(shape)
        if not compatible(self.type.shape, new):
            raise ShapeError(f"set_shape({TensorShape(new)}) on {describe(self)}{here()}")
        self.type = TensorType(self.type.dtype, merge(self.type.shape, new))

    @property
    def device(self) -> str:
        return ""

    @property
    def value_index(self) -> int:
        """Which of its operation's results the tensor is."""
        if self.standing is not None:
            return next(i for i, result in enumerate(self.standing.results) if result is self)
        return int(self.attrs["index"]) if self.operator.name == "item" else 0

    def consumers(self) -> list[Operation]:
        """The operations of its graph that take the tensor."""
        users = [n for n in self.graph.nodes if self in n.inputs]
        return [Operation(n) for n in users if n.operator.name != "item"]

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """The node's value: `session.run(self, feed_dict)` in the default session."""
        return (session if session is not None else self.graph.default_session("eval")).run(self, feed_dict)

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:
        """Run the node for its effects, in the default session."""
        (session if session is not None else self.graph.default_session("run")).run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<{self.name}: {type_str(self.type)} = {self.operator.name} ({loc_str(self.loc)})>"

    def __deepcopy__(self, memo: Any) -> Node:
        return self             # its graph is no part of it, and there is nothing in it that changes

    def __bool__(self) -> bool:
        raise DTypeError(f"{describe(self)} has no truth value while the graph is built; use tf.cond, tf.while_loop or tf.where{here()}")

    def __iter__(self) -> Iterator[Node]:
        if self.type.shape is None or not self.type.shape or self.type.shape[0] is None:
            why = "it is a scalar" if self.type.shape == () else "its first dimension is unknown; tf.unstack(x, num) takes it apart"
            raise DTypeError(f"{describe(self)} cannot be iterated over: {why}{here()}")
        return (self[i] for i in range(self.type.shape[0]))

    def __len__(self) -> int:
        raise DTypeError(f"len() of {describe(self)}; use x.shape[0] or tf.shape(x)[0]{here()}")

    __add__, __radd__ = _both("add", "add")
    __sub__, __rsub__ = _both("subtract", "sub")
    __mul__, __rmul__ = _both("multiply", "mul")
    __truediv__, __rtruediv__ = _both("truediv", "truediv")
    __floordiv__, __rfloordiv__ = _both("floordiv", "floordiv")
    __mod__, __rmod__ = _both("floormod", "mod")
    __pow__, __rpow__ = _both("pow", "pow")
    __matmul__, __rmatmul__ = _both("matmul", "matmul")
    __and__, __rand__ = _both("logical_and", "and")
    __or__, __ror__ = _both("logical_or", "or")
    __xor__, __rxor__ = _both("logical_xor", "xor")
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __neg__, __abs__, __invert__ = _operator("negative"), _operator("abs"), _operator("logical_not")

    def __getitem__(self, key: Any) -> Node:
        return OPERATORS["getitem"](self, key)

    def __format__(self, spec: str) -> str:
        if spec:
            raise DTypeError(f"the format {spec!r} of {describe(self)}: {instead.RUN}{here()}")
        return str(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if np.dtype(dtype) != np.dtype(object):
            raise DTypeError(f"NumPy is to make an array of {describe(self)}: {instead.RUN}; functions of tf take tensors{here()}")
        array = np.empty((), object)
        array[()] = self
        return array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        if method == "__call__" and not options and len(inputs) == 2:
            if name in ("equal", "not_equal"):      # tensors are equal to themselves alone
                return (inputs[0] is inputs[1]) == (name == "equal")
            if name in instead.REFLECTED and not isinstance(inputs[0], Node):
                return getattr(self, instead.REFLECTED[name])(inputs[0])
        own = instead.RENAMED.get(name, name)
        write = f"tf.{own}" if method == "__call__" and own.rpartition(".")[2] in OPERATORS else "session.run(x)"
        raise DTypeError(f"np.{name}{'' if method == '__call__' else '.' + method} of {describe(self)}; instead: {write}{here()}")

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in instead.ATTRIBUTES or hasattr(self, name)]


def _refused(what: str, write: str) -> Callable[..., NoReturn]:
    def method(self: Node, *args: Any) -> NoReturn:
        raise DTypeError(f"{what} {describe(self)}: {write}{here()}")
    return method


class _Missing:
    """An attribute that is not there: AttributeError, which says what to write. `__getattr__` would make every attribute four times as slow."""

    def __init__(self, name: str, write: str):
        self.name = name
        self.write = write

    def __get__(self, instance: Node | None, owner: type) -> NoReturn:
        of = owner.__name__ if instance is None else describe(instance)
        # Without an object, from which Python would add a name that is spelt alike.
        raise AttributeError(f"{of} has no attribute {self.name!r}; instead: {self.write}{here()}", name=self.name, obj=None)


# Set, not written in the class: type checkers go on refusing `float(tensor)` and `tensor.mean()`.
for _name, _said in instead.METHODS.items():
    setattr(Node, _name, _refused(*_said))
for _name, _write in instead.ATTRIBUTES.items():
    setattr(Node, _name, _Missing(_name, _write))

class Operation:
    """TensorFlow 1's view of a node as an operation: `.name` without output number, `.type`, `.inputs`, `.outputs`."""

    __slots__ = ("node",)

    def __init__(self, node: Node):
        self.node = node

    @property
    def name(self) -> str:
        return self.node.label

    @property
    def type(self) -> str:
        name: str = self.node.operator.type_name(self.node) if self.node.standing is None else self.node.standing.op
        return name

    @property
    def inputs(self) -> tuple[Node, ...]:
        return self.node.inputs if self.node.standing is None else self.node.standing.inputs

    @property
    def control_inputs(self) -> list[Operation]:
        return [c.op for c in self.node.control_inputs]

    @property
    def outputs(self) -> list[Node]:
        standing, types = self.node.standing, self.node.type
        if standing is not None or not isinstance(types, tuple) or isinstance(types, TensorType):
            return [] if types is None else [self.node] if standing is None else [*standing.results]
        return [self.graph.get_tensor_by_name(f"{self.name}:{i}") for i in range(len(types))]

    @property
    def device(self) -> str:
        return ""

    @property
    def node_def(self) -> NodeDef:
        """Name, type, inputs and attributes, as TensorFlow's message has them."""
        return NodeDef(self.name, self.type, [x.name.removesuffix(":0") for x in self.inputs] + [f"^{c.name}" for c in self.control_inputs],
                       {name: self.get_attr(name) for name in self._attributes()})

    @property
    def op_def(self) -> Any:
        """The operator."""
        return self.node.operator

    def _attributes(self) -> dict[str, Any]:
        """The attributes: those of the operator, and the dtype under the names by which TensorFlow's have it."""
        types = self.node.type if isinstance(self.node.type, tuple) and not isinstance(self.node.type, TensorType) else (self.node.type,)
        unnamed = types[0] is None or types[0].dtype == np.uint64       # the words of random numbers
        dtypes = {} if unnamed else dict.fromkeys(("dtype", "T"), as_dtype(types[0].dtype))
        own = self.node.attrs if self.node.standing is None else self.node.standing.attrs
        return {**dtypes, **{k: as_dtype(v) if isinstance(v, np.dtype) else v for k, v in own.items()}}

    def get_attr(self, name: str) -> Any:
        """An attribute by its name; `dtype` and `T` are that of the result. GraphError: there is none."""
        found = self._attributes()
        if name not in found:
            raise GraphError(f"operation {self.name} has no attribute {name!r:.60}; it has {', '.join(found)}{here()}")
        return found[name]

    def values(self) -> tuple[Node, ...]:
        """The results."""
        return tuple(self.outputs)

    @property
    def graph(self) -> Any:
        return self.node.graph

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:
        """Run the operation in the default session (or `session`); GraphError if there is none."""
        self.node.run(feed_dict, session)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operation) and other.node is self.node

    def __hash__(self) -> int:
        return hash(self.node)

    def __repr__(self) -> str:
        return f"<Operation {self.name!r} type={self.type}>"


def _without_result(self: Operation, *args: Any) -> NoReturn:
    raise DTypeError(f"{self.name} ({loc_str(self.node.loc)}) is an operation and no tensor: {instead.OPERATION}{here()}")


for _name in instead.ARITHMETIC:
    setattr(Operation, _name, _without_result)


def type_str(t: Any) -> str:
    if t is None:
        return "operation"
    return str(t) if isinstance(t, TensorType) else f"({', '.join(map(str, t[:8]))}{f', ... {len(t)} in all' * (len(t) > 8)})"


def describe(node: Node) -> str:
    """`x: float32[5,4] (train.py:7)`: a node as error messages name it."""
    return f"{node.label:.200}: {type_str(node.type)} ({loc_str(node.loc)})"


def describe_call(name: str, inputs: Iterable[Node]) -> str:
    return f"{name}({', '.join(describe(x) for x in inputs)})"


def reached(fetches: Iterable[Node], uses: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """The fetches and all that they need, by what each node `uses`. Linear in their number; never recursive."""
    seen = set(fetches)
    stack = list(seen)
    while stack:
        for x in uses(stack.pop()):
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return seen


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Inputs before users: indices grow that way, so sorting by them is a topological sort."""
    return sorted(nodes, key=_index)


class Ordered(list[Node]):
    """Fetches, with what is `topological` of them, which whoever has made them knows. Neither is changed."""

    __slots__ = ("order",)

    def __init__(self, fetches: Iterable[Node], order: list[Node]):
        super().__init__(fetches)
        self.order = order


def topological(fetches: Iterable[Node], stop: Callable[[Node], bool] | None = None) -> list[Node]:
    """What the fetches need (data inputs only, none of a node that stops), inputs first. The list may be shared: it is not to be changed."""
    if fetches.__class__ is Ordered and stop is None:
        return fetches.order
    if stop is not None:
        return in_order(reached(fetches, lambda n: () if stop(n) else n.inputs))
    seen = set(fetches)             # as `reached` does, in half the time: each pass asks this of the whole graph
    stack = list(seen)
    while stack:
        for x in stack.pop().inputs:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return in_order(seen)
