"""Transformations for `Dataset.apply` that put elements together by a key: windows, buckets of like lengths, one value a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, GraphError
from ..ir.arguments import hold as _hold
from ..ir.default_graph import control_dependencies
from ..ir.node import caller, here
from ..ir.types import TensorType
from ..ops.array_gather import gather
from ..ops.array_move import identity
from ..ops.debug import assert_less
from ..ops.math import cast
from ..ops.reduce import reduce_sum
from .blocks import Stream
from .dataset import Dataset, begun
from .function import Function
from .run import Run
from .structure import Inner, Structure, flatten, over
from .windows import INT64, Folding, Keyed, grouped, key_function

__all__ = ["Reducer", "bucket_by_sequence_length", "group_by_reducer", "group_by_window"]

Apply = Callable[[Dataset], Dataset]
_KEY = Structure(0, (TensorType(INT64, ()),))


def group_by_window(key_func: Callable[..., Any], reduce_func: Callable[..., Any], window_size: Any = None,
                    window_size_func: Callable[..., Any] | None = None) -> Apply:
    """What `reduce_func(key, dataset)` makes of the elements of one key, so many at a time: a dataset, whose elements come in their place.

    `window_size` elements, or `window_size_func(key)`, as int64. What is left at the end comes by increasing keys, in smaller windows.

    ArgumentError: both sizes, or none. GraphError: a function returns something else. InvalidArgumentError, when run: a size below 1.
    """
    if (window_size is None) == (window_size_func is None):
        raise ArgumentError(f"group_by_window takes window_size, or window_size_func{here()}")
    sizes = window_size_func or (lambda key: np.int64(window_size) if not hasattr(window_size, "graph") else cast(window_size, INT64))

    def apply(dataset: Dataset) -> Dataset:
        loc = caller()
        key = key_function("group_by_window", key_func, dataset._structure, loc)
        size = key_function("group_by_window", sizes, _KEY, loc)
        f = Function("group_by_window", reduce_func, Structure((0, Inner(1, dataset._structure)), (*_KEY.types, Inner.type)), loc)
        made = f.result
        if not isinstance(made, Dataset):
            raise GraphError(f"{f}: it is to return a dataset, not {made!r:.80}{here()}")
        f.returns(made)

        def begin(run: Run) -> Stream:
            of, count, reduce = key.running(run), size.running(run), f.running(run)
            return grouped(dataset._begin(run), of, lambda k: int(count([np.array(k, INT64)])[0]),
                           lambda k, window: begun(reduce([np.array(k, INT64), window])[0]))
        return Dataset(made._structure, begin, [dataset], [*key.captured, *size.captured, *f.captured], [key, size, f])
    return apply


def bucket_by_sequence_length(element_length_func: Callable[..., Any], bucket_boundaries: Sequence[int], bucket_batch_sizes: Sequence[int],
                              padded_shapes: Any = None, padding_values: Any = None, pad_to_bucket_boundary: bool = False,
                              no_padding: bool = False, drop_remainder: bool = False) -> Apply:
    """Padded batches of elements of like lengths: below the first boundary, from each to before the next, and from the last on.

    `element_length_func` gives an element's length, int32; `bucket_batch_sizes` are one more than the boundaries. `pad_to_bucket_boundary`: what is
    open in `padded_shapes` (None: the elements') becomes the boundary less one, and longer elements than the last are refused.

    ArgumentError: not one size more than boundaries. InvalidArgumentError, when run: an element too long.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ArgumentError(f"bucket_by_sequence_length: {len(bucket_batch_sizes)} sizes for {len(bucket_boundaries)} boundaries, and "
                            f"it takes {len(bucket_boundaries) + 1}{here()}")
    bounds, sizes = np.array(bucket_boundaries, np.int32), np.array(bucket_batch_sizes, np.int64)

    def key(*element: Any) -> Any:
        return reduce_sum(cast(cast(element_length_func(*element), np.int32) >= bounds, INT64))

    def batch(bucket: Any, window: Dataset) -> Dataset:
        size = gather(sizes, bucket)
        if no_padding:
            return window.batch(size, drop_remainder)
        filler = None
        if pad_to_bucket_boundary:
            check = assert_less(bucket, np.int64(len(bounds)), message="When pad_to_bucket_boundary=True, elements must have length < "
                                           "max(bucket_boundaries).")
            with control_dependencies([check]):
                filler = gather(bounds.astype(INT64), identity(bucket)) - 1
        shapes = window.output_shapes if padded_shapes is None else padded_shapes
        return window.padded_batch(size, _filled(shapes, filler), padding_values, drop_remainder)
    return group_by_window(key, batch, window_size_func=lambda bucket: gather(sizes, bucket))


def _filled(shapes: Any, filler: Any) -> Any:
    form, found = flatten(shapes)
    lists = [[filler if d is None or d == -1 else d for d in (s.as_list() if hasattr(s, "as_list") else s)] for s in found]
    return over(lambda i: lists[i], form)


class Reducer:
    """Three functions for `group_by_reducer`: of a key its first state, of a state and an element the next one, of the last state an element.

    >>> count = tf.data.experimental.Reducer(lambda key: 0, lambda n, element: n + 1, lambda n: n)
    >>> parities = tf.data.Dataset.range(5).apply(tf.data.experimental.group_by_reducer(lambda i: i % 2, count))
    >>> element = parities.make_one_shot_iterator().get_next()
    >>> with tf.Session(jit=False) as sess:
    ...     print(sess.run(element), sess.run(element))
    3 2
    """

    def __init__(self, init_func: Callable[..., Any], reduce_func: Callable[..., Any], finalize_func: Callable[..., Any]):
        self._init_func, self._reduce_func, self._finalize_func = init_func, reduce_func, finalize_func

    @property
    def init_func(self) -> Callable[..., Any]:
        """The function of a key."""
        return self._init_func

    @property
    def reduce_func(self) -> Callable[..., Any]:
        """The function of a state and an element."""
        return self._reduce_func

    @property
    def finalize_func(self) -> Callable[..., Any]:
        """The function of the last state."""
        return self._finalize_func


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Apply:
    """What a `Reducer` makes of the elements of each key, by increasing keys, when all have been seen.

    GraphError: a function returns something else than it is to.
    """
    def apply(dataset: Dataset) -> Dataset:
        loc, what = caller(), "group_by_reducer"
        key = key_function(what, key_func, dataset._structure, loc)
        first = Function(what, reducer.init_func, _KEY, loc)
        state = first.returns(first.result)
        fold = Folding(what, reducer.reduce_func, state, dataset._structure, loc)
        last = Function(what, reducer.finalize_func, fold.state, loc)
        made = last.returns(last.result)
        keyed = Keyed(dataset, key, first, fold, last)
        functions = [key, first, fold.function, last]
        return Dataset(made, keyed.begin, [dataset], [n for f in functions for n in f.captured], functions)
    return apply


_hold(globals(), __all__)
