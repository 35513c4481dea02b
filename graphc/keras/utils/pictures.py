"""Pictures of models: their layers, and what each is connected to."""

from __future__ import annotations

import os
from typing import Any

from ...logging import warning


def model_to_dot(model: Any, show_shapes: bool = False, show_layer_names: bool = True, rankdir: str = "TB", expand_nested: bool = False,
                 dpi: int = 96, subgraph: bool = False) -> str:
    """A model's layers in Graphviz's language.

    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,), name="only")])
    >>> "only: Dense" in tf.keras.utils.model_to_dot(model)
    True
    """
    from ...inspection.show.layers import dot_of
    return dot_of(model, show_shapes, show_layer_names, rankdir)


def plot_model(model: Any, to_file: Any = "model.svg", show_shapes: bool = False, show_layer_names: bool = True, rankdir: str = "TB",
               expand_nested: bool = False, dpi: int = 96) -> str:
    """Write a picture of a model's layers, and return its path: SVG, or with the ending .dot or .gv Graphviz's language.

    Another ending, .png for one, is replaced by .svg, with a warning. MissingPackageError: Graphviz is not there.
    """
    from ...inspection.show.layers import write
    wanted = os.fspath(to_file)
    path = write(model_to_dot(model, show_shapes, show_layer_names, rankdir), str(wanted))
    if path != wanted:
        warning(f"plot_model: pictures are SVG: {path} is written instead of {wanted}")
    return path
