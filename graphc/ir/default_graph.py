"""What programs ask of the default graph by functions: control dependencies, collections, the seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DTypeError
from .devices import on
from .graph import get_default_graph
from .node import here

_DEFAULT_SEED, _LARGEST_SEED = 87654321, 2**31 - 1          # TensorFlow's


def control_dependencies(control_inputs: Iterable[Any] | None) -> Any:
    """`Graph.control_dependencies` of the default graph.

    GraphError: an input of another graph, or nothing that runs.

    >>> v = tf.Variable(1.0)
    >>> with tf.control_dependencies([v.assign(5.0)]):
    ...     after = v.read_value()
    >>> tf.Session(jit=False).run(after)
    np.float32(5.0)
    """
    return get_default_graph().control_dependencies(control_inputs)


def add_to_collection(name: str, value: Any) -> None:
    """Put a value into a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Put a value into several collections of the default graph.

    >>> tf.add_to_collections(["kept", "written"], 2.5)
    >>> tf.get_collection("written")
    [2.5]
    """
    get_default_graph().add_to_collections(names, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """`Graph.get_collection` of the default graph: the members, with `scope` those whose names match it (a regular expression, at the start).

    >>> tf.add_to_collection("losses", 1.5)
    >>> tf.get_collection("losses")
    [1.5]
    """
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: str) -> list[Any]:
    """The collection of the default graph itself, a list to change."""
    return get_default_graph().get_collection_ref(key)


def set_random_seed(seed: int | None) -> None:
    """The seed of every random operator of the default graph that has none of its own; None: none.

    DTypeError: no whole number.

    >>> tf.set_random_seed(7)
    """
    get_default_graph().seed = seed_of("set_random_seed", seed)


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two numbers that the seeds of the default graph and of an operator stand for: neither without a seed; else both below 2**31 - 1.

    Without a seed of its own an operator counts the nodes before it, without one of the graph that is 87654321. DTypeError: no whole number.

    >>> tf.get_seed(3), tf.get_seed(None)
    ((87654321, 3), (None, None))
    """
    graph, own = get_default_graph(), seed_of("get_seed", op_seed)
    if graph.seed is None and own is None:
        return None, None
    first = _DEFAULT_SEED if graph.seed is None else graph.seed % _LARGEST_SEED
    second = (len(graph.nodes) if own is None else own) % _LARGEST_SEED
    return first, second or (0 if first else _LARGEST_SEED)         # two zeros would mean that there is no seed


def seed_of(what: str, seed: Any) -> int | None:
    """A seed, None for none; DTypeError, in the name of a function, for what is no whole number."""
    if seed is None:
        return None
    try:
        return int(seed.__index__())
    except (AttributeError, TypeError):
        raise DTypeError(f"{what}: a seed is a whole number, not {seed!r:.60}{here()}") from None


def device(device_name_or_function: Any) -> Any:
    """Accepted for TensorFlow's sake: graphc computes on the CPU. A function is not called. GraphError: a text that names no device.

    >>> with tf.device("/gpu:0"):
    ...     print(tf.constant(1).device == "")
    True
    """
    return on(device_name_or_function)


def container(container_name: str) -> Any:
    """Accepted for TensorFlow's sake: variables are kept by their session alone, in no container that others share.

    >>> with tf.container("training"):
    ...     v = tf.Variable(1.0)
    """
    return get_default_graph().container(container_name)


@contextmanager
def colocate_with(op: Any, ignore_existing: bool = False) -> Iterator[None]:
    """Accepted for TensorFlow's sake: there is one device.

    >>> with tf.colocate_with(tf.constant(1.0)):
    ...     x = tf.constant(2.0)
    """
    yield
