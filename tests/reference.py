"""Writes docs/reference from the docstrings and the table of TensorFlow 1's names: `python -m tests.reference`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from enum import Enum
from types import ModuleType
from typing import Any

import graphc
from graphc import tf1_names

from . import ROOT

FOLDER = ROOT / "docs" / "reference"
# The machine, and what has no names of its own to offer: every other module at the top level of the package is a namespace.
_NOT_SPACES = {"as_tensorflow", "autodiff", "compiler", "cpu", "files", "inspection", "ir", "libraries", "making", "modes", "modules", "ops",
               "process", "rnn", "runtime", "sharing", "core", "__main__", "tf1_names", "variables", "version"}
_OTHERS = ("typing", "collections", "numpy", "__future__", "contextlib", "types")      # modules whose objects are no names of ours


def spaces() -> dict[str, ModuleType]:
    """The namespaces by what stands before their names: `tf`, `tf.nn`, ..."""
    found = {"tf": graphc}
    for info in pkgutil.iter_modules(graphc.__path__):
        if info.name in _NOT_SPACES:
            continue
        module = importlib.import_module(f"graphc.{info.name}")
        found.update(_within(f"tf.{info.name}", module))
    return found


def _within(path: str, module: ModuleType) -> dict[str, ModuleType]:
    """A namespace if it has names of its own, and those in it that do not stand at the top as well."""
    inner = {n: v for n, v in public(module, modules=True).items() if isinstance(v, ModuleType) and v.__name__ != f"graphc.{n}"}
    found = {name: space for n, v in inner.items() for name, space in _within(f"{path}.{n}", v).items()}
    return {path: module, **found} if public(module) else found


def public(module: ModuleType, modules: bool = False) -> dict[str, Any]:
    """A namespace's names, without those it only imports for itself, and without modules unless asked for."""
    names = dir(module) if module is graphc else getattr(module, "__all__", dir(module))
    found = {n: getattr(module, n) for n in names if not n.startswith("_") and n != "TYPE_CHECKING"}
    return {n: v for n, v in found.items() if (modules or not isinstance(v, ModuleType)) and _home(v).partition(".")[0] not in _OTHERS}


def _home(value: Any) -> str:
    """The module a value comes from."""
    return str(getattr(value, "__module__", None) or type(value).__module__)


def signature(value: Any) -> str:
    """Names and defaults of the arguments: what they may be stands in the docstring. Those of an enumeration are Python's, and others in each."""
    if isinstance(value, type) and issubclass(value, Enum):
        return ""
    try:
        sig = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    parameters = [p.replace(annotation=p.empty) for p in sig.parameters.values() if p.name not in ("self", "cls")]
    text = str(sig.replace(parameters=parameters, return_annotation=sig.empty))
    return re.sub(r"<function (\w+) at 0x\w+>", r"\1", text)         # a default that is a function, by its name


def prose(doc: str | None) -> str:
    """A docstring as Markdown: examples fenced, lists of arguments as lists, signs that Markdown reads escaped."""
    blocks = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(doc or "").strip()):
        if paragraph.startswith(">>> "):
            blocks.append(f"```pycon\n{paragraph}\n```")
            continue
        lines = paragraph.splitlines()
        if sum(bool(re.match(r"\w[\w, ]*: ", line)) for line in lines) > 1:
            lines = [f"* {line}" if re.match(r"\w[\w, ]*: ", line) else f"  {line.strip()}" for line in lines]
        blocks.append("\n".join(_escaped(line) for line in lines))
    return "\n\n".join(blocks)


def _escaped(line: str) -> str:
    """The line with the signs escaped that Markdown would read, outside of backticks."""
    mark, rest = (line[:2], line[2:]) if line.startswith("* ") else ("", line)
    return mark + "".join(part if i % 2 else re.sub(r"(?<![\w\\])_|[*<|]", r"\\\g<0>", part) if "`" not in part else part
                          for i, part in enumerate(re.split(r"(`[^`]*`)", rest)))


def _first(doc: str | None) -> str:
    return _escaped(" ".join(inspect.cleandoc(doc or "").split("\n\n")[0].split()))


def entry(path: str, value: Any) -> str:
    """The part of a page about one name."""
    if isinstance(value, type):
        own = [base.__name__ for base in value.__bases__ if base is not object]
        lines = [f"### `{path}{'' if issubclass(value, BaseException) else signature(value)}`", prose(value.__doc__)]
        if own:
            lines.append("A kind of " + ", ".join(f"`{name}`" for name in own) + (".", ", with all that it has.")[_inherits(value)])
        return "\n\n".join([*lines, *_members(value)])
    if callable(value):
        return f"### `{path}{signature(value)}`\n\n{prose(value.__doc__)}"
    return f"### `{path}`\n\n{_shown(value)}"


def _shown(value: Any) -> str:
    """A constant: its value, of a table its keys, of a list what its elements are called."""
    if isinstance(value, (dict, tuple, list)):
        return ", ".join(f"`{getattr(v, '__name__', v)}`" for v in value) + "."
    return f"The text `{value}`." if isinstance(value, str) else f"`{value!r}`"


def _inherits(value: type) -> bool:
    """Whether a class has members that stand at a base which a page of its own describes."""
    return any(base in _PUBLIC and not issubclass(base, BaseException) for base in value.__mro__[1:])


def _members(value: type) -> list[str]:
    """A list of a class's public methods and properties, those of bases included that no page describes."""
    lines = []
    for name in dir(value):
        owner = next((c for c in value.__mro__ if name in vars(c)), object)
        if name.startswith("_") or not hasattr(value, name) or not owner.__module__.startswith("graphc") or (owner is not value and owner in _PUBLIC):
            continue
        member = vars(owner)[name]
        plain = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        doc = _first(plain.__doc__) if callable(plain) or isinstance(plain, property) else ""
        lines.append(f"* `{name}{signature(plain) if callable(plain) else ''}`{': ' + doc if doc else ''}")
    return ["\n".join(lines)] if lines else []


_ALIVE: list[Any] = []


def page(space: str, module: ModuleType, documented: dict[int, str]) -> str:
    """The page of a namespace; `documented`: where what other names stand for is described already."""
    parts = [f"# `{space}`", prose(module.__doc__) if space != "tf" else "`import graphc as tf`: what stands at the top."]
    for name, value in sorted(public(module).items(), key=lambda item: (_same(item), item[0].lower(), item[0])):
        path = f"{space}.{name}"
        known = documented.get(id(value)) if callable(value) else None
        if known is None:
            documented[id(value)] = path
            _ALIVE.append(value)            # a value that is made when it is asked for would leave its number to another
            parts.append(entry(path, value))
        else:
            parts.append(f"### `{path}`\n\nThe same as `{known}`.")
    return "\n\n".join(parts) + "\n"


def _same(item: tuple[str, Any]) -> bool:
    """Whether a name is another one for what has a name of its own: those come later."""
    name, value = item
    return callable(value) and getattr(value, "__name__", name) != name


def names_page() -> str:
    """TensorFlow 1's names: whether each is here, what differs, what to write instead."""
    rows = []
    for name in tf1_names.ranked():
        here = exists(name)
        note = tf1_names.differs().get(name, "") if here else tf1_names.advice(name) or ""
        rows.append(f"| `tf.{name}` | {'yes' if here else 'no'} | {_cell(note)} |")
    count = sum("| yes |" in row for row in rows)
    spaces = [f"| `tf.{n}` | {_cell(note)} |" for n, note in tf1_names.instead().items() if n not in tf1_names.ranked()]
    return "\n".join([
        "# TensorFlow 1's names",
        "",
        f"The {len(rows)} names that define-then-run programs use, most used first; {count} are here. For a name that is here the last column",
        "says what differs ([differences.md](../differences.md) says why); for one that is not, what to write instead, if there is something.",
        "An `AttributeError` of a missing name says the same.",
        "",
        "| TensorFlow 1 | here | what differs, or what to write instead |",
        "|---|---|---|",
        *rows,
        "",
        "Of whole namespaces, and of older or rarer names:",
        "",
        "| TensorFlow 1 | instead |",
        "|---|---|",
        *spaces,
        "",
    ])


def _cell(note: str) -> str:
    """A note as a cell of a table; what is nothing but code is set as code."""
    if re.fullmatch(r"[\w.]+(\(.*\))?", note) and ("(" in note or "." in note):
        return f"`{note}`"
    return "".join(part if i % 2 else re.sub(r"(?<!\w)_|[*<|]", r"\\\g<0>", part) for i, part in enumerate(re.split(r"(`[^`]*`)", note)))


def exists(name: str) -> bool:
    """Whether graphc has a name of TensorFlow 1's."""
    value: Any = graphc
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            return False
    return True


def pages() -> dict[str, str]:
    """All files of the folder, by name."""
    documented: dict[int, str] = {}
    # What a namespace of TensorFlow's has is described there, and not where `contrib` has it too.
    found = {f"{space}.md": page(space, module, documented) for space, module in sorted(spaces().items(), key=lambda item: "contrib" in item[0])}
    lines = [f"* [`{space}`]({space}.md): {'what stands at the top.' if space == 'tf' else _first(module.__doc__).split(': ', 1)[-1]}"
             for space, module in spaces().items()]
    found["tensorflow1.md"] = names_page()
    found["README.md"] = "\n".join([
        "# Reference",
        "",
        "One page a namespace, made of the docstrings by `python -m tests.reference`. Arguments before a `*` may be given by position.",
        "",
        *lines,
        "* [TensorFlow 1's names](tensorflow1.md): which are here, what differs, what to write instead.",
        "",
    ])
    return found


_PUBLIC = {v for module in spaces().values() for v in public(module).values() if isinstance(v, type)}


def main() -> None:
    """Write what has changed, and remove pages of what is gone."""
    wanted = pages()
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.md"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text:
            (FOLDER / name).write_text(text)
            print(FOLDER / name)


if __name__ == "__main__":
    main()
