"""What graphc lacks of a program that imports TensorFlow: names and arguments, with lines and what to write instead; nothing of it is run."""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ..as_tensorflow import NAME
from ..errors import NotFoundError
from ..ir.binding import SPELLINGS
from ..ir.node import here
from ..tf1_names import advice

_ABSENT = object()


class Lack(NamedTuple):
    """A name, or an argument, that a line uses and graphc does not have."""

    file: str
    line: int
    what: str
    instead: str | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f"; instead: {self.instead}" if self.instead else "")


def lacking(script: str) -> list[Lack]:
    """What is lacking of a program and of the modules beside it that it imports, in order of files and lines. NotFoundError: no such file."""
    found: list[Lack] = []
    waiting, seen = [os.path.normpath(script)], set()
    while waiting:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        try:
            tree = ast.parse(Path(file).read_bytes(), file)
        except OSError as e:
            raise NotFoundError(f"{file!r:.200} cannot be read: {e.strerror}{here()}") from None
        except (SyntaxError, ValueError) as e:
            line = getattr(e, "lineno", None) or 1
            found.append(Lack(file, line, f"Python cannot read it: {getattr(e, 'msg', e)}", "2to3 rewrites programs of Python 2"
                              if "print" in str(e) or "except" in str(e) else None))
            continue
        reader = _Reader(file)
        reader.visit(tree)
        found += sorted(set(reader.found), key=lambda lack: (lack.line, lack.what))
        waiting += [path for name in reader.others for path in _beside(script, name)]
    return found


def _beside(script: str, module: str) -> Iterator[str]:
    """The file of a module that lies in the program's folder, if it does."""
    base = os.path.join(os.path.dirname(script), *module.split("."))
    for path in (base + ".py", os.path.join(base, "__init__.py")):
        if os.path.exists(path):
            yield os.path.normpath(path)


class _Reader(ast.NodeVisitor):
    """Follows the names that stand for parts of TensorFlow through one file: `known` has, by the program's name, the path and what is there."""

    def __init__(self, file: str):
        self.file = file
        self.known: dict[str, tuple[str, Any]] = {}
        self.found: list[Lack] = []
        self.others: list[str] = []             # the modules that are imported beside TensorFlow's

    # ------------------------------------------------------------------ imports

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            path = _path(alias.name)
            if path is None:
                self.others.append(alias.name)
                continue
            value = _reached(path)
            if value is _ABSENT:
                self._lack(node, path, "module ")
            elif alias.asname is not None:
                self.known[alias.asname] = (path, value)
            else:
                self.known[NAME] = ("", _reached(""))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        path = _path(node.module or "") if not node.level else None
        if path is None:
            self.others += [node.module] if node.module else []
            self.others += [f"{node.module}.{a.name}" if node.module else a.name for a in node.names]
            return
        for alias in node.names:
            if alias.name == "*":
                continue
            full = f"{path}.{alias.name}" if path else alias.name
            value = _reached(full)
            if value is _ABSENT:
                self._lack(node, full)
            else:
                self.known[alias.asname or alias.name] = (full, value)

    # ------------------------------------------------------------------ uses

    def visit_Assign(self, node: ast.Assign) -> None:
        """`slim = tf.contrib.slim`: another name for the same."""
        self.visit(node.value)
        place = self._place(node.value)
        for target in node.targets:
            if place is not None and place[1] is not _ABSENT and isinstance(target, ast.Name):
                self.known[target.id] = place
            else:
                self.visit(target)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        place = self._place(node, report=True)
        if place is None:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        place = self._place(node.func)
        if place is None or place[1] is _ABSENT or not callable(place[1]):
            return
        try:
            parameters = inspect.signature(place[1]).parameters
        except (TypeError, ValueError):
            return
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg not in parameters and SPELLINGS.get(keyword.arg) not in parameters:
                self.found.append(Lack(self.file, node.lineno, f"tf.{place[0]} has no argument {keyword.arg!r}", None))

    def _place(self, node: ast.expr, report: bool = False) -> tuple[str, Any] | None:
        """The path of `tf.a.b` and what is there; None for what is no name of TensorFlow's. Where the path ends is told once."""
        names: list[tuple[str, ast.expr]] = []
        while isinstance(node, ast.Attribute):
            names.append((node.attr, node))
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.known:
            return None
        path, value = self.known[node.id]
        for name, at in reversed(names):
            if not isinstance(value, (ModuleType, type)):       # an object, whose attributes only a run knows
                return None
            path = f"{path}.{name}" if path else name
            value = _attribute(value, name)
            if value is _ABSENT:
                if report:
                    self._lack(at, ".".join([path, *[n for n, _ in names[:_index(names, at)][::-1]]]))
                return path, _ABSENT
        return path, value

    def _lack(self, node: ast.stmt | ast.expr, path: str, kind: str = "") -> None:
        self.found.append(Lack(self.file, node.lineno, f"{kind}tf.{path} is not here", advice(path)))


def _index(names: list[tuple[str, ast.expr]], at: ast.expr) -> int:
    return next(i for i, (_, node) in enumerate(names) if node is at)


def _path(module: str) -> str | None:
    """The path below TensorFlow's own name, or its `compat.v1`, of a module; None for the modules of others."""
    for head in (f"{NAME}.compat.v1", NAME):
        if f"{module}.".startswith(f"{head}."):
            return module[len(head) + 1:]
    return None


def _reached(path: str) -> Any:
    """What stands at a path of graphc's."""
    value: Any = import_module(__name__.partition(".")[0])
    for name in path.split(".") if path else []:
        value = _attribute(value, name)
        if value is _ABSENT:
            return _ABSENT
    return value


def _attribute(value: Any, name: str) -> Any:
    """An attribute, or a module of that name within a package."""
    found = getattr(value, name, _ABSENT)
    if found is _ABSENT and isinstance(value, ModuleType) and hasattr(value, "__path__"):
        try:
            return import_module(f"{value.__name__}.{name}")
        except ImportError:
            return _ABSENT
    return found
