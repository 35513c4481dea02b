"""A profile as a text, and where it is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InvalidArgumentError
from ..ir.node import here
from ..runtime.timeline import RunMetadata, Timeline, write
from .views import Entry, count, ordered

__all__ = ["report", "write_out"]

# A count of the options -> its title, and how a number of it is written.
_TITLES = {"params": "# parameters", "float_ops": "# float_ops", "bytes": "requested bytes", "peak_bytes": "peak bytes",
           "residual_bytes": "residual bytes", "output_bytes": "output bytes", "micros": "total execution time",
           "accelerator_micros": "accelerator execution time", "cpu_micros": "cpu execution time", "occurrence": "op occurrence",
           "device": "assigned devices", "op_types": "op types", "input_shapes": "input shapes", "tensor_value": "tensor value"}


def _scaled(units: tuple[tuple[float, str], ...]) -> Callable[[float], str]:
    def text(number: float) -> str:
        size, unit = next(((s, u) for s, u in units if number >= s), units[-1])
        return f"{round(number)}{unit}" if size == 1 else f"{number / size:.2f}{unit}"
    return text


_bytes = _scaled(((1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1, "B")))
_micros = _scaled(((1e6, "sec"), (1e3, "ms"), (1, "us")))
_number = _scaled(((1e9, "b"), (1e6, "m"), (1e3, "k"), (1, "")))


def _text(attribute: str, number: float) -> str:
    if attribute.endswith("bytes"):
        return _bytes(number)
    return _micros(number) if attribute.endswith("micros") else _number(number)


_UNITS = {"params": " params", "float_ops": " flops"}


def _column(e: Entry, attribute: str) -> str:
    """`8x5, 40/45 params`: of the entry, before them the sizes of a variable, and of it and all below."""
    members = e.members
    sizes = members[0].shapes[0].as_list() if attribute == "params" and e.own.parameters and len(members) == 1 else []
    if attribute == "device":
        return ", ".join(sorted({t for c in members for t in c.types if t.startswith("/")}))
    if attribute == "op_types":
        return "|".join(sorted({t for c in members for t in c.types}))
    if attribute == "input_shapes":
        return ", ".join(f"{i}:{x.shape}" for c in members[:1] for i, x in enumerate(c.op.inputs) if hasattr(x.type, "shape"))
    if attribute == "tensor_value":
        return ""
    own = _text(attribute, count(e.own, attribute)) if members else "--"
    return f"{'x'.join(map(str, sizes))}{', ' if sizes else ''}{own}/{_text(attribute, count(e.total, attribute))}{_UNITS.get(attribute, '')}"


def report(root: Entry, view: str, options: Mapping[str, Any], unsized: int) -> str:
    """The lines of a profile, indented by depth."""
    selected = [a for a in options["select"] if a in _TITLES]
    out = [f"{unsized} ops no flops stats due to incomplete shapes."] if unsized else []
    out.append(" | ".join(["node name", *(_TITLES[a] for a in selected)]))
    depths = {id(root): 0}
    for e in ordered(root):
        depths.update((id(b), depths[id(e)] + 1) for b in e.below)
        if view != "op" or e is not root:
            out.append(f"{'  ' * (depths[id(e)] - (view == 'op'))}{e.name} ({', '.join(_column(e, a) for a in selected)})")
    return "\n".join(out) + "\n"


def write_out(text: str, output: str, run: RunMetadata | None, graph: Any) -> None:
    """The text on the standard output or in a file, or the timeline of a run in one.

    InvalidArgumentError: the file is not named or cannot be written, or there is no traced run.
    """
    where, _, rest = output.partition(":")
    if where == "none":
        return
    if where == "stdout":
        print(text, end="")
        return
    path = rest.removeprefix("outfile=")
    if not path:
        raise InvalidArgumentError(f"profile: output {output!r:.80} names no file, as {where}:outfile=PATH{here()}")
    if where == "timeline":
        if run is None:
            raise InvalidArgumentError(f"profile: a timeline is of a traced run; give run_meta{here()}")
        text = Timeline(run.step_stats, graph).generate_chrome_trace_format()
    write(path, text, "profile")
