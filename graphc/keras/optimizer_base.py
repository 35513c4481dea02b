"""What Keras' optimizers share: hyperparameters that are variables, a decaying rate, clipped gradients, and a count of their steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..autodiff.gradients import gradients
from ..errors import ArgumentError, DTypeError, GradientError, GraphError
from ..ir.configured import arguments
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ops.math import cast, clip_by_value, divide
from ..ops.state import Variable
from ..train.clipping import clip_by_norm
from ..train.optimizer import GradsAndVars, scalar
from ..train.optimizer import Optimizer as _Machine
from ..train.own import STANDARD
from .backend import state
from .schedules import LearningRateSchedule

_OPTIONS = ("clipnorm", "clipvalue", "lr", "decay")


def hyper_name(name: str) -> str:
    """The hyperparameter of a name that programs use: `lr` is an older one."""
    return "learning_rate" if name == "lr" else name


class Optimizer(_Machine):
    """What Keras' optimizers share; a subclass says how one variable moves, by `_update`, or, a program's own, by `_resource_apply_dense`.

    `learning_rate` (or `lr`) and the other numbers are variables of the graph from the first step that is built on, so that
    `K.set_value(optimizer.lr, ...)` changes them between steps; the rate may also be a schedule. `decay`: the rate is divided by
    1 + decay * steps. `clipnorm`: gradients are made no longer than that; `clipvalue`: their elements no larger. `iterations` counts steps.
    ArgumentError: an option that there is not, or no name. GraphError: an option below 0.
    """

    def __init__(self, name: str, **kwargs: Any):
        for word, value in kwargs.items():
            if word not in _OPTIONS:
                raise ArgumentError(f"{type(self).__name__} has no argument {word!r:.60}{here()}")
            if value is not None and not isinstance(value, Node) and not callable(value) and value < 0:
                raise GraphError(f"{type(self).__name__}: {word} is {value}, below 0{here()}")
        super().__init__(False, name)
        self._given: dict[str, Any] = {}    # the hyperparameters as they were given
        self._made: Any = None              # the graph in which they are variables
        self._iterations: Any = None
        self._options = dict(kwargs)
        self._initial_decay = kwargs.get("decay", 0.0)
        for word in ("clipnorm", "clipvalue"):
            if kwargs.get(word) is not None:
                setattr(self, word, kwargs[word])

    def _set_hypers(self, learning_rate: Any, **others: Any) -> None:
        """Set the rate, `lr` if it is given by that name, its decay, and other hyperparameters."""
        for name, value in {"learning_rate": self._options.get("lr", learning_rate), "decay": self._initial_decay, **others}.items():
            self._set_hyper(name, value)

    # ------------------------------------------------------------------ hyperparameters

    def __getattr__(self, name: str) -> Any:
        word = hyper_name(name)
        if word.startswith("_") or word not in vars(self).get("_hyper", {}):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._get_hyper(word)

    def __setattr__(self, name: str, value: Any) -> None:
        word = hyper_name(name)
        if word in vars(self).get("_hyper", {}):
            self._set_hyper(word, value)
        else:
            object.__setattr__(self, name, value)

    def _get_hyper(self, name: str, dtype: Any = None) -> Any:
        """A hyperparameter: a variable, a schedule, or what a function gives."""
        self._create_hypers()
        found = self._hyper[name]
        found = found() if callable(found) and not isinstance(found, (Node, LearningRateSchedule)) else found
        return found if dtype is None or isinstance(found, LearningRateSchedule) else cast(found, dtype)

    def _set_hyper(self, name: str, value: Any) -> None:
        """Let a hyperparameter be another number, or tensor, or function."""
        held = self._hyper.get(name)
        if isinstance(held, Variable) and not isinstance(value, Node) and not callable(value):
            state.session_of(held.graph).load(held, np.asarray(value, held.type.dtype))
        else:
            self._hyper[name] = value
            if self._made is not None:
                self._variable(name)
        self._given[name] = value

    def _create_hypers(self) -> None:
        graph = get_default_graph()
        if self._made is graph:
            return
        if self._made is not None:          # another graph: variables anew, with the numbers that were given
            self._hyper.update(self._given)
            self._iterations = None
        self._made = graph
        for name in self._hyper:
            self._variable(name)

    def _variable(self, name: str) -> None:
        """Make a hyperparameter that is a number a variable."""
        value = self._hyper[name]
        if isinstance(value, Node) or callable(value) or value is None:
            return
        scalar(value, np.dtype("float32"), name)
        with get_default_graph().name_scope(None), get_default_graph().control_dependencies(None):
            self._hyper[name] = Variable(np.float32(value), trainable=False, name=f"{self._name}/{name}")

    @property
    def iterations(self) -> Variable:
        """How many steps were taken: a variable, int64[]."""
        self._create_hypers()
        if self._iterations is None:
            graph = get_default_graph()
            with graph.name_scope(None), graph.control_dependencies(None):
                self._iterations = Variable(np.int64(0), trainable=False, name=f"{self._name}/iter")
        found: Variable = self._iterations
        return found

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        if self._iterations is not None:
            raise GraphError(f"{self._name}: the steps are counted already, by {describe(self._iterations)}{here()}")
        self._create_hypers()
        self._iterations = variable

    # ------------------------------------------------------------------ steps

    def _values(self, dtype: np.dtype[Any], names: Iterable[str] | None = None) -> dict[str, Any]:
        """The hyperparameters in a dtype, the rate that of the present step."""
        chosen = {k: self._hyper[k] for k in (names if names is not None else self._hyper) if self._hyper[k] is not None}
        rate = chosen.get("learning_rate")
        if isinstance(rate, LearningRateSchedule):
            chosen["learning_rate"] = rate(cast(self.iterations, "float32"))
        found = {k: scalar(x() if callable(x) and not isinstance(x, Node) else x, dtype, k) for k, x in chosen.items()}
        decay = self._given.get("decay")
        if "learning_rate" in found and "decay" in found and (isinstance(decay, Node) or decay):
            found["learning_rate"] = divide(found["learning_rate"], 1.0 + found["decay"] * cast(self.iterations, dtype))
        return found

    def _decayed_lr(self, var_dtype: Any) -> Any:
        """The rate of the present step."""
        return self._values(np.dtype(getattr(var_dtype, "as_numpy_dtype", var_dtype)), ["learning_rate", "decay"])["learning_rate"]

    def _begin(self, pairs: GradsAndVars) -> None:
        self._create_hypers()
        self.iterations  # noqa: B018  (made outside of the step's scope)

    def get_gradients(self, loss: Any, params: Sequence[Any]) -> list[Node]:
        """The gradients of a loss, clipped. GradientError: no path leads to a parameter."""
        found = gradients(loss, list(params))
        for g, p in zip(found, params, strict=True):
            if g is None:
                raise GradientError(f"{self._name}: no gradient leads from {describe(to_node(loss))} to {describe(p)}{here()}")
        return [self._clipped(g) for g in found]

    def _clipped(self, g: Any) -> Any:
        if "clipnorm" in vars(self):
            g = clip_by_norm(g, self.clipnorm)
        return clip_by_value(g, -self.clipvalue, self.clipvalue) if "clipvalue" in vars(self) else g

    def get_updates(self, loss: Any, params: Sequence[Any]) -> list[Any]:
        """The operations of one step of the parameters against the gradient of a loss. GradientError: no path leads to one.

        >>> v = tf.Variable(1.0)
        >>> sess = tf.Session(jit=False)
        >>> _ = sess.run(tf.keras.optimizers.SGD(0.25).get_updates(v * v, [v]))
        >>> sess.run(v)
        np.float32(0.5)
        """
        return [self.apply_gradients(list(zip(self.get_gradients(loss, params), params, strict=True)))]

    def compute_gradients(self, loss: Any, var_list: Any = None, *args: Any, **kwargs: Any) -> list[tuple[Node | None, Variable]]:
        """(gradient of `loss`, clipped, variable) for each variable; `loss` may be a function without arguments.

        DTypeError: the loss is no tensor. GradientError: an operator on the way has no gradient.
        """
        value = loss() if callable(loss) and not isinstance(loss, Node) else loss
        variables = var_list() if callable(var_list) else var_list
        return [(g if g is None else self._clipped(g), v) for g, v in super().compute_gradients(value, variables, *args, **kwargs)]

    def minimize(self, loss: Any, var_list: Any = None, grad_loss: Any = None, name: str | None = None,  # type: ignore[override]
                 global_step: Any = None) -> Operation:
        """An operation that moves the variables one step against the gradient of `loss`, a tensor or a function that gives one.

        `var_list`: the variables (default: all trainable ones). GradientError: no variable has a path to the loss.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        if all(g is None for g, _ in pairs):
            raise GradientError(f"{self._name}: no gradients are given for any variable: no path leads to {[v.op.name for _, v in pairs]}{here()}")
        return self.apply_gradients(pairs, name=name)

    def apply_gradients(self, grads_and_vars: Any, name: Any = None, global_step: Any = None) -> Operation:  # type: ignore[override]
        """An operation that moves each variable by its gradient and counts the step; pairs without a gradient are left out.

        GradientError: every gradient is None. DTypeError, ShapeError: one does not fit its variable.
        """
        if isinstance(name, Variable):
            raise DTypeError(f"{self._name}.apply_gradients: the second argument is a name, not {describe(name)}; `iterations` counts steps{here()}")
        return super().apply_gradients(grads_and_vars, self.iterations, name)

    def with_loss_scale(self, loss_scale: Any) -> Any:
        """The optimizer with its loss scaled, as `tf.train.experimental.enable_mixed_precision_graph_rewrite` makes it."""
        return import_module(".mixed_precision.experimental", __package__).LossScaleOptimizer(self, loss_scale)      # which stands on this

    # ------------------------------------------------------------------ what it keeps

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        made = {"iter": self._iterations, **dict(sorted(self._hyper.items())), **self._apart}
        return [(name, x) for name, x in made.items() if isinstance(x, Variable)]

    def _slot_label(self, v: Variable, name: str, label: str | None) -> str:
        return f"{self._name}/{v.op.name}/{label or name}"

    def add_slot(self, var: Variable, slot_name: str, initializer: Any = "zeros") -> Variable:
        """A variable of that name beside `var`, for a program's own optimizer."""
        start: Callable[..., Any] | str = initializer
        if isinstance(start, str):
            found: Variable = self._slot(var, slot_name, {"zeros": 0.0, "ones": 1.0}[start])
            return found
        made: Variable = self._get_or_make_slot(var, start(var.shape, dtype=var.dtype) if callable(start) else start, slot_name,
                                                f"{slot_name}")
        return made

    def get_slot(self, var: Variable, name: str) -> Any:
        """The variable of that name that the optimizer keeps beside `var`. GraphError: there is none."""
        found = super().get_slot(var, name)
        if found is None:
            raise GraphError(f"{self._name}: there is no slot {name!r:.40} beside {describe(var)}{here()}")
        return found

    def add_weight(self, name: str, shape: Any, dtype: Any = None, initializer: Any = "zeros", trainable: bool = False, **kwargs: Any) -> Variable:
        """A variable of the optimizer that belongs to no other."""
        if name not in self._apart:
            from .initializers import get
            graph = get_default_graph()
            with graph.name_scope(None), graph.control_dependencies(None):
                self._apart[name] = Variable(get(initializer)(shape, dtype or "float32"), trainable=trainable, name=f"{self._name}/{name}")
        return self._apart[name]

    @property
    def weights(self) -> list[Variable]:
        """The count of steps, and all that the optimizer keeps beside the variables."""
        return [self.iterations, *(v for v in super().variables() if v.graph is self._made)]

    def variables(self) -> list[Variable]:
        """The same as `weights`."""
        return self.weights

    def get_weights(self) -> list[Any]:
        """The values of `weights`, as arrays."""
        held = self.weights
        return list(state.session_of(held[0].graph).run(held))

    def set_weights(self, weights: Any) -> None:
        """Set the values of `weights`, in order. GraphError: another number of arrays, or one of another shape."""
        held, given = self.weights, [np.asarray(w) for w in weights]
        if len(given) != len(held) or any(v.type.shape is not None and a.shape != v.type.shape for v, a in zip(held, given, strict=True)):
            raise GraphError(f"{self._name}.set_weights: {[a.shape for a in given]} are not the shapes of {[v.op.name for v in held]}{here()}")
        for v, a in zip(held, given, strict=True):
            state.session_of(v.graph).load(v, a.astype(v.type.dtype))

    # ------------------------------------------------------------------ its configuration

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the optimizer again, with the present values of its hyperparameters."""
        found: dict[str, Any] = {"name": self._name}
        for name in arguments(self):
            if name != "name":
                found[name] = self._plain(vars(self)["_hyper"][name] if name in self._hyper else getattr(self, name))
        if "decay" in self._hyper:
            found["decay"] = self._plain(self._hyper["decay"])
        return {**found, **{word: vars(self)[word] for word in ("clipnorm", "clipvalue") if word in vars(self)}}

    @staticmethod
    def _plain(value: Any) -> Any:
        from .schedules import serialize as of_schedule
        if isinstance(value, LearningRateSchedule):
            return of_schedule(value)
        if isinstance(value, Variable):
            return float(state.session_of(value.graph).run(value))
        return value() if callable(value) and not isinstance(value, Node) else value

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The optimizer of those arguments."""
        from .schedules import deserialize as to_schedule
        given = dict(config)
        if isinstance(given.get("learning_rate"), Mapping):
            given["learning_rate"] = to_schedule(given["learning_rate"], custom_objects)
        return cls(**given)


STANDARD.add(Optimizer)
