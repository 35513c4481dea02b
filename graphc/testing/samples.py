"""What operators are tried on, drawn from their declarations: operands, special values, graphs of them, and their references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError
from ..ir.graph import get_default_graph
from ..ir.node import OPERATORS, Node
from ..ir.operator import Operator, constant_node
from ..ir.types import Array, TensorType
from ..ops.sources import placeholder

# Shapes an elementwise operator meets: scalars, vectors, all that broadcasts, nothing at all. An operator of n operands
# takes the first n of each row, the last one repeated.
_SHAPES = (((),), ((5,),), ((3, 1), (4,)), ((2, 3, 4), (3, 1), ()), ((0, 3),), ((1, 0), (2, 1)))
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 1e-40, -1e-30, 1e30, 88.7, -750.0)


class Sample(NamedTuple):
    """Operands and attributes to try an operator on."""

    operands: tuple[Array, ...]
    attrs: dict[str, Any]


def testable() -> list[Operator]:
    """The operators that samples can be run on, by name."""
    found = [op for op in OPERATORS.values() if isinstance(op, Operator) and op.family.sampled]
    tried = [op for op in found if op.pure and not op.effect and (op.samples or op.family.broadcasts)]
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
    if not operator.family.broadcasts or not accepts(operator, dtype):
        return []
    out = []
    dtypes = _dtypes(operator, dtype)
    for shapes in _SHAPES:
        padded = [*shapes, *[shapes[-1]] * len(dtypes)][:len(dtypes)]
        out.append(Sample(tuple(_drawn(rng, operator, s, d) for s, d in zip(padded, dtypes, strict=True)), {}))
    strided = [_drawn(rng, operator, (6, 4), d).T[:, ::2] for d in dtypes]
    return [*out, Sample(tuple(strided), {})]


def some_samples(operator: Operator) -> list[Sample]:
    """Samples of an operator in the first of double precision, booleans and integers that it takes."""
    return samples(operator) or samples(operator, "bool") or samples(operator, "int64")


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
        """The feeds that give the sample's operands to the placeholders."""
        return {n: x for n, x in zip(self.fed, operands, strict=True) if n is not None}


def build(operator: Operator, sample: Sample, shapes: str = "static") -> Built:
    """The operator on placeholders, whose shapes are "static", "open" (every size unknown) or "none" (no rank either).

    Operands on whose values the type depends are constants.
    DTypeError, ShapeError: what the operator itself raises.
    """
    fed: list[Node | None] = []
    inputs = []
    for i, x in enumerate(sample.operands):
        if i in operator.by_value:
            fed.append(None)
            inputs.append(constant_node(get_default_graph(), x))
            continue
        known = {"static": x.shape, "open": (None,) * x.ndim, "none": None}[shapes]
        node = placeholder(x.dtype, known)
        fed.append(node)
        inputs.append(node)
    return Built(fed, results(operator, inputs, sample))


def results(operator: Operator, inputs: Sequence[Node], sample: Sample) -> list[Node]:
    """All results of the operator on tensors, with the sample's attributes."""
    made = operator(inputs, **sample.attrs) if operator.variadic else operator(*inputs, **sample.attrs)
    return [made] if isinstance(made, Node) else [*made]


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
    return operator.prepare([type_of(x) for x in sample.operands], **attrs)


def type_of(x: Array) -> TensorType:
    return TensorType(x.dtype, x.shape)


def say(operator: Operator, sample: Sample) -> str:
    """`add(float64[3,1], float64[4]; {})`: an operator on a sample, as messages name it."""
    return f"{operator.name}({', '.join(str(type_of(x)) for x in sample.operands)}; {sample.attrs})"


def has_floats(arrays: Iterable[Array]) -> bool:
    return any(x.dtype.kind == "f" for x in arrays)


def differentiable(operator: Operator) -> bool:
    """Whether the operator has floating results of floating operands, so that a gradient is due."""
    return any(has_floats(s.operands) and has_floats(reference(operator, s)) for s in samples(operator))
