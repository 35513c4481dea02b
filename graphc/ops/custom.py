"""Functions of tensors whose gradients a program gives itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GraphError
from ..ir.node import Node, describe, here, in_order, reached
from ..ir.operator import Values, declare, to_node
from ..ir.registered import NotDifferentiable
from ..ir.types import TensorType
from .array import zeros_like
from .math_arithmetic import conjugate
from .state import Variable

__all__ = ["custom_gradient", "grad_pass_through", "no_gradient"]

no_gradient = NotDifferentiable


def _first(types: Sequence[TensorType], values: Values, **attrs: Any) -> TensorType:
    return types[0]


def _attrs(types: Sequence[TensorType], function: Any, place: Any, count: Any) -> dict[str, Any]:
    if not callable(function):
        raise GraphError(f"a gradient is a function, not {function!r:.60}: no file holds one")
    return {"function": function, "place": int(place), "count": int(count)}


def _gradient(g: Node, y: Node, *operands: Node, function: Callable[..., Any], place: int, count: int) -> Any:
    """What the program's function makes of the gradient of one result; those of the others, which add up, count as zeros."""
    given = function([conjugate(g) if i == place else zeros_like(x) for i, x in enumerate(operands[:count])])
    return (*[None] * count, *[None if x is None else conjugate(x) for x in given])


@declare("lowered", _first, prepare=_attrs, grad=_gradient, lower=lambda node, inputs, types, out_type, **attrs: inputs[0], pure=False, complex=True,
         label="CustomGradient")
def with_gradient(*operands: Any, function: Any, place: Any, count: Any) -> Any:
    """The first operand; the gradient of what it and the `count - 1` beside it are made of, the rest, is what `function` says."""
    return operands[0]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` as a function whose gradient it gives itself: `f(*xs)` gives its results and a function of their gradients, which gives those of `xs`.

    The function of gradients is linear in them, as derivatives are; of a `f` that uses variables it takes them as `variables`, and gives their
    gradients in a second list. GraphError, by the call: `f` gives no such pair, or as many gradients as it has arguments are not given.

    >>> @tf.custom_gradient
    ... def clipped(x):
    ...     return x * 1.0, lambda dy: tf.clip_by_value(dy, -1.0, 1.0)
    >>> x = tf.constant(3.0)
    >>> tf.Session(jit=False).run(tf.gradients(clipped(x) * 5.0, x))
    [np.float32(1.0)]
    """
    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        xs = [to_node(x) for x in args]
        made = f(*xs, **kwargs)
        if not (isinstance(made, tuple) and len(made) == 2 and callable(made[1])):
            raise GraphError(f"custom_gradient: {_name(f)} gives its results and a function of their gradients, not {made!r:.60}{here()}")
        several = isinstance(made[0], (list, tuple))
        ys = [to_node(y) for y in (made[0] if several else [made[0]])]
        variables = _variables(ys, xs)
        takes = "variables" in inspect.signature(made[1]).parameters
        if variables and not takes:
            raise GraphError(f"custom_gradient: {_name(f)} uses {describe(variables[0])}, and its function of gradients takes no variables{here()}")

        def gradients(gs: Sequence[Node]) -> list[Any]:
            found = made[1](*gs, variables=variables) if variables else made[1](*gs)
            own, others = found if variables else (found, [])
            given = [*(own if isinstance(own, (list, tuple)) else [own]), *others]
            if len(given) != len(xs) + len(variables):
                raise GraphError(f"custom_gradient: {_name(f)} has {len(xs)} arguments and {len(variables)} variables, "
                                 f"and {len(given)} gradients are given{here()}")
            return [None if g is None else to_node(g, None if isinstance(g, Node) else x.dtype)
                    for g, x in zip(given, [*xs, *variables], strict=True)]
        out = []
        for i, y in enumerate(ys):
            # The result itself stands first; the others are there for the zeros that stand for their gradients.
            operands = [y, *(o for k, o in enumerate(ys) if k != i), *xs, *variables]
            order = [i, *(k for k in range(len(ys)) if k != i)]

            def ordered(gs: Sequence[Node], order: Sequence[int] = tuple(order)) -> list[Any]:
                return gradients([gs[order.index(k)] for k in range(len(order))])
            out.append(with_gradient(operands, function=ordered, place=0, count=len(ys)))
        return type(made[0])(out) if several else out[0]
    return call


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, a function of one tensor that gives one, as if it were the identity to gradients: that of its result is that of its argument.

    GraphError, by the call: it gives no single tensor.

    >>> x = tf.constant(2.6)
    >>> y = tf.grad_pass_through(tf.round)(x) * 3.0
    >>> tf.Session(jit=False).run([y, tf.gradients(y, x)[0]])
    [np.float32(9.0), np.float32(3.0)]
    """
    @functools.wraps(f)
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        def passing(x: Node) -> Any:
            made = f(x, *args, **kwargs)
            if isinstance(made, (list, tuple)):
                raise GraphError(f"grad_pass_through: {_name(f)} gives {len(made)} results, not one tensor{here()}")

            def gradient(g: Node, variables: Sequence[Node] = ()) -> Any:
                return (g, [None] * len(variables)) if variables else g
            return made, gradient
        return custom_gradient(passing)(x)
    return call


def _name(f: Any) -> str:
    return str(getattr(f, "__name__", f))


def _variables(ys: Sequence[Node], xs: Sequence[Node]) -> list[Variable]:
    """The trained variables that results are made of, other than by the arguments."""
    known = set(xs)
    found = reached(ys, lambda n: () if n in known else n.inputs)
    return [n for n in in_order(found) if isinstance(n, Variable) and n.trainable and n not in known]

