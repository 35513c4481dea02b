"""What the compiler made of a run: passes, fusion, kernels, memory, as objects that print themselves and hold all the numbers."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...compiler.specialise import Specialised, needed
from ...cpu.program import Program
from ...errors import FeedError, GraphcError
from ...ir.node import Node, describe, here
from ...ir.types import TensorType
from ...runtime.call import Call
from ...runtime.calls import Calls
from ...runtime.forms import Interpreted, WithReset
from ...runtime.stages import Staged
from ...runtime.variants import Bind, Variants
from .collect import Recorder, explanation
from .records import BufferRecord, Explanation, KernelRecord, PassRecord, Separation, StepRecord

__all__ = ["BufferRecord", "Explanation", "KernelRecord", "PassRecord", "Recorder", "Separation", "StepRecord", "explain", "explanation"]


def explain(calls: Calls, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Explanation:
    """See `Session.explain`."""
    with calls.undisturbed():
        call, values, added = as_run(calls, fetches, feed_dict)
        arrays, recorder = call.arrays(values), Recorder()

        def make(spec: Specialised, feeds: Sequence[Node]) -> Bind:
            if not spec.pending:
                return call.finish(spec, feeds, recorder)
            deciding = set(needed([x for p in spec.pending for x in p.inputs], {}))
            _require([n for n in added if n in deciding])
            interpreted = Interpreted(calls.values, spec.fetches, [spec.feeds.get(f) for f in feeds], [], [])      # values, and nothing happens
            return lambda numbers: interpreted
        last = call.last if not feed_dict else None
        variants, given = Variants(partial(call.stage, make)), arrays
        if last is not None and last.before is not None:        # what its last stage was made of
            shapes = zip(last.before.inputs, last.shapes[len(arrays):], strict=True)
            given = [*arrays, *(last.values.get(i, zeros(TensorType(n.type.dtype, s))) for i, (n, s) in enumerate(shapes, len(arrays)))]
            variants = Variants(partial(call.stage, make), last.before, [*last.values])
        try:
            program = call.runnable(variants, given)
        except GraphcError:
            _require_values(call, variants, added)              # the error comes of what was made up
            raise
        _require_values(call, variants, added)
        program = program.program if isinstance(program, WithReset) else program
        if isinstance(program, Staged):                 # data decides shapes: explain what runs once it is there
            program = program.last(arrays)[0]
        return explanation([n.name for n in call.fetches], call.needed(), recorder, program if isinstance(program, Program) else None,
                           _ran(call, [a.shape for a in arrays]))


def _ran(call: Call, shapes: Sequence[tuple[int, ...]]) -> Program | None:
    """The program that ran last, if it did for feeds of these shapes, in one stage."""
    last = call.last
    if last is None or last.before is not None or [*last.shapes] != [*shapes] or call.variants.last is None:
        return None
    program: Any = call.variants.last.program
    program = program.program if isinstance(program, WithReset) else program
    return program if isinstance(program, Program) else None


def as_run(calls: Calls, fetches: Any, feed_dict: Mapping[Any, Any] | None) -> tuple[Call, list[Any], set[Node]]:
    """The call of a run, what it is fed, and which of that is made up: zeros for placeholders without a value, and for what arrives.

    Without any feeds they have the sizes with which the same fetches ran last. FeedError: they did not, and a placeholder's shape is open.
    """
    call = calls.last(fetches) if not feed_dict else None
    if call is not None and call.last is not None:
        shapes, known = call.last.shapes, call.last.values
        values = [known.get(i, zeros(TensorType(f.type.dtype, shape))) for i, (f, shape) in enumerate(zip(call.feeds, shapes, strict=False))]
        return call, values, {f for i, f in enumerate(call.feeds) if i not in known}
    call, values = calls.prepare(fetches, feed_dict or {})
    fed = set(call.feeds)
    missing = [n for n in call.needed() if n.operator.name == "placeholder" and n not in fed]
    for n in [*missing, *call.feeds[len(values):]]:
        if not n.type.known:
            raise FeedError(f"explain: {describe(n)} has no fixed shape; give a value for it in feed_dict, or run it first{here()}")
    if missing:
        call, values = calls.prepare(fetches, {**dict(zip(call.feeds, values, strict=False)), **{n: zeros(n.type) for n in missing}})
    arriving = call.feeds[len(values):]             # from datasets and queues: nothing is taken there
    return call, [*values, *(zeros(n.type) for n in arriving)], {*missing, *arriving}


def zeros(kind: TensorType, unknown: int = 0) -> Any:
    """An array of a type, of zeros or empty texts; `unknown`: the size of its open dimensions."""
    return np.full([unknown if d is None else d for d in kind.shape or ()], b"" if kind.dtype.hasobject else 0, kind.dtype)


def _require_values(call: Call, variants: Variants, added: Container[Node]) -> None:
    """FeedError: what is made up decides shapes by its values."""
    _require([call.feeds[i] for i in variants.by_value if i < len(call.feeds) and call.feeds[i] in added])


def _require(deciding: Sequence[Node]) -> None:
    if deciding:
        raise FeedError(f"explain: the value of {describe(deciding[0])} decides shapes; give one for it in feed_dict{here()}")
