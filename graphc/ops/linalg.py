"""The public linear algebra: tensor products, norms and traces, beside the matrix product and LAPACK's functions."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..ir.axes import normal_axes, normal_axis
from ..ir.known import as_int, static_value
from ..ir.node import OPERATORS, Node, describe, here
from ..ir.operator import to_node
from ..ir.types import TensorType, compatible
from .array import matrix_diag_part
from .array_gather import gather
from .array_join import concat
from .array_move import identity, reshape, sizes, squeeze, transpose
from .contract import held
from .from_tensors import from_tensors
from .later import deferrable, later
from .linalg_matmul import batch_matmul as batch_matmul
from .linalg_matmul import matmul as matmul
from .linalg_matmul import matrix_transpose as matrix_transpose
from .linalg_solve import cholesky as cholesky
from .linalg_solve import cholesky_solve as cholesky_solve
from .linalg_solve import matrix_determinant as matrix_determinant
from .linalg_solve import matrix_inverse as matrix_inverse
from .linalg_solve import matrix_solve as matrix_solve
from .linalg_solve import matrix_triangular_solve as matrix_triangular_solve
from .linalg_solve import self_adjoint_eig as self_adjoint_eig
from .math import abs as absolute
from .math import pow, sqrt
from .reduce import norm_of, reduce_max, reduce_sum
from .scopes import composed

__all__ = ["matmul", "batch_matmul", "tensordot", "einsum", "matrix_transpose", "trace", "norm", "cross", "cholesky",
           "cholesky_solve", "matrix_inverse", "matrix_determinant", "matrix_solve", "matrix_triangular_solve",
           "self_adjoint_eig"]


# ---------------------------------------------------------------------- contractions of more axes

def _contracted_axes(a: Node, b: Node, axes: Any) -> tuple[list[int], list[int]]:
    if a.type.rank is None or b.type.rank is None:
        raise ShapeError("the axes must be known while the graph is built, or the ranks of both operands")
    if isinstance(axes, (list, tuple, np.ndarray)):
        if len(axes) != 2:
            raise ShapeError(f"axes are a number or two lists, not {axes!r:.60}")
        first, second = ([*x] if isinstance(x, (list, tuple, np.ndarray)) else [x] for x in axes)
        chosen = [normal_axis(i, a.type.rank) for i in first], [normal_axis(i, b.type.rank) for i in second]
    else:
        n = as_int(axes, "axes")
        if not 0 <= n <= min(a.type.rank, b.type.rank):
            raise ShapeError(f"{n} axes cannot be contracted: the operands have ranks {a.type.rank} and {b.type.rank}")
        chosen = list(range(a.type.rank - n, a.type.rank)), list(range(n))
    if len(chosen[0]) != len(chosen[1]) or any(len(set(c)) < len(c) for c in chosen):
        raise ShapeError(f"axes {chosen[0]} and {chosen[1]} do not pair up")
    for i, j in zip(*chosen, strict=True):
        m, n = a.type.shape[i], b.type.shape[j]
        if None not in (m, n) and m != n:
            raise ShapeError(f"axis {i} of the first operand has size {m}, axis {j} of the second {n}")
    return chosen


def _as_matrix(x: Node, free: Sequence[int], contracted: Sequence[int]) -> tuple[Node, bool]:
    """x as a matrix of (free, contracted) axes, and whether it is transposed: axes move only if flags cannot say it."""
    order, turned = (*free, *contracted), (*contracted, *free)
    rank = tuple(range(len(order)))
    flip = order != rank and turned == rank
    dims = x.type.shape
    assert dims is not None
    rows, columns = _extent(x, free), _extent(x, contracted)
    if order != rank and not flip:
        x = transpose(x, order)
    if len(free) == 1 and len(contracted) == 1:
        return x, flip
    return reshape(x, [columns, rows] if flip else [rows, columns]), flip


def _extent(x: Node, axes: Sequence[int]) -> Any:
    """The product of sizes, a number where it is known."""
    dims = [(x.type.shape or ())[i] for i in axes]
    if None not in dims:
        return int(np.prod(dims, dtype=np.int64))
    return OPERATORS["reduce_prod"](sizes(x, axes))


@from_tensors("a", "b", label="Tensordot", axes="pairs of axes")
@deferrable("tensordot", axes=(int, tuple))
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Node:
    """Sums of products over pairs of axes: the last n of a and first n of b, or `axes[0]` of a and `axes[1]` of b.

    a, b: number[...]. ShapeError: the axes do not fit. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.tensordot([1, 2], [3, 4], 1))
    np.int32(11)
    """
    a = to_node(a, graph=b.graph if isinstance(b, Node) else None)
    b = to_node(b if isinstance(b, Node) else np.asarray(b, a.type.dtype), graph=a.graph)
    if isinstance(axes, Node) and (known := static_value(axes)) is not None:
        axes = known.astype(int).tolist()
    if None in (a.type.rank, b.type.rank) and not isinstance(axes, Node):
        kind = TensorType(np.result_type(a.type.dtype, b.type.dtype), None)
        return later("tensordot", (a, b), kind, name, axes=axes.tolist() if isinstance(axes, (np.ndarray, np.generic)) else axes)
    try:
        mine, yours = _contracted_axes(a, b, axes)
    except (ShapeError, DTypeError) as e:
        raise e.__class__(f"tensordot({describe(a)}, {describe(b)}): {e}{here()}") from None
    rows = [i for i in range(a.type.rank or 0) if i not in mine]
    columns = [i for i in range(b.type.rank or 0) if i not in yours]
    left, turned = _as_matrix(a, rows, mine)
    right, plain = _as_matrix(b, columns, yours)
    if len(rows) == len(columns) == len(mine) == 1:
        return matmul(left, right, transpose_a=turned, transpose_b=not plain, name=name)
    product = matmul(left, right, transpose_a=turned, transpose_b=not plain)
    dims = [(a.type.shape or ())[i] for i in rows] + [(b.type.shape or ())[i] for i in columns]
    if None not in dims:
        return reshape(product, dims, name=name or "tensordot")
    return reshape(product, concat([sizes(a, rows), sizes(b, columns)], 0), name=name or "tensordot")


@deferrable("einsum", equation=(str,))
def _einsum(*inputs: Node, equation: str) -> Node:
    return einsum(equation, *inputs)


@composed("einsum", "Einsum", op="Einsum")
def einsum(equation: str, *inputs: Any, name: str | None = None) -> Node:
    """Sums of products by Einstein's convention, "ij,jk->ik".

    Of any number of operands, which are multiplied from the left to the right; a letter that stands twice in one operand takes its diagonal;
    "..." stands for all axes that have no letter, which are repeated where one has size 1. ShapeError: an equation that is none, or a letter
    that stands for two sizes.

    >>> tf.Session(jit=False).run(tf.einsum('ij,jk->ik', [[1, 2]], [[3], [4]]))
    array([[11]], dtype=int32)
    >>> tf.Session(jit=False).run(tf.einsum('ii->', [[1, 2], [3, 4]]))
    np.int32(5)
    """
    nodes = [to_node(x) for x in inputs]
    if any(x.type.rank is None for x in nodes):
        _, after = _parts(equation, nodes)
        kind = TensorType(np.result_type(*(x.type.dtype for x in nodes)), None if "..." in after or not after.isalpha() else (None,) * len(after))
        return later("einsum", nodes, kind, name, equation=equation)
    terms, result = _parsed(equation, nodes)
    flat = [_single(x, t) for x, t in zip(nodes, terms, strict=True)]
    (x, letters), *others = flat
    while others:
        (y, theirs), *others = others
        x, letters = _multiplied(x, letters, y, theirs, {*result, *(c for _, t in others for c in t)})
    return _reordered(x, letters, result, name)


def _multiplied(a: Node, ta: str, b: Node, tb: str, wanted: set[str]) -> tuple[Node, str]:
    """The product of two operands, and its letters: summed over those that nothing wants."""
    batch = [c for c in ta if c in tb and c in wanted]
    inner = [c for c in ta if c in tb and c not in wanted]
    a, left = _summed_away(a, ta, [c for c in ta if c in wanted or c in inner])
    b, right = _summed_away(b, tb, [c for c in tb if c in wanted or c in inner])
    rows, columns = [c for c in left if c not in right], [c for c in right if c not in left]
    first, second = _blocks(a, left, batch, rows, inner), _blocks(b, right, batch, inner, columns)
    product = matmul(held("einsum", "leading", first, second, place=len(batch)) if batch else first, second)
    dims = concat([sizes(a, [left.index(c) for c in [*batch, *rows]]), sizes(b, [right.index(c) for c in columns])], 0)
    return reshape(product, dims), "".join([*batch, *rows, *columns])


def _single(x: Node, term: str) -> tuple[Node, str]:
    """An operand with each letter once: the diagonal where one stands twice. ShapeError: it stands for two sizes."""
    while len({*term}) < len(term):
        letter = next(c for c in term if term.count(c) > 1)
        i, k = (n for n, c in enumerate(term) if c == letter and term[:n].count(letter) < 2)
        rest = [n for n in range(len(term)) if n not in (i, k)]
        dims = x.type.shape
        if not compatible((dims[i],), (dims[k],)):
            raise ShapeError(f"einsum: the letter {letter!r} stands for {dims[i]} and {dims[k]}{here()}")
        x = matrix_diag_part(transpose(x, [*rest, i, k]))
        term = "".join(term[n] for n in rest) + letter
    return x, term


def _parts(equation: str, nodes: Sequence[Node]) -> tuple[list[str], str]:
    """The terms of an equation, and that of the result: by default the letters that stand once, sorted, behind "..."."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        result = "..." * ("..." in left) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    if len(terms) != len(nodes):
        raise ShapeError(f"einsum {equation!r}: {len(nodes)} operands for {len(terms)} terms{here()}")
    return terms, result


def _parsed(equation: str, nodes: list[Node]) -> tuple[list[str], str]:
    """Terms of letters alone: "..." as letters of its own, one for each axis. Axes of size 1 that it repeats are taken out of `nodes`."""
    terms, result = _parts(equation, nodes)
    plain = [t.replace("...", "", 1) for t in [*terms, result]]
    wrong = next((f"{t!r} is no list of letters" for t in plain if t and not (t.isalpha() and t.isascii())), None)
    for t, p, x in zip(terms, plain, nodes, strict=False):
        fits = x.type.rank >= len(p) if "..." in t else x.type.rank == len(p)
        wrong = wrong or (None if fits else f"{t!r} does not fit {describe(x)}")
    if len({*plain[-1]}) < len(plain[-1]):
        wrong = wrong or f"{result!r} repeats a letter"
    if wrong or not {*plain[-1]} <= {*"".join(plain[:-1])} or ("..." in result and not any("..." in t for t in terms)):
        raise ShapeError(f"einsum {equation!r}: {wrong or 'the result has letters that no operand has'}{here()}")
    most = max((x.type.rank - len(p) for t, p, x in zip(terms, plain, nodes, strict=False) if "..." in t), default=0)
    unused = [c for c in string.ascii_letters if c not in equation][:most]
    if len(unused) < most:
        raise ShapeError(f"einsum {equation!r}: there are more axes than letters{here()}")
    out = []
    for n, (t, p) in enumerate(zip(terms, plain, strict=False)):
        own = unused[most - (nodes[n].type.rank - len(p)):] if "..." in t else []
        out.append(t.replace("...", "".join(own)))
    for c in unused:
        held_by = [(n, t.index(c)) for n, t in enumerate(out) if c in t]
        ones = [(n, i) for n, i in held_by if nodes[n].type.shape[i] == 1]
        if len(ones) < len(held_by):
            for n, i in ones:
                nodes[n], out[n] = squeeze(nodes[n], axis=(i,)), out[n].replace(c, "")
    return out, result.replace("...", "".join(unused))


def _summed_away(x: Node, term: str, keep: Sequence[str]) -> tuple[Node, list[str]]:
    gone = [i for i, c in enumerate(term) if c not in keep]
    return (reduce_sum(x, axis=gone) if gone else x), [c for c in term if c in keep]


def _blocks(x: Node, letters: Sequence[str], *groups: Sequence[str]) -> Node:
    """x with axes in the order of the groups, the last two groups each as one axis."""
    batch, rows, columns = groups
    order = tuple(letters.index(c) for c in [*batch, *rows, *columns])
    turned = x if order == tuple(range(len(order))) else transpose(x, order)
    if len(rows) == len(columns) == 1:
        return turned
    ends = [_extent(x, [letters.index(c) for c in group]) for group in (rows, columns)]
    lead = [_extent(x, [letters.index(c)]) for c in batch]
    return reshape(turned, [*lead, *ends])


def _reordered(x: Node, letters: Sequence[str], result: str, name: str | None) -> Node:
    gone = [i for i, c in enumerate(letters) if c not in result]
    x = reduce_sum(x, axis=gone) if gone else x
    left = [c for c in letters if c in result]
    return transpose(x, tuple(left.index(c) for c in result), name=name or "einsum")


# ---------------------------------------------------------------------- traces, norms, cross product

def trace(x: Any, name: str | None = "Trace") -> Node:
    """Sums of the main diagonals of matrices.

    number[..., n, n] -> number[...]. ShapeError: the rank is unknown or below 2. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.trace([[1, 2], [3, 4]]))
    np.int32(5)
    """
    return reduce_sum(matrix_diag_part(x), axis=-1, name=name)


@composed("norm", "Squeeze", op="Squeeze")
@deferrable("norm", ord=(int,), axis=(tuple,), keepdims=(bool,))
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: str | None = None,
         keep_dims: Any = None) -> Node:
    """The norm along `axis` (of all elements without it): "euclidean", which is Frobenius', a number p, or np.inf.

    Along two axes that of matrices, rows first: 1 is the largest column sum, np.inf the largest row sum, 2 the largest singular value.
    number[...] -> floating; the "euclidean" one of complex numbers is complex, as TensorFlow has it. ShapeError: no such `ord` or axis.
    DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.norm([3.0, 4.0]))
    np.float32(5.0)
    """
    x = to_node(tensor)
    axes, kept = normal_axes(axis, x.type.rank), bool(keepdims or keep_dims)
    if isinstance(axis, (list, tuple)) and len(axis) == 2 and ord not in ("euclidean", "fro"):
        return _matrix_norm(x, ord, axis, kept, name)
    if ord in ("euclidean", "fro", 2):
        return norm_of(x, axes, kept, name or "norm")
    if not isinstance(ord, (int, float)) or ord <= 0:
        raise ShapeError(f"norm: ord {ord!r:.40} is none of 'euclidean', a positive number, np.inf{here()}")
    if ord == np.inf:
        return reduce_max(absolute(x), axis=axes, keepdims=kept, name=name or "norm")
    if ord == 1:
        return reduce_sum(absolute(x), axis=axes, keepdims=kept, name=name or "norm")
    return pow(reduce_sum(pow(absolute(x), ord), axis=axes, keepdims=kept), 1.0 / ord, name=name or "norm")


def _matrix_norm(x: Node, ord: Any, axis: Sequence[Any], keepdims: bool, name: str | None) -> Node:
    if ord not in (1, 2, np.inf):
        raise ShapeError(f"norm: ord {ord!r:.40} of matrices is none of 'euclidean', 1, 2, np.inf{here()}")
    rows, columns = (normal_axis(i, x.type.rank) for i in axis)
    if ord != 2:
        summed, searched = (rows, columns) if ord == 1 else (columns, rows)
        found = reduce_max(reduce_sum(absolute(x), axis=summed, keepdims=True), axis=searched, keepdims=True)
    else:
        rank = x.type.rank
        if rank is None:
            return later("norm", (x,), TensorType(x.type.dtype, None), name, ord=2, axis=(rows, columns), keepdims=keepdims)
        rest = [i for i in range(rank) if i not in (rows, columns)]
        m = transpose(x, (*rest, rows, columns))
        largest = sqrt(reduce_max(self_adjoint_eig(matmul(m, m, transpose_a=True))[0], axis=-1))
        found = largest
        for i in sorted((rows, columns)):
            found = OPERATORS["expand_dims"](found, axis=i)
    return identity(found if keepdims else OPERATORS["squeeze"](found, axis=tuple(sorted((rows, columns)))), name=name or "norm")


@composed("Cross", op="Cross")
def cross(a: Any, b: Any, name: str | None = "Cross") -> Node:
    """Cross products of the vectors of three along the last axis.

    number[..., 3] twice. ShapeError: the last axis has not three elements. DTypeError: no numbers.

    >>> tf.Session(jit=False).run(tf.cross([1, 0, 0], [0, 1, 0]))
    array([0, 0, 1], dtype=int32)
    """
    a, b = to_node(a), to_node(b)
    for x in (a, b):
        if x.type.shape is not None and (not x.type.shape or x.type.shape[-1] not in (3, None)):
            raise ShapeError(f"cross: {describe(x)} has no vectors of three along its last axis{here()}")
    left, right = np.array([1, 2, 0], np.int32), np.array([2, 0, 1], np.int32)

    def turned(x: Node, order: Any) -> Node:
        return gather(x, order, axis=-1)
    return identity(turned(a, left) * turned(b, right) - turned(a, right) * turned(b, left), name=name)
