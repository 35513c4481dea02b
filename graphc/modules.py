"""What later programs are put together of, built as graph: `tf.Module`, which knows its variables, and `tf.function`, which keeps their order."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from types import MethodType
from typing import Any
from weakref import WeakSet

import numpy as np

from .errors import ArgumentError, GraphError
from .ir import nest
from .ir.graph import Graph, get_default_graph, name_scope
from .ir.node import Node, Operation, here
from .ir.types import as_shape, compatible
from .ops.array import identity
from .ops.sources import convert_to_tensor
from .ops.state import Variable, group
from .ops.type_specs import TensorSpec
from .train.object_graph import Holder

__all__ = ["Module", "function"]


# ---------------------------------------------------------------------- modules

class Module(Holder):
    """What holds variables and other modules in its attributes, or in lists, tuples and dicts of them, and finds them there.

    ArgumentError: a name that is no identifier of Python's.

    >>> class Dense(tf.Module):
    ...     def __init__(self, columns, units, name=None):
    ...         super().__init__(name)
    ...         with self.name_scope:
    ...             self.w, self.b = tf.Variable(tf.ones([columns, units]), name="w"), tf.Variable(tf.zeros([units]), name="b")
    ...     def __call__(self, x):
    ...         return tf.matmul(x, self.w) + self.b
    >>> layer = Dense(3, 2)
    >>> [v.name for v in layer.trainable_variables], tf.Session(jit=False).run(layer(tf.ones([1, 3])))
    (['dense/b:0', 'dense/w:0'], array([[3., 3.]], dtype=float32))
    """

    def __init__(self, name: str | None = None):
        if name is not None and not (isinstance(name, str) and re.fullmatch(r"[a-zA-Z_]\w*", name, re.ASCII)):
            raise ArgumentError(f"Module: {name!r:.80} is no name of a module, which is one as Python's variables have{here()}")
        self._name = name or re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", type(self).__name__).lower()
        with name_scope(self._name) as scope:
            self._scope_name = scope

    @property
    def name(self) -> str:
        """The module's own name."""
        return self._name

    @property
    def name_scope(self) -> Any:
        """The scope in which the module was made, to enter by `with`: operations and variables made inside have its name before theirs."""
        return name_scope(self._scope_name)

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables of the module, by the names of its attributes, then those of the modules in it."""
        return tuple(x for x in self._leaves() if isinstance(x, Variable))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of them that are trained."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """Those of them that are not trained."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules in the module, and in those."""
        return tuple(x for x in self._leaves() if isinstance(x, Module))

    def _leaves(self) -> Iterator[Any]:
        """What the attributes hold, each once, before what the modules among it hold, depth first. Layers of Keras give their variables."""
        seen = {id(self)}
        stack: list[Iterator[Any]] = [iter([self])]
        while stack:
            owner = next(stack[-1], None)
            if owner is None:
                stack.pop()
                continue
            inner: list[Any] = []
            for _, value in sorted(vars(owner).items()):
                for leaf in nest.flatten(value, composites=False):
                    more = [] if isinstance(leaf, (Module, Variable)) else _variables_of(leaf)
                    for x in (leaf, *more):
                        if id(x) not in seen:
                            seen.add(id(x))
                            yield x
                            inner += [x] if isinstance(x, Module) else []
            stack.append(iter(inner))

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that is called within the module's `name_scope`."""
        def call(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)
        return update_wrapper(call, method)


def _variables_of(value: Any) -> list[Any]:
    """The variables of a layer of Keras; nothing else has any."""
    layers = sys.modules.get("graphc.keras.layers.base")        # without which there is no layer
    return [v for v in value.weights if isinstance(v, Variable)] if layers is not None and isinstance(value, layers.Layer) else []


# ---------------------------------------------------------------------- functions

class Function:
    """A Python function whose every call builds its operations in the graph where it is called, in the order of a program.

    Within a call, what reads a variable or has an effect comes behind the effects before it; and results behind all effects of the call.
    """

    __name__: str

    def __init__(self, python_function: Callable[..., Any], input_signature: Sequence[Any] | None):
        self._function, self._signature = python_function, None if input_signature is None else list(input_signature)
        self._called: WeakSet[Graph] = WeakSet()
        update_wrapper(self, python_function, updated=())

    @property
    def python_function(self) -> Callable[..., Any]:
        """The function itself."""
        return self._function

    @property
    def input_signature(self) -> list[Any] | None:
        """The types of the arguments, if they were given."""
        return self._signature

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else MethodType(self, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        graph = get_default_graph()
        first = len(graph.nodes)
        if self._signature is not None:
            args = self._typed(args, kwargs)
        args, kwargs = nest.mapped(_tensor, args), {k: nest.mapped(_tensor, v) for k, v in kwargs.items()}
        with _in_order(graph) as effects:
            found = self._function(*args, **kwargs)
        variables = [n for n in graph.nodes[first:] if isinstance(n, Variable)]
        if variables and graph in self._called:
            raise GraphError(f"tf.function: {self.__name__} makes the variable {variables[0].label} by a call after the first; make it once, "
                             f"before the call{here()}")
        self._called.add(graph)
        return _behind(found, effects)

    def _typed(self, args: Sequence[Any], kwargs: Any) -> tuple[Any, ...]:
        wanted = self._signature or []
        own = args[len(args) - len(wanted):] if len(args) >= len(wanted) else args
        if kwargs or len(own) != len(wanted) or len(args) - len(own) > 1:
            raise ArgumentError(f"tf.function: {self.__name__} takes {len(wanted)} arguments by its input_signature, not "
                                f"{len(args) + len(kwargs)}{here()}")
        return (*args[:len(args) - len(own)], *(_fitting(self.__name__, spec, x) for spec, x in zip(wanted, own, strict=True)))


def _tensor(x: Any) -> Any:
    """An array as a tensor; all else as it is: a number is one of Python's in the function, too."""
    return convert_to_tensor(x) if isinstance(x, np.ndarray) else x


def _fitting(what: str, spec: Any, x: Any) -> Any:
    if not isinstance(spec, TensorSpec):
        return x
    tensor = convert_to_tensor(x, spec.dtype)
    if not compatible(as_shape(spec.shape), tensor.type.shape):
        raise ArgumentError(f"tf.function: {what} takes a tensor of the shape {spec.shape} by its input_signature, not {tensor.shape}{here()}")
    return tensor


@contextmanager
def _in_order(graph: Graph) -> Iterator[list[Node]]:
    """What is made inside comes behind the effects that were made inside before it, which are listed; initial values are left alone."""
    before, outer = list(graph._control), graph.noticed
    effects: list[Node] = []

    def notice(node: Node) -> None:
        if node.operator.name != "initialize" and (node.operator.family.assigns or node.operator.effect):
            effects.append(node)
            graph._control[:] = [(*dict.fromkeys((*given, node)),) for given in graph._control]
    graph.noticed = notice
    try:
        yield effects
    finally:
        graph._control[:], graph.noticed = before, outer
        if outer is not None:
            for node in effects:
                outer(node)


def _behind(found: Any, effects: Sequence[Node]) -> Any:
    """Results behind the effects; of a call without results the operation of these."""
    if not effects or found is None:
        return group(*effects) if effects else found

    def behind(x: Any) -> Any:
        if isinstance(x, (Operation, Node)) and (isinstance(x, Operation) or x.type is None):
            return group(x, *effects)
        return identity(x) if isinstance(x, Node) else x
    with get_default_graph().control_dependencies(effects):
        return nest.mapped(behind, found)


def function(func: Callable[..., Any] | None = None, input_signature: Sequence[Any] | None = None, autograph: bool = True,
             experimental_autograph_options: Any = None, experimental_relax_shapes: bool = False, experimental_compile: bool | None = None) -> Any:
    """A function, by itself or as a decorator, whose calls build their operations where they are called, and keep the order of a program.

    A read of a variable comes behind the assignments before it, and results behind all assignments and prints of the call; a call that returns
    nothing gives the operation of these. Arrays come as tensors, numbers as they are. `input_signature`: TensorSpecs of the arguments. Python's
    `if` and `while` decide while the graph is built; where they would depend on a tensor, its error says what to write. ArgumentError, when
    called: arguments that the signature does not have. GraphError, when called: a variable that is made by a call after the first.

    >>> total = tf.Variable(0.0)
    >>> @tf.function
    ... def add(x):
    ...     total.assign_add(x)
    ...     return total * 10
    >>> tf.Session(jit=False).run(add(2.0))
    np.float32(20.0)
    """
    if func is None:
        return lambda f: function(f, input_signature)
    if not callable(func):
        raise ArgumentError(f"tf.function takes a function, not {func!r:.80}{here()}")
    return Function(func, input_signature)
