"""What a layer owns, with the layers in it: variables, losses beside that of the data, updates that go with training, metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ...errors import GraphError, ShapeError
from ...initializers import glorot_uniform_initializer, zeros_initializer
from ...ir.graph import get_default_graph
from ...ir.node import Node, dtype_of, here, saying
from ...ir.operator import to_node
from ...ir.types import as_shape
from ...nest import flatten
from ...ops.state import Variable
from ...train.object_graph import held
from ..backend import state
from .history import metric_of

# Attributes of a layer that hold what it was called with, and no layers of its own.
_NOTES = frozenset(("_calls", "_weights", "_updates", "_losses", "_metric_values", "_first_values", "graph", "_scope", "_own_names",
                    "_map", "_added"))


class Weighted:
    """The variables of a layer and of the layers in its attributes, and what goes with them.

    A variable that is set as an attribute is the layer's, as one that `add_weight` makes. Layers are found in attributes, and in lists, tuples
    and dicts there.
    """

    def __init__(self, trainable: bool):
        self._weights: list[Variable] = []
        self._own_names: dict[Variable, str] = {}       # what the layer calls its variables
        self._updates: list[Any] = []
        self._losses: list[Node] = []
        self._metric_values: list[tuple[str, Any, Any]] = []
        self._trainable = bool(trainable)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and "_weights" in vars(self) and all(value is not v for v in self._weights):
            self._weights.append(value)
            self._own_names[value] = name
        object.__setattr__(self, name, value)

    # ------------------------------------------------------------------ what a subclass calls

    def add_weight(self, name: str | None = None, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
                   trainable: bool | None = None, constraint: Any = None, partitioner: Any = None, use_resource: Any = None,
                   synchronization: Any = None, aggregation: Any = None, **options: Any) -> Variable:
        """A variable of the layer, for `build`: by default Glorot's uniform numbers for floats, zeros for the rest.

        `regularizer`: a function of the variable that gives a loss of the layer. ShapeError: sizes are unknown. GraphError: no initializer of
        that name.
        """
        what = f"add_weight({name!r:.60})"
        kind = dtype_of(what, dtype or getattr(self, "_dtype", None) or state.floatx())
        with saying(what):
            wanted = as_shape(shape if shape is not None else ())
        if wanted is None or None in wanted:
            raise ShapeError(f"{what} needs a fully known shape, not {shape}{here()}")
        make = found("initializers", initializer) or (glorot_uniform_initializer() if kind.is_floating else zeros_initializer())
        constraint, regularizer = found("constraints", constraint), found("regularizers", regularizer)
        made = Variable(lambda: _initial(make, wanted, kind), trainable=trainable is not False, name=name, constraint=constraint)
        self._weights.append(made)
        self._own_names[made] = name or made.op.name.rpartition("/")[2]
        if regularizer is not None:
            self._penalise(made, regularizer)
        return made

    def add_variable(self, *args: Any, **kwargs: Any) -> Variable:
        """The same as `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _penalise(self, variable: Variable, regularizer: Callable[[Any], Any]) -> None:
        graph = get_default_graph()
        with graph.control_dependencies(None), graph.name_scope(f"{variable.label}/Regularizer/"):
            loss = regularizer(variable)
        if loss is not None:
            self._losses.append(to_node(loss))

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Operations that go with training."""
        self._updates += [u() if callable(u) else u for u in (updates if isinstance(updates, (list, tuple)) else [updates])]

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Losses beside that of the data: tensors, or functions without arguments that make them."""
        for loss in losses if isinstance(losses, (list, tuple)) else [losses]:
            made = loss() if callable(loss) else loss
            if made is not None:
                self._losses.append(to_node(made))

    def add_metric(self, value: Any, aggregation: str | None = None, name: str | None = None) -> None:
        """A value to report beside the metrics: its mean over the batches with `aggregation="mean"`, else what a metric object gives.

        GraphError: a value without a name.
        """
        of = metric_of(value)
        if name is None and of is None:
            raise GraphError(f"add_metric: please provide a name for the metric, like add_metric(x, name='norm', aggregation='mean'){here()}")
        self._metric_values.append((name or of.name, value, aggregation))

    # ------------------------------------------------------------------ what it owns

    def _inner(self) -> list[Any]:
        """The layers in its attributes, in order."""
        held = [value for name, value in vars(self).items() if name not in _NOTES]
        return [*dict.fromkeys(x for value in held for x in _layers_in(value) if x is not self)]

    def _within(self) -> Iterator[tuple[Any, bool]]:
        """The layer and all layers in it, outermost first, each with whether it and all around it are trained."""
        seen: set[int] = set()
        stack: list[tuple[Any, bool]] = [(self, self._trainable)]
        while stack:
            layer, trains = stack.pop()
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            yield layer, trains
            stack += [(x, trains and x.trainable) for x in reversed(layer._inner())]

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        """What a checkpoint keeps of the layer: its variables by the names that it has for them, and what its attributes hold beside."""
        own = [(self._own_names.get(v, v.op.name.rpartition("/")[2]), v) for v in self._weights]
        return [*own, *held((name, x) for name, x in vars(self).items() if name not in _NOTES and not isinstance(x, Variable))]

    def submodules(self) -> list[Any]:
        """All layers in the layer."""
        return [layer for layer, _ in self._within() if layer is not self]

    def _variables(self) -> list[Variable]:
        """The variables in the order they were made; of layers within theirs, too."""
        return list(dict.fromkeys(v for layer, _ in self._within() for v in layer._weights))

    @property
    def trainable(self) -> bool:
        """Whether the variables of the layer, and of those in it, are trained."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: Any) -> None:
        self._trainable = bool(value)
        for layer in self._inner():
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """The layer's variables, those that are trained first."""
        return [*self.trainable_weights, *self.non_trainable_weights]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that are trained."""
        frozen = {v for layer, trains in self._within() if not trains for v in layer._weights}
        return [v for v in self._variables() if v.trainable and v not in frozen] if self._trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that are not trained."""
        trained = set(self.trainable_weights)
        return [v for v in self._variables() if v not in trained]

    @property
    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def updates(self) -> list[Any]:
        """Operations that go with training; none of a layer that is not trained."""
        return [u for layer, _ in self._within() if layer.trainable or layer.stateful for u in layer._updates]

    @property
    def state_updates(self) -> list[Any]:
        """The operations by which stateful layers keep their states, which go with every run."""
        return [u for layer, _ in self._within() if layer.stateful for u in layer._updates]

    @property
    def losses(self) -> list[Node]:
        """Losses beside that of the data: of regularizers, and what `add_loss` added."""
        return [loss for layer, _ in self._within() for loss in layer._losses]

    def count_params(self) -> int:
        """The number of elements of the layer's variables; GraphError before it is called."""
        if not getattr(self, "built", True):
            raise GraphError(f"the layer {getattr(self, 'name', '')} has no variables before it is called{here()}")
        return sum(int(np.prod(v.type.shape or (), dtype=np.int64)) for v in self._variables())

    # ------------------------------------------------------------------ values

    def get_weights(self) -> list[Any]:
        """The values of `weights`, as arrays."""
        held = self.weights
        return list(state.session_of(held[0].graph).run(held)) if held else []

    def set_weights(self, weights: Any) -> None:
        """Set the values of `weights`, in order. ShapeError: another number of arrays, or one of another shape."""
        held, name = self.weights, getattr(self, "name", "")
        given = list(weights)
        if len(given) != len(held):
            raise ShapeError(f"set_weights of layer {name}: {len(given)} arrays for {len(held)} variables{here()}")
        arrays = [np.asarray(value) for value in given]
        for variable, array in zip(held, arrays, strict=True):
            if variable.type.shape is not None and array.shape != variable.type.shape:
                raise ShapeError(f"set_weights of layer {name}: {variable.name} has shape {variable.shape}, "
                                 f"the array given for it {array.shape}{here()}")
        for variable, array in zip(held, arrays, strict=True):
            state.session_of(variable.graph).load(variable, array)


def _initial(make: Any, shape: Any, kind: Any) -> Any:
    """The initial value that an initializer makes: those that programs write may take a shape alone."""
    make = make() if isinstance(make, type) else make
    try:
        return make(shape, dtype=kind)
    except TypeError:
        return make(shape)


def _layers_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Weighted):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        yield from (x for x in flatten(value) if isinstance(x, Weighted))


def found(kind: str, given: Any) -> Any:
    """What `tf.keras.initializers.get`, or that of regularizers or constraints, gives for an argument; None for None."""
    if given is None or callable(given) and not isinstance(given, type):
        return given
    return getattr(import_module(f"..{kind}", __package__), "get")(given)  # noqa: B009
