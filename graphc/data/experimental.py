"""`tf.data.experimental` and `tf.contrib.data`: transformations for `Dataset.apply`, and datasets of other files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import GraphError, InvalidArgumentError, ShapeError
from ..ir.arguments import hold as _hold
from ..ir.graph import get_default_graph
from ..ir.node import Node, caller, here, saying
from ..ir.operator import to_node
from ..ir.types import TensorType, as_array, as_dtype, compatible, content, shape_str
from ..ops.outside import arrival
from ..ops.type_specs import RaggedTensorSpec, SparseTensorSpec, TensorSpec, TypeSpec
from ..runtime.resources import Resources
from ..tf1_names import namespace as _namespace
from . import cardinality as counts
from . import csv, examples, grouping, options, sources, sql, stages
from .arguments import PaddedShape, arguments_of
from .blocks import Block, Stream, one, rows_of
from .csv import *  # noqa: F403
from .dataset import Dataset
from .draws import Draws
from .examples import *  # noqa: F403
from .files import TFRecordDataset as TFRecordDataset  # noqa: F401
from .function import Function
from .grouping import *  # noqa: F403
from .optional import Optional, OptionalSpec, get_next_as_optional
from .options import *  # noqa: F403
from .run import Run, values_of
from .saving import CheckpointInputPipelineHook, make_saveable_from_iterator
from .sparse_rows import batched_rows, sparse_batch
from .specs import DatasetSpec
from .sql import *  # noqa: F403
from .stages import resampled
from .structure import Sparse, Structured, joined, looser, moved
from .structure import Structure as Elements
from .windows import Folding

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "CheckpointInputPipelineHook", "Counter", "DatasetStructure", "Optional",
           "OptionalStructure", "RaggedTensorStructure", "RandomDataset", "SparseTensorStructure", "Structure", "TensorStructure",
           "assert_cardinality", "batch_and_drop_remainder", "cardinality", "choose_from_datasets", "copy_to_device", "dense_to_sparse_batch",
           "enumerate_dataset", "get_next_as_optional", "get_single_element", "get_structure", "ignore_errors", "make_saveable_from_iterator",
           "map_and_batch", "map_and_batch_with_legacy_function", "padded_batch_and_drop_remainder", "parallel_interleave", "prefetch_to_device",
           "rejection_resample", "sample_from_datasets", "scan", "shuffle_and_repeat", "sloppy_interleave", "take_while", "unbatch", "unique",
           *csv.__all__, *examples.__all__, *grouping.__all__,
           *options.__all__, *sql.__all__]

AUTOTUNE = -1
INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = counts.INFINITE, counts.UNKNOWN
Structure, DatasetStructure, OptionalStructure = TypeSpec, DatasetSpec, OptionalSpec

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
    counted = Dataset(Elements(0, (TensorType(np.dtype(np.int64), ()),)),
                      lambda run: sources.counted(first(run), (2**63 - 1) * (1 if by(run) > 0 else -1), by(run)), (), needs,
                      count=counts.always(counts.INFINITE))
    if kind == np.int64:
        return counted
    return Dataset(Elements(0, (TensorType(kind, ()),)),
                   lambda run: (Block(b.n, [a.astype(kind) for a in b.arrays]) for b in counted._begin(run)), [counted], count=counted._count)


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
        fold = Folding("scan", scan_func, initial_state, dataset._structure, caller(), beside=True)
        assert fold.element is not None
        return Dataset(fold.element, lambda run: fold.scanned(run, dataset._begin(run)), [dataset], fold.needs, [fold.function],
                       count=dataset._count)
    return apply


def _alike(what: str, datasets: Sequence[Dataset]) -> Elements:
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


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Apply:
    """Batches of elements of several shapes, each a SparseTensor: of `row_shape`, where that is open of the largest element.

    GraphError: elements of several components. InvalidArgumentError, when run: an element larger than that.
    """
    def apply(dataset: Dataset) -> Dataset:
        (size,), needs = arguments_of("dense_to_sparse_batch", (("batch_size", batch_size),), 1)
        if len(dataset._structure.types) != 1 or dataset._structure.wholes:
            raise GraphError(f"dense_to_sparse_batch takes a dataset of one component, not {dataset!r}{here()}")
        t = dataset._structure.types[0]
        shape = PaddedShape("dense_to_sparse_batch", row_shape, t)
        out = Sparse(range(3), t.dtype, None if shape.known is None else (None, *shape.known))

        def begin(run: Run) -> Stream:
            row = shape.of(run)
            return batched_rows(dataset._begin(run), size(run), False, lambda rows: sparse_batch([r[0] for r in rows], row))
        return Dataset(Elements(out, tuple(out.types)), begin, [dataset], [*needs, *shape.needs],
                       count=lambda run: counts.batched(dataset._count(run), size(run), False))
    return apply


def rejection_resample(class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None) -> Apply:
    """Pairs of an element's class and it: elements are left out so that the classes come as often as `target_dist` says.

    `class_func` gives a class, int32; `initial_dist`: how often each class comes (None: estimated from those that came).

    GraphError: the function gives no class. ShapeError, DTypeError: distributions of another length, or of no numbers.
    """
    with saying("rejection_resample"):
        target = as_array(target_dist, np.float64)
        initial = None if initial_dist is None else as_array(initial_dist, np.float64)
    if target.ndim != 1 or (initial is not None and initial.shape != target.shape):
        raise ShapeError(f"rejection_resample: target_dist {shape_str(target.shape)} and initial_dist are two vectors of one length{here()}")

    def apply(dataset: Dataset) -> Dataset:
        f = Function("rejection_resample", class_func, dataset._structure, caller())
        given = f.returns(f.result)
        if len(given.types) != 1 or given.types[0].dtype.kind != "i" or not compatible(given.types[0].shape, ()):
            raise GraphError(f"{f}: it is to return a scalar of dtype int32, not {', '.join(map(str, given.types))}{here()}")
        draws = Draws("rejection_resample", seed)
        structure = Elements((0, moved(dataset._structure.form, 1)), (*given.types, *dataset._structure.types))
        return Dataset(structure, lambda run: resampled(dataset._begin(run), f.running(run), target, initial, draws.of_pass(run)), [dataset],
                       [*f.captured, *draws.needs], [f])
    return apply


def RandomDataset(seed: Any = None) -> Dataset:
    """Whole numbers of 32 bits, int64, drawn without end.

    DTypeError: a seed that is no whole number.
    """
    draws = Draws("RandomDataset", seed)
    return Dataset(Elements(0, (TensorType(np.dtype(np.int64), ()),)), lambda run: sources.drawn(draws.of_pass(run)), (), draws.needs,
                   count=counts.always(counts.INFINITE))


def prefetch_to_device(device: str, buffer_size: Any = None) -> Apply:
    """`Dataset.prefetch`: there is one device.

    ArgumentError: `buffer_size` is no whole number.
    """
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Apply:
    """The dataset itself: there is one device."""
    return lambda dataset: dataset


def assert_cardinality(expected_cardinality: Any) -> Apply:
    """The same elements. InvalidArgumentError, when run: they are not as many as expected.

    ArgumentError: no whole number.
    """
    def apply(dataset: Dataset) -> Dataset:
        (count,), needs = arguments_of("assert_cardinality", (("expected_cardinality", expected_cardinality),))
        return Dataset(dataset._structure, lambda run: stages.counted_out(dataset._begin(run), count(run)), [dataset], needs, count=count)
    return apply


# ---------------------------------------------------------------------- what is known of datasets

class _Counted:
    """The source of a dataset's number of elements."""

    def __init__(self, dataset: Dataset):
        self.dataset = dataset

    def bring(self, kept: Resources, inputs: Sequence[Any]) -> Sequence[Any]:
        return [np.array(self.dataset._count(Run(values_of(self.dataset._needs, inputs), kept)), np.int64)]


def cardinality(dataset: Dataset) -> Node:
    """How many elements a dataset has: int64[]; INFINITE_CARDINALITY without end, UNKNOWN_CARDINALITY where functions or files decide it.

    GraphError: no dataset.

    >>> tf.Session(jit=False).run(tf.data.experimental.cardinality(tf.data.Dataset.range(10).batch(3)))
    np.int64(4)
    """
    if not isinstance(dataset, Dataset):
        raise GraphError(f"cardinality takes a dataset, not {dataset!r:.60}{here()}")
    return arrival(get_default_graph(), _Counted(dataset), [to_node(n) for n in dataset._needs], [TensorType(np.dtype(np.int64), ())],
                   "DatasetCardinality")[0]


def get_structure(dataset_or_iterator: Any) -> Any:
    """What is known of an element's components, a `TensorSpec` or `SparseTensorSpec` each, nested as it is. GraphError: no dataset, no iterator.

    >>> tf.data.experimental.get_structure(tf.data.Dataset.range(3).batch(2))
    TensorSpec(shape=(?,), dtype=graphc.int64, name=None)
    """
    if not isinstance(dataset_or_iterator, Structured):
        raise GraphError(f"get_structure takes a dataset or an iterator, not {dataset_or_iterator!r:.60}{here()}")
    return dataset_or_iterator.element_spec


def TensorStructure(dtype: Any, shape: Any) -> TensorSpec:
    """`tf.TensorSpec`, the dtype first. DTypeError, ShapeError: no such dtype or shape."""
    return TensorSpec(shape, dtype)


def SparseTensorStructure(dtype: Any, shape: Any) -> SparseTensorSpec:
    """`tf.SparseTensorSpec`, the dtype first. DTypeError, ShapeError: no such dtype or shape."""
    return SparseTensorSpec(shape, dtype)


def RaggedTensorStructure(dtype: Any, shape: Any, ragged_rank: int) -> RaggedTensorSpec:
    """`tf.RaggedTensorSpec`, the dtype first. DTypeError, ShapeError, GraphError: no such dtype, shape or rank."""
    return RaggedTensorSpec(shape, dtype, ragged_rank)


map_and_batch_with_legacy_function = map_and_batch

_hold(globals(), [n for n in __all__ if not n.isupper()])

_namespace(globals())
