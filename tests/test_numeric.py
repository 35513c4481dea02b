"""Derivatives by differences: what each method can do, whether it knows its own error, and what it says to bad input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import graphc as tf
from graphc import extend, numeric, testing

X = np.array([0.5, -1.25, 2.0])
M = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 0.25]])

# (name, f, where, gradient, Hessian), all in closed form; f is analytic.
SMOOTH: list[tuple[str, Callable[..., Any], np.ndarray, Callable[..., Any], Callable[..., Any]]] = [
    ("quadratic", lambda x: x @ x, X, lambda x: 2 * x, lambda x: 2 * np.eye(3)),
    ("product", lambda x: x[0] * x[1] * x[2], X, lambda x: np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]]),
     lambda x: np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])),
    ("exponential", lambda x: np.exp(x).sum(), X, np.exp, lambda x: np.diag(np.exp(x))),
    ("large and small", lambda x: np.sum(x**3), np.array([1e5, 1e-5, -300.0]), lambda x: 3 * x**2, lambda x: np.diag(6 * x)),
    ("logarithm near its end", lambda x: np.log(x).sum(), np.array([0.01, 0.05]), lambda x: 1 / x, lambda x: np.diag(-1 / x**2)),
    ("quick waves", lambda x: np.sin(50 * x).sum(), X, lambda x: 50 * np.cos(50 * x), lambda x: np.diag(-2500 * np.sin(50 * x))),
    ("a matrix", lambda x: np.sin(x).sum(), M, np.cos, lambda x: np.reshape(np.diag(-np.sin(x).reshape(-1)), (2, 3, 2, 3))),
    ("a number", lambda x: 1 / (1 + np.exp(-x)), np.array(0.3), lambda x: 0.25 / np.cosh(x / 2)**2,
     lambda x: -0.25 * np.tanh(x / 2) / np.cosh(x / 2)**2),
    ("nothing", lambda x: np.sum(x), np.zeros((0, 2)), np.ones_like, lambda x: np.zeros((0, 2, 0, 2))),
]
# The accuracy that is promised, relative to the largest element: gradient, Hessian.
PROMISED = {"central": (1e-8, 1e-4), "richardson": (1e-11, 1e-7), "complex": (1e-15, 1e-10)}
# These bend much within a step. The truncation of a central quotient, h^2 f''' / 6, is then as large as it likes, and only its estimate is
# tested; extrapolations converge late, when rounding has grown.
STEEP = ("logarithm near its end", "quick waves", "large and small")
ROUGHER = {"central": (np.inf, np.inf), "richardson": (1e-11, 1e-6), "complex": (1e-15, 1e-6)}


@pytest.mark.parametrize("method", numeric.METHODS)
@pytest.mark.parametrize("name, f, x, gradient, hessian", SMOOTH, ids=[s[0] for s in SMOOTH])
def test_smooth_functions(name: str, f: Any, x: Any, gradient: Any, hessian: Any, method: str) -> None:
    """The derivative is as near as promised, and nearer than the estimated error says (four times it, where that is all rounding)."""
    promises = ROUGHER[method] if name in STEEP else PROMISED[method]
    for found, wanted, promised in ((numeric.gradient(f, x, method, with_error=True), gradient(x), promises[0]),
                                    (numeric.hessian(f, x, method, with_error=True), hessian(x), promises[1])):
        assert found.value.shape == found.error.shape == np.shape(wanted)
        off = np.abs(found.value - wanted)
        assert np.all(off <= promised * np.max(np.abs(wanted), initial=0.0))
        assert np.all(off <= 4 * found.error + 1e-14 * np.abs(wanted))


def test_complex_step_is_exact() -> None:
    """Squire and Trapp's own example, against forty digits."""
    with mpmath.workdps(40):
        wanted = float(mpmath.diff(lambda t: mpmath.exp(t) / mpmath.sqrt(mpmath.sin(t)**3 + mpmath.cos(t)**3), mpmath.mpf(1.5)))

    def f(x: Any) -> Any:
        return np.exp(x) / np.sqrt(np.sin(x)**3 + np.cos(x)**3)
    assert abs(numeric.gradient(f, 1.5, "complex") / wanted - 1) < 1e-15
    assert abs(numeric.gradient(f, 1.5, "richardson") / wanted - 1) < 1e-12
    assert abs(numeric.gradient(f, 1.5, "central") / wanted - 1) < 1e-9


# Where there is no derivative, differences must say that they are unsure. (name, f, where)
ROUGH: list[tuple[str, Callable[..., Any], float]] = [
    ("a jump", lambda x: np.where(x > 0, 1.0, -1.0), 0.0),
    ("a pole", lambda x: 1 / x, 0.0),
    ("a cusp", lambda x: np.sign(x) * np.sqrt(np.abs(x)), 0.0),
    ("nan around it", lambda x: np.log(x), -1.0),
    ("jumps that agree at wide steps", lambda x: np.floor(8 * x + 0.5), 0.01),
]


@pytest.mark.parametrize("name, f, x", ROUGH, ids=[r[0] for r in ROUGH])
def test_rough_functions(name: str, f: Any, x: float) -> None:
    found = numeric.gradient(f, x, "richardson", with_error=True)
    assert not found.error < 1e-3 or abs(found.value) < 1e-9


def test_jacobian_of_several_arguments() -> None:
    a, b = M, np.array([0.5, 2.0, -1.0])
    for method in numeric.METHODS:
        by_a, by_b = numeric.jacobian(lambda a, b: a @ b, (a, b), method)
        assert by_a.shape == (2, 2, 3) and by_b.shape == (2, 3)
        np.testing.assert_allclose(by_b, a, atol=1e-9)
        np.testing.assert_allclose(by_a, np.einsum("ij,k->ijk", np.eye(2), b), atol=1e-9)


def test_hessian_of_several_arguments() -> None:
    (aa, ab), (ba, bb) = numeric.hessian(lambda a, b: np.sum(np.exp(a)) * b, (np.array([0.1, 0.7]), np.array(2.0)), "richardson")
    e = np.exp([0.1, 0.7])
    np.testing.assert_allclose(aa, np.diag(2 * e), atol=1e-8)
    np.testing.assert_allclose(ab, e, atol=1e-8)
    np.testing.assert_allclose(ba, e, atol=1e-8)
    assert abs(bb) < 1e-8


def test_a_given_step_is_used() -> None:
    """The central quotient of x^3 with step h is off by h^2 exactly."""
    assert numeric.gradient(lambda x: x**3, 2.0, "central", step=0.25) == pytest.approx(12 + 0.0625, abs=1e-12)


def test_arguments_are_not_written_to() -> None:
    x = np.arange(6.0).reshape(2, 3)[:, ::2]
    x.flags.writeable = False
    np.testing.assert_allclose(numeric.gradient(np.sum, x), np.ones((2, 2)), rtol=1e-9)


# ---------------------------------------------------------------------- graphs

# (operator, where, derivative): beyond the operators' own domains, where a continuation may go wrong; the exact values by mpmath and by hand.
FAR: list[tuple[Callable[[Any], Any], float, float]] = [
    *((tf.lgamma, x, float(mpmath.digamma(x))) for x in (-3.3, -0.7, 1e-12, 1.0, 1e6)),
    *((tf.digamma, x, float(mpmath.psi(1, x))) for x in (-0.7, 1.0, 30.0)),
    *((tf.erf, x, float(2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-mpmath.mpf(x)**2))) for x in (0.0, -3.3, 6.0)),
    *((tf.atan, x, 1 / (1 + x * x)) for x in (0.0, -0.7, 1.0, 1e6)),
    *((lambda y, x=x: tf.atan2(y, np.float64(x)), y, x / (x * x + y * y)) for x in (-2.0, 0.5) for y in (-1.0, 0.0, 3.0)),
    *((lambda x: tf.floormod(x, np.float64(-2.0)), x, 1.0) for x in (-3.0, 5.5)),
    *((lambda y, x=x: tf.truncatemod(np.float64(x), y), 2.0, -int(x / 2)) for x in (-5.0, 5.0)),
]


@pytest.mark.parametrize("f, at, wanted", FAR)
def test_complex_steps_far_out(f: Any, at: float, wanted: float) -> None:
    with tf.Graph().as_default(), tf.Session(jit=False):
        x = tf.constant(np.float64(at))
        assert numeric.gradient(f(x), x, "complex") == pytest.approx(wanted, rel=4e-14)


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with tf.Graph().as_default(), tf.Session(jit=False), pytest.raises(tf.errors.DTypeError, match="= erf.* in scipy if that is installed"):
        numeric.gradient(tf.erf(x := tf.constant(1.0)), x, "complex")


@pytest.mark.parametrize("method", numeric.METHODS)
def test_graphs(method: str) -> None:
    """A placeholder, a variable and a tensor on the way, beside a feed and a variable that stay as they are."""
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        p = tf.placeholder(tf.float64, [2])
        other = tf.placeholder(tf.float64, [])
        v = tf.Variable(np.array([3.0, -1.0]))
        w = tf.Variable(np.float64(0.5))
        middle = tf.sin(v) * p
        y = tf.reduce_sum(middle * middle) * other * w
        feeds = {p: [0.25, -2.0], other: 1.5}
        found = [*numeric.gradient(y, [p, v], method, feed_dict=feeds), numeric.gradient(y, middle, method, feed_dict=feeds)]
        for a, b in zip(found, session.run(tf.gradients(y, [p, v, middle]), feeds), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-9)
        np.testing.assert_allclose(numeric.jacobian(middle, v, method, feed_dict=feeds), np.diag(np.cos([3.0, -1.0]) * [0.25, -2.0]), atol=1e-9)
        np.testing.assert_allclose(numeric.hessian(y, v, method, feed_dict=feeds), session.run(tf.hessian(y, v), feeds), atol=1e-7)
        assert session.run(v).tolist() == [3.0, -1.0]


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-8), (np.float32, 0.02)], ids=["double", "single"])
def test_hessian_of_a_softmax_loss(dtype: Any, tolerance: float) -> None:
    """In single precision differences are as rough as they say they are."""
    rng = np.random.default_rng(0)
    at, labels = rng.normal(size=(4, 3)).astype(dtype), np.eye(3, dtype=dtype)[[0, 2, 1, 0]]
    with tf.Graph().as_default(), tf.Session(jit=False):
        x = tf.placeholder(dtype, [4, 3])
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=x))
        found = numeric.hessian(loss, x, "richardson", feed_dict={x: at}, with_error=True)
    s = np.exp(at.astype(float))
    s /= s.sum(axis=1, keepdims=True)
    wanted = np.zeros((4, 3, 4, 3))
    for i in range(4):
        wanted[i, :, i, :] = (np.diag(s[i]) - np.outer(s[i], s[i])) / 4
    off = np.abs(found.value - wanted)
    assert off.max() < tolerance
    assert np.all(off <= 8 * found.error)


OPS = [op for op in testing.testable() if op.grad is not None and testing.differentiable(op)]
REFUSED = {"self_adjoint_eig"}      # where the complex step gives up, and says so
UNTRIED = {"cast"}                  # no sample has a result of its operand's dtype


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_complex_steps_go_through_an_operator_rightly_or_not_at_all(op: Any) -> None:
    compared, refused = testing.complex_steps(op)
    assert refused == (op.name in REFUSED) and bool(compared or refused) == (op.name not in UNTRIED)


# ---------------------------------------------------------------------- bad input

def _p(dtype: Any = tf.float64) -> Any:
    return tf.placeholder(dtype, [2], name="p")


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: numeric.gradient(np.sum, X, "forward"), tf.errors.GraphError, "'forward' is none of central, richardson, complex"),
    (lambda: numeric.gradient(3.0, X), tf.errors.GraphError, "3.0 is neither a tensor nor a function"),
    (lambda: numeric.gradient(lambda x: 2 * x, X), tf.errors.ShapeError, "has shape [3], not []; numeric.jacobian takes any"),
    (lambda: numeric.hessian(lambda x: 2 * x, X), tf.errors.ShapeError, "has shape [3], not []"),
    (lambda: numeric.gradient(np.sum, np.array([1, 2])), tf.errors.DTypeError, "argument 0 is int64, not floating"),
    (lambda: numeric.gradient(lambda x: np.int64(3), 1.0), tf.errors.DTypeError, "gives int64, not floating"),
    (lambda: numeric.gradient(lambda x: np.sum(np.abs(x)), X, "complex"), tf.errors.DTypeError, "is not analytic"),
    (lambda: numeric.gradient(tf.reduce_sum(_p()), _p(), session=None), tf.errors.GraphError, "needs a session"),
    *((lambda m=m: numeric.gradient(tf.reduce_sum(_p() * (x := _p())), x, m, feed_dict={x: [1, 2]}, session=tf.Session()),
       tf.errors.InvalidArgumentError, "p: float64[2] (test_numeric.py:") for m in ("central", "complex")),
    *((lambda m=m: numeric.gradient(tf.reduce_sum(x := _p()), x, m, feed_dict={x: [1, 2, 3]}, session=tf.Session()),
       tf.errors.FeedError, "cannot be fed an array of shape [3]") for m in ("central", "complex")),
    (lambda: numeric.gradient(tf.reduce_sum(x := _p(tf.int32)), x, session=tf.Session()), tf.errors.DTypeError, "not a tensor of a floating dtype"),
    (lambda: numeric.gradient(tf.self_adjoint_eig(x := tf.eye(2, dtype=tf.float64))[0][0], x, "complex", session=tf.Session()),
     tf.errors.DTypeError, "= self_adjoint_eig(...) is not analytic"),
]


@pytest.mark.parametrize("act, error, text", BAD, ids=[b[2][:40] for b in BAD])
def test_bad_input(act: Any, error: type[Exception], text: str) -> None:
    with tf.Graph().as_default(), pytest.raises(error) as caught:
        act()
    assert text in str(caught.value) and "test_numeric.py:" in str(caught.value)


# (what a declaration says of complex operands of |x|, the slopes by complex steps or what is said instead)
CONTINUATIONS = [
    ("the reference", {}, "= size_of(...) is not analytic"), ("nothing", {"analytic": False}, "= size_of(...) is not analytic"),
    ("a function", {"analytic": lambda x: np.where(x.real < 0, -x, x)}, np.sign(X)),
    ("a function that fails", {"analytic": lambda x: x.nothing}, "= size_of(...) is not analytic"),
]


@pytest.mark.parametrize("facts, wanted", [c[1:] for c in CONTINUATIONS], ids=[c[0] for c in CONTINUATIONS])
def test_what_a_declaration_says_of_complex_operands(facts: dict[str, Any], wanted: Any) -> None:
    def size_of(x: Any) -> Any:
        """Without a sign."""
        return np.abs(x)
    with extend.temporary(), tf.Graph().as_default(), tf.Session(jit=False):
        x = tf.constant(X)
        y = tf.reduce_sum(extend.elementwise("abs({x})", **facts)(size_of)(x))
        if isinstance(wanted, str):
            with pytest.raises(tf.errors.DTypeError) as raised:
                numeric.gradient(y, x, "complex")
            assert wanted in str(raised.value)
        else:
            np.testing.assert_array_equal(numeric.gradient(y, x, "complex"), wanted)
