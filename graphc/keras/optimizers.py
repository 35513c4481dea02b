"""`tf.keras.optimizers`: how a model's variables move by their gradients, with hyperparameters that can be set between steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError
from ..ir.node import Node, here
from ..ops.math import abs as absolute
from ..ops.math import cast, maximum, pow, sqrt, square, where
from ..ops.state import Variable, assign
from ..tf1_names import namespace as _namespace
from ..train.optimizer import GradsAndVars, touched_rows
from ..train.optimizer import Optimizer as _OfTrain
from ..train.proximal import FtrlOptimizer, _not_below
from . import schedules as schedules
from .backend.state import epsilon as _epsilon
from .named import Family, serialize_keras_object
from .optimizer_base import Optimizer, hyper_name

__all__ = ["Adadelta", "Adagrad", "Adam", "Adamax", "Ftrl", "Nadam", "Optimizer", "RMSprop", "SGD", "deserialize", "get", "schedules", "serialize"]


class SGD(Optimizer):
    """v <- v - learning_rate g; with momentum a <- momentum a - learning_rate g, v <- v + a (Polyak 1964), or Nesterov's look-ahead.

    DTypeError: a hyperparameter is no number or tensor. GraphError: a momentum outside [0, 1]. GradientError, by `minimize`: no path leads to
    a variable.

    >>> v = tf.Variable(1.0)
    >>> sess = tf.Session(jit=False)
    >>> sess.run(tf.keras.optimizers.SGD(0.25).minimize(v * v, [v]))
    >>> sess.run(v)
    np.float32(0.5)
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.01, momentum: Any = 0.0, nesterov: bool = False, name: str = "SGD", **kwargs: Any):
        super().__init__(name, **kwargs)
        if isinstance(momentum, (int, float)) and not 0 <= momentum <= 1:
            raise GraphError(f"SGD: the momentum {momentum} is not in [0, 1]{here()}")
        self._set_hypers(learning_rate, momentum=momentum)
        self._momentum, self.nesterov = bool(isinstance(momentum, Node) or callable(momentum) or momentum > 0), nesterov

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        step = -(hyper["learning_rate"] * g)
        if not self._momentum:
            return self._moved([(v, v + step, None)])
        slot = self._slot(v, "momentum")
        a = hyper["momentum"] * slot + step
        return self._sparse(g, [(slot, a, None), (v, v + (hyper["momentum"] * a + step if self.nesterov else a), None)])


class RMSprop(Optimizer):
    """m <- rho m + (1 - rho) g^2; v <- v - learning_rate g / (sqrt(m) + epsilon) (Tieleman and Hinton 2012).

    With a momentum p <- momentum p + learning_rate g / sqrt(m + epsilon), v <- v - p; `centered` subtracts the squared running mean of g under
    the root (Graves 2013). DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.001, rho: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-7, centered: bool = False,
                 name: str = "RMSprop", **kwargs: Any):
        super().__init__(name, **kwargs)
        if isinstance(momentum, (int, float)) and not 0 <= momentum <= 1:
            raise GraphError(f"RMSprop: the momentum {momentum} is not in [0, 1]{here()}")
        self._set_hypers(learning_rate, rho=rho, momentum=momentum)
        self._momentum = bool(isinstance(momentum, Node) or callable(momentum) or momentum > 0)
        self.epsilon, self.centered = epsilon or _epsilon(), centered

    def _takes_rows(self) -> bool:
        """Without a momentum all rows decay, as in TensorFlow."""
        return self._momentum

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        slot, rho, rate = self._slot(v, "rms"), hyper["rho"], hyper["learning_rate"]
        m = rho * slot + (1.0 - rho) * square(g)
        updates, spread = [(slot, m, None)], m
        if self.centered:
            mean_slot = self._slot(v, "mg")
            mean = rho * mean_slot + (1.0 - rho) * g
            updates.append((mean_slot, mean, None))
            spread = m - square(mean)
        if not self._momentum:
            return self._moved([*updates, (v, v - rate * g / (sqrt(spread) + self.epsilon), None)])
        p_slot = self._slot(v, "momentum")
        p = hyper["momentum"] * p_slot + rate * g / sqrt(spread + self.epsilon)
        return self._sparse(g, [*updates, (p_slot, p, None), (v, v - p, None)])


class Adagrad(Optimizer):
    """a <- a + g^2; v <- v - learning_rate g / (sqrt(a) + epsilon) (Duchi, Hazan and Singer 2011).

    GraphError: an accumulator that begins below 0. DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path
    leads to a variable.
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: Any = 1e-7, name: str = "Adagrad",
                 **kwargs: Any):
        super().__init__(name, **kwargs)
        if initial_accumulator_value < 0:
            raise GraphError(f"Adagrad: initial_accumulator_value is {initial_accumulator_value}, below 0{here()}")
        self._set_hypers(learning_rate)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon or _epsilon()

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        slot = self._slot(v, "accumulator", self.initial_accumulator_value)
        a = slot + square(g)
        return self._moved([(slot, a, None), (v, v - hyper["learning_rate"] * g / (sqrt(a) + self.epsilon), None)])


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1), scaled by learning_rate.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-7, name: str = "Adadelta", **kwargs: Any):
        super().__init__(name, **kwargs)
        self._set_hypers(learning_rate, rho=rho)
        self.epsilon = epsilon or _epsilon()

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rho, a_slot, d_slot = hyper["rho"], self._slot(v, "accum_grad"), self._slot(v, "accum_var")
        a = rho * a_slot + (1.0 - rho) * square(g)
        step = sqrt(d_slot + self.epsilon) / sqrt(a + self.epsilon) * g
        d = rho * d_slot + (1.0 - rho) * square(step)
        return self._sparse(g, [(a_slot, a, None), (d_slot, d, None), (v, v - hyper["learning_rate"] * step, None)])


class _Moments(Optimizer):
    """What optimizers with running means of gradients share: two decay rates, and how often they have been taken."""

    def __init__(self, learning_rate: Any, beta_1: Any, beta_2: Any, epsilon: Any, name: str, **kwargs: Any):
        super().__init__(name, **kwargs)
        self._set_hypers(learning_rate, beta_1=beta_1, beta_2=beta_2)
        self.epsilon = epsilon or _epsilon()

    def _values(self, dtype: np.dtype[Any], names: Any = None) -> dict[str, Any]:
        found = super()._values(dtype, names)
        return found if names is not None else {**found, **self._of_step(found, cast(self.iterations + 1, dtype))}

    def _of_step(self, hyper: dict[str, Any], step: Node) -> dict[str, Any]:
        """What the updates of all variables share, by the number of the step, from 1 on."""
        return {}


class Adam(_Moments):
    """Adam (Kingma and Ba 2015), with epsilon added to the uncorrected root; `amsgrad`: by the largest second moment so far (Reddi et al. 2018).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.

    >>> v = tf.Variable(1.0)
    >>> optimizer, sess = tf.keras.optimizers.Adam(lr=0.1), tf.Session(jit=False)
    >>> step = optimizer.minimize(v * v, [v])
    >>> sess.run(step)
    >>> sess.run(v).round(3), sess.run(optimizer.iterations)
    (np.float32(0.9), np.int64(1))
    """

    def __init__(self, learning_rate: Any = 0.001, beta_1: Any = 0.9, beta_2: Any = 0.999, epsilon: Any = 1e-7, amsgrad: bool = False,
                 name: str = "Adam", **kwargs: Any):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name, **kwargs)
        self.amsgrad = amsgrad

    def _of_step(self, hyper: dict[str, Any], step: Node) -> dict[str, Any]:
        return {"rate": hyper["learning_rate"] * sqrt(1.0 - pow(hyper["beta_2"], step)) / (1.0 - pow(hyper["beta_1"], step))}

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        m_slot, s_slot = self._slot(v, "m"), self._slot(v, "v")
        m = m_slot + (1.0 - hyper["beta_1"]) * (g - m_slot)
        s = s_slot + (1.0 - hyper["beta_2"]) * (square(g) - s_slot)
        updates: list[Any] = [(m_slot, m, None), (s_slot, s, None)]
        largest = s
        if self.amsgrad:
            slot = self._slot(v, "vhat")
            largest = maximum(slot, s)
            updates.append((slot, largest, None))
        return self._moved([*updates, (v, v - hyper["rate"] * m / (sqrt(largest) + self.epsilon), None)])


class Adamax(_Moments):
    """Adam by the largest gradient, which fades, and not by the root of a mean (Kingma and Ba 2015, algorithm 2).

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.
    """

    _by_rows = True

    def __init__(self, learning_rate: Any = 0.001, beta_1: Any = 0.9, beta_2: Any = 0.999, epsilon: Any = 1e-7, name: str = "Adamax", **kwargs: Any):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name, **kwargs)

    def _of_step(self, hyper: dict[str, Any], step: Node) -> dict[str, Any]:
        return {"rate": hyper["learning_rate"] / (1.0 - pow(hyper["beta_1"], step))}

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        m_slot, s_slot = self._slot(v, "m"), self._slot(v, "v")
        m = hyper["beta_1"] * m_slot + (1.0 - hyper["beta_1"]) * g
        s = maximum(hyper["beta_2"] * s_slot, absolute(g))
        return self._sparse(g, [(m_slot, m, None), (s_slot, s, None), (v, v - hyper["rate"] * m / (s + self.epsilon), None)])


class Nadam(_Moments):
    """Adam with Nesterov's momentum, which is warmed up (Dozat 2015). The rate does not decay: `schedule_decay` is the warming up's.

    DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no path leads to a variable.
    """

    def __init__(self, learning_rate: Any = 0.001, beta_1: Any = 0.9, beta_2: Any = 0.999, epsilon: Any = 1e-7, name: str = "Nadam", **kwargs: Any):
        warming = kwargs.pop("schedule_decay", kwargs.pop("decay", 0.004))
        super().__init__(learning_rate, beta_1, beta_2, epsilon, name, **kwargs)
        self._set_hyper("schedule_decay", warming)
        self._schedule: Any = None

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        """What others call `decay` is not used, and in TensorFlow's checkpoints the warming up's goes by that name."""
        return [("decay" if name == "schedule_decay" else name, x) for name, x in super()._checkpoint_dependencies if name != "decay"]

    def _begin(self, pairs: GradsAndVars) -> None:
        super()._begin(pairs)
        self._schedule = self.add_weight("momentum_cache", [], initializer="ones")

    def _of_step(self, hyper: dict[str, Any], step: Node) -> dict[str, Any]:
        now, then = (hyper["beta_1"] * (1.0 - 0.5 * pow(0.96, hyper["schedule_decay"] * s)) for s in (step, step + 1.0))
        product = cast(self._schedule, step.dtype) * now
        return {"now": now, "then": then, "product": product, "second": 1.0 - pow(hyper["beta_2"], step)}

    def _closing(self, shared: dict[str, Any]) -> list[Any]:
        first = next(iter(self._hyper_at.values()))
        return [assign(self._schedule, cast(first["product"], "float32"))]

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        m_slot, s_slot = self._slot(v, "m"), self._slot(v, "v")
        m = hyper["beta_1"] * m_slot + (1.0 - hyper["beta_1"]) * g
        s = hyper["beta_2"] * s_slot + (1.0 - hyper["beta_2"]) * square(g)
        ahead = (1.0 - hyper["now"]) * g / (1.0 - hyper["product"]) + hyper["then"] * m / (1.0 - hyper["product"] * hyper["then"])
        new = v - hyper["learning_rate"] * ahead / (sqrt(s / hyper["second"]) + self.epsilon)
        touched = touched_rows(g)           # as in TensorFlow all moments fade, and only the rows move that the gradient names
        return self._moved([(m_slot, m, None), (s_slot, s, None), (v, new if touched is None else where(touched, new, v), None)])


class Ftrl(Optimizer):
    """`tf.train.FtrlOptimizer` with hyperparameters as Keras has them (McMahan et al. 2013).

    GraphError: a penalty below 0, or a power above it. DTypeError: a hyperparameter is no number or tensor; GradientError, by `minimize`: no
    path leads to a variable.
    """

    _by_rows = True
    _sum_name = "accumulator"

    def __init__(self, learning_rate: Any = 0.001, learning_rate_power: Any = -0.5, initial_accumulator_value: float = 0.1,
                 l1_regularization_strength: Any = 0.0, l2_regularization_strength: Any = 0.0, name: str = "Ftrl",
                 l2_shrinkage_regularization_strength: Any = 0.0, **kwargs: Any):
        super().__init__(name, **kwargs)
        _not_below(name, 0.0, initial_accumulator_value=initial_accumulator_value, l1_regularization_strength=l1_regularization_strength,
                   l2_regularization_strength=l2_regularization_strength,
                   l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength)
        if isinstance(learning_rate_power, (int, float)) and learning_rate_power > 0:
            raise GraphError(f"{name}: learning_rate_power is {learning_rate_power}, above 0{here()}")
        self._start, self._labels = initial_accumulator_value, {"accum": None, "linear": None}
        self.initial_accumulator_value = initial_accumulator_value
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._set_hypers(learning_rate, learning_rate_power=learning_rate_power, l1_regularization_strength=l1_regularization_strength,
                         l2_regularization_strength=l2_regularization_strength)

    def _update(self, g: Node, v: Any, **hyper: Any) -> list[Any]:
        rule: Any = FtrlOptimizer._update
        updates: list[Any] = rule(self, g, v, learning_rate=hyper["learning_rate"], power=hyper["learning_rate_power"],
                                  l1=hyper["l1_regularization_strength"], l2=hyper["l2_regularization_strength"],
                                  shrinkage=self.l2_shrinkage_regularization_strength)
        return updates


class TFOptimizer(Optimizer):
    """An optimizer of `tf.train` in the place of one of Keras: the steps are its own."""

    def __init__(self, optimizer: Any, iterations: Variable | None = None):
        super().__init__(optimizer.get_name())
        self.optimizer = optimizer
        if iterations is not None:
            self.iterations = iterations

    def __getattr__(self, name: str) -> Any:
        held = vars(self).get("optimizer")
        word = hyper_name(name)
        if held is not None and word in held._hyper:
            return held._hyper[word]
        return super().__getattr__(name)

    def apply_gradients(self, grads_and_vars: Any, name: Any = None, global_step: Any = None) -> Any:  # type: ignore[override]
        """The step of the optimizer of `tf.train`, which also counts."""
        return self.optimizer.apply_gradients(grads_and_vars, global_step if global_step is not None else self.iterations, name)

    def get_gradients(self, loss: Any, params: Sequence[Any]) -> list[Any]:
        """The gradients of a loss, as the optimizer computes them."""
        return [g for g, _ in self.optimizer.compute_gradients(loss, list(params))]

    @property
    def weights(self) -> list[Variable]:
        """The count of steps, and all that the optimizer keeps beside the variables."""
        return [self.iterations, *self.optimizer.variables()]

    def get_config(self) -> dict[str, Any]:
        """GraphError: an optimizer of `tf.train` cannot be written down."""
        raise GraphError(f"{self._name}: an optimizer of tf.train has no configuration; give one of tf.keras.optimizers{here()}")


_KNOWN = {"adadelta": Adadelta, "adagrad": Adagrad, "adam": Adam, "adamax": Adamax, "ftrl": Ftrl, "nadam": Nadam, "rmsprop": RMSprop, "sgd": SGD}
_family = Family("optimizer", lambda: {**_KNOWN, **{c.__name__: c for c in _KNOWN.values()}})


def get(identifier: Any) -> Any:
    """The optimizer that a name, in any case, a configuration, or one of `tf.train` stands for. GraphError: there is none.

    >>> tf.keras.optimizers.get("RMSprop").get_config()["rho"]
    0.9
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, _OfTrain):
        return TFOptimizer(identifier)
    if hasattr(identifier, "get_updates"):
        return identifier
    if not isinstance(identifier, (str, Mapping)):
        raise GraphError(f"{identifier!r:.60} is no optimizer: it is a name, a configuration, or an object{here()}")
    return deserialize(identifier)


def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer. GraphError: it has none.

    >>> tf.keras.optimizers.serialize(tf.keras.optimizers.SGD())["config"]["learning_rate"]
    0.01
    """
    return serialize_keras_object(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer of a name or a configuration. GraphError: there is none."""
    if isinstance(config, str):
        return _family.deserialize(config.lower() if config.lower() in _KNOWN else config, custom_objects)
    name = str(config.get("class_name", ""))
    return _family.deserialize({**config, "class_name": name.lower() if name.lower() in _KNOWN else name}, custom_objects)


_namespace(globals())
