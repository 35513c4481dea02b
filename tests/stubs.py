"""Type stubs of the namespaces that hold operators, made from the declarations: `python -m tests.stubs` writes them.

An operator is made while graphc is imported, so that no checker of types can read its arguments in the source. The stubs stand beside the
namespaces only: what checks graphc itself still reads all other sources.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import graphc
from graphc.ir.binding import SPELLINGS
from graphc.ir.operator import Operator
from graphc.ir.signature import result_types
from graphc.ir.types import TensorType

PACKAGE = Path(graphc.__file__).parent
STUBS = {"graphc": PACKAGE / "__init__.pyi", "graphc.nn": PACKAGE / "nn.pyi"}

_USED = "from builtins import bool as _bool\n"
_HEAD = f'''# Made from the declarations by `python -m tests.stubs`; a test holds it current.
"""{{doc}}"""

{_USED}from typing import Any, NamedTuple

'''
_WIDTH = 150


def stub(name: str) -> str:
    """The stub of a namespace, as text: what it takes from elsewhere, what it declares, and its star import."""
    space = importlib.import_module(name)
    taken: list[str] = [] if name == "graphc" else ["from .ir.tensor import Tensor"]
    made: list[str] = []
    for word in dir(space):
        value = getattr(space, word)
        if isinstance(value, Operator) or inspect.isfunction(value) and inspect.unwrap(value).__code__.co_name != value.__name__:
            made.append(_call(word, value))
        elif isinstance(value, ModuleType):
            taken.append(f"from {'.rnn' if value.__name__.startswith('graphc.rnn.') else '.'} import {word} as {word}")
        elif callable(value):
            taken.append(f"from {_source(word, value).removeprefix('graphc')} import {word} as {word}")
        else:
            made.append(f"{word}: {'None' if value is None else _plain(type(value).__name__)}")
    names = _wrapped("__all__ = [", [f'"{n}"' for n in space.__all__], "]")
    body = "\n".join([*sorted(taken), "", *made, "", *names, ""])
    head = _HEAD.format(doc=(space.__doc__ or "").splitlines()[0])
    return (head if "_bool" in body else head.replace(_USED, "")).replace("" if "NamedTuple" in body else ", NamedTuple", "") + body


def _source(word: str, value: Any) -> str:
    """The module to take a name from: the one that defines it, or the first that gives it a second name."""
    others = sorted(name for name in sys.modules if name.startswith("graphc.ops."))
    same = (value, getattr(value, "__wrapped__", value))            # a namespace's function names wrong arguments for the one that is defined
    return next(name for name in (value.__module__, *others) if any(getattr(sys.modules[name], word, None) is v for v in same))


def _call(word: str, value: Any) -> str:
    """An operator, or a function made by a function, as its signature and what it computes."""
    signature, types = inspect.signature(value), inspect.get_annotations(getattr(value, "reference", value))
    made, result = _result(word, value) if isinstance(value, Operator) else ([], _plain(types["return"]))
    arguments = [f"{p.name}: {_plain(types.get(p.name, 'str | None'))}{_default(p.default)}" for p in signature.parameters.values()]
    if isinstance(value, Operator):         # TensorFlow's older words, which a call takes too: by keyword alone
        older = [old for old, new in SPELLINGS.items() if new in value.attrs and old not in signature.parameters]
        arguments += [*(["*"] if older else []), *(f"{old}: {_plain(types.get(SPELLINGS[old], 'Any'))} = ..." for old in older)]
    says = inspect.cleandoc(value.__doc__).partition("\n\n")[0].replace("\n", "\n    ").replace("\\", "\\\\")
    return "\n".join([*made, *_wrapped(f"def {word}(", arguments, f") -> {result}:"), f'    """{says}"""'])


def _result(word: str, operator: Operator) -> tuple[list[str], str]:
    """What a call gives: a tensor, or several, by name or as a list; and the class that names them."""
    if operator.results:
        return [f"class _{word}(NamedTuple):", *(f"    {name}: Tensor" for name in operator.results)], f"_{word}"
    made = result_types(operator, np.dtype(np.float32))
    return [], "Tensor" if made is None or isinstance(made, TensorType) else "list[Tensor]"


def _plain(annotation: str) -> str:
    """An annotation in which `bool` is Python's, as the namespace has its own, and a node has its public name."""
    return re.sub(r"\bNode\b", "Tensor", re.sub(r"\bbool\b", "_bool", annotation))


def _default(value: Any) -> str:
    if value is inspect.Parameter.empty:
        return ""
    return f" = {value!r}" if isinstance(value, (bool, int, float, str, type(None))) else " = ..."


def _wrapped(start: str, items: list[str], end: str) -> list[str]:
    lines = [start]
    for i, item in enumerate(items):
        piece = item + (", " if i + 1 < len(items) else end)
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines[-1] = lines[-1].rstrip()
            lines.append(" " * len(start))
        lines[-1] += piece
    return lines


if __name__ == "__main__":
    for name, path in STUBS.items():
        path.write_text(stub(name))
        print(path)
