"""Test functions of Moré, Garbow and Hillstrom (1981), "Testing unconstrained optimization software", ACM TOMS 7(1), with their numbers.

Each is written once, from the paper's formulas, upon arrays: of numpy's real or complex numbers, of mpmath's numbers of any precision, or
tensors; `m` has the functions that the kind of number needs. The objective is the sum of the squares of the residuals.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import mpmath
import numpy as np

import graphc as tf

# Functions of arrays of numpy's numbers, of mpmath's, and of tensors.
NUMPY = SimpleNamespace(exp=np.exp, log=np.log, sqrt=np.sqrt, sin=np.sin, cos=np.cos, atan=np.arctan, sum=np.sum, prod=np.prod,
                        join=lambda parts: np.concatenate([np.reshape(p, -1) for p in parts]), positive=lambda x: np.real(x) > 0,
                        where=np.where)
_EACH = {name: np.frompyfunc(getattr(mpmath, name), 1, 1) for name in ("exp", "log", "sqrt", "sin", "cos", "atan")}
PRECISE = SimpleNamespace(**_EACH, sum=np.sum, prod=np.prod, join=NUMPY.join, positive=lambda x: x > 0, where=np.where)
TENSORS = SimpleNamespace(exp=tf.exp, log=tf.log, sqrt=tf.sqrt, sin=tf.sin, cos=tf.cos, atan=tf.atan, sum=tf.reduce_sum, prod=tf.reduce_prod,
                          join=lambda parts: tf.concat([tf.reshape(p, [-1]) for p in parts], 0), positive=lambda x: x > 0.0, where=tf.where)


class Problem(NamedTuple):
    """A problem of the paper, its starting point, and the values of the objective at the minima that the paper lists."""

    number: int
    name: str
    residuals: Callable[[Any, Any], Any]       # (x, m) -> residuals
    start: list[float]
    minima: list[float]                        # six digits, as printed


def objective(problem: Problem, x: Any, m: Any) -> Any:
    r = problem.residuals(x, m)
    return m.sum(r * r)


# ---------------------------------------------------------------------- data of the paper

_BARD = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])
_GAUSS = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989])
_MEYER = np.array([34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872], float)
_KOWALIK_Y = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
_KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
_OSBORNE_1 = np.array([0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.580,
                       0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406])
_OSBORNE_2 = np.array([1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606, 0.602,
                       0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375,
                       0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591,
                       0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054])


def _counted(n: int, start: int = 1) -> np.ndarray:
    return np.arange(start, start + n, dtype=float)


# ---------------------------------------------------------------------- residuals

def _helical_valley(x: Any, m: Any) -> Any:
    turn = m.atan(x[1] / x[0]) / (2 * np.pi) + m.where(m.positive(x[0]), 0.0, 0.5)
    return m.join([10 * (x[2] - 10 * turn), 10 * (m.sqrt(x[0] * x[0] + x[1] * x[1]) - 1), x[2]])


def _bard(x: Any, m: Any) -> Any:
    u = _counted(15)
    v = 16 - u
    return _BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def _gaussian(x: Any, m: Any) -> Any:
    t = (8 - _counted(15)) / 2
    y = np.concatenate([_GAUSS, _GAUSS[-2::-1]])
    return x[0] * m.exp(x[1] * ((t - x[2]) * (t - x[2])) / -2) - y


def _gulf(x: Any, m: Any) -> Any:
    # The paper's |y_i m i x_2| is a misprint of |y_i - x_2|, which is y_i - x_2 at all that is tried here.
    t = _counted(99) / 100
    y = 25 + (-50 * np.log(t))**(2 / 3)
    return m.exp(-m.exp(x[2] * m.log(y - x[1])) / x[0]) - t


def _box(x: Any, m: Any) -> Any:
    t = _counted(10) / 10
    return m.exp(-t * x[0]) - m.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def _kowalik(x: Any, m: Any) -> Any:
    u = _KOWALIK_U
    return _KOWALIK_Y - x[0] * (u * u + u * x[1]) / (u * u + u * x[2] + x[3])


def _brown_dennis(x: Any, m: Any) -> Any:
    t = _counted(20) / 5
    a, b = x[0] + t * x[1] - np.exp(t), x[2] + x[3] * np.sin(t) - np.cos(t)
    return a * a + b * b


def _osborne_1(x: Any, m: Any) -> Any:
    t = 10 * _counted(33, 0)
    return _OSBORNE_1 - (x[0] + x[1] * m.exp(-t * x[3]) + x[2] * m.exp(-t * x[4]))


def _biggs(x: Any, m: Any) -> Any:
    t = _counted(13) / 10
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * m.exp(-t * x[0]) - x[3] * m.exp(-t * x[1]) + x[5] * m.exp(-t * x[4]) - y


def _osborne_2(x: Any, m: Any) -> Any:
    t = _counted(65, 0) / 10
    bumps = [x[i] * m.exp(-x[4 + i] * ((t - x[7 + i]) * (t - x[7 + i]))) for i in (1, 2, 3)]
    return _OSBORNE_2 - (x[0] * m.exp(-t * x[4]) + bumps[0] + bumps[1] + bumps[2])


def _watson(x: Any, m: Any) -> Any:
    n, t = x.shape[0], _counted(29)[:, None] / 29
    j = _counted(int(n), 0)
    slopes = j[1:] * t**(j[1:] - 1)
    value = m.sum(t**j * x, axis=1)
    return m.join([m.sum(slopes * x[1:], axis=1) - value * value - 1, x[0], x[1] - x[0] * x[0] - 1])


def _extended_rosenbrock(x: Any, m: Any) -> Any:
    odd, even = x[::2], x[1::2]
    return m.join([10 * (even - odd * odd), 1 - odd])


def _extended_powell(x: Any, m: Any) -> Any:
    a, b, c, d = (x[i::4] for i in range(4))
    return m.join([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) * (b - 2 * c), 10**0.5 * ((a - d) * (a - d))])


def _penalty_1(x: Any, m: Any) -> Any:
    return m.join([1e-5**0.5 * (x - 1), m.sum(x * x) - 0.25])


def _penalty_2(x: Any, m: Any) -> Any:
    n = int(x.shape[0])
    i = _counted(n)
    y = np.exp(i[1:] / 10) + np.exp(i[:-1] / 10)
    e = m.exp(x / 10)
    return m.join([x[0] - 0.2, 1e-5**0.5 * (e[1:] + e[:-1] - y), 1e-5**0.5 * (e[1:] - np.exp(-0.1)), m.sum((n + 1 - i) * (x * x)) - 1])


def _variably_dimensioned(x: Any, m: Any) -> Any:
    total = m.sum(_counted(int(x.shape[0])) * (x - 1))
    return m.join([x - 1, total, total * total])


def _trigonometric(x: Any, m: Any) -> Any:
    n = int(x.shape[0])
    return n - m.sum(m.cos(x)) + _counted(n) * (1 - m.cos(x)) - m.sin(x)


def _brown_almost_linear(x: Any, m: Any) -> Any:
    return m.join([x[:-1] + m.sum(x) - (int(x.shape[0]) + 1), m.prod(x) - 1])


def _cubes(x: Any, t: np.ndarray) -> Any:
    s = x + t + 1
    return s * s * s


def _discrete_boundary_value(x: Any, m: Any) -> Any:
    n = int(x.shape[0])
    h = 1 / (n + 1)
    padded = m.join([0.0 * x[:1], x, 0.0 * x[:1]])
    return 2 * x - padded[:-2] - padded[2:] + h * h * _cubes(x, h * _counted(n)) / 2


def _discrete_integral_equation(x: Any, m: Any) -> Any:
    n = int(x.shape[0])
    h = 1 / (n + 1)
    t = h * _counted(n)
    kernel = np.where(np.tril(np.ones((n, n))) > 0, np.outer(1 - t, t), np.outer(t, 1 - t))
    return x + h * m.sum(kernel * _cubes(x, t), axis=1) / 2


def _broyden_tridiagonal(x: Any, m: Any) -> Any:
    padded = m.join([0.0 * x[:1], x, 0.0 * x[:1]])
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def _broyden_banded(x: Any, m: Any) -> Any:
    n = int(x.shape[0])
    i, j = np.indices((n, n))
    band = ((j != i) & (j >= i - 5) & (j <= i + 1)).astype(float)
    return x * (2 + 5 * (x * x)) + 1 - m.sum(band * (x * (1 + x)), axis=1)


def _linear_full_rank(x: Any, m: Any) -> Any:
    count = 10
    total = 2 / count * m.sum(x)
    return m.join([x - total - 1, -total - 1 + np.zeros(count - int(x.shape[0]))])


def _linear_rank_1(x: Any, m: Any) -> Any:
    return _counted(10) * m.sum(_counted(int(x.shape[0])) * x) - 1


def _linear_rank_1_zeros(x: Any, m: Any) -> Any:
    n, rows = int(x.shape[0]), np.array([0, *range(1, 9), 0], float)
    return rows * m.sum(_counted(n - 2, 2) * x[1:-1]) - 1


def _chebyquad(x: Any, m: Any) -> Any:
    n = int(x.shape[0])
    before, now, parts = 1 + 0 * x, 2 * x - 1, []
    for i in range(1, n + 1):
        parts.append(m.sum(now) / n + (0 if i % 2 else 1 / (i * i - 1)))
        before, now = now, 2 * ((2 * x - 1) * now) - before
    return m.join(parts)


def _spread(n: int) -> list[float]:
    return [j / (n + 1) for j in range(1, n + 1)]


PROBLEMS = [
    Problem(1, "Rosenbrock", lambda x, m: m.join([10 * (x[1] - x[0] * x[0]), 1 - x[0]]), [-1.2, 1], [0]),
    Problem(2, "Freudenstein and Roth", lambda x, m: m.join([-13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
                                                             -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]]), [0.5, -2], [0, 48.9842]),
    Problem(3, "Powell badly scaled", lambda x, m: m.join([1e4 * x[0] * x[1] - 1, m.exp(-x[0]) + m.exp(-x[1]) - 1.0001]), [0, 1], [0]),
    Problem(4, "Brown badly scaled", lambda x, m: m.join([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]), [1, 1], [0]),
    Problem(5, "Beale", lambda x, m: m.join([y - x[0] * (1 - x[1]**k) for k, y in ((1, 1.5), (2, 2.25), (3, 2.625))]), [1, 1], [0]),
    Problem(6, "Jennrich and Sampson", lambda x, m: 2 + 2 * _counted(10) - (m.exp(_counted(10) * x[0]) + m.exp(_counted(10) * x[1])),
            [0.3, 0.4], [124.362]),
    Problem(7, "Helical valley", _helical_valley, [-1, 0, 0], [0]),
    Problem(8, "Bard", _bard, [1, 1, 1], [8.21487e-3]),
    Problem(9, "Gaussian", _gaussian, [0.4, 1, 0], [1.12793e-8]),
    Problem(10, "Meyer", lambda x, m: x[0] * m.exp(x[1] / (45 + 5 * _counted(16) + x[2])) - _MEYER, [0.02, 4000, 250], [87.9458]),
    Problem(11, "Gulf research and development", _gulf, [5, 2.5, 0.15], [0]),
    Problem(12, "Box three-dimensional", _box, [0, 10, 20], [0]),
    Problem(13, "Powell singular", _extended_powell, [3, -1, 0, 1], [0]),
    Problem(14, "Wood", lambda x, m: m.join([10 * (x[1] - x[0] * x[0]), 1 - x[0], 90**0.5 * (x[3] - x[2] * x[2]), 1 - x[2],
                                             10**0.5 * (x[1] + x[3] - 2), 10**-0.5 * (x[1] - x[3])]), [-3, -1, -3, -1], [0]),
    Problem(15, "Kowalik and Osborne", _kowalik, [0.25, 0.39, 0.415, 0.39], [3.07505e-4]),
    Problem(16, "Brown and Dennis", _brown_dennis, [25, 5, -5, -1], [85822.2]),
    Problem(17, "Osborne 1", _osborne_1, [0.5, 1.5, -1, 0.01, 0.02], [5.46489e-5]),
    Problem(18, "Biggs EXP6", _biggs, [1, 2, 1, 1, 1, 1], [5.65565e-3, 0]),
    Problem(19, "Osborne 2", _osborne_2, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], [4.01377e-2]),
    Problem(20, "Watson", _watson, [0] * 6, [2.28767e-3]),
    Problem(21, "Extended Rosenbrock", _extended_rosenbrock, [-1.2, 1] * 3, [0]),
    Problem(22, "Extended Powell singular", _extended_powell, [3, -1, 0, 1] * 2, [0]),
    Problem(23, "Penalty I", _penalty_1, [1, 2, 3, 4], [2.24997e-5]),
    Problem(24, "Penalty II", _penalty_2, [0.5] * 4, [9.37629e-6]),
    Problem(25, "Variably dimensioned", _variably_dimensioned, [1 - j / 5 for j in range(1, 6)], [0]),
    Problem(26, "Trigonometric", _trigonometric, [0.2] * 5, [0]),
    Problem(27, "Brown almost-linear", _brown_almost_linear, [0.5] * 5, [0]),
    Problem(28, "Discrete boundary value", _discrete_boundary_value, [t * (t - 1) for t in _spread(5)], [0]),
    Problem(29, "Discrete integral equation", _discrete_integral_equation, [t * (t - 1) for t in _spread(5)], [0]),
    Problem(30, "Broyden tridiagonal", _broyden_tridiagonal, [-1] * 5, [0]),
    Problem(31, "Broyden banded", _broyden_banded, [-1] * 8, [0]),
    Problem(32, "Linear, full rank", _linear_full_rank, [1] * 5, [5]),
    Problem(33, "Linear, rank 1", _linear_rank_1, [1] * 5, [10 * 9 / (2 * 21)]),
    Problem(34, "Linear, rank 1 with zero columns and rows", _linear_rank_1_zeros, [1] * 5, [(100 + 30 - 6) / (2 * 17)]),
    Problem(35, "Chebyquad", _chebyquad, _spread(7), [0]),
]
