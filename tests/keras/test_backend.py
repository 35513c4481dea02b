"""`keras.backend`: its functions against values of TensorFlow, by a table of one row each; what it keeps, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.errors import FeedError, GraphError, InvalidArgumentError, ShapeError
from tests import ROOT
from tests.keras.backend_cases import MATHS, NETS, OPERANDS, SHAPES, found

K = tf.keras.backend
GOLDEN = np.load(ROOT / "tests" / "data" / "keras_golden" / "backend.npz")
# A session compiles nothing: the machine's kernels have tests of their own.
SESSION = {"jit": False}


@pytest.fixture(autouse=True)
def fresh_graph() -> Iterator[None]:
    tf.reset_default_graph()
    K.set_session(tf.Session(**SESSION))
    yield


def close(values: list[Any], text: str) -> None:
    wanted = [GOLDEN[key] for key in GOLDEN.files if key.rpartition("/")[0] == text]
    assert [(np.shape(v), np.asarray(v).dtype) for v in values] == [(w.shape, w.dtype) for w in wanted]
    for value, other in zip(values, wanted, strict=True):
        np.testing.assert_allclose(value, other, rtol=2e-5, atol=2e-6)          # float32, logarithms and sums in another order


@pytest.mark.parametrize("text", [*MATHS, *SHAPES, *NETS])
def test_functions(text: str) -> None:
    made = found(tf.keras, text, {name: tf.constant(a) for name, a in OPERANDS.items()})
    close(K.get_session().run(made), text)


@pytest.mark.parametrize("text", [t for t in (*MATHS, *SHAPES, *NETS) if t.partition("(")[0] not in (
    "eye", "zeros", "ones", "arange", "constant", "update", "update_add", "update_sub", "moving_average_update")])
def test_functions_of_open_batches(text: str) -> None:
    """The same of tensors that are fed, whose first size a run tells; weights have theirs."""
    weights = ("m", "v", "k1", "k2", "k3", "back", "depth", "point", "three", "positive", "own1", "own2")
    fed = {name: tf.constant(a) if name in weights else K.placeholder((None, *a.shape[1:]), dtype=a.dtype.name) for name, a in OPERANDS.items()}
    close(K.get_session().run(found(tf.keras, text, fed), {fed[n]: a for n, a in OPERANDS.items() if n not in weights}), text)


def test_every_row_has_a_value() -> None:
    assert {key.rpartition("/")[0] for key in GOLDEN.files} >= {*MATHS, *SHAPES, *NETS}


# What TensorFlow 2.15 no longer has, or has otherwise than 1.15, by NumPy.
X = OPERANDS["x"]
OLDER: list[tuple[Any, Any]] = [
    (lambda: K.logsumexp(tf.constant(X), 1), np.log(np.exp(X).sum(1))), (lambda: K.identity(tf.constant(X)), X),
    (lambda: K.switch(tf.constant([True, False, True]), tf.constant(X), tf.constant(-X)), X * [[1], [-1], [1]]),
    (lambda: K.resize_images(tf.constant(np.arange(4.0).reshape(1, 2, 2, 1)), 2, 2, "channels_last", "bilinear")[0, :, :, 0],
     [[0, 0.5, 1, 1], [1, 1.5, 2, 2], [2, 2.5, 3, 3], [2, 2.5, 3, 3]]),
]


@pytest.mark.parametrize("make, wanted", OLDER, ids=["logsumexp", "identity", "rows", "bilinear"])
def test_functions_of_older_versions(make: Any, wanted: Any) -> None:
    np.testing.assert_allclose(K.eval(make()), wanted, rtol=1e-5)


# ---------------------------------------------------------------------- random

@pytest.mark.parametrize("make, mean, deviation, bounds", [
    (lambda: K.random_normal((100, 90), 1.0, 2.0, seed=3), 1.0, 2.0, (-15, 15)),
    (lambda: K.random_uniform((100, 90), -1.0, 1.0, seed=3), 0.0, 3 ** -0.5, (-1, 1)),
    (lambda: K.truncated_normal((100, 90), 0.0, 0.5, seed=3), 0.0, 0.44, (-1, 1)),
    (lambda: K.random_binomial((100, 90), 0.25, seed=3), 0.25, 0.1875 ** 0.5, (0, 1)),
    (lambda: K.random_normal_variable((100, 90), 1.0, 2.0, seed=3), 1.0, 2.0, (-15, 15)),
    (lambda: K.random_uniform_variable((100, 90), 2.0, 4.0, seed=3), 3.0, 3 ** -0.5, (2, 4)),
    (lambda: K.dropout(tf.ones((100, 90)), 0.2, seed=3), 1.0, 0.5, (0, 1.25)),
], ids=["normal", "uniform", "truncated", "binomial", "normal variable", "uniform variable", "dropout"])
def test_random_numbers(make: Any, mean: float, deviation: float, bounds: tuple[float, float]) -> None:
    drawn = K.eval(make())
    assert drawn.shape == (100, 90) and drawn.dtype == np.float32 and bounds[0] <= drawn.min() <= drawn.max() <= bounds[1]
    # 9000 numbers: five standard errors of the mean, and a twentieth of the deviation.
    assert abs(drawn.mean() - mean) < 5 * deviation / 9000 ** 0.5 and abs(drawn.std() - deviation) < 0.05 * deviation


# ---------------------------------------------------------------------- what is kept

SETTINGS: list[tuple[Any, Any, Any, str]] = [
    (K.floatx, K.set_floatx, "float64", "int32"), (K.image_data_format, K.set_image_data_format, "channels_first", "NCHW"),
    (K.image_dim_ordering, K.set_image_dim_ordering, "th", "NCHW"),
]


@pytest.mark.parametrize("get, put, value, wrong", SETTINGS, ids=["floatx", "format", "ordering"])
def test_settings(get: Any, put: Any, value: str, wrong: str) -> None:
    before = get()
    try:
        put(value)
        assert get() == value != before
        with pytest.raises(GraphError, match=f"'{wrong}'"):
            put(wrong)
        assert get() == value
    finally:
        put(before)


def test_the_default_dtype_is_that_of_what_is_made() -> None:
    K.set_floatx("float64")
    try:
        made: list[Any] = [K.variable([1, 2]), K.constant(1), K.placeholder((None,)), K.zeros((2,)), K.cast_to_floatx(np.ones(2, "int32")),
                           tf.keras.Input((2,))]
        assert [K.dtype(x) if K.is_tensor(x) else x.dtype.name for x in made] == ["float64"] * 6
    finally:
        K.set_floatx("float32")


def test_values() -> None:
    v, w = K.variable([[1, 2], [3, 4]], name="v"), K.zeros((3,))
    K.batch_set_value([(v, np.full((2, 2), 5)), (w, [1, 2, 3])])
    np.testing.assert_array_equal(K.get_value(v), np.full((2, 2), 5.0))
    assert [x.tolist() for x in K.batch_get_value([v * 2.0, w])] == [[[10, 10], [10, 10]], [1, 2, 3]] and K.get_value(3) == 3
    assert (K.count_params(v), K.ndim(v), K.int_shape(v), K.dtype(v)) == (4, 2, (2, 2), "float32")
    assert K.batch_get_value([]) == [] and K.int_shape(K.placeholder((None, 3))) == (None, 3) and K.is_placeholder(K.placeholder(ndim=2))
    assert not K.is_sparse(v) and K.is_sparse(tf.sparse_placeholder(tf.float32)) and not K.is_tensor(np.ones(2))


def test_functions_run_updates_and_take_the_phase() -> None:
    count, x = K.variable(0.0), K.placeholder((None,))
    step = K.function([x, K.learning_phase()], [x * 2.0, K.in_train_phase(x + 1.0, x)], updates=[(count, count + 1.0), K.update_add(count, 0.0)])
    assert [r.tolist() for r in step([[1.0, 2.0], 1])] == [[2, 4], [2, 3]] and [r.tolist() for r in step([[1.0], 0])] == [[2], [1]]
    assert K.get_value(count) == 2.0


# What a function of inputs of this structure is given: arrays, lists where a list is an input's value, all in a row.
GIVEN: list[tuple[Any, Any]] = [
    (lambda a, b: a, np.array([1.0, 2.0], "float32")), (lambda a, b: [a], [[3.0]]), (lambda a, b: [a], [[1.0, 2.0]]),
    (lambda a, b: [a, b], [[1.0, 2.0], [1.0]]), (lambda a, b: [a, b], [[3.0], [0.0]]), (lambda a, b: {"a": a, "b": b}, {"b": [0.0], "a": [1.0, 2.0]}),
    (lambda a, b: [[a], b], [[[1.0, 2.0]], [1.0]]), (lambda a, b: [[a], b], np.split(np.array([3.0, 0.0]), 2)),
]


@pytest.mark.parametrize("structure, given", GIVEN, ids=[str(row[1]) for row in GIVEN])
def test_what_functions_take(structure: Any, given: Any) -> None:
    a, b = K.placeholder((None,)), K.placeholder((None,))
    assert K.function(structure(a, b), [K.sum(a), K.ndim(a) * K.sum(a)])(given) == [3.0, 3.0]


def test_a_function_of_another_number_of_inputs() -> None:
    x = K.placeholder((None,))
    with pytest.raises(FeedError, match="the function takes values of 1 inputs, not 2"):
        K.function([x], [x])([[1.0], [2.0]])


def test_the_learning_phase_of_a_block() -> None:
    with K.learning_phase_scope(1):
        assert K.learning_phase() == 1 and K.in_train_phase("a", "b") == "a"
    assert K.is_tensor(K.learning_phase())
    K.set_learning_phase(0)
    assert K.in_train_phase("a", lambda: "b") == "b" and K.in_test_phase("a", "b") == "a"


def test_a_cleared_session_counts_from_the_start() -> None:
    names = [tf.keras.layers.Dense(1).name for _ in range(2)]
    before = tf.get_default_graph()
    K.clear_session()
    assert tf.get_default_graph() is not before and [tf.keras.layers.Dense(1).name for _ in range(2)] == names == ["dense", "dense_1"]
    assert [K.get_uid("a"), K.get_uid("a"), K.get_uid("b")] == [1, 2, 1]
    K.reset_uids()
    assert K.get_uid("a") == 1


def test_sessions() -> None:
    own = tf.Session(**SESSION)
    K.set_session(own)
    assert K.get_session() is own
    with tf.Session(**SESSION) as inner:
        assert K.get_session() is inner
    assert K.get_session() is own and not K.is_keras_tensor(tf.ones(1)) and K.is_keras_tensor(tf.keras.Input((2,)))


# ---------------------------------------------------------------------- what is refused

REFUSED: list[tuple[Any, type[Exception], str]] = [
    (lambda: K.set_session(3), GraphError, "set_session: 3 is no session"), (lambda: K.set_learning_phase(2), GraphError, "2 is not 0 or 1"),
    (lambda: K.is_keras_tensor(1.0), GraphError, "1.0 is no tensor"), (lambda: K.set_value(tf.ones(1), 1), GraphError, "is no variable"),
    (lambda: K.set_value(K.variable([1.0]), [1.0, 2.0]), FeedError, r"\[2\]"),
    (lambda: K.placeholder((2,), sparse=True), GraphError, "sparse_placeholder"),
    (lambda: K.eval(K.placeholder((2,))), InvalidArgumentError, "must be fed"),
    (lambda: K.dot(tf.ones((2, 3)), tf.ones((2, 3))), ShapeError, "3 and 2"),
    (lambda: K.conv2d(tf.ones((1, 3, 3, 1)), tf.ones((2, 2, 1, 1)), data_format="NHWC"), GraphError, "not 'NHWC'"),
    (lambda: K.pool2d(tf.ones((1, 3, 3, 1)), (2, 2), pool_mode="mean"), GraphError, "not 'mean'"),
]


@pytest.mark.parametrize("call, kind, said", REFUSED, ids=[row[2] for row in REFUSED])
def test_refused(call: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        call()
