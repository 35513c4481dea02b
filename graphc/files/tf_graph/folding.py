"""Values of tensors that are attributes here, worked out while the graph is built: axes, permutations, sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UnimplementedError
from ...ir.body import has_effect
from ...ir.known import static_value
from ...ir.node import Node, describe, topological
from ...ir.reference import interpret, run_reference
from ...ir.sizes import unknown
from ...ir.types import TensorType, element_count

_FOLDED = 1 << 12           # elements of values that are worked out


def known(x: Any, left_open: bool = False) -> Any:
    """The value of a tensor as Python has it; if that is not known while the graph is built an UnimplementedError, or, if it may be, the tensor."""
    value = x.attrs["value"] if isinstance(x, Node) and x.operator.name == "constant" else _worked_out(x) if isinstance(x, Node) else None
    if value is None and left_open and isinstance(x, Node):
        return x
    if value is None:
        raise UnimplementedError(f"{describe(x) if isinstance(x, Node) else x!r:.80} must be known while the graph is built")
    value = np.asarray(value)
    if value.dtype.hasobject:
        texts = [t.decode("utf-8", "surrogateescape") for t in value.flat]
        return texts[0] if value.ndim == 0 else texts
    return value.astype(x.type.dtype).tolist()


def _worked_out(x: Node) -> Any:
    """The value of a tensor that shapes and small constants decide; None: others have a part in it."""
    value = static_value(x)
    if value is not None and not unknown(value).any():
        return value
    order = topological([x], stop=lambda n: n.operator.name == "constant")
    small = len(order) <= _FOLDED and all(isinstance(n.type, TensorType) and n.type.known and element_count(n.type.shape) <= _FOLDED for n in order)
    if not small or not all(n.operator.pure and (n.inputs or n.operator.name == "constant") and not has_effect(n) for n in order):
        return None
    return interpret([x], {}, run_reference)[0]
