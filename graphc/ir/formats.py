"""The forms in which graphs are written and read: `files`, a folder above, puts its functions here when it is imported, which it always is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Formats:
    """What a graph asks of them: its JSON text, of some fetches or all; the graph of such a text; its `tf.GraphDef`."""

    to_json: Callable[[Any, Any], str]
    from_json: Callable[[str], Any]
    graph_def: Callable[[Any], Any]


FORMATS = Formats()
