"""Mistakes in what derivatives are asked of are named."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import graphc as tf
from graphc import errors


def given() -> SimpleNamespace:
    x, w = tf.placeholder(tf.float64, [3], name="x"), tf.placeholder(tf.float64, [None, 2], name="w")
    return SimpleNamespace(x=x, w=w, n=tf.placeholder(tf.int32, [3], name="n"), z=tf.placeholder(tf.float64, [3], name="z"),
                           y=tf.multiply(x, x, name="y"), s=tf.reduce_sum(x * x, name="s"), shapeless=tf.placeholder(tf.float64, name="shapeless"))


def elsewhere() -> Any:
    with tf.Graph().as_default():
        return tf.zeros([3], tf.float64, name="elsewhere")


MISTAKES: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda g: tf.jacobian(tf.unique(g.x)[0], g.x), errors.GradientError, r"unique has no gradient: Unique.* lies on the path"),
    (lambda g: tf.jvp(tf.py_func(np.sin, [g.x], tf.float64), g.x, g.x), errors.GradientError, "py_func has no gradient"),
    (lambda g: tf.hvp(tf.reduce_sum(tf.unique(g.x)[0]), g.x, g.x), errors.GradientError, "unique has no gradient"),
    (lambda g: tf.vjp(tf.cast(g.x, tf.int32), g.x, g.n), errors.DTypeError, r"vjp: Cast: int32\[3\].* is not of a floating dtype"),
    (lambda g: tf.jacobian(tf.cast(g.n, tf.float64), g.n), errors.DTypeError, r"jacobian: n: int32\[3\] .* is not of a floating dtype"),
    (lambda g: tf.hessian(g.s, [g.x, g.n]), errors.DTypeError, r"hessian: n: int32\[3\]"),
    (lambda g: tf.jvp(g.y, g.z, g.z), errors.GradientError, r"jvp: no path that can be differentiated joins y: .* and z: float64\[3\]"),
    (lambda g: tf.vjp(g.y, [g.x, g.z], g.y), errors.GradientError, r"vjp: no path that can be differentiated joins z: .* and y: "),
    (lambda g: tf.jacobian(tf.stop_gradient(g.y), g.x), errors.GradientError, "jacobian: no path .* joins x: .* and StopGradient"),
    (lambda g: tf.hessian(g.s, [g.x, g.z]), errors.GradientError, "hessian: no path .* joins z: .* and s: "),
    (lambda g: tf.hvp(g.s, g.z, g.z), errors.GradientError, "hvp: no path .* joins z: .* and s: "),
    (lambda g: tf.hessian(g.y, g.x), errors.ShapeError, r"hessian: y: float64\[3\] .* is not a scalar"),
    (lambda g: tf.hvp(g.y, g.x, g.x), errors.ShapeError, r"hvp: y: float64\[3\] .* is not a scalar"),
    (lambda g: tf.jvp(g.y, [g.x, g.y], [g.x]), errors.GraphError, "jvp: 2 tensors but 1 tangents"),
    (lambda g: tf.vjp([g.y], g.x, [g.y, g.y]), errors.GraphError, "vjp: 1 tensors but 2 cotangents"),
    (lambda g: tf.jvp(g.y, g.x, [1.0, 2.0]), errors.ShapeError, r"jvp: the tangent .*float64\[2\].* does not fit x: float64\[3\]"),
    (lambda g: tf.hvp(g.s, g.x, g.w), errors.ShapeError, r"hvp: the vector w: float64\[\?,2\] .* does not fit x: float64\[3\]"),
    (lambda g: tf.jvp(g.y, g.x, tf.cast(g.x, tf.float32)), errors.DTypeError, r"jvp: the tangent of x: .*: .*float32\[3\].* is wanted as float64"),
    (lambda g: tf.jvp(g.y, g.x, elsewhere()), errors.GraphError, "jvp: the tangent elsewhere: .* is of another graph than x: "),
    (lambda g: tf.jvp(g.y, g.x, None), errors.DTypeError, "jvp: the tangent of x: .* None"),
    (lambda g: tf.jacobian(g.y, elsewhere()), errors.GraphError, "is not a tensor of the graph of y: "),
    (lambda g: tf.jacobian([g.y, g.s], g.x), errors.GraphError, "jacobian: takes one y, not 2"),
    (lambda g: tf.jacobian(g.y, []), errors.GraphError, "jacobian: there is nothing to differentiate y: .* by"),
    (lambda g: tf.gradients([g.y, elsewhere()], g.x), errors.GraphError, "gradients: elsewhere: .* is of another graph than y: "),
    (lambda g: tf.vjp([], g.x, []), errors.GraphError, "vjp: there is nothing to differentiate"),
    (lambda g: tf.jacobian(g.y, g.x, unconnected_gradients="maybe"), errors.GraphError, "is one of error, none, zero, not 'maybe'"),
    (lambda g: tf.gradients(g.y, g.x, unconnected_gradients="maybe"), errors.GraphError, "gradients: .* is one of none, zero, not 'maybe'"),
    (lambda g: tf.batch_jacobian(g.s, g.x), errors.ShapeError, r"batch_jacobian: s: float64\[\] .* and x: .* need the same number of rows"),
    (lambda g: tf.batch_jacobian(g.y[:2], g.x), errors.ShapeError, "need the same number of rows"),
    (lambda g: tf.jacobian(g.shapeless * 2.0, g.shapeless), errors.ShapeError, "over a batch: the rank of .* must be known"),
]


@pytest.mark.parametrize(("act", "kind", "text"), MISTAKES, ids=[text[:50] for _, _, text in MISTAKES])
def test_mistakes_are_named(act: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    values = given()
    with pytest.raises(kind, match=text) as caught:
        act(values)
    assert re.search(r"\n  at test_derivative_mistakes.py:\d+$", str(caught.value)), caught.value
