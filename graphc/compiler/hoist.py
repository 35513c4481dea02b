"""Products of rows with what no iteration changes, taken out of loops: one product of all rows before the loop gives each iteration its part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..ir.body import Body, by_python, parameter, substituted
from ..ir.node import Node
from ..ir.sizes import alike
from ..ir.types import HALF, TensorType, element_count
from ..ops.array import concat
from ..ops.array_move import reshape
from ..ops.control import settled
from ..ops.linalg_matmul import matmul
from ..ops.math_arithmetic import add


class _Loop(NamedTuple):
    """A loop whose types are known: its body, and the operands that parameters stand for: what is sliced, what all iterations are given."""

    body: Body
    rows: dict[Node, Node]
    outside: dict[Node, Node]


def hoisted(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """The loop with products taken out of its body; None if there are none.

    A product of a concatenation of which a part is a row is the sum of two. Those of half precision stay: the body computes them in float32, once.
    """
    loop = _taken_apart(node, inputs)
    if loop is None:
        return None
    new, rows, weights = dict[Node, Node](), list[tuple[Node, Node]](), list[tuple[Node, Node]]()
    for n in loop.body.order:
        if n.operator.name != "matmul" or n.attrs["transpose_a"] or n.type.rank != 2 or not n.type.known or n.type.dtype == HALF:
            continue
        a, b = n.inputs
        whole = _all_rows(loop, a)
        weight = loop.outside.get(b, b if b.operator.name == "constant" else None)
        if weight is None or weight.type.rank != 2:
            continue
        if whole is not None:
            new[n] = _given(rows, n, matmul(whole, weight, transpose_b=n.attrs["transpose_b"]), n.type)
        elif a.operator.name == "concat" and a.attrs["axis"] == 1 and not n.attrs["transpose_b"]:
            split = _split(loop, n, weight, rows, weights)
            if split is not None:
                new[n] = split
    if not new:
        return None
    return _with(node, inputs, loop, new, rows, weights)


def _taken_apart(node: Node, inputs: tuple[Node, ...]) -> _Loop | None:
    c, m, body = node.attrs["carried"], node.attrs["sliced"], node.attrs["body"]
    if not m or not all(x.type.known for x in inputs) or not any(n.operator.name == "matmul" for n in body.order):
        return None
    rest = inputs[1:]
    kinds = [node.type[0], *(x.type for x in rest[:c]), *(TensorType(x.type.dtype, x.type.shape[1:]) for x in rest[c:c + m]),
             *(x.type for x in rest[c + m:])]
    found = settled(body, kinds, c)
    if by_python(found.order) and found.sizes():        # of other sizes Python runs another body
        return None
    own = found.parameters[1:]
    return _Loop(found, dict(zip(own[c:c + m], rest[c:c + m], strict=True)), dict(zip(own[c + m:], rest[c + m:], strict=True)))


def _all_rows(loop: _Loop, x: Node) -> Node | None:
    """The matrices that a value is in all iterations, below each other, if each is a row under its own or another shape."""
    shape, seen = x.type.shape, x
    while seen.operator.family.reshapes or seen.operator.name == "expand_dims":
        seen = seen.inputs[0]
    if seen not in loop.rows or shape is None or len(shape) != 2 or not alike(element_count(seen.type.shape), element_count(shape)):
        return None
    whole = loop.rows[seen]
    return reshape(whole, [whole.type.shape[0] * shape[0], shape[1]])


def _given(rows: list[tuple[Node, Node]], n: Node, product: Node, kind: TensorType) -> Node:
    """The parameter by which each iteration is given its part of a product of all rows."""
    m, columns = kind.shape or (1, 1)
    part = parameter(kind, n.label, n)
    rows.append((part, reshape(product, [product.type.shape[0] // m, m, columns])))
    return part


def _split(loop: _Loop, n: Node, weight: Node, rows: list[tuple[Node, Node]], weights: list[tuple[Node, Node]]) -> Node | None:
    """[x, h] W as x W1 + h W2, of which the first is taken out."""
    parts, at, found = n.inputs[0].inputs, 0, []
    for x in parts:
        width = x.type.shape[1]
        found.append((x, _all_rows(loop, x), at, at + width))
        at = at + width
    known = [f for f in found if f[1] is not None]
    left = [f for f in found if f[1] is None]
    if not known or not left:
        return None
    wholes = [f[1] for f in known if f[1] is not None]
    first = matmul(wholes[0] if len(wholes) == 1 else concat(wholes, 1), _rows_of(weight, known))
    part = _given(rows, n, first, n.type)
    below = _rows_of(weight, left)
    own = parameter(below.type, weight.label, weight)
    weights.append((own, below))
    return add(part, matmul(left[0][0] if len(left) == 1 else concat([f[0] for f in left], 1), own))


def _rows_of(weight: Node, parts: Sequence[tuple[Node, Node | None, int, int]]) -> Node:
    """The rows of a weight that some parts of a concatenation meet."""
    found = [weight[begin:end] for _, _, begin, end in parts]
    return found[0] if len(found) == 1 else concat(found, 0)


def _with(node: Node, inputs: tuple[Node, ...], loop: _Loop, new: dict[Node, Node], rows: list[tuple[Node, Node]],
          weights: list[tuple[Node, Node]]) -> Node:
    """The loop with further rows and further values from outside."""
    c, m, body, cond = node.attrs["carried"], node.attrs["sliced"], loop.body, node.attrs["cond"]
    made = [*body.results, *body.effects]
    for n in [n for n in body.order if n in new]:          # one replacement may need another
        made = substituted(made, {n: new[n]})
    count = len(body.results)
    own, kept = body.parameters[:1 + c + m], body.parameters[1 + c + m:]
    inside = Body([*own, *(p for p, _ in rows), *kept, *(p for p, _ in weights)], made[:count], made[count:])
    operands = [*inputs[:1 + c + m], *(x for _, x in rows), *inputs[1 + c + m:], *(x for _, x in weights)]
    assert cond is None
    return Node(node.operator, tuple(operands), {**node.attrs, "body": inside, "sliced": m + len(rows)}, node.type, node.label, node.loc, (),
                node.graph)
