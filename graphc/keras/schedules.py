"""`tf.keras.optimizers.schedules`: learning rates as functions of the steps that an optimizer has taken."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from ..errors import UnimplementedError
from ..ir.configured import Configured
from ..ir.node import here
from ..tf1_names import namespace as _namespace
from ..train import rates
from .named import Family, serialize_keras_object

__all__ = ["ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule", "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize"]


class LearningRateSchedule(Configured):
    """A learning rate that depends on the step; a program's own says by `__call__(step)` how.

    >>> class Halved(tf.keras.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5 ** step
    >>> tf.Session(jit=False).run(Halved()(tf.constant(2.0)))
    np.float32(0.25)
    """

    def __call__(self, step: Any) -> Any:
        raise UnimplementedError(f"{type(self).__name__} does not say what the rate of a step is: it has no __call__(step){here()}")


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps), in whole steps if `staircase`: see `tf.train.exponential_decay`.

    DTypeError, by the call: no numbers.

    >>> rate = tf.keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> tf.Session(jit=False).run(rate(20))
    np.float32(0.025)
    """

    def __init__(self, initial_learning_rate: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: str | None = None):
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        return rates.exponential_decay(self.initial_learning_rate, step, self.decay_steps, self.decay_rate, self.staircase, self.name)


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps), in whole steps if `staircase`. DTypeError, by the call: no numbers."""

    def __init__(self, initial_learning_rate: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False, name: str | None = None):
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        return rates.inverse_time_decay(self.initial_learning_rate, step, self.decay_steps, self.decay_rate, self.staircase, self.name)


class PolynomialDecay(LearningRateSchedule):
    """From initial_learning_rate to end_learning_rate by (1 - step / decay_steps) ** power: see `tf.train.polynomial_decay`.

    DTypeError, by the call: no numbers.
    """

    def __init__(self, initial_learning_rate: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0, cycle: bool = False,
                 name: str | None = None):
        self.initial_learning_rate, self.decay_steps, self.end_learning_rate = initial_learning_rate, decay_steps, end_learning_rate
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step: Any) -> Any:
        return rates.polynomial_decay(self.initial_learning_rate, step, self.decay_steps, self.end_learning_rate, self.power, self.cycle, self.name)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] as long as step <= boundaries[i], then the next: see `tf.train.piecewise_constant`. GraphError, by the call: their numbers.

    >>> rate = tf.keras.optimizers.schedules.PiecewiseConstantDecay([10.0], [0.5, 0.25])
    >>> tf.Session(jit=False).run([rate(tf.constant(10.0)), rate(tf.constant(11.0))])
    [np.float32(0.5), np.float32(0.25)]
    """

    def __init__(self, boundaries: Any, values: Any, name: str | None = None):
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        return rates.piecewise_constant(step, [float(b) for b in self.boundaries], self.values, self.name)


def _known() -> dict[str, Any]:
    """The classes of schedules by name, those of `tf.keras.experimental` too."""
    cosines = import_module(".schedules_cosine", __package__)
    own = {n: globals()[n] for n in __all__ if n not in ("deserialize", "serialize")}
    return {**own, **{n: getattr(cosines, n) for n in cosines.__all__}}


_family = Family("learning rate schedule", _known)


def serialize(learning_rate_schedule: Any) -> Any:
    """The configuration of a schedule. GraphError: it has none."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule of a configuration. GraphError: there is none."""
    return _family.deserialize(config, custom_objects)


_namespace(globals())
