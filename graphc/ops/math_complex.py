"""Complex numbers by their parts: what makes them, their parts, conjugates and angles.

Gradient rules are those of transposes: the gradient g of z stands for the number by which a change dz counts as Re(g dz), so that what has
a complex derivative multiplies by it, as functions of real numbers do. `gradients` conjugates what goes in and comes out, as TensorFlow has it.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.node import OPERATORS, Node
from ..ir.operator import elementwise
from ..ir.types import TensorType
from .math_operands import floating, numbers, wide

__all__ = ["complex", "real", "imag", "conj", "angle"]


def is_complex(x: Node) -> builtins.bool:
    """Whether a tensor holds complex numbers."""
    return x.type.dtype.kind == "c"


def _own(node: Node, inputs: Any, types: Sequence[TensorType], out_type: TensorType) -> Node:
    """A real number is its own real part, and its own conjugate."""
    return node if types[0].dtype.kind == "c" else inputs[0]


def _turned(g: Node) -> Node:
    """-i g, of a real g."""
    return complex(0.0, -g)


def _complex_grad(g: Node, y: Node, re: Node, im: Node) -> tuple[Node, Node]:
    return OPERATORS["real"](g), -OPERATORS["imag"](g)


@elementwise("complex_of({real}, {imag})", grad=_complex_grad, label="Complex")
def complex(real: Any, imag: Any) -> Any:
    """The complex numbers real + i imag: complex64 of float32, complex128 of float64.

    >>> tf.Session(jit=False).run(tf.complex([1.0, 2.0], [0.5, -1.0]))
    array([1.+0.5j, 2.-1.j ], dtype=complex64)
    """
    parts = np.broadcast_arrays(floating(real), floating(imag))
    found = np.empty(parts[0].shape, np.result_type(*parts, np.complex64))
    found.real, found.imag = parts
    return found


@elementwise("{input}", grad=lambda g, y, x: (g,), complex="real({input})", lower=_own, analytic=np.positive, label="Real")
def real(input: Any) -> Any:
    """The real parts; of real numbers themselves.

    >>> tf.Session(jit=False).run(tf.real(tf.constant([1 + 2j], tf.complex64)))
    array([1.], dtype=float32)
    """
    return np.real(input)


@elementwise("{T}(0)", grad=lambda g, y, x: (_turned(g) if is_complex(x) else None,), complex="imag({input})", analytic=False, label="Imag")
def imag(input: Any) -> Any:
    """The imaginary parts; of real numbers 0.

    >>> tf.Session(jit=False).run(tf.imag(tf.constant([1 + 2j], tf.complex64)))
    array([2.], dtype=float32)
    """
    return np.imag(input)


@elementwise("{x}", grad=lambda g, y, x: (OPERATORS["conj"](g),), complex="conj({x})", lower=_own, analytic=np.positive, label="Conj")
def conj(x: Any) -> Any:
    """The conjugates; of real numbers themselves.

    >>> tf.Session(jit=False).run(tf.conj(tf.constant([1 + 2j], tf.complex64)))
    array([1.-2.j], dtype=complex64)
    """
    return np.conjugate(*numbers(x))


@elementwise("select({input} < {T}(0), {T}(3.141592653589793), {T}(0))", complex="angle({input})",
             grad=lambda g, y, x: (_turned(g) / x if is_complex(x) else None,), analytic=False, label="Angle")
def angle(input: Any) -> Any:
    """The angles with the positive real axis, in [-pi, pi].  d angle(z) = Im(dz / z).

    >>> tf.Session(jit=False).run(tf.angle(tf.constant([1j, -1], tf.complex64)))
    array([1.57079..., 3.14159...], dtype=float32)
    """
    x = wide(input)
    return np.angle(x) if x.dtype.kind == "c" else np.where(np.less(x, 0), np.pi, 0.0).astype(x.dtype if x.dtype.kind == "f" else np.float64)
