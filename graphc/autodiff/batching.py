"""Part of a graph over one more leading axis: what it computes for many values of some of its nodes, in one program.

Each node that depends on a batched one is rebuilt by the rule that its operator's family names, or its declaration
(`Operator.batch`). An operator without a rule is built once for every element of the batch, and the results are stacked; where their
number is not known while the graph is built, a loop over the batch runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import InternalError, ShapeError
from ..ir.families import BATCH_RULES
from ..ir.graph import Scratch, get_default_graph
from ..ir.known import static_value
from ..ir.node import Node, caller, describe, here, loc_str, topological
from ..ir.sizes import alike
from ..ir.types import TensorType
from ..ops.array import broadcast_to, concat, expand_dims, gather, reshape, shape, stack, transpose
from ..ops.array_move import identity, squeeze
from ..ops.linalg_matmul import matmul
from ..ops.math import cast, maximum

Size = int | Node
_ALL = ("slice", None, None, None)


def transcribe(fetches: Sequence[Node], scratch: Scratch, batched: Mapping[Node, Node] | None = None, size: Size = 1,
               plain: dict[Node, Node] | None = None) -> list[Node]:
    """The fetches, with what they need of `scratch`, in the default graph.

    Where they depend on nodes of `batched`, each of which has its replacement with a leading axis of that size, they have that axis
    too; with a nonempty `batched` all results have it. `plain`: replacements of other nodes; what is built for them joins it, for
    the next call. Linear in the number of nodes.
    """
    batch = Batch(size, dict(batched or {}), {} if plain is None else plain)
    graph = get_default_graph()
    for node in topological(fetches, stop=lambda n: n.graph is not scratch or n in batch.wide):
        if node in batch.wide or node.graph is not scratch:
            continue
        if any(x in batch.wide or x in batch.unrolled or x in batch.results for x in node.inputs):
            widen(batch, node)
        elif node not in batch.plain:
            inputs = tuple([batch.plain.get(x, x) for x in node.inputs])
            batch.plain[node] = node.operator.build(graph, inputs, node.attrs)
    if not batched:
        return [batch.plain.get(f, f) for f in fetches]
    return [batch.wide[f] if f in batch.wide else batch.spread(batch.plain.get(f, f)) for f in fetches]


class Batch:
    """The nodes built so far: over the batch (`wide`, or a list of all its elements, `unrolled`), or the same for all of it (`plain`).

    `results`: of nodes with bodies each result, and whether it is over the batch.
    """

    def __init__(self, size: Size, wide: dict[Node, Node], plain: dict[Node, Node]):
        self.size = size
        self.wide = wide
        self.plain = plain
        self.unrolled: dict[Node, list[Node]] = {}
        self.results: dict[Node, list[tuple[Node, bool]]] = {}

    def spread(self, x: Node) -> Node:
        """x, repeated for every element of the batch."""
        if x.type.known:
            return broadcast_to(x, self.prefix(np.array(x.type.shape, np.int32)))
        return broadcast_to(x, self.prefix(shape(x)))

    def prefix(self, vector: Any, first: Any = None) -> Any:
        """A vector that describes axes, with an entry for the batch's own before it."""
        first = self.size if first is None else first
        known = static_value(vector) if isinstance(vector, Node) else vector
        if known is not None and not isinstance(first, Node) and not np.isnan(np.asarray(known, np.float64)).any():
            rows = np.asarray(known)
            return np.concatenate([np.broadcast_to(np.asarray(first), (1, *rows.shape[1:])), rows]).astype(np.int32)
        dtype = vector.type.dtype if isinstance(vector, Node) else np.dtype(np.int32)
        head = expand_dims(_cast(first, dtype), 0) if isinstance(first, Node) else \
            np.broadcast_to(np.asarray(first, dtype), (1, *((vector.type.shape or ())[1:])))
        return concat([head, vector], 0)


def _cast(x: Node, dtype: np.dtype[Any]) -> Node:
    return x if x.type.dtype == dtype else cast(x, dtype)


class Use(NamedTuple):
    """A node to be rebuilt: its inputs as built by now, and which of them have the batch's axis."""

    batch: Batch
    node: Node
    inputs: tuple[Node, ...]
    wide: tuple[bool, ...]

    def rank(self, i: int) -> int:
        """The rank of an input without the batch's axis; ShapeError if it is not known."""
        return _rank(self.node.inputs[i], self.node)

    def build(self, inputs: Sequence[Node], attrs: dict[str, Any] | None = None) -> Node:
        graph = get_default_graph()
        return self.node.operator.build(graph, tuple(inputs), self.node.attrs if attrs is None else attrs)


def _rank(x: Node, user: Node) -> int:
    rank = x.type.rank
    if rank is None:
        raise ShapeError(f"{user.operator.name} over a batch: the rank of {describe(x)} must be known{here()}")
    return rank


def widen(batch: Batch, node: Node) -> None:
    operator = node.operator
    if operator.name == "item" and node.inputs[0] in batch.unrolled:
        batch.wide[node] = _stacked(node, [operator.build(get_default_graph(), (part,), node.attrs) for part in batch.unrolled[node.inputs[0]]])
        return
    if operator.name == "item" and node.inputs[0] in batch.results:
        made, over = batch.results[node.inputs[0]][node.attrs["index"]]
        (batch.wide if over else batch.plain)[node] = made
        return
    wide = tuple([x in batch.wide for x in node.inputs])
    use = Use(batch, node, tuple([batch.wide[x] if x in batch.wide else batch.plain.get(x, x) for x in node.inputs]), wide)
    if (operator.batch or operator.family.batch) == "size":
        batch.plain[node] = _size(use)
        return
    several = CONTROL[operator.name](use) if operator.name in CONTROL else None
    if several is not None:
        batch.results[node] = several
        return
    rule = BATCHERS.get(operator.batch or operator.family.batch)
    built = None if rule is None else rule(use)
    if built is not None:
        batch.wide[node] = built
    elif isinstance(batch.size, Node):
        found = CONTROL["any"](use)
        if found is None:
            raise ShapeError(f"{operator.name} has no rule for a batch, whose size must be known while the graph is built: "
                             f"{describe(node)}\n  at {loc_str(node.loc or caller())}")
        if isinstance(node.type, TensorType):
            batch.wide[node] = found[0][0]
        else:
            batch.results[node] = found
    elif isinstance(node.type, TensorType):
        batch.wide[node] = _stacked(node, _unrolled(use))
    else:
        batch.unrolled[node] = _unrolled(use)


def _stacked(node: Node, parts: Sequence[Node]) -> Node:
    """The node's values for the elements of the batch, of which there may be none."""
    if parts:
        return stack(parts)
    if not node.type.known:
        raise ShapeError(f"{node.operator.name} over a batch of no elements: the shape of {describe(node)} must be known{here()}")
    return _as_node(np.zeros((0, *node.type.shape), node.type.dtype))


def _unrolled(use: Use) -> list[Node]:
    """The node once for each element of the batch."""
    count = use.batch.size
    assert isinstance(count, int)
    return [use.build([x[i] if w else x for x, w in zip(use.inputs, use.wide, strict=True)]) for i in range(count)]


# ---------------------------------------------------------------------- rules: from a use to the node over the batch, None where they do not hold

def _raised(use: Use, i: int, rank: int) -> Node:
    """An operand with as many axes after the batch's as the longest has: broadcasting aligns last axes."""
    own = use.rank(i)
    x = use.inputs[i]
    return expand_dims(x, tuple(range(1, 1 + rank - own))) if use.wide[i] and own < rank else x


def _aligned(use: Use) -> Node | None:
    """Operators whose operands broadcast: element by element, or over all axes but the last ones."""
    if len(use.inputs) == 1:
        return use.build(use.inputs)
    rank = max(use.rank(i) for i in range(len(use.inputs)))
    built = use.build([_raised(use, i, rank) for i in range(len(use.inputs))])
    return built if built.type.rank == rank + 1 else None       # a result that is shaped like one operand, and another one has the batch


def _one_more_axis(use: Use) -> dict[str, Any]:
    """The attributes, where they name axes, for an operand with one more axis before the others."""
    attrs = dict(use.node.attrs)
    for key, move in _MOVED.items():
        if key in attrs:
            attrs[key] = move(use, attrs[key])
    return attrs


def _moved_axis(use: Use, axis: Any) -> Any:
    if axis is None:
        return tuple(range(1, 1 + use.rank(0)))
    return tuple(a + 1 for a in axis) if isinstance(axis, tuple) else axis + 1


def _moved_perm(use: Use, perm: Any) -> Any:
    order = reversed(range(use.rank(0))) if perm is None else perm
    return (0, *(p + 1 for p in order))


_MOVED: dict[str, Callable[[Use, Any], Any]] = {
    "axis": _moved_axis,
    "perm": _moved_perm,
    "index": lambda use, index: (_ALL, *index),
    "lead": lambda use, lead: lead + 1,
    "rank": lambda use, rank: rank + 1,
}
# Operands that describe axes, and what they say of the batch's own (None: its size).
_VECTORS: dict[str, Any] = {"shape": None, "whole": None, "begin": 0, "size": -1, "multiples": 1, "paddings": (0, 0)}

_SAME = frozenset({"length"})       # operands that say how much, whatever the batch is


def _leading(use: Use) -> Node | None:
    """Operators that take an axis before the others as it is, once attributes and operands that describe axes know of it."""
    names = use.node.operator.param_names(len(use.inputs))
    operands = []
    for name, x, w in zip(names, use.inputs, use.wide, strict=True):
        if name in _SAME:
            if w:
                return None
        elif name in _VECTORS:
            if w:
                return None
            x = _as_node(use.batch.prefix(x, _VECTORS[name]))
        elif not w:
            x = use.batch.spread(x)
        operands.append(x)
    return use.build(operands, _one_more_axis(use))


def _squeezed(use: Use) -> Node:
    """squeeze: by default it is the node's own axes of size 1 that go, whatever the batch's size is."""
    axis, x = use.node.attrs["axis"], use.node.inputs[0]
    if axis is None and not x.type.known:
        raise ShapeError(f"squeeze over a batch: the shape of {describe(x)} must be known{here()}")
    axis = [i for i, d in enumerate(x.type.shape) if d == 1] if axis is None else axis
    return use.build(use.inputs, {"axis": tuple(i + 1 for i in axis)})


def _as_node(vector: Any) -> Node:
    return vector if isinstance(vector, Node) else identity(vector).inputs[0]


def _stretched(use: Use) -> Node | None:
    """broadcast_to: the operand's axes are the last of the result's."""
    if use.wide[1]:
        return None
    return broadcast_to(_raised(use, 0, _rank(use.node, use.node)), use.batch.prefix(use.inputs[1]))


def _gathered(use: Use) -> Node | None:
    axis = use.node.attrs["axis"]
    params, indices = use.inputs
    if use.wide == (True, False):
        return use.build(use.inputs, {"axis": axis + 1})
    if use.wide == (False, True):
        found = gather(params, indices, axis=axis)
        rank = _rank(use.node, use.node)
        return transpose(found, (axis, *range(axis), *range(axis + 1, rank + 1))) if axis else found
    return None


def _scattered(use: Use) -> Node | None:
    if use.wide != (False, True, False):
        return None
    indices, updates, whole = use.inputs
    return use.build((indices, updates, _as_node(use.batch.prefix(whole))), {"axis": use.node.attrs["axis"] + 1})


# Operands that say where, or how much, of those that `_trailing` takes: the same for the whole batch.
_WHERE = frozenset({"indices", "index", "count", "written", "segment_ids", "num_segments", "shape"})


def _trailing(use: Use) -> Node | None:
    """Operators whose places are counted from the first axes on, so that the batch's own goes last."""
    *ranks, rank = [x.type.rank for x in (*use.node.inputs, use.node)]
    if rank is None or None in ranks:
        return None
    operands = []
    for name, x, w, own in zip(use.node.operator.params, use.inputs, use.wide, ranks, strict=True):
        if name in _WHERE:
            if w:
                return None
            operands.append(concat([x, [use.batch.size]], 0) if name == "shape" else x)
        else:
            operands.append(transpose(x if w else use.batch.spread(x), (*range(1, 1 + (own or 0)), 0)))
    return transpose(use.build(operands), (rank, *range(rank)))


def _size(use: Use) -> Node:
    """The shape that every element of the batch has."""
    known = use.node.inputs[0].type
    if known.known:
        return _as_node(np.array(known.shape, use.node.type.dtype))
    return use.build(use.inputs)[1:]


def _unbroadcast(use: Use) -> Node | None:
    """The second operand gives its shape alone; the batch's axis must stand before the axes that are summed."""
    if use.wide != (True, False):
        return None
    g, x = use.inputs
    lead = use.rank(0) - use.rank(1)
    like = use.batch.spread(expand_dims(x, tuple(range(lead))) if lead else x)
    summed = use.build((g, like))
    return reshape(summed, use.batch.prefix(shape(x))) if lead else summed


def _product(use: Use) -> Node | None:
    """A matrix product: one large product where the batch can be more rows of one matrix, else a product for each element."""
    one = _one_product(use) if (use.rank(0), use.rank(1)) == (2, 2) and use.wide != (True, True) else None
    return _aligned(use) if one is None else one


def _one_product(use: Use) -> Node | None:
    (a, b), (ta, tb) = use.inputs, (use.node.attrs["transpose_a"], use.node.attrs["transpose_b"])
    if use.wide[0] and not ta:
        return _rows(use, a, b, tb)
    if use.wide[1] and tb:                     # a b^T is (b a^T)^T, and the last transpose is only a view
        return transpose(_rows(use, b, a, not ta), (0, 2, 1))
    x = use.node.inputs[1 if use.wide[1] else 0]
    if x.type.shape[-1] != 1:
        return None
    # A column is a row with other strides.
    if use.wide[0]:
        return _rows(use, _as_row(use, a), b, tb)
    return transpose(_rows(use, _as_row(use, b), a, not ta), (0, 2, 1))


def _as_row(use: Use, column: Node) -> Node:
    return expand_dims(squeeze(column, axis=-1), 1)


def _rows(use: Use, a: Node, b: Node, transposed: bool) -> Node:
    """The products of all matrices of a with b (or its transpose), by one."""
    n, rows, inner, columns = use.batch.size, _extent(a, 1), _extent(a, 2), _extent(b, 0 if transposed else 1)
    product = matmul(reshape(a, [n * rows, inner]), b, transpose_b=transposed)
    return reshape(product, [n, rows, columns])


def _extent(x: Node, axis: int) -> Any:
    """The size of an axis: a number where it is known."""
    known = x.type.shape[axis]
    return shape(x)[axis] if known is None else known


def _convolved(use: Use) -> Node | None:
    """One of the three of `conv`, which are the derivatives of one sum of products x * w * y: the batch is among the axes before x's and y's,
    else among the outputs, the channels or the groups, whichever all that has the batch has in common."""
    tensors = [p for p in use.node.operator.params if p != "whole"]
    result = next(t for t in "xwy" if t not in tensors)
    wide = {t for t, w in zip(tensors, use.wide, strict=False) if w} | {result}
    size, (first, second, *whole) = use.batch.size, use.inputs
    if use.wide[len(tensors):] == (True,):
        return None
    if "w" not in wide:
        return use.build((first, second, *(_as_node(use.batch.prefix(v)) for v in whole)))
    shape_of_result, rank = use.node.type.shape, use.node.type.rank
    if rank is None or any(x.type.rank is None for x in use.inputs):
        return None

    def extent(t: str, back: int) -> Any:
        if t != result:
            return _extent(use.inputs[tensors.index(t)], -back)
        return whole[0][-back] if shape_of_result[-back] is None else shape_of_result[-back]
    channels, inner = extent("x", 1), extent("w", 2)
    # Of each that has the batch: the axis that it joins, from the end, and how many parts of that axis stand before it.
    groups = 1 if alike(channels, inner) else _at_least_1(channels // _at_least_1(inner))         # no channels are in one group
    joins = {frozenset("wy"): {"w": (1, groups), "y": (1, groups)}, frozenset("xw"): {"x": (1, groups), "w": (2, 1)},
             frozenset("xwy"): {"x": (1, 1), "w": (1, 1), "y": (1, 1)}}[frozenset(wide)]
    operands = [_joined(x, size, *joins[t]) if t in wide else x for t, x in zip(tensors, (first, second), strict=True)]
    axis, before = joins[result]
    operands += [v * _cast(_as_node([size if i == axis else 1 for i in range(rank, 0, -1)]), v.type.dtype) for v in whole]
    return _parted(use.build(operands), size, axis, before, extent("w", 1) if result == "y" else extent(result, axis))


def _at_least_1(size: Any) -> Any:
    return maximum(size, 1) if isinstance(size, Node) else max(size, 1)


def _joined(x: Node, size: Size, axis: int, before: Any) -> Node:
    """The batch's axis within another one, counted from the end, behind so many parts of it."""
    at = len(x.type.shape or ()) - axis
    n = _extent(x, at)
    dims = [_extent(x, i) for i in range(1, at)]
    behind = [_extent(x, i) for i in range(at + 1, len(x.type.shape or ()))]
    apart = reshape(x, [size, *dims, before, n // before, *behind])
    rank = len(dims) + 3 + len(behind)
    moved = transpose(apart, (*range(1, at + 1), 0, *range(at + 1, rank)))
    return reshape(moved, [*dims, size * n, *behind])


def _parted(x: Node, size: Size, axis: int, before: Any, n: Any) -> Node:
    """The batch's axis, first again, where it had joined another one, of n elements."""
    at = len(x.type.shape or ()) - axis
    dims = [_extent(x, i) for i in range(at)]
    behind = [_extent(x, i) for i in range(at + 1, len(x.type.shape or ()))]
    apart = reshape(x, [*dims, before, size, n // before, *behind])
    rank = len(dims) + 3 + len(behind)
    moved = transpose(apart, (at + 1, *range(at + 1), *range(at + 2, rank)))
    return reshape(moved, [size, *dims, n, *behind])


# Rules with bodies, which `batch_bodies` fills in: of the operators that have some, and, as "any", a loop around any other.
CONTROL: dict[str, Callable[[Use], list[tuple[Node, bool]] | None]] = {}
BATCHERS: dict[str, Callable[[Use], Node | None]] = {
    "aligned": _aligned, "leading": _leading, "gathered": _gathered, "scattered": _scattered, "trailing": _trailing, "squeezed": _squeezed,
    "stretched": _stretched, "unbroadcast": _unbroadcast, "product": _product, "convolved": _convolved,
}
if {*BATCHERS, "size", "unrolled"} != {*BATCH_RULES}:
    raise InternalError("declarations may name exactly the rules of batching that there are")
