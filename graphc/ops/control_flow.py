"""Branches and loops as programs write them: `cond`, `case`, `switch_case` and `while_loop`, of functions that build them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphcError, GraphError, ShapeError
from ..ir import nest
from ..ir.body import Body, parameter
from ..ir.graph import Graph, get_default_graph
from ..ir.joining import rename
from ..ir.node import Node, Operation, describe, here, next_index
from ..ir.operator import items, to_node
from ..ir.types import TensorShape, TensorType, as_shape, compatible, shape_str
from .array_move import identity
from .bodies import Cut, as_result, assigned_to, bodies_of, inputs_of, loop_parameter
from .control import COUNT, branch, loop
from .counted import counted
from .debug import Assert
from .math import cast
from .math_compare import equal
from .reduce import reduce_any
from .scopes import stand
from .state import latest

__all__ = ["cond", "case", "switch_case", "while_loop"]


# ---------------------------------------------------------------------- branches

def cond(pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None, strict: bool = False,
         name: str | None = None, fn1: Callable[[], Any] | None = None, fn2: Callable[[], Any] | None = None) -> Any:
    """What `true_fn` builds if `pred` is true when it runs, else what `false_fn` builds: only that is evaluated, with the effects it has.

    pred: bool[]; the functions take nothing and give tensors, operations or structures of them, of the same dtypes; the result has their
    structure (a list of one tensor is that tensor, unless `strict`). What was built before the functions were called is evaluated in any
    case. A Python bool calls one function alone. `fn1` and `fn2` are old names. ArgumentError: no functions. GraphError: structures that
    differ, or None. DTypeError: another predicate, or dtypes that differ.

    >>> x = tf.constant(2.0)
    >>> tf.Session(jit=False).run(tf.cond(x > 1.0, lambda: x * 10.0, lambda: x))
    np.float32(20.0)
    """
    chosen = []
    for word, given, old in (("true_fn", true_fn, fn1), ("false_fn", false_fn, fn2)):
        if given is not None and old is not None:
            raise ArgumentError(f"cond: {word} is given twice{here()}")
        function = old if given is None else given
        if not callable(function):
            raise ArgumentError(f"cond: {word} is a function without arguments, not {function!r:.60}{here()}")
        chosen.append(function)
    if isinstance(pred, (bool, np.bool_)):
        return _unpacked(chosen[0 if pred else 1](), strict)
    node = to_node(pred)
    if node.type.dtype.kind != "b" or not compatible(node.type.shape, ()):
        raise DTypeError(f"cond: the predicate {describe(node)} is not bool[]{here()}")
    return _branches(node, chosen, "cond", strict, name)


def _unpacked(found: Any, strict: bool) -> Any:
    return found[0] if not strict and isinstance(found, (list, tuple)) and len(found) == 1 and not hasattr(found, "_make") else found


def _branches(pred: Node, functions: Sequence[Callable[[], Any]], what: str, strict: bool, name: str | None) -> Any:
    graph = pred.graph if get_default_graph().__class__ is Graph else get_default_graph()
    with graph.as_default(), graph.name_scope(name or what) as scope:
        since = next_index()
        gave = [_unpacked(function(), strict) for function in functions]
        words = ("true_fn", "false_fn")
        for word, value in zip(words, gave, strict=True):
            if any(leaf is None for leaf in nest.flatten(value)):
                raise GraphError(f"{what}: {word} gives {value!r:.60}, and no tensor{here()}")
        differ = nest.difference(*gave)
        if differ is not None:
            raise GraphError(f"{what}: true_fn and false_fn give other structures: {differ}{here()}")
        flat = [[as_result(graph, leaf, what) for leaf in nest.flatten(value)] for value in gave]
        results = [[node for node, _ in leaves] for leaves in flat]
        controls = [[c for _, run in leaves for c in run] for leaves in flat]
        cut = Cut(what, since)
        variables = list(dict.fromkeys(v for r, c in zip(results, controls, strict=True) for v in cut.assigned([*r, *c])))
        held = {v: cut.taken(v) for v in variables}
        pieces = [cut.piece((), r, c, held) for r, c in zip(results, controls, strict=True)]
        then, orelse = bodies_of(((), ()), pieces, cut)
        node = built(branch, graph, (pred, *inputs_of(cut, graph, variables)), {"then": then, "orelse": orelse}, scope)
        return given_by(node, gave[:1], [len(results[0])], variables, graph)[0]


def built(operator: Any, graph: Graph, inputs: Sequence[Node], attrs: dict[str, Any], scope: str) -> Node:
    """The node of a loop or a branch, named by its scope; its errors name it, and not all that it takes."""
    try:
        type, kept = operator.type_of(tuple(inputs), attrs)
    except GraphcError as e:
        raise e.__class__(f"{scope.rstrip('/')}: {e}{here()}") from None
    return graph.add(operator, tuple(inputs), kept, type, scope if scope else None)


def given_by(node: Node, structures: Sequence[Any], counts: Sequence[int], variables: Sequence[Node], graph: Graph,
             finals: Sequence[Callable[[Sequence[Node]], Node]] | None = None) -> list[Any]:
    """The results of a node in their structures, of so many leaves each; variables get their new values whenever a result is used.

    The values of variables stand behind the first structure. `finals` give the results, if they are not the node's last ones.
    """
    found = items(node, graph)
    if finals is not None:
        found = [final(found) for final in finals]
    found = found[len(found) - sum(counts) - len(variables):]
    assigns = assigned_to(variables, found[counts[0]:counts[0] + len(variables)])
    del found[counts[0]:counts[0] + len(variables)]
    with graph.control_dependencies(assigns):
        kept = [identity(r) if assigns else r for r in found]
    if graph.__class__ is Graph:
        _tell(node, kept, counts[0], graph)
    leaves = iter(kept)
    return [nest.pack(like, [next(leaves) for _ in range(n)]) for like, n in zip(structures, counts, strict=True)]


_STACKED = "TensorArrayStack/TensorArrayGatherV3"


def _tell(node: Node, results: Sequence[Node], carried: int, graph: Graph) -> None:
    """Name the results of a loop or a branch as TensorFlow does, which has an operation for each: cond/Merge, while/Exit_1."""
    last = "Merge" if node.operator is branch else "Exit"
    with graph.name_scope(f"{node.label}/"):
        for i, result in enumerate(results):
            if result.index >= node.index and result.standing is None:
                rename(result, graph.unique_name(last if i < carried else _STACKED))
                stand(last if i < carried else _STACKED.rpartition("/")[2], [result], inputs=node.inputs)


def case(pred_fn_pairs: Any, default: Callable[[], Any] | None = None, exclusive: bool = False, strict: bool = False,
         name: str | None = "case") -> Any:
    """What the function of the first predicate that is true builds; if none is, of `default`.

    `pred_fn_pairs`: pairs of a bool[] and a function, or a mapping. Without `default` a run fails where none is true, with `exclusive`
    where more than one is. ArgumentError: no pairs, or no functions. Structures and dtypes as for `cond`.

    >>> x = tf.constant(5)
    >>> tf.Session(jit=False).run(tf.case([(x < 3, lambda: 1), (x < 7, lambda: 2)], default=lambda: 3))
    np.int32(2)
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, Mapping) else pred_fn_pairs
    if not isinstance(pairs, (list, tuple)) or not pairs and default is None:
        raise ArgumentError(f"case takes pairs of a predicate and a function, not {pred_fn_pairs!r:.60}{here()}")
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not callable(pair[1]):
            raise ArgumentError(f"case: {pair!r:.60} is no pair of a predicate and a function{here()}")
    if default is not None and not callable(default):
        raise ArgumentError(f"case: default is a function without arguments, not {default!r:.60}{here()}")
    graph = get_default_graph()
    with graph.name_scope(name or "case"):
        preds = [to_node(p) for p, _ in pairs]
        checks = []
        if exclusive and len(preds) > 1:
            from .array_join import stack
            from .reduce import reduce_sum
            checks.append(Assert(reduce_sum(cast(stack(preds), COUNT)) < 2, ["more than one predicate of an exclusive case is true: ", stack(preds)]))
        if default is None:
            from .array_join import stack
            checks.append(Assert(reduce_any(stack(preds)), ["no predicate of a case without default is true"]))
        with graph.control_dependencies(checks):
            preds = [identity(p) if checks else p for p in preds]
        build = default if default is not None else pairs[-1][1]
        todo = list(zip(preds, (f for _, f in pairs), strict=True))[:None if default is not None else -1]
        for pred, function in reversed(todo):
            build = _nested(pred, function, build, strict)
        return build() if todo else _after(checks, build, strict)


def _nested(pred: Node, function: Callable[[], Any], otherwise: Callable[[], Any], strict: bool) -> Callable[[], Any]:
    return lambda: cond(pred, function, otherwise, strict)


def _after(checks: Sequence[Operation], build: Callable[[], Any], strict: bool) -> Any:
    with get_default_graph().control_dependencies(checks):
        return nest.mapped(lambda x: identity(to_node(x)), _unpacked(build(), strict))


def switch_case(branch_index: Any, branch_fns: Any, default: Callable[[], Any] | None = None, name: str | None = "switch_case") -> Any:
    """What the function of that number builds; of another number `default`, or, without it, the function of the greatest number.

    branch_index: int32[]; `branch_fns`: a mapping of numbers to functions, pairs of them, or functions in order. ArgumentError, DTypeError:
    something else. Structures and dtypes as for `cond`.

    >>> tf.Session(jit=False).run(tf.switch_case(tf.constant(1), [lambda: 10, lambda: 20, lambda: 30]))
    np.int32(20)
    """
    given = branch_fns.items() if isinstance(branch_fns, Mapping) else branch_fns
    if not isinstance(given, Iterable):
        raise ArgumentError(f"switch_case takes functions, not {branch_fns!r:.60}{here()}")
    listed = list(given)
    pairs = listed if listed and all(isinstance(p, (list, tuple)) for p in listed) else list(enumerate(listed))
    if not pairs or any(len(p) != 2 or not isinstance(p[0], int) or not callable(p[1]) for p in pairs) or len({i for i, _ in pairs}) < len(pairs):
        raise ArgumentError(f"switch_case takes functions, each of another number, not {branch_fns!r:.60}{here()}")
    index = to_node(branch_index)
    if index.type.dtype.kind not in "iu" or not compatible(index.type.shape, ()):
        raise DTypeError(f"switch_case: the index {describe(index)} is no whole number{here()}")
    pairs.sort(key=lambda pair: pair[0])
    otherwise = pairs.pop()[1] if default is None else default
    with get_default_graph().name_scope(name or "switch_case"):
        build = otherwise
        for i, function in reversed(pairs):
            build = _nested(equal(index, i), function, build, False)
        return _unpacked(build(), False)


# ---------------------------------------------------------------------- loops

def while_loop(cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10,
               back_prop: bool = True, swap_memory: bool = False, name: str | None = None, maximum_iterations: Any = None,
               return_same_structure: bool = False) -> Any:
    """The values of `loop_vars` after `body` has been applied to them as long as `cond` of them is true.

    loop_vars: a list or tuple of tensors, TensorArrays and structures of them; `cond` gives bool[], `body` the same structure with the same
    dtypes and shapes. `shape_invariants`: in the same structure TensorShapes, in which dimensions that may change are None; or None where a
    tensor keeps the shape it enters with. `maximum_iterations`: int32[], or None. The result has the structure of `loop_vars`; of one loop
    variable it is the variable itself, unless `return_same_structure`. `parallel_iterations` and `swap_memory` change nothing;
    `back_prop=False`: no gradient passes. ArgumentError, GraphError: no functions, no or other loop variables. DTypeError, ShapeError: a loop
    variable that changes.

    >>> i, total = tf.while_loop(lambda i, total: i < 5, lambda i, total: (i + 1, total + i), [0, 0])
    >>> tf.Session(jit=False).run(total)
    np.int32(10)
    """
    for word, function in (("cond", cond), ("body", body)):
        if not callable(function):
            raise ArgumentError(f"while_loop: {word} is a function of the loop variables, not {function!r:.60}{here()}")
    if not nest.is_nested(loop_vars) or not nest.flatten(loop_vars):
        raise ArgumentError(f"while_loop: loop_vars is a list of tensors, not {loop_vars!r:.60}{here()}")
    initial = [to_node(x) for x in nest.flatten(loop_vars)]
    graph = graph_of(initial, "while_loop")
    with graph.as_default(), graph.name_scope(name or "while") as scope:
        most = _most(maximum_iterations, graph)
        types = carried_types(loop_vars, iter(_invariants(initial, loop_vars, shape_invariants)))
        since = next_index()
        own = [loop_parameter(graph, t, scope.rstrip("/"), _short(x)) for t, x in zip(types, initial, strict=True)]
        given = nest.pack(loop_vars, own)
        spread = given if isinstance(given, (list, tuple)) else [given]
        held = _condition(graph, cond(*spread), scope)
        gave = body(*spread)
        if not isinstance(gave, (list, tuple)) and len(spread) == 1:
            gave = [gave]
        gave = like_vars(loop_vars, gave, scope)
        results, controls = results_of(graph, gave, "while_loop")
        attrs, inputs, variables = cut_loop(graph, scope, since, own, held, results, controls)
        operands = [most, *initial, *inputs]
        form = counted(graph, attrs, operands)
        node = built(loop, graph, operands if form is None else form.operands, attrs if form is None else form.attrs, scope)
        (found,) = given_by(node, [gave], [len(initial)], variables, graph, None if form is None else form.finals)
        if not back_prop:
            from .array_move import stop_gradient
            found = nest.mapped(stop_gradient, found)
        return found[0] if len(found) == 1 and not return_same_structure and isinstance(found, (list, tuple)) else found


def graph_of(nodes: Sequence[Node], what: str) -> Graph:
    graph = get_default_graph()
    if graph.__class__ is Graph:
        graph = nodes[0].graph
        for x in nodes:
            if x.graph is not graph:
                raise GraphError(f"{what}: {describe(x)} is of another graph than {describe(nodes[0])}{here()}")
    return graph


def _short(x: Node) -> str:
    return x.label.rpartition("/")[2] or "value"


def _most(maximum: Any, graph: Graph) -> Node:
    """The operand that says how many iterations there may be."""
    node = to_node(-1 if maximum is None else maximum, graph=graph)
    if node.type.dtype.kind not in "iu" or not compatible(node.type.shape, ()):
        raise DTypeError(f"while_loop: maximum_iterations, {describe(node)}, is no whole number{here()}")
    if maximum is not None:         # below 0 is none
        from .math import maximum as larger
        node = larger(node, 0)
    return node if node.type.dtype == COUNT else cast(node, COUNT)


def _invariants(initial: Sequence[Node], loop_vars: Any, shapes: Any) -> list[TensorType]:
    """The types of the loop variables inside the loop."""
    if shapes is None:
        return [x.type for x in initial]
    given = _shapes(loop_vars, shapes)
    if given is None:
        raise GraphError(f"while_loop: shape_invariants has another structure than loop_vars: {shapes!r:.80}{here()}")
    types = []
    for x, s in zip(initial, given, strict=True):
        shape = x.type.shape if s is _AS_IT_IS else as_shape(s)
        if shape is not None and (x.type.shape is None or not compatible(shape, x.type.shape) or
                                  any(d is not None and e is None for d, e in zip(shape, x.type.shape, strict=True))):
            raise ShapeError(f"while_loop: {describe(x)} is not of the shape {shape_str(shape)} that shape_invariants gives it{here()}")
        types.append(TensorType(x.type.dtype, shape))
    return types


def carried_types(value: Any, types: Iterator[TensorType]) -> list[TensorType]:
    """The types of the leaves of loop variables inside the loop, where what an array holds may grow."""
    if isinstance(value, nest.Composite):
        return [value.carried(next(types)) for _ in value.parts()]
    return [t for child in nest.children(value) for t in carried_types(child, types)] if nest.is_nested(value) else [next(types)]


_AS_IT_IS = object()


def _shapes(like: Any, shapes: Any) -> list[Any] | None:
    """The shape for each leaf of a structure: a TensorShape, a list of dimensions, or None; None for another structure."""
    if isinstance(like, nest.Composite):
        return [_AS_IT_IS] * len(like.parts())
    if not nest.is_nested(like):
        return [_AS_IT_IS if shapes is None else shapes]
    if isinstance(shapes, TensorShape) or not nest.is_nested(shapes):
        return None
    one = nest.children(like)
    other = nest.children(shapes)
    if len(one) != len(other):
        return None
    found = [_shapes(a, b) for a, b in zip(one, other, strict=True)]
    return None if any(f is None for f in found) else [s for f in found for s in f or ()]


def _condition(graph: Graph, value: Any, scope: str) -> Node:
    value = _unpacked(value, False)
    if isinstance(value, Operation) or nest.is_nested(value) or value is None:
        raise GraphError(f"{scope.rstrip('/')}: the condition is {value!r:.60}, and no tensor{here()}")
    held = to_node(value, graph=graph)
    if held.type.dtype.kind != "b" or not compatible(held.type.shape, ()):
        raise DTypeError(f"{scope.rstrip('/')}: the condition, {describe(held)}, is not bool[]{here()}")
    return held


def like_vars(loop_vars: Any, gave: Any, scope: str) -> Any:
    """What a body gave, in the structure of the loop variables. Lists and tuples stand for each other at the top."""
    if isinstance(loop_vars, list) and isinstance(gave, tuple) and not hasattr(gave, "_make"):
        gave = list(gave)
    elif isinstance(loop_vars, tuple) and not hasattr(loop_vars, "_make") and isinstance(gave, list):
        gave = tuple(gave)
    differ = nest.difference(loop_vars, gave)
    if differ is not None:
        raise GraphError(f"{scope.rstrip('/')}: the loop variables and what the body gives have other structures: {differ}{here()}")
    return gave


def results_of(graph: Graph, gave: Any, what: str) -> tuple[list[Node], list[Node]]:
    """The leaves of what a body gave as tensors, and what runs besides."""
    found = []
    for leaf in nest.flatten(gave):
        if leaf is None:
            raise GraphError(f"{what}: the body gives None in the place of a tensor{here()}")
        found.append(as_result(graph, leaf, what))
    return [node for node, _ in found], [c for _, run in found for c in run]


def cut_loop(graph: Graph, scope: str, since: int, own: Sequence[Node], held: Node | None, results: Sequence[Node],
              controls: Sequence[Node], rows: Sequence[Node] = ()) -> tuple[dict[str, Any], list[Node], list[Node]]:
    """The attributes of a loop whose variables are `own`, its operands after their initial values, and the variables that it assigns to.

    Results beyond the loop variables are stacked; `rows` are the parameters of what is sliced.
    """
    what = scope.rstrip("/")
    cut = Cut(what, since)
    index = parameter(TensorType(COUNT, ()), f"{what}/iteration", next(iter([*own, *rows]), None))
    if held is not None and cut.assigned([held]):
        raise GraphError(f"{what}: the condition assigns to {describe(cut.assigned([held])[0])}; a body may{here()}")
    variables = cut.assigned([*results, *controls])
    state = {v: parameter(v.type, v.label, v) for v in variables}
    mine = [index, *own, *state.values()]
    count = len(own)
    found = cut.piece([*mine, *rows], results, controls, state, index)
    test = None if held is None else cut.piece(mine, [held], (), state, index)
    outside = [*cut.outside.values()]
    body = Body([*mine, *rows, *outside], [*found.results[:count], *found.assigned.values(), *found.results[count:]], found.effects)
    cond = None if test is None else Body([*mine, *outside], test.results, test.effects)
    attrs = {"cond": cond, "body": body, "carried": count + len(variables), "sliced": len(rows), "reverse": False}
    entering = [latest.build(graph, (v,), {}) for v in variables]
    return attrs, [*entering, *inputs_of(cut, graph)], variables


