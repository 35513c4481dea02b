"""Derivatives by differences, of graphs and of Python functions: a reference that knows no rule of differentiation.

    method        quotient                              step                        relative error
    central       (f(x + h) - f(x - h)) / 2h            eps^(1/3), Hessian eps^(1/4)  about eps^(2/3), Hessian eps^(1/2)
    richardson    the limit of these as h goes to 0     from 1/8 on, halved           about eps^(9/10)
    complex       Im f(x + ih) / h                      1e-20                         eps; f must be analytic

Steps are relative to max(1, |x|). The central step balances truncation, h^2 f''' / 6, with rounding, eps f / h (Dennis and
Schnabel 1983, section 5.4). Richardson's extrapolation is Ridders' (1982, "Accurate computation of F'(x) and F'(x) F''(x)"), which
keeps the entry of the tableau with the least estimated error. The complex step subtracts nothing, so its step may be as
small as it likes (Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions").
A Hessian's second differences are extrapolated in the same way; by the complex step they are differences of exact gradients.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .errors import DTypeError, GraphError, ShapeError
from .ir.graph import get_default_session
from .ir.node import Node, describe, here, topological
from .ir.reference import interpret, run_reference
from .ir.types import Array, TensorType, shape_str
from .tf1_names import namespace as _namespace

Index = tuple[int, ...]
METHODS = ("central", "richardson", "complex")
_COMPLEX_STEP = 1e-20
_FIRST_STEP = 0.125         # of an extrapolation: wide enough for rounding not to matter, then halved
_STAGES = 14
_SAME = 1e-6                # how far, relatively, an extrapolation may be from the quotient of the smallest step


class Estimate(NamedTuple):
    """A derivative and the estimated absolute error of each of its elements, in the same structure."""

    value: Any
    error: Any


def gradient(f: Any, x: Any, method: str = "central", *, step: float | None = None, feed_dict: Mapping[Any, Any] | None = None,
             session: Any = None, with_error: bool = False) -> Any:
    """The gradient of a scalar function by differences: float[shape of x].

    f: a Python function of numpy arrays, and x its argument, or a tuple of its arguments; or f: a tensor, and x a tensor of its graph,
    or a list of them, at the values that `feed_dict` gives them, else at those they have in `session` (default: the default session).
    For several x the result is a list; while one moves the others stay, also those that are computed from it.
    `step`: the (first) step, in the units of x. `with_error`: an `Estimate`.
    ShapeError: f is no scalar; DTypeError: f or x is not floating, or f is not analytic (complex). See the module for the methods.
    """
    problem = _problem(f, x, method, feed_dict, session)
    return _packed(problem, [_differentiated(problem, k, method, step, scalar=True) for k in range(len(problem.at))], with_error)


def jacobian(f: Any, x: Any, method: str = "central", *, step: float | None = None, feed_dict: Mapping[Any, Any] | None = None,
             session: Any = None, with_error: bool = False) -> Any:
    """The derivative of every element of f by every element of x: float[shape of f, shape of x]; arguments as for `gradient`.

    DTypeError, ShapeError: as `gradient`.
    """
    problem = _problem(f, x, method, feed_dict, session)
    return _packed(problem, [_differentiated(problem, k, method, step) for k in range(len(problem.at))], with_error)


def hessian(f: Any, x: Any, method: str = "central", *, step: float | None = None, feed_dict: Mapping[Any, Any] | None = None,
            session: Any = None, with_error: bool = False) -> Any:
    """Second derivatives of a scalar function: float[shape of x, shape of x], for several x a list of lists of such blocks.

    Arguments as for `gradient`. DTypeError, ShapeError: likewise.
    """
    problem = _problem(f, x, method, feed_dict, session)
    blocks = [[_second(problem, i, j, method, step) for j in range(len(problem.at))] for i in range(len(problem.at))]
    if problem.single:
        return blocks[0][0] if with_error else blocks[0][0].value
    rows = [_packed(problem, row, with_error) for row in blocks]
    return Estimate([r.value for r in rows], [r.error for r in rows]) if with_error else rows


def _packed(problem: _Problem, parts: Sequence[Estimate], with_error: bool) -> Any:
    values, errors = [p.value for p in parts], [p.error for p in parts]
    found = Estimate(values[0], errors[0]) if problem.single else Estimate(values, errors)
    return found if with_error else found.value


# ---------------------------------------------------------------------- what is differentiated

class _Problem(NamedTuple):
    """A function of arrays and the point at which it is differentiated."""

    evaluate: Callable[[Sequence[Array]], Array]     # float arrays, or complex ones for the complex step
    at: list[Array]
    single: bool                                     # x was one argument, not a list
    name: str


def _problem(f: Any, x: Any, method: str, feed_dict: Mapping[Any, Any] | None, session: Any) -> _Problem:
    if method not in METHODS:
        raise GraphError(f"numeric: method {method!r} is none of {', '.join(METHODS)}{here()}")
    if isinstance(f, Node):
        return _of_graph(f, x, method, feed_dict or {}, session)
    if not callable(f):
        raise GraphError(f"numeric: {f!r:.80} is neither a tensor nor a function{here()}")
    at = [_real(a, f"argument {i}") for i, a in enumerate(x if isinstance(x, tuple) else (x,))]
    name = getattr(f, "__name__", "f")

    def evaluate(arrays: Sequence[Array]) -> Array:
        y = np.asarray(f(*arrays))
        if method == "complex" and y.dtype.kind != "c":
            raise DTypeError(f"numeric: {name} is not analytic: it gives {y.dtype} for complex arguments{here()}")
        if y.dtype.kind not in "fc":
            raise DTypeError(f"numeric: {name} gives {y.dtype}, not floating numbers{here()}")
        return y
    return _Problem(evaluate, at, not isinstance(x, tuple), name)


def _real(value: Any, what: str) -> Array:
    """A floating array; Python's integers become float64."""
    array = np.array(value)
    if array.dtype.kind in "iu" and not isinstance(value, (np.ndarray, np.generic)):
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DTypeError(f"numeric: {what} is {array.dtype}, not floating{here()}")
    return array


def _of_graph(y: Node, x: Any, method: str, feed_dict: Mapping[Any, Any], session: Any) -> _Problem:
    session = session if session is not None else get_default_session()
    if session is None:
        raise GraphError(f"numeric: {describe(y)} needs a session: `with tf.Session():` or session={here()}")
    xs = list(x) if isinstance(x, (list, tuple)) else [x]
    for node in (y, *xs):
        if not isinstance(node, Node) or not isinstance(node.type, TensorType) or node.type.dtype.kind != "f":
            what = describe(node) if isinstance(node, Node) else f"{node!r:.80}"
            raise DTypeError(f"numeric: {what} is not a tensor of a floating dtype{here()}")
    fed = {session.graph.as_node(k): v for k, v in feed_dict.items()}
    at = [np.array(a) for a in session.run(xs, fed)]
    held = {n: a for n, a in fed.items() if n not in xs}
    single, name = not isinstance(x, (list, tuple)), describe(y)
    if method == "complex":
        free = [n for n in topological([y], stop={*fed, *xs}.__contains__) if not n.inputs and n.operator.name != "constant"]
        known = dict(zip([*held, *free], session.run([*held, *free], fed), strict=True))
        return _Problem(lambda arrays: np.asarray(interpret([y], known | dict(zip(xs, arrays, strict=True)), _continued)[0]), at, single, name)
    call = session.make_callable([y], [*xs, *held])
    return _Problem(lambda arrays: np.asarray(call(*arrays, *held.values())[0]), at, single, name)


# ---------------------------------------------------------------------- graphs in complex numbers

def _continued(n: Node, inputs: Sequence[Any]) -> Any:
    """What a node is for complex operands, by its reference; DTypeError if that is not analytic."""
    operator = n.operator
    if not any(map(_complex, inputs)):
        return run_reference(n, inputs)
    types = [n.type] if isinstance(n.type, TensorType) else list(n.type or ())
    if not any(t.dtype.kind == "f" for t in types):
        return run_reference(n, [np.real(i) if isinstance(i, np.ndarray) else i for i in inputs])
    inputs = [np.asarray(i, np.complex128) if isinstance(i, (np.ndarray, np.generic)) and i.dtype.kind == "f" else i for i in inputs]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)        # an imaginary part that is dropped on the way
            if callable(operator.analytic):
                return operator.analytic(*map(np.asarray, inputs), **n.attrs)
            result = run_reference(n, inputs) if operator.analytic else None
    except Exception:                   # whatever numpy raises where it has no complex form, or scipy is not installed
        result = None
    if not _complex(result):
        raise DTypeError(f"numeric: {describe(n)} = {operator.name}(...) is not analytic in numpy, or in scipy if that is installed: "
                         f"no complex step goes through it; use method=\"richardson\"{here()}")
    return result


def _complex(value: Any) -> bool:
    return any(map(np.iscomplexobj, value)) if isinstance(value, (tuple, list)) else np.iscomplexobj(value)


# ---------------------------------------------------------------------- quotients

class _Quotient(NamedTuple):
    """A difference quotient, and the part of its error that rounding of the function's values makes."""

    value: Array
    rounding: Array


def _moved(at: Sequence[Array], moves: Sequence[tuple[int, Index, complex]]) -> list[Array]:
    """The point with some of its elements shifted."""
    out = list(at)
    for k, index, by in moves:
        out[k] = out[k].astype(np.result_type(out[k], np.complex128)) if isinstance(by, complex) else np.array(out[k])
        out[k][index] += by
    return out


def _all_complex(arrays: Sequence[Array]) -> list[Array]:
    return [np.asarray(a, np.complex128) for a in arrays]


def _first_quotient(problem: _Problem, k: int, index: Index, h: float) -> _Quotient:
    up, down = (_moved(problem.at, [(k, index, s)]) for s in (h, -h))
    width = float(up[k][index]) - float(down[k][index])           # as it is after rounding
    return _quotient([problem.evaluate(up), problem.evaluate(down)], [1, -1], width)


def _second_quotient(problem: _Problem, one: tuple[int, Index], two: tuple[int, Index], h: float) -> _Quotient:
    (i, p), (j, q) = one, two
    values = [problem.evaluate(_moved(problem.at, [(i, p, s * h), (j, q, t * h)])) for s in (1, -1) for t in (1, -1)]
    return _quotient(values, [1, -1, -1, 1], 4 * h * h)


def _mixed_quotient(problem: _Problem, one: tuple[int, Index], two: tuple[int, Index], h: float) -> _Quotient:
    """The difference by one element of the complex-step derivative by another."""
    (i, p), (j, q) = one, two
    values = [problem.evaluate(_all_complex(_moved(problem.at, [(j, q, _COMPLEX_STEP * 1j), (i, p, s * h)]))).imag / _COMPLEX_STEP
              for s in (1, -1)]
    return _quotient(values, [1, -1], 2 * h)


def _quotient(values: Sequence[Array], weights: Sequence[int], width: float) -> _Quotient:
    eps = float(np.finfo(values[0].dtype).eps)
    wide = [np.asarray(v, np.float64) for v in values]
    total = sum(w * v for w, v in zip(weights, wide, strict=True))
    return _Quotient(np.asarray(total / width), np.asarray(eps * np.max(np.abs(wide), axis=0) / abs(width)))


# ---------------------------------------------------------------------- limits

def _step(x: Array, index: Index, relative: float, step: float | None) -> float:
    return step if step is not None else relative * max(1.0, abs(float(x[index])))


def _balanced(quotient: Callable[[float], _Quotient], h: float) -> Estimate:
    """One quotient; its truncation is told by the quotient of twice the step, to which it is proportional (h^2)."""
    near, wide = quotient(h), quotient(2 * h)
    return Estimate(near.value, np.abs(near.value - wide.value) / 3 + near.rounding)


def _extrapolated(quotient: Callable[[float], _Quotient], h: float) -> Estimate:
    """Ridders' extrapolation of quotients whose error is a series in h^2, element by element; nan, with error inf, without limit.

    The quotient of the smallest step is a witness: at wide steps, functions that jump or oscillate may seem to converge by chance.
    """
    best, error = np.array(np.nan), np.array(np.inf)
    above: list[Array] = []
    witness = quotient(h / 2**_STAGES)
    for stage in range(_STAGES):
        q = quotient(h / 2**stage)
        row = [q.value]
        for k, old in enumerate(above):
            row.append(row[k] + (row[k] - old) / (4.0**(k + 1) - 1))
            e = np.maximum(np.abs(row[k + 1] - row[k]), np.abs(row[k + 1] - old)) + q.rounding
            apart = np.abs(row[k + 1] - witness.value)
            e = np.where(apart > _SAME * np.abs(row[k + 1]) + 100 * witness.rounding, np.maximum(e, apart), e)
            better = e < error
            best, error = np.where(better, row[k + 1], best), np.where(better, e, error)
        # Smaller steps make it worse once rounding has taken over: by itself, or in the last entries of what has converged.
        converged = error < 1e-3 * np.abs(best) + 100 * witness.rounding
        if above and np.all((q.rounding > error) | (converged & (np.abs(row[-1] - above[-1]) + q.rounding > 2 * error))):
            break
        above = row
    return Estimate(best, error)


def _differentiated(problem: _Problem, k: int, method: str, step: float | None, scalar: bool = False) -> Estimate:
    """The derivative by argument k: float[shape of f, shape of the argument]."""
    x = problem.at[k]
    columns = [_by_element(problem, k, index, method, step) for index in np.ndindex(*x.shape)]
    with np.errstate(all="ignore"):
        shape = columns[0].value.shape if columns else problem.evaluate(problem.at if method != "complex" else _all_complex(problem.at)).shape
    if scalar:
        _check_scalar(problem, shape)
    parts = [np.stack(c, axis=-1).reshape((*shape, *x.shape)) if columns else np.zeros((*shape, *x.shape))
             for c in ([c.value for c in columns], [c.error for c in columns])]
    return Estimate(*parts)


def _check_scalar(problem: _Problem, shape: Index) -> None:
    if shape != ():
        raise ShapeError(f"numeric: {problem.name} has shape {shape_str(shape)}, not []; numeric.jacobian takes any{here()}")


def _by_element(problem: _Problem, k: int, index: Index, method: str, step: float | None) -> Estimate:
    x = problem.at[k]
    with np.errstate(all="ignore"):
        if method == "complex":
            h = _step(x, index, _COMPLEX_STEP, step)
            value = problem.evaluate(_all_complex(_moved(problem.at, [(k, index, h * 1j)]))).imag / h
            return Estimate(value, np.finfo(np.float64).eps * np.abs(value))
        quotient = partial(_first_quotient, problem, k, index)
        if method == "central":
            return _balanced(quotient, _step(x, index, float(np.finfo(x.dtype).eps)**(1 / 3), step))
        return _extrapolated(quotient, _step(x, index, _FIRST_STEP, step))


def _second(problem: _Problem, i: int, j: int, method: str, step: float | None) -> Estimate:
    """The block of second derivatives by arguments i and j: float[shape of i, shape of j]."""
    a, b = problem.at[i], problem.at[j]
    value, error = (np.zeros((*a.shape, *b.shape)) for _ in range(2))
    for p in np.ndindex(*a.shape):
        for q in np.ndindex(*b.shape):
            if i == j and q < p:
                value[p + q], error[p + q] = value[q + p], error[q + p]
            else:
                found = _by_pair(problem, (i, p), (j, q), method, step)
                _check_scalar(problem, found.value.shape)
                value[p + q], error[p + q] = found
    return Estimate(value, error)


def _by_pair(problem: _Problem, one: tuple[int, Index], two: tuple[int, Index], method: str, step: float | None) -> Estimate:
    widest = max((problem.at[k] for k, _ in (one, two)), key=lambda x: float(np.finfo(x.dtype).eps))
    relative = float(np.finfo(widest.dtype).eps)**(1 / 4) if method == "central" else _FIRST_STEP
    h = max(_step(problem.at[k], index, relative, step) for k, index in (one, two))
    quotient = partial(_mixed_quotient if method == "complex" else _second_quotient, problem, one, two)
    with np.errstate(all="ignore"):
        return _balanced(quotient, h) if method == "central" else _extrapolated(quotient, h)


__all__ = ["METHODS", "Estimate", "gradient", "hessian", "jacobian"]

_namespace(globals())
