"""Datasets: elements in an order, described while the graph is built and made when an iterator asks for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphError
from ..ir.node import Node, caller, here, loc_str
from ..ir.operator import to_node
from ..ir.types import TEXT, Array, TensorType, compatible
from ..ops.sparse_tensor import sparse
from . import cardinality, kept_file, sources, stages, windows
from .abreast import Abreast
from .ahead import Ahead
from .arguments import PaddedShape, arguments_of, at_once, batch_rows, padding, size_of
from .blocks import Held, Stream, one, rows_of
from .draws import Draws
from .function import Function
from .given import Given
from .iterator import Iterator, initializable, one_shot
from .options import Options
from .run import Run
from .sparse_rows import batched_rows, cut, joining, row_slices, stacked
from .structure import Inner, Structure, Structured, along, declared, flatten, joined, looser, moved, over, said

Begin = Callable[[Run], Stream]


class Dataset(Structured):
    """Elements, each a tensor or a tuple or dict of them. Its methods give other datasets; an iterator's `get_next` gives an element a run.

    `TFRecordDataset`, `TextLineDataset` and others begin with files. Functions given to `map`, `filter`, `flat_map` and `interleave` are traced
    to graphs of their own, once, and compiled. Shuffling draws from the seeds; `prefetch` runs ahead in a thread.

    >>> data = tf.data.Dataset.range(5).map(lambda i: i * i).batch(2)
    >>> element = data.make_one_shot_iterator().get_next()
    >>> with tf.Session(jit=False) as sess:
    ...     print(sess.run(element), sess.run(element), sess.run(element))
    [0 1] [4 9] [16]
    """

    _silent = _in_order = False         # of one that begins elsewhere, or by a class below
    _options: Options | None = None

    def __init__(self, structure: Structure, begin: Begin, inputs: Sequence[Dataset] = (), needs: Iterable[Node] = (),
                 functions: Sequence[Function] = (), silent: bool | None = None, count: cardinality.Count = cardinality.unknown):
        self._structure, self._begin, self._count = structure, begin, count
        self._loc = caller()
        # Whether nobody sees when its elements are made, and whether they are to be made one after another.
        self._silent = all(d._silent for d in inputs) and all(f.silent for f in functions) if silent is None else silent
        self._in_order = any(d._in_order for d in inputs) or any(f.in_order for f in functions)
        said_of = [d._options for d in inputs if d._options is not None]
        self._options = reduce(lambda a, b: a.merge(b), said_of) if said_of else None
        self._needs: list[Node] = list(dict.fromkeys([*(n for d in inputs for n in d._needs), *needs]))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {said(self._structure)} ({loc_str(self._loc)})>"

    def __iter__(self) -> Any:
        raise GraphError(f"{self!r} has elements when its graph runs: make_one_shot_iterator().get_next(), and session.run in a loop{here()}")

    # ------------------------------------------------------------------ sources

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element: the tensors."""
        given = Given("from_tensors", tensors)
        return Dataset(given.structure, lambda run: sources.single(given.values(run)), (), given.needs, count=cardinality.always(1))

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """The rows of tensors or arrays, which are copied. ShapeError: a scalar, or not as many rows each (InvalidArgumentError if a run sees it)."""
        given = Given("from_tensor_slices", tensors)
        rows = given.rows()
        begin = partial(row_slices, structure=given.structure) if given.structure.wholes else sources.slices
        return Dataset(rows, lambda run: begin(given.values(run)), (), given.needs,
                       count=lambda run: cardinality.rows(given.values(run), given.structure.wholes))

    @staticmethod
    def from_sparse_tensor_slices(sparse_tensor: Any) -> Dataset:
        """The rows of a sparse tensor, each a tuple of places, values and shape. DTypeError: no sparse tensor."""
        made = Dataset.from_tensor_slices(sparse(sparse_tensor, "from_sparse_tensor_slices"))
        return Dataset(Structure((0, 1, 2), made._structure.types), made._begin, [made], count=made._count)

    @staticmethod
    def from_generator(generator: Callable[..., Iterable[Any]], output_types: Any, output_shapes: Any = None, args: Any = None) -> Dataset:
        """What a Python generator gives: `generator(*args)` is called for each pass. An element of another type: InvalidArgumentError."""
        if not callable(generator):
            raise GraphError(f"from_generator takes a function that gives an iterator, not {generator!r:.60}{here()}")
        structure = declared("from_generator", output_types, output_shapes)
        given = [to_node(a) for a in args or ()]
        about = f"the generator {getattr(generator, '__name__', generator)} of from_generator ({loc_str(caller())})"
        return Dataset(structure, lambda run: sources.generated(lambda: generator(*map(run.value, given)), structure, about), (), given, silent=False)

    @staticmethod
    def range(*args: Any) -> Dataset:
        """The int64 numbers of Python's `range(*args)`, of numbers or tensors."""
        if not 1 <= len(args) <= 3:
            raise ArgumentError(f"Dataset.range takes a stop, or start, stop and step: {len(args)} given{here()}")
        start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
        numbers, needs = arguments_of("Dataset.range", (("start", start), ("stop", stop), ("step", step)))
        return Dataset(Structure(0, (TensorType(np.dtype(np.int64), ()),)), lambda run: sources.counted(*(n(run) for n in numbers)), (), needs,
                       count=lambda run: cardinality.counted(*(n(run) for n in numbers)))

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = True, seed: Any = None) -> Dataset:
        """The names of files that match a pattern, or one of several; shuffled, or sorted. NotFoundError, when run: there are none."""
        names = to_node(file_pattern)
        made = Dataset(_TEXTS, lambda run: sources.matching(run.value(names)), (), [names], silent=False,
                       count=lambda run: sum(b.n for b in sources.matching(run.value(names))))
        return made.shuffle(1 << 20, seed) if shuffle is None or shuffle else made

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements of several datasets side by side, nested as the datasets are; it ends with the shortest."""
        form, members = flatten(datasets)
        wrong = next((d for d in members if not isinstance(d, Dataset)), None)
        if wrong is not None or not members:
            raise GraphError(f"Dataset.zip takes a tuple or dict of datasets, not {datasets!r:.80}{here()}")
        starts = np.cumsum([0, *(len(d._structure.types) for d in members)]).tolist()
        shifted = [moved(d._structure.form, at) for d, at in zip(members, starts, strict=False)]
        structure = Structure(over(lambda i: shifted[i], form), tuple(t for d in members for t in d._structure.types))
        return Dataset(structure, lambda run: stages.side_by_side([d._begin(run) for d in members]), members,
                       count=lambda run: cardinality.side_by_side([d._count(run) for d in members]))

    # ------------------------------------------------------------------ stages

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None, output_buffer_size: Any = None, num_threads: Any = None) -> Dataset:
        """A function of each element; it is called once, with tensors, and compiled.

        `num_parallel_calls`: of so many elements at once (-1: as many as there are cores), in order all the same; but for a function that draws
        random numbers, assigns or prints, whose order would show. `num_threads` is its older name; `output_buffer_size` of that time says
        nothing here: datasets run ahead of the session.
        """
        if num_parallel_calls is None:
            num_parallel_calls = num_threads
        f = Function("Dataset.map", map_func, self._structure, caller())
        structure = f.returns(f.result)
        count, needs = at_once("Dataset.map", "num_parallel_calls", num_parallel_calls)

        def begin(run: Run) -> Stream:
            threads = 1 if f.in_order else count(run)
            stream = self._begin(run)
            if threads == 1:
                return stages.Mapped(stream, f.running(run))
            return Abreast(stream, lambda i: f.running(run, (run.lane, i)), threads, f.calls_python)
        return Dataset(structure, begin, [self], [*f.captured, *needs], [f], count=self._count)

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which a function of them is true."""
        f = _predicate("Dataset.filter", predicate, self)
        return Dataset(self._structure, lambda run: stages.Filtered(self._begin(run), f.running(run)), [self],
                       f.captured, [f])

    def flat_map(self, map_func: Callable[..., Dataset]) -> Dataset:
        """The elements of the dataset that a function makes of each element, one dataset after another."""
        return self._interleaved("Dataset.flat_map", map_func, 1, 1)

    def interleave(self, map_func: Callable[..., Dataset], cycle_length: Any = 1, block_length: Any = 1, num_parallel_calls: Any = None) -> Dataset:
        """The elements of the datasets that a function makes of each element: of `cycle_length` datasets in turn, `block_length` of each.

        `num_parallel_calls`: so many of them (-1: as many as there are cores) make their elements at once, ahead of their turn.
        """
        return self._interleaved("Dataset.interleave", map_func, cycle_length, block_length, num_parallel_calls)

    def _interleaved(self, what: str, map_func: Callable[..., Dataset], cycle_length: Any, block_length: Any, parallel: Any = None) -> Dataset:
        f = Function(what, map_func, self._structure, caller())
        inner = f.result
        if not isinstance(inner, Dataset):
            raise GraphError(f"{f}: it is to return a dataset, not {inner!r:.80}{here()}")
        f.returns(inner)
        (cycle, block), needs = arguments_of(what, (("cycle_length", cycle_length), ("block_length", block_length)), 1)
        count, more = at_once(what, "num_parallel_calls", parallel)

        def begin(run: Run) -> Stream:
            call, slots, length = f.running(run), cycle(run), block(run)
            threads = 0 if parallel is None or inner._in_order else count(run)

            def of(row: Sequence[Array], slot: int) -> Stream:
                stream = begun(call(row)[0], (run.lane, "slot", slot) if slot < threads else None)
                if slot >= threads:
                    return stream
                ahead = Ahead(stream, length, inner._silent)
                ahead.begin()
                return ahead
            return stages.interleaved(self._begin(run), of, slots, length, threads)
        return Dataset(inner._structure, begin, [self], [*f.captured, *needs, *more], [f])

    def batch(self, batch_size: Any, drop_remainder: Any = False) -> Dataset:
        """Elements of one shape side by side, `batch_size` of them; the last batch may be smaller, unless `drop_remainder`."""
        (size, drop), needs = arguments_of("Dataset.batch", (("batch_size", batch_size), ("drop_remainder", drop_remainder)))
        made = stacked("Dataset.batch", self._structure, batch_rows(batch_size, drop_remainder))
        batched = partial(batched_rows, join=joining(self._structure)) if self._structure.wholes else stages.batched
        return Dataset(made, lambda run: batched(self._begin(run), size_of(size(run)), bool(drop(run))), [self], needs,
                       count=lambda run: cardinality.batched(self._count(run), size(run), bool(drop(run))))

    def padded_batch(self, batch_size: Any, padded_shapes: Any, padding_values: Any = None, drop_remainder: Any = False) -> Dataset:
        """Batches of elements padded to `padded_shapes`; a size there that is None or -1 is the largest of the batch. Padding: zeros, empty texts."""
        what = "Dataset.padded_batch"
        (size, drop), needs = arguments_of(what, (("batch_size", batch_size), ("drop_remainder", drop_remainder)))
        form, types = self._structure
        if self._structure.wholes:
            raise GraphError(f"{what}: {said(self._structure)} are not padded; batch stacks sparse tensors{here()}")
        shapes = [PaddedShape(what, s, t) for s, t in zip(along(what, form, padded_shapes), types, strict=True)]
        given = [None] * len(types) if padding_values is None else flatten(padding_values)[1]
        values = given * len(types) if len(given) == 1 else given
        if len(values) != len(types):
            raise GraphError(f"{what}: {len(given)} padding values for {len(types)} components{here()}")
        pads = [padding(v, t) for v, t in zip(values, types, strict=True)]
        rows = batch_rows(batch_size, drop_remainder)
        out = tuple(TensorType(t.dtype, None if s.known is None else (rows, *s.known)) for s, t in zip(shapes, types, strict=True))
        return Dataset(Structure(form, out), lambda run: stages.padded(
            self._begin(run), size_of(size(run)), bool(drop(run)), [s.of(run) for s in shapes],
            [run.value(p) if isinstance(p, Node) else p for p in pads]),
            [self], [*needs, *(p for p in pads if isinstance(p, Node)), *(n for s in shapes for n in s.needs)],
            count=lambda run: cardinality.batched(self._count(run), size(run), bool(drop(run))))

    def shuffle(self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None) -> Dataset:
        """Elements in a random order: each is drawn from `buffer_size` that wait. `reshuffle_each_iteration=False`: every pass in the same one."""
        (size,), needs = arguments_of("Dataset.shuffle", (("buffer_size", buffer_size),))
        draws = Draws("Dataset.shuffle", seed, reshuffle_each_iteration is not False)

        def begin(run: Run) -> Stream:
            return stages.shuffled(self._begin(run), size_of(size(run), "Dataset.shuffle: buffer_size"), draws.of_pass(run))
        return Dataset(self._structure, begin, [self], [*needs, *draws.needs], count=self._count)

    def repeat(self, count: Any = None) -> Dataset:
        """The dataset `count` times; without end if that is None or -1."""
        (times,), needs = arguments_of("Dataset.repeat", (("count", -1 if count is None else count),))
        return Dataset(self._structure, lambda run: stages.repeated(lambda: self._begin(run), times(run)), [self], needs,
                       count=lambda run: cardinality.repeated(self._count(run), times(run)))

    def take(self, count: Any) -> Dataset:
        """The first `count` elements; all of them if that is -1."""
        (n,), needs = arguments_of("Dataset.take", (("count", count),))
        return Dataset(self._structure, lambda run: stages.taken(self._begin(run), n(run)), [self], needs,
                       count=lambda run: cardinality.taken(self._count(run), n(run)))

    def skip(self, count: Any) -> Dataset:
        """All but the first `count` elements; none if that is -1."""
        (n,), needs = arguments_of("Dataset.skip", (("count", count),))
        return Dataset(self._structure, lambda run: stages.skipped(self._begin(run), n(run)), [self], needs,
                       count=lambda run: cardinality.skipped(self._count(run), n(run)))

    def take_while(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements up to the first for which a function of them is false. GraphError: it returns no truth value."""
        f = _predicate("Dataset.take_while", predicate, self)

        def begin(run: Run) -> Stream:
            holds = f.running(run)
            for row in rows_of(self._begin(run)):
                if not holds(row)[0]:
                    return
                yield one(row)
        return Dataset(self._structure, begin, [self], f.captured, [f])

    def unbatch(self) -> Dataset:
        """The rows of each element's components as elements. InvalidArgumentError, when run: not as many rows each. GraphError: a scalar."""
        structure = self._structure
        rows = cut("Dataset.unbatch", structure)
        if not structure.wholes:
            return Dataset(rows, lambda run: stages.unbatched(self._begin(run)), [self])
        return Dataset(rows, lambda run: (b for row in rows_of(self._begin(run)) for b in row_slices(row, structure)), [self])

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False) -> Dataset:
        """Windows of `size` elements, `stride` apart, each `shift` (None: `size`) after the one before: for every component a dataset.

        The last windows are smaller, unless `drop_remainder`. ArgumentError: no whole number from 1 on.
        """
        what = "Dataset.window"
        numbers, needs = arguments_of(what, (("size", size), ("shift", size if shift is None else shift), ("stride", stride)), 1)
        (drop,), more = arguments_of(what, (("drop_remainder", drop_remainder),))
        structure, groups = windows.parted(self._structure)
        count, apart, step = numbers
        return Dataset(structure, lambda run: windows.windowed(self._begin(run), count(run), apart(run), step(run), bool(drop(run)), groups), [self],
                       [*needs, *more],
                       count=lambda run: cardinality.windowed(self._count(run), count(run), apart(run), step(run), bool(drop(run))))

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any]) -> Any:
        """The tensors of the state after the last element: `reduce_func(state, element)` gives the next one. Each run begins the dataset anew.

        GraphError: the function returns no such state.
        """
        fold = windows.Folding("Dataset.reduce", reduce_func, initial_state, self._structure, caller())
        return windows.reduced(self, fold, "ReduceDataset")

    def enumerate(self, start: Any = 0) -> Dataset:
        """Pairs of a number, counted from `start` on, and an element. ArgumentError: `start` is no whole number."""
        (first,), needs = arguments_of("Dataset.enumerate", (("start", start),))
        counted = Dataset(Structure(0, (TensorType(np.dtype(np.int64), ()),)), lambda run: sources.counted(first(run), 2**63 - 1, 1), (), needs,
                          count=cardinality.always(cardinality.INFINITE))
        return Dataset.zip((counted, self))

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """Every `num_shards`-th element, from number `index` on. InvalidArgumentError, when run: no such shard."""
        (n, i), needs = arguments_of("Dataset.shard", (("num_shards", num_shards), ("index", index)))
        return Dataset(self._structure, lambda run: stages.sharded(self._begin(run), n(run), i(run)), [self], needs,
                       count=lambda run: cardinality.sharded(self._count(run), n(run), i(run)))

    def concatenate(self, dataset: Dataset) -> Dataset:
        """This dataset and then another one. GraphError: their elements are not alike."""
        if not isinstance(dataset, Dataset):
            raise GraphError(f"Dataset.concatenate takes a dataset, not {dataset!r:.60}{here()}")
        structure = joined("Dataset.concatenate", self._structure, dataset._structure, looser)
        return Dataset(structure, lambda run: stages.in_turn([lambda: self._begin(run), lambda: dataset._begin(run)]), [self, dataset],
                       count=lambda run: cardinality.in_turn(self._count(run), dataset._count(run)))

    def cache(self, filename: Any = "") -> Dataset:
        """The elements are kept when they have all been made, and later passes take them from there.

        In memory, for the passes of one iterator; with a `filename` in a file of that name and `.graphc-cache`, for other processes too.
        """
        if isinstance(filename, Node) or filename:
            name = to_node(filename)
            types = self._structure.types
            return Dataset(self._structure, lambda run: kept_file.kept(os.fsdecode(run.value(name).item()), lambda: self._begin(run), types),
                           [self], [name], count=self._count)
        made: Dataset
        made = Dataset(self._structure, lambda run: run.memories.setdefault(id(made), stages.Memory()).stream(lambda: self._begin(run)), [self],
                       count=self._count)
        return made

    def prefetch(self, buffer_size: Any) -> Dataset:
        """The same elements, made by a thread up to `buffer_size` ahead of the run that asks for them; 0: no thread; -1: as many as seem good."""
        (size,), needs = arguments_of("Dataset.prefetch", (("buffer_size", buffer_size),))

        def begin(run: Run) -> Stream:
            ahead, stream = size(run), self._begin(run)
            return Ahead(stream, ahead if ahead > 0 else 2, self._silent) if ahead else stream
        return Dataset(self._structure, begin, [self], needs, count=self._count)

    def with_options(self, options: Options) -> Dataset:
        """The dataset with options, which have no effect beyond that `options` gives them, joined with those it had. GraphError: no Options."""
        made = Dataset(self._structure, self._begin, [self], count=self._count)
        made._options = self.options().merge(options)
        return made

    def options(self) -> Options:
        """The options of the dataset and of those that it is made of."""
        return self._options if self._options is not None else Options()

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of the dataset. GraphError: no dataset."""
        made = transformation_func(self)
        if not isinstance(made, Dataset):
            raise GraphError(f"Dataset.apply: {transformation_func!r:.80} gave {made!r:.60}, which is no dataset{here()}")
        return made

    # ------------------------------------------------------------------ iterators

    def make_one_shot_iterator(self) -> Iterator:
        """An iterator that needs no initialisation. GraphError: the dataset depends on a placeholder or a variable."""
        return one_shot(self)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        """An iterator that begins when its `initializer` is run, which may be fed what the dataset depends on."""
        return initializable(self, shared_name)


def begun(component: Array, lane: Hashable = None) -> Stream:
    """The stream of a dataset that is an element's component."""
    held: Held = component.item()
    return held.begin(lane)


Inner.make = staticmethod(lambda structure, node: Dataset(structure, lambda run: begun(run.value(node)), (), [node], silent=True))

_TEXTS = Structure(0, (TensorType(TEXT, ()),))


def _predicate(what: str, function: Callable[..., Any], dataset: Dataset) -> Function:
    """A function of elements that gives a truth value. GraphError: it gives anything else."""
    f = Function(what, function, dataset._structure, caller())
    given = f.returns(f.result)
    if len(given.types) != 1 or given.types[0].dtype.kind != "b" or not compatible(given.types[0].shape, ()):
        raise GraphError(f"{f}: it is to return a scalar of dtype bool, not {said(given)}{here()}")
    return f


__all__ = ["Dataset"]
