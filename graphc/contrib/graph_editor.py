"""`tf.contrib.graph_editor`: walks over graphs, and parts of them built anew on other tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import DTypeError, GraphError
from ..ir.arguments import hold as _hold
from ..ir.graph import Graph
from ..ir.nest import flatten, pack
from ..ir.node import Node, Operation, describe, here, in_order, reached
from ..ir.types import compatible
from ..tf1_names import namespace as _namespace

__all__ = ["get_backward_walk_ops", "get_forward_walk_ops", "graph_replace", "make_list_of_op", "make_list_of_t"]


def _nodes(given: Any, what: str) -> list[Node]:
    """Tensors and operations, or a graph, as nodes. DTypeError: neither."""
    found = list(given.nodes) if isinstance(given, Graph) else [
        x.node if isinstance(x, Operation) else x for x in (given if isinstance(given, (list, tuple, set)) else [given])]
    wrong = next((x for x in found if not isinstance(x, Node)), None)
    if wrong is not None:
        raise DTypeError(f"{what} takes tensors and operations, not {wrong!r:.60}{here()}")
    return found


def make_list_of_op(ops: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ts: bool = False) -> list[Operation]:
    """Operations, those of tensors and of a graph as a list, each once. DTypeError: something else."""
    found = _nodes(ops, "make_list_of_op")
    return list(dict.fromkeys(n.op for n in found if isinstance(ops, Graph) or not ignore_ts or n.type is None))


def make_list_of_t(ts: Any, check_graph: bool = True, allow_graph: bool = True, ignore_ops: bool = False) -> list[Node]:
    """Tensors, or all of a graph, as a list. DTypeError: something else."""
    return [n for n in _nodes(ts, "make_list_of_t") if n.type is not None]


def _walk(seeds: list[Node], following: Callable[[Node], Iterable[Node]], inclusive: bool, within: Any, test: Any,
          stop: set[Node]) -> list[Operation]:
    allowed = None if within is None else {op.node for op in make_list_of_op(within)}

    def onwards(n: Node) -> list[Node]:
        return [x for x in following(n) if x not in stop and (allowed is None or x.op.node in allowed) and (test is None or test(x.op))]
    found = dict.fromkeys(n.op for n in in_order(reached(seeds, onwards)))
    return [op for op in found if inclusive or op.node not in {s.op.node for s in seeds}]


def get_backward_walk_ops(seed_ops: Any, inclusive: bool = True, within_ops: Any = None, within_ops_fn: Callable[[Operation], bool] | None = None,
                          stop_at_ts: Any = (), control_inputs: bool = False) -> list[Operation]:
    """The operations that some need, inputs first.

    `inclusive`: with these; `within_ops`, `within_ops_fn`: over such alone; `stop_at_ts`: not beyond these tensors; `control_inputs`: and what
    they wait for. DTypeError: no operations or tensors.

    >>> x = tf.placeholder(tf.float32, [], name="x")
    >>> [op.name for op in tf.contrib.graph_editor.get_backward_walk_ops(tf.nn.relu(tf.sin(x)))]
    ['x', 'Sin', 'Relu']
    """
    stop = set(_nodes(stop_at_ts, "stop_at_ts"))
    return _walk(_nodes(seed_ops, "get_backward_walk_ops"), lambda n: (*n.inputs, *(n.control_inputs if control_inputs else ())), inclusive,
                 within_ops, within_ops_fn, stop)


def get_forward_walk_ops(seed_ops: Any, inclusive: bool = True, within_ops: Any = None, within_ops_fn: Callable[[Operation], bool] | None = None,
                         stop_at_ts: Any = (), control_outputs: Any = None) -> list[Operation]:
    """The operations that need some, inputs first; `control_outputs`: and those that wait for them.

    The other arguments are those of `get_backward_walk_ops`. DTypeError: no operations or tensors.
    """
    seeds = _nodes(seed_ops, "get_forward_walk_ops")
    users: dict[Node, list[Node]] = {}
    for n in seeds[0].graph.nodes if seeds else ():
        for x in (*n.inputs, *(n.control_inputs if control_outputs else ())):
            users.setdefault(x, []).append(n)
    return _walk(seeds, lambda n: users.get(n, ()), inclusive, within_ops, within_ops_fn, set(_nodes(stop_at_ts, "stop_at_ts")))


def graph_replace(target_ts: Any, replacement_ts: Mapping[Node, Node], dst_scope: str = "", src_scope: str = "",
                  reuse_dst_scope: bool = False) -> Any:
    """Tensors built anew on other ones in the place of some that they need; what does not need these is used as it is.

    `dst_scope`: a name scope for what is built. DTypeError, GraphError: no tensors, or such of another type than those that they stand for.

    >>> x = tf.constant(1.0)
    >>> y = tf.exp(x) + 1.0
    >>> tf.Session(jit=False).run(tf.contrib.graph_editor.graph_replace(y, {x: tf.constant(0.0)}))
    np.float32(2.0)
    """
    targets = _nodes(flatten(target_ts), "graph_replace")
    new: dict[Node, Node] = {}
    for old, x in replacement_ts.items():
        (old,), (x,) = _nodes([old], "graph_replace"), _nodes([x], "graph_replace")
        if old.type.dtype != x.type.dtype or not compatible(old.type.shape, x.type.shape):
            raise GraphError(f"graph_replace: {describe(x)} cannot stand for {describe(old)}: they are of two types{here()}")
        new[old] = x
    if targets:
        graph = targets[0].graph
        with graph.as_default(), graph.name_scope(dst_scope or None):
            for n in in_order(reached(targets, lambda n: () if n in new else n.inputs)):
                if n not in new and any(x in new for x in n.inputs):
                    with graph.control_dependencies(list(n.control_inputs)):
                        new[n] = n.operator.build(graph, tuple([new.get(x, x) for x in n.inputs]), n.attrs)
                    new[n].gradient = n.gradient
    found = [new.get(t, t) for t in targets]
    return pack(target_ts, found)


_hold(globals(), __all__)

_namespace(globals())
