"""ADBench's mixture of Gaussians and long short-term memory: objectives and gradients as its authors have them, within 1e-8."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import autograd
import autograd.numpy as anp
import gmm
import numpy as np
import pytest
from autograd.scipy.special import logsumexp

import graphc as tf
from tests.adbench import DATA, TENSORS, Text, loss, loss_by_loop, text

GOLDEN = json.loads((DATA / "golden.json").read_text())


def joined(parts: Any) -> np.ndarray:
    return np.concatenate([np.reshape(p, -1) for p in parts])


# ---------------------------------------------------------------------- mixture of Gaussians

def mixture(name: str, second: bool) -> tuple[Any, list[np.ndarray], list[Any]]:
    """The file, its parameters, and the objective, gradient (and Hessian times the gradient) that graphc finds."""
    data = gmm.read(DATA / f"{name}.txt")
    parameters = [data.alpha, data.means, data.icf]
    with tf.Graph().as_default(), tf.Session() as session:
        places = [tf.placeholder(tf.float64, p.shape) for p in parameters]
        value = gmm.objective(*places, tf.constant(data.x), data.gamma, data.m, (*data.x.shape, len(data.alpha)))
        gradient = tf.gradients(value, places)
        products = tf.hvp(value, places, [tf.stop_gradient(g) for g in gradient]) if second else []
        return data, parameters, session.run([value, gradient, products], dict(zip(places, parameters, strict=True)))


def test_mixture_is_the_authors() -> None:
    golden = GOLDEN["gmm_test"]
    _, _, (value, gradient, _) = mixture("gmm_test", second=False)
    assert abs(value - golden["objective"]) < 1e-8
    np.testing.assert_allclose(joined(gradient), golden["gradient"], rtol=0, atol=1e-8)


def test_larger_mixture_is_autograds() -> None:
    """1000 points: the objective of the file, and first and second derivatives of the formula in numpy, term by term."""
    data, parameters, (value, gradient, products) = mixture("gmm_d2_K5", second=True)

    def formula(alpha: Any, means: Any, icf: Any) -> Any:
        # D = 2: Q = [[exp q0, 0], [l, exp q1]]. What does not depend on the parameters is left out.
        q, lower = icf[:, :2], icf[:, 2]
        d0, d1 = (data.x[:, None, i] - means[None, :, i] for i in (0, 1))
        distance = (anp.exp(q[:, 0]) * d0)**2 + (lower * d0 + anp.exp(q[:, 1]) * d1)**2
        likelihood = anp.sum(logsumexp(alpha + anp.sum(q, axis=1) - distance / 2, axis=1)) - len(data.x) * logsumexp(alpha)
        return likelihood + data.gamma**2 / 2 * (anp.sum(anp.exp(2 * q)) + anp.sum(lower**2)) - data.m * anp.sum(q)
    slopes = autograd.grad(formula, (0, 1, 2))
    wanted = slopes(*parameters)

    def projected(*at: Any) -> Any:
        return sum(anp.sum(g * w) for g, w in zip(slopes(*at), wanted, strict=True))
    assert abs(value / GOLDEN["gmm_d2_K5"]["objective"] - 1) < 1e-12
    for a, b in zip([*gradient, *products], [*wanted, *autograd.grad(projected, (0, 1, 2))(*parameters)], strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11 * np.max(np.abs(b)))


# ---------------------------------------------------------------------- long short-term memory

NUMPY = SimpleNamespace(sigmoid=lambda x: 1 / (1 + anp.exp(-x)), tanh=anp.tanh, exp=anp.exp, log=anp.log, sum=anp.sum, total=sum)


def differentiated(data: Text, count: int, jit: bool) -> tuple[int, float, np.ndarray]:
    """The number of nodes of the unrolled loss of the first characters, its value and its gradient."""
    with tf.Graph().as_default() as graph, tf.Session(jit=jit) as session:
        main, extra = tf.placeholder(tf.float64, data.main.shape), tf.placeholder(tf.float64, data.extra.shape)
        y = loss(TENSORS, main, extra, [tf.constant(s) for s in data.state], [tf.constant(c) for c in data.characters[:count]])
        nodes = len(graph.nodes)
        value, gradient = session.run([y, tf.gradients(y, [main, extra])], {main: data.main, extra: data.extra})
        return nodes, value, joined(gradient)


@pytest.mark.slow
def test_unrolled_text_is_the_authors() -> None:
    """All 1023 steps as one graph, differentiated and optimised, by the operators' references."""
    golden = GOLDEN["lstm_l2_c1024"]
    nodes, value, gradient = differentiated(text(), 1024, jit=False)
    assert nodes > 48_000
    assert abs(value - golden["objective"]) < 1e-8
    np.testing.assert_allclose(gradient, golden["gradient"], rtol=0, atol=1e-8)


def by_loop(data: Text, count: int, jit: bool) -> tuple[int, float, np.ndarray]:
    """As `differentiated`, of the loss as a loop, over any number of characters."""
    with tf.Graph().as_default() as graph, tf.Session(jit=jit) as session:
        main, extra = tf.placeholder(tf.float64, data.main.shape), tf.placeholder(tf.float64, data.extra.shape)
        characters = tf.placeholder(tf.float64, [None, data.extra.shape[1]])
        y = loss_by_loop(main, extra, tf.constant(data.state), characters)
        nodes = len(graph.nodes)
        value, gradient = session.run([y, tf.gradients(y, [main, extra])],
                                      {main: data.main, extra: data.extra, characters: data.characters[:count]})
        return nodes, value, joined(gradient)


@pytest.mark.parametrize("jit", [True, False])
def test_looped_text_is_the_authors(jit: bool) -> None:
    """All 1023 steps as one loop, in a hundredth of the unrolled nodes."""
    golden = GOLDEN["lstm_l2_c1024"]
    nodes, value, gradient = by_loop(text(), 1024, jit)
    assert nodes < 480
    assert abs(value - golden["objective"]) < 1e-8
    np.testing.assert_allclose(gradient, golden["gradient"], rtol=0, atol=1e-8)


def test_looped_text_equals_its_unrolled_form() -> None:
    """Value and gradient of 64 characters: sums over time are in another order."""
    data = text()
    (_, one, slope), (_, other, steps) = by_loop(data, 64, jit=True), differentiated(data, 64, jit=False)
    assert abs(one - other) < 1e-12
    np.testing.assert_allclose(slope, steps, rtol=0, atol=1e-12)


def test_compiled_text_is_autograds() -> None:
    data = text()
    first = [np.array(c) for c in data.characters[:3]]
    _, value, gradient = differentiated(data, 3, jit=True)
    wanted, slopes = autograd.value_and_grad(lambda p: loss(NUMPY, p[0], p[1], list(data.state), first))((data.main, data.extra))
    assert abs(value - wanted) < 1e-14
    np.testing.assert_allclose(gradient, joined(slopes), rtol=0, atol=1e-15)
