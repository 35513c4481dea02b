"""What fills the tables of a graph of TensorFlow's: constants of the graph, or a file, if it is the program that names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import GraphError, UnimplementedError
from ...ir.node import Node
from ...ops import tables
from .folding import known
from .forms_outside import Contents, contents
from .nodes import Parsed, Ref
from .rows_outside import TABLES
from .values import attribute

_PASSING = frozenset({"Identity", "StopGradient"})


def table_key(n: Parsed) -> str:
    """What tells a table from others: the name that it may share with other nodes, or that of its own."""
    shared = n.proto.attr["shared_name"].s.decode("utf-8", "replace") if "shared_name" in n.proto.attr else ""
    return f"shared {shared}" if shared else n.name


def filler_keys(n: Parsed, nodes: Mapping[str, Parsed]) -> list[str]:
    """The table that a node fills."""
    table = nodes.get(n.inputs[0].name) if n.inputs else None
    return [table_key(table)] if table is not None and table.op in TABLES else []


def filled_table(env: Any, n: Parsed, filler: Parsed) -> Contents:
    """What a node puts into a table. UnimplementedError: a file that the graph names, or what is not known while the graph is built."""
    key_dtype, value_dtype = (attribute(n.proto.attr[a]) for a in ("key_dtype", "value_dtype"))
    if len(filler.inputs) == 3:
        return contents(env.value(filler.inputs[1]), env.value(filler.inputs[2]), key_dtype, value_dtype)
    path = _path(env, filler.inputs[1])
    if path is None:
        given = env.value(filler.inputs[1])
        raise UnimplementedError(f"the table is read from the file {known(given)!r:.200}, and a graph does not choose what is read: input_map "
                                 f"with a tf.constant of the path for {filler.inputs[1].name!r:.80} does; a saved model has it among its assets")
    a = filler.proto.attr
    if "offset" in a and a["offset"].i:
        raise UnimplementedError("a table from a file that begins in its midst")
    lines = tables.lines(path)
    count = a["vocab_size"].i if "vocab_size" in a else -1
    if count > len(lines):
        raise GraphError(f"{path!r:.200} has {len(lines)} lines, not {count}")
    delimiter = a["delimiter"].s.decode("utf-8", "replace") if "delimiter" in a else "\t"
    read = lines[:count] if count >= 0 else lines
    keys, values = (tables.column(read, dtype, a[index].i, delimiter, path) for dtype, index in ((key_dtype, "key_index"), (
        value_dtype, "value_index")))
    return contents(keys, values, key_dtype, value_dtype)


def _path(env: Any, ref: Ref) -> str | None:
    """The path that the program gave in the place of a tensor of the graph; None: it gave none."""
    for _ in range(len(env.nodes)):
        if ref in env.mapped:
            given = env.mapped[ref]
            value = np.asarray(tables.known(given) if isinstance(given, Node) else given)
            if value.size != 1 or not value.dtype.hasobject:
                raise GraphError("the path of a table's file is a text")
            text: bytes = value.reshape(-1)[0]
            return text.decode("utf-8", "surrogateescape")
        n = env.nodes[ref.name]
        if n.op not in _PASSING or not n.inputs:
            return None
        ref = n.inputs[0]
    return None
