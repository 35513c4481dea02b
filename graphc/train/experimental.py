"""`tf.train.experimental`: losses that are scaled for half precision, and objects of Python whose state a checkpoint keeps."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from ..tf1_names import namespace as _namespace
from . import loss_scale
from .loss_scale import *  # noqa: F403

__all__ = [*loss_scale.__all__, "PythonState"]


class PythonState(metaclass=ABCMeta):
    """A state of Python's that a `tf.train.Checkpoint` keeps beside variables: a subclass says by a text what it is, and takes one back.

    >>> class Words(tf.train.experimental.PythonState):
    ...     text = "first"
    ...     def serialize(self):
    ...         return self.text
    ...     def deserialize(self, string_value):
    ...         self.text = string_value.decode()
    >>> words = Words()
    >>> with tf.Session(jit=False):
    ...     path = tf.train.Checkpoint(words=words).save("states/words")
    ...     words.text = "second"
    ...     _ = tf.train.Checkpoint(words=words).restore(path)
    >>> words.text
    'first'
    """

    @abstractmethod
    def serialize(self) -> str | bytes:
        """The state as a text."""

    @abstractmethod
    def deserialize(self, string_value: Any) -> None:
        """Take a state that `serialize` gave, as bytes, when a checkpoint is restored."""

    @property
    def _checkpoint_dependencies(self) -> list[tuple[str, Any]]:
        return []


_namespace(globals())
