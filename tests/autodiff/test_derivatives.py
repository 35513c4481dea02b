"""Derivatives beside `gradients`: the written conventions, autograd, differences and closed forms as oracles, costs, mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import numpy as np
import pytest

import graphc as tf
from graphc import errors, numeric, testing
from graphc.compiler.passes import optimise
from graphc.compiler.specialise import needed, specialise
from graphc.cpu import cost
from graphc.ir.node import OPERATORS, topological
from graphc.ir.operator import declare, typed_like
from tests import ROOT

DIFFERENTIABLE = [op for op in testing.testable() if op.grad is not None and testing.differentiable(op)]


def evaluate(fetches: Any, feeds: dict[Any, Any] | None = None, jit: bool = False) -> Any:
    with tf.Session(jit=jit) as session:
        return session.run(fetches, feeds)


def close(found: Any, wanted: Any, tolerance: float = 1e-11) -> None:
    """Equal in shape, and in value to a tolerance relative to the largest element."""
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * max(1.0, float(np.max(np.abs(wanted), initial=0))))


# ---------------------------------------------------------------------- conventions

PAGE = ROOT / "docs" / "derivatives.md"
# | `expression` | `x` | `derivative` | words |
CONVENTIONS = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE)
NUMBERS = {"inf": np.inf, "nan": np.nan}


class Convention(NamedTuple):
    """An expression of a vector x, a value of it, and the derivative of the sum of all elements there (None: no path)."""

    x: Any
    y: Any
    at: list[float]
    wanted: list[float] | None


def convention(expression: str, at: str, wanted: str) -> Convention:
    value = eval(at, NUMBERS)
    x = tf.placeholder(tf.float64, [len(value)], name="x")
    return Convention(x, eval(expression, {"tf": tf, "x": x}), value, eval(wanted, NUMBERS))


def test_conventions_are_read() -> None:
    rows = re.findall(r"^\| `.*`.*\|$", PAGE.read_text().split("## What flows where")[1], re.MULTILINE)
    assert len(CONVENTIONS) == len(rows) > 50


@pytest.mark.parametrize("row", CONVENTIONS, ids=[f"{e} at {x}" for e, x, _ in CONVENTIONS])
def test_convention(row: Sequence[str]) -> None:
    x, y, at, wanted = convention(*row)
    found = tf.gradients(y, x)[0]
    if wanted is None:
        assert found is None
        with pytest.raises(errors.GradientError, match="no path"):
            tf.jvp(y, x, np.ones(len(at)))
        return
    moved = [tf.reduce_sum(tf.jvp(y, x, unit)) for unit in np.eye(len(at))]
    reverse, forward = evaluate([found, moved], {x: at})
    np.testing.assert_allclose(reverse, wanted, rtol=1e-15)
    if not np.isnan(wanted).any():
        np.testing.assert_allclose(forward, wanted, rtol=1e-15)


def test_conventions_compiled() -> None:
    names, rows = zip(*[(row, c) for row in CONVENTIONS if (c := convention(*row)).wanted is not None], strict=True)
    found = evaluate([tf.gradients(c.y, c.x)[0] for c in rows], {c.x: c.at for c in rows}, jit=True)
    for value, c, row in zip(found, rows, names, strict=True):
        np.testing.assert_allclose(value, c.wanted, rtol=1e-15, err_msg=str(row))


# ---------------------------------------------------------------------- compositions, beside autograd

AUTOGRAD = SimpleNamespace(tanh=anp.tanh, exp=anp.exp, log=anp.log, sin=anp.sin, square=anp.square, matmul=anp.matmul, reduce_sum=anp.sum,
                           reshape=anp.reshape, transpose=anp.transpose, concat=anp.concatenate, reduce_logsumexp=asp.logsumexp,
                           maximum=anp.maximum, cumsum=anp.cumsum)
DATA = np.random.default_rng(5).normal(size=(5, 3))


def perceptron(m: Any, w: Any, b: Any, v: Any) -> Any:
    return m.reduce_sum(m.square(m.matmul(m.tanh(m.matmul(DATA, w) + b), v) - 1.0))


def mixture(m: Any, means: Any, scales: Any) -> Any:
    distances = m.square((m.reshape(DATA, [5, 1, 3]) - means) * m.exp(scales))
    return m.reduce_sum(m.reduce_logsumexp(m.reduce_sum(distances, axis=2) * -0.5, axis=1)) + m.reduce_sum(scales)


def recurrence(m: Any, w: Any, h: Any) -> Any:
    for i in range(4):
        h = m.tanh(m.matmul(h, w) + DATA[i])
    return m.reduce_sum(h * m.sin(h))


def valley(m: Any, x: Any) -> Any:
    return m.reduce_sum(100 * m.square(x[1:] - m.square(x[:-1])) + m.square(1 - x[:-1]))


def moved(m: Any, a: Any, b: Any) -> Any:
    joined = m.concat([m.transpose(a), m.reshape(m.maximum(b, 0.1), [3, 2])], 1)
    return m.reduce_sum(m.log(1 + m.square(m.cumsum(joined, axis=1)))) * m.reduce_sum(a[0] / (2 + m.sin(b[:3])))


# A function over a namespace, the shapes of its arguments, and whether it runs compiled here.
COMPOSITIONS: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]], bool]] = {
    "perceptron": (perceptron, [(3, 4), (4,), (4, 2)], True),
    "mixture": (mixture, [(2, 3), (2, 3)], False),
    "recurrence": (recurrence, [(3, 3), (1, 3)], False),
    "valley": (valley, [(6,)], True),
    "moved": (moved, [(2, 3), (6,)], False),
}


def drawn(shapes: Sequence[tuple[int, ...]], seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, shape) for shape in shapes]


def parts(vector: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [anp.reshape(part, shape) for part, shape in zip(anp.split(vector, ends[:-1]), shapes, strict=True)]


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions_equal_autograds(name: str) -> None:
    f, shapes, jit = COMPOSITIONS[name]
    at, along, upstream = drawn(shapes), drawn(shapes, 2), np.float64(0.7)
    xs = [tf.Variable(value) for value in at]
    y = f(tf, *xs)
    values = tf.vjp(y, xs, upstream), tf.jvp(y, xs, along), tf.hessian(y, xs), tf.hvp(y, xs, along), tf.jacobian(tf.gradients(y, xs)[0], xs[-1])
    vjp, jvp, hessian, hvp, block = evaluate(values, jit=jit)

    flat, direction = (np.concatenate([np.ravel(v) for v in vs]) for vs in (at, along))
    of_flat = lambda x: f(AUTOGRAD, *parts(x, shapes))  # noqa: E731
    slope, curvature = autograd.grad(of_flat)(flat), autograd.hessian(of_flat)(flat)
    for found, wanted in zip(vjp, parts(upstream * slope, shapes), strict=True):
        close(found, wanted)
    close(jvp, slope @ direction)
    for found, wanted in zip(hvp, parts(curvature @ direction, shapes), strict=True):
        close(found, wanted)
    matrix = np.block([[np.reshape(b, (np.prod(s, dtype=int), -1)) for b in row] for row, s in zip(hessian, shapes, strict=True)])
    close(matrix, curvature)
    assert [[b.shape for b in row] for row in hessian] == [[s + t for t in shapes] for s in shapes]
    close(block, hessian[0][-1])
    for i in range(len(xs)):
        for j in range(i):
            assert np.array_equal(np.reshape(hessian[i][j], (at[i].size, -1)), np.reshape(hessian[j][i], (at[j].size, -1)).T)


def test_hessians_are_the_blocks_of_the_sum() -> None:
    x, w = tf.constant([1.0, 2.0], tf.float64), tf.constant([[0.5]], tf.float64)
    first, second = evaluate(tf.hessians([x**3, w * w * x], [x, w]))
    assert first.tolist() == [[6, 0], [0, 12]] and second.tolist() == [[[[6.0]]]]


def test_jvp_and_vjp_are_transposes_and_jvp_is_a_difference() -> None:
    """u (J t) = (u J) t to rounding, and J t by the complex step, which knows no rule."""
    shapes = [(2, 3), (2, 3)]
    at, along = drawn(shapes), drawn(shapes, 2)
    xs = [tf.placeholder(tf.float64, shape) for shape in shapes]
    y = tf.matmul(tf.tanh(xs[0]), tf.exp(xs[1]), transpose_b=True) / (1 + tf.square(tf.reduce_sum(xs[0], axis=1)))
    u = np.random.default_rng(3).normal(size=(2, 2))
    feeds = dict(zip(xs, at, strict=True))
    jt, uj = evaluate([tf.jvp(y, xs, along), tf.vjp(y, xs, u)], feeds)
    assert np.sum(u * jt) == pytest.approx(sum(np.sum(g * t) for g, t in zip(uj, along, strict=True)), rel=1e-12)
    by_step = numeric.jacobian(y, xs, "complex", feed_dict=feeds, session=tf.Session())
    close(jt, sum(np.tensordot(j, t, 2) for j, t in zip(by_step, along, strict=True)), 1e-13)


# ---------------------------------------------------------------------- every operator

@pytest.mark.slow
@pytest.mark.parametrize("check", [testing.check_jacobians, testing.check_hessian_products], ids=lambda c: c.__name__)
@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.name)
def test_derivatives_of_an_operator(op: Any, check: Any) -> None:
    check(op)


@pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.name)
def test_derivatives_of_an_operator_on_unknown_sizes(op: Any) -> None:
    assert testing.has_open_jacobians(op)


# ---------------------------------------------------------------------- shapes that are not known

def test_rows_of_unknown_shape() -> None:
    """An array whose elements' shape nothing says until they are written, over a batch of derivatives."""
    x = tf.placeholder(tf.float64, [2])
    y = tf.TensorArray(tf.float64, size=3).write(0, x).write(2, x * x).write(1, tf.sin(x)).stack()
    slopes = [np.ones(2), np.cos([1.0, 2.0]), [2.0, 4.0]]
    jacobian, hessian = evaluate([tf.jacobian(y, x), tf.hessians(tf.reduce_sum(y ** 3), x)[0]], {x: [1.0, 2.0]})
    close(jacobian, np.stack([np.diag(s) for s in slopes]), 1e-13)
    at, sin, cos = np.array([1.0, 2.0]), np.sin([1.0, 2.0]), np.cos([1.0, 2.0])
    close(hessian, np.diag(6 * at + 6 * sin * cos ** 2 - 3 * sin ** 3 + 30 * at ** 4), 1e-12)


@pytest.mark.parametrize("n", [1, 4])
def test_unknown_batch(n: int) -> None:
    """Rows and columns: of an unknown number of elements by a known one, the other way round, and of unknown by unknown."""
    x = tf.placeholder(tf.float64, [None, 3])
    w, v = tf.Variable(drawn([(3, 4)])[0]), tf.Variable(drawn([(4, 2)])[0])
    hidden = tf.tanh(x @ w)
    y = tf.exp(hidden @ v) / (1 + tf.square(x[:, 1:]))
    loss = tf.reduce_mean(tf.square(y))
    feeds = {x: drawn([(n, 3)], 9)[0]}
    with tf.Session(jit=n == 4) as session:
        by_w, by_x, mean, rows, curved = session.run([tf.jacobian(y, [w, v]), tf.jacobian(y, x), tf.jacobian(loss, x), tf.batch_jacobian(y, x),
                                                      tf.hessian(loss, x)], feeds)

        def differences(of: Any, by: Any) -> Any:
            return numeric.jacobian(of, by, "complex", feed_dict=feeds, session=session)
        for found, wanted in zip(by_w, differences(y, [w, v]), strict=True):
            close(found, wanted)
        close(by_x, differences(y, x))
        close(mean, differences(loss, x))
        close(rows, differences(y, x)[np.arange(n), :, np.arange(n)])
        close(curved, numeric.hessian(loss, x, "complex", feed_dict=feeds, session=session), 1e-6)
        assert [by_w[0].shape, by_x.shape, rows.shape, curved.shape] == [(n, 2, 3, 4), (n, 2, n, 3), (n, 2, 3), (n, 3, n, 3)]


@pytest.mark.parametrize("x_shape, w_shape", [((1, 4, 0), (2, 0, 3)), ((1, 4, 2), (2, 2, 0)), ((0, 4, 2), (2, 1, 2)), ((1, 4, 0), (2, 0, 0))],
                         ids=["no channels", "no outputs", "no rows", "neither"])
def test_jacobians_of_nothing_on_unknown_sizes(x_shape: tuple[int, ...], w_shape: tuple[int, ...]) -> None:
    """A size that only a run knows to be 0 divides no other: of groups, of the batch of a Jacobian's rows."""
    x, w = (tf.placeholder(tf.float64, [None] * 3) for _ in range(2))
    y = tf.nn.convolution(x, w, "VALID")
    found = evaluate([y, *tf.jacobian(y, [x, w])], {x: np.ones(x_shape), w: np.ones(w_shape)})
    of_y = (x_shape[0], 3, w_shape[2])
    assert [np.shape(f) for f in found] == [of_y, of_y + x_shape, of_y + w_shape] and not any(np.any(f) for f in found)


@pytest.mark.parametrize("expression", [lambda x: tf.matmul(x, tf.matrix_transpose(x)), lambda x: tf.exp(x[:, :1]) * tf.square(x)],
                         ids=["by rows", "by columns"])
def test_batch_jacobian_of_matrices(expression: Callable[[Any], Any]) -> None:
    x = tf.placeholder(tf.float64, [None, 2, 2])
    y = expression(x)
    feeds = {x: drawn([(3, 2, 2)])[0]}
    found, whole = evaluate([tf.batch_jacobian(y, x), tf.jacobian(y, x)], feeds)
    close(found, whole[np.arange(3), :, :, np.arange(3)])


# ---------------------------------------------------------------------- orders, lists, dtypes

def test_derivatives_of_any_order() -> None:
    """sin(a x) has the derivatives -cos(a x) a a a and, along v four times, sin(a x) (a v)^4."""
    a, at, v = np.array([0.5, -1.0, 2.0]), np.array([0.3, 0.1, -0.4]), np.array([1.0, 2.0, 3.0])
    x = tf.constant(at)
    y = tf.sin(tf.reduce_sum(a * x))
    fourth = y
    for _ in range(4):
        fourth = tf.jvp(fourth, x, v)
    third, along, mixed, of_product = evaluate([tf.jacobian(tf.hessian(y, x), x), fourth, tf.hessian(tf.reduce_sum(tf.hvp(y, x, v)), x),
                                                tf.gradients(tf.hvp(y, x, v), x, grad_ys=v)[0]])
    cube = np.einsum("i,j,k->ijk", a, a, a)
    close(third, -np.cos(a @ at) * cube)
    close(along, np.sin(a @ at) * (a @ v) ** 4)
    close(mixed, np.sin(a @ at) * (a @ v) * a.sum() * np.outer(a, a))
    close(of_product, -np.cos(a @ at) * (cube @ v @ v))


def test_variables_of_all_shapes_and_dtypes() -> None:
    """Derivatives have the dtype of the variable they are by; blocks that do not meet are zero, also those of a linear loss."""
    s, w, n = tf.Variable(np.float64(2)), tf.Variable(np.full((2, 1), 3, np.float32)), tf.Variable(np.zeros((0, 2)))
    far = tf.Variable(np.ones(3))
    loss = s**3 * tf.cast(tf.reduce_sum(tf.square(w)), tf.float64) + tf.reduce_sum(n) + tf.reduce_sum(far**2)
    with tf.Session(jit=False) as session:
        blocks, product, linear = session.run([tf.hessian(loss, [s, w, n, far]), tf.hvp(loss, [s, w, n, far], [1.0, [[1.0], [0.0]], n, far]),
                                               tf.hessian(tf.reduce_sum(far), [far])])
    assert [[(b.shape, b.dtype.itemsize) for b in row] for row in blocks[:2]] == [
        [((), 8), ((2, 1), 4), ((0, 2), 8), ((3,), 8)],
        [((2, 1), 8), ((2, 1, 2, 1), 4), ((2, 1, 0, 2), 8), ((2, 1, 3), 8)]]
    assert blocks[0][0] == 216 and blocks[0][1].tolist() == [[72], [72]] == blocks[1][0].tolist()
    assert blocks[1][1].reshape(2, 2).tolist() == [[16, 0], [0, 16]] and np.array_equal(blocks[3][3], 2 * np.eye(3))
    assert not any(np.any(blocks[3][j]) or np.any(blocks[j][3]) for j in range(3))
    assert [p.tolist() for p in product] == [216 + 72, [[72 + 16], [72]], [], [2, 2, 2]] and linear[0][0].tolist() == np.zeros((3, 3)).tolist()


def test_structure_and_absence() -> None:
    x, z = tf.Variable([1.0, 2.0]), tf.Variable(5.0)
    y = tf.square(x)
    none, zero = ([tf.vjp(y, [x, z], y, unconnected_gradients=u)[1], tf.jvp([y], z, 1.0, unconnected_gradients=u)[0],
                   tf.jacobian(y, [z], unconnected_gradients=u)[0], tf.batch_jacobian(y, tf.square([z, z]), unconnected_gradients=u),
                   tf.hvp(y[0], [x, z], [x, z], unconnected_gradients=u)[1], *tf.hessian(y[0], [x, z], unconnected_gradients=u)[1]]
                  for u in ("none", "zero"))
    assert none == [None] * 7
    values = evaluate(zero)
    assert [np.shape(v) for v in values] == [(), (2,), (2,), (2,), (), (2,), ()] and not any(np.any(v) for v in values)
    assert isinstance(tf.jvp([y], x, x), list) and not isinstance(tf.jvp(y, [x], [x]), list) and tf.jacobian(y, x).name.startswith("jacobian")


def test_jacobian_by_what_depends_on_what() -> None:
    """A source on the way from another one: each Jacobian is the total derivative, as in `gradients`."""
    x = tf.constant([1.0, 2.0], tf.float64)
    u = tf.square(x)
    by_x, by_u = evaluate(tf.jacobian(u * x, [x, u]))
    assert by_x.tolist() == [[3, 0], [0, 12]] and by_u.tolist() == [[1, 0], [0, 2]]


# ---------------------------------------------------------------------- costs, in operations

def optimised(fetches: Sequence[Any]) -> list[Any]:
    """The nodes that a run computes."""
    order = needed(fetches, {})
    spec = specialise(fetches, order, {}, {}, {n: n.type for n in order if n.operator.name == "variable"})
    return topological(optimise([f for f in spec.fetches if f is not None]))


def work(fetches: Sequence[Any]) -> int:
    return sum(cost.operations(n) for n in optimised(fetches))


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_cost_of_products(name: str) -> None:
    """A gradient costs at most 4 functions (Griewank and Walther 2008, equation 3.14), a tangent 3 (a product whose operands both move is
    three products), `hvp` 5 gradients; and each between what the page says."""
    f, shapes, _ = COMPOSITIONS[name]
    xs = [tf.Variable(value) for value in drawn(shapes)]
    along = [tf.Variable(value) for value in drawn(shapes, 2)]
    y = f(tf, *xs)
    value, gradient, tangent, product = (work(nodes) for nodes in ([y], [y, *tf.gradients(y, xs)], [y, tf.jvp(y, xs, along)], tf.hvp(y, xs, along)))
    assert gradient <= 4 * value and tangent <= 3 * value and product <= 5 * gradient, (value, gradient, tangent, product)
    said = re.findall(r"(\d\.\d)\s+to\s+(\d\.\d)", PAGE.read_text())
    for ratio, (least, most) in zip((gradient / value, tangent / value, product / gradient), said, strict=True):
        assert float(least) <= round(ratio, 1) <= float(most)


def test_forward_mode_leaves_nothing_of_the_reverse_sweep() -> None:
    """Five layers: the products of all layers but the last, and a tangent's product for each."""
    w = [tf.Variable(value) for value in drawn([(9, 9)] * 5)]
    x = h = tf.Variable(drawn([(20, 9)])[0])
    for matrix in w:
        h = tf.tanh(h @ matrix)
    products = [n for n in optimised([tf.jvp(h, x, x)]) if n.operator.family.multiplies]
    assert len(products) == 4 + 5


@pytest.mark.parametrize("by", ["rows", "columns"])
def test_a_jacobian_is_one_program(by: str) -> None:
    """More unit vectors are no more operators, and the product of a vector, which is a loop, becomes one of matrices."""
    counts = []
    for n in (16, 48):
        w = tf.Variable(np.ones((n, n)))
        x = tf.Variable(np.ones((1, n)))
        y = tf.tanh(tf.matmul(x, w))
        nodes = optimised([tf.jacobian(y[:, :-1] if by == "rows" else tf.concat([y, y], 1), x)])
        counts.append([node.operator.name for node in nodes if cost.operations(node)])
        assert [node.type.shape[0] for node in nodes if node.operator.family.multiplies] == [n - 1 if by == "rows" else n]
    assert counts[0] == counts[1]


# ---------------------------------------------------------------------- mistakes

@pytest.fixture
def without_rules() -> Iterator[SimpleNamespace]:
    """x ** 3 and x / 2, by operators that no rule of batching knows: neither the first nor the gradient of the second."""

    def cubed(x: Any) -> Any:
        """x ** 3."""
        return x**3

    def halved(x: Any) -> Any:
        """x / 2."""
        return x / 2

    known = dict(OPERATORS)
    yield SimpleNamespace(cubed=declare("host", typed_like(), grad=lambda g, y, x: (3.0 * g * x * x,))(cubed),
                          halved=declare("host", typed_like(), grad=lambda g, y, x: (OPERATORS["halved"](g),))(halved))
    for name in OPERATORS.keys() - known.keys():
        del OPERATORS[name]


def test_unrolled(without_rules: SimpleNamespace) -> None:
    x = tf.Variable(np.array([1.0, 2.0, 3.0]))
    y = without_rules.halved(without_rules.cubed(x))
    rows, curved = evaluate([tf.jacobian(y, x), tf.hessian(tf.reduce_sum(y), x)])
    assert rows.tolist() == np.diag([1.5, 6, 13.5]).tolist() and curved.tolist() == np.diag([3.0, 6, 9]).tolist()
    open_x = tf.placeholder(tf.float64, [None], name="open_x")
    slopes = tf.jacobian(without_rules.halved(without_rules.cubed(open_x)), open_x)
    with tf.Session() as session:
        for n in (3, 1, 0):
            assert session.run(slopes, {open_x: np.arange(1.0, n + 1)}).tolist() == np.diag([1.5, 6, 13.5][:n]).tolist()
