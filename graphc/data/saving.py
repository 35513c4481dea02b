"""The place of an iterator in a checkpoint: how many elements it has given, of which dataset, with what values and seeds it began."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from ..errors import DataLossError, GraphError
from ..ir.node import here
from ..ir.types import TEXT, Array
from ..ops.outside import Saveable
from ..runtime.resources import Resources
from ..train.checkpoints import latest_checkpoint
from ..train.hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from ..train.hooks_files import CheckpointSaverHook
from ..train.saver import Saver
from .iterator import Iterator, Place, iterators_of
from .run import Run

__all__ = ["CheckpointInputPipelineHook", "make_saveable_from_iterator"]

_FORMAT = 1


def _told(array: Array | None) -> Any:
    """An array as JSON."""
    if array is None:
        return None
    if array.dtype == TEXT:
        return {"shape": array.shape, "texts": [base64.b64encode(t).decode() for t in array.ravel()]}
    return {"shape": array.shape, "dtype": array.dtype.str, "bytes": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()}


def _array(told: Any) -> Array:
    shape = tuple(told["shape"])
    if "texts" in told:
        out = np.empty(len(told["texts"]), TEXT)
        out[:] = [base64.b64decode(t, validate=True) for t in told["texts"]]
        return out.reshape(shape)
    kind = np.dtype(told["dtype"])
    if kind.hasobject:
        raise ValueError(f"an array of dtype {kind}")
    return np.frombuffer(base64.b64decode(told["bytes"], validate=True), kind).reshape(shape).copy()


class _Position(Saveable):
    """The place of an iterator. What is restored begins its dataset anew and passes over as many elements as were taken."""

    def __init__(self, iterator: Iterator):
        self._iterator, self.graph = iterator, iterator._graph
        self.name = f"{iterator.told_name}-state"

    def saved_state(self, kept: Resources) -> Array:
        place = self._iterator._place(kept)
        with place.lock:
            dataset, run = place.dataset, place.run
            state = {"format": _FORMAT, "dataset": self._iterator.datasets.index(dataset), "taken": place.taken, "entropy": run.entropy,
                     "needs": [_told(place.given.get(n)) for n in dataset._needs]}
        return np.frombuffer(json.dumps(state).encode(), np.uint8).copy()

    def take_state(self, kept: Resources, state: Array) -> None:
        try:
            told = json.loads(np.asarray(state, np.uint8).tobytes())
            if told["format"] != _FORMAT or not all(isinstance(told[k], int) and told[k] >= 0 for k in ("dataset", "taken", "entropy")):
                raise ValueError("its numbers")
            dataset = self._iterator.datasets[told["dataset"]]
            given = {n: _array(v) for n, v in zip(dataset._needs, told["needs"], strict=True) if v is not None}
            if any(a.dtype != n.type.dtype for n, a in given.items()):
                raise ValueError("its dtypes")
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as e:
            raise DataLossError(f"{self.name} is no place of this iterator: {e}") from None
        place = Place(dataset, Run(given, kept, entropy=told["entropy"]))
        place.pass_over(told["taken"])
        kept.put(self._iterator, place)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def make_saveable_from_iterator(iterator: Iterator) -> Saveable:
    """What a `Saver` keeps of an iterator: its place in its dataset, from which it goes on when that is restored, to the same elements.

    It stands in the collection SAVEABLE_OBJECTS, or in `var_list`. A dataset is begun anew when its place is restored, with the values and the seeds
    that it had, and as many elements are passed over: functions of them are called again. GraphError: no iterator, or one of a handle.

    >>> iterator = tf.data.Dataset.range(9).shuffle(9).make_initializable_iterator()
    >>> element = iterator.get_next()
    >>> saver = tf.train.Saver([tf.data.experimental.make_saveable_from_iterator(iterator)])
    >>> with tf.Session(jit=False) as sess:
    ...     sess.run(iterator.initializer)
    ...     first = sess.run(element)
    ...     path = saver.save(sess, "models/place")
    ...     second = sess.run(element)
    ...     saver.restore(sess, path)
    ...     print(sess.run(element) == second)
    True
    """
    if not isinstance(iterator, Iterator) or iterator._by is not None:
        raise GraphError(f"make_saveable_from_iterator takes an iterator that has a dataset, not {iterator!r:.60}{here()}")
    return _Position(iterator)


class _InputSaver(Saver):
    """A saver with an index of its own name."""

    def __init__(self, places: list[Saveable], index: str):
        super().__init__(places)
        self._index = index

    def save(self, sess: Any, save_path: Any, global_step: Any = None, latest_filename: str | None = None, *args: Any, **kwargs: Any) -> str:
        return super().save(sess, save_path, global_step, latest_filename or self._index, *args, **kwargs)


class CheckpointInputPipelineHook(SessionRunHook):
    """Saves the places of all iterators of the graph when an estimator saves its model, beside that, and restores them at the beginning.

    A training that goes on begins where its input was. GraphError: the estimator has no place for checkpoints; when a session begins: no iterator.
    """

    def __init__(self, estimator: Any):
        config = getattr(estimator, "config", None)
        if config is None or not hasattr(estimator, "model_dir"):
            raise GraphError(f"CheckpointInputPipelineHook takes an Estimator, not {estimator!r:.60}{here()}")
        self._dir, self._index, self._first = estimator.model_dir, "checkpoint_input", True
        self._saving = CheckpointSaverHook(self._dir, config.save_checkpoints_secs, config.save_checkpoints_steps, checkpoint_basename="input.ckpt")

    def begin(self) -> None:
        places: list[Saveable] = [_Position(i) for i in iterators_of()]
        if not places:
            raise GraphError(f"CheckpointInputPipelineHook: the graph has no iterators{here()}")
        self._saving._saver = _InputSaver(places, self._index)
        self._saving.begin()

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs:
        if self._first:             # what initialises iterators has run by now
            self._first = False
            found = latest_checkpoint(self._dir, self._index)
            if found is not None:
                self._saving._saver.restore(run_context.session, found)
            else:
                self._saving.after_create_session(run_context.session, None)
        return self._saving.before_run(run_context)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        self._saving.after_run(run_context, run_values)

    def end(self, session: Any) -> None:
        self._saving.end(session)


