"""`tf.keras.regularizers`: functions of a variable, or of what a layer gives, whose value is added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir.configured import Configured
from ..ir.node import Node
from ..ir.operator import to_node
from ..ops.array import zeros
from ..ops.math import abs as absolute
from ..ops.math import square
from ..ops.reduce import reduce_sum
from ..tf1_names import namespace as _namespace
from .named import Family, serialize_keras_object

__all__ = ["L1L2", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2", "serialize"]


class Regularizer(Configured):
    """A function of a tensor that gives a loss; a program's own says by `__call__` which, and by `get_config` of what it is made.

    >>> class Quadratic(tf.keras.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return tf.reduce_sum(x * x)
    >>> tf.Session(jit=False).run(Quadratic()(tf.constant([1.0, 2.0])))
    np.float32(5.0)
    """

    def __call__(self, x: Any) -> Any:
        return 0.0


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    float[...] -> float[]. DTypeError, by the call: no numbers.

    >>> tf.Session(jit=False).run(tf.keras.regularizers.L1L2(l1=1.0, l2=0.5)(tf.constant([1.0, -2.0])))
    np.float32(5.5)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1, self.l2 = float(l1 or 0.0), float(l2 or 0.0)

    def __call__(self, x: Any) -> Node:
        x = to_node(x)
        parts = [part for rate, part in ((self.l1, lambda: self.l1 * reduce_sum(absolute(x))), (self.l2, lambda: self.l2 * reduce_sum(square(x))))
                 if rate]
        terms = [part() for part in parts]
        return terms[0] + terms[1] if len(terms) > 1 else terms[0] if terms else zeros([], x.dtype)


def l1(l: float = 0.01) -> L1L2:  # noqa: E741
    """l * sum(|x|): a regularizer, whose call raises DTypeError for no numbers.

    >>> tf.keras.regularizers.l1(0.5).get_config()
    {'l1': 0.5, 'l2': 0.0}
    """
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741
    """l * sum(x^2): a regularizer, whose call raises DTypeError for no numbers.

    >>> tf.Session(jit=False).run(tf.keras.regularizers.l2(0.5)(tf.constant([1.0, 2.0])))
    np.float32(2.5)
    """
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """l1 * sum(|x|) + l2 * sum(x^2): a regularizer, whose call raises DTypeError for no numbers."""
    return L1L2(l1=l1, l2=l2)


_family = Family("regularizer", lambda: {n: globals()[n] for n in ("L1L2", "l1", "l2", "l1_l2")})


def get(identifier: Any) -> Any:
    """The regularizer that a name, a configuration or a function stands for; None for None. GraphError: there is none.

    >>> tf.keras.regularizers.get({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}).l2
    0.5
    """
    found = _family.get(identifier)
    return found() if isinstance(identifier, str) and not isinstance(found, Regularizer) and found in (l1, l2, l1_l2) else found


def serialize(regularizer: Any) -> Any:
    """The name or configuration of a regularizer. GraphError: it has neither."""
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a configuration. GraphError: there is none."""
    return _family.deserialize(config, custom_objects)


_namespace(globals())
