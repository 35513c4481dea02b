"""Nodes by their operators' numpy references, one at a time: the oracle of compiled programs, and what host steps run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..errors import GraphcError, InvalidArgumentError, OpError, ResourceExhaustedError
from .node import Node, describe, describe_call, loc_str, topological
from .types import Array


def add_to(error: Exception, text: str) -> None:
    """Say more at the end of an error: of graphc's own text; of a user's in a note, which Python 3.11 and later print."""
    if isinstance(error, GraphcError):
        error.args = (f"{error}{text}",)
        if isinstance(error, OpError):
            error.message = str(error)
        return
    notes = [*getattr(error, "__notes__", ())]
    error.__notes__ = [*notes[:-1], notes[-1] + text] if notes and text.startswith((" ", "\n")) else [*notes, text]


def read_only(value: Any) -> Any:
    """An array as a view that cannot be written through; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def run_reference(node: Node, inputs: Sequence[Any], attrs: Mapping[str, Any] | None = None,
                  run_body: Callable[[Any, Sequence[Any]], Sequence[Any]] | None = None, linalg: Any = None) -> Any:
    """The numpy reference of a node; what it raises names the operator and the user's line.

    The inputs lie where constants, feeds, variables and other results do: a reference sees them, and cannot write there. `attrs`: the
    node's attributes, if they are not those that it was made with. `run_body`: what runs a body that the node has, if not the interpreter.
    `linalg`: what factors matrices, if not `numpy.linalg`.
    """
    return computed(node, [*map(read_only, inputs)], attrs, run_body, linalg)


def computed(node: Node, inputs: Sequence[Any], attrs: Mapping[str, Any] | None, run_body: Callable[[Any, Sequence[Any]], Sequence[Any]] | None,
             linalg: Any) -> Any:
    """The same of inputs that cannot be written already."""
    drive, factor = node.operator.drive, node.operator.factor
    function = node.operator.reference
    if drive is not None and run_body is not None:
        function = partial(drive, run_body)
    elif factor is not None and linalg is not None:
        function = partial(factor, linalg)
    try:
        return function(*inputs, **(node.attrs if attrs is None else attrs))
    except GraphcError as e:
        if drive is not None and isinstance(e, OpError):        # of a node in the body, which it names
            add_to(e, f" of {describe(node)}")
            raise
        text = f"{describe_call(node.operator.called(node.attrs), node.inputs)}: {e}\n  at {loc_str(node.loc)}"
        raise (type(e) if isinstance(e, OpError) else InvalidArgumentError)(text, node) from e
    except Exception as e:
        if node.operator.name.startswith("py_func") or drive is not None:
            add_to(e, f" of {describe(node)}" if drive is not None else f"in {describe(node)}\n  at {loc_str(node.loc)}")
            raise
        kind = ResourceExhaustedError if isinstance(e, MemoryError) else InvalidArgumentError
        raise kind(f"{describe(node)}: {type(e).__name__}: {e}\n  at {loc_str(node.loc)}", node) from e


def interpret(fetches: Sequence[Node], given: Mapping[Node, Array], run: Callable[[Node, Sequence[Any]], Any] = run_reference) -> list[Array]:
    """The values of nodes by their numpy references; `given` holds those of sources, `run` computes one node from its inputs' values."""
    known: dict[Node, Any] = dict(given)
    with np.errstate(all="ignore"):
        for n in topological(fetches, stop=lambda n: n in given):
            if n not in known:
                known[n] = n.attrs["value"] if n.operator.name == "constant" else run(n, [known[x] for x in n.inputs])
    return [known[f] for f in fetches]
