"""Parts of `tf.contrib` that compute: sparsemax, equations of motion, pictures between pixels, numbers by their seed, activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

C = tf.contrib
Array = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def fresh_graph() -> Any:
    with tf.Graph().as_default():
        yield


@pytest.fixture(params=[False, True], ids=["interpreted", "compiled"])
def session(request: Any) -> Any:
    with tf.Session(jit=request.param) as made:
        yield made


# ---------------------------------------------------------------------- sparsemax

Z = np.random.default_rng(3).normal(0, 2, (6, 5))


def nearest(z: Array) -> Array:
    """The nearest point of the simplex, by halving the interval in which tau lies."""
    low, high = z.min() - 1, z.max()
    for _ in range(200):
        tau = (low + high) / 2
        low, high = (tau, high) if np.maximum(z - tau, 0).sum() > 1 else (low, tau)
    return np.maximum(z - low, 0)


def test_sparsemax(session: Any) -> None:
    z = tf.placeholder(tf.float64, [None, None])
    p = C.sparsemax.sparsemax(z)
    np.testing.assert_allclose(session.run(p, {z: Z}), np.array([nearest(row) for row in Z]), atol=1e-12)
    q = np.eye(5)[[0, 1, 2, 3, 4, 0]]
    loss = C.sparsemax.sparsemax_loss(z, p, q)
    np.testing.assert_allclose(*session.run([tf.gradients(loss, z)[0], p - q], {z: Z}), atol=1e-12)       # equation 24 of its source


def test_sparsemax_derivatives() -> None:
    assert tf.testing.check_grads(C.sparsemax.sparsemax, [Z[:2]], order=1)


# ---------------------------------------------------------------------- equations of motion

def _oscillation(y: Any, t: Any) -> Any:
    return tf.stack([y[1], -y[0]])


# The slope, what it begins with, the times, the solution.
MOTIONS: dict[str, tuple[Callable[..., Any], Any, list[float], Callable[[Array], Array]]] = {
    "decay": (lambda y, t: -y, [1.0, 2.0], [0.0, 0.5, 3.0], lambda t: np.exp(-t)[:, None] * [1.0, 2.0]),
    "a pendulum": (_oscillation, [0.0, 1.0], [0.0, 1.0, 6.0], lambda t: np.stack([np.sin(t), np.cos(t)], 1)),
    "a slope of the time": (lambda y, t: 2 * t * tf.ones_like(y), [1.0], [1.0, 2.0, 4.0], lambda t: t[:, None] ** 2),
}


@pytest.mark.parametrize("slope, begin, times, solution", MOTIONS.values(), ids=MOTIONS)
def test_motions(slope: Any, begin: Any, times: Any, solution: Any, session: Any) -> None:
    y0, t, wanted = tf.constant(begin, tf.float64), np.array(times), solution(np.array(times))
    adaptive, (same, told) = C.integrate.odeint(slope, y0, t, 1e-9), C.integrate.odeint(slope, y0, t, 1e-9, full_output=True)
    fixed = [C.integrate.odeint_fixed(slope, y0, t, dt=0.01, method=m) for m in ("rk4", "midpoint")]
    found = session.run([adaptive, same, told["num_func_evals"], *fixed])
    for y, error in zip((found[0], found[1], *found[3:]), (1e-7, 1e-7, 1e-8, 1e-3), strict=True):
        np.testing.assert_allclose(y, wanted, atol=error)
    assert found[2] % 7 == 0 and found[2] >= 7 * (len(times) - 1)


def test_what_a_motion_depends_on_is_differentiated(session: Any) -> None:
    k = tf.constant(0.5, tf.float64)
    for make in (lambda: C.integrate.odeint(lambda y, t: -k * y, tf.constant([1.0], tf.float64), [0.0, 2.0]),
                 lambda: C.integrate.odeint_fixed(lambda y, t: -k * y, tf.constant([1.0], tf.float64), [0.0, 2.0], 0.05)):
        assert session.run(tf.gradients(make()[-1], k)[0]) == pytest.approx(-2 * np.exp(-1.0), abs=1e-5)


# ---------------------------------------------------------------------- pictures between their pixels

def between(data: Array, x: float, y: float) -> Array:
    """The sum over all pixels of what each gives to a place."""
    height, width = data.shape[:2]
    return sum(data[i, j] * max(0, 1 - abs(y - i)) * max(0, 1 - abs(x - j)) for i in range(height) for j in range(width))     # type: ignore[no-any-return]


def test_pictures_between_their_pixels(session: Any) -> None:
    rng = np.random.default_rng(5)
    data, warp = rng.normal(size=(2, 3, 4, 2)), rng.uniform(-1.5, 4.5, (2, 5, 2))
    d, w = tf.placeholder(tf.float64, [None, None, None, 2]), tf.placeholder(tf.float64, [None, None, 2])
    wanted = np.array([[between(data[b], *place) for place in warp[b]] for b in range(2)])
    np.testing.assert_allclose(session.run(C.resampler.resampler(d, w), {d: data, w: warp}), wanted, atol=1e-12)


def test_derivatives_between_pixels() -> None:
    rng = np.random.default_rng(6)
    assert tf.testing.check_grads(C.resampler.resampler, [rng.normal(size=(1, 3, 3, 2)), rng.uniform(0.1, 1.9, (1, 4, 2))], order=1)


# ---------------------------------------------------------------------- numbers that their seed alone decides

DRAWS: dict[str, Callable[[Any], Any]] = {
    "uniform": lambda s: tf.random.stateless_uniform([400], s, -1.0, 3.0),
    "normal": lambda s: C.stateless.stateless_random_normal([400], s, 1.0, 2.0),
    "truncated": lambda s: tf.random.stateless_truncated_normal([400], s),
    "integers": lambda s: tf.random.stateless_uniform([400], s, 2, 9, tf.int32),
    "classes": lambda s: C.stateless.stateless_multinomial([[0.0, 1.0, -50.0]], 400, s),
}
MEANS = {"uniform": (1.0, -1.0, 3.0), "normal": (1.0, -9.0, 11.0), "truncated": (0.0, -2.0, 2.0), "integers": (5.0, 2, 8), "classes": (0.73, 0, 1)}


@pytest.mark.parametrize("name", DRAWS)
def test_numbers_of_a_seed(name: str, session: Any) -> None:
    seed = tf.placeholder(tf.int64, [2])
    x = DRAWS[name](seed)
    first, again, other, turned = (session.run(x, {seed: s}) for s in ([7, -2], [7, -2], [7, -3], [-2, 7]))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first != turned).any()
    mean, low, high = MEANS[name]
    assert abs(first.mean() - mean) < 0.35 and first.min() >= low and first.max() <= high
    with tf.Graph().as_default(), tf.Session(jit=False) as elsewhere:
        np.testing.assert_allclose(elsewhere.run(DRAWS[name]([7, -2])), first, rtol=1e-5, atol=1e-6)


def test_what_alpha_dropout_keeps() -> None:
    x = np.random.default_rng(1).normal(size=20000).astype(np.float32)
    with tf.Session(jit=False) as session:
        y = session.run(C.nn.alpha_dropout(x, 0.8, seed=4))
        assert abs(y.mean()) < 0.03 and abs(y.std() - 1) < 0.03 and 0.15 < (y == np.median(y[y < -1])).mean() < 0.25
        np.testing.assert_array_equal(*session.run([C.nn.deprecated_flipped_softmax_cross_entropy_with_logits([[1.0, 2.0]], [[0.0, 1.0]]),
                                                    tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0]], logits=[[1.0, 2.0]])]))


MISTAKES = {
    "sparsemax of a vector": (lambda: C.sparsemax.sparsemax([1.0]), tf.errors.ShapeError, "is no matrix"),
    "sparsemax of integers": (lambda: C.sparsemax.sparsemax([[1]]), tf.errors.DTypeError, "not of a floating dtype"),
    "no slope": (lambda: C.integrate.odeint(3, 1.0, [0.0, 1.0]), tf.errors.ArgumentError, "function of y and t, not 3"),
    "no such method": (lambda: C.integrate.odeint(tf.negative, 1.0, [0.0, 1.0], method="euler"), tf.errors.ArgumentError, "'dopri5', not 'euler'"),
    "no such option": (lambda: C.integrate.odeint(tf.negative, 1.0, [0.0, 1.0], options={"step": 1}), tf.errors.ArgumentError, "not 'step'"),
    "no such fixed method": (lambda: C.integrate.odeint_fixed(tf.negative, 1.0, [0.0], method="x"), tf.errors.ArgumentError, "rk4, not 'x'|midpoint"),
    "times that are no vector": (lambda: C.integrate.odeint(lambda y, t: y, 1.0, 3.0), tf.errors.ShapeError, "no vector of times"),
    "whole numbers": (lambda: C.integrate.odeint(lambda y, t: y, 1, [0.0, 1.0]), tf.errors.DTypeError, "not of a floating dtype"),
    "pictures without channels": (lambda: C.resampler.resampler([[[1.0]]], [[[0.0, 0.0]]]), tf.errors.ShapeError, "batch, height, width, channels"),
    "two dtypes": (lambda: C.resampler.resampler([[[[1.0]]]], tf.constant([[[0.0, 0.0]]], tf.float64)), tf.errors.DTypeError, "one floating dtype"),
    "a seed of one number": (lambda: tf.random.stateless_uniform([2], 3), tf.errors.ShapeError, "no pair of integers"),
    "a seed that is a fraction": (lambda: tf.random.stateless_normal([2], tf.constant([1.0, 2.0])), tf.errors.DTypeError, "no pair of integers"),
    "no part that stays": (lambda: C.nn.alpha_dropout([1.0], 0.0), tf.errors.ArgumentError, "above 0, and 1 at most"),
}


@pytest.mark.parametrize("build, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(build: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        build()


RUN_MISTAKES = {
    "times that fall": (lambda: C.integrate.odeint(lambda y, t: -y, 1.0, [0.0, -1.0]), "the times do not rise"),
    "too many steps": (lambda: C.integrate.odeint(lambda y, t: -y, 1.0, [0.0, 1.0], options={"max_num_steps": 2, "first_step": 1e-3}),
                       "2 steps do not lead"),
}


@pytest.mark.parametrize("build, message", RUN_MISTAKES.values(), ids=RUN_MISTAKES)
def test_mistakes_of_runs(build: Any, message: str, session: Any) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        session.run(build())
