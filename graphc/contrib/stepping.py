"""Training steps of `contrib`: a loss whose run also takes a step, and what is done to gradients on the way, for `slim` and `contrib.training`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import summary
from ..errors import GraphError
from ..ir.collecting import GraphKeys
from ..ir.graph import get_default_graph, name_scope
from ..ir.node import Node, here
from ..ops.array import identity
from ..ops.debug import check_numerics as checked
from ..ops.math import cast, multiply
from ..ops.state import Variable
from ..train import clip_by_norm, get_or_create_global_step, global_norm
from ..train.optimizer import Optimizer
from ..variables import trainable_variables


class _Absent:
    """An argument that is not given, where None says something."""

    def __repr__(self) -> str:
        return "USE_DEFAULT"


ABSENT: Any = _Absent()
DEFAULT = 0             # of `global_step`: the graph's own, which counts the steps; None: nothing counts them
Pairs = Sequence[tuple[Any, Variable]]
Transform = Callable[[Pairs], Pairs]


def clip_gradient_norms(gradients_to_variables: Pairs, max_norm: float) -> list[tuple[Any, Variable]]:
    """Pairs of gradients and variables, each gradient by itself of a norm of at most `max_norm`. DTypeError: no numbers."""
    return [(g if g is None else clip_by_norm(g, max_norm), v) for g, v in gradients_to_variables]


def multiply_gradients(grads_and_vars: Pairs, gradient_multipliers: Mapping[Any, Any]) -> list[tuple[Any, Variable]]:
    """Pairs of gradients and variables, the gradients multiplied by what a dict has for the variable or its name. GraphError: an empty dict, or
    a variable without gradient."""
    if not isinstance(gradient_multipliers, Mapping) or not gradient_multipliers:
        raise GraphError(f"multiply_gradients takes a dict of factors, not {gradient_multipliers!r:.60}{here()}")
    found = []
    for g, v in grads_and_vars:
        factor = gradient_multipliers.get(v, gradient_multipliers.get(v.op.name))
        if factor is not None and g is None:
            raise GraphError(f"multiply_gradients: {v.op.name} has no gradient{here()}")
        found.append((g if factor is None else multiply(g, cast(factor, g.dtype) if isinstance(factor, Node) else factor), v))
    return found


def add_gradients_summaries(grads_and_vars: Pairs) -> list[Any]:
    """A histogram of each gradient, and its norm. DTypeError: no numbers."""
    found = []
    for g, v in grads_and_vars:
        if g is not None:
            found += [summary.histogram(f"{v.op.name}/gradient", g), summary.scalar(f"{v.op.name}/gradient_norm", global_norm([g]))]
    return found


def made_step(total_loss: Any, optimizer: Optimizer, global_step: Any, update_ops: Sequence[Any] | None, variables: Sequence[Variable] | None,
              transforms: Sequence[Transform], summarize_gradients: bool, check_numerics: bool) -> Node:
    """The loss as a tensor whose run also takes a step of training, after the operations of UPDATE_OPS (or those given)."""
    graph = get_default_graph()
    counter = get_or_create_global_step() if global_step is DEFAULT else global_step
    updates = [*(graph.get_collection(GraphKeys.UPDATE_OPS) if update_ops is None else update_ops)]
    with graph.control_dependencies(updates):
        loss = identity(total_loss)
    pairs: Any = optimizer.compute_gradients(loss, variables if variables is not None else trainable_variables())
    for transform in transforms:
        pairs = transform(pairs)
    if summarize_gradients:
        add_gradients_summaries(pairs)
    applied = optimizer.apply_gradients(pairs, global_step=counter)
    with name_scope("train_op"), graph.control_dependencies([applied, *updates]):
        made = checked(loss, "LossTensor is inf or nan") if check_numerics else identity(loss)
    graph.add_to_collection(GraphKeys.TRAIN_OP, made)
    return made
