"""Operators that look at values while a graph runs: printing, assertions, and checks that all numbers are finite."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError
from ..ir.families import Memory
from ..ir.graph import get_default_graph
from ..ir.home import home
from ..ir.known import static_value
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import Values, declare, to_node
from ..ir.types import TensorType
from .math import abs as absolute
from .math import equal, greater, greater_equal, less, less_equal, not_equal
from .state import group

__all__ = ["Print", "Assert", "check_numerics", "verify_tensor_all_finite", "add_check_numerics_ops", "assert_equal", "assert_none_equal",
           "assert_less", "assert_less_equal", "assert_greater", "assert_greater_equal", "assert_positive", "assert_negative",
           "assert_non_negative", "assert_non_positive", "assert_near"]

_serial = itertools.count()
_printed: Counter[int] = Counter()      # how often each Print with a first_n has printed


# ---------------------------------------------------------------------- texts of values

def summarised(value: Any, most: int) -> str:
    """An array as TensorFlow prints it: its first `most` elements (negative: all), `...` where some are left out."""
    array = np.asarray(value)
    most = array.size if most < 0 else most
    left = [_text(v) for v in array.reshape(-1)[:most]]
    if array.ndim == 0:
        return left[0] if left else "..."
    return _nested(array.shape, left, 0) + ("..." if array.size > most else "")


def _nested(shape: Sequence[int], left: list[str], axis: int) -> str:
    """The elements left to print, taken from the front, in the brackets of all axes but the first."""
    # Recursive over the axes, of which numpy allows 64.
    if len(shape) == 1:
        count = min(shape[0], len(left))
        taken, left[:] = left[:count], left[count:]
        return " ".join(taken) + ("..." if count < shape[0] and axis else "")
    rows = []
    for _ in range(shape[0]):
        if not left and shape[0]:
            break
        rows.append(f"[{_nested(shape[1:], left, axis + 1)}]")
    return "".join(rows)


def _text(v: Any) -> str:
    if isinstance(v, (bytes, str)):
        return v.decode(errors="replace") if isinstance(v, bytes) else v
    return str(int(v)) if isinstance(v, np.bool_) else np.format_float_positional(v, trim="-") if _plain(v) else str(v)


def _plain(v: Any) -> bool:
    return isinstance(v, np.floating) and bool(np.isfinite(v) and (v == 0 or 1e-4 <= abs(v) < 1e6))


def _message(parts: Sequence[Any], values: Sequence[Any], summarize: int | None) -> str:
    """Texts as they are, values in brackets; a part that is a number stands for the value of that place."""
    most = 3 if summarize is None else summarize
    return "".join(f"[{p if isinstance(p, str) else summarised(values[p], most)}]" for p in parts)


def _split(what: str, data: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """Texts and places, and the tensors."""
    if not isinstance(data, (list, tuple)):
        raise GraphError(f"{what}: data is a list of tensors and texts, not {data!r:.60}{here()}")
    tensors = [d for d in data if not isinstance(d, (str, bytes))]
    places = iter(range(len(tensors)))
    return tuple(d if isinstance(d, str) else d.decode(errors="replace") if isinstance(d, bytes) else next(places) for d in data), tensors


# ---------------------------------------------------------------------- printing

def _first(types: Sequence[TensorType], values: Values, **attrs: Any) -> TensorType:
    return types[0]


def _prepared(types: Sequence[TensorType], parts: Any, summarize: Any, **others: Any) -> dict[str, Any]:
    """As `_split` makes them: texts, and places among the tensors after the first."""
    if not isinstance(parts, tuple) or not all(isinstance(p, str) or (type(p) is int and 0 <= p < len(types) - 1) for p in parts):
        raise GraphError(f"the parts of a message are texts and places of tensors, not {parts!r:.60}")
    for word, number in (("summarize", summarize), ("first_n", others.get("first_n"))):
        if number is not None and type(number) is not int:
            raise GraphError(f"{word} is a number of times or elements, not {number!r:.60}")
    return {"parts": parts, "summarize": summarize, **others}


@declare("host", _first, name="print", label="Print", effect=True, pure=False, text=True, complex=True, prepare=_prepared,
         grad=lambda g, y, input_, *data, parts, message, summarize, first_n, serial: (g, *(None for _ in data)))
def _print(*input_: Any, parts: Any, message: Any = "", summarize: Any = None, first_n: Any = None, serial: Any = 0) -> Any:
    """The first operand; prints the others to standard error."""
    if first_n is None or first_n < 0 or _printed[serial] < first_n:
        _printed[serial] += 1
        print(f"{message}{_message(parts, input_[1:], summarize)}", file=sys.stderr, flush=True)
    return input_[0]


def Print(input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None,
          name: str | None = None) -> Node:
    """`input_`, and each time it is computed, `message` and the values of `data` printed to standard error.

    `first_n`: only so many times; `summarize`: so many elements of each tensor (3; negative: all).
    DTypeError: `data` holds what is no tensor and no text.

    >>> tf.Session(jit=False).run(tf.Print([1, 2], ['nothing'], first_n=0))
    array([1, 2], dtype=int32)
    """
    parts, tensors = _split("Print", data)
    node = to_node(input_)
    inputs = (node, *(to_node(t, graph=node.graph) for t in tensors))
    attrs = {"parts": parts, "message": message or "", "summarize": summarize, "first_n": first_n, "serial": next(_serial)}
    return _print.build(node.graph, inputs, attrs, name)


# ---------------------------------------------------------------------- assertions

@declare("host", lambda types, values, **attrs: None, name="assert", label="Assert", effect=True, pure=False, text=True, complex=True,
         prepare=_prepared)
def _assert(*condition: Any, parts: Any, summarize: Any = None) -> Any:
    """Fails unless the first operand is all true."""
    if not np.all(condition[0]):
        raise InvalidArgumentError(f"assertion failed: {_message(parts, condition[1:], summarize)}")


def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> Operation:
    """An operation that fails with InvalidArgumentError, naming the values of `data`, unless all of `condition` is true when it runs."""
    node = to_node(condition)
    if node.type.dtype.kind != "b":
        raise DTypeError(f"Assert: {describe(node)} is no condition: it is not of dtype bool{here()}")
    parts, tensors = _split("Assert", data)
    known = static_value(node)
    if known is not None and not np.isnan(np.asarray(known, float)).any() and not np.all(known):
        raise _failed(parts, tensors, summarize)
    inputs = (node, *(to_node(t, graph=node.graph) for t in tensors))
    return Operation(_assert.build(node.graph, inputs, {"parts": parts, "summarize": summarize}, name))


def _failed(parts: Any, tensors: Sequence[Any], summarize: int | None) -> InvalidArgumentError:
    """The error of an assertion that fails while the graph is built, with the values that are known then."""
    known = [static_value(x) for x in map(to_node, tensors)]
    shown = [describe(to_node(x)) if value is None else value for x, value in zip(tensors, known, strict=True)]
    return InvalidArgumentError(f"assertion failed: {_message(parts, shown, summarize)}{here()}")


def _asserted(relation: Any, operands: Sequence[Node], data: Any, summarize: int | None, name: str | None) -> Operation:
    """`Assert` that a relation holds between operands; InvalidArgumentError at once, if their values are known and it does not."""
    condition, known = relation(*operands), [static_value(x) for x in operands]
    plain = all(value is not None and value.dtype == x.type.dtype for value, x in zip(known, operands, strict=True))
    if plain and not np.all(condition.operator.reference(*known)):
        raise _failed(*_split("Assert", data), summarize)
    return Assert(condition, data, summarize, name)


_FAILS = "InvalidArgumentError, when run (or here, if the values are known): it does not hold."


def _comparison(name: str, relation: Any, sign: str) -> Any:
    def check(x: Any, y: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = name) -> Operation:
        x = to_node(x)
        y = to_node(y, x.dtype if not isinstance(y, Node) else None)
        parts = data if data is not None else [f"{message or ''} Condition x {sign} y did not hold element-wise:",
                                               f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        return _asserted(relation, [x, y], parts, summarize, name)
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"An operation that fails unless x {sign} y for all elements (broadcast); the error shows `data`, by default both.\n\n" \
                    f"DTypeError: no numbers. ShapeError: the shapes do not broadcast. {_FAILS}"
    return check


def _against_zero(name: str, relation: Any, sign: str) -> Any:
    def check(x: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = name) -> Operation:
        x = to_node(x)
        zero = to_node(np.zeros((), x.type.dtype), graph=home(x))
        parts = data if data is not None else [f"{message or ''} Condition x {sign} 0 did not hold element-wise:", f"x ({x.name}) = ", x]
        return _asserted(relation, [x, zero], parts, summarize, name)
    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"An operation that fails unless x {sign} 0 for all elements; the error shows `data`, by default x.\n\n" \
                    f"DTypeError: no numbers. {_FAILS}"
    return check


assert_equal = _comparison("assert_equal", equal, "==")
assert_none_equal = _comparison("assert_none_equal", not_equal, "!=")
assert_less = _comparison("assert_less", less, "<")
assert_less_equal = _comparison("assert_less_equal", less_equal, "<=")
assert_greater = _comparison("assert_greater", greater, ">")
assert_greater_equal = _comparison("assert_greater_equal", greater_equal, ">=")
assert_positive = _against_zero("assert_positive", greater, ">")
assert_negative = _against_zero("assert_negative", less, "<")
assert_non_negative = _against_zero("assert_non_negative", greater_equal, ">=")
assert_non_positive = _against_zero("assert_non_positive", less_equal, "<=")


def assert_near(x: Any, y: Any, rtol: float | None = None, atol: float | None = None, data: Any = None, summarize: int | None = None,
                message: str | None = None, name: str | None = "assert_near") -> Operation:
    """An operation that fails unless |x - y| <= atol + rtol |y| for all elements; both tolerances are ten units in the last place of one.

    DTypeError: no numbers. ShapeError: the shapes do not broadcast. InvalidArgumentError, when run (or here, if that is known): they differ.
    """
    x = to_node(x)
    y = to_node(y, x.dtype if not isinstance(y, Node) else None)
    if x.type.dtype.kind != "f" and (rtol is None or atol is None):
        raise DTypeError(f"assert_near: {describe(x)} is not of a floating dtype; give rtol and atol{here()}")
    rtol, atol = (10 * float(np.finfo(x.type.dtype).eps) if t is None else t for t in (rtol, atol))
    parts = data if data is not None else [f"{message or ''} x and y not equal to tolerance rtol = {rtol}, atol = {atol}", f"x ({x.name}) = ", x,
                                           f"y ({y.name}) = ", y]
    return Assert(less_equal(absolute(x - y), absolute(y) * rtol + atol), parts, summarize, name)


# ---------------------------------------------------------------------- finite numbers

@declare("host", _first, name="check_numerics", label="CheckNumerics", batch="leading", effect=True, pure=False,
         grad=lambda g, y, tensor, message: (g,))
def _check_numerics(tensor: Any, *, message: Any = "") -> Any:
    """The operand; fails if an element is not a finite number."""
    bad = [what for what, test in (("NaN", np.isnan), ("Inf", np.isinf)) if test(tensor).any()]
    if bad:
        raise InvalidArgumentError(f"{message} : Tensor had {' and '.join(bad)} values")
    return tensor


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Node:
    """The tensor, of a floating dtype; InvalidArgumentError with `message` when it runs and an element is nan or infinite."""
    node = to_node(tensor)
    if node.type.dtype.kind != "f":
        raise DTypeError(f"check_numerics: {describe(node)} is not of a floating dtype{here()}")
    return _check_numerics.build(node.graph, (node,), {"message": message}, name)


def verify_tensor_all_finite(t: Any = None, msg: str | None = None, name: str | None = None, x: Any = None,
                             message: str | None = None) -> Node:
    """`check_numerics` under its older name and arguments.

    InvalidArgumentError, when run: an element is a nan or an infinity.

    >>> tf.Session(jit=False).run(tf.verify_tensor_all_finite([1.0], 'weights'))
    array([1.], dtype=float32)
    """
    return check_numerics(x if t is None else t, message if msg is None else msg, name or "VerifyFinite")  # type: ignore[arg-type]


def _computed(n: Node) -> bool:
    return n.operator.family.memory is not Memory.OUTSIDE and not n.operator.family.assigns


def add_check_numerics_ops() -> Operation:
    """One operation that checks every floating tensor of the default graph; placeholders that it needs must be fed.

    InvalidArgumentError, when run: an element is a nan or an infinity.
    """
    graph = get_default_graph()
    checked = [check_numerics(n, n.name) for n in list(graph.nodes)
               if isinstance(n.type, TensorType) and n.type.dtype.kind == "f" and _computed(n)]
    return group(*checked, name="check_numerics_ops")


