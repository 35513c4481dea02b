"""Contracts: what the shapes of several operands must be to each other, held wherever they become known, and gone from what runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError, ShapeError
from ..ir.home import home
from ..ir.node import Node
from ..ir.operator import Values, declare
from ..ir.sizes import minimum
from ..ir.types import Shape, TensorType, compatible, merge, shape_str

Shapes = Sequence[Shape | None]


# ---------------------------------------------------------------------- rules: from shapes to what is known of the first one

def _same(shapes: Shapes, place: int) -> Shape | None:
    """All have one shape."""
    known: Shape | None = None
    for s in shapes:
        if not compatible(known, s):
            raise ShapeError(f"all operands have one shape, and these differ: {' and '.join(map(shape_str, shapes))}")
        known = merge(known, s)
    return known


def _covered(shapes: Shapes, place: int) -> Shape | None:
    """The first are weights of the second: a scalar, or of its rank and along each axis of its size or 1."""
    weights, values = shapes
    if not weights or values is None:
        return weights
    if len(weights) != len(values) or not all(w is None or v is None or w == 1 or w == v for w, v in zip(weights, values, strict=True)):
        raise ShapeError(f"the weights of shape {shape_str(weights)} are neither a scalar nor of the shape {shape_str(values)} "
                         "with 1 for some of its sizes")
    return weights


def _assigned(shapes: Shapes, place: int) -> Shape | None:
    """The first has the shape of the second, a variable that it moves."""
    value, variable = shapes
    if not compatible(value, variable):
        raise ShapeError(f"shape {shape_str(value)} cannot be assigned to a variable of shape {shape_str(variable)}")
    return merge(value, variable)


def _rows(shapes: Shapes, place: int) -> Shape | None:
    """The second has one axis more, at the end."""
    one, more = shapes
    if more == ():
        raise ShapeError("the second operand is a scalar: it needs one axis more than the first")
    rows = None if more is None else more[:-1]
    if not compatible(one, rows):
        raise ShapeError(f"shape {shape_str(one)} does not have an element for each row of shape {shape_str(more)}")
    return merge(one, rows)


def _each_row(shapes: Shapes, place: int) -> Shape | None:
    """The first is a vector with an element for each row of the others, which have one shape."""
    vector, *others = shapes
    rows = _same(others, place)
    if vector is not None and len(vector) != 1:
        raise ShapeError(f"one element for each row is a vector, not of shape {shape_str(vector)}")
    if rows is None:
        return vector
    if not compatible(vector, rows[:1]):
        raise ShapeError(f"shape {shape_str(vector)} does not have an element for each row of shape {shape_str(rows)}")
    return merge(vector, rows[:1])


def _channels(shapes: Shapes, place: int) -> Shape | None:
    """The second is a vector with an element for each place along an axis of the first."""
    value, vector = shapes
    if not compatible(vector, (None,)):
        raise ShapeError(f"one value for each channel is a vector, not of shape {shape_str(vector)}")
    if value is None:
        return None
    if len(value) < 2:
        raise ShapeError(f"shape {shape_str(value)} has no channels: it needs two axes or more")
    if not -len(value) <= place < len(value):
        raise ShapeError(f"shape {shape_str(value)} has no axis {place}")
    n = None if vector is None else vector[0]
    if not compatible((value[place],), (n,)):
        raise ShapeError(f"there are {value[place]} channels, and {n} values for them")
    at = place % len(value)
    return (*value[:at], n if value[at] is None else value[at], *value[at + 1:])


def _leading(shapes: Shapes, place: int) -> Shape | None:
    """Both begin with the same sizes, `place` of them."""
    one, other = shapes
    if one is None or other is None:
        return one
    if not compatible(one[:place], other[:place]):
        raise ShapeError(f"shapes {shape_str(one)} and {shape_str(other)} differ in the first {place} sizes, which are to be the same")
    return (*(merge(one[:place], other[:place]) or ()), *one[place:])


def _begins(shapes: Shapes, place: int) -> Shape | None:
    """The second begins with the sizes of the first."""
    one, whole = shapes
    if one is None or whole is None:
        return one
    if not compatible(one, whole[:len(one)]):
        raise ShapeError(f"shape {shape_str(whole)} does not begin with the sizes of shape {shape_str(one)}")
    return merge(one, whole[:len(one)])


def _repeated(shapes: Shapes, place: int) -> Shape | None:
    """The others, repeated along axes, have the shape of the first."""
    whole, *others = shapes
    for s in others:
        if whole is None or s is None:
            continue
        if len(s) > len(whole) or any(a is not None and a != 1 and b is not None and a != b for a, b in zip(s[::-1], whole[::-1], strict=False)):
            raise ShapeError(f"shape {shape_str(s)} is not repeated to {shape_str(whole)}, the shape of the result")
    return whole


def _diagonal(shapes: Shapes, place: int) -> Shape | None:
    """The first is the main diagonal of each matrix of the second."""
    diagonal, matrices = shapes
    if matrices is None:
        return diagonal
    if len(matrices) < 2:
        raise ShapeError(f"shape {shape_str(matrices)} is not one of matrices")
    m, n = matrices[-2:]
    own = (*matrices[:-2], None if m is None or n is None else minimum(m, n))
    if not compatible(diagonal, own):
        raise ShapeError(f"the diagonals of shape {shape_str(matrices)} have shape {shape_str(own)}, not {shape_str(diagonal)}")
    return merge(diagonal, own)


RULES: dict[str, Callable[[Shapes, int], Shape | None]] = {
    "same": _same, "assigned": _assigned, "rows": _rows, "each row": _each_row, "covered": _covered,
    "channels": _channels, "leading": _leading, "begins": _begins, "diagonal": _diagonal,
    "repeated": _repeated,
}
_OF_MANY = ("same", "each row", "repeated")          # rules of two operands or more; all others are of two


# ---------------------------------------------------------------------- the operator

def _agreed(types: Sequence[TensorType], values: Values, of: str, rule: str, place: int, lead: int) -> TensorType:
    shapes = [None if t.shape is None else t.shape[lead:] for t in types]
    known, first = RULES[rule](shapes, place), types[0].shape
    return TensorType(types[0].dtype, known if known is None or first is None else (*first[:lead], *known))


def _attrs(types: Sequence[TensorType], of: Any, rule: Any, place: Any, lead: Any) -> dict[str, Any]:
    if not isinstance(of, str) or not isinstance(rule, str) or rule not in RULES or type(place) is not int or type(lead) is not int or lead < 0:
        raise GraphError(f"there is no contract {rule!r:.60} of {of!r:.60}; there are {', '.join(RULES)}")
    if len(types) < 2 or (len(types) > 2 and rule not in _OF_MANY):
        raise GraphError(f"the contract {rule!r} of {of!r:.60} is none of {len(types)} operands")
    return {"of": of, "rule": rule, "place": place, "lead": lead}


_THREE = np.ones((2, 3))


@declare("lowered", _agreed, name="contract", prepare=_attrs, ties=True,
         lower=lambda node, inputs, types, out_type, **attrs: inputs[0],
         grad=lambda g, y, *operands, of, rule, place, lead: (g, *[None] * (len(operands) - 1)), text=True, complex=True,
         samples=(([(2, 3), _THREE], {"of": "add_n", "rule": "same"}), ([(2, 3), _THREE], {"of": "a step", "rule": "assigned"}),
                  ([(2,), _THREE], {"of": "cross entropy", "rule": "rows"}),
                  ([(2,), _THREE, _THREE], {"of": "where", "rule": "each row"}), ([(2, 1), _THREE], {"of": "loss", "rule": "covered"}),
                  ([(), _THREE], {"of": "loss", "rule": "covered"}),
                  ([(2, 3), np.ones(3)], {"of": "bias_add", "rule": "channels", "place": -1}),
                  ([(2, 3), _THREE], {"of": "einsum", "rule": "leading", "place": 1}),
                  ([(2,), _THREE], {"of": "dynamic_partition", "rule": "begins"}), ([(2,), _THREE], {"of": "diagonal", "rule": "diagonal"}),
                  ([(2, 3), np.ones(3), np.ones((2, 1))], {"of": "clip_by_value", "rule": "repeated"})))
def _contract(*operands: Any, of: Any, rule: Any, place: Any = 0, lead: Any = 0) -> Any:
    """The first operand, in the name of the function `of`; the run fails unless the shapes fulfil the rule.

    `place` is the axis that the rule may ask for; `lead` axes before the others are those of batches.
    """
    try:
        RULES[rule]([np.shape(x)[lead:] for x in operands], place)
    except ShapeError as e:
        raise InvalidArgumentError(str(e)) from None
    return operands[0]


def held(of: str, rule: str, *operands: Node, place: int = 0) -> Node:
    """The first operand, which a rule ties to the others: itself if all shapes are known, else a tensor that any run checks.

    ShapeError, in the name of the function `of`: they cannot fit.

    >>> x = tf.placeholder(tf.float32, [None])
    >>> held("add_n", "same", x, tf.zeros([2])).shape.as_list()
    [2]
    """
    graph = home(operands[0])
    attrs = {"of": of, "rule": rule, "place": place, "lead": 0}
    if any(not x.type.known for x in operands):
        return _contract.build(graph, operands, attrs)
    _contract.typed(graph, operands, attrs)
    return operands[0]
