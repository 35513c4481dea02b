"""Texts of tensors as TensorFlow 1.13 and later write them: `tf.print`, and `tf.strings.format` that makes one for the graph."""

from __future__ import annotations

import pprint
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, GraphError, InvalidArgumentError
from ..ir.graph import get_default_graph
from ..ir.node import Node, Operation, here
from ..ir.operator import declare, to_node
from ..ir.types import TEXT, TensorType
from .sparse_tensor import SparseTensor

__all__ = ["print"]

_HOLE = re.compile("\0(\\d+)\0")        # the place of a tensor in a text, by its number
_DIGITS = {2: (3, 5), 4: (6, 9), 8: (15, 17)}      # by the bytes of a float: those that every number has, and those that tell all apart


# ---------------------------------------------------------------------- texts of arrays

def shown(value: Any, most: int) -> str:
    """An array as rows in brackets; of an axis that is longer than twice `most` only so many at both ends (below 0: all)."""
    array = np.asarray(value)
    return _element(array[()]) if array.ndim == 0 else _rows(array, most, 1)


def _rows(array: Any, most: int, depth: int) -> str:
    # Recursive over the axes, of which numpy allows 64.
    def text(part: Any) -> list[str]:
        return [_element(v) for v in part] if array.ndim == 1 else [_rows(v, most, depth + 1) for v in part]
    cut = 0 <= 2 * most < len(array)
    rows = [*text(array[:most]), "...", *text(array[len(array) - most:])] if cut else text(array)
    return f"[{(' ' if array.ndim == 1 else chr(10) * (array.ndim - 1) + ' ' * depth).join(rows)}]"


def _element(v: Any) -> str:
    if isinstance(v, (bytes, str)):
        return f'"{v.decode(errors="replace") if isinstance(v, bytes) else v}"'
    if isinstance(v, np.floating):
        few, all_ = (f"{float(v):.{digits}g}" for digits in _DIGITS[v.dtype.itemsize])
        return few if v.dtype.type(few) == v or np.isnan(v) else all_
    return str(int(v)) if isinstance(v, (np.bool_, np.integer)) else str(v)


# ---------------------------------------------------------------------- operators

def _attrs(types: Sequence[TensorType], parts: Any, summarize: Any, **others: Any) -> dict[str, Any]:
    if not isinstance(parts, tuple) or not all(isinstance(p, str) or (type(p) is int and 0 <= p < len(types)) for p in parts):
        raise GraphError(f"the parts of a message are texts and places of tensors, not {parts!r:.60}")
    if type(summarize) is not int:
        raise GraphError(f"summarize is a number of elements, not {summarize!r:.60}")
    return {"parts": parts, "summarize": summarize, **others}


def _text(parts: Sequence[Any], values: Sequence[Any], summarize: int) -> str:
    return "".join(p if isinstance(p, str) else shown(values[p], summarize) for p in parts)


@declare("host", lambda types, values, **attrs: None, name="print_v2", label="PrintV2", effect=True, pure=False, text=True, complex=True,
         prepare=_attrs)
def _print(*inputs: Any, parts: Any, summarize: Any = 3, stream: Any = "stderr") -> Any:
    """Writes the message to standard error or output, to TensorFlow's log, or behind a file."""
    text = _text(parts, inputs, summarize)
    if stream.startswith("file://"):
        try:
            with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:
                file.write(text)
        except OSError as e:
            raise InvalidArgumentError(f"print cannot write to {stream!r}: {e.strerror}") from None
    else:
        out = sys.stdout if stream == "stdout" else sys.stderr
        out.write(text)
        out.flush()


@declare("host", lambda types, values, **attrs: TensorType(TEXT, ()), name="string_format", label="StringFormat", text=True, complex=True,
         prepare=_attrs)
def _format(*inputs: Any, parts: Any, summarize: Any = 3) -> Any:
    """The message as a text."""
    return np.array(_text(parts, inputs, summarize).encode(), object)


# ---------------------------------------------------------------------- what programs call

def print(*inputs: Any, output_stream: Any = None, summarize: int | None = None, sep: str = " ", end: str | None = "\n",
          name: str | None = None) -> Operation:
    """An operation that writes its inputs when it runs: tensors' values, texts as they are, lists and dicts with the tensors in them.

    `output_stream`: `sys.stderr` (the default), `sys.stdout`, "file://PATH" to write behind a file; `summarize`: so many elements at both ends of
    an axis (3; -1: all). GraphError: another stream.

    >>> import sys
    >>> tf.Session(jit=False).run(tf.print("x =", tf.range(10), output_stream=sys.stdout))
    x = [0 1 2 ... 7 8 9]
    """
    tensors: list[Any] = []
    text = sep.join(v if isinstance(v, str) else _structure(v, tensors) for v in inputs) + (end or "")
    attrs = {"parts": _parts(text), "summarize": 3 if summarize is None else summarize, "stream": _stream(output_stream)}
    nodes = [to_node(t) for t in tensors]
    return Operation(_print.build(nodes[0].graph if nodes else get_default_graph(), tuple(nodes), attrs, name))


def string_format(template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None) -> Node:
    """The template with the values of tensors in the places of its placeholders, as `tf.print` writes them: string[].

    GraphError: not as many tensors as placeholders. DTypeError: the template is no text.

    >>> tf.Session(jit=False).run(tf.strings.format("{} of {}", (tf.constant(1), tf.constant([1, 2]))))
    b'1 of [1 2]'
    """
    if not isinstance(template, str) or not isinstance(placeholder, str) or not placeholder:
        raise DTypeError(f"string_format: a template and a placeholder are texts, not {template!r:.60} and {placeholder!r:.60}{here()}")
    nodes = [to_node(t) for t in (inputs if isinstance(inputs, (list, tuple)) else [inputs])]
    texts = template.split(placeholder)
    if len(texts) != len(nodes) + 1:
        raise GraphError(f"string_format: {len(nodes)} tensors for the {len(texts) - 1} placeholders of {template!r:.60}{here()}")
    parts = tuple(p for i, text in enumerate(texts) for p in ((i - 1, text) if i else (text,)))
    return _format.build(nodes[0].graph if nodes else get_default_graph(), tuple(nodes), {"parts": parts, "summarize": summarize}, name)


class _Hole:
    """The place of a tensor in what Python prints of a list or dict."""

    def __init__(self, number: int):
        self.number = number

    def __repr__(self) -> str:
        return f"\0{self.number}\0"


def _structure(value: Any, tensors: list[Any]) -> str:
    held = _with_holes(value, tensors)
    return repr(held) if isinstance(held, _Hole) else pprint.pformat(held)


def _with_holes(value: Any, tensors: list[Any]) -> Any:
    """The structure with holes for its tensors, which go behind the list."""
    if isinstance(value, Node):
        tensors.append(value)
        return _Hole(len(tensors) - 1)
    if isinstance(value, SparseTensor):
        indices, values, sizes = (_with_holes(v, tensors) for v in (value.indices, value.values, value.dense_shape))
        return f"SparseTensor(indices={indices!r}, values={values!r}, shape={sizes!r})"
    if isinstance(value, Mapping):
        return {k: _with_holes(v, tensors) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_with_holes(v, tensors) for v in value))
    return type(value)(_with_holes(v, tensors) for v in value) if type(value) in (list, tuple) else value


def _parts(text: str) -> tuple[Any, ...]:
    return tuple(int(p) if i % 2 else p for i, p in enumerate(_HOLE.split(text.replace("\\x00", "\0"))))


def _stream(given: Any) -> str:
    if given is None or given is sys.stderr or isinstance(given, str) and given.startswith("file://"):
        return given if isinstance(given, str) else "stderr"
    if given is sys.stdout:
        return "stdout"
    if callable(given) and getattr(given, "__module__", "").endswith(".logging"):          # tf.logging.info and its kin
        return "stderr"
    raise GraphError(f"print: a stream is sys.stderr, sys.stdout or 'file://PATH', not {given!r:.60}{here()}")

