"""Sizes, counts and positions beyond int32, and beyond what memory can have: the right number, or an error that names it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.ops.positions import _searched
from graphc.ops.reduce import count_over

MANY = 2**31 + 5
BOTH = pytest.mark.parametrize("jit", [True, False], ids=["compiled", "interpreted"])


def spread(*dims: int, fed: bool = True) -> tuple[Any, dict[Any, Any]]:
    """A number broadcast to a shape that is fed or known; nothing of that size is ever in memory."""
    x, n = tf.placeholder(tf.float32, []), tf.placeholder(tf.int64, [len(dims)])
    return (tf.broadcast_to(x, n), {x: 1.0, n: dims}) if fed else (tf.broadcast_to(x, list(dims)), {x: 1.0})


# What is asked, of which shape, and the value, or what the error says.
ASKED = {
    "shape": (lambda x: tf.shape(x), (MANY, 1), "2147483653 is not of dtype int32, which goes from -2147483648 to 2147483647"),
    "shape, int64": (lambda x: tf.shape(x, out_type=tf.int64), (MANY, 1), [MANY, 1]),
    "size": (lambda x: tf.size(x), (2**16, 2**15), "2147483648 is not of dtype int32"),
    "size of a long axis": (lambda x: tf.size(x), (MANY,), "2147483653 is not of dtype int32"),
    "size that fits": (lambda x: tf.size(x), (2**16, 2**15 - 1), 2**31 - 2**16),
    "size, int64": (lambda x: tf.size(x, out_type=tf.int64), (2**30, 2**30), 2**60),
    "size, uint8": (lambda x: tf.size(x, out_type=tf.uint8), (16, 16), "256 is not of dtype uint8, which goes from 0 to 255"),
    "elements of a mean": (lambda x: count_over(x, None), (2**20, 2**20), 2.0**40),
    "elements of a mean over axes": (lambda x: count_over(x, (0, 2)), (2**20, 3, 2**20), 2.0**40),
    "elements of a mean over the last axes": (lambda x: count_over(x, (-1, -2)), (3, 2**20, 2**20), 2.0**40),
    "an odd number of elements": (lambda x: count_over(tf.cast(x, tf.float64), None), (2**31 + 1, 2**21 + 1), 2.0**52 + 2**31 + 2**21 + 1),
    "more bytes than there are": (lambda x: tf.reduce_sum(x), (2**32, 2**32), "float32[4294967296,4294967296] would have 73786976294838206464 bytes"),
    "more bytes around an empty axis": (lambda x: tf.reduce_sum(x), (2**40, 0, 2**40), "bytes, more than the 2**63 - 1"),
    "tiles": (lambda x: tf.size(tf.tile(x, [2**20, 2**22]), out_type=tf.int64), (2**10, 2**10), "tile"),
    "one row too many": (lambda x: tf.size(tf.broadcast_to(x, [2**61, 1]), out_type=tf.int64), (1,), "9223372036854775808 bytes"),
    "as many as there can be": (lambda x: tf.size(tf.broadcast_to(x, [2**61 - 1, 1]), out_type=tf.int64), (1,), 2**61 - 1),
}


@BOTH
@pytest.mark.parametrize("fed", [True, False], ids=["fed", "known"])
@pytest.mark.parametrize("name", ASKED)
def test_the_number_or_an_error_that_names_it(name: str, fed: bool, jit: bool) -> None:
    ask, dims, wanted = ASKED[name]
    with tf.Graph().as_default(), tf.Session(jit=jit) as session:
        if not isinstance(wanted, str):
            x, feed = spread(*dims, fed=fed)
            assert session.run(ask(x), feed).tolist() == wanted
            return
        with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.ShapeError), match=re.escape(wanted)) as caught:
            x, feed = spread(*dims, fed=fed)
            session.run(ask(x), feed)
        assert "test_counts.py" in str(caught.value)


def test_mean_of_more_elements_than_int32_can_count() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        x, feed = spread(2**16, 2**15 + 1)
        assert session.run([tf.reduce_mean(x), tf.reduce_sum(x)], feed) == [1.0, 2.0**31 + 2**16]


# A position beyond int32, without an array that has one: what numpy's search is taken to have found.
@pytest.mark.parametrize("found, dtype, wrong", [(2**31 - 1, "int32", None), (2**31, "int32", "2147483648 is not of dtype int32"),
                                                 (2**31, "int64", None), (2**40, "int32", "1099511627776 is not of dtype int32")])
def test_positions_are_right_or_an_error(found: int, dtype: str, wrong: str | None) -> None:
    x = np.broadcast_to(np.float32(0), (2**41,))
    if wrong is None:
        assert _searched(lambda x, axis: np.int64(found), x, 0, np.dtype(dtype)) == found
        return
    with pytest.raises(tf.errors.DTypeError, match=wrong):
        _searched(lambda x, axis: np.int64(found), x, 0, np.dtype(dtype))


# Numbers that are written into a graph, of a dtype that does not hold them.
WRITTEN = {
    "constant": (lambda x: tf.constant(300, tf.uint8), "300 is not of dtype uint8, which goes from 0 to 255"),
    "negative": (lambda x: tf.constant([1, -1], tf.uint8), "-1 is not of dtype uint8"),
    "beside a tensor": (lambda x: tf.cast(x, tf.uint8) < 300, "300 is not of dtype uint8"),
    "float": (lambda x: tf.constant(3e9, tf.int32), "3000000000.0 is not of dtype int32"),
    "not even int64": (lambda x: tf.constant(2.0**63, tf.int64), "9.223372036854776e\\+18 is not of dtype int64"),
    "an index": (lambda x: tf.gather(tf.zeros([3]), 2**32 + 1), "4294967297"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_number_is_not_wrapped_around(name: str) -> None:
    build, wrong = WRITTEN[name]
    with tf.Graph().as_default(), tf.Session() as session, pytest.raises(tf.errors.GraphcError, match=wrong) as caught:
        x = tf.placeholder(tf.float32, [])
        session.run(build(x), {x: 1.0})
    assert "test_counts.py" in str(caught.value)


def test_zeros_have_as_many_elements_as_asked_for() -> None:
    assert tf.zeros([2**32 + 3]).shape.as_list() == [2**32 + 3]
