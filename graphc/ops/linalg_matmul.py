"""The matrix product, in batches, with transposes as flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.node import Node, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType, broadcast
from .array_join import same_dtype
from .array_move import Types, transpose, unbroadcast
from .array_places import of_shape
from .later import deferrable, later
from .math import cast
from .math_arithmetic import conjugate as conjugated
from .math_complex import complex, imag, is_complex, real
from .math_sums import total
from .scopes import composed

__all__ = ["matmul", "batch_matmul", "matrix_transpose", "adjoint"]


def _product_attrs(types: Types, transpose_a: Any = False, transpose_b: Any = False, adjoint_a: Any = False,
                   adjoint_b: Any = False, a_is_sparse: Any = False, b_is_sparse: Any = False) -> dict[str, Any]:
    return {"transpose_a": bool(transpose_a or adjoint_a), "transpose_b": bool(transpose_b or adjoint_b)}


def _operands(inputs: tuple[Node, ...], attrs: dict[str, Any]) -> tuple[Node, ...]:
    """The operands, those whose adjoint is wanted as their conjugates: a transpose is a flag of the product.

    Beside a matrix what has no known rank is one: TensorFlow chooses its product by that, and programs build on the result's rank of 2.
    """
    if [x.type.rank for x in inputs] in ([None, 2], [2, None]):
        inputs = tuple([of_shape(x, wanted=(None, None)) if x.type.rank is None else x for x in inputs])
    return tuple([conjugated(x) if attrs.get(word) else x for x, word in zip(inputs, ("adjoint_a", "adjoint_b"), strict=True)])


def _product(types: Types, values: Values, transpose_a: bool, transpose_b: bool) -> TensorType:
    a, b = types
    dtype = np.result_type(a.dtype, b.dtype)
    if dtype.kind == "b":
        raise DTypeError("booleans are not numbers")
    for t in types:
        if t.rank is not None and t.rank < 2:
            raise ShapeError(f"operands must be matrices (rank 2 or more), not of rank {t.rank}; "
                             "tf.expand_dims makes a vector one")
    if a.shape is None or b.shape is None:
        return TensorType(dtype, None)
    m, k = a.shape[-2:][::-1] if transpose_a else a.shape[-2:]
    k2, n = b.shape[-2:][::-1] if transpose_b else b.shape[-2:]
    if None not in (k, k2) and k != k2:
        raise ShapeError(f"inner dimensions differ, {k} and {k2}")
    batch = broadcast(a.shape[:-2], b.shape[:-2])
    assert batch is not None
    return TensorType(dtype, (*batch, m, n))


def _product_grad(g: Node, y: Node, a: Node, b: Node, transpose_a: bool, transpose_b: bool) -> tuple[Node, Node]:
    """Products again, with the transposes in their flags."""
    if transpose_a:
        ga = matmul(b, g, transpose_a=transpose_b, transpose_b=True)
    else:
        ga = matmul(g, b, transpose_b=not transpose_b)
    if transpose_b:
        gb = matmul(g, a, transpose_a=True, transpose_b=transpose_a)
    else:
        gb = matmul(a, g, transpose_a=not transpose_a)
    return _own_batch(ga, a), _own_batch(gb, b)


def _own_batch(g: Node, x: Node) -> Node:
    """The gradient summed over the batch axes along which x was repeated."""
    if g.type.rank == 2 and x.type.rank == 2:
        return g
    if g.type.shape is not None and x.type.shape is not None and g.type.shape[:-2] == x.type.shape[:-2] \
            and None not in x.type.shape[:-2]:
        return g
    return unbroadcast(g, x)


def _product_lower(node: Node, inputs: Sequence[Node], types: Types, out_type: TensorType, transpose_a: bool, transpose_b: bool) -> Node:
    """Of complex matrices products of their parts, which a library computes: four, or two where one of the matrices is real."""
    if out_type.dtype.kind != "c":
        return same_dtype(node, inputs, types, out_type, transpose_a=transpose_a, transpose_b=transpose_b)

    def times(x: Node, y: Node) -> Node:
        return matmul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)

    (a, c), (b, d) = ((real(x), imag(x) if is_complex(x) else None) for x in inputs)
    re = times(a, b) if c is None or d is None else times(a, b) - times(c, d)
    im = total([times(x, y) for x, y in ((a, d), (c, b)) if x is not None and y is not None])
    return cast(complex(re, im), dtype=out_type.dtype)


@declare("contraction", _product, prepare=_product_attrs, ahead=_operands, grad=_product_grad, lower=_product_lower, label="MatMul",
         op_type=lambda node: "MatMul" if node.type.rank == 2 else "BatchMatMulV2", complex=True,
         samples=(([(3, 4), (4, 2)], {}), ([(4, 3), (4, 2)], {"transpose_a": True}),
                  ([(3, 4), (2, 4)], {"transpose_b": True}),
                  ([(4, 3), (2, 4)], {"transpose_a": True, "transpose_b": True}),
                  ([(5, 3, 4), (5, 4, 2)], {}), ([(2, 1, 3, 4), (5, 4, 2)], {}),
                  ([(5, 4, 3), (4, 2)], {"transpose_a": True}), ([(0, 3), (3, 2)], {}), ([(2, 0), (0, 3)], {}),
                  ([(1, 4), (4, 1)], {})))
def matmul(a: Any, b: Any, *, transpose_a: bool = False, transpose_b: bool = False, adjoint_a: bool = False,
           adjoint_b: bool = False, a_is_sparse: bool = False, b_is_sparse: bool = False) -> Any:
    """Matrix product over the last two axes, operands transposed (or their adjoints taken) on demand; leading axes are a batch and broadcast.

    >>> tf.Session(jit=False).run(tf.matmul([[1.0, 2.0]], [[3.0], [4.0]]))
    array([[11.]], dtype=float32)
    """
    a, b = np.swapaxes(a, -1, -2) if transpose_a else a, np.swapaxes(b, -1, -2) if transpose_b else b
    return np.matmul(a, b)


def batch_matmul(x: Any, y: Any, adj_x: bool = False, adj_y: bool = False, name: str | None = None) -> Node:
    """`matmul` by its older name.

    `adj_x`, `adj_y`: transpose that operand, of complex numbers conjugated too. DTypeError, ShapeError: as `matmul`.

    >>> tf.Session(jit=False).run(tf.batch_matmul([[1, 2]], [[3, 4]], adj_y=True))
    array([[11]], dtype=int32)
    """
    return matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


@composed("matrix_transpose", "transpose")
@deferrable("matrix_transpose")
def matrix_transpose(a: Any, name: str | None = "matrix_transpose", conjugate: bool = False) -> Node:
    """The last two axes exchanged; `conjugate`: of complex numbers the conjugates.

    any[..., m, n] -> any[..., n, m]. ShapeError: the rank is below 2.

    >>> tf.Session(jit=False).run(tf.matrix_transpose([[1, 2], [3, 4]]))
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    a = conjugated(to_node(a)) if conjugate else to_node(a)
    rank = a.type.rank
    if rank is None:
        return later("matrix_transpose", (a,), a.type, name)
    if rank < 2:
        raise ShapeError(f"matrix_transpose: the rank of {describe(a)} must be at least 2{here()}")
    return transpose(a, (*range(rank - 2), rank - 1, rank - 2), name=name)


@composed("adjoint", "matrix_transpose")
def adjoint(matrix: Any, name: str | None = "adjoint") -> Node:
    """The last two axes exchanged, of complex numbers the conjugates.

    any[..., m, n] -> any[..., n, m]. ShapeError: the rank is below 2.

    >>> tf.Session(jit=False).run(tf.linalg.adjoint(tf.constant([[1j, 2]], tf.complex64)))
    array([[0.-1.j],
           [2.-0.j]], dtype=complex64)
    """
    return matrix_transpose(matrix, name=name, conjugate=True)
