"""`tf.data.experimental` and `tf.contrib.data`: transformations for `Dataset.apply`, and datasets of other files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError
from ..ir.arguments import hold as _hold
from ..ir.node import caller, here, saying
from ..ir.operator import to_node
from ..ir.types import TEXT, TensorType, as_array, as_dtype, content
from ..ops.decode import fields_of
from . import sources, stages
from .blocks import Block, Stream, one, rows_of
from .dataset import Dataset, Run, arguments_of
from .draws import Draws
from .files import TFRecordDataset as TFRecordDataset  # noqa: F401
from .function import Function
from .structure import Structure, flatten, joined, looser

__all__ = ["AUTOTUNE", "Counter", "CsvDataset", "batch_and_drop_remainder", "choose_from_datasets", "enumerate_dataset", "get_single_element",
           "ignore_errors", "map_and_batch", "padded_batch_and_drop_remainder", "parallel_interleave", "sample_from_datasets", "scan",
           "shuffle_and_repeat", "sloppy_interleave", "take_while", "unbatch", "unique"]

AUTOTUNE = -1

Apply = Callable[[Dataset], Dataset]


def batch_and_drop_remainder(batch_size: Any) -> Apply:
    """`Dataset.batch` without a smaller batch at the end.

    ArgumentError: `batch_size` is no number from 1 on.
    """
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(batch_size: Any, padded_shapes: Any, padding_values: Any = None) -> Apply:
    """`Dataset.padded_batch` without a smaller batch at the end.

    Errors: those of `Dataset.padded_batch`: ShapeError, GraphError.
    """
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values, drop_remainder=True)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Apply:
    """`Dataset.shuffle` and then `Dataset.repeat`: each pass in another order.

    ArgumentError: no whole number.
    """
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def map_and_batch(map_func: Callable[..., Any], batch_size: Any, num_parallel_batches: Any = None, drop_remainder: Any = False,
                  num_parallel_calls: Any = None) -> Apply:
    """`Dataset.map`, of `num_parallel_calls` elements at once, or of those of `num_parallel_batches` batches, and then `Dataset.batch`.

    Errors: those of both: GraphError, ArgumentError.
    """
    calls = num_parallel_batches * batch_size if num_parallel_calls is None and num_parallel_batches is not None else num_parallel_calls
    return lambda dataset: dataset.map(map_func, calls).batch(batch_size, drop_remainder)


def parallel_interleave(map_func: Callable[..., Dataset], cycle_length: Any, block_length: Any = 1, sloppy: Any = False,
                        buffer_output_elements: Any = None, prefetch_input_elements: Any = None) -> Apply:
    """`Dataset.interleave`, whose datasets make their elements at once, always in its order: `sloppy` changes nothing.

    GraphError: the function returns no dataset.
    """
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length, num_parallel_calls=cycle_length)


def sloppy_interleave(map_func: Callable[..., Dataset], cycle_length: Any, block_length: Any = 1) -> Apply:
    """`Dataset.interleave`, in its order.

    GraphError: the function returns no dataset.
    """
    return parallel_interleave(map_func, cycle_length, block_length)


def ignore_errors() -> Apply:
    """The elements that can be made: those for which an operator, or a file, raises an error are left out.

    What is no OpError, as an exception of a function of Python, is raised.
    """
    return lambda dataset: Dataset(dataset._structure, lambda run: stages.WithoutErrors(dataset._begin(run)), [dataset])


def unbatch() -> Apply:
    """The rows of each element's components as elements. InvalidArgumentError, when run: they have not as many rows each.

    GraphError: a component is a scalar.
    """
    return Dataset.unbatch


def Counter(start: Any = 0, step: Any = 1, dtype: Any = np.int64) -> Dataset:
    """Numbers from `start` on without end.

    ArgumentError: no whole numbers.
    """
    (first, by), needs = arguments_of("Counter", (("start", start), ("step", step)))
    kind = as_dtype(dtype).dtype
    counted = Dataset(Structure(0, (TensorType(np.dtype(np.int64), ()),)),
                      lambda run: sources.counted(first(run), (2**63 - 1) * (1 if by(run) > 0 else -1), by(run)), (), needs)
    if kind == np.int64:
        return counted
    return Dataset(Structure(0, (TensorType(kind, ()),)),
                   lambda run: (Block(b.n, [a.astype(kind) for a in b.arrays]) for b in counted._begin(run)), [counted])


def enumerate_dataset(start: Any = 0) -> Apply:
    """Pairs of a number, counted from `start` on, and an element.

    ArgumentError: `start` is no whole number.
    """
    return lambda dataset: dataset.enumerate(start)


def take_while(predicate: Callable[..., Any]) -> Apply:
    """The elements up to the first for which a function of them is false.

    GraphError: it returns no truth value.
    """
    return lambda dataset: dataset.take_while(predicate)


def unique() -> Apply:
    """The elements, each value once: of datasets of scalars.

    GraphError: elements of several components.
    """
    def apply(dataset: Dataset) -> Dataset:
        if len(dataset._structure.types) != 1:
            raise GraphError(f"unique takes a dataset of one component, not {dataset!r}{here()}")

        def begin(run: Run) -> Stream:
            seen = set()
            for row in rows_of(dataset._begin(run)):
                value = row[0].item() if row[0].ndim == 0 else (row[0].shape, content(row[0]))
                if value not in seen:
                    seen.add(value)
                    yield one(row)
        return Dataset(dataset._structure, begin, [dataset])
    return apply


def scan(initial_state: Any, scan_func: Callable[..., Any]) -> Apply:
    """What `scan_func(state, element)` gives beside its next state, from element to element.

    GraphError: the function does not return a state like the first one, and an element.
    """
    def apply(dataset: Dataset) -> Dataset:
        form, parts = flatten(initial_state)
        start = [to_node(p) for p in parts]
        n = len(start)
        shifted = Structure(dataset._structure.form, ()).pack(range(n, n + len(dataset._structure.types)))
        given = Structure((form, shifted), (*(s.type for s in start), *dataset._structure.types))
        f = Function("scan", scan_func, given, caller())
        if not isinstance(f.result, tuple) or len(f.result) != 2:
            raise GraphError(f"{f}: it is to return a state and an element{here()}")
        result = f.returns(f.result)
        if [t.dtype for t in result.types[:n]] != [s.type.dtype for s in start]:
            raise GraphError(f"{f}: the state that it returns is of other dtypes than the first one{here()}")
        out = Structure(Structure(result.form[1], ()).pack(range(-n, len(result.types) - n)), result.types[n:])

        def begin(run: Run) -> Stream:
            call, state = f.running(run.kept, run.value), [run.value(s) for s in start]
            for row in rows_of(dataset._begin(run)):
                found = [np.asarray(v) for v in call([*state, *row])]
                state = found[:n]
                yield one(found[n:])
        return Dataset(out, begin, [dataset], [*f.captured, *start], [f])
    return apply


def _alike(what: str, datasets: Sequence[Dataset]) -> Structure:
    if not datasets or not all(isinstance(d, Dataset) for d in datasets):
        raise GraphError(f"{what} takes a list of datasets, not {datasets!r:.80}{here()}")
    structure = datasets[0]._structure
    for d in datasets[1:]:
        structure = joined(what, structure, d._structure, looser)
    return structure


def choose_from_datasets(datasets: Sequence[Dataset], choice_dataset: Dataset) -> Dataset:
    """Elements of several datasets: each of the one whose number `choice_dataset` gives next; a dataset that has ended gives none.

    GraphError: no datasets, or elements that are not alike. InvalidArgumentError, when run: no such number.
    """
    structure = _alike("choose_from_datasets", datasets)

    def begin(run: Run) -> Stream:
        streams = [stages.EachRow(d._begin(run)) for d in datasets]
        for row in rows_of(choice_dataset._begin(run)):
            i = int(row[0])
            if not 0 <= i < len(streams):
                raise InvalidArgumentError(f"there is no dataset {i} of {len(streams)} to choose from")
            block = next(streams[i], None)
            if block is not None:
                yield block
    return Dataset(structure, begin, [*datasets, choice_dataset])


def sample_from_datasets(datasets: Sequence[Dataset], weights: Any = None, seed: Any = None) -> Dataset:
    """Elements of several datasets, each drawn from one of those that have not ended, by its weight (None: all the same).

    GraphError: no datasets, elements that are not alike, or no weights.
    """
    structure = _alike("sample_from_datasets", datasets)
    with saying("sample_from_datasets"):
        given = np.ones(len(datasets)) if weights is None else as_array(weights, np.float64)
    if given.shape != (len(datasets),) or not (given >= 0).all() or not given.sum():
        raise GraphError(f"sample_from_datasets: {given.tolist()} are no weights of {len(datasets)} datasets{here()}")
    draws = Draws("sample_from_datasets", seed)

    def begin(run: Run) -> Stream:
        draw, left = draws.of_pass(run), given.astype(np.float64)
        streams = [stages.EachRow(d._begin(run)) for d in datasets]
        while left.sum():
            i = int(np.searchsorted(np.cumsum(left), draw.random() * left.sum(), side="right"))
            block = next(streams[i], None)
            if block is None:
                left[i] = 0
            else:
                yield block
    return Dataset(structure, begin, datasets, draws.needs)


def get_single_element(dataset: Dataset) -> Any:
    """The tensors of a dataset's one element.

    GraphError: the dataset depends on a placeholder. OutOfRangeError, when run a second time.
    """
    return dataset.make_one_shot_iterator().get_next()


class CsvDataset(Dataset):
    """The lines of CSV files, each a tuple of its fields.

    `record_defaults`: for each field a dtype, if it must be there, or the value it has where it is empty. `select_cols`: the numbers of the
    columns wanted, in order. InvalidArgumentError, when run: a field is missing, or is not of its dtype.
    """

    def __init__(self, filenames: Any, record_defaults: Sequence[Any], compression_type: Any = None, buffer_size: Any = None, header: bool = False,
                 field_delim: str = ",", use_quote_delim: bool = True, na_value: str = "", select_cols: Sequence[int] | None = None):
        from .files import TextLineDataset
        lines = TextLineDataset(filenames, compression_type)
        kinds, defaults = [], []
        for d in record_defaults:
            required = isinstance(d, type) or hasattr(d, "as_numpy_dtype") or isinstance(d, np.dtype)
            array = np.zeros(0) if required else as_array(d).reshape(-1)
            kinds.append(as_dtype(d).dtype if required else array.dtype)
            defaults.append(array[0] if array.size else None)
        types = tuple(TensorType(k, ()) for k in kinds)

        def begin(run: Run) -> Stream:
            for file in sources.names_of(run.value(lines._needs[0])):
                names = np.array([file], TEXT)
                for block in stages.skipped(sources.lines(names, lines.compression), int(bool(header))):
                    yield Block(block.n, fields_of(block.arrays[0], kinds, defaults, field_delim, use_quote_delim, na_value, select_cols))
        super().__init__(Structure(tuple(range(len(types))), types), begin, [lines])


_hold(globals(), [n for n in __all__ if n != "AUTOTUNE"])


def __dir__() -> list[str]:
    return [*__all__]
