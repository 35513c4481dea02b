"""`tf.contrib.slim.utils`: the results of layers by the names of their scopes, and what layers ask of their arguments."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ...errors import ArgumentError
from ...ir.graph import get_default_graph
from ...ir.node import Node, here
from ...python import smart_cond
from ...tf1_names import namespace as _namespace
from ..base import aliases, named
from ..util import constant_value

__all__ = ["append_tensor_alias", "collect_named_outputs", "constant_value", "convert_collection_to_dict", "get_tensor_aliases",
           "n_positive_integers", "smart_cond", "two_element_tuple"]


def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """The outputs, put into collections (a name, or several) under an alias. GraphError: no tensor.

    >>> y = tf.contrib.slim.utils.collect_named_outputs("ends", "first", tf.constant(1.0))
    >>> list(tf.contrib.slim.utils.convert_collection_to_dict("ends"))
    ['first']
    """
    if collections:
        append_tensor_alias(outputs, alias)
        get_default_graph().add_to_collections([collections] if isinstance(collections, str) else collections, outputs)
    return outputs


def append_tensor_alias(tensor: Node, alias: str) -> Node:
    """The tensor, with one alias more. GraphError: no tensor."""
    named(tensor, alias)
    return tensor


def get_tensor_aliases(tensor: Node) -> list[str]:
    """The aliases of a tensor; without any the name of its operation."""
    return aliases(tensor)


def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> OrderedDict[str, Any]:
    """What a collection holds by its aliases, in order: of the results of layers the names of their scopes.

    >>> with tf.variable_scope("net"):
    ...     y = tf.contrib.slim.fully_connected(tf.zeros([1, 2]), 3, scope="last", outputs_collections="results")
    >>> tf.contrib.slim.utils.convert_collection_to_dict("results")["net/last"] is y
    True
    """
    graph = get_default_graph()
    found = OrderedDict((alias, t) for t in graph.get_collection(collection) for alias in aliases(t))
    if clear_collection:
        graph.clear_collection(collection)
    return found


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """n whole numbers above 0, from so many, or from one that stands for all. ArgumentError: no such.

    >>> tf.contrib.slim.utils.n_positive_integers(2, 3), tf.contrib.slim.utils.two_element_tuple([1, 2])
    ((3, 3), (1, 2))
    """
    several = list(value) if isinstance(value, Sequence) or hasattr(value, "as_list") else [value] * n
    try:
        whole = tuple(int(v.__index__()) for v in several)
    except (AttributeError, TypeError):
        whole = ()
    if len(whole) != n or min(whole, default=1) < 1:
        raise ArgumentError(f"{value!r:.60} is neither {n} whole numbers above 0 nor one{here()}")
    return whole


def two_element_tuple(int_or_tuple: Any) -> tuple[int, ...]:
    """Two whole numbers above 0, from two or from one. ArgumentError: no such."""
    return n_positive_integers(2, int_or_tuple)


_namespace(globals())
