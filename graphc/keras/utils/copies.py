"""A model as several copies of it, each of which takes a part of a batch."""

from __future__ import annotations

from typing import Any

from ...errors import ArgumentError
from ...ir.default_graph import device
from ...ir.graph import name_scope
from ...ir.node import Node, here
from ...ops.array import shape


def _part(x: Node, i: int, parts: int) -> Node:
    """The part of that number of the rows of x; the last has what is left over."""
    step = shape(x)[0] // parts
    return x[i * step:] if i == parts - 1 else x[i * step:(i + 1) * step]


def multi_gpu_model(model: Any, gpus: Any, cpu_merge: bool = True, cpu_relocation: bool = False) -> Any:
    """A model that gives what `model` gives, of whose inputs each of `gpus` copies takes an equal part of the rows; all share its variables.

    `gpus`: a number, or a list of numbers of devices; devices have no effect here, and the copies run on the processor, one after another.
    `cpu_relocation`: of a clone, which has variables of its own. ArgumentError: fewer than two.

    >>> model = tf.keras.Sequential([tf.keras.layers.Dense(1, input_shape=(2,), kernel_initializer="ones")])
    >>> tf.keras.utils.multi_gpu_model(model, 2).predict(np.ones((5, 2))).shape
    (5, 1)
    """
    from ..engine.model import Model
    from ..layers.core import Lambda
    from ..layers.merging import concatenate
    from ..models import clone_model
    numbers = list(gpus) if isinstance(gpus, (list, tuple)) else list(range(gpus)) if isinstance(gpus, int) else []
    if len(numbers) < 2:
        raise ArgumentError(f"multi_gpu_model: for several devices to be of use, gpus is 2 or more, or a list of so many, not {gpus!r:.60}{here()}")
    if cpu_relocation:
        with device("/cpu:0"):
            model = clone_model(model)
    each: list[list[Any]] = [[] for _ in model.outputs]
    for i, number in enumerate(numbers):
        with device(f"/gpu:{number}"), name_scope(f"replica_{number}"):
            parts = [Lambda(_part, output_shape=tuple(x.shape.as_list())[1:], arguments={"i": i, "parts": len(numbers)})(x) for x in model.inputs]
            outputs = model(parts if len(parts) > 1 else parts[0])
            for held, x in zip(each, outputs if isinstance(outputs, list) else [outputs], strict=True):
                held.append(x)
    names = list(model.output_names)
    names = [n if names.count(n) == 1 else f"{n}_{names[:i + 1].count(n)}" for i, n in enumerate(names)]
    with device("/cpu:0" if cpu_merge else f"/gpu:{numbers[0]}"):
        merged = [concatenate(outputs, axis=0, name=name) for name, outputs in zip(names, each, strict=True)]
    return Model(model.inputs, merged if len(merged) > 1 else merged[0])
