"""Line searches: how far to go along a descent direction, by Armijo's or the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..ir.types import Array
from .objective import Objective

SUFFICIENT_DECREASE = 1e-4      # c1 of Nocedal and Wright 2006, equation 3.4
CURVATURE = 0.9                 # c2, equation 3.7, their value for Newton directions
TRIALS = 40


class Trial(NamedTuple):
    """A step length, with the loss and its slope along the direction there."""

    alpha: float
    f: float
    slope: float


class Step(NamedTuple):
    """Where a step has led, with the loss and its gradient there."""

    x: Array
    f: float
    gradient: Array


def backtrack(loss: Callable[[float], float], f0: float, slope0: float, noise: float = 0.0) -> float | None:
    """The first of 1, 1/2, 1/4 ... that decreases the loss enough (Nocedal and Wright 2006, algorithm 3.1), or None.

    `noise`: an increase that may be rounding. A loss that is nan or infinite counts as an increase.

    >>> backtrack(lambda alpha: (1 - 3 * alpha) ** 2, 1.0, -6.0)
    0.5
    """
    alpha = 1.0
    for _ in range(TRIALS):
        if loss(alpha) <= f0 + SUFFICIENT_DECREASE * alpha * slope0 + noise:
            return alpha
        alpha /= 2
    return None


def strong_wolfe(phi: Callable[[float], Trial], start: Trial, noise: float = 0.0) -> Trial | None:
    """A step that meets the strong Wolfe conditions (Nocedal and Wright 2006, equations 3.7, algorithm 3.5), tried from 1 on.

    When rounding or the number of trials forbids the second condition, a step that meets the first one; None if there is none.

    >>> parabola = lambda alpha: Trial(alpha, (alpha - 3) ** 2, 2 * (alpha - 3))
    >>> strong_wolfe(parabola, parabola(0.0)).alpha
    1.0
    """
    previous, alpha = start, 1.0
    for i in range(TRIALS):
        trial = phi(alpha)
        if not _decreases(trial, start, noise) or (i and trial.f >= previous.f):
            return _zoom(phi, start, previous, trial, noise)
        if abs(trial.slope) <= -CURVATURE * start.slope:
            return trial
        if trial.slope >= 0:
            return _zoom(phi, start, trial, previous, noise)
        previous, alpha = trial, 2 * alpha
    return previous


def _zoom(phi: Callable[[float], Trial], start: Trial, low: Trial, high: Trial, noise: float) -> Trial | None:
    """Algorithm 3.6: narrows the interval between `low`, the best step that decreases the loss enough, and `high`."""
    for _ in range(TRIALS):
        trial = phi(_between(low, high))
        if not _decreases(trial, start, noise) or trial.f >= low.f:
            high = trial
        elif abs(trial.slope) <= -CURVATURE * start.slope:
            return trial
        else:
            if trial.slope * (high.alpha - low.alpha) >= 0:
                high = low
            low = trial
        if abs(high.alpha - low.alpha) <= 1e-12 * max(high.alpha, low.alpha):
            break
    return low if low.alpha > 0 else None


def _decreases(trial: Trial, start: Trial, noise: float) -> bool:
    return trial.f <= start.f + SUFFICIENT_DECREASE * trial.alpha * start.slope + noise


def _between(a: Trial, b: Trial) -> float:
    """The minimiser of the cubic through two trials (equation 3.59), or the middle where that is no good or too near an end."""
    middle, width = (a.alpha + b.alpha) / 2, abs(b.alpha - a.alpha)
    if not (math.isfinite(a.f + b.f) and math.isfinite(a.slope + b.slope)):
        return middle
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.alpha - b.alpha)
    square = d1 * d1 - a.slope * b.slope
    d2 = math.copysign(math.sqrt(max(square, 0.0)), b.alpha - a.alpha)
    below = b.slope - a.slope + 2 * d2
    if square < 0 or below == 0:
        return middle
    alpha = b.alpha - (b.alpha - a.alpha) * (b.slope + d2 - d1) / below
    return alpha if abs(alpha - middle) <= 0.4 * width else middle


def along(objective: Objective, x: Array, p: Array, f: float, gradient: Array, conditions: str) -> Step | None:
    """The step from x in the direction p; None if none decreases the loss by more than rounding.

    `conditions`: "wolfe", which computes the gradient with each loss, or "armijo", which computes it at the end only.
    """
    slope = float(gradient @ p)
    noise = 4 * objective.precision * abs(f)
    seen: dict[float, Step] = {}

    def phi(alpha: float) -> Trial:
        step = seen[alpha] = Step(x + alpha * p, *objective.loss_and_gradient(x + alpha * p))
        along_p = float(step.gradient @ p)
        return Trial(alpha, step.f, along_p) if math.isfinite(step.f + along_p) else Trial(alpha, math.inf, math.nan)

    if conditions == "wolfe":
        trial = strong_wolfe(phi, Trial(0.0, f, slope), noise)
        return None if trial is None else seen[trial.alpha]
    alpha = backtrack(lambda alpha: objective.loss(x + alpha * p), f, slope, noise)
    return None if alpha is None else Step(x + alpha * p, *objective.loss_and_gradient(x + alpha * p))
