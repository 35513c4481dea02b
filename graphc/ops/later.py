"""Functions of tensors whose rank a run alone knows: one node until then, which becomes what the function makes of the ranks it has."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphcError, GraphError, InternalError
from ..ir.graph import Scratch
from ..ir.home import home
from ..ir.node import OPERATORS, Node, loc_str
from ..ir.operator import Values, constant_node, declare
from ..ir.reference import interpret
from ..ir.sizes import has_sizes, unknown
from ..ir.types import TensorType, differentiable


class Function(NamedTuple):
    """A function of `least` to `most` tensors, and the kinds of its options: what files are held to."""

    call: Callable[..., Node]
    options: dict[str, tuple[type, ...]]
    least: int
    most: int


FUNCTIONS: dict[str, Function] = {}
Option = tuple[str, Any]
_MANY = 1000                    # operands of a function of any number


def deferrable(name: str, **options: tuple[type, ...]) -> Callable[[Callable[..., Node]], Callable[..., Node]]:
    """Let `later` speak of the decorated function by a name: it takes tensors, and by keyword the options that are listed, of these kinds."""
    def keep(call: Callable[..., Node]) -> Callable[..., Node]:
        if name in FUNCTIONS:
            raise InternalError(f"there are two functions {name}")
        FUNCTIONS[name] = Function(call, options, *_counted(call, {*options, "name"}))
        return call
    return keep


def _counted(call: Callable[..., Node], others: set[str]) -> tuple[int, int]:
    """How many tensors a function takes: the arguments before those that are none."""
    tensors = list(itertools.takewhile(lambda p: p.name not in others, inspect.signature(call).parameters.values()))
    if any(p.kind is p.VAR_POSITIONAL for p in tensors):
        return 1, _MANY
    return sum(p.default is p.empty for p in tensors), len(tensors)


def later(of: str, operands: Sequence[Node], type: TensorType, name: str | None = None, **options: Any) -> Node:
    """What the function of that name will make of the operands; `type` is what is known of it before their ranks are."""
    graph = home(operands[0])
    return _later.build(graph, tuple(operands), {"of": of, "type": type, "options": tuple(options.items()), "by": ()}, name)


# ---------------------------------------------------------------------- the function, and its derivatives

def _reverse(ys: Sequence[Node], seeds: Sequence[Node], xs: Sequence[Node]) -> list[Node | None]:
    """Reverse mode, which stands above the operators: `autodiff` is asked for it by its name."""
    found: list[Node | None] = OPERATORS["gradients"](ys, seeds, xs)
    return found


def derivative(call: Callable[..., Node], i: int) -> Callable[..., Node]:
    """(g, *operands) -> the gradient of sum(g * call(*operands)) by operand i."""
    def gradient(g: Node, *operands: Node) -> Node:
        own = [OPERATORS["identity"](x) if k == i else x for k, x in enumerate(operands)]       # another operand may be the same tensor
        (found,) = _reverse([call(*own)], [g], [own[i]])
        return OPERATORS["zeros_like"](own[i]) if found is None else found
    return gradient


def _built(operands: Sequence[Node], of: str, options: Sequence[Option], by: Sequence[int]) -> Node:
    """The function's value, or that of its derivative by one operand after the other, in the default graph."""
    call: Callable[..., Node] = lambda *tensors: FUNCTIONS[of].call(*tensors, **dict(options))  # noqa: E731
    for i in by:
        call = derivative(call, i)
    return call(*operands)


def _lowered(node: Node, inputs: Sequence[Node], types: Any, out_type: Any, of: str, type: Any, options: Any, by: Any) -> Node:
    try:
        return _built(inputs, of, options, by)
    except GraphcError as e:
        raise e.__class__(f"{unplaced(e)}\n  at {loc_str(node.loc)}") from None


def _gradient(g: Node, y: Node, *operands: Node, of: str, type: TensorType, options: Any, by: tuple[int, ...]) -> list[Node | None]:
    return [_later.build(g.graph, (g, *operands), {"of": of, "type": x.type, "options": options, "by": (*by, i)})
            if differentiable(x.type.dtype) else None for i, x in enumerate(operands)]


def _attrs(types: Sequence[TensorType], of: Any, type: Any, options: Any, by: Any) -> dict[str, Any]:
    """The attributes as a node keeps them; GraphError for what no call of `later` and no gradient makes."""
    if not isinstance(of, str) or of not in FUNCTIONS or not isinstance(type, (TensorType, NoneType)):
        raise GraphError(f"there is no function {of!r:.60}")
    known, given = FUNCTIONS[of].options, tuple((k, _plain(v)) for k, v in options)
    if any(not isinstance(k, str) or k not in known or not isinstance(v, known[k]) for k, v in given):
        raise GraphError(f"these are no options of {of}: {options!r:.80}")
    if any(i.__class__ is not int for i in by) or len(by) >= len(types):
        raise GraphError(f"{of} is not differentiated by {by!r:.60}")
    count = len(types) - len(by)
    if not FUNCTIONS[of].least <= count <= FUNCTIONS[of].most:
        raise GraphError(f"{of} takes {FUNCTIONS[of].least} to {FUNCTIONS[of].most} tensors, not {count}")
    if any(not 0 <= i < count + k for k, i in enumerate(by)):
        raise GraphError(f"{of} has no operands {by!r:.60}")
    return {"of": of, "type": type, "options": given, "by": tuple(by)}


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value


def _type(types: Sequence[TensorType], values: Values, of: str, type: TensorType | None, options: Any, by: Any) -> TensorType:
    if any(t.rank is None for t in types):
        return type if type is not None else TensorType(np.result_type(*(t.dtype for t in types)), None)
    graph = Scratch()
    with graph.as_default():
        known = [*values, *[None] * (len(types) - len(values))]
        operands = [constant_node(graph, v.astype(t.dtype)) if v is not None and not has_sizes(v) and not unknown(v).any()
                    else OPERATORS["placeholder"].build(graph, (), {"type": t}) for t, v in zip(types, known, strict=True)]
        try:
            made: TensorType = _built(operands, of, options, by).type
        except GraphcError as e:
            raise e.__class__(fault(e, of)) from None
    return made


def unplaced(error: GraphcError) -> str:
    """An error's text without its last line, which is the one that runs the graph: whoever builds says another."""
    return str(error).rpartition("\n  at ")[0] or str(error)


def fault(error: GraphcError, of: str) -> str:
    """What is wrong with a call of the function `of` on stand-ins, for whoever says which operands it has and where it was called."""
    return unplaced(error).removeprefix(f"{of}: ") if error.reason is None else error.reason


@declare("lowered", _type, name="later", prepare=_attrs, deferred="rank", by_value=(1, 2, 3), lower=_lowered, grad=_gradient, batch="unrolled",
         text=True, complex=True,
         samples=(([(2, 3)], {"of": "matrix_transpose"}),
                  ([(2, 2), (2,)], {"of": "matrix_set_diag"})))
def _later(*operands: Any, of: Any, type: Any = None, options: Any = (), by: Any = ()) -> Any:
    """What the function `of` makes of the operands, or, with `by`, its gradient by the operands of these numbers, one after the other."""
    graph = Scratch()
    with graph.as_default():
        try:
            made = _built([constant_node(graph, np.asarray(x)) for x in operands], of, options, by)
        except GraphcError as e:
            raise e.__class__(fault(e, of)) from None
        return interpret([made], {})[0]
