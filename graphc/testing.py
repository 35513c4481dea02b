"""Checks of an operator against its own declaration: types, values, gradients, special values, precision."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .autodiff import gradients
from .errors import DTypeError, GraphcError, ShapeError
from .graph import OPERATORS, Graph, Node, get_default_graph
from .op import Operator, constant_node
from .ops.state import items, placeholder
from .session import Session
from .types import TensorType, compatible

Array = np.ndarray[Any, Any]
FLOATS = ("float64", "float32")
INTEGERS = ("int8", "int64", "uint8")   # the narrowest, the widest and the unsigned; the others lie between them

# Shapes an elementwise operator meets: scalars, vectors, all that broadcasts, nothing at all. An operator of n operands
# takes the first n of each row, the last one repeated.
_SHAPES = (((),), ((5,),), ((3, 1), (4,)), ((2, 3, 4), (3, 1), ()), ((0, 3),), ((1, 0), (2, 1)))
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 1e-40, -1e-30, 1e30, 88.7, -750.0)
# Families whose operators take more than tensors to run: state, what is outside the graph, several results of another.
_UNTESTABLE = {"source", "state", "control", "item"}


class Sample(NamedTuple):
    """Operands and attributes to try an operator on."""

    operands: tuple[Array, ...]
    attrs: dict[str, Any]


def testable() -> list[Operator]:
    """The operators that samples can be run on, by name."""
    found = [op for op in OPERATORS.values() if isinstance(op, Operator) and op.family not in _UNTESTABLE]
    tried = [op for op in found if op.pure and not op.effect and (op.samples or op.family == "elementwise")]
    return sorted(tried, key=lambda op: op.name)


def accepts(operator: Operator, dtype: str) -> bool:
    """Whether an elementwise operator is defined for operands of a dtype (those of a fixed dtype keep it)."""
    try:
        operator.dtypes(_dtypes(operator, dtype), operator.attrs)
    except (DTypeError, TypeError):
        return False
    return True


def _dtypes(operator: Operator, dtype: str) -> tuple[np.dtype[Any], ...]:
    return tuple(np.dtype(operator.fixed.get(p, dtype)) for p in operator.params)


def samples(operator: Operator, dtype: str = "float64") -> list[Sample]:
    """What the operator declares to be tried on, or if elementwise: scalars, vectors, broadcasts, empty, strided.

    Operands of floating numbers get `dtype`; so do all of an elementwise operator that have no dtype of their own.
    """
    rng = np.random.default_rng(sum(map(ord, operator.name)))
    if operator.samples:
        return [Sample(tuple(_operand(rng, operator, spec, dtype) for spec in specs), attrs)
                for specs, attrs in operator.samples]
    if operator.family != "elementwise" or not accepts(operator, dtype):
        return []
    out = []
    dtypes = _dtypes(operator, dtype)
    for shapes in _SHAPES:
        padded = [*shapes, *[shapes[-1]] * len(dtypes)][:len(dtypes)]
        out.append(Sample(tuple(_drawn(rng, operator, s, d) for s, d in zip(padded, dtypes, strict=True)), {}))
    strided = [_drawn(rng, operator, (6, 4), d).T[:, ::2] for d in dtypes]
    return [*out, Sample(tuple(strided), {})]


def _operand(rng: np.random.Generator, operator: Operator, spec: Any, dtype: str) -> Array:
    if isinstance(spec, tuple):
        return _drawn(rng, operator, spec, np.dtype(dtype))
    array = np.asarray(spec)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _drawn(rng: np.random.Generator, operator: Operator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        return rng.integers(1, 6, shape).astype(dtype)
    return np.asarray(rng.uniform(*operator.domain, shape)).astype(dtype)


def special_sample(operator: Operator, dtype: str) -> Sample:
    """Operands whose broadcast is every combination of special values: zeros, infinities, nan, denormals, extremes."""
    n = len(operator.params)
    out = []
    for i, d in enumerate(_dtypes(operator, dtype)):
        if d.kind == "b":
            values = np.array([False, True])
        elif d.kind in "iu":
            info = np.iinfo(d)
            chosen = {info.min, info.min + 1, -2, -1, 0, 1, 2, 7, info.max - 1, info.max}
            values = np.array(sorted(v for v in chosen if v >= info.min), d)
        else:
            with np.errstate(all="ignore"):
                values = np.array(_SPECIAL, d)
        out.append(values.reshape([-1 if k == i else 1 for k in range(n)]))
    return Sample(tuple(out), {})


# ---------------------------------------------------------------------- building and running

class Built(NamedTuple):
    """A sample as graph: the fed operands (None: a constant), and the results."""

    fed: list[Node | None]
    results: list[Node]

    def feeds(self, operands: Sequence[Array]) -> dict[Node, Array]:
        return {n: x for n, x in zip(self.fed, operands, strict=True) if n is not None}


def build(operator: Operator, sample: Sample, shapes: str = "static") -> Built:
    """The operator on placeholders, whose shapes are "static", "open" (every size unknown) or "none" (no rank either).

    Operands on whose values the type depends are constants.
    """
    fed: list[Node | None] = []
    inputs = []
    for i, x in enumerate(sample.operands):
        if i in operator.values:
            fed.append(None)
            inputs.append(constant_node(get_default_graph(), x))
            continue
        known = {"static": x.shape, "open": (None,) * x.ndim, "none": None}[shapes]
        node = placeholder(x.dtype, known)
        fed.append(node)
        inputs.append(node)
    result = operator(inputs, **sample.attrs) if operator.variadic else operator(*inputs, **sample.attrs)
    return Built(fed, [result] if isinstance(result.type, TensorType) else items(result))


def reference(operator: Operator, sample: Sample) -> list[Array]:
    """The results by the numpy reference."""
    with np.errstate(all="ignore"):
        result = operator.reference(*sample.operands, **_kept(operator, sample))
    many = result if isinstance(result, (tuple, list)) else [result]
    return [np.asarray(r) for r in many]


def _kept(operator: Operator, sample: Sample) -> dict[str, Any]:
    attrs = {**operator.attrs, **sample.attrs}
    if operator.prepare is None:
        return attrs
    return operator.prepare([_type(x) for x in sample.operands], **attrs)


def numeric_gradient(f: Callable[..., Any], args: Sequence[Array], eps: float = 1e-3) -> list[Array | None]:
    """Derivatives of a scalar function of float64 arrays: central differences, extrapolated (Richardson 1911).

    None stands for the arguments that are not floating, nan for elements at which the function jumps or has a kink.
    """
    def one(i: int) -> Array | None:
        if args[i].dtype.kind != "f":
            return None
        out = np.zeros(args[i].shape)
        for at in np.ndindex(*args[i].shape):
            out[at] = _extrapolated(*(_central(f, args, i, at, h) for h in (eps, eps / 2)))
        return out
    return [one(i) for i in range(len(args))]


def _central(f: Callable[..., Any], args: Sequence[Array], i: int, at: tuple[int, ...], h: float) -> float:
    ends = []
    for step in (h, -h):
        moved = [np.array(a) for a in args]
        moved[i][at] += step
        ends.append(float(f(*moved)))
    return (ends[0] - ends[1]) / (2 * h)


def _extrapolated(wide: Any, near: Any) -> Any:
    """The limit of two difference quotients, the second of half the step; nan where they tell of no limit."""
    smooth = np.abs(np.subtract(wide, near)) < 1e-3 * (1 + np.abs(near))
    return np.where(smooth, (4 * near - wide) / 3, np.nan)


# ---------------------------------------------------------------------- checks

def check_operator(operator: Operator) -> None:
    """Every check below; AssertionError says which sample fails, and how."""
    check_types(operator)
    check_values(operator)
    check_specials(operator)
    check_gradients(operator)


def check_types(operator: Operator) -> None:
    """The inferred types are those of the reference's results, and consistent with them where sizes are unknown."""
    for dtype in _value_dtypes(operator):
        for sample in samples(operator, dtype):
            wanted = reference(operator, sample)
            for shapes in ("static", "open", "none"):
                with Graph().as_default():
                    try:
                        found = [n.type for n in build(operator, sample, shapes).results]
                    except ShapeError as e:
                        assert shapes != "static" and "known" in str(e), f"{_say(operator, sample)}: {e}"
                        continue
                for t, y in zip(found, wanted, strict=True):
                    right = compatible(t.shape, y.shape) and t.dtype == y.dtype
                    assert right, f"{_say(operator, sample)}, shapes {shapes}: {t}, the reference gives {_type(y)}"


def _value_dtypes(operator: Operator) -> list[str]:
    if operator.family != "elementwise" or operator.samples:
        return list(FLOATS)
    return [d for d in (*FLOATS, *INTEGERS, "bool") if accepts(operator, d)]


def _type(x: Array) -> TensorType:
    return TensorType(x.dtype, x.shape)


def _say(operator: Operator, sample: Sample) -> str:
    operands = ", ".join(str(_type(x)) for x in sample.operands)
    return f"{operator.name}({operands}; {sample.attrs})"


def _trials(operator: Operator) -> list[Sample]:
    """All samples in double precision, and a few in another dtype; `check_specials` has all dtypes."""
    if operator.samples:
        return [*samples(operator), *(samples(operator, "float32")[:2] if _floating(operator) else ())]
    first, *others = [d for d in (*FLOATS, "int32", "bool") if accepts(operator, d)]
    return [*samples(operator, first), *(s for d in others[:1] for s in samples(operator, d)[2:3])]


def _floating(operator: Operator) -> bool:
    return any(_has_floats(s.operands) for s in samples(operator))


def check_values(operator: Operator, jit: bool = True) -> None:
    """What a session computes agrees with the reference, for known and unknown shapes alike."""
    trials = _trials(operator)
    with Graph().as_default():
        built, feeds = _open(operator, trials)
        with Session(jit=jit) as session:
            found = session.run([b.results for b in built], feeds)
    for sample, values in zip(trials, found, strict=True):
        for value, wanted in zip(values, reference(operator, sample), strict=True):
            _same(operator, sample, value, wanted)


def _open(operator: Operator, trials: Sequence[Sample]) -> tuple[list[Built], dict[Node, Array]]:
    """All trials in one graph, every other one with sizes unknown until it runs."""
    built, feeds = [], {}
    for sample, shapes in zip(trials, itertools.cycle(["static", "open"])):  # noqa: B905
        try:
            b = build(operator, sample, shapes)
        except ShapeError:
            b = build(operator, sample)
        built.append(b)
        feeds.update(b.feeds(sample.operands))
    return built, feeds


def _same(operator: Operator, sample: Sample, value: Any, wanted: Array, signs: bool = False) -> None:
    value = np.asarray(value)
    said = _say(operator, sample)
    assert value.dtype == wanted.dtype and value.shape == wanted.shape, \
        f"{said}: {_type(value)}, the reference gives {_type(wanted)}"
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(value, wanted, said)
        return
    finite = np.abs(wanted[np.isfinite(wanted)])
    eps = float(np.finfo(wanted.dtype).eps)
    # 16 units in the last place for an element by itself; what adds up many is judged by the size of the whole.
    alone = operator.family in ("elementwise", "alias", "view", "views", "concat", "gather", "generator", "lowered")
    atol = 0.0 if alone or not finite.size else 32 * eps * float(finite.max())
    if alone:
        atol = float(np.finfo(wanted.dtype).tiny)
    np.testing.assert_allclose(value, wanted, rtol=16 * eps, atol=atol, equal_nan=True, err_msg=said)
    if signs:
        zero = (value == 0) & (wanted == 0)
        np.testing.assert_array_equal(np.signbit(value[zero]), np.signbit(wanted[zero]), f"{said}: signs of zero")


def check_specials(operator: Operator, jit: bool = True) -> None:
    """Elementwise operators agree with their references on special values of every dtype, in every combination."""
    if operator.family != "elementwise" or operator.samples or operator.check:
        return
    trials = [s for d in _value_dtypes(operator) if _defined(operator, s := special_sample(operator, d))]
    with Graph().as_default():
        built = [build(operator, s) for s in trials]
        feeds = {n: x for b, s in zip(built, trials, strict=True) for n, x in b.feeds(s.operands).items()}
        with Session(jit=jit) as session:
            found = session.run([b.results for b in built], feeds)
    for sample, values in zip(trials, found, strict=True):
        _same(operator, sample, values[0], reference(operator, sample)[0], signs=len(sample.operands) == 1)


def _defined(operator: Operator, sample: Sample) -> bool:
    """Whether the reference has a result at all: numpy refuses some integers, as negative powers."""
    try:
        reference(operator, sample)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------------- gradients

class _Derived(NamedTuple):
    """A sample whose weighted sum of results is differentiated with respect to its floating operands."""

    sample: Sample
    weights: list[Array | None]
    sources: list[Node]
    places: list[int]
    first: list[Node]
    directions: list[Array]
    second: list[Node]


def differentiable(operator: Operator) -> bool:
    """Whether the operator has floating results of floating operands, so that a gradient is due."""
    return any(_has_floats(s.operands) and _has_floats(reference(operator, s)) for s in samples(operator))


def _has_floats(arrays: Iterable[Array]) -> bool:
    return any(x.dtype.kind == "f" for x in arrays)


def check_gradients(operator: Operator, jit: bool = False) -> None:
    """Gradients agree with differences of the reference, second ones with differences of the first."""
    if operator.grad is None or not differentiable(operator):
        return
    with Graph().as_default():
        feeds: dict[Node, Array] = {}
        derived = [d for s in samples(operator) if (d := _derive(operator, s, feeds)) is not None]
        with Session(jit=jit) as session:
            def run(moved: float) -> Any:
                near = dict(feeds)
                for d in derived:
                    near.update({x: feeds[x] + moved * u for x, u in zip(d.sources, d.directions, strict=True)})
                return session.run([d.first for d in derived], near)
            found = run(0.0)
            ends = [run(h) for h in (1e-3, -1e-3, 5e-4, -5e-4)]
            second = session.run([d.second for d in derived], feeds)
    for i, d in enumerate(derived):
        _check_first(operator, d, found[i])
        for k, value in enumerate(second[i]):
            wide, near = (np.subtract(ends[a][i][k], ends[a + 1][i][k]) / (2 * h) for a, h in ((0, 1e-3), (2, 5e-4)))
            what = f"second derivative by operand {d.places[k]}"
            _close(operator, d.sample, what, value, _extrapolated(wide, near), 1e-5)


def _derive(operator: Operator, sample: Sample, feeds: dict[Node, Array]) -> _Derived | None:
    rng = np.random.default_rng(7)
    b = build(operator, sample, "open" if _open_works(operator, sample) else "static")
    wanted = reference(operator, sample)
    # A result in less than the operands' precision is no smooth function of them.
    precise = [y.dtype.kind == "f" and y.dtype == np.result_type(*sample.operands, y.dtype) for y in wanted]
    weights = [_weights(rng, 0.5, y) if p else None for y, p in zip(wanted, precise, strict=True)]
    places = [i for i, n in enumerate(b.fed) if n is not None and sample.operands[i].dtype.kind == "f"]
    sources = [n for i, n in enumerate(b.fed) if i in places and n is not None]
    ys = [y for y, w in zip(b.results, weights, strict=True) if w is not None]
    if not sources or not ys:
        return None
    given = gradients(ys, sources, grad_ys=[w for w in weights if w is not None], unconnected_gradients="zero")
    first = [g for g in given if g is not None]
    directions = [_weights(rng, -1.0, sample.operands[i]) for i in places]
    second = gradients(first, sources, grad_ys=directions, unconnected_gradients="zero")
    feeds.update(b.feeds(sample.operands))
    return _Derived(sample, weights, sources, places, first, directions, [g for g in second if g is not None])


def _weights(rng: np.random.Generator, low: float, like: Array) -> Array:
    return np.asarray(rng.uniform(low, 1.5, like.shape)).astype(like.dtype)


def _open_works(operator: Operator, sample: Sample) -> bool:
    with Graph().as_default():
        try:
            build(operator, sample, "open")
        except GraphcError:
            return False
    return True


def _check_first(operator: Operator, d: _Derived, found: Sequence[Array]) -> None:
    def total(*operands: Array) -> float:
        results = reference(operator, Sample(operands, d.sample.attrs))
        return sum(float(np.sum(w * y)) for w, y in zip(d.weights, results, strict=True) if w is not None)
    wanted = numeric_gradient(total, d.sample.operands)
    for i, value in zip(d.places, found, strict=True):
        _close(operator, d.sample, f"derivative by operand {i}", value, wanted[i], 1e-7)


def _close(operator: Operator, sample: Sample, what: str, value: Any, wanted: Any, tolerance: float) -> None:
    said = f"{what} of {_say(operator, sample)}"
    smooth = np.isfinite(wanted)
    assert np.shape(value) == np.shape(wanted), f"{said} has shape {np.shape(value)}"
    assert np.size(wanted) < 4 or 2 * np.count_nonzero(smooth) >= np.size(wanted), f"{said}: hardly smooth there"
    np.testing.assert_allclose(value[smooth], wanted[smooth], rtol=0, atol=tolerance * _scale(wanted), err_msg=said)


def _scale(x: Any) -> float:
    """The largest finite magnitude, at least 1."""
    return max(1.0, float(np.max(np.abs(x), initial=0.0, where=np.isfinite(x))))


def check_compiled_gradients(operator: Operator, dtype: str = "float32") -> None:
    """Compiled first and second gradients agree with interpreted ones."""
    if operator.grad is None or not differentiable(operator):
        return
    with Graph().as_default():
        feeds: dict[Node, Array] = {}
        picked = [s for s in samples(operator, dtype) if all(x.size for x in s.operands)][-1:]
        derived = [d for s in picked if (d := _derive(operator, s, feeds)) is not None]
        fetches = [[d.first, d.second] for d in derived]
        with Session() as compiled, Session(jit=False) as interpreted:
            pairs = zip(_leaves(compiled.run(fetches, feeds)), _leaves(interpreted.run(fetches, feeds)), strict=True)
    for value, wanted in pairs:
        tolerance = 200 * float(np.finfo(dtype).eps) * _scale(wanted)
        np.testing.assert_allclose(value, wanted, rtol=0, atol=tolerance, err_msg=operator.name)


def _leaves(values: Any) -> Any:
    for v in values:
        if isinstance(v, list):
            yield from _leaves(v)
        else:
            yield v


def check_precision(operator: Operator) -> None:
    """Single and double precision agree to single precision, so that no float32 kernel computes something else."""
    for narrow in samples(operator, "float32"):
        wide = Sample(tuple(x.astype(np.float64) if x.dtype.kind == "f" else x for x in narrow.operands), narrow.attrs)
        with Graph().as_default():
            one, two = build(operator, narrow), build(operator, wide)
            with Session(jit=False) as session:
                feeds = {**one.feeds(narrow.operands), **two.feeds(wide.operands)}
                found = session.run([one.results, two.results], feeds)
        for a, b in zip(*found, strict=True):
            atol = 1e-5 * _scale(b) if np.asarray(b).dtype.kind == "f" else 0.0
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=atol, equal_nan=True, err_msg=_say(operator, narrow))
