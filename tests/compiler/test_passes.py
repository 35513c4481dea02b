"""What the passes make of views, and of products by vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as tf

X = np.arange(12, dtype=np.float32).reshape(4, 1, 3)

# (what is done with x: float32[4,1,3], the operators that are left of it behind a sine; a view without rows is copied by a kernel)
VIEWS: list[tuple[Callable[[Any], Any], list[str]]] = [
    (lambda x: x[:, :, None], ["reshape"]),
    (lambda x: x[:, 0], ["reshape"]),
    (lambda x: x[0:4, ..., :3], []),
    (lambda x: x[:, ::-1], []),
    (lambda x: tf.transpose(x, [1, 0, 2]), ["reshape"]),
    (lambda x: tf.reverse(x, [1]), []),
    (lambda x: tf.broadcast_to(x, [1, 4, 1, 3]), ["reshape"]),
    (lambda x: x[::-1], ["strided_slice"]),
    (lambda x: x[1:], ["strided_slice"]),
    (lambda x: x[:, :, 1], ["strided_slice", "copy"]),
    (lambda x: tf.transpose(x), ["transpose", "copy"]),
    (lambda x: tf.reverse(x, [2]), ["reverse", "copy"]),
    (lambda x: tf.broadcast_to(x, [4, 2, 3]), ["broadcast_to"]),
]


@pytest.mark.parametrize(("view", "left"), VIEWS)
def test_views_of_all_elements_in_order_are_reshapes(view: Callable[[Any], Any], left: list[str]) -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, X.shape)
        y = view(tf.sin(x))
        np.testing.assert_array_equal(session.run(y, {x: X}), tf.Session(jit=False).run(view(tf.constant(session.run(tf.sin(x), {x: X})))))
        order = session.explain(y, {x: X}).program.plan.order
    assert [n.operator.name for n in order if n.operator.name not in ("placeholder", "sin")] == left


def test_rows_normalised_by_means_with_an_axis_more_are_one_kernel() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, (40, 30))
        centred = x - tf.reduce_mean(x, 1)[:, None]
        y = centred / tf.sqrt(tf.reduce_mean(centred * centred, 1))[:, None]
        assert [s.kind for s in session.explain(y, {x: np.ones((40, 30))}).steps] == ["row"]


# Shapes of the operands of a product and whether they are transposed: of a matrix and a vector, of a column and a row, and of stacks of them.
VECTORS: list[tuple[tuple[int, ...], tuple[int, ...], bool, bool]] = [
    ((50, 30), (30, 1), False, False), ((50, 30), (1, 30), False, True), ((30, 50), (30, 1), True, False), ((30, 50), (1, 30), True, True),
    ((1, 30), (30, 50), False, False), ((30, 1), (30, 50), True, False), ((1, 30), (50, 30), False, True), ((30, 1), (50, 30), True, True),
    ((50, 1), (1, 30), False, False), ((1, 50), (1, 30), True, False), ((50, 1), (30, 1), False, True), ((1, 50), (30, 1), True, True),
    ((1, 5000), (5000, 1), False, False), ((4, 9, 30), (4, 30, 1), False, False), ((4, 1, 30), (30, 9), False, False),
    ((2, 1, 1, 30), (3, 9, 30), False, True), ((1, 1), (1, 900), False, False),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize(("a", "b", "across", "along"), VECTORS)
def test_products_by_vectors_are_no_library_calls(a: tuple[int, ...], b: tuple[int, ...], across: bool, along: bool, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.integers(-9, 9, shape).astype(dtype) for shape in (a, b))
    wanted = np.matmul(x.swapaxes(-1, -2) if across else x, y.swapaxes(-1, -2) if along else y)
    with tf.Graph().as_default(), tf.Session() as session:
        given = [tf.placeholder(dtype, shape) for shape in (a, b)]
        product = tf.matmul(*given, transpose_a=across, transpose_b=along)
        np.testing.assert_array_equal(session.run(product, {given[0]: x, given[1]: y}), wanted)
        steps = session.explain(product, {given[0]: x, given[1]: y}).steps
    assert {step.kind for step in steps} <= {"map", "row", "column", "full"}


def test_a_matrix_that_is_transposed_is_read_in_the_order_of_memory() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.placeholder(tf.float32, [50, 30]), tf.placeholder(tf.float32, [50, 1])
        steps = session.explain(tf.matmul(tf.transpose(x), y), {x: np.ones((50, 30)), y: np.ones((50, 1))}).steps
    assert [step.kind for step in steps] == ["column"]


COLUMNS = [      # what is made of a product [5, 9] x [9, 7], and how many columns of it are computed
    (lambda y: tf.split(y, [3, 4], 1)[1], 4),
    (lambda y: y[:, 2:5], 3),
    (lambda y: tf.split(y, [3, 4], 1)[0] + tf.reduce_sum(y), 7),
    (lambda y: y[1:3], 7),
    (lambda y: y[:, ::2], 7),
]


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize(("view", "columns"), COLUMNS)
def test_columns_of_products_that_nobody_needs_are_not_computed(view: Callable[[Any], Any], columns: int, across: bool) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 9, (5, 9)).astype(np.float32), rng.integers(-9, 9, (9, 7)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.placeholder(tf.float32, [None, 9]), tf.placeholder(tf.float32, [7, 9] if across else [9, 7])
        feeds = {a: x, b: w.T if across else w}
        made = view(tf.matmul(a, b, transpose_b=across))
        np.testing.assert_array_equal(session.run(made, feeds), session.run(view(tf.constant(x @ w))))
        (product,) = [step for step in session.explain(made, feeds).steps if step.kind in ("library", "product")]
    assert product.operations == 2 * 5 * 9 * columns
