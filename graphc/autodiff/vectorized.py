"""`vectorized_map`: what a function computes of one element, computed for all of them at once, without a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from ..errors import GraphError, ShapeError, UnimplementedError
from ..ir import nest
from ..ir.body import bodies, everywhere
from ..ir.graph import Scratch, get_default_graph
from ..ir.node import describe, here, topological
from ..ir.operator import to_node
from ..ir.types import TensorType
from ..ops.array import shape
from ..ops.creators import CREATORS
from ..ops.sources import placeholder_of
from .batching import transcribe

__all__ = ["vectorized_map"]


def vectorized_map(fn: Callable[[Any], Any], elems: Any) -> Any:
    """What `fn` gives of each element of nested tensors along their first axis, stacked: any[n, ...] each -> any[n, ...] each.

    As `tf.map_fn`, but that operations take all elements at once, where they can; others run once for each. ShapeError: first sizes that
    differ, or a scalar. GraphError: no tensors. UnimplementedError: the function makes variables, draws random numbers, or has an effect.

    >>> x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.Session(jit=False).run(tf.vectorized_map(lambda row: tf.tensordot(row, row, 1), x))
    array([ 5., 25.], dtype=float32)
    """
    given = [to_node(x) for x in nest.flatten(elems)]
    if not given:
        raise GraphError(f"vectorized_map: there are no tensors in {elems!r:.80}{here()}")
    sizes = {x.type.shape[0] for x in given if x.type.shape}
    if any(x.type.shape == () for x in given) or len(sizes - {None}) > 1:
        raise ShapeError(f"vectorized_map: {', '.join(map(describe, given))} have not one first size{here()}")
    known = next(iter(sizes - {None}), None)
    graph, scratch = get_default_graph(), Scratch()
    with scratch.as_default(), _no_variables(scratch):
        # What stands for one element: there may be none.
        ones = [placeholder_of(TensorType(x.type.dtype, None if x.type.shape is None else x.type.shape[1:]), scratch, "element") for x in given]
        results = fn(nest.pack(elems, ones))
        found = [to_node(y) for y in nest.flatten(results)]
    order = topological(found, stop=lambda n: n.graph is not scratch or n in ones)
    acts = next((n for n in everywhere(n for n in order if n.graph is scratch and n not in ones) if not n.operator.pure and not bodies(n)), None)
    if acts is not None:
        raise UnimplementedError(f"vectorized_map: {acts.operator.name} draws numbers or has an effect, which would be one for all elements; "
                                 f"tf.map_fn runs it for each{here()}")
    with graph.as_default(), graph.name_scope("vectorized_map"):
        size: Any = known if known is not None else shape(given[0])[0]
        made = transcribe(found, scratch, dict(zip(ones, given, strict=True)), size)
    return nest.pack(results, made)


@contextmanager
def _no_variables(scratch: Scratch) -> Iterator[None]:
    """Inside, UnimplementedError for a function that makes a variable."""
    def refuse(next_creator: Any, **kwargs: Any) -> NoReturn:
        raise UnimplementedError(f"vectorized_map: the function makes a variable; it is made outside{here()}")
    CREATORS[scratch] = [refuse]
    try:
        yield
    finally:
        del CREATORS[scratch]
