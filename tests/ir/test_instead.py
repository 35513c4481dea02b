"""What Python and NumPy do with values, and no tensor can: each says what to write, which is there."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc.ir import instead
from tests.reference import exists


def _x() -> Any:
    return tf.placeholder(tf.float32, [2], name="x")


def _assigned(x: Any) -> None:
    x[0] = 1.0


def _deleted(x: Any) -> None:
    del x[0]


def _added(x: Any) -> None:
    a = np.ones(2)
    a += x


# (what is done with x: float32[2], the error, what it says beside x and this file's line)
MISTAKES = [
    (np.sin, TypeError, "np.sin of x: float32[2]", "tf.sin"),
    (np.arctan, TypeError, "np.arctan of x: float32[2]", "tf.atan"),
    (lambda x: np.hypot(x, x), TypeError, "np.hypot of x: float32[2]", "session.run(x)"),
    (np.add.reduce, TypeError, "np.add.reduce of x: float32[2]", "session.run(x)"),
    (_added, TypeError, "np.add of x: float32[2]", "tf.add"),
    (np.array, TypeError, "an array of x: float32[2]", "session.run(x)"),
    (lambda x: np.asarray([x, x]), TypeError, "an array of x: float32[2]", "session.run(x)"),
    (lambda x: np.dot(np.ones((2, 2)), x), TypeError, "an array of x: float32[2]", "functions of tf"),
    (np.mean, TypeError, "an array of x: float32[2]", "functions of tf"),
    (float, TypeError, "float() of x: float32[2]", "session.run(x)"),
    (int, TypeError, "int() of x: float32[2]", "session.run(x)"),
    (complex, TypeError, "complex() of x: float32[2]", "session.run(x)"),
    (range, TypeError, "a count from x: float32[2]", "tf.range"),
    (round, TypeError, "round() of x: float32[2]", "tf.round(x)"),
    (math.sqrt, TypeError, "float() of x: float32[2]", "session.run(x)"),
    (lambda x: "%f" % x, TypeError, "x: float32[2]", "session.run(x)"),  # noqa: UP031
    (lambda x: f"{x:.2f}", TypeError, "the format '.2f' of x: float32[2]", "session.run(x)"),
    (lambda x: x if x else 0, TypeError, "x: float32[2]", "tf.where"),
    (_assigned, TypeError, "assignment to a part of x: float32[2]", "tf.where"),
    (_deleted, TypeError, "deletion of a part of x: float32[2]", "tf.boolean_mask"),
    (lambda x: x.mean(), AttributeError, "x: float32[2]", "tf.reduce_mean(x, axis)"),
    (lambda x: x.numpy(), AttributeError, "x: float32[2]", "session.run(x)"),
    (lambda x: x.T, AttributeError, "x: float32[2]", "tf.transpose(x)"),
    (lambda x: x.assign(1.0), AttributeError, "x: float32[2]", "tf.Variable"),
]


@pytest.mark.parametrize("mistake, error, said, write", MISTAKES, ids=[f"{i}-{m[3]}" for i, m in enumerate(MISTAKES)])
def test_a_mistake_says_what_to_write(mistake: Any, error: type[Exception], said: str, write: str) -> None:
    with tf.Graph().as_default(), pytest.raises(error) as caught:
        mistake(_x())
    text = str(caught.value)
    assert said in text and write in text and re.search(r"at test_instead\.py:\d+$", text)


SAID = sorted({*instead.ATTRIBUTES.values(), *(write for _, write in instead.METHODS.values()), *(f"tf.{n}" for n in instead.RENAMED.values())})


@pytest.mark.parametrize("write", SAID)
def test_what_to_write_is_here(write: str) -> None:
    assert all(exists(name) for name in re.findall(r"\btf\.([\w.]*\w)", write))


@pytest.mark.parametrize("name", sorted(instead.ATTRIBUTES))
def test_what_a_tensor_has_needs_no_substitute(name: str) -> None:
    assert not hasattr(tf.Tensor, name)


UFUNCS = sorted(n for n in dir(np) if isinstance(getattr(np, n), np.ufunc))


@pytest.mark.parametrize("name", UFUNCS)
def test_a_function_of_numpy_names_a_function_that_is_here(name: str) -> None:
    """Of tensors alone; where two are compared, they are equal if they are one."""
    with tf.Graph().as_default():
        f, x = getattr(np, name), _x()
        if name in ("equal", "not_equal"):
            assert f(x, x) == (name == "equal")
            return
        with pytest.raises(tf.errors.DTypeError) as caught:
            f(*[x] * f.nin)
    for own in re.findall(r"\btf\.([\w.]*\w)", str(caught.value)):
        assert exists(own)


BINARY = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "//": lambda a, b: a // b,
    "%": lambda a, b: a % b, "**": lambda a, b: a ** b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("sign", BINARY)
@pytest.mark.parametrize("left", [np.array([3.0, 4.0]), np.float64(3.0)], ids=["array", "scalar"])
def test_numpy_on_the_left(sign: str, left: Any) -> None:
    """An array on the left leaves the operation to the tensor: NumPy computes the same of its value."""
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        assert session.run(BINARY[sign](left, tf.constant([2.0, 4.0]))).tolist() == BINARY[sign](left, np.array([2.0, 4.0])).tolist()


def test_numpy_on_the_left_of_booleans_and_matrices() -> None:
    a, b = np.array([True, True, False]), np.array([True, False, False])
    m = np.array([[1.0, 2.0], [3.0, 4.0]])
    with tf.Graph().as_default(), tf.Session(jit=False) as session:
        t = tf.constant(b)
        assert [r.tolist() for r in session.run([a & t, a | t, a ^ t])] == [(a & b).tolist(), (a | b).tolist(), (a ^ b).tolist()]
        assert session.run(m @ tf.constant([[1.0], [0.0]])).tolist() == [[1.0], [3.0]]
        assert (a == t) is False and (a != t) is True
        assert np.array([t, t], object).tolist() == [t, t]


def test_what_is_missing_is_not_listed() -> None:
    with tf.Graph().as_default():
        x, v = _x(), tf.Variable(1.0)
    assert not {*dir(x)} & {*instead.ATTRIBUTES} and {"op", "shape", "eval"} <= {*dir(x)}
    assert {*dir(v)} & {*instead.ATTRIBUTES} == {"assign", "assign_add", "assign_sub", "initializer", "load", "value"}


def test_python_finds_an_attribute_that_is_spelt_alike() -> None:
    with tf.Graph().as_default(), pytest.raises(AttributeError, match="has no attribute 'shap'") as caught:
        _x().shap  # noqa: B018
    assert caught.value.name == "shap" and isinstance(caught.value.obj, tf.Tensor)
