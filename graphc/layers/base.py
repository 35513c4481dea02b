"""What all layers share: where their variables stand, how they are named and shared, and what they leave in the graph's collections."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .. import initializers, nn
from ..errors import GraphError, ShapeError
from ..ir.collecting import GraphKeys
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.types import DType, TensorShape, as_dtype, as_shape
from ..ops.array import reshape
from ..ops.array import shape as shape_of
from ..ops.math import cast, truediv
from ..ops.state import Variable
from ..variables import VariableScope, get_variable, variable_scope

__all__ = ["Layer"]

_named: WeakKeyDictionary[Graph, dict[str, int]] = WeakKeyDictionary()     # how many layers of a graph have each name


def snake_case(name: str) -> str:
    """`BatchNormalization` as `batch_normalization`.

    >>> snake_case("Conv2DTranspose"), snake_case("Dense")
    ('conv2d_transpose', 'dense')
    """
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def activation_of(what: str, given: Any) -> Callable[[Any], Any] | None:
    """The activation that a function or a name stands for; None for none. GraphError: there is none of that name."""
    if given is None or given == "linear" or callable(given):
        return None if given == "linear" else given
    found = getattr(nn, given, None) if isinstance(given, str) and given in nn.__all__ else None
    if found is None:
        raise GraphError(f"{what}: {given!r:.60} is no activation; give a function, as tf.nn.relu{here()}")
    return found


def initializer_of(what: str, given: Any) -> Any:
    """The initializer that an object, a class or a name (`"zeros"`) stands for. GraphError: there is none of that name."""
    if not isinstance(given, str):
        return given
    found = getattr(initializers, f"{given}_initializer", None)
    if found is None:
        raise GraphError(f"{what}: {given!r:.60} is no initializer; give an object, as tf.zeros_initializer(){here()}")
    return found()


class Layer:
    """What all layers share; a subclass makes its variables in `build` and says in `call` what it computes.

    `name`: of the scope of its variables, by default made of the class's name. `activity_regularizer`: a function of the outputs whose value,
    divided by the number of rows, is put into the collection REGULARIZATION_LOSSES. A layer that is called again uses the same variables.

    >>> class Scale(tf.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", [], initializer=tf.ones_initializer())
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> layer = Scale(name="scale")
    >>> tf.Session(jit=False).run(layer(tf.constant([1.0, 2.0]))), layer.weights[0].name
    (array([1., 2.], dtype=float32), 'scale/factor:0')
    """

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, activity_regularizer: Any = None, **kwargs: Any):
        self._reuse, scope = kwargs.pop("_reuse", None), kwargs.pop("_scope", None)
        if kwargs:
            raise GraphError(f"{type(self).__name__} has no argument {min(kwargs)!r:.60}{here()}")
        base = name.name if isinstance(name, VariableScope) else name
        if base is not None and (not isinstance(base, str) or not base):
            raise GraphError(f"{type(self).__name__}: {name!r:.60} is no name{here()}")
        self._base_name = base or snake_case(type(self).__name__)
        self._name = base.rpartition("/")[2] if base else _numbered(self._base_name)
        self.trainable = trainable
        self.activity_regularizer = activity_regularizer
        self.built = False
        self._dtype: DType | None = as_dtype(dtype) if dtype is not None else None
        self._scope: VariableScope | None = None
        self._weights: list[Variable] = []
        self._updates: list[Any] = []
        self._losses: list[Node] = []
        self._calls: list[tuple[Any, Any]] = []
        self.graph = get_default_graph()
        if scope is not None:
            self._set_scope(scope)

    # ------------------------------------------------------------------ what a subclass says

    def build(self, input_shape: TensorShape) -> None:
        """Make the variables for inputs of that shape."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """What the layer computes."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """The shape of what it computes of inputs of that shape."""
        raise NotImplementedError(f"{type(self).__name__} does not say what shape it makes")

    def add_weight(self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                   trainable: bool = True, constraint: Any = None, use_resource: Any = None, **options: Any) -> Variable:
        """A variable of the layer, for `build`. ShapeError, GraphError: as `tf.get_variable`."""
        kind = dtype if dtype is not None else self._dtype
        losses = self.graph.get_collection(GraphKeys.REGULARIZATION_LOSSES)
        found = get_variable(name, shape, dtype=kind, initializer=initializer_of(self._base_name, initializer), regularizer=regularizer,
                             trainable=trainable and self.trainable, constraint=constraint)
        self._losses += self.graph.get_collection(GraphKeys.REGULARIZATION_LOSSES)[len(losses):]
        if found not in self._weights:
            self._weights.append(found)
        return found

    add_variable = add_weight

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Put operations that go with training into the collection UPDATE_OPS."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            self._updates.append(update)
            self.graph.add_to_collection(GraphKeys.UPDATE_OPS, update)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Put losses beside that of the data into the collection REGULARIZATION_LOSSES."""
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            self._losses.append(loss)
            self.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    # ------------------------------------------------------------------ what a user asks

    def _variables(self) -> list[Variable]:
        """The variables in the order they were made; of a layer around others theirs, too."""
        return self._weights

    @property
    def name(self) -> str:
        """The layer's name."""
        return self._name

    @property
    def scope_name(self) -> str:
        """The scope of the layer's variables; GraphError before it is called."""
        if self._scope is None:
            raise GraphError(f"the layer {self._name} has no scope before it is called{here()}")
        return self._scope.name

    @property
    def dtype(self) -> DType | None:
        """The dtype of the layer's variables; None before it is called, if it was given none."""
        return self._dtype

    @property
    def weights(self) -> list[Variable]:
        """The layer's variables, those that are trained first."""
        return [*self.trainable_weights, *self.non_trainable_weights]

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that are trained."""
        return [v for v in self._variables() if v.trainable]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that are not trained."""
        return [v for v in self._variables() if not v.trainable]

    non_trainable_variables = non_trainable_weights

    @property
    def updates(self) -> list[Any]:
        """Operations that go with training."""
        return list(self._updates)

    @property
    def losses(self) -> list[Node]:
        """Losses of regularizers."""
        return list(self._losses)

    @property
    def input(self) -> Any:
        """What the layer was called with; GraphError: not once."""
        return self._only_call()[0]

    @property
    def output(self) -> Any:
        """What the layer's only call gave; GraphError: it was not called once."""
        return self._only_call()[1]

    def _only_call(self) -> tuple[Any, Any]:
        if len(self._calls) != 1:
            raise GraphError(f"the layer {self._name} was called {len(self._calls)} times, and not once{here()}")
        return self._calls[0]

    def __deepcopy__(self, memo: dict[int, Any]) -> Layer:
        """Another layer of the same arguments, in the same graph; one that has variables shares them."""
        made = type(self).__new__(type(self))
        memo.update({id(self): made, id(self.graph): self.graph, id(self._scope): self._scope})
        vars(made).update({name: deepcopy(value, memo) for name, value in vars(self).items()})
        return made

    def count_params(self) -> int:
        """The number of elements of the layer's variables; GraphError before it is called."""
        if not self.built:
            raise GraphError(f"the layer {self._name} has no variables before it is called{here()}")
        return sum(int(np.prod(v.type.shape or (), dtype=np.int64)) for v in self._variables())

    # ------------------------------------------------------------------ calling

    def _set_scope(self, scope: Any = None) -> None:
        """Enter the scope of the variables for the first time: that fixes its name, and that of the operations' scope."""
        if self._scope is not None:
            return
        if self._reuse:
            entered = variable_scope(scope if scope is not None else self._base_name, reuse=self._reuse)
        else:
            entered = variable_scope(scope, default_name=self._base_name)
        with entered as self._scope:
            pass

    def _given(self, inputs: Any) -> Any:
        """The inputs as tensors: one, or a list."""
        if isinstance(inputs, (list, tuple)) and any(isinstance(x, Node) for x in inputs):
            return [to_node(x) for x in inputs]
        return to_node(inputs)

    def _told(self, given: Any) -> tuple[Any, DType]:
        """What `build` is told of the inputs, their shapes, and the dtype of variables."""
        return ([x.shape for x in given], given[0].dtype) if isinstance(given, list) else (given.shape, given.dtype)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self._set_scope(kwargs.pop("scope", None))
        assert self._scope is not None
        self.graph = get_default_graph()
        given = self._given(inputs)
        with variable_scope(self._scope, reuse=True if self.built else self._reuse, auxiliary_name_scope=False) as entered, \
                self.graph.name_scope(entered.original_name_scope):
            if not self.built:
                shapes, dtype = self._told(given)
                if self._dtype is None:
                    self._dtype = dtype
                self.build(shapes)
                self.built = True
            outputs = self.call(given, *args, **kwargs)
            if self.activity_regularizer is not None:
                self._regularize(outputs if isinstance(outputs, (list, tuple)) else [outputs])
        self._calls.append((given, outputs))
        return outputs

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as calling the layer."""
        return self(inputs, *args, **kwargs)

    def _regularize(self, outputs: Iterable[Node]) -> None:
        with self.graph.name_scope("ActivityRegularizer"):
            for output in outputs:
                loss = self.activity_regularizer(output)
                if loss is not None:
                    self.add_loss(truediv(loss, cast(shape_of(output)[0], loss.dtype)))

    def _rank(self, inputs: Node, least: int, exact: bool = False) -> int:
        """The rank of the inputs; ShapeError: it is unknown, or too small, or another than is wanted exactly."""
        if inputs.type.rank is None or inputs.type.rank < least or exact and inputs.type.rank != least:
            raise ShapeError(f"{self._name}: {describe(inputs)} needs a known rank of {least}{'' if exact else ' or more'}{here()}")
        return inputs.type.rank

    def _size(self, inputs: Any, axis: int) -> int:
        """The size along an axis, for which variables are made; ShapeError: it is unknown."""
        dims = as_shape(inputs)
        if dims is None or not -len(dims) <= axis < len(dims) or dims[axis] is None:
            where = "last dimension" if axis == -1 else f"dimension {axis}"
            raise ShapeError(f"{self._name}: inputs of shape {TensorShape(dims)} have no known {where}, for which its variables are made{here()}")
        return int(dims[axis])      # type: ignore[arg-type]


def _numbered(base: str) -> str:
    counts = _named.setdefault(get_default_graph(), {})
    count = counts[base] = counts.get(base, -1) + 1
    return f"{base}_{count}" if count else base


def is_true(what: str, value: Any) -> bool | None:
    """What a switch is while the graph is built: None if a run decides. GraphError: no truth value."""
    if isinstance(value, Operation) or not isinstance(value, (bool, int, np.bool_, np.integer, Node, type(None))):
        raise GraphError(f"{what}: {value!r:.60} is no truth value{here()}")
    return None if isinstance(value, Node) else bool(value)


def switched(value: Any) -> Node:
    """A switch that a run decides, as one truth value."""
    x = cast(to_node(value), "bool")
    return x if x.type.rank == 0 else reshape(x, [])


def __dir__() -> list[str]:
    return [*__all__]
