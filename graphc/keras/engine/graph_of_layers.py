"""The calls of layers between the inputs and the outputs of a model, in the order in which Keras lists layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ...errors import GraphError
from ...ir.node import Node, Operation, describe, here, in_order, reached
from . import history
from .input_layer import InputLayer
from .op_layer import TensorFlowOpLayer


class Place(NamedTuple):
    """One call of a layer, by its number."""

    layer: Any
    number: int

    @property
    def call(self) -> history.Call:
        """What was given, and what came out."""
        found: history.Call = self.layer._calls[self.number]
        return found


class Mapped(NamedTuple):
    """The layers of a model, those near the inputs first, and their calls, each after those that it needs."""

    layers: list[Any]
    places: list[Place]
    depths: dict[Any, int]


def mapped(inputs: list[Node], outputs: list[Node]) -> Mapped:
    """The layers and calls between inputs and outputs; operators between them become layers. GraphError: an input is not given."""
    starts = {x: _start(x) for x in inputs}

    def place(x: Node) -> Place | None:
        made = history.origin(x)
        return starts[x] if x in starts else None if made is None else Place(made.layer, made.call)

    def uses(x: Node) -> Iterable[Node]:
        at = place(x)
        return () if x in starts else x.inputs if at is None else at.call.taken()

    needed = in_order(reached(outputs, uses))
    below: set[Node] = set()
    for x in needed:
        at = place(x)
        if x in starts or any(y in below for y in uses(x)):
            below.add(x)
            if at is None:
                TensorFlowOpLayer(x, [y for y in x.inputs if y in below])
        elif at is not None and isinstance(at.layer, InputLayer) or x.operator.name == "placeholder":
            raise GraphError(f"graph disconnected: the outputs need {describe(x)}, which is none of the inputs "
                             f"{', '.join(describe(i) for i in inputs)}{here()}")
    return _sorted(inputs, outputs, place, below)


def _start(x: Node) -> Place:
    """The call that an input of a model comes from: that of its InputLayer, which is made for a tensor that has none."""
    made = history.origin(x)
    if made is not None and isinstance(made.layer, InputLayer):
        return Place(made.layer, made.call)
    layer = InputLayer(input_tensor=x, name=f"{x.op.name}_as_input".replace("/", "_"))
    if made is not None:
        history.layered(x.graph).made[x] = made         # other models still find what made it
    return Place(layer, 0)


def _sorted(inputs: list[Node], outputs: list[Node], place: Any, below: set[Node]) -> Mapped:
    """Calls by their distance from the outputs, as Keras counts it, layers by the greatest one of theirs, then as first met from the outputs."""
    met: dict[Any, int] = {}            # layers as they are met
    done: dict[Place, bool] = {}
    order: list[Place] = []             # a call after those that it needs

    def before(at: Place) -> list[Place]:
        return [p for x in at.call.taken() if x in below and (p := place(x)) is not None] if not isinstance(at.layer, InputLayer) else []

    for x in outputs:
        first = place(x)
        if first is None:               # a tensor that needs no input
            raise GraphError(f"{describe(x)} is made by no layer, and does not depend on the inputs{here()}")
        stack: list[tuple[Place, bool]] = [(first, False)]
        while stack:
            at, finished = stack.pop()
            if finished:
                order.append(at)
                continue
            if at in done:
                continue
            done[at] = True
            met.setdefault(at.layer, len(met))
            stack.append((at, True))
            stack += [(p, False) for p in reversed(before(at))]
    depth: dict[Place, int] = {}
    depths: dict[Any, int] = {}
    for at in reversed(order):
        depth[at] = depths[at.layer] = max(depth.get(at, 0), depths.get(at.layer, 0))
        for p in before(at):
            depth[p] = max(depth[at] + 1, depth.get(p, 0))
    for x in inputs:                    # an input that no output needs
        at = place(x)
        if at.layer not in depths:
            depths[at.layer], depth[at], met[at.layer] = 0, 0, -1
            order.append(at)
    layers = sorted(depths, key=lambda layer: (-depths[layer], met[layer]))
    return Mapped(layers, sorted(order, key=lambda at: -depth[at]), depths)


def of_inputs(found: list[Any], inputs: list[Node]) -> list[Any]:
    """Those of operations and tensors that depend on one of the inputs, or on nothing that is fed."""
    wanted = set(inputs)

    def kept(x: Any) -> bool:
        needed = reached([x.node if isinstance(x, Operation) else x], lambda n: (*n.inputs, *n.control_inputs))
        return not wanted.isdisjoint(needed) or not any(n.operator.name == "placeholder" for n in needed)
    return [x for x in found if kept(x)]
