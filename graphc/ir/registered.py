"""Gradients that a program registers by name, and the operators that TensorFlow's names of operation types stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from ..errors import DTypeError, GraphError
from .node import OPERATORS, here

__all__ = ["NoGradient", "NotDifferentiable", "RegisterGradient"]

# By name: a function of an operation and the gradients of its results, or None for what has no gradient.
REGISTERED: dict[str, Callable[..., Any] | None] = {}


def no_gradient(g: Any, y: Any, *inputs: Any, **attrs: Any) -> tuple[None, ...]:
    """The gradient rule of an operator that passes none: what lies before it is on no path of derivatives."""
    return (None,) * len(inputs)


# What a gradient rule gives for an operand by which there is a derivative that no operator computes: an error where it is asked for.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()


# Types of TensorFlow whose operators have names here that are not theirs.
_RENAMED = {"addv2": "add", "batchmatmul": "matmul", "batchmatmulv2": "matmul", "gatherv2": "gather", "mul": "multiply", "neg": "negative",
            "realdiv": "truediv", "round": "rint", "select": "where", "sub": "subtract"}


class RegisterGradient:
    """A decorator: the function `f(op, *grads)` as the gradient of that name, which `Graph.gradient_override_map` gives operations.

    `f` takes the operation and the gradients of its results, and gives those of its inputs, a tensor or a list of them, None where there is
    none. DTypeError: no text or no function. GraphError, when decorating: the name is taken, by an operator or an earlier gradient.

    >>> @tf.RegisterGradient("GuidedRelu")
    ... def guided(op, grad):
    ...     return tf.where(grad > 0.0, grad, tf.zeros_like(grad)) * tf.cast(op.outputs[0] > 0.0, tf.float32)
    >>> x = tf.constant([-1.0, 2.0, 3.0])
    >>> with tf.get_default_graph().gradient_override_map({"Relu": "GuidedRelu"}):
    ...     y = tf.nn.relu(x)
    >>> tf.Session(jit=False).run(tf.gradients(y * [1.0, 1.0, -1.0], x))
    [array([0., 1., 0.], dtype=float32)]
    """

    def __init__(self, op_type: str):
        self._name = _free("RegisterGradient", op_type)

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(f):
            raise DTypeError(f"RegisterGradient: the gradient {self._name} is a function, not {f!r:.60}{here()}")
        REGISTERED[_free("RegisterGradient", self._name)] = f
        return f


def NotDifferentiable(op_type: str) -> None:
    """Say that there is no gradient of that name: no gradient passes the operations that it is given to.

    DTypeError: no text. GraphError: the name is taken, by an operator or an earlier gradient.

    >>> tf.NotDifferentiable("Opaque")
    >>> x = tf.constant(2.0)
    >>> with tf.get_default_graph().gradient_override_map({"Identity": "Opaque"}):
    ...     y = tf.identity(x)
    >>> tf.gradients(y, x)
    [None]
    """
    REGISTERED[_free("NotDifferentiable", op_type)] = None


NoGradient = NotDifferentiable


def _free(what: str, name: Any) -> str:
    if not isinstance(name, str):
        raise DTypeError(f"{what}: the name of a gradient is a text, not {name!r:.60}{here()}")
    if name in REGISTERED or operators_of(name):
        raise GraphError(f"{what}: there is a gradient named {name!r:.60} already{here()}")
    return name


def operators_of(type_name: str) -> frozenset[str]:
    """The names of the operators that a name of an operation type stands for, TensorFlow's (`Relu`, `Mul`) or graphc's; empty: none."""
    plain = _plain(type_name)
    return _by_plain_name(len(OPERATORS)).get(_RENAMED.get(plain, plain), frozenset())


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


@cache
def _by_plain_name(count: int) -> dict[str, frozenset[str]]:
    """The operators' names by their names and labels without case; anew when there are more operators."""
    found: dict[str, set[str]] = {}
    for operator in OPERATORS.values():
        for name in {operator.name, operator.label} if hasattr(operator, "label") else ():
            found.setdefault(_plain(name), set()).add(operator.name)
    return {name: frozenset(names) for name, names in found.items()}


@contextmanager
def overriding(now: dict[str, str], op_type_map: Any) -> Iterator[None]:
    """Add to the gradients that operators are to have what `gradient_override_map` takes. DTypeError, GraphError: as it says."""
    before, added = dict(now), _overrides(op_type_map)
    now.update(added)
    try:
        yield
    finally:
        now.clear()
        now.update(before)


def _overrides(op_type_map: Any) -> dict[str, str]:
    """The gradients' names by operators' names."""
    if not isinstance(op_type_map, Mapping):
        raise DTypeError(f"gradient_override_map takes a dict of operation types and names of gradients, not {op_type_map!r:.60}{here()}")
    found: dict[str, str] = {}
    for type_name, gradient in op_type_map.items():
        for name in (type_name, gradient):
            if not isinstance(name, str):
                raise DTypeError(f"gradient_override_map: types and gradients are named by texts, not {name!r:.60}{here()}")
        names = operators_of(type_name)
        if not names:
            raise GraphError(f"gradient_override_map: there is no operator {type_name!r:.60}, so that no operation would get the gradient "
                             f"{gradient!r:.60}; tf.custom_gradient gives a function of tensors its gradient{here()}")
        found |= {name: gradient for name in names}
    return found
