"""Sets along the last axis against Python's own, of dense and sparse tensors, of numbers and texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors

OPERATIONS: dict[str, Any] = {"union": (tf.sets.set_union, set.union), "intersection": (tf.sets.set_intersection, set.intersection),
                              "difference": (tf.sets.set_difference, set.difference)}
LEADING = [(), (3,), (2, 2), (0,), (2, 0)]


def drawn(rng: np.random.Generator, leading: tuple[int, ...], text: bool) -> np.ndarray:
    """Rows of a few elements, with repetitions."""
    x = rng.integers(0, 6, (*leading, rng.integers(0, 5)))
    return np.array([b"word %d" % v for v in x.reshape(-1)], object).reshape(x.shape) if text else x


def sparse_of(x: np.ndarray) -> tuple[Any, list[set[Any]]]:
    """A sparse tensor of every second element of each row, and the sets that these are."""
    at = np.argwhere(np.broadcast_to(np.arange(x.shape[-1]) % 2 == 0, x.shape))
    sets: list[set[Any]] = [set(row[::2].tolist()) for row in x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])]
    return tf.SparseTensor(at.reshape(-1, x.ndim), tf.constant(x[tuple(at.T)], tf.string if x.dtype == object else tf.int64), x.shape), sets


def given(x: np.ndarray, sparse: bool) -> tuple[Any, list[set[Any]]]:
    """An operand, and its sets row by row."""
    if sparse:
        return sparse_of(x)
    whole = x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])
    return tf.constant(x, tf.string if x.dtype == object else tf.int64), [set(row.tolist()) for row in whole]


def rows(found: Any, leading: tuple[int, ...]) -> list[list[Any]]:
    """The rows of a sparse result, in the order in which they stand."""
    held: list[list[Any]] = [[] for _ in range(int(np.prod(leading)))]
    for at, value in zip(found.indices, found.values, strict=True):
        row = held[int(np.ravel_multi_index(tuple(at[:-1]), leading)) if leading else 0]
        assert at[-1] == len(row)
        row.append(value)
    return held


@pytest.mark.parametrize("text", [False, True], ids=["numbers", "texts"])
@pytest.mark.parametrize("sparse", [(False, False), (False, True), (True, False), (True, True)], ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations(name: str, sparse: tuple[bool, bool], text: bool) -> None:
    operation, wanted = OPERATIONS[name]
    rng = np.random.default_rng(len(name) + 2 * sparse[0] + sparse[1])
    for leading in LEADING:
        with tf.Graph().as_default(), tf.Session() as session:
            (a, left), (b, right) = (given(drawn(rng, leading, text), s) for s in sparse)
            found, sizes = session.run([operation(a, b), tf.sets.set_size(a)])
        right_rows = [sorted(wanted(x, y)) for x, y in zip(left, right, strict=True)]
        assert rows(found, leading) == right_rows and sizes.reshape(-1).tolist() == [*map(len, left)] and sizes.shape == leading
        assert found.dense_shape.tolist() == [*leading, max(map(len, right_rows), default=0)]


def test_the_other_way_round() -> None:
    found = tf.Session(jit=False).run(tf.sets.set_difference([[1, 2]], [[2, 3, 3]], aminusb=False))
    assert found.values.tolist() == [3] and found.indices.tolist() == [[0, 0]]


MISTAKES = {
    "floats": (lambda: tf.sets.set_size([1.0]), errors.DTypeError, "sets are of texts or whole numbers"),
    "a scalar": (lambda: tf.sets.set_size(3), errors.ShapeError, "has no axis along which"),
    "two dtypes": (lambda: tf.sets.set_union([[1]], [["a"]]), errors.DTypeError, "is not of the dtype of the other sets"),
    "other rows": (lambda: tf.Session().run(tf.sets.set_union([[1]], [[1], [2]])), errors.InvalidArgumentError, r"shapes \[1\] and \[2\]"),
    "out of order": (lambda: tf.Session().run(tf.sets.set_size(tf.SparseTensor([[1, 0], [0, 0]], [1, 2], [2, 1]))), errors.InvalidArgumentError,
                     "out of order"),
    "outside": (lambda: tf.Session().run(tf.sets.set_size(tf.SparseTensor(tf.placeholder_with_default([[5, 0]], [None, 2]), [1], [2, 1]))),
                errors.InvalidArgumentError, r"outside of the shape \[2, 1\]"),
}


@pytest.mark.parametrize("run, error, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(run: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        run()
    assert "test_sets.py:" in str(caught.value)
