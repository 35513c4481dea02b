"""Estimates of how steep a function gets on a box, from its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autodiff.gradients import gradients
from ..errors import DTypeError, GradientError, GraphError, ShapeError
from ..ir.graph import get_default_session
from ..ir.node import Node, describe, here
from ..ir.types import Array, TensorType
from .matrices import HessianProduct
from .objective import Objective, bounds_of

DUAL = {1: np.inf, 2: 2, np.inf: 1}


class Lipschitz(NamedTuple):
    """`constant`: the steepest slope found; `at`: where, one array a tensor of x; `sampled`: the steepest among the samples alone."""

    constant: float
    at: list[Array]
    sampled: float


def lipschitz_estimate(y: Node, x: Any, box: Any, samples: int = 1000, seed: int = 0, norm: float = 2, climbs: int = 10,
                       session: Any = None, feed_dict: Mapping[Any, Any] | None = None) -> Lipschitz:
    """A lower estimate of the Lipschitz constant of the scalar `y` as a function of `x` on a box.

    The least L with |y(a) - y(b)| <= L |a - b|_p for all a, b in the box is, the box being convex and y differentiable, the largest
    |grad y|_q on it, 1/p + 1/q = 1 (Paulavicius and Zilinskas 2006, theorem 1). It is estimated by the largest among `samples` points
    (Wood and Zhang 1996): one in each slice of each axis (a Latin hypercube, McKay, Beckman and Conover 1979); from the best `climbs` of
    them projected gradient ascent goes on to a local maximum. No sampling proves an upper bound: the true constant is at least
    `constant`, up to rounding, and equals it if one of the climbs ends at the steepest point.

    `x`: a tensor of a floating dtype, or a list of them; all else is fed or taken from the session. `box`: (lower, upper) of numbers or
    arrays that broadcast to x; for a list of x, a list of such pairs. `norm`: p, one of 1, 2 and inf. `climbs` need a second derivative.

    Raises DTypeError, ShapeError: y that is no floating scalar, bounds that do not fit. GraphError: an infinite box, a bad option.
    GradientError: no path from y to x.
    """
    xs, boxes = (list(x), list(box)) if isinstance(x, (list, tuple)) else ([x], [box])
    _check(y, xs, boxes, samples, norm, climbs)
    session = session if session is not None else get_default_session()
    if session is None:
        raise GraphError(f"lipschitz_estimate needs a session: session= or `with tf.Session():`{here()}")
    gradient = gradients(y, xs)
    if any(g is None for g in gradient):
        raise GradientError(f"lipschitz_estimate: no gradient leads from {describe(y)} to {describe(xs[gradient.index(None)])}{here()}")
    shapes = [v.type.shape for v in xs]
    lower, upper = bounds_of(xs, shapes, dict(zip(xs, boxes, strict=True)))
    if not np.isfinite(upper - lower).all():
        raise GraphError(f"lipschitz_estimate: the box must be finite, not {box!r:.80}{here()}")
    objective = Objective(session, xs, y, [g for g in gradient if g is not None], feed_dict or {},
                          start=[np.zeros(shape) for shape in shapes])
    slope = _Slope(objective, HessianProduct(y, xs) if climbs else None, DUAL[norm])
    points = latin_hypercube(np.random.default_rng(seed), samples, lower, upper)
    slopes = np.array([slope.at(point)[0] for point in points])
    if not np.isfinite(slopes).any():
        raise GradientError(f"lipschitz_estimate: the gradient of {describe(y)} is finite at none of {samples} points{here()}")
    slopes = np.where(np.isfinite(slopes), slopes, -np.inf)
    best = np.argsort(-slopes, kind="stable")[:max(1, climbs)]
    tops = [slope.climb(points[i], lower, upper) if climbs else (float(slopes[i]), points[i]) for i in best]
    constant, at = max(tops, key=lambda top: top[0])
    return Lipschitz(constant, objective.unpack(at), float(slopes[best[0]]))


class _Slope:
    """The dual norm of the gradient as a function to climb."""

    def __init__(self, objective: Objective, product: HessianProduct | None, q: float):
        self.objective, self.product, self.q = objective, product, q

    def at(self, x: Array) -> tuple[float, Array]:
        """|g|_q and g at a point."""
        g = self.objective.loss_and_gradient(x)[1]
        return float(np.linalg.norm(g, self.q)), g

    def uphill(self, x: Array, g: Array) -> Array:
        """The gradient of |g|_q: H u, where u is the gradient of the norm at g."""
        assert self.product is not None
        if self.q == 2:
            u = g / (np.linalg.norm(g) or 1.0)
        elif self.q == 1:
            u = np.sign(g)
        else:
            u = np.where(np.arange(g.size) == np.argmax(np.abs(g)), np.sign(g), 0.0)
        return self.product.at(self.objective, x, u)

    def climb(self, x: Array, lower: Array, upper: Array) -> tuple[float, Array]:
        """Projected gradient ascent; a step doubles after it has gained, and is halved until it does (Bertsekas 1976)."""
        value, g = self.at(x)
        length = 0.1
        for _ in range(100):
            d = self.uphill(x, g)
            size = float(np.max(np.abs(d) / np.where(upper > lower, upper - lower, 1.0), initial=0.0))
            if not 0 < size < np.inf:
                break
            while length > 1e-10:
                trial = np.clip(x + length / size * d, lower, upper)
                trial_value, trial_g = self.at(trial)
                if trial_value > value:
                    break
                length /= 2
            else:
                break
            x, value, g, length = trial, trial_value, trial_g, min(1.0, 2 * length)
        return value, x


def latin_hypercube(rng: np.random.Generator, samples: int, lower: Array, upper: Array) -> Array:
    """Points [samples, n] of which each of the `samples` equal slices of each axis holds one."""
    slices = rng.permuted(np.tile(np.arange(samples), (lower.size, 1)), axis=1).T
    return lower + (slices + rng.random((samples, lower.size))) / samples * (upper - lower)


def _check(y: Any, xs: Sequence[Any], boxes: Sequence[Any], samples: int, norm: float, climbs: int) -> None:
    where = f"{here()}"
    for v in (y, *xs):
        if not isinstance(v, Node) or not isinstance(v.type, TensorType) or v.type.dtype.kind != "f":
            raise DTypeError(f"lipschitz_estimate: {describe(v) if isinstance(v, Node) else repr(v)[:80]} is not a tensor of a floating dtype{where}")
    if y.type.shape != ():
        raise ShapeError(f"lipschitz_estimate: {describe(y)} is not a scalar{where}")
    for v in xs:
        if not v.type.known:
            raise ShapeError(f"lipschitz_estimate: the shape of {describe(v)} is not fully known{where}")
    if len(boxes) != len(xs) or any(not isinstance(b, (tuple, list)) or len(b) != 2 for b in boxes):
        raise GraphError(f"lipschitz_estimate: the box must be (lower, upper), for a list of x a list of such pairs{where}")
    if norm not in list(DUAL):
        raise GraphError(f"lipschitz_estimate: norm must be 1, 2 or inf, not {norm!r:.40}{where}")
    for option, value, least in (("samples", samples, 1), ("climbs", climbs, 0)):
        if not isinstance(value, (int, np.integer)) or value < least:
            raise GraphError(f"lipschitz_estimate: {option} must be a whole number from {least} on, not {value!r:.40}{where}")
