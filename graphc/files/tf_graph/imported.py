"""TensorFlow's graphs read into a graph, under a scope, with some of its own tensors in the place of theirs: wholly, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ...errors import GraphcError, GraphError, SerializationError
from ...ir.graph import Graph
from ...ir.joining import whole
from ...ir.node import Node, here
from .build import Importer
from .messages import GraphDef
from .nodes import Ref, reference


def read_into(graph: Graph, proto: GraphDef, scope: str, input_map: Mapping[str, Any], initialisers: Mapping[str, str] | None = None) -> Importer:
    """Build the nodes of a message in a graph. GraphError: a name of `input_map` is not there, or one of the nodes is taken.

    `initialisers`: by the names of variables, those of the operations that set them to their initial values, where it is known.
    """
    prefix = f"{graph.unique_name(scope)}/" if scope else ""
    with whole(graph), typed_errors():
        importer = Importer(graph, proto, prefix, initialisers)
        importer.run({_mapped(importer, name): graph.as_node(x) for name, x in input_map.items()})
    return importer


@contextmanager
def typed_errors() -> Iterator[None]:
    """What a message that fits no rule breaks in any way is a SerializationError: rules expect what TensorFlow writes."""
    try:
        yield
    except GraphcError:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError) as e:
        raise SerializationError(f"import_graph_def: its nodes do not fit each other ({type(e).__name__}: {e!s:.200}){here()}") from None


def import_theirs(graph: Graph, proto: GraphDef, scope: str, input_map: Mapping[str, Any], wanted: Sequence[str] = ()) -> list[Any]:
    """`read_into`, and the tensors and operations of these names among what was read."""
    importer = read_into(graph, proto, scope, input_map)
    return [element(importer, name) for name in wanted]


def element(importer: Importer, name: str) -> Any:
    """The tensor `name:0`, or the operation `name`, of what was read. GraphError: it is not there."""
    graph, label = importer.graph, importer.prefix + name
    if ":" not in name:
        return graph.get_operation_by_name(label)
    ref = reference(name)
    mapped = importer.main.mapped.get(ref)
    if mapped is not None:
        return mapped
    if ref.name not in importer.main.nodes:
        raise GraphError(f"import_graph_def: the graph that is read has nothing named {name!r:.80}{here()}")
    try:
        found = importer.main.value(ref)
    except GraphcError as e:
        raise GraphError(f"import_graph_def: {e}{here()}") from None
    return found if isinstance(found, Node) else graph.get_tensor_by_name(label)


def _mapped(importer: Importer, name: str) -> Ref:
    ref = reference(name.removeprefix("^"))
    if ref.name not in importer.main.nodes:
        raise GraphError(f"import_graph_def: input_map names {name!r:.80}, and the graph that is read has nothing named so{here()}")
    return ref


__all__ = ["element", "import_theirs", "read_into", "typed_errors"]
