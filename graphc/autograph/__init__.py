"""`tf.autograph`: graphc translates no Python function, so of these names there are those that need no translation; `tf.cond` makes branches."""

from __future__ import annotations

from ..tf1_names import namespace as _namespace
from . import experimental

__all__ = ["experimental", "trace"]


def trace(*args: object) -> None:
    """Print the arguments while the graph is built.

    >>> tf.autograph.trace("one", 2)
    one 2
    """
    print(*args)


_namespace(globals())
