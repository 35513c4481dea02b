"""Objects of a program's classes as operands, by the functions that it registers for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors
from graphc.ir.conversions import CONVERSIONS


@pytest.fixture(autouse=True)
def as_before() -> Any:
    before = list(CONVERSIONS)
    yield
    CONVERSIONS[:] = before


class Boxed:
    def __init__(self, value: Any):
        self.value = value


class Inner(Boxed):
    pass


def opened(value: Any, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    assert not as_ref
    return tf.convert_to_tensor(value.value, dtype, name)


# What is built with an object that holds 2.0, and its value.
USES: dict[str, tuple[Any, Any]] = {
    "behind": (lambda b: tf.constant(1.0) + b, 3.0), "before": (lambda b: tf.subtract(b, 1.0), 1.0),
    "alone": (lambda b: tf.exp(b), np.exp(np.float32(2))),
    "converted": (lambda b: tf.convert_to_tensor(b), 2.0), "of a dtype": (lambda b: tf.convert_to_tensor(b, tf.float64), 2.0),
    "in a list": (lambda b: tf.stack([b, 1.0]), [2, 1]), "in a list of operands": (lambda b: tf.add_n([b, tf.constant(1.0)]), 3.0),
    "initial value": (lambda b: tf.Variable(b), 2.0), "identity": (tf.identity, 2.0),
}


@pytest.mark.parametrize("kind", [Boxed, Inner])
@pytest.mark.parametrize("what", USES)
def test_uses(what, kind):
    build, wanted = USES[what]
    tf.register_tensor_conversion_function(Boxed, opened)
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(build(kind(2.0))), wanted, rtol=1e-6)


def test_the_first_by_priority_that_converts():
    def giving(x: Any) -> Any:
        return lambda value, dtype=None, name=None, as_ref=False: x if x is NotImplemented else tf.constant(x)
    for x, priority in ((1.0, 200), (2.0, 100), (3.0, 100), (NotImplemented, 0)):
        tf.register_tensor_conversion_function((Boxed,), giving(x), priority)
    with tf.Session() as session:
        assert session.run(tf.identity(Boxed(0))) == 2.0


REFUSED: dict[str, tuple[Any, str]] = {
    "no class": (lambda: tf.register_tensor_conversion_function(3, opened), "3 is no class"),
    "no function": (lambda: tf.register_tensor_conversion_function(Boxed, 3), "3 is no function"),
    "numbers": (lambda: tf.register_tensor_conversion_function((Boxed, float), opened), "becomes a tensor is known already"),
    "arrays": (lambda: tf.register_tensor_conversion_function(np.ndarray, opened), "becomes a tensor is known already"),
    "everything": (lambda: tf.register_tensor_conversion_function(object, opened), "becomes a tensor is known already"),
    "no tensor": (lambda: (tf.register_tensor_conversion_function(Boxed, lambda *args, **kwargs: 3), tf.exp(Boxed(1))),
                  "the conversion function of Boxed gave 3, which is no tensor"),
    "another dtype": (lambda: (tf.register_tensor_conversion_function(Boxed, lambda *args, **kwargs: tf.constant(3)),
                               tf.convert_to_tensor(Boxed(1), tf.float32)), "which is no tensor of"),
    "not registered": (lambda: tf.exp(Boxed(1)), "Boxed"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    make, told = REFUSED[what]
    with pytest.raises(errors.DTypeError, match=told):
        make()
