"""Checkpoints one after the other: `CheckpointManager` keeps the last ones of a folder, `checkpoints_iterator` waits for those that others write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError
from ..ir.node import Node, describe, here
from ..runtime.session import Session
from .checkpoints import CheckpointState, get_checkpoint_state, latest_checkpoint, path_of, remove_checkpoint, write_state
from .object_checkpoint import Checkpoint, count_one, session_of

__all__ = ["CheckpointManager", "checkpoints_iterator", "generate_checkpoint_state_proto"]


class CheckpointManager:
    """Saves a `Checkpoint` into a folder, DIRECTORY/ckpt-1, -2, ..., and deletes all but the last ones, those of earlier processes too.

    `max_to_keep`: how many stay (None: all); beside them one every `keep_checkpoint_every_n_hours`, which is then no longer listed.
    GraphError: a number below 1, or no path. DTypeError: no `Checkpoint`.

    >>> v = tf.Variable(1.0)
    >>> manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), "kept", max_to_keep=2)
    >>> with tf.Session(jit=False):
    ...     saved = [manager.save() for _ in range(3)]
    >>> manager.checkpoints, manager.latest_checkpoint
    (['kept/ckpt-2', 'kept/ckpt-3'], 'kept/ckpt-3')
    """

    def __init__(self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None, keep_checkpoint_every_n_hours: float | None = None,
                 checkpoint_name: str = "ckpt"):
        if not isinstance(checkpoint, Checkpoint):
            raise DTypeError(f"CheckpointManager: {checkpoint!r:.80} is no tf.train.Checkpoint{here()}")
        if max_to_keep is not None and max_to_keep <= 0:
            raise GraphError(f"CheckpointManager: max_to_keep is a number of 1 or more, or None, not {max_to_keep!r:.40}{here()}")
        self._checkpoint, self._folder = checkpoint, path_of(directory, "CheckpointManager")
        self._max_to_keep, self._hours = max_to_keep, keep_checkpoint_every_n_hours
        self._prefix = os.path.join(self._folder, checkpoint_name)
        self._listed: dict[str, float] = {}         # those that may be deleted, and when each was saved, oldest first
        now = time.time()
        state = get_checkpoint_state(self._folder)
        self._latest = state.model_checkpoint_path if state is not None else None
        self._preserved = min(state.last_preserved_timestamp, now) if state is not None else now - 1.0
        if state is not None:
            paths = state.all_model_checkpoint_paths
            for path, saved in zip(paths, state.all_model_checkpoint_timestamps or [self._preserved] * len(paths), strict=False):
                if min(saved, now) > self._preserved:
                    self._listed[path] = min(saved, now)

    @property
    def latest_checkpoint(self) -> str | None:
        """The path of the last checkpoint of the folder, for `restore`; None if there is none."""
        return self._latest

    @property
    def checkpoints(self) -> list[str]:
        """The paths of those that are kept for now, oldest first."""
        return list(self._listed)

    def save(self, checkpoint_number: Any = None) -> str:
        """Write a checkpoint in the session that is entered, delete what is no longer to be kept; the result is its path.

        `checkpoint_number`: a number, or an integer variable or tensor, by default that of the `save_counter`, which counts in any case.
        CheckpointError: it could not be written. GraphError: no session. DTypeError: no number.
        """
        session = session_of(None, [self._checkpoint.save_counter])
        counted = count_one(self._checkpoint, session)
        number = counted if checkpoint_number is None else _number(checkpoint_number, session)
        path = self._checkpoint.write(f"{self._prefix}-{number}", session)
        self._listed.pop(path, None)
        self._listed[path] = time.time()
        self._latest = path
        self._tell()                # before anything is deleted: the index never names what is gone
        self._sweep()
        self._tell()
        return path

    def _sweep(self) -> None:
        while self._max_to_keep is not None and len(self._listed) > self._max_to_keep:
            path, saved = next(iter(self._listed.items()))
            del self._listed[path]
            if self._hours and saved - self._hours * 3600.0 >= self._preserved:
                self._preserved = saved
            else:
                remove_checkpoint(path)

    def _tell(self) -> None:
        assert self._latest is not None
        write_state(self._folder, self._latest, list(self._listed), list(self._listed.values()), self._preserved, relative=True)


def _number(given: Any, session: Session) -> int:
    value = session.run(given) if isinstance(given, Node) else given
    if np.ndim(value) or np.asarray(value).dtype.kind not in "iu":
        told = describe(given) if isinstance(given, Node) else f"{given!r:.60}"
        raise DTypeError(f"CheckpointManager.save: {told} is no whole number{here()}")
    return int(value)


def checkpoints_iterator(checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None,
                         timeout_fn: Callable[[], Any] | None = None) -> Iterator[str]:
    """The paths of a folder's checkpoints as others write them: each time the latest, once it is another one than before.

    `min_interval_secs`: the least time between two. `timeout`: seconds to wait for one, None for ever; then `timeout_fn` says by a true value
    that none will come any more, as it is understood without it. GraphError, when the first is asked for: no path. DataLossError: no checkpoint
    is whole.

    >>> list(tf.train.checkpoints_iterator("no/such/folder", timeout=0))
    []
    """
    folder = path_of(checkpoint_dir, "checkpoints_iterator")
    last: str | None = None
    while True:
        found = awaited(folder, last, timeout)
        if found is None:
            if timeout_fn is None or timeout_fn():
                return
            continue
        begun, last = time.monotonic(), found
        yield found
        time.sleep(max(0.0, begun + min_interval_secs - time.monotonic()))


def awaited(folder: Any, last: str | None, timeout: float | None, pause: float = 1.0) -> str | None:
    """The latest checkpoint of a folder, once it is another one than the last; None: `timeout` seconds go by before. GraphError: no path."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        found = latest_checkpoint(folder)
        if found is not None and found != last:
            return found
        if end is not None and time.monotonic() + pause > end:
            return None
        time.sleep(pause)


def generate_checkpoint_state_proto(save_dir: Any, model_checkpoint_path: Any, all_model_checkpoint_paths: Any = None,
                                    all_model_checkpoint_timestamps: Any = None, last_preserved_timestamp: float | None = None) -> CheckpointState:
    """The state of a folder of checkpoints: the latest, which is also the last of all, and all others; paths as seen from a relative folder.

    GraphError: as many times as paths are not given, or no path.

    >>> tf.train.generate_checkpoint_state_proto("trained", "trained/model-3", ["trained/model-2"]).all_model_checkpoint_paths
    ['model-2', 'model-3']
    """
    what = "generate_checkpoint_state_proto"
    folder, latest = path_of(save_dir, what), path_of(model_checkpoint_path, what)
    paths = [path_of(p, what) for p in all_model_checkpoint_paths or ()]
    if not paths or paths[-1] != latest:
        paths.append(latest)
    times = list(all_model_checkpoint_timestamps or ())
    if times and len(times) != len(paths):
        raise GraphError(f"{what}: {len(times)} times are given for {len(paths)} checkpoints{here()}")
    if not os.path.isabs(folder):
        latest, *paths = (p if os.path.isabs(p) else os.path.relpath(p, folder or ".") for p in (latest, *paths))
    return CheckpointState(latest, paths, times, last_preserved_timestamp or 0.0)
