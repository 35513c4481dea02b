"""Python functions of arrays, called when the graph runs."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.graph import get_default_graph
from ..ir.node import Operation, dtype_of
from ..ir.operator import Values, declare, items, many, to_node
from ..ir.reference import read_only
from ..ir.types import TensorType, as_text

__all__ = ["py_func", "py_function", "numpy_function"]


def _func_type(types: Sequence[TensorType], values: Values, func: Any, out: Any) -> Any:
    return out


def _call(*inp: Any, func: Callable[..., Any], out: Any) -> Any:
    """A Python function of arrays, called when the graph runs. It may keep them: what they were views of is overwritten by the next steps."""
    result = func(*(read_only(np.array(x)) for x in inp))
    if out is None:
        return None
    if isinstance(out, TensorType):
        return _checked(result[0] if isinstance(result, (list, builtins.tuple)) and len(result) == 1 else result, out, func)
    if not isinstance(result, (list, builtins.tuple)) or len(result) != len(out):
        raise GraphError(f"py_func: {getattr(func, '__name__', func)} did not return {len(out)} arrays")
    return builtins.tuple(_checked(r, t, func) for r, t in zip(result, out, strict=True))


def _checked(result: Any, t: TensorType, func: Any) -> Any:
    if t.dtype.hasobject:
        return as_text(result)
    array = np.asarray(result)
    if array.dtype != t.dtype and not isinstance(result, (int, float, bool, list)):
        raise DTypeError(f"py_func: {getattr(func, '__name__', func)} returned {array.dtype}, Tout says {t.dtype}")
    return array.astype(t.dtype)


def _prepared(types: Sequence[TensorType], func: Any, out: Any) -> dict[str, Any]:
    if not callable(func):
        raise GraphError(f"{func!r:.60} is no function")
    several = isinstance(out, builtins.tuple) and not isinstance(out, TensorType)
    if out is not None and (not all(isinstance(t, TensorType) for t in (out if several else (out,))) or (several and not out)):
        raise GraphError(f"{out!r:.60} are no types of what a function gives")
    return {FUNCTION: func, "out": out}


FUNCTION = "func"           # the attribute that is no data
_py_func = declare("host", _func_type, name="py_func", label="PyFunc", effect=True, pure=False, text=True, complex=True, prepare=_prepared)(_call)
_py_func_pure = declare("host", _func_type, name="py_func_stateless", label="PyFunc", op_type="PyFuncStateless", pure=False, text=True,
                        complex=True, prepare=_prepared)(_call)
CALLERS = (_py_func.name, _py_func_pure.name)


def py_func(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """Call `func` with the values of `inp` as numpy arrays when the graph runs; its results have dtypes `Tout`, shapes unknown.

    The arrays stay as they are and cannot be written to, as in TensorFlow: a function that needs to takes a copy.
    `Tout`: one dtype (one tensor is returned) or a list of them. With `stateful`, the call happens even if nothing uses it
    but its operation is fetched. No gradient.
    DTypeError: no such dtypes. InvalidArgumentError, when run: an array of another dtype. What `func` raises, a run raises.

    >>> tf.Session(jit=False).run(tf.py_func(lambda a: a * 2, [tf.constant([1, 2])], tf.int32))
    array([2, 4], dtype=int32)
    """
    several = isinstance(Tout, (list, builtins.tuple))
    types = [TensorType(dtype_of("py_func", t).dtype, None) for t in (Tout if several else [Tout])]
    out = builtins.tuple(types) if several else types[0]
    inputs = builtins.tuple(to_node(x) for x in many("py_func", inp))
    operator = _py_func if stateful else _py_func_pure
    graph = inputs[0].graph if inputs else get_default_graph()
    if several and not types:
        return Operation(operator.build(graph, inputs, {"func": func, "out": None}, name))
    node = operator.build(graph, inputs, {"func": func, "out": out}, name)
    return items(node) if several else node


numpy_function = py_func


class _Eager(np.ndarray):
    """An array as a function of TensorFlow's eager tensors takes it: `numpy()` gives it."""

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array."""
        return np.asarray(self)


def py_function(func: Callable[..., Any], inp: Sequence[Any], Tout: Any, name: str | None = None) -> Any:
    """`py_func` for a function of eager tensors: its arrays have `numpy()`, and what it gives is cast to `Tout`. No gradient.

    DTypeError: no such dtypes. InvalidArgumentError, when run: what cannot be cast. What `func` raises, a run raises.

    >>> tf.Session(jit=False).run(tf.py_function(lambda a: a.numpy() * 2, [tf.constant([1, 2])], tf.float32))
    array([2., 4.], dtype=float32)
    """
    several = isinstance(Tout, (list, builtins.tuple))
    kinds = [dtype_of("py_function", t).dtype for t in (Tout if several else [Tout])]

    @functools.wraps(func)
    def call(*arrays: Any) -> Any:
        made = func(*(a if a.dtype.hasobject else a.view(_Eager) for a in arrays))
        given = made if several and isinstance(made, (list, builtins.tuple)) else [made]
        cast = [x if k.hasobject else np.asarray(x).astype(k) for x, k in zip(given, kinds, strict=False)]
        return cast + list(given[len(kinds):]) if several else cast[0]
    return py_func(call, inp, Tout, True, name or "EagerPyFunc")
