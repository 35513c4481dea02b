"""`Checkpoint`: variables by the paths of attributes that lead to them, in TensorFlow's files, and what a restored checkpoint has matched."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from ..errors import ArgumentError, CheckpointError, DataLossError, DTypeError, GraphError, InvalidArgumentError, UnmatchedError
from ..files.bundle import data_of, encode, index_of
from ..files.checkpoint import file_of, open_checkpoint, put
from ..files.tf_graph.messages import TrackableObject
from ..ir.graph import get_default_graph, get_default_session
from ..ir.node import Node, describe, here
from ..ir.types import TEXT, Array, TensorType, compatible
from ..ops.state import Variable
from ..runtime.session import Session
from ..runtime.values import Snapshot
from .checkpoints import path_of, write_state
from .object_graph import (
    KEY,
    STATE,
    VALUE,
    Holder,
    bound,
    described,
    held,
    keeps,
    objects_of,
    text_of,
    told_paths,
    values_of,
    walked,
    with_values,
)
from .saver import Saver

__all__ = ["Checkpoint"]

_OWN = ("_counter", "_counted", "_graph")       # attributes of a checkpoint that are none of the program's


class Checkpoint(Holder):
    """Saves and restores the variables that objects hold, by the names of attributes: `Checkpoint(net=net, optimizer=optimizer)`.

    Objects are variables, optimizers with what they keep beside variables, layers and models, `tf.Module`, other checkpoints, and lists, tuples
    and dicts of such. Files are TensorFlow's, PREFIX.index and PREFIX.data-00000-of-00001, which its own `tf.train.Checkpoint` reads, and which this
    one reads. `save_counter` counts the saves. ArgumentError: something that is none of these, or a name of its own.

    >>> v = tf.Variable([1.0, 2.0], name="v")
    >>> checkpoint = tf.train.Checkpoint(weights=v)
    >>> with tf.Session(jit=False) as sess:
    ...     path = checkpoint.save("objects/small", session=sess)
    ...     sess.run(v.assign([0.0, 0.0]))
    ...     checkpoint.restore(path).assert_consumed().run_restore_ops(sess)
    ...     print(path, sess.run(v))
    array([0., 0.], dtype=float32)
    objects/small-1 [1. 2.]
    """

    def __init__(self, **kwargs: Any):
        for name, x in sorted(kwargs.items()):
            if name in _OWN or hasattr(Checkpoint, name):
                raise ArgumentError(f"Checkpoint: {name}= is a name that a checkpoint itself has{here()}")
            if not keeps(x):
                raise ArgumentError(f"Checkpoint: {name}={x!r:.80} is neither a variable nor an object that holds some{here()}")
            setattr(self, name, x)
        self._counter: Variable | None = None
        self._counted: Node | None = None

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        own = held((name, x) for name, x in vars(self).items() if name not in _OWN)
        return own if self._counter is None else [*own, ("save_counter", self._counter)]

    @property
    def save_counter(self) -> Variable:
        """How often was saved: a variable, int64[], made when it is first asked for."""
        if self._counter is None:
            graph = get_default_graph()
            with graph.control_dependencies(None), graph.name_scope(None):
                self._counter = Variable(np.int64(0), trainable=False, name="save_counter")
        return self._counter

    def write(self, file_prefix: Any, session: Session | None = None) -> str:
        """Write a checkpoint of that name, and count nothing: the result is the path for `restore`.

        `session`: by default the one that is entered, or Keras' own. CheckpointError: it could not be written. GraphError: no path, no session, or
        variables of another graph. SessionClosedError.
        """
        prefix = path_of(file_prefix, "Checkpoint.write")
        message, kept = described(walked(self))
        sess = session_of(session, [x for x in kept.values() if isinstance(x, Variable)])
        snapshot = sess.values.snapshot([x for x in kept.values() if isinstance(x, Variable)])
        arrays = {key: snapshot.arrays[x] if isinstance(x, Variable) else _text(x.serialize()) for key, x in kept.items()}
        index, pieces = encode({**arrays, KEY: _text(message.SerializeToString())})
        put(data_of(prefix), pieces)
        put(index_of(prefix), [index])
        try:
            with suppress(FileNotFoundError):
                os.unlink(file_of(prefix))          # of a Saver's checkpoint, which would be read in the place of this one
        except OSError as e:
            raise CheckpointError(f"{file_of(prefix)} cannot be removed: {e.strerror}{here()}") from e
        return prefix

    def save(self, file_prefix: Any, session: Session | None = None) -> str:
        """Count one more save, write PREFIX-count and the index of its folder; the result is the path for `restore`.

        CheckpointError, GraphError, SessionClosedError: as `write`.
        """
        prefix = path_of(file_prefix, "Checkpoint.save")
        number = count_one(self, session)
        path = self.write(f"{prefix}-{number}", session)
        write_state(os.path.dirname(prefix), path, [path], relative=True)
        return path

    def restore(self, save_path: Any) -> Status:
        """What a checkpoint has for the objects, as `save` or TensorFlow wrote it: the methods of the result tell, and set the variables.

        `save_path`: None for none. The methods: `assert_consumed()`, `assert_existing_objects_matched()`, `assert_nontrivial_match()` raise an
        UnmatchedError, an AssertionError, if the checkpoint has values for which there is no object, or objects have none, or nothing matches;
        `run_restore_ops(session=None)` sets the variables, all or none; `initialize_or_restore(session=None)` sets others to their initial
        values too, and without a checkpoint all. What objects have made since `restore` counts. A checkpoint of a Saver, which has no objects,
        is matched by the names of variables. NotFoundError: there is no such checkpoint. DataLossError: it is damaged. GraphError: no path.
        """
        status: Status
        if save_path is None:
            status = Status(self)
        else:
            prefix = path_of(save_path, "Checkpoint.restore")
            with open_checkpoint(prefix) as found:
                if KEY in found.entries:
                    status = Matched(self, prefix, objects_of(found))
                else:
                    status = ByName(self, prefix, set(found.entries))
        self.save_counter  # noqa: B018  (made now, so that it is initialised as all others are)
        return status


class Status:
    """What `restore` gives: here, that there is no checkpoint, and nothing to restore."""

    def __init__(self, root: Any):
        self._root = root

    def assert_consumed(self) -> Status:
        """UnmatchedError: there is no checkpoint."""
        raise UnmatchedError(f"no checkpoint is restored: restore was given None{here()}")

    def assert_existing_objects_matched(self) -> Status:
        """UnmatchedError: there is no checkpoint."""
        return self.assert_consumed()

    def assert_nontrivial_match(self) -> Status:
        """UnmatchedError: there is no checkpoint."""
        return self.assert_consumed()

    def expect_partial(self) -> Status:
        """The same: what a checkpoint has beside is told by `assert_consumed` alone."""
        return self

    def run_restore_ops(self, session: Session | None = None) -> None:
        """UnmatchedError: there is no checkpoint."""
        self.assert_consumed()

    def initialize_or_restore(self, session: Session | None = None) -> None:
        """Set the variables to their initial values. GraphError: no session."""
        self._initialize(session, set())

    def _initialize(self, session: Session | None, restored: set[Node]) -> None:
        """Set those variables to their initial values that have not been restored."""
        others = [x for x in _variables(self._root) if x not in restored]
        if others:
            session_of(session, others).run([x.initializer for x in others])


class Matched(Status):
    """What `restore` gives of a checkpoint with objects: those that match are found anew by each method."""

    def __init__(self, root: Any, prefix: str, nodes: list[TrackableObject]):
        super().__init__(root)
        self._prefix, self._nodes = prefix, nodes
        self._told: set[int] = set()        # places of objects that have been given their state
        self._states()

    def _states(self) -> dict[int, Any]:
        """The objects that match; those with a state of Python's have been given it."""
        found = bound(self._nodes, self._root)
        for at, x in found.items():
            keys = {a.name: a.checkpoint_key for a in self._nodes[at].attributes}
            if STATE in keys and STATE in values_of(x) and at not in self._told:
                with open_checkpoint(self._prefix) as file:
                    x.deserialize(text_of(file, keys[STATE]))
                self._told.add(at)
        return found

    def assert_existing_objects_matched(self) -> Status:
        """The same, once all objects have values. UnmatchedError: the checkpoint has none for one."""
        found = self._states()
        matched = {id(x) for at, x in found.items() if values_of(x).keys() <= {a.name for a in self._nodes[at].attributes}}
        walk = walked(self._root)
        meant = with_values(described(walk)[0].nodes)
        missing = [walk.names[at] or "(root)" for at, x in enumerate(walk.objects) if at in meant and id(x) not in matched]
        if missing:
            raise UnmatchedError(f"{self._prefix} has no values for {len(missing)} objects that there are: {_some(missing)}{here()}")
        return self

    def assert_consumed(self) -> Status:
        """The same, once all objects have values, and all values an object. UnmatchedError."""
        self.assert_existing_objects_matched()
        found, paths, meant = self._states(), told_paths(self._nodes), with_values(self._nodes)
        for_none = [paths[at] for at in sorted(meant) if at not in found]
        if for_none:
            raise UnmatchedError(f"{self._prefix} has values for {len(for_none)} objects that are not there: {_some(for_none)}{here()}")
        unused = [f"{paths[at]}: {a.name}" for at, x in found.items() for a in self._nodes[at].attributes
                  if a.name not in values_of(x) and not a.optional_restore]
        if unused:
            raise UnmatchedError(f"{self._prefix} has values that its objects have no use for: {_some(unused)}{here()}")
        return self

    def assert_nontrivial_match(self) -> Status:
        """The same, if anything matches. UnmatchedError: nothing does."""
        if len(self._states()) <= 1:
            raise UnmatchedError(f"nothing of {self._prefix} matches an object: it has {_some(told_paths(self._nodes)[1:])}{here()}")
        return self

    def run_restore_ops(self, session: Session | None = None) -> None:
        """Set the variables that match, all or none. InvalidArgumentError: one of another type. DataLossError. GraphError: no session."""
        self._restore(session)

    def initialize_or_restore(self, session: Session | None = None) -> None:
        """Set the variables that match, and all others to their initial values. Errors as `run_restore_ops`."""
        self._initialize(session, self._restore(session))

    def _restore(self, session: Session | None) -> set[Node]:
        """The variables, having been set to what the checkpoint has."""
        keys = {x: a.checkpoint_key for at, x in reversed(self._states().items()) if isinstance(x, Variable)
                for a in self._nodes[at].attributes if a.name == VALUE}
        if not keys:
            return set()
        sess = session_of(session, list(keys))
        with open_checkpoint(self._prefix) as file:
            arrays: dict[Node, Array] = {}
            for x, key in keys.items():
                if key not in file.entries:
                    raise DataLossError(f"{file.path} is damaged: it speaks of {key!r:.200} and has it not{here()}")
                arrays[x] = file.array(key)
        wrong = [f"{describe(x)}: {TensorType(a.dtype, a.shape)} in the checkpoint" for x, a in arrays.items()
                 if x.type.dtype != a.dtype or not compatible(x.type.shape, a.shape)]
        if wrong:
            raise InvalidArgumentError(f"nothing is restored from {self._prefix}, which does not fit: {_some(wrong)}{here()}")
        sess.values.restore(Snapshot(arrays, None))
        return set(arrays)


class ByName(Status):
    """What `restore` gives of a checkpoint without objects: variables are matched by their own names."""

    def __init__(self, root: Any, prefix: str, names: set[str]):
        super().__init__(root)
        self._prefix, self._names = prefix, names

    def _wanted(self) -> list[Variable]:
        """The variables of the objects; but no count of saves, of which a Saver knows nothing."""
        counter = getattr(self._root, "_counter", None)
        return [x for x in _variables(self._root) if x is not counter or x.op.name in self._names]

    def assert_consumed(self) -> Status:
        """The same, once all variables have values. UnmatchedError: the checkpoint has none for one."""
        missing = [x.op.name for x in self._wanted() if x.op.name not in self._names]
        if missing:
            raise UnmatchedError(f"{self._prefix} has no values for variables by their names: {_some(missing)}{here()}")
        return self

    def run_restore_ops(self, session: Session | None = None) -> None:
        """Set the variables, all or none. NotFoundError, InvalidArgumentError: one is not there, or of another type. GraphError: no session."""
        wanted = self._wanted()
        Saver(wanted, allow_empty=True).restore(session_of(session, wanted), self._prefix)

    def initialize_or_restore(self, session: Session | None = None) -> None:
        """The same as `run_restore_ops`."""
        self.run_restore_ops(session)


# ---------------------------------------------------------------------- parts

def count_one(checkpoint: Checkpoint, session: Session | None) -> int:
    """One more save: its number."""
    counter = checkpoint.save_counter
    sess = session_of(session, [counter])
    if checkpoint._counted is None:
        with counter.graph.as_default(), counter.graph.control_dependencies(None):
            checkpoint._counted = counter.assign_add(1)
    return int(sess.run(checkpoint._counted))


def _variables(root: Any) -> list[Variable]:
    return [x for x in walked(root).objects if isinstance(x, Variable)]


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f", and {len(names) - 10} more" if len(names) > 10 else "")


def _text(data: bytes | str) -> Array:
    text = np.empty((), TEXT)
    text[()] = data.encode() if isinstance(data, str) else bytes(data)
    return text


def session_of(given: Any, variables: list[Variable]) -> Session:
    """The session that is meant: the one given, entered, or Keras' own. GraphError: there is none, or it is of another graph."""
    keras = sys.modules.get("graphc.keras.backend.state")       # without which Keras has no session
    session = given if given is not None else get_default_session()
    if session is None and keras is not None:
        session = keras.get_session()
    if session is None:
        raise GraphError(f"Checkpoint: no session is given, and none is entered by `with`{here()}")
    if not isinstance(session, Session):
        raise DTypeError(f"Checkpoint: {session!r:.80} is not a Session{here()}")
    other = next((v for v in variables if v.graph is not session.graph), None)
    if other is not None:
        raise GraphError(f"Checkpoint: {describe(other)} is of another graph than the session's{here()}")
    return session
