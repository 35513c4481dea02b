"""What all layers share: where their variables stand, how they are named and shared, and what they leave in the graph's collections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import initializers, nn
from ..errors import GraphError
from ..ir.collecting import GraphKeys
from ..ir.node import here
from ..keras.engine import layer as keras
from ..keras.engine.layer import snake_case
from ..nest import flatten
from ..ops.state import Variable
from ..train.object_graph import keeps
from ..variables import VariableScope, get_variable, variable_scope

__all__ = ["Layer"]


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


class Layer(keras.Layer):
    """A layer whose variables stand in a variable scope; a subclass makes them in `build` and says in `call` what it computes.

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
        base = name.name if isinstance(name, VariableScope) else name
        if base is not None and (not isinstance(base, str) or not base):
            raise GraphError(f"{type(self).__name__}: {name!r:.60} is no name{here()}")
        self._base_name = base or snake_case(type(self).__name__)
        super().__init__(trainable, base.rpartition("/")[2] if base else None, dtype, activity_regularizer=activity_regularizer, **kwargs)
        self._scope: VariableScope | None = None
        if scope is not None:
            self._set_scope(scope)

    # ------------------------------------------------------------------ what a subclass says

    def add_weight(self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,  # type: ignore[override]
                   trainable: bool = True, constraint: Any = None, use_resource: Any = None, **options: Any) -> Variable:
        """A variable of the layer, for `build`. ShapeError, GraphError: as `tf.get_variable`."""
        kind = dtype if dtype is not None else self._dtype
        losses = self.graph.get_collection(GraphKeys.REGULARIZATION_LOSSES)
        found = get_variable(name, shape, dtype=kind, initializer=initializer_of(self._base_name, initializer), regularizer=regularizer,
                             trainable=trainable and self.trainable, constraint=constraint)
        self._losses += self.graph.get_collection(GraphKeys.REGULARIZATION_LOSSES)[len(losses):]
        if found not in self._weights:
            self._weights.append(found)
            self._own_names[found] = name
        return found

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Put operations that go with training into the collection UPDATE_OPS."""
        known = len(self._updates)
        super().add_update(updates, inputs)
        for update in self._updates[known:]:
            self.graph.add_to_collection(GraphKeys.UPDATE_OPS, update)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Put losses beside that of the data into the collection REGULARIZATION_LOSSES."""
        known = len(self._losses)
        super().add_loss(losses, inputs)
        for loss in self._losses[known:]:
            self.graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    @property
    def scope_name(self) -> str:
        """The scope of the layer's variables; GraphError before it is called."""
        if self._scope is None:
            raise GraphError(f"the layer {self._name} has no scope before it is called{here()}")
        return self._scope.name

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        """As of Keras' layers, but that lists and tuples of variables, which go by their names, are not named once more."""
        own = {id(v) for v in self._weights}
        return [(name, x) for name, x in super()._checkpoint_dependencies
                if id(x) in own or not all(isinstance(leaf, Variable) for leaf in flatten(x) if keeps(leaf))]

    # ------------------------------------------------------------------ calling

    def _shared(self) -> Iterable[Any]:
        return [self._scope]

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

    @contextmanager
    def _entered(self) -> Iterator[None]:
        assert self._scope is not None
        with variable_scope(self._scope, reuse=True if self.built else self._reuse, auxiliary_name_scope=False) as entered, \
                self.graph.name_scope(entered.original_name_scope):
            yield

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        self._set_scope(kwargs.pop("scope", None))
        return super().__call__(inputs, *args, **kwargs)
