"""Queues: elements that some runs hand over and others take, each in its turn; who finds none, or no room, waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, InvalidArgumentError, ShapeError
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, describe, dtype_of, here, saying
from ..ir.operator import to_node
from ..ir.types import TEXT, Array, TensorType, as_dtype, as_shape, compatible, shape_str
from ..ops.outside import arrival, departure
from ..runtime.resources import Resources
from .blocks import array_of
from .draws import Draws
from .store import AtRandom, ByRank, InOrder, Make, Store

__all__ = ["QueueBase", "FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "RandomShuffleQueue"]


class _Dequeue:
    """The source of `dequeue` (no count), `dequeue_many` and `dequeue_up_to`."""

    def __init__(self, queue: QueueBase, many: bool, fewer: bool):
        self.queue, self.many, self.fewer = queue, many, fewer

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        store = self.queue._store(kept)
        if not self.many:
            return store.take(1)[0]
        count = int(np.asarray(inputs[0]))
        if count < 0:
            raise InvalidArgumentError(f"{count} elements are wanted")
        return self.queue._joined(store.take(count, self.fewer))


class _Enqueue:
    """The sink of `enqueue` and `enqueue_many`; rows may be put in another order, and `asks`: only some of them, or none."""

    def __init__(self, queue: QueueBase, many: bool, draws: Draws | None = None, asks: bool = False):
        self.queue, self.many, self.draws, self.asks = queue, many, draws, asks

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        store = self.queue._store(kept)
        arrays = [*map(array_of, inputs)]
        if self.asks:               # the last operand says whether, or which rows
            keep = np.asarray(arrays.pop())
            if not keep.ndim and not keep:
                return
            if keep.ndim:
                arrays = [a[keep] for a in arrays]
        if not self.many:
            self.queue._check(arrays)
            store.put(arrays)
            return
        counts = {len(a) for a in arrays}
        if len(counts) != 1:
            raise InvalidArgumentError(f"components of {', '.join(map(str, sorted(counts)))} rows")
        rows: Any = range(counts.pop())
        if self.draws is not None:
            rows = kept.get(self, lambda: _Course(self.draws)).draw.permutation(len(rows))
        for i in rows:
            element = [a[i, ...] for a in arrays]
            self.queue._check(element)
            store.put(element)


class _Course:
    """The random numbers of a session for one queue."""

    def __init__(self, draws: Draws | None):
        assert draws is not None
        self.draw = draws.of_session()

    def close(self) -> None:
        pass


class _Size:
    def __init__(self, queue: QueueBase):
        self.queue = queue

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        return [np.array(len(self.queue._store(kept)), np.int32)]


class _IsClosed:
    def __init__(self, queue: QueueBase):
        self.queue = queue

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        return [np.array(self.queue._store(kept).closed)]


class _Close:
    def __init__(self, queue: QueueBase, cancel: bool):
        self.queue, self.cancel = queue, cancel

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        self.queue._store(kept).shut(self.cancel)


class QueueBase:
    """What all queues have in common. Each session has elements of its own; a run waits outside the session's lock, so that others go on.

    What a run enqueues it hands over when it is done; what it dequeues it has before it begins.
    """

    def __init__(self, dtypes: Any, shapes: Any, names: Any, shared_name: str | None, name: str, capacity: Any):
        kind = type(self).__name__
        self._dtypes = [dtype_of(kind, d) for d in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]
        with saying(kind):
            given = [None] * len(self._dtypes) if shapes is None else [as_shape(s) for s in _shapes_of(shapes, len(self._dtypes))]
        if len(given) != len(self._dtypes):
            raise GraphError(f"{kind}: {len(given)} shapes for {len(self._dtypes)} dtypes{here()}")
        self._shapes = given
        self._names = None if names is None else [names] if isinstance(names, str) else [*names]
        if self._names is not None and len(self._names) != len(self._dtypes):
            raise GraphError(f"{kind}: {len(self._names)} names for {len(self._dtypes)} dtypes{here()}")
        if isinstance(capacity, bool) or not hasattr(capacity, "__index__"):
            raise ArgumentError(f"{kind}: capacity is a whole number, not {capacity!r:.60}{here()}")
        self._capacity = int(capacity) if capacity >= 0 else 2**62
        self._graph = get_default_graph()
        self._name = self._graph.unique_name(name)
        self._key: Any = self if not shared_name else ("queue", shared_name)
        self._make: Make = lambda: InOrder(self._capacity)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r} of {', '.join(map(str, self._types()))}>"

    @property
    def name(self) -> str:
        """The queue's name in its graph."""
        return self._name

    @property
    def queue_ref(self) -> str:
        """What names the queue."""
        return self._name

    @property
    def dtypes(self) -> list[Any]:
        """The dtypes of an element's components."""
        return [*self._dtypes]

    @property
    def shapes(self) -> list[Any]:
        """The shapes of an element's components."""
        from ..ir.types import TensorShape
        return [TensorShape(s) for s in self._shapes]

    @property
    def names(self) -> list[str] | None:
        """The names of an element's components; None: they go by their order."""
        return self._names

    @staticmethod
    def from_list(index: int, queues: Sequence[QueueBase]) -> QueueBase:
        """The queue of that number, a Python one. GraphError: queues of several dtypes."""
        if not queues or any(q._dtypes != queues[0]._dtypes for q in queues):
            raise GraphError(f"QueueBase.from_list takes queues of the same dtypes{here()}")
        return queues[index]

    # ------------------------------------------------------------------ operations

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that appends an element when its run is done, and waits for room. CancelledError, when run: the queue is closed."""
        return self._enqueued("enqueue", vals, False, name, None)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that appends the rows of tensors, one after another. CancelledError, when run: the queue is closed."""
        return self._enqueued("enqueue_many", vals, True, name, None)

    def _enqueued(self, what: str, vals: Any, many: bool, name: str | None, draws: Draws | None, keep: Node | None = None) -> Operation:
        parts = self._parts(what, vals)
        nodes = [to_node(v, d if not isinstance(v, Node) else None) for v, d in zip(parts, self._dtypes, strict=True)]
        for n, t in zip(nodes, self._types(), strict=True):
            wanted = None if t.shape is None else (None, *t.shape) if many else t.shape
            if n.type.dtype != t.dtype:
                raise DTypeError(f"{type(self).__name__}.{what}: {describe(n)} for a component {t}{here()}")
            if not compatible(n.type.shape, wanted) or (many and n.type.shape == ()):
                raise ShapeError(f"{type(self).__name__}.{what}: {describe(n)} for {'rows' if many else 'a component'} {t}{here()}")
        asked = [] if keep is None else [keep]
        return departure(self._graph, _Enqueue(self, many, draws, bool(asked)), [*nodes, *asked], name or f"{self._name}_{what}")

    def dequeue(self, name: str | None = None) -> Any:
        """The next element, which a run waits for. OutOfRangeError, when run: the queue is closed and empty."""
        return self._packed(arrival(self._graph, _Dequeue(self, False, False), (), self._types(), name or f"{self._name}_Dequeue"))

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """The next `n` elements, side by side. OutOfRangeError, when run: the queue is closed and has not so many."""
        return self._many("dequeue_many", n, False, name)

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """The next `n` elements, side by side; of a closed queue those that there are. OutOfRangeError, when run: it is closed and empty."""
        return self._many("dequeue_up_to", n, True, name)

    def _many(self, what: str, n: Any, fewer: bool, name: str | None) -> Any:
        if any(s is None or (None in s and not self._pads) for s in self._shapes):
            raise ShapeError(f"{type(self).__name__}.{what} needs the shapes of all components, given when the queue is made{here()}")
        count = to_node(n)
        rows = int(n) if not isinstance(n, Node) and not fewer else None
        types = [TensorType(t.dtype, (rows, *(t.shape or ()))) for t in self._types()]
        return self._packed(arrival(self._graph, _Dequeue(self, True, fewer), (count,), types, name or f"{self._name}_{what}"))

    def size(self, name: str | None = None) -> Node:
        """How many elements the queue has when the run begins, int32."""
        return arrival(self._graph, _Size(self), (), [TensorType(np.dtype(np.int32), ())], name or f"{self._name}_Size")[0]

    def is_closed(self, name: str | None = None) -> Node:
        """Whether the queue is closed when the run begins."""
        return arrival(self._graph, _IsClosed(self), (), [TensorType(np.dtype(np.bool_), ())], name or f"{self._name}_is_closed")[0]

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An operation that closes the queue: nothing is appended any more, what is there can be taken."""
        return departure(self._graph, _Close(self, bool(cancel_pending_enqueues)), (), name or f"{self._name}_Close")

    # ------------------------------------------------------------------ inside

    _pads = False

    def _types(self) -> list[TensorType]:
        return [TensorType(d.dtype, s) for d, s in zip(self._dtypes, self._shapes, strict=True)]

    def _store(self, kept: Resources) -> Store:
        found: Store = kept.get(self._key, self._make)
        return found

    def _parts(self, what: str, vals: Any) -> list[Any]:
        if self._names is not None:
            if not isinstance(vals, Mapping) or sorted(vals) != sorted(self._names):
                raise GraphError(f"{type(self).__name__}.{what} takes a dict of {', '.join(self._names)}, not {vals!r:.80}{here()}")
            return [vals[name] for name in self._names]
        parts = [*vals] if isinstance(vals, (list, tuple)) and (len(self._dtypes) > 1 or len(vals) == 1) else [vals]
        if len(parts) != len(self._dtypes):
            raise GraphError(f"{type(self).__name__}.{what}: {len(parts)} tensors for {len(self._dtypes)} components{here()}")
        return parts

    def _packed(self, nodes: list[Node]) -> Any:
        if self._names is not None:
            return dict(zip(self._names, nodes, strict=True))
        return nodes[0] if len(nodes) == 1 else nodes

    def _check(self, element: Sequence[Array]) -> None:
        for a, t in zip(element, self._types(), strict=True):
            if not compatible(t.shape, a.shape):
                raise InvalidArgumentError(f"an element of shape {shape_str(a.shape)} for a component {t}")

    def _joined(self, elements: Sequence[Sequence[Array]]) -> list[Array]:
        if not elements:
            return [np.empty((0, *(0 if d is None else d for d in t.shape or ())), t.dtype) for t in self._types()]
        return [np.stack(parts) for parts in zip(*elements, strict=True)]


def _shapes_of(shapes: Any, count: int) -> list[Any]:
    """A list of shapes; for one component a shape may stand by itself."""
    if not isinstance(shapes, (list, tuple)):
        return [shapes]
    if count == 1 and not any(isinstance(s, (list, tuple)) or hasattr(s, "as_list") or s is None for s in shapes):
        return [shapes]
    return [*shapes]


class FIFOQueue(QueueBase):
    """A queue that gives elements in the order in which they came.

    `capacity`: how many it holds; `dtypes`, `shapes`: of each component (None: any); `names`: elements are dicts.
    ArgumentError, DTypeError, ShapeError, GraphError: no such queue.

    >>> queue = tf.FIFOQueue(10, tf.float32)
    >>> fill, x = queue.enqueue_many([[1.0, 2.0]]), queue.dequeue()
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run(fill)
    ...     print(sess.run(x), sess.run(x))
    1.0 2.0
    """

    def __init__(self, capacity: Any, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None, name: str = "fifo_queue"):
        super().__init__(dtypes, shapes, names, shared_name, name, capacity)


class RandomShuffleQueue(QueueBase):
    """A queue that gives any of its elements; `min_after_dequeue` stay behind until it is closed. A seed makes the order the same each time.

    ArgumentError, DTypeError, ShapeError, GraphError: no such queue.
    """

    def __init__(self, capacity: Any, min_after_dequeue: Any, dtypes: Any, shapes: Any = None, names: Any = None, seed: int | None = None,
                 shared_name: str | None = None, name: str = "random_shuffle_queue"):
        super().__init__(dtypes, shapes, names, shared_name, name, capacity)
        if not 0 <= min_after_dequeue < self._capacity:
            raise ArgumentError(f"RandomShuffleQueue: {min_after_dequeue} elements cannot stay behind in a queue of {self._capacity}{here()}")
        draws = Draws("RandomShuffleQueue", seed)
        self._make = lambda: AtRandom(self._capacity, int(min_after_dequeue), draws.of_session())


class PaddingFIFOQueue(QueueBase):
    """A queue in order whose elements may be of several sizes: `dequeue_many` pads open dimensions with zeros, or empty texts, to the largest.

    `shapes`: of each component, open dimensions None. ArgumentError, DTypeError, ShapeError, GraphError: no such queue.
    """

    _pads = True

    def __init__(self, capacity: Any, dtypes: Any, shapes: Any, names: Any = None, shared_name: str | None = None, name: str = "padding_fifo_queue"):
        super().__init__(dtypes, shapes, names, shared_name, name, capacity)
        if any(s is None for s in self._shapes):
            raise ShapeError(f"PaddingFIFOQueue: the rank of each component is to be given{here()}")

    def _joined(self, elements: Sequence[Sequence[Array]]) -> list[Array]:
        if not elements:
            return super()._joined(elements)
        out = []
        for parts, t in zip(zip(*elements, strict=True), self._types(), strict=True):
            sizes = [max(p.shape[i] for p in parts) for i in range(parts[0].ndim)]
            whole = np.full((len(parts), *sizes), b"" if t.dtype == TEXT else 0, t.dtype)
            for i, p in enumerate(parts):
                whole[tuple([slice(i, i + 1), *(slice(0, n) for n in p.shape)])] = p
            out.append(whole)
        return out


class PriorityQueue(QueueBase):
    """A queue that gives the element of least priority first: an int64 that stands before the others of `types`, in and out.

    ArgumentError, DTypeError, ShapeError, GraphError: no such queue.
    """

    def __init__(self, capacity: Any, types: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None,
                 name: str = "priority_queue"):
        kinds = [*types] if isinstance(types, (list, tuple)) else [types]
        given = None if shapes is None else [(), *_shapes_of(shapes, len(kinds))]
        super().__init__([as_dtype(np.int64), *kinds], given, names, shared_name, name, capacity)
        self._make = lambda: ByRank(self._capacity)
