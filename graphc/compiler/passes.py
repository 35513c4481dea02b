"""The passes between the user's graph and the scheduler: each a function from fetches to fetches, in one list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import InternalError
from ..ir.families import Memory
from ..ir.graph import Scratch, get_default_graph
from ..ir.node import Node, Ordered, in_order, next_index, reached, topological
from ..ir.operator import constant_node
from ..ir.sizes import alike, few, fixed
from ..ir.types import Array, TensorType, broadcast, content, element_count, same_type
from ..ir.validate import refused
from ..ops.array import broadcast_to, concat, expand_dims, transpose
from ..ops.array_move import reshape
from ..ops.math_arithmetic import add, multiply
from ..ops.reduce import reduce_sum
from .hoist import hoisted
from .layout import contiguous, view_of
from .lean import lean_loops
from .narrow import narrow_products
from .rules import rewritten
from .sink import place_of, sink_views
from .sums import sum_products

Visit = Callable[[Node, tuple[Node, ...]], "Node | None"]
Pass = Callable[[Sequence[Node]], Sequence[Node]]
Observe = Callable[[str, Sequence[Node], Sequence[Node], float], None]

SMALL_PRODUCT = 64          # multiply-adds up to which a product's own loops beat the call of a library
FOLDED_BYTES = 1 << 20      # the largest constant that folding may make; broadcasts of constants are free and stay


def rewrite(fetches: Sequence[Node], visit: Visit) -> list[Node]:
    """Rebuild bottom-up: `visit(node, inputs)` gives what replaces a node; None keeps it, with its new inputs."""
    new: dict[Node, Node] = {}          # of those that are replaced
    order, kept, made = topological(fetches), list[Node](), set[Node]()
    scratch, last = Scratch(), next_index()

    def unseen(node: Node) -> list[Node]:
        return [x for x in node.inputs if x.index > last and x not in made]

    with scratch.as_default():
        for node in order:
            inputs = node.inputs
            touched = not new.keys().isdisjoint(inputs)
            if touched:
                inputs = tuple([new.get(x, x) for x in inputs])
            scratch.place = node
            got = visit(node, inputs)
            if got is None and touched:
                got = new[node] = node.on(inputs)
                made.add(got)
            elif got is None or got is node:
                kept.append(node)
            else:
                new[node] = got
                if got.index > last and got not in made:
                    made |= reached([got], unseen)
    if not new:
        return Ordered(fetches, order)
    found = [new.get(f, f) for f in fetches]
    return Ordered(found, _needed(found, in_order([*kept, *made])))


def _needed(fetches: Iterable[Node], order: Sequence[Node]) -> list[Node]:
    """Those of some nodes, inputs first, that the fetches need."""
    needed = set(fetches)
    found = []
    for n in reversed(order):
        if n in needed:
            found.append(n)
            needed.update(n.inputs)
    found.reverse()
    return found


def hoist_products(fetches: Sequence[Node]) -> Sequence[Node]:
    """A loop's product of a row with what no iteration changes, as an RNN has of its input, is one product of all rows before the loop."""
    if not any(n.operator.name == "loop" for n in topological(fetches)):
        return fetches
    return rewrite(fetches, lambda node, inputs: hoisted(node, inputs) if node.operator.name == "loop" else None)


def remove_identities(fetches: Sequence[Node]) -> list[Node]:
    """Nodes that change nothing: identity, stop_gradient, reads, casts and views of what is there already; a view that only adds or drops
    axes is a reshape, which costs nothing inside a kernel."""
    def visit(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.operator.family.memory is not Memory.VIEW and node.operator.name != "cast":
            return None
        if node.operator.view is not None and not _in_order(node):
            return None
        if same_type(node.type, inputs[0].type):
            return inputs[0]
        if node.operator.view is not None:
            return reshape(inputs[0], list(node.type.shape))
        return None
    return rewrite(fetches, visit)


def _in_order(node: Node) -> bool:
    """Whether a view shows all elements, in the order in which they lie."""
    whole = node.inputs[0].type.shape
    shape, strides, offset = view_of(node, (whole, contiguous(whole), 0))
    return alike(element_count(tuple(shape)), element_count(whole)) and alike(offset, 0) and \
        all(d == 1 or alike(s, t) for d, s, t in zip(shape, strides, contiguous(shape), strict=True))


def expand_products(fetches: Sequence[Node]) -> list[Node]:
    """A matrix product of a few elements, or by vectors, as the sum of products that it is, which fuses with what is around it."""
    def visit(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.operator.name != "matmul":
            return None
        a, b = inputs
        inner = a.type.shape[-2 if node.attrs["transpose_a"] else -1]
        if inner == 0 or 0 in node.type.shape:
            return None
        work = element_count(node.type.shape) * inner
        if not few(work, SMALL_PRODUCT):
            return _vector_product(node, a, b)
        rows = _swapped(a) if node.attrs["transpose_a"] else a
        columns = b if node.attrs["transpose_b"] else _swapped(b)
        products = multiply(expand_dims(rows, axis=-2), expand_dims(columns, axis=-3))
        return reduce_sum(products, axis=-1)
    return rewrite(fetches, visit)


def _swapped(matrix: Node) -> Node:
    """The last two axes, exchanged; of vectors without a transposition, which a loop nest could not look through."""
    *batch, m, n = matrix.type.shape
    if alike(m, 1) or alike(n, 1):
        return reshape(matrix, [*batch, n, m])
    rank = len(matrix.type.shape)
    return transpose(matrix, perm=[*range(rank - 2), rank - 1, rank - 2])


def _vector_product(node: Node, a: Node, b: Node) -> Node | None:
    """The product of a column and a row as one of elements, that of a matrix and a vector as sums along the axis in which memory is read in
    order; None if it is one of matrices."""
    across, along = node.attrs["transpose_a"], node.attrs["transpose_b"]
    *_, m, n = node.type.shape
    if alike(a.type.shape[-2 if across else -1], 1):
        return multiply(_swapped(a) if across else a, _swapped(b) if along else b)
    if alike(n, 1):
        matrix, down, vector, lies = a, across, b, along
    elif alike(m, 1):
        matrix, down, vector, lies = b, not along, a, not across
    else:
        return None
    strides = place_of(matrix)[1]
    if not alike(strides[-1], 1) and alike(strides[-2], 1):
        matrix, down = _swapped(matrix), not down
    # A vector of k elements lies as [k, 1], or as [1, k]; it is wanted beside the matrix as [k, 1] where sums go down its columns.
    vector = _swapped(vector) if down == lies else vector
    return reshape(reduce_sum(multiply(matrix, vector), axis=-2 if down else -1), list(node.type.shape))


def fold_constants(fetches: Sequence[Node]) -> list[Node]:
    """Pure nodes of constants, evaluated by their references. Never randomness; never a result that grows memory much."""
    several: dict[Node, list[Array]] = {}           # the results of a node of constants that has more than one

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if node.operator.family.picks and inputs[0] in several:
            return _folded(node.type, several[inputs[0]][node.attrs["index"]])
        if not inputs or inputs[0].operator.name != "constant" or any(x.operator.name != "constant" for x in inputs):
            return None
        op = node.operator
        if not op.pure or op.effect or op.check or op.family.memory is Memory.VIEW or op.family.draws or op.family.cuts or node.type is None:
            return None
        types = [node.type] if isinstance(node.type, TensorType) else node.type
        most = 4096 + 2 * max(x.attrs["value"].nbytes for x in inputs)
        if any(not t.known or not fixed(t.nbytes) or t.nbytes > FOLDED_BYTES or t.nbytes > most for t in types):
            return None
        try:
            with np.errstate(all="ignore"):
                found = op.reference(*(x.attrs["value"] for x in inputs), **node.attrs)
        except Exception:               # what fails must fail when it runs, with the user's line
            return None
        if not isinstance(node.type, TensorType):
            kept = node if inputs == node.inputs else node.on(inputs)
            several[kept] = [np.asarray(v) for v in found]
            return kept
        return _folded(node.type, np.asarray(found))
    return rewrite(fetches, visit)


def _folded(type: TensorType, value: Array) -> Node | None:
    """A value that is known as a constant; None if its shape is not the one that the plan was made for."""
    return constant_node(get_default_graph(), value.astype(type.dtype)) if value.shape == type.shape else None


def absorb_broadcasts(fetches: Sequence[Node]) -> list[Node]:
    """elementwise(broadcast_to(x), y) is elementwise(x, y) where y alone has the result's shape."""
    def visit(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if not node.operator.family.broadcasts:
            return None
        for x in inputs:
            if x.operator.name == "broadcast_to":
                break
        else:
            return None
        out = list(inputs)
        for i, x in enumerate(inputs):
            if x.operator.name == "broadcast_to":
                trial = [*out[:i], x.inputs[0], *out[i + 1:]]
                if alike(broadcast(*(t.type.shape for t in trial)), node.type.shape):
                    out = trial
        if out == list(inputs):
            spread = all(x.operator.name == "broadcast_to" or x.type.shape == () for x in inputs)
            return _broadcast_after(node, inputs) if spread else None
        return node.on(tuple(out))
    return rewrite(fetches, visit)


def _broadcast_after(node: Node, inputs: tuple[Node, ...]) -> Node | None:
    """elementwise(broadcast_to(x)) as broadcast_to(elementwise(x)): computed once, and broadcasts are free."""
    small = tuple(x.inputs[0] if x.operator.name == "broadcast_to" else x for x in inputs)
    shape = broadcast(*(x.type.shape for x in small))
    if alike(shape, node.type.shape):
        return None
    inner = node.on(small, TensorType(node.type.dtype, shape))
    return broadcast_to(inner, list(node.type.shape))


def add_padded(fetches: Sequence[Node]) -> list[Node]:
    """A sum of tensors padded with zeros, as the gradients of slices are, is one concatenation if what is padded does not overlap."""
    zeros: dict[TensorType, Node] = {}

    def added(x: Node, y: Node) -> Node | None:
        if x.operator.name != "concat" or y.operator.name != "concat" or not same_type(x.type, y.type) or x.attrs["axis"] != y.attrs["axis"]:
            return None
        axis = x.attrs["axis"]
        if x.type.shape[axis] == 0:
            return None
        parts = dict(_padded(x))
        for place, part in _padded(y).items():
            if place in parts:
                joined = added(parts[place], part)
                part = add(parts[place], part) if joined is None else joined
            parts[place] = part
        order = sorted(parts)
        if any(a[1] > b[0] for a, b in pairwise(order)):
            return None
        shape = x.type.shape
        blocks, at = [], 0
        for begin, end in [*order, (shape[axis], shape[axis])]:
            if begin > at:
                dims = [*shape[:axis], begin - at, *shape[axis + 1:]]
                kind = TensorType(x.type.dtype, tuple(dims))
                if kind not in zeros:
                    zeros[kind] = broadcast_to(np.zeros((), kind.dtype), dims)
                blocks.append(zeros[kind])
            if end > begin:
                blocks.append(parts[begin, end])
            at = end
        return blocks[0] if len(blocks) == 1 else concat(blocks, axis=axis)

    return rewrite(fetches, lambda node, inputs: added(*inputs) if node.operator.name == "add" else None)


def _padded(concat: Node) -> dict[tuple[int, int], Node]:
    """Where along its axis a concatenation has its parts, without those that are zeros."""
    axis, at, found = concat.attrs["axis"], 0, {}
    for x in concat.inputs:
        end = at + x.type.shape[axis]
        if end > at and not _is_zeros(x):
            found[at, end] = x
        at = end
    return found


def _is_zeros(x: Node) -> bool:
    scalar = x.inputs[0] if x.operator.name == "broadcast_to" else x
    return scalar.operator.name == "constant" and scalar.type.shape == () and not scalar.attrs["value"].any()


def apply_rules(fetches: Sequence[Node]) -> list[Node]:
    """The algebra of `rules`."""
    def visit(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        if not node.operator.family.broadcasts:
            return None
        if inputs is not node.inputs:
            node = node.on(inputs)
        made = rewritten(node)
        return made if made is not None else node
    return rewrite(fetches, visit)


def share(fetches: Sequence[Node]) -> list[Node]:
    """Common subexpressions: pure nodes with the same operator, inputs and attributes are one."""
    table: dict[Any, Node] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node | None:
        op = node.operator
        if not op.pure or op.effect:
            return None
        key = (op.name, inputs, node.type, _attrs_key(node))
        found = table.get(key)
        if found is None:
            found = table[key] = node if inputs is node.inputs else node.on(inputs)
        return found
    return rewrite(fetches, visit)


def _attrs_key(node: Node) -> Any:
    if node.operator.family.memory is not Memory.OUTSIDE:
        return tuple([(k, repr(v)) for k, v in node.attrs.items()]) if node.attrs else ()
    if node.operator.name == "constant":
        value = node.attrs["value"]
        return content(value) if value.nbytes <= 4096 else id(value)
    return tuple(map(repr, node.attrs["value"].flat)) if node.operator.name == "bound" else id(node)


PIPELINE: list[tuple[str, Pass, str]] = [
    ("remove_identities", remove_identities, "first: less to look at for all others"),
    ("lean_loops", lean_loops, "early: results of loops that nobody needs are not made"),
    ("hoist_products", hoist_products, "early: what it takes out of loops goes through the others"),
    ("narrow_products", narrow_products, "before expand_products: smaller products may be loops"),
    ("absorb_broadcasts", absorb_broadcasts, "before folding: a broadcast of a constant is not folded"),
    ("expand_products", expand_products, "before the rest: they work on what it leaves"),
    ("add_padded", add_padded, "before folding: looks for zeros that are broadcasts"),
    ("fold_constants", fold_constants, "before sharing: equal constants are shared"),
    ("apply_rules", apply_rules, "after folding: literals are then constants"),
    ("share", share, "after what makes nodes equal"),
    ("sum_products", sum_products, "after sharing: looks at who uses a product, and what is a part of what"),
    ("sink_views", sink_views, "last: looks at who uses a value"),
]


def same_types(after: Sequence[Node], before: Sequence[Node]) -> bool:
    """Whether nodes have the types of others, one by one."""
    return len(after) == len(before) and all(same_type(a.type, b.type) for a, b in zip(after, before, strict=True))


def add_pass(before: str, why: str) -> Callable[[Pass], Pass]:
    """Add the decorated function, from fetches to fetches of the same types, to the passes, before the one of that name.

    `why` it goes there, `explain` shows. Programs compiled from now on go through it. DeclarationError, with the pass and its line: there is
    no such place, or a name is taken; and when it runs, if it changes the number or the types of the fetches.
    """
    def add(function: Pass) -> Pass:
        name = function.__name__
        names = [n for n, *_ in PIPELINE]
        if before not in names or name in names:
            wrong = "there is a pass of this name" if name in names else f"there is no pass {before!r:.60} to go before; there are {', '.join(names)}"
            raise refused(f"pass {name}", function, wrong)

        def checked(fetches: Sequence[Node]) -> list[Node]:
            after = list(function(fetches))
            if not same_types(after, fetches):
                raise refused(f"pass {name}", function, f"the fetches {', '.join(str(f.type) for f in fetches)} "
                                                        f"become {', '.join(str(f.type) for f in after) or 'none'}")
            return after
        PIPELINE.insert(names.index(before), (name, checked, why))
        return function
    return add


def optimise(fetches: Sequence[Node], observe: Observe | None = None) -> list[Node]:
    """All passes in order. The types of the fetches stay as they are; `observe(name, before, after, seconds)` sees each."""
    for name, function, _ in PIPELINE:
        start = time.perf_counter()
        after = function(fetches)
        if not same_types(after, fetches):
            raise InternalError(f"pass {name} changed the type of a fetch")
        if observe is not None:
            observe(name, fetches, after, time.perf_counter() - start)
        fetches = after
    return list(fetches)


@contextmanager
def left_out() -> Iterator[None]:
    """What is compiled inside, by any thread, goes through no pass: the graph as it was written, to compare with."""
    whole = PIPELINE[:]
    PIPELINE.clear()
    try:
        yield
    finally:
        PIPELINE[:] = whole
