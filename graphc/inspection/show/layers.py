"""Pictures of a model's layers: a box for each, an arrow for each tensor that one takes from another."""

from __future__ import annotations

import os
from typing import Any

from .draw import _dot_lines, _graphviz


def dot_of(model: Any, show_shapes: bool = False, show_layer_names: bool = True, rankdir: str = "TB") -> str:
    """A model's layers in Graphviz's language, from the top down (`TB`) or from left to right (`LR`); with the shapes of inputs and outputs."""
    out = ["digraph model {", f"  rankdir={'LR' if rankdir == 'LR' else 'TB'}", '  node [shape=box fontname="Helvetica" fontsize=10]']
    layers = model.layers_with_inputs()
    for i, layer in enumerate(layers):
        lines = [f"{layer.name}: {type(layer).__name__}" if show_layer_names else type(layer).__name__]
        if show_shapes:
            lines += [f"{word}: {_shape(layer, word)}" for word in ("input", "output")]
        out.append(f"  n{i} [label={_dot_lines(*lines)}]")
    numbers = {layer: i for i, layer in enumerate(layers)}
    out += [f"  n{numbers[a]} -> n{numbers[b]}" for a, b in model.connections() if a in numbers and b in numbers]
    return "\n".join(out) + "\n}\n"


def _shape(layer: Any, word: str) -> str:
    try:
        return str(getattr(layer, f"{word}_shape"))
    except (ValueError, AttributeError):
        return "multiple"


def write(source: str, path: str) -> str:
    """Write a picture of DOT source: .dot or .gv as it is, else SVG, which a path of another ending gets in its place. The path written."""
    root, ending = os.path.splitext(path)
    if ending not in (".dot", ".gv", ".svg"):
        path = f"{root}.svg"
    with open(path, "w", encoding="utf-8") as file:
        file.write(source if ending in (".dot", ".gv") else _graphviz(source))
    return path
