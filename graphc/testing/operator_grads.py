"""An operator's gradient rule against its numpy reference: `check_grads` on all that it declares to be tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..autodiff.gradients import gradients
from ..errors import GradientCheckError, GraphcError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node
from ..ir.operator import Operator, constant_node
from ..ir.types import Array
from ..ops.sources import placeholder
from ..runtime.session import Session
from .function import Function
from .grads import checked, repeated
from .report import told
from .samples import Sample, build, differentiable, has_floats, reference, results, samples, say


def check_gradients(operator: Operator, jit: bool = False, whole: int = 8) -> None:
    """First and second derivatives at every sample, as `check_grads` does; GradientCheckError."""
    if operator.grad is None or not differentiable(operator):
        return
    for sample in samples(operator):
        if not _smooth_results(operator, sample):
            continue
        report = checked(_function(operator, sample), 2, jit=jit, whole=whole)
        if report.failed:
            raise GradientCheckError(told(report))


def _smooth_results(operator: Operator, sample: Sample) -> bool:
    """Whether there is something to differentiate by, and something of the same precision to differentiate."""
    free = [x for i, x in enumerate(sample.operands) if i not in operator.by_value]
    return has_floats(free) and any(y.dtype == np.float64 for y in reference(operator, sample))


def _function(operator: Operator, sample: Sample) -> Function:
    """The operator on a sample, on tensors of unknown sizes if it takes them."""
    at = [np.asarray(x) for x in sample.operands]
    wanted = [i for i, x in enumerate(at) if x.dtype.kind == "f" and i not in (*operator.by_value, *operator.once)]

    def make(nodes: Sequence[Node], dtype: np.dtype[Any]) -> list[Node]:
        operands = [constant_node(get_default_graph(), at[i]) if i in operator.by_value else x for i, x in enumerate(nodes)]
        return results(operator, operands, sample)
    labels = [f"argument {i}" for i in range(len(at))] if operator.variadic else list(operator.params)
    return Function(say(operator, sample), make, at, labels, wanted, lambda: ([], {}), open=_open_works(operator, sample))


def _open_works(operator: Operator, sample: Sample) -> bool:
    with Graph().as_default():
        try:
            build(operator, sample, "open")
        except GraphcError:
            return False
    return True


def check_open_gradients(operator: Operator, jit: bool = False) -> None:
    """Gradients of tensors of unknown sizes, and of unknown rank, are those of known shapes, at every sample; GradientCheckError.

    An operator may refuse to be built or differentiated so, with an error of graphc's; what is built runs, and gives the same numbers.
    """
    if operator.grad is None or not differentiable(operator):
        return
    for sample in samples(operator):
        if not _smooth_results(operator, sample):
            continue
        wanted = _run(*_gradients(operator, sample, "static"), jit)
        for shapes in ("open", "none"):
            try:
                built = _gradients(operator, sample, shapes)
            except GraphcError:
                continue
            found = _run(*built, jit)
            for i, (g, w) in enumerate(zip(found, wanted, strict=True)):
                if g.shape != w.shape or not np.allclose(g, w, rtol=1e-12, atol=1e-12, equal_nan=True):
                    raise GradientCheckError(f"{say(operator, sample)}: with {'sizes' if shapes == 'open' else 'ranks'} unknown "
                                             f"gradient {i} is {g!r:.200}, with known shapes {w!r:.200}")


def _gradients(operator: Operator, sample: Sample, shapes: str) -> tuple[list[Node], dict[Node, Any]]:
    """Of the floating results, each weighted by random numbers, by the floating operands by which there is a derivative; and what is fed."""
    with Graph().as_default():
        built = build(operator, sample, shapes)
        ys = [(y, value) for y, value in zip(built.results, reference(operator, sample), strict=True) if value.dtype.kind == "f"]
        rng = np.random.default_rng(len(ys))
        weights = {placeholder(v.dtype, v.shape if shapes == "static" else None): rng.normal(size=v.shape) for _, v in ys}
        xs = [x for i, x in enumerate(built.fed) if x is not None and x.type.dtype.kind == "f" and i not in operator.once]
        found = gradients([y for y, _ in ys], xs, list(weights), unconnected_gradients="zero")
        return [g for g in found if g is not None], {**built.feeds(sample.operands), **weights}


def _run(fetches: list[Node], feeds: Mapping[Node, Any], jit: bool) -> list[Array]:
    """The values of tensors of one graph; none of none."""
    if not fetches:
        return []
    with Session(graph=fetches[0].graph, jit=jit) as session:
        found: list[Array] = session.run(fetches, feeds)
        return found


def check_compiled_gradients(operator: Operator) -> None:
    """First and second derivatives by machine code are those by the references, at one sample; GradientCheckError.

    So they are from arrays laid out otherwise, run again, and without the compiler's passes.
    """
    if operator.grad is None or not differentiable(operator):
        return
    for sample in [s for s in samples(operator) if all(x.size for x in s.operands) and _smooth_results(operator, s)][-1:]:
        report = repeated(_function(operator, sample), 2)
        if report.failed:
            raise GradientCheckError(told(report))
