"""Why a network does not learn: dead and saturated units, and the size of the gradient in each layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..autodiff.control import over_iterations
from ..autodiff.gradients import gradients
from ..compiler.groups import viewed
from ..errors import GradientError
from ..ir.body import bodies, everywhere
from ..ir.node import Node, describe, here, loc_str
from ..ops.state import READS, Variable, closure

DEAD = 0.5              # of the units of a layer that give zero for the whole batch: from there on a verdict
SATURATED = 0.5         # of the outputs within TAIL of an end of their range
TAIL = 0.01
VANISHING = 1e-3        # the first layer's gradient norm over the last one's, below which gradients vanish
EXPLODING = 1e3         # ... and above which they explode

# Activations: the ends of their range (None: no end), and where a unit counts as dead.
_ENDS: dict[str, tuple[float | None, float | None]] = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0), "relu6": (None, 6.0)}
_CUT = ("relu", "relu6")


class Layer(NamedTuple):
    """One trainable variable or activation. Norms are Euclidean; fractions are of the batch just run; None: does not apply.

    An activation in a loop's body has a row for each iteration, and is dead or saturated over all of them; its gradient is not taken.
    """

    name: str
    kind: str                           # "weights" or the activation's operator
    line: str
    shape: tuple[int, ...]
    dead: float | None                  # units that are zero for every example
    saturated: float | None             # outputs within TAIL of an end of their range
    gradient_norm: float | None         # of the loss with respect to it; None: no path
    norm: float                         # of the weights, or of the outputs


@dataclass
class Diagnosis:
    """What `diagnose` found: `layers` in the order of the forward pass, and what they say. `print` it.

    `left_out`: a sentence for each activation in the body of a loop or branch that was not looked at, and why.
    """

    loss: float
    layers: list[Layer]
    left_out: list[str] = field(default_factory=list)

    @property
    def weights(self) -> list[Layer]:
        """Matrices and higher: one a layer."""
        return [layer for layer in self.layers if layer.kind == "weights" and len(layer.shape) > 1]

    @property
    def ratio(self) -> float | None:
        """The gradient norm of the first layer's weights over that of the last's; None with fewer than two layers."""
        norms = [layer.gradient_norm for layer in self.weights if layer.gradient_norm is not None]
        if len(norms) < 2:
            return None
        return math.inf if norms[-1] == 0 and norms[0] else norms[0] / norms[-1] if norms[-1] else 1.0

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each thing that is wrong; empty if nothing is."""
        out = []
        if not math.isfinite(self.loss) or any(layer.gradient_norm is not None and not math.isfinite(layer.gradient_norm) for layer in self.layers):
            out.append("the loss or a gradient is not finite: run with check_numerics=True to find the operation")
        if self.ratio is not None and self.ratio < VANISHING:
            out.append(f"gradients vanish: the first layer's is {self.ratio:.1e} of the last one's (less than {VANISHING:g})")
        if self.ratio is not None and self.ratio > EXPLODING:
            out.append(f"gradients explode: the first layer's is {self.ratio:.1e} times the last one's (more than {EXPLODING:g})")
        out += self._larger()
        for layer in self.layers:
            if layer.dead is not None and layer.dead >= DEAD:
                out.append(f"{layer.name} ({layer.line}): {layer.dead:.0%} of its units are zero for the whole batch; they do not learn")
            if layer.saturated is not None and layer.saturated >= SATURATED:
                out.append(f"{layer.name} ({layer.line}): {layer.saturated:.0%} of its outputs are saturated; little gradient passes")
        return out

    def _larger(self) -> list[str]:
        """Of layers that explode together no one is larger than the others: each is than the weights, which a step would replace by itself."""
        finite = [(w.gradient_norm / w.norm, w) for w in self.weights if w.gradient_norm is not None and math.isfinite(w.gradient_norm) and w.norm]
        times, worst = max(finite, key=lambda pair: pair[0], default=(0.0, None))
        if worst is None or times <= EXPLODING:
            return []
        return [f"gradients explode: that of {worst.name} ({worst.line}) is {times:.1e} times as large as the weights (more than {EXPLODING:g})"]

    def __str__(self) -> str:
        rows = [f"{'':40} {'shape':>14} {'dead':>6} {'saturated':>9} {'gradient':>10} {'norm':>10}"]
        for x in self.layers:
            name = f"{x.name} ({x.kind})"
            rows.append(f"{name if len(name) <= 40 else name[:37] + '...':40} {str(list(x.shape)):>14} {_share(x.dead):>6} {_share(x.saturated):>9} "
                        f"{'-' if x.gradient_norm is None else format(x.gradient_norm, '.2e'):>10} {x.norm:10.2e}  {x.line}")
        left = [f"left out: {sentence}" for sentence in self.left_out]
        return "\n".join([f"loss {self.loss:g}", *rows, *left, *(self.verdicts or ["nothing wrong is seen"])])


def _share(x: float | None) -> str:
    return "-" if x is None else f"{x:.0%}"


def diagnose(loss: Any, sess: Any, feed: Mapping[Any, Any] | None = None) -> Diagnosis:
    """Run the loss and its gradients once for `feed`, and look at every trainable variable and activation on the way. Nothing is updated.

    Of an activation in a loop's body the values of all iterations come from a second run of the loop. The gradients, and these loops, are
    added to the graph the first time and used again. GradientError: no trainable variable leads to the loss.
    """
    node = sess.graph.as_node(loss)
    order = closure([node])
    variables = [n for n in order if isinstance(n, Variable) and n.trainable]
    activations = _activations(order)
    if not variables:
        raise GradientError(f"diagnose: no trainable variable leads to {describe(node)}{here()}")
    watched = [*variables, *activations]
    found = _gradients(node, watched)
    present = [g for g in found if g is not None]
    inside, left_out = _inside(node, order)
    value, held, slopes, rows = sess.run([node, watched, present, [over for _, _, over in inside]], feed)
    slope = iter(slopes)
    layers = [_layer(n, np.asarray(v), None if g is None else np.asarray(next(slope))) for n, v, g in zip(watched, held, found, strict=True)]
    layers += [_layer(n, np.asarray(v), None) for (_, n, _), v in zip(inside, rows, strict=True)]
    places = [_first_use(n, order) for n in (*watched, *(loop for loop, _, _ in inside))]
    ranked = sorted(range(len(layers)), key=places.__getitem__)
    return Diagnosis(float(np.asarray(value).sum()), [layers[i] for i in ranked], left_out)


def _activations(nodes: Sequence[Node]) -> list[Node]:
    return [n for n in nodes if n.operator.name in {*_ENDS, *_CUT} and viewed(n) is None]


def _inside(loss: Node, order: Sequence[Node]) -> tuple[list[tuple[Node, Node, Node]], list[str]]:
    """(loop, activation in its body, its values in all iterations), and sentences on the activations of bodies that are left out."""
    wanted, why = list[tuple[Node, list[Node]]](), dict[Node, str]()
    for n in order:
        for body in bodies(n):
            own = _activations(body.order)
            why.update(dict.fromkeys(_activations(everywhere(body.order)), f"it is in a body within that of {n.label}"))
            if n.operator.name == "loop" and body is n.attrs["body"]:
                wanted += [(n, own)] if own else []
            else:
                condition = n.operator.name == "loop"
                why.update(dict.fromkeys(own, f"it is in the condition of {n.label}, through which no gradient passes" if condition else
                                         f"it is in a branch of {n.label}, which may not run"))
    made = loss.graph.get_collection_ref(f"graphc_diagnose_inside/{loss.name}")         # as `_gradients` keeps them
    known = {x.inputs[0].attrs["body"].results[x.attrs["index"] - 1]: x for x in made}
    found = list[tuple[Node, Node, Node]]()
    for loop, own in wanted:
        if not all(x in known for x in own):
            with loss.graph.as_default():
                over = over_iterations(loop, own)
            why.update((x, seen) for x, seen in over.items() if isinstance(seen, str))
            known.update((x, seen) for x, seen in over.items() if isinstance(seen, Node))
        found += [(loop, x, known[x]) for x in own if x in known]
    made[:] = [over for _, _, over in found]
    looked = {x for _, x, _ in found}
    return found, [f"{x.label} ({'' if x.loc is None else loc_str(x.loc)}): {reason}" for x, reason in why.items() if x not in looked]


def _first_use(n: Node, order: Sequence[Node]) -> int:
    """Where in the forward pass a node stands: a variable where its value is first used."""
    if not isinstance(n, Variable):
        return n.index
    values = {n, *(x for x in order if x.operator.name in READS and n in x.inputs)}
    return min((x.index for x in order if x not in values and not values.isdisjoint(x.inputs)), default=n.index)


def _gradients(loss: Node, watched: Sequence[Node]) -> list[Node | None]:
    """The gradients, made once a loss: a diagnosis every epoch does not grow the graph."""
    made = loss.graph.get_collection_ref(f"graphc_diagnose/{loss.name}")     # a collection, so that it is saved with the graph
    if made[:len(watched)] != list(watched) or len(made) != 2 * len(watched):     # a graph saved in part has not all of them
        made[:] = [*watched, *gradients(loss, list(watched), name="diagnose")]
    return made[len(watched):]


def _layer(n: Node, value: Any, slope: Any) -> Layer:
    kind = "weights" if isinstance(n, Variable) else n.operator.name
    units = value.reshape(-1, value.shape[-1]) if value.ndim and value.size else None
    dead = float((units == 0).all(axis=0).mean()) if kind in _CUT and units is not None else None
    saturated = None
    if kind in _ENDS and value.size:
        low, high = _ENDS[kind]
        reach = (high or 0.0) - (low or 0.0)
        at_end = np.zeros(value.shape, bool)
        for end in (low, high):
            if end is not None:
                at_end |= np.abs(value - end) <= TAIL * reach
        saturated = float(at_end.mean())
    line = "" if n.loc is None else loc_str(n.loc)
    return Layer(n.label, kind, line, tuple(value.shape), dead, saturated, None if slope is None else _norm(slope), _norm(value))


def _norm(array: Any) -> float:
    return float(np.linalg.norm(array.astype(np.float64)))
