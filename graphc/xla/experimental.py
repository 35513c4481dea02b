"""`tf.xla.experimental`: marks of what is to be compiled, which all is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..tf1_names import namespace as _namespace

__all__ = ["compile", "jit_scope"]


def compile(computation: Callable[..., Any], inputs: Sequence[Any] | None = None) -> Any:
    """What a computation gives of its inputs: tensors of the graph, which is compiled as any other.

    >>> tf.Session(jit=False).run(tf.xla.experimental.compile(lambda x: [x + 1], [tf.constant(1)]))
    [np.int32(2)]
    """
    return computation(*(inputs or ()))


@contextmanager
def jit_scope(compile_ops: Any = True, separate_compiled_gradients: bool = False) -> Iterator[None]:
    """Nothing: what is built within is compiled as all else is."""
    yield

_namespace(globals())
