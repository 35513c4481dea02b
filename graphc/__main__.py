"""The command line: `graphc run`, `graphc show`, `graphc report`, `graphc cache` and `graphc doctor`."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
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
    if options.run is _run and not options.check:
        return _run(options)            # a program of the user's, whose streams and warnings are its own
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
    parser = argparse.ArgumentParser(prog="graphc", description="Run old programs; look into graphs, the cache of kernels and this installation.")
    parser.add_argument("--version", action="version", version=f"graphc {graphc.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    run = commands.add_parser("run", help="a program that imports TensorFlow, by graphc",
                              description="Run a program with `import tensorflow` giving graphc, in that process only.")
    run.add_argument("--check", action="store_true", help="list the names that graphc lacks, with lines and what to write instead; run nothing")
    run.add_argument("--report", metavar="FILE", help="write a page on the graph that took most of the time")
    run.add_argument("script", help="the program")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    run.set_defaults(run=_run)

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
    whats = cache.add_subparsers(dest="what", metavar="what", required=True)
    for name, about in (("list", "what each entry is for, its size, when it was used last and made; the one used last comes first"),
                        ("path", "where the folder is"), ("clear", "remove all entries")):
        whats.add_parser(name, help=about, description=f"The cache: {about}.")
    about = "remove the entries used least recently, and what killed processes have left"
    pruned = whats.add_parser("prune", help=about, description=f"The cache: {about}.")
    pruned.add_argument("--size", metavar="SIZE", help="what is to be left at most, such as 200MB or 1GiB; default: GRAPHC_CACHE_SIZE, or 1 GiB")
    pruned.add_argument("--unused", type=_days, metavar="DAYS", help="remove also what has not been used for so many days")
    cache.set_defaults(run=_cache, size=None, unused=None)

    doctor = commands.add_parser("doctor", help="versions, BLAS, cache, and a self-check of ten seconds",
                                 description="Print versions, BLAS, vector unit and cache, and what kernels reach of this machine's limits.")
    doctor.add_argument("--quick", action="store_true", help="without the self-check")
    doctor.set_defaults(run=_doctor)
    return parser


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of elements")
    return int(text)


def _days(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return float(text)


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


def _run(options: argparse.Namespace) -> int:
    if options.check:
        from .inspection.lacking import lacking
        found = lacking(options.script)
        print("\n".join(map(str, found)) or f"{options.script}: no name is lacking")
        return 1 if found else 0
    from .inspection.run import run
    try:
        return run(options.script, options.arguments, options.report)
    except NotFoundError as e:
        print(f"graphc: {e}".removesuffix(here()), file=sys.stderr)
        return 2


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
        folder = cache.folder()
    if folder is None:
        return 1
    if options.what == "path":
        print(folder)
    elif options.what == "clear":
        print(f"{_counted(cache.clear())} removed from {folder}")
    elif options.what == "prune":
        most = cache.limit() if options.size is None else cache.size_of(options.size, "--size ")
        count, size = cache.prune(folder, most, None if options.unused is None else options.unused * 86400)
        print(f"{_counted(count)}, {size / 1e6:.1f} MB, removed from {folder}")
    else:
        found, now = cache.entries(folder), time.time()
        for e in found:
            made = "by another version" if e.made is None else f"{_span(now - e.made):>6} ago"
            about = cache.KINDS[e.path.suffix[1:]] + (f": {e.about}" if e.about else "")
            print(f"{e.path.name[:12]}  {e.size / 1e3:7.1f} kB  used {_span(now - e.used):>6} ago  made {made}  {about}")
        print(f"{_counted(len(found))}, {sum(e.size for e in found) / 1e6:.1f} MB of {cache.limit() / 1e6:.1f} MB, in {folder}")
    return 0


def _counted(entries: int) -> str:
    return f"{entries} {'entry' if entries == 1 else 'entries'}"


def _span(seconds: float) -> str:
    """A time that has passed, in one of its units."""
    unit, per = next((u for u in (("d", 86400), ("h", 3600), ("min", 60)) if seconds >= u[1]), ("s", 1))
    return f"{max(seconds, 0) // per:.0f} {unit}"


def _doctor(options: argparse.Namespace) -> int:
    from .inspection.doctor import examine
    sound = True
    for finding in examine(not options.quick):
        print(f"{finding.what:<36}{finding.result}" + ("" if finding.sound else "   <- not sound"), flush=True)
        sound = sound and finding.sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
