"""Learning rates along a cosine, as functions of the steps that an optimizer has taken; they stand in `tf.keras.experimental`."""

from __future__ import annotations

from typing import Any

from ..train import rates
from .schedules import LearningRateSchedule

__all__ = ["CosineDecay", "CosineDecayRestarts", "LinearCosineDecay", "NoisyLinearCosineDecay"]


class CosineDecay(LearningRateSchedule):
    """From initial_learning_rate along half a cosine to `alpha` of it in decay_steps: see `tf.train.cosine_decay`.

    DTypeError, by the call: no numbers.

    >>> rate = tf.keras.experimental.CosineDecay(0.5, decay_steps=10)
    >>> np.round(tf.Session(jit=False).run([rate(0), rate(5), rate(20)]), 4)
    array([0.5 , 0.25, 0.  ], dtype=float32)
    """

    def __init__(self, initial_learning_rate: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None):
        self.initial_learning_rate, self.decay_steps, self.alpha, self.name = initial_learning_rate, decay_steps, alpha, name

    def __call__(self, step: Any) -> Any:
        return rates.cosine_decay(self.initial_learning_rate, step, self.decay_steps, self.alpha, self.name)


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine again and again, each `t_mul` times as long and `m_mul` times as high: see `tf.train.cosine_decay_restarts`.

    DTypeError, by the call: no numbers.
    """

    def __init__(self, initial_learning_rate: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0, alpha: float = 0.0,
                 name: str | None = None):
        self.initial_learning_rate, self.first_decay_steps, self.alpha, self.name = initial_learning_rate, first_decay_steps, alpha, name
        self.t_mul, self.m_mul = t_mul, m_mul

    def __call__(self, step: Any) -> Any:
        return rates.cosine_decay_restarts(self.initial_learning_rate, step, self.first_decay_steps, self.t_mul, self.m_mul, self.alpha, self.name)


class LinearCosineDecay(LearningRateSchedule):
    """Along a line times a cosine of `num_periods`, and `beta` of the rate: see `tf.train.linear_cosine_decay`.

    DTypeError, by the call: no numbers.
    """

    def __init__(self, initial_learning_rate: Any, decay_steps: Any, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001,
                 name: str | None = None):
        self.initial_learning_rate, self.decay_steps, self.num_periods = initial_learning_rate, decay_steps, num_periods
        self.alpha, self.beta, self.name = alpha, beta, name

    def __call__(self, step: Any) -> Any:
        return rates.linear_cosine_decay(self.initial_learning_rate, step, self.decay_steps, self.num_periods, self.alpha, self.beta, self.name)


class NoisyLinearCosineDecay(LearningRateSchedule):
    """`LinearCosineDecay` with normal noise on the line, whose variance shrinks: see `tf.train.noisy_linear_cosine_decay`.

    DTypeError, by the call: no numbers.
    """

    def __init__(self, initial_learning_rate: Any, decay_steps: Any, initial_variance: float = 1.0, variance_decay: float = 0.55,
                 num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001, name: str | None = None):
        self.initial_learning_rate, self.decay_steps, self.num_periods = initial_learning_rate, decay_steps, num_periods
        self.initial_variance, self.variance_decay, self.alpha, self.beta, self.name = initial_variance, variance_decay, alpha, beta, name

    def __call__(self, step: Any) -> Any:
        return rates.noisy_linear_cosine_decay(self.initial_learning_rate, step, self.decay_steps, self.initial_variance, self.variance_decay,
                                               self.num_periods, self.alpha, self.beta, self.name)
