"""Dtypes and shapes: what stands for them, and what is known of a shape against all the concrete shapes it may be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.cpu.kernel import casts
from graphc.files.bundle import CODES
from graphc.ir.expressions import FUNCTIONS
from graphc.ir.types import DATATYPES, DTYPES, NUMBERS, TensorType, as_array, as_dtype, as_shape, broadcast, compatible, merge
from tests.fuzz import generate

# (value, its dtype without one being asked for): TensorFlow's rule for Python's numbers, numpy's own dtype for what numpy made
VALUES = [
    (1, tf.int32), (1.0, tf.float32), (True, tf.bool), ([], tf.float32), (2**31, tf.int64), (-2**31, tf.int32), ([1, 2.5], tf.float32),
    (np.float64(1), tf.float64), (np.arange(3), tf.int64), ([np.float64(1), 2], tf.float64), ("text", tf.string),
    ([b"a", "b"], tf.string), (np.array(["a"]), tf.string), (np.array([1], ">i4"), tf.int32), (np.uint8(255), tf.uint8),
]


@pytest.mark.parametrize("value, dtype", VALUES, ids=repr)
def test_dtype_of_a_value(value: Any, dtype: tf.DType) -> None:
    assert as_array(value).dtype == dtype.as_numpy_dtype and tf.constant(value).dtype == dtype


# Where a dtype is given by name or as Python's type, `float` is float32 (TensorFlow 2.15 of all of these).
GIVEN: list[Callable[[Any], Any]] = [
    lambda d: tf.cast([1], d), lambda d: tf.placeholder(d), lambda d: tf.constant([1.5], d), lambda d: tf.constant([1.5], dtype=d),
    lambda d: tf.zeros([2], d), lambda d: tf.ones([2], d), lambda d: tf.fill([2], tf.cast(1, d)), lambda d: tf.zeros_like([1], dtype=d),
    lambda d: tf.ones_like([1], d), lambda d: tf.one_hot([1], 3, dtype=d), lambda d: tf.eye(2, dtype=d), lambda d: tf.range(3, dtype=d),
    lambda d: tf.random_normal([2], dtype=d), lambda d: tf.random_uniform([2], dtype=d), lambda d: tf.truncated_normal([2], dtype=d),
    lambda d: tf.get_variable("v", [2], d), lambda d: tf.Variable([1.5], dtype=d), lambda d: tf.convert_to_tensor([1.5], d),
    lambda d: tf.convert_to_tensor([1.5], preferred_dtype=d), lambda d: tf.sparse_placeholder(d).values, lambda d: tf.to_float([1]),
    lambda d: tf.string_to_number("1", d), lambda d: tf.decode_raw("abcd", d), lambda d: tf.placeholder_with_default(tf.cast(1, d), []),
    lambda d: tf.saturate_cast([1], d), lambda d: tf.sequence_mask([1], 2, d), lambda d: tf.zeros_initializer(d)([2]),
    lambda d: tf.random_normal_initializer(dtype=d)([2]), lambda d: tf.nn.rnn_cell.BasicLSTMCell(2).zero_state(2, d).c,
    lambda d: tf.map_fn(lambda x: tf.cast(x, d), tf.constant([1, 2]), dtype=d), lambda d: tf.py_func(lambda: 1.0, [], d),
    lambda d: tf.TensorArray(d, 2).write(0, tf.cast(1, d)).read(0), lambda d: tf.FIFOQueue(2, d).dequeue(),
]


@pytest.mark.parametrize("dtype", [float, "float"])
def test_float_is_float32(dtype: Any) -> None:
    assert dtype == tf.float32 and tf.float32 == dtype and tf.float64 != dtype
    with tf.Graph().as_default():
        assert {i: made.dtype.name for i, made in enumerate(make(dtype) for make in GIVEN)} == dict.fromkeys(range(len(GIVEN)), "float32")


# (what is no dtype, value or shape, the error, part of its message)
MISTAKES = [
    (lambda: as_dtype("longdouble"), tf.errors.DTypeError, "dtype float128 is not supported; graphc has"),
    (lambda: as_dtype("number"), tf.errors.DTypeError, "'number' is not a dtype"),
    (lambda: as_array(object()), tf.errors.DTypeError, "is not a tensor of a supported dtype"),
    (lambda: as_array(["a", 1]), tf.errors.DTypeError, "1 is not a text, and stands among texts"),
    (lambda: as_array([1], tf.string), tf.errors.DTypeError, "is not a tensor of string"),
    (lambda: as_array([1.5], tf.int32), tf.errors.DTypeError, "it has fractions"),
    (lambda: as_array([[1], [1, 2]]), tf.errors.ShapeError, "rows differ in length"),
    (lambda: as_shape([2, -1]), tf.errors.ShapeError, "a dimension is negative in the shape (2, -1)"),
    (lambda: as_shape([2.0]), tf.errors.ShapeError, "2.0 is not a dimension"),
    (lambda: as_shape(2.0), tf.errors.ShapeError, "2.0 is not a shape"),
    (lambda: tf.TensorShape(None).as_list(), tf.errors.ShapeError, "unknown rank"),
    (lambda: list(tf.TensorShape(None)), tf.errors.ShapeError, "unknown rank"),
    (lambda: int(tf.TensorShape([None])[0]), tf.errors.ShapeError, "unknown until the graph runs"),
]


@pytest.mark.parametrize("make, error, message", MISTAKES, ids=[message for *_, message in MISTAKES])
def test_mistakes(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)


# ---------------------------------------------------------------------- shapes of which a part is known

DIMS = (0, 1, 2, 3)
SHAPES = [None, *(shape for rank in (0, 1, 2) for shape in product((None, 1, 2), repeat=rank))]
PAIRS = list(product(SHAPES, SHAPES))
CONCRETE = [shape for rank in (0, 1, 2) for shape in product(DIMS, repeat=rank)]


def may_be(shape: Any) -> set[tuple[int, ...]]:
    """The concrete shapes, of up to two dimensions, that a shape may turn out to be."""
    return {c for c in CONCRETE if shape is None or len(c) == len(shape) and all(x in (None, d) for x, d in zip(shape, c, strict=True))}


def known_of(shapes: set[tuple[int, ...]]) -> Any:
    """What all of some concrete shapes of one rank have in common."""
    return tuple(d[0] if len(set(d)) == 1 else None for d in zip(*shapes, strict=True))


@pytest.mark.parametrize("a, b", PAIRS, ids=str)
def test_what_is_known_of_a_shape_that_is_both(a: Any, b: Any) -> None:
    both = may_be(a) & may_be(b)
    assert compatible(a, b) == tf.TensorShape(a).is_compatible_with(b) == bool(both)
    if both:
        assert may_be(merge(a, b)) == both


@pytest.mark.parametrize("a, b", PAIRS, ids=str)
def test_broadcast(a: Any, b: Any) -> None:
    results = set()
    for x, y in product(may_be(a), may_be(b)):
        try:
            results.add(np.broadcast_shapes(x, y))
        except ValueError:
            pass
    if not results:
        with pytest.raises(tf.errors.ShapeError):
            broadcast(a, b)
    else:       # of an unknown rank it may be one greater than any in `results`
        assert broadcast(a, b) == (None if None in (a, b) else known_of(results))


# (dimensions, as_list, text, number of elements)
TEXTS = [((), [], "()", 1), ([3], [3], "(3,)", 3), ([None, 784], [None, 784], "(?, 784)", None), ([2, 0], [2, 0], "(2, 0)", 0)]


@pytest.mark.parametrize("dims, listed, text, count", TEXTS)
def test_tensor_shape(dims: Any, listed: list[Any], text: str, count: int | None) -> None:
    shape = tf.TensorShape(dims)
    assert (shape.as_list(), str(shape), shape.num_elements(), shape.ndims) == (listed, text, count, len(listed))
    assert shape == dims == tf.TensorShape(shape) and [d.value for d in shape] == listed and hash(shape) == hash(tf.TensorShape(dims))
    assert shape.is_fully_defined() == (None not in listed) and shape != [9]


def kernel_names(dtypes: Any) -> set[str]:
    return {"boolean" if d.kind == "b" else d.name for d in dtypes}


# Tables that cannot import each other: the kernel language, whose files decide the key of kept kernels, and the functions that expressions may
# call. The fuzzer's own keeps an order, and with it the seeds.
TABLES = {"kernels": {*casts.DTYPES}, "expressions": {*FUNCTIONS} & {*casts.DTYPES}}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_dtype_is_one_of_kernels(table: set[str]) -> None:
    assert table == kernel_names([d.dtype for d in NUMBERS])


def test_numbers_of_dtypes_in_files_are_those_of_messages() -> None:
    assert {name: CODES[number][0] for name, number in DATATYPES.items()} == {name: name for name in DATATYPES}


def test_numbers_are_all_dtypes_but_texts() -> None:
    assert {d.dtype for d in NUMBERS} == DTYPES.keys() - {tf.string.dtype} and len(NUMBERS) == len(DTYPES) - 1
    assert {d.name for d in NUMBERS} == {*generate.DTYPES, "complex64", "complex128", "float16", "uint16", "uint32", "uint64"}


@pytest.mark.parametrize("dtype", NUMBERS, ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)], ids=str)
def test_bytes(dtype: tf.DType, shape: tuple[int, ...]) -> None:
    assert TensorType(dtype.dtype, shape).nbytes == np.zeros(shape, dtype.dtype).nbytes
