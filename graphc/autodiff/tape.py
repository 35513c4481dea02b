"""`GradientTape`: derivatives along the operations that were made while it recorded, by what it watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from ..errors import FailedPreconditionError, GraphError
from ..ir import nest
from ..ir.graph import get_default_graph
from ..ir.node import Node, here, in_order, next_index, reached
from ..ir.types import TensorType, differentiable
from ..ops.array import concat, shape, zeros, zeros_like
from ..ops.state import Variable
from .gradients import check_unconnected, gradients, listed
from .products import batch_jacobian, jacobian

__all__ = ["GradientTape"]


class GradientTape:
    """Records the operations that are made inside its `with`, to differentiate along them by the tensors it watches.

    Trained variables that they take are watched from the start, unless `watch_accessed_variables=False`; other tensors by `watch`. A derivative by
    what is not watched, or along what was not recorded, is None. One derivative is taken of a tape, unless it is `persistent`. Derivatives are
    graph, which a session runs; so `gradient` may also be called inside, and is recorded by the tapes around.

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> tf.Session(jit=False).run(tape.gradient(y, x))
    np.float32(6.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self._persistent, self._accessed = persistent, watch_accessed_variables
        self._recording = self._used = False
        self._spans: list[tuple[float, float]] = []          # by the numbers of nodes, which count all that are made
        self._watched: dict[Node, float] = {}

    def __enter__(self) -> GradientTape:
        if self._recording:
            raise FailedPreconditionError(f"the GradientTape records already{here()}")
        self._start()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        if self._used:
            self._used, self._spans, self._watched = False, [], {}
        self._recording = True
        self._spans.append((next_index(), inf))

    def _stop(self) -> None:
        self._recording = False
        self._spans[-1] = (self._spans[-1][0], next_index())

    def watch(self, tensor: Any) -> None:
        """Watch a tensor, or all of a structure, in what is made from now on. GraphError: no tensor."""
        for x in nest.flatten(tensor):
            if not isinstance(x, Node):
                raise GraphError(f"GradientTape.watch: {x!r:.80} is not a tensor{here()}")
            self._watched.setdefault(x, next_index())

    def watched_variables(self) -> tuple[Any, ...]:
        """The trained variables that what was recorded takes, and those that `watch` was given, in the order of their first use."""
        found = {v: at for v, at in self._watched.items() if isinstance(v, Variable)}
        if self._accessed:
            for node in filter(self._recorded, get_default_graph().nodes):
                for v in node.inputs:
                    if isinstance(v, Variable) and v.trainable:
                        found[v] = min(found.get(v, inf), node.index)
        return tuple(sorted(found, key=found.__getitem__))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Leave what is made inside this `with` out. FailedPreconditionError: the tape does not record."""
        if not self._recording:
            raise FailedPreconditionError(f"the GradientTape does not record, which stop_recording would stop{here()}")
        self._stop()
        try:
            yield
        finally:
            if not self._used:
                self._start()

    def reset(self) -> None:
        """Forget what was recorded and watched. FailedPreconditionError: the tape does not record."""
        if not self._recording:
            raise FailedPreconditionError(f"the GradientTape does not record, which reset would begin anew{here()}")
        self._watched, self._spans = {}, [(next_index(), inf)]

    # ------------------------------------------------------------------ derivatives

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none") -> Any:
        """Derivatives of the sum of a tensor, or of all of a structure, by each of `sources`, in their structure; as `tf.gradients` gives them.

        `output_gradients`: what each element counts. FailedPreconditionError: the second of a tape that is not persistent. GraphError, ShapeError,
        GradientError: as of `tf.gradients`.
        """
        targets = [y for y in listed(nest.flatten(target)) if isinstance(y.type, TensorType) and differentiable(y.type.dtype)]
        given = None if output_gradients is None else nest.flatten(output_gradients)
        return self._by("gradient", targets, sources, unconnected_gradients,
                        lambda xs, stop: gradients(targets, xs, grad_ys=given, stop_gradients=stop))

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: str = "none", parallel_iterations: int | None = None,
                 experimental_use_pfor: bool = True) -> Any:
        """The derivative of every element of `target` by every element of each source, [shape of target, shape of source].

        Errors as of `gradient`.
        """
        targets = listed(target)
        return self._by("jacobian", targets, sources, unconnected_gradients,
                        lambda xs, stop: jacobian(targets[0], xs, unconnected_gradients="none", stop_gradients=stop))

    def batch_jacobian(self, target: Any, source: Any, unconnected_gradients: str = "none", parallel_iterations: int | None = None,
                       experimental_use_pfor: bool = True) -> Any:
        """The Jacobian of each row of `target` by the same row of `source`: `tf.batch_jacobian`. Errors as of `gradient`."""
        targets = listed(target)
        return self._by("batch_jacobian", targets, source, unconnected_gradients,
                        lambda xs, stop: [batch_jacobian(targets[0], xs[0], unconnected_gradients="none", stop_gradients=stop)])

    def _by(self, what: str, targets: Sequence[Node], sources: Any, unconnected: str, derive: Callable[[list[Node], list[Node]], Any]) -> Any:
        check_unconnected(f"GradientTape.{what}", unconnected, ("none", "zero"))
        if self._used:
            raise FailedPreconditionError(f"one gradient is taken of a GradientTape; GradientTape(persistent=True) gives several{here()}")
        xs = nest.flatten(sources)
        for x in xs:
            if not isinstance(x, Node):
                raise GraphError(f"GradientTape.{what}: {x!r:.80} is not a tensor to differentiate by{here()}")
        follow, stop = self._followed(targets)
        known = [x for x in dict.fromkeys(xs) if x in follow]
        ends = [y for y in targets if y in follow]
        found = dict(zip(known, derive(known, stop), strict=True)) if known and ends else {}
        if not self._persistent:
            self._used = True
            if self._recording:
                self._stop()
        if unconnected == "zero":
            found = {x: _nothing(what, targets, x) if found.get(x) is None else found[x] for x in xs}
        return nest.pack(sources, [found.get(x) for x in xs])

    def _followed(self, targets: Sequence[Node]) -> tuple[set[Node], list[Node]]:
        """What leads to the targets and the tape follows: what is watched, and what was made of it; and what it does not follow."""
        order = in_order(reached(targets, lambda n: list(n.inputs) if self._recorded(n) else []))
        follow: set[Node] = set()
        for n in order:
            if self._starts(n) or (self._recorded(n) and any(x in follow and self._watched.get(x, -inf) < n.index for x in n.inputs)):
                follow.add(n)
        return follow, [n for n in order if not self._recorded(n) or n not in follow]

    def _starts(self, node: Node) -> bool:
        return node in self._watched or (self._accessed and isinstance(node, Variable) and node.trainable)

    def _recorded(self, node: Node) -> bool:
        """Whether a node's operation was made while the tape recorded."""
        made = node.inputs[0].index if node.operator.family.picks else node.index
        return any(first < made < last for first, last in self._spans)


def _nothing(what: str, targets: Sequence[Node], x: Node) -> Node:
    """The derivative of targets by what they do not depend on."""
    if what == "gradient":
        return zeros_like(x)
    first, own = shape(targets[0]), shape(x)
    return zeros(concat([first, own if what == "jacobian" else own[1:]], 0), x.dtype)
