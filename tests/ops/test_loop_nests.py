"""Loop nests of declarations at sizes that samples do not have: against numpy and scipy, with one program for all sizes, on any number of threads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import scipy.special

import graphc as tf
from graphc.ir.node import OPERATORS
from graphc.ir.types import TensorType
from graphc.ops.linalg_loops import MOST
from graphc.ops.sparse_product import row_sums, rows_sorted
from tests.draws import draws

RNG = draws(8)


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    yield


def product(rows: Any, columns: Any, values: Any, b: Any) -> Any:
    by_row = rows_sorted(rows, [40])
    return row_sums(columns, values, b, by_row.starts, by_row.order, rows)


def multiplied(rows: Any, columns: Any, values: Any, b: Any) -> Any:
    return scipy.sparse.coo_matrix((values, (rows, columns)), (40, len(b))) @ b


def places(n: int, width: int) -> list[Any]:
    return [RNG.integers(0, 40, n), RNG.integers(0, 30, n), RNG.normal(size=n), RNG.normal(size=(30, width))]


def triangle(*shape: int) -> Any:
    return np.tril(RNG.normal(size=shape)) + 4 * np.eye(shape[-1])


def solved(lower: bool, adjoint: bool) -> Callable[[Any, Any], Any]:
    one = np.vectorize(lambda a, b: scipy.linalg.solve_triangular(a if lower else a.T, b, lower=lower, trans=int(adjoint)),
                       signature="(n,n),(n,k)->(n,k)")
    return lambda a, b: one(a, b)


def largest(k: int) -> Callable[[Any], Any]:
    return lambda x: np.array([sorted(range(x.shape[1]), key=lambda i: (-r[i], i))[:k] for r in x])


def in_order(row: Any, down: bool) -> list[int]:
    """Places in the order of the elements, nan beyond all others, equal ones as they are."""
    return sorted(range(len(row)), key=lambda i: (bool(row[i] != row[i]), 0 if row[i] != row[i] else row[i].item()), reverse=down)


def with_sign(m: Any) -> tuple[Any, Any]:
    with np.errstate(divide="ignore"):
        return m, 1 / m


def furthest(row: Any, best: Callable[..., Any]) -> Any:
    """The largest or smallest number of a row, 0 above -0; nan if there is one."""
    return np.float32(np.nan) if np.isnan(row).any() else best(row, key=lambda v: (v, not np.signbit(v)))


def spread(*sizes: int) -> list[list[Any]]:
    return [[RNG.normal(size=(n, n + 3))] for n in sizes]


# Rows whose extremes are found by their bits: of either sign, equal, zeros of both signs, infinities, nan with either sign.
EXTREMES: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "below 0": lambda rng, n: -np.abs(rng.normal(size=(9, n))) - 1, "above 0": lambda rng, n: np.abs(rng.normal(size=(9, n))) + 1,
    "of three": lambda rng, n: rng.integers(-1, 2, (9, n)), "zeros": lambda rng, n: np.where(rng.random((9, n)) < 0.01, 0.0, -0.0),
    "zeros of both signs below 1": lambda rng, n: np.where(rng.random((9, n)) < 0.02, np.where(rng.random((9, n)) < 0.5, 0.0, -0.0), -1.0),
    "zeros of both signs above -1": lambda rng, n: np.where(rng.random((9, n)) < 0.02, np.where(rng.random((9, n)) < 0.5, 0.0, -0.0), 1.0),
    "infinite": lambda rng, n: np.where(rng.random((9, n)) < 0.01, -np.inf, np.inf), "of -inf": lambda rng, n: np.full((9, n), -np.inf),
    "with nan": lambda rng, n: np.where(rng.random((9, n)) < 0.004, np.nan, rng.normal(size=(9, n))),
    "with -nan": lambda rng, n: np.where(rng.random((9, n)) < 0.004, -np.nan, rng.normal(size=(9, n))),
}

# What it is, the operator, the same by other means, and operands of several sizes.
ROWS: list[tuple[str, Callable[..., Any], Callable[..., Any], list[list[Any]]]] = [
    ("sparse product", product, multiplied, [places(n, w) for n, w in ((0, 3), (1, 1), (7, 16), (300, 7), (500, 31), (900, 70), (50, 0))]),
    *((f"triangular solve, lower {lower}, transposed {adjoint}",
       lambda a, b, lower=lower, adjoint=adjoint: tf.matrix_triangular_solve(a if lower else tf.matrix_transpose(a), b, lower=lower, adjoint=adjoint),
       solved(lower, adjoint), [[triangle(n, n), RNG.normal(size=(n, k))] for n, k in ((1, 1), (5, 17), (40, 1), (33, 4), (70, 50), (3, 0))])
      for lower in (True, False) for adjoint in (True, False)),
    ("triangular solve of batches", tf.matrix_triangular_solve, solved(True, False),
     [[triangle(2, 1, 5, 5), RNG.normal(size=(2, 3, 5, 2))], [triangle(1, 4, 5, 5), RNG.normal(size=(3, 1, 5, 2))]]),
    *((f"top_k {k}", lambda x, k=k: tf.nn.top_k(x, k).indices, largest(k), [[RNG.integers(0, 50, (5, n)).astype(float)] for n in (9, 20, 300)])
      for k in (1, 9)),
    *((f"order of {dtype} {what} {direction}", lambda x, d=direction: tf.argsort(x, 1, d),
       lambda x, d=direction: np.array([in_order(row, d == "DESCENDING") for row in x]), [[make(RNG, n).astype(dtype)] for n in (5, 24, 25, 600)])
      for dtype in ("float32", "float64") for what, make in EXTREMES.items() for direction in ("ASCENDING", "DESCENDING")),
    *((f"order of {dtype}", tf.argsort, lambda x: np.array([in_order(row, False) for row in x]), [
        [RNG.integers(info.min, info.max, (4, n), dtype, endpoint=True)] for info in [np.iinfo(dtype)] for n in (1, 20, 25, 300, 5000)])
      for dtype in ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64")),
    ("order of columns of few numbers", lambda x: tf.argsort(x, 0), lambda x: np.array([in_order(c, False) for c in x.T]).T,
     [[RNG.integers(0, n, (n, 3))] for n in (7, 30, 5000)]),
    *((f"places among sorted ones, {side}, {what}", lambda a, x, side=side: tf.searchsorted(a, x, side),
       lambda a, x, side=side: np.array([np.searchsorted(r, w, side) for r, w in zip(a, x, strict=True)]),
       [[np.sort(make(RNG, n), 1), make(RNG, m)] for n, m in ((1, 70), (2, 3), (63, 64), (600, 9), (1, 0))])
      for side in ("left", "right") for what, make in EXTREMES.items() if side == "right" or "nan" not in what),
    ("places of numbers among sorted ones with nan", tf.searchsorted,
     lambda a, x: np.array([np.searchsorted(r, w) for r, w in zip(a, x, strict=True)]),
     [[np.sort(EXTREMES["with nan"](RNG, n), 1), RNG.normal(size=(9, 40))] for n in (3, 700)]),
    ("places among none", tf.searchsorted, lambda a, x: np.zeros(x.shape), [[np.zeros((2, 0)), np.ones((2, 3))]]),
    ("sorted columns", lambda x: tf.sort(x, 0, "DESCENDING"), lambda x: np.sort(x, 0)[::-1], spread(1, 7, 30, 4100)),
    *((f"{name}, axis {axis}", lambda x, f=f, axis=axis: f(x, axis), lambda x, g=g, axis=axis: g(x, axis=axis), spread(1, 2, 5, 100))
      for name, f, g in (("cumsum", tf.cumsum, np.cumsum), ("cumprod", tf.cumprod, np.cumprod)) for axis in (0, 1)),
    ("gather_nd", tf.gather_nd, lambda x, i: x[i[:, 0], i[:, 1]],
     [[RNG.normal(size=(6, 7, w)), RNG.integers(0, 6, (n, 2))] for n, w in ((1, 1), (90, 5))]),
    *((f"{name}, axis {axis}", lambda x, f=f, axis=axis: f(x, axis), lambda x, g=g, axis=axis: g(x, axis), [
        *spread(1, 2, 5, 300), *([RNG.integers(0, 3, (n, 1200)).astype(float)] for n in (2, 600)),
        [np.where(RNG.random((300, 600)) < 0.005, np.nan, 1.0)]])
      for name, f, g in (("argmax", tf.argmax, np.argmax), ("argmin", tf.argmin, np.argmin)) for axis in (0, 1)),
    *((f"{name} of {dtype} {what}", lambda x, f=f: f(x, 1), lambda x, g=g: np.array([g(row) for row in x]),
       [[make(RNG, n).astype(dtype)] for n in (30, 255, 600)])
      for name, f, g in (("argmax", tf.argmax, np.argmax), ("argmin", tf.argmin, np.argmin))
      for dtype in ("float32", "float64") for what, make in EXTREMES.items()),
    *((f"{name} of {what}, and 1 by it, which tells zeros", lambda x, f=f: tf.stack([f(x, 1), 1 / f(x, 1)]),
       lambda x, g=g: np.array([with_sign(furthest(row, g)) for row in x]).T, [[make(RNG, n).astype("float32")] for n in (3, 30, 600)])
      for name, f, g in (("reduce_max", tf.reduce_max, max), ("reduce_min", tf.reduce_min, min)) for what, make in EXTREMES.items()),
    ("argmax of integers", lambda x: tf.argmax(x, 1, output_type=tf.int32), lambda x: np.argmax(x, 1),
     [[RNG.integers(-9, 9, (7, n)).astype(d)] for n, d in ((1, "int32"), (700, "int32"))]),
    ("argmin of truths", lambda x: tf.argmin(x, 0), lambda x: np.argmin(x, 0), [[RNG.random((n, 5)) < 0.7] for n in (2, 9)]),
    ("sums of scattered rows", lambda i, x: tf.unsorted_segment_sum(x, i, 50), lambda i, x: np.array([x[i == r].sum(0) for r in range(50)]),
     [[RNG.integers(0, 50, n), RNG.normal(size=(n, w))] for n, w in ((3, 1), (900, 7), (900, 16), (300, 50), (20, 700), (0, 3), (5, 0))]),
    ("gradient of a gather", lambda x, i: tf.gradients(tf.gather(tf.cumsum(x), i), x)[0],
     lambda x, i: np.cumsum(np.bincount(i, minlength=len(x))[::-1, None] * np.ones(x.shape), 0)[::-1],
     [[RNG.normal(size=(40, w)), RNG.integers(0, 40, n)] for n, w in ((3, 1), (900, 33), (900, 200))]),
    ("lgamma", tf.lgamma, scipy.special.gammaln,
     [[np.concatenate([np.linspace(-9.4, 30, n), np.geomspace(1e-300, 1e300, n), [1.0, 2.0, 1 + 1e-9, 2 - 1e-9, 0.0, -3.0, np.inf, np.nan]])]
      for n in (3, 1000)]),
    ("digamma", tf.digamma, scipy.special.psi, [[np.concatenate([np.linspace(-9.4, 30, n), np.geomspace(1e-300, 1e300, n), [-3.0, np.inf, np.nan]])]
                                               for n in (3, 1000)]),
]


@pytest.mark.parametrize("name, function, wanted, sizes", ROWS, ids=[row[0] for row in ROWS])
def test_values_of_all_sizes_by_one_program(name, function, wanted, sizes):
    feeds = [tf.placeholder(x.dtype, [None] * x.ndim) for x in sizes[0]]
    y = function(*feeds)
    one, two = (tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=n)) for n in (1, 2))
    for operands in sizes:
        fed = dict(zip(feeds, operands, strict=True))
        found = one.run(y, fed)
        np.testing.assert_allclose(found, wanted(*operands), rtol=1e-10, atol=1e-11, equal_nan=True)
        np.testing.assert_array_equal(two.run(y, fed), found, "the same bits on two threads")


# An operator, its exact values, the error allowed in units in the last place of a float64, and where
GAMMA: list[tuple[str, Callable[..., Any], Callable[..., Any], float, Any]] = [
    ("lgamma above 0", tf.lgamma, mpmath.loggamma, 6,
     np.concatenate([RNG.uniform(0.01, 12, 300), 1 + RNG.normal(size=99) / 99, 2 + RNG.normal(size=99) / 99])),
    *((f"polygamma of order {k}", lambda x, k=k: OPERATORS["polygamma"](x, order=k), lambda x, k=k: mpmath.polygamma(k, x), allowed,
       np.concatenate([RNG.uniform(0.01, 3, 200), RNG.uniform(3, 60, 200), 10.0 ** RNG.uniform(-8, 8, 100), [1331102.328957369]]))
      for k, allowed in ((1, 4), (2, 5), (7, 10))),
    ("polygamma of order 3 below 0", lambda x: OPERATORS["polygamma"](x, order=3), lambda x: mpmath.polygamma(3, x), 16, RNG.uniform(-6, 0, 200)),
]


@pytest.mark.parametrize("name, function, exact, allowed, points", GAMMA, ids=[row[0] for row in GAMMA])
def test_error_of_gamma_functions(name, function, exact, allowed, points):
    x = tf.placeholder(tf.float64, [None])
    found = tf.Session().run(function(x), {x: points})
    with mpmath.workdps(40):
        wanted = [exact(mpmath.mpf(v)) for v in points.tolist()]
        errors = [float(abs(mpmath.mpf(v) - w) / float(np.spacing(abs(float(w))))) for v, w in zip(found.tolist(), wanted, strict=True)]
    assert max(errors) <= allowed, (max(errors), points[np.argmax(errors)])


def test_polygamma_at_poles_and_ends():
    points = np.array([0.0, -0.0, -1.0, -3.0, np.inf, -np.inf, np.nan, 1e-200])
    x = tf.placeholder(tf.float64, [None])
    for order, wanted in ((1, [np.inf, np.inf, np.nan, np.nan, 0.0, np.nan, np.nan, np.inf]),
                          (2, [-np.inf, -np.inf, np.nan, np.nan, 0.0, np.nan, np.nan, -np.inf])):
        for jit in (True, False):
            np.testing.assert_array_equal(tf.Session(jit=jit).run(OPERATORS["polygamma"](x, order=order), {x: points}), wanted)


def matrices(*shape: int) -> Any:
    return RNG.normal(size=shape) + 2.0 * np.eye(shape[-1])


def definite(*shape: int) -> Any:
    x = RNG.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


# An operator of square matrices, the same by numpy, and which matrices
SQUARE: list[tuple[str, Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = [
    ("inverse", tf.matrix_inverse, np.linalg.inv, matrices),
    ("inverse of the transpose", lambda x: tf.matrix_inverse(x, adjoint=True), lambda x: np.linalg.inv(np.swapaxes(x, -1, -2)), matrices),
    ("determinant", tf.matrix_determinant, np.linalg.det, matrices),
    ("sign of the determinant", lambda x: tf.linalg.slogdet(x)[0], lambda x: np.linalg.slogdet(x)[0], matrices),
    ("logarithm of the determinant", lambda x: tf.linalg.slogdet(x)[1], lambda x: np.linalg.slogdet(x)[1], matrices),
    ("Cholesky", tf.cholesky, np.linalg.cholesky, definite),
    ("solve", lambda x: tf.matrix_solve(x, x[:, :, :2]), lambda x: np.linalg.solve(x, x[:, :, :2]), matrices),
    ("solve by the transpose", lambda x: tf.matrix_solve(x, x[:1], adjoint=True),
     lambda x: np.linalg.solve(np.swapaxes(x, -1, -2), np.broadcast_to(x[:1], x.shape)), matrices),
]


@pytest.mark.parametrize("name, function, wanted, drawn", SQUARE, ids=[row[0] for row in SQUARE])
def test_square_matrices(name, function, wanted, drawn):
    """Small ones and factors by loops, larger ones by LAPACK; one by one, as a batch of open size, none at all."""
    for n in (1, 2, 3, 8, 24, 64, 65, 101):
        kind = "routine" if n <= MOST or function is tf.cholesky else "host"
        x = tf.placeholder(tf.float64, (None, n, n))
        y, session = function(x), tf.Session()
        for count in (3, 1, 0, 7):
            given = drawn(count, n, n)
            np.testing.assert_allclose(session.run(y, {x: given}), wanted(given), rtol=1e-8, atol=1e-8)
        assert kind in [step.kind for step in session.explain(y, {x: drawn(2, n, n)}).steps]


# What is wrong with a matrix, and which operator says so
WRONG = [(tf.matrix_inverse, [[1.0, 2.0], [2.0, 4.0]], "matrix_inverse(x: float64[2,2] (test_loop_nests.py:LINE)): Singular matrix"),
         (lambda x: tf.matrix_solve(x, tf.ones([2, 1], tf.float64)), [[0.0, 0.0], [0.0, 1.0]], "Singular matrix"),
         (tf.cholesky, [[1.0, 2.0], [2.0, 1.0]], "cholesky(x: float64[2,2] (test_loop_nests.py:LINE)): Matrix is not positive definite")]


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("function, matrix, message", WRONG)
def test_matrices_that_have_no_inverse_or_factor(function, matrix, message, jit):
    x = tf.placeholder(tf.float64, (2, 2), name="x")
    line = sys._getframe().f_lineno - 1
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.Session(jit=jit).run(function(x), {x: matrix})
    assert message.replace("LINE", str(line)) in str(caught.value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_factors_of_any_size_by_one_program(dtype):
    """Cholesky's factor of matrices whose side is open, against the matrix: within the bound of Higham 2002, theorem 10.3."""
    x = tf.placeholder(dtype, (None, None))
    y, session = tf.cholesky(x), tf.Session()
    for n in (1, 5, 6, 7, 12, 31, 64, 90, 257):
        given = definite(n, n).astype(dtype)
        found = session.run(y, {x: given}).astype(float)
        left = np.abs(found @ found.T - given) - (n + 1) * np.finfo(dtype).eps * (np.abs(found) @ np.abs(found.T))
        assert (left <= 0).all() and (np.triu(found, 1) == 0).all() and (np.diag(found) > 0).all()


@pytest.mark.parametrize("right, wrong", [("(n - top + 2 * LANES - 1)", "(n - top)"), ("range(top)", "range(top - 1)"),
                                          ("begin = top", "begin = top + 1"),
                                          ("for i in range(top, top + high)", "for i in range(top, top + high - 1)")])
def test_faults_in_the_blocks_of_a_factor_are_found(right, wrong, monkeypatch):
    operator, loop = tf.cholesky, tf.cholesky.loop
    monkeypatch.setitem(vars(operator), "loop", lambda *args, **attrs: (made := loop(*args, **attrs))._replace(body=made.body.replace(right, wrong)))
    assert right in loop([TensorType(np.dtype("float64"), (40, 40))], TensorType(np.dtype("float64"), (40, 40))).body
    x, given = tf.placeholder(tf.float64, (40, 40)), definite(40, 40)
    try:
        found = tf.Session().run(tf.cholesky(x), {x: given})
    except tf.errors.InvalidArgumentError:      # what is left is not positive definite
        return
    assert not np.allclose(found, np.linalg.cholesky(given), equal_nan=True)


def test_determinant_of_a_singular_matrix():
    x = tf.placeholder(tf.float64, (2, 2))
    assert tf.Session().run([tf.matrix_determinant(x), *tf.linalg.slogdet(x)], {x: [[1.0, 2.0], [2.0, 4.0]]}) == [0.0, 0.0, -np.inf]


@pytest.mark.parametrize("matrix", [
    np.zeros((2, 2)), [[0.0, 1.0], [0.0, 2.0]], [[0.0, 0.0], [1.0, 2.0]], [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 5.0, 7.0]],
    [[0.0, 1.0, 2.0], [0.0, 3.0, 4.0], [0.0, 5.0, 6.0]], [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]], [[0.0, 1.0], [1.0, 0.0]]])
def test_determinants_without_a_pivot_in_a_column(matrix):
    x = tf.placeholder(tf.float64, np.shape(matrix))
    found = tf.Session().run([tf.matrix_determinant(x), *tf.linalg.slogdet(x)], {x: matrix})
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(found, [np.linalg.det(matrix), *np.linalg.slogdet(matrix)], atol=1e-15)


def test_precise_beside_its_zeros():
    """The logarithm of gamma is right to the last digits where it is nearly 0, as in 30 digits: a sum with larger terms would not be."""
    x = np.concatenate([1 + np.geomspace(1e-12, 0.4, 99), 2 + np.geomspace(1e-12, 0.4, 99), 1 - np.geomspace(1e-12, 0.4, 99)])
    at = tf.placeholder(tf.float64, x.shape)
    with mpmath.workdps(30):
        wanted = [float(mpmath.loggamma(v)) for v in x.tolist()]
    np.testing.assert_allclose(tf.Session().run(tf.lgamma(at), {at: x}), wanted, rtol=4e-15)


def test_size_that_data_decides_leaves_the_loop_compiled():
    """The number of segments is known before the sum runs, which is a step of machine code."""
    ids, x = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.float64, [None, 2])
    y = tf.segment_sum(x, ids)
    session = tf.Session()
    for at in ([0, 0, 3], [0, 1, 1, 2], [5]):
        values = RNG.normal(size=(len(at), 2))
        wanted = np.zeros((at[-1] + 1, 2))
        np.add.at(wanted, at, values)
        np.testing.assert_allclose(session.run(y, {ids: at, x: values}), wanted)
    assert "scatter" in [step.kind for step in session.explain(y, {ids: [0, 1], x: np.ones((2, 2))}).steps]
