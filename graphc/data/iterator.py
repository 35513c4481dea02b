"""Iterators: a place in a dataset that a session keeps, and the tensors that take the next element from there."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import CancelledError, FailedPreconditionError, GraphError, InvalidArgumentError, OutOfRangeError
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, describe, here
from ..ir.operator import to_node
from ..ir.types import TEXT, Array, TensorType, compatible
from ..ops.outside import arrival, departure
from ..runtime.resources import Resources
from .blocks import Stream
from .function import same_always
from .run import Run, values_of
from .structure import Structure, Structured, declared, joined, said, tighter

_serial = itertools.count()


class Dataset(Protocol):
    """What an iterator asks of a dataset: the types of its elements, the tensors that it depends on, and a stream from its beginning."""

    _structure: Structure
    _needs: list[Node]
    _begin: Callable[[Run], Stream]


class Place:
    """How far a session has come in a dataset."""

    def __init__(self, dataset: Dataset, run: Run):
        self.structure = dataset._structure
        self.dataset, self.run, self.given = dataset, run, dict(run.values)
        self.taken = 0                      # elements that were given
        self.stream: Stream | None = dataset._begin(run)
        self.rows: Any = iter(())           # of the block that is now taken apart
        self.lock = threading.Lock()

    def next(self) -> Sequence[Array]:
        """The next element. OutOfRangeError: there is none."""
        with self.lock:
            self.taken += 1
            for row in self.rows:
                return row
            while self.stream is not None:
                block = next(self.stream, None)
                if block is None:
                    self.taken -= 1
                    raise OutOfRangeError("end of the dataset")
                self.rows = block.rows()
                for row in self.rows:
                    return row
            raise CancelledError("the session is closed")

    def pass_over(self, count: int) -> None:
        """Take so many elements, or all if they are fewer, and give none."""
        with self.lock:
            self.taken = count
            while count > 0 and self.stream is not None:
                block = next(self.stream, None)
                if block is None:
                    return
                if block.n > count:
                    self.rows = block.cut(count, block.n).rows()
                count -= block.n

    def close(self) -> None:
        stream, self.stream, self.rows = self.stream, None, iter(())
        close = getattr(stream, "close", None)
        try:
            if close is not None:
                close()
        except ValueError:          # a generator that another thread is in: it ends there
            pass


class _Next:
    """The source of `get_next`."""

    def __init__(self, iterator: Iterator):
        self.iterator = iterator

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Array]:
        iterator = self.iterator
        if inputs:
            handle = np.asarray(inputs[0]).reshape(-1)[0]
            iterator = kept.find(("handle", handle))
            if iterator is None:
                raise InvalidArgumentError(f"{handle!r:.80} is the handle of no iterator of this session")
            iterator = iterator.iterator
            _check(self.iterator._structure, iterator._structure)
        return iterator._place(kept).next()


def _check(wanted: Structure, given: Structure) -> None:
    fits = len(wanted.types) == len(given.types) and all(
        w.dtype == g.dtype and compatible(w.shape, g.shape) for w, g in zip(wanted.types, given.types, strict=True))
    if not fits:
        raise InvalidArgumentError(f"the handle is of an iterator of {said(given)}, not of {said(wanted)}")


class _Begin:
    """The sink of an initialiser: it takes the values of all that the dataset depends on."""

    def __init__(self, iterator: Iterator, dataset: Dataset, needs: Sequence[Node]):
        self.iterator, self.dataset, self.needs = iterator, dataset, needs

    def take(self, kept: Resources, inputs: Sequence[Any]) -> None:
        kept.put(self.iterator, Place(self.dataset, Run(values_of(self.needs, inputs), kept)))


class _Handle:
    """The source of `string_handle`, and what a session keeps by it."""

    def __init__(self, iterator: Iterator):
        self.iterator = iterator

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> list[Array]:
        kept.get(("handle", self.iterator._handle), lambda: self)
        return [np.array(self.iterator._handle, TEXT)]

    def close(self) -> None:
        pass


class Iterator(Structured):
    """A place in a dataset, of which each session has its own. `get_next` gives the tensors of the next element.

    >>> iterator = tf.data.Dataset.from_tensor_slices([1.0, 2.0]).make_initializable_iterator()
    >>> element = iterator.get_next()
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run(iterator.initializer)
    ...     print(sess.run(element + 1), sess.run(element + 1))
    2.0 3.0
    """

    def __init__(self, structure: Structure, dataset: Dataset | None = None, name: str | None = None):
        self._structure, self._dataset = structure, dataset
        self._graph = get_default_graph()
        self._name = name or "IteratorV2"
        self.datasets: list[Dataset] = [] if dataset is None else [dataset]         # in which it may have a place
        others = [i.told_name for i in iterators_of()]
        self.told_name: str = next(n for k in itertools.count() if (n := f"{self._name}_{k}" if k else self._name) not in others)
        self._graph.add_to_collection("iterators", self)
        self._handle = f"{self._name}_{next(_serial)}".encode()
        self._initializer: Operation | None = None
        self._by: Node | None = None
        self._handle_node: Node | None = None

    @property
    def initializer(self) -> Operation:
        """The operation that begins the dataset, or begins it again. GraphError: the iterator has none."""
        if self._initializer is None:
            raise GraphError(f"this iterator has no initializer; make_initializable_iterator makes one that has, and make_initializer{here()}")
        return self._initializer

    def get_next(self, name: str | None = None) -> Any:
        """The next element's tensors. All of one call have one element a run; each call that a run needs takes an element of its own.

        OutOfRangeError, when run, at the end: the run has changed nothing. FailedPreconditionError: the iterator is not initialised.
        """
        inputs = () if self._by is None else (self._by,)
        return self._structure.pack(arrival(self._graph, _Next(self), inputs, self._structure.types, name or "IteratorGetNext"))

    def source(self) -> _Next:
        """What brings the next element's components."""
        return _Next(self)

    def string_handle(self, name: str | None = None) -> Node:
        """A text that stands for the iterator: what is fed to an iterator made by `from_string_handle`."""
        if self._handle_node is None:
            self._handle_node = arrival(self._graph, _Handle(self), (), [TensorType(TEXT, ())], name or "IteratorToStringHandle")[0]
        return self._handle_node

    def make_initializer(self, dataset: Dataset, name: str | None = None) -> Operation:
        """An operation that begins a dataset here. GraphError: its elements are not of the iterator's types."""
        if not hasattr(dataset, "_begin"):
            raise GraphError(f"make_initializer takes a dataset, not {dataset!r:.60}{here()}")
        fits = joined("make_initializer", self._structure, dataset._structure, tighter)
        if not all(compatible(a.shape, b.shape) for a, b in zip(fits.types, dataset._structure.types, strict=True)):
            raise GraphError(f"make_initializer: elements of {said(dataset._structure)} for an iterator of {said(self._structure)}{here()}")
        needs = dataset._needs
        self.datasets.append(dataset)
        return departure(self._graph, _Begin(self, dataset, needs), [to_node(n) for n in needs], name or "MakeIterator")

    @staticmethod
    def from_structure(output_types: Any, output_shapes: Any = None, shared_name: str | None = None, output_classes: Any = None) -> Iterator:
        """An iterator for datasets of these types and shapes (None: any), each begun by an operation of `make_initializer`."""
        return Iterator(declared("from_structure", output_types, output_shapes, output_classes), name=shared_name)

    @staticmethod
    def from_string_handle(string_handle: Any, output_types: Any, output_shapes: Any = None, output_classes: Any = None) -> Iterator:
        """An iterator that is, in each run, the one whose `string_handle()` is fed: a text, most often of a placeholder."""
        handle = to_node(string_handle)
        if handle.type.dtype != TEXT or not compatible(handle.type.shape, ()):
            raise GraphError(f"from_string_handle takes a scalar of dtype string, not {describe(handle)}{here()}")
        made = Iterator(declared("from_string_handle", output_types, output_shapes, output_classes))
        made._by = handle
        return made

    def _place(self, kept: Resources) -> Place:
        """The place of a session, which it begins with if it needs no initialisation."""
        found: Place | None = kept.find(self)
        if found is None:
            if self._dataset is None:
                raise FailedPreconditionError("the iterator is not initialised: run its initializer first")
            dataset = self._dataset
            found = kept.get(self, lambda: Place(dataset, Run({}, kept)))
        return found


def iterators_of() -> list[Iterator]:
    """Those of the default graph."""
    return [i for i in get_default_graph().get_collection("iterators") if isinstance(i, Iterator)]


def _structured(what: str, value: Any) -> Structured:
    if not isinstance(value, Structured):
        raise GraphError(f"{what} takes a dataset or an iterator, not {value!r:.60}{here()}")
    return value


def get_output_types(dataset_or_iterator: Any) -> Any:
    """The dtypes of an element's components, nested as it is. GraphError: no dataset and no iterator."""
    return _structured("get_output_types", dataset_or_iterator).output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:
    """The shapes of an element's components, nested as it is. GraphError: no dataset and no iterator."""
    return _structured("get_output_shapes", dataset_or_iterator).output_shapes


def get_output_classes(dataset_or_iterator: Any) -> Any:
    """The classes of an element's components, nested as it is. GraphError: no dataset and no iterator."""
    return _structured("get_output_classes", dataset_or_iterator).output_classes


def make_one_shot_iterator(dataset: Any) -> Iterator:
    """An iterator that begins by itself. GraphError: no dataset, or one that depends on a placeholder or a variable."""
    return one_shot(_begins("make_one_shot_iterator", dataset))


def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """An iterator with an `initializer`, which may be fed what the dataset depends on. GraphError: no dataset."""
    return initializable(_begins("make_initializable_iterator", dataset), shared_name)


def _begins(what: str, dataset: Any) -> Dataset:
    if not hasattr(dataset, "_begin"):
        raise GraphError(f"{what} takes a dataset, not {dataset!r:.60}{here()}")
    return dataset


def one_shot(dataset: Dataset) -> Iterator:
    """An iterator that begins by itself. GraphError: the dataset depends on a placeholder or a variable."""
    node = next((n for n in dataset._needs if not same_always(n)), None)
    if node is not None:
        raise GraphError(f"make_one_shot_iterator: {dataset!r} depends on {describe(node)}, whose value is known when something runs; "
                         f"make_initializable_iterator() has an initializer, which can be fed{here()}")
    return Iterator(dataset._structure, dataset)


def initializable(dataset: Dataset, name: str | None = None) -> Iterator:
    """An iterator with an initializer."""
    made = Iterator(dataset._structure, name=name)
    made._initializer = made.make_initializer(dataset)
    return made


__all__ = ["Iterator", "get_output_classes", "get_output_shapes", "get_output_types", "make_initializable_iterator", "make_one_shot_iterator"]
