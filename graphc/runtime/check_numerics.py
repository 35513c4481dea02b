"""`Session.run(..., check_numerics=True)`: the first operation that makes a nan or an infinity, forward or backward."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..compiler.specialise import Specialised
from ..errors import NumericsError
from ..ir.body import interpreted
from ..ir.node import Node, describe, loc_str
from ..ir.reference import run_reference
from .call import Call
from .calls import Calls
from .fetching import restored
from .forms import Interpreted
from .variants import Bind


def check_numerics(calls: Calls, call: Call, *values: Any) -> Any:
    """The run of a call, checked node by node with the numpy references before variables change.

    Effects happen once: a run that calls what prints, draws or counts is the checked evaluation itself; any other one is evaluated, then run.
    NumericsError: a node has a nan though none of its inputs has, or an infinity though all its inputs are finite.
    """
    arrays, state = call.arrays(values), calls.values
    once = any(n.operator.family.calls and not n.operator.pure for n in call.needed())

    def make(spec: Specialised, feeds: Sequence[Node]) -> Bind:
        assigned = [v for _, v in spec.assigns]
        checked = Interpreted(state, spec.fetches, [spec.feeds.get(f) for f in feeds], spec.assigns if once else [], [*spec.effects, *assigned],
                              partial(_checked, calls.graph), call.streams if once else ())
        return lambda numbers: checked
    with state.lock:
        if once:
            with state.transaction(call.streams):
                return restored(call.form, call.compile(arrays, make).run(arrays, state.trace))
        with state.streams.held(), state.transaction(()):
            call.compile(arrays, make).run(arrays)
        return call(*values)


def _checked(graph: Any, n: Node, inputs: Sequence[Any]) -> Any:
    if n.operator.drive is not None:            # what is within is looked at node by node
        return run_reference(n, inputs, run_body=lambda body, arguments: interpreted(body, arguments, partial(_checked, graph)))
    result = run_reference(n, inputs)
    if inputs and not n.operator.effect and (wrong := _made(result, inputs)):
        raise NumericsError(_report(n, wrong, result, inputs, graph), n)
    return result


def _made(result: Any, inputs: Sequence[Any]) -> str:
    """What the node made that its inputs do not have: "nan", "inf" or nothing."""
    if _any(np.isnan, result) and not _any(np.isnan, inputs):
        return "nan"
    return "inf" if _any(np.isinf, result) and not _any(np.isinf, inputs) and not _any(np.isnan, inputs) else ""


def _any(test: Any, value: Any) -> bool:
    """Whether an element of an array, or of one of several (an operator's results), passes."""
    if isinstance(value, (tuple, list)):
        return any(_any(test, v) for v in value)
    return np.asarray(value).dtype.kind in "fc" and bool(test(value).any())


def _report(n: Node, wrong: str, result: Any, inputs: Sequence[Any], graph: Any) -> str:
    test = np.isnan if wrong == "nan" else np.isinf
    value = np.asarray(next(r for r in (result if isinstance(result, (tuple, list)) else [result]) if _any(test, r)))
    places = np.argwhere(test(value))
    where = f", first at {places[0].tolist()}" if len(places) and value.ndim else ""
    lines = [f"{describe(n)} = {n.operator.name}(...) is the first to make {wrong}: {len(places)} of {value.size} elements{where}"]
    lines += [f"  {describe(x)} {_range(v)}" for x, v in zip(n.inputs, inputs, strict=True)]
    forward = graph.differentiated(n.label)
    if forward is not None:
        lines.append(f"  it is part of the gradient of {describe(forward)}")
    return "\n".join([*lines, f"  at {loc_str(n.loc)}"])


def _range(value: Any) -> str:
    array = np.asarray(value)
    if not array.size or array.dtype.kind not in "fiub":
        return f"of shape {list(array.shape)}"
    return f"is {array.item()!r}" if array.size == 1 else f"lies between {array.min()} and {array.max()}"
