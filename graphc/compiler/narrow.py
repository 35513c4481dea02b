"""Products of which some columns alone are used, as of the gradient of [x, h] W the part of h: they are all that is computed."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.graph import Scratch
from ..ir.node import Node, topological
from ..ir.sizes import alike
from ..ops.linalg_matmul import matmul
from .groups import viewed
from .layout import contiguous, view_of


def narrow_products(fetches: Sequence[Node]) -> Sequence[Node]:
    """(a b)[:, i:j], if nothing else needs the product, is a b[:, i:j]."""
    order = topological(fetches)
    if not any(n.operator.name == "matmul" for n in order):
        return fetches
    users: dict[Node, list[Node]] = {}
    for n in order:
        for x in dict.fromkeys(n.inputs):
            users.setdefault(x, []).append(n)
    wanted, scratch, new = {*fetches}, Scratch(), dict[Node, Node]()
    with scratch.as_default():
        for n in order:
            scratch.place = n
            product = _product(n, users, wanted)
            columns = None if product is None else _columns(product, n)
            if product is not None and columns is not None:
                a, b = [new.get(x, x) for x in product.inputs]
                begin, end = columns
                part = b[begin:end] if product.attrs["transpose_b"] else b[:, begin:end]
                new[n] = matmul(a, part, transpose_a=product.attrs["transpose_a"], transpose_b=product.attrs["transpose_b"])
            elif not new.keys().isdisjoint(n.inputs):
                new[n] = n.on(tuple([new.get(x, x) for x in n.inputs]))
    return [new.get(f, f) for f in fetches] if new else fetches


def _product(n: Node, users: dict[Node, list[Node]], wanted: set[Node]) -> Node | None:
    """The product of matrices of which a node is a view, if that is all that is made of it."""
    x = n.inputs[0] if n.operator.family.picks else n
    if x.operator.family.cuts if x is not n else viewed(n) is not None:
        product = x.inputs[0]
        between = [product] if x is n else [product, x]
        if product.operator.name == "matmul" and product.type.rank == 2 and wanted.isdisjoint(between) and \
                all(len(users[y]) == 1 for y in between):
            return product
    return None


def _columns(product: Node, view: Node) -> tuple[int, int] | None:
    """From which column to which a view shows a product; None if it shows something else, or all."""
    rows, width = product.type.shape
    shape, strides, offset = view_of(view, ((rows, width), contiguous((rows, width)), 0))
    if len(shape) != 2 or not all(d.__class__ is int for d in (width, shape[1], offset)) or not alike(shape[0], rows) or \
            not alike(tuple(strides), contiguous((rows, width))) or shape[1] == width or offset + shape[1] > width:
        return None
    return offset, offset + shape[1]
