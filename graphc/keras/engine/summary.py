"""The table of a model's layers that `summary` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import history
from .input_layer import InputLayer


def print_summary(model: Any, line_length: int | None = None, positions: Sequence[float] | None = None,
                  print_fn: Callable[[str], Any] | None = None) -> None:
    """Print the layers: name and class, shape of the outputs, number of parameters; where they are no row, what each is connected to."""
    show = print_fn or print
    plain = _in_a_row(model)
    line_length = line_length or (65 if plain else 98)
    parts = positions or ([0.45, 0.85, 1.0] if plain else [0.33, 0.55, 0.67, 1.0])
    ends = [int(line_length * p) for p in parts] if parts[-1] <= 1 else [int(p) for p in parts]
    head = ["Layer (type)", "Output Shape", "Param #", "Connected to"][:len(ends)]
    show(f'Model: "{model.name}"')
    for line in ("_" * line_length, _row(head, ends), "=" * line_length):
        show(line)
    layers = model.layers
    for i, layer in enumerate(layers):
        fields = [f"{layer.name} ({type(layer).__name__})", _shape(layer), layer.count_params() if layer.built else 0]
        into = [] if plain else _connections(model, layer)
        show(_row([*fields, into[0] if into else ""][:len(ends)], ends))
        for other in into[1:]:
            show(_row(["", "", "", other], ends))
        show(("=" if i == len(layers) - 1 else "_") * line_length)
    trained, rest = (sum(int(np.prod(v.type.shape or (), dtype=np.int64)) for v in held)
                     for held in (model.trainable_weights, model.non_trainable_weights))
    for word, count in (("Total", trained + rest), ("Trainable", trained), ("Non-trainable", rest)):
        show(f"{word} params: {count:,}")
    show("_" * line_length)


def _row(fields: Sequence[Any], ends: Sequence[int]) -> str:
    line = ""
    for field, end in zip(fields, ends, strict=True):
        line = (line[:-1] + " " if line else "") + str(field)
        line = line[:end].ljust(end)
    return line


def _shape(layer: Any) -> str:
    calls = [c for c in layer._calls if history.flatten(c.outputs)]
    if not calls:
        return "multiple" if layer.built else "?"
    try:
        found = layer.output_shape
    except ValueError:
        return "multiple"
    return str([found] if isinstance(layer, InputLayer) else found)


def _in_a_row(model: Any) -> bool:
    """Whether each layer has one input from one other, so that the order says all."""
    if model._map is None:
        return True
    places = [p for p in model._map.places if not isinstance(p.layer, InputLayer)]
    taken = [x for p in places for x in p.call.taken()]
    return len({p.layer for p in places}) == len(places) and len(set(taken)) == len(taken) and all(len(p.call.taken()) <= 1 for p in places)


def _connections(model: Any, layer: Any) -> list[str]:
    found = []
    for place in model._map.places:
        if place.layer is layer and not isinstance(layer, InputLayer):
            for x in place.call.taken():
                made = history.origin(x)
                if made is not None:
                    found.append(f"{made.layer.name}[{made.call}][{made.result}]")
    return found
