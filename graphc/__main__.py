"""The command line: `graphc show`, `graphc report`, `graphc cache` and `graphc doctor`."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graphc

from .cpu import cache
from .errors import CacheWarning, GraphcError, NotFoundError
from .inspection.show import FORMATS, show
from .inspection.show.outline import nodes_of
from .ir.families import Memory
from .ir.graph import Graph
from .ir.node import Node, here
from .ops.state import Variable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code: 0, 1 if it fails (one sentence on the error stream says why), 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")      # a name may hold what the terminal cannot print
    with warnings.catch_warnings():
        warnings.showwarning = _warn  # type: ignore[assignment]
        try:
            return int(options.run(options) or 0)
        except GraphcError as e:
            print(f"graphc: {e}".removesuffix(here()), file=sys.stderr)     # no line of the user's called `main`
        except BrokenPipeError:          # the reader of our output, `head` for one, has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            print("graphc: interrupted", file=sys.stderr)
    return 1


def _warn(message: Any, *place: Any) -> None:
    print(f"graphc: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graphc", description="Look into saved graphs, the cache of compiled kernels and this installation.")
    parser.add_argument("--version", action="version", version=f"graphc {graphc.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    shown = commands.add_parser("show", help="a saved graph as text or picture", description="Print a graph that Graph.to_json wrote.")
    shown.add_argument("file", help="the graph; - reads standard input")
    shown.add_argument("--format", "-f", default="text", choices=[*FORMATS, "json"], help="default: text")
    shown.add_argument("--output", "-o", metavar="FILE", help="write there instead of printing")
    shown.add_argument("--fetch", action="append", metavar="NAME", help="only what this tensor or operation needs (may be repeated)")
    shown.add_argument("--max-nodes", type=int, metavar="N", help="fold name scopes until at most N boxes are seen")
    shown.add_argument("--collapse", action="append", metavar="SCOPE", help="a name scope to fold, or a depth below which all are")
    shown.set_defaults(run=_show)

    report = commands.add_parser("report", help="a saved graph as an interactive page",
                                 description="Compile a graph that Graph.to_json wrote, and write one HTML page about it.")
    report.add_argument("file", help="the graph; - reads standard input")
    report.add_argument("--output", "-o", metavar="FILE", required=True, help="the page")
    report.add_argument("--fetch", action="append", metavar="NAME", help="what to compute (may be repeated); default: all that nothing else uses")
    report.add_argument("--size", type=_size, default=32, metavar="N",
                        help="what unknown dimensions are taken to be, those of batches for example; default: %(default)s")
    report.set_defaults(run=_report)

    cache = commands.add_parser("cache", help="the folder of compiled kernels", description="Look at or empty the folder of compiled kernels.")
    cache.add_argument("what", choices=["list", "clear", "path"])
    cache.set_defaults(run=_cache)

    doctor = commands.add_parser("doctor", help="versions, BLAS, cache, and a self-check of ten seconds",
                                 description="Print versions, BLAS, vector unit and cache, and what kernels reach of this machine's limits.")
    doctor.add_argument("--quick", action="store_true", help="without the self-check")
    doctor.set_defaults(run=_doctor)
    return parser


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of elements")
    return int(text)


def _read(file: str) -> Graph:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as e:       # ValueError: not UTF-8, or a name with a NUL
        raise NotFoundError(f"{file!r:.200} cannot be read: {getattr(e, 'strerror', None) or e}") from None
    try:
        return Graph.from_json(text)
    except GraphcError as e:
        raise e.__class__(f"{file}: {e}") from None


def _fetched(graph: Graph, names: Sequence[str] | None) -> list[Node]:
    """The nodes of those names; by default those whose results nothing uses."""
    if names:
        return [graph.as_node(name) for name in names]
    used = {x for n in graph.nodes for x in (*n.inputs, *n.control_inputs)} | {n.initial_value for n in graph.nodes if isinstance(n, Variable)}
    return [n for n in graph.nodes if n not in used and n.operator.family.memory is not Memory.OUTSIDE]


def _show(options: argparse.Namespace) -> None:
    graph = _read(options.file)
    collapse: Any = options.collapse
    if collapse is not None and len(collapse) == 1 and collapse[0].isdecimal():
        collapse = int(collapse[0])
    text = show(_fetched(graph, options.fetch) if options.fetch else graph, options.format, options.max_nodes, collapse, options.output)
    if options.output is None:
        print(text, end="")


def _report(options: argparse.Namespace) -> None:
    graph = _read(options.file)
    from .inspection.report import report
    from .runtime.session import Session
    fetches = _fetched(graph, options.fetch)
    with Session(graph=graph) as session:
        report(session, fetches, options.output, _made_up(fetches, options.size))


def _made_up(fetches: Sequence[Node], size: int) -> dict[Node, Any]:
    """Zeros for the placeholders that fetches need, their unknown dimensions of one size."""
    from .inspection.explain import zeros
    return {n: zeros(n.type, size) for n in nodes_of(fetches) if n.operator.name == "placeholder" and n.type.shape is not None}


def _cache(options: argparse.Namespace) -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("always", CacheWarning)
        info = cache.info()
    folder = info["folder"]
    if folder is None:
        return 1
    if options.what == "path":
        print(folder)
    elif options.what == "clear":
        print(f"{cache.clear()} kernels removed from {folder}")
    else:
        for file in sorted(folder.glob("*.o")):
            print(f"{file.stem}  {file.stat().st_size:8d}")
        print(f"{info['kernels']} kernels, {info['bytes'] / 1e6:.1f} MB in {folder}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from .inspection.doctor import examine
    sound = True
    for finding in examine(not options.quick):
        print(f"{finding.what:<36}{finding.result}" + ("" if finding.sound else "   <- not sound"), flush=True)
        sound = sound and finding.sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
