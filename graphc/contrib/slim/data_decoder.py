"""`tf.contrib.slim.data_decoder`: what takes a record apart into named items, for classes of a program's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ir.arguments import hold as _hold
from ...ir.node import here
from ...tf1_names import namespace as _namespace

__all__ = ["DataDecoder"]


class DataDecoder:
    """Takes a record apart; a class below it says how (`decode`), and which items it finds (`list_items`)."""

    def decode(self, data: Any, items: Sequence[str] | None = None) -> list[Any]:
        """The items asked for of a record, in that order. NotImplementedError: a class below says how."""
        raise NotImplementedError(f"{type(self).__name__} has no decode{here()}")

    def list_items(self) -> list[str]:
        """The names of the items that `decode` finds. NotImplementedError: a class below says which."""
        raise NotImplementedError(f"{type(self).__name__} has no list_items{here()}")


_hold(globals(), __all__)

_namespace(globals())
